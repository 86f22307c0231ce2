/** Records whose keys may have dots in them: metrics and params as they are kept. */
import type { Json } from '../../definition/definition.js';
import { isComposite, lookupIn, type Lookup } from '../../definition/expressions/values.js';

type Flat = Readonly<Record<string, Json>>;

/**
 * A member by its key, read with or without quotes around the dots; of a key that others go on from, those.
 * @param no the message's beginning when there is none, up to the key: `tasks.train has no metric`
 */
export function memberOfFlat(record: Flat, path: readonly string[], no: string): Lookup {
  if (path.length === 0) return { kind: 'value', value: record };
  const key = path.join('.');
  const value = Object.hasOwn(record, key) ? record[key] : undefined;
  if (value !== undefined) return { kind: 'value', value };
  const [first = '', ...rest] = path;
  const whole = Object.hasOwn(record, first) ? record[first] : undefined;
  if (whole !== undefined && isComposite(whole)) return lookupIn(whole, rest);
  const below = Object.entries(record).filter(([name]) => name.startsWith(`${key}.`));
  if (below.length > 0) {
    return {
      kind: 'value',
      value: Object.fromEntries(below.map(([name, one]) => [name.slice(key.length + 1), one])),
    };
  }
  const known = Object.keys(record).slice(0, 20);
  const there = known.length === 0 ? 'there is none' : `there are: ${known.join(', ')}`;
  return { kind: 'error', message: `${no} "${key}" (${there}).` };
}
