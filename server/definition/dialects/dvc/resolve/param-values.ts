/** The values of a stage's params, read from their files as DVC reads them. */
import type { FileText } from '../../../text/file-text.js';
import type { StageParams } from '../../../stage.js';
import { asMapping, sortedBy } from '../equal.js';
import { dateRefused, fileValue } from '../load.js';
import { isList, isMapping } from './values.js';
import type { Mapping, Value } from './values.js';

export type ParamValues =
  | { readonly ok: true; readonly values: Mapping; readonly missing: readonly string[] }
  /** `lost`: there is no such file. */
  | { readonly ok: false; readonly lost: boolean; readonly problem: string };

/** Those that are asked for, in the order in which the lock has them. */
export function paramValues(
  { path, file, keys }: StageParams,
  read: (path: string) => FileText,
): ParamValues {
  if (read(file).kind === 'missing')
    return { ok: false, lost: true, problem: `the file of params ${file} does not exist` };
  const found = fileValue(file, path, read);
  if ('unknown' in found)
    return { ok: false, lost: false, problem: `Modelyard can’t read the params of ${file}` };
  if ('refused' in found) return { ok: false, lost: false, problem: found.refused };
  const { value, odd = [], dates = [] } = found;
  const asked = (name: string): boolean => keys.length === 0 || keys.some((key) => isPart(key, name));
  if (dates.some(asked)) return { ok: false, lost: false, problem: dateRefused(path) };
  const wrong = odd.find(asked);
  if (wrong !== undefined)
    return {
      ok: false,
      lost: false,
      problem: `${file}: no \`dvc.lock\` can hold the value of \`${wrong}\`: use lists, maps, texts and numbers`,
    };
  if (!isMapping(value)) return { ok: false, lost: false, problem: `${file} is no map of values` };
  const other = [...value.keys()].find((key) => typeof key !== 'string');
  if (other !== undefined)
    return { ok: false, lost: false, problem: `${file} has the key ${String(other)}, which is no text` };
  if (keys.length === 0) {
    const all = [...value].flatMap(([key, one]) => (typeof key === 'string' ? [[key, one] as const] : []));
    return { ok: true, values: asMapping(sortedBy(all, ([key]) => key)), missing: [] };
  }
  const pairs = keys.map((key) => [key, select(value, key.split('.'))] as const);
  const missing = pairs.flatMap(([key, one]) => (one === undefined ? [key] : []));
  return { ok: true, values: asMapping(sortedBy(pairs, ([key]) => key)), missing };
}

/** Whether one name is the other, or a part of what that names. */
function isPart(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
}

function select(value: Value, [step, ...rest]: readonly string[]): Value | undefined {
  if (step === undefined) return value;
  let next: Value | undefined;
  if (isMapping(value)) next = value.get(step);
  else if (isList(value) && /^\d+$/.test(step)) next = value[Number(step)];
  return next === undefined ? undefined : select(next, rest);
}
