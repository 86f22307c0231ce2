/** Values as Python compares them, and as its `json` writes them. */
import { isList, isMapping, PythonTuple, pythonText } from './resolve/values.js';
import type { Key, Mapping, Value } from './resolve/values.js';

/** `==` of Python: `1`, `1.0` and `True` are the same. */
export function equal(a: Value, b: Value): boolean {
  if (isList(a) || isList(b))
    return (
      isList(a) &&
      isList(b) &&
      a instanceof PythonTuple === b instanceof PythonTuple &&
      a.length === b.length &&
      a.every((one, at) => equal(one, b[at] ?? null))
    );
  if (isMapping(a) || isMapping(b)) {
    if (!isMapping(a) || !isMapping(b) || a.size !== b.size) return false;
    const others = new Map([...b].map(([key, value]) => [canonical(key), value] as const));
    return [...a].every(([key, value]) => {
      const other = others.get(canonical(key));
      return other !== undefined && equal(value, other);
    });
  }
  if (typeof a === 'number' && Number.isNaN(a)) return false;
  return canonical(a) === canonical(b);
}

/** The same for keys that Python takes for one. */
function canonical(key: Key): string {
  if (key === null) return 'null';
  if (typeof key === 'string') return `"${key}`;
  if (typeof key === 'boolean') return key ? '1' : '0';
  if (typeof key === 'bigint') return String(key);
  return Number.isInteger(key) ? String(BigInt(key)) : String(key);
}

/** `json.dumps(value, sort_keys=True)`, with keys of such names left out of all maps. */
export function pythonJson(value: Value, without: readonly string[] = []): string {
  if (isList(value)) return `[${value.map((one) => pythonJson(one, without)).join(', ')}]`;
  if (isMapping(value)) {
    const entries = [...value].filter(([key]) => typeof key !== 'string' || !without.includes(key));
    const written = entries.map(([key, one]) => [keyText(key), pythonJson(one, without)] as const);
    return `{${sortedBy(written, ([key]) => key)
      .map(([key, text]) => `${asciiJson(key)}: ${text}`)
      .join(', ')}}`;
  }
  if (typeof value === 'string') return asciiJson(value);
  return value === null || typeof value === 'boolean' ? String(value) : numberText(value);
}

function keyText(key: Key): string {
  if (typeof key === 'string') return key;
  return key === null || typeof key === 'boolean' ? String(key) : numberText(key);
}

function numberText(value: bigint | number): string {
  if (typeof value === 'bigint' || Number.isFinite(value)) return pythonText(value);
  return Number.isNaN(value) ? 'NaN' : value < 0 ? '-Infinity' : 'Infinity';
}

/** With all that is not ASCII escaped, as Python does. */
export function asciiJson(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** By code points, as Python sorts texts. */
export function compareTexts(a: string, b: string): number {
  const [one, other] = [Array.from(a), Array.from(b)];
  const at = one.findIndex((char, index) => char !== other[index]);
  if (at === -1) return one.length - other.length;
  return (one[at]?.codePointAt(0) ?? 0) - (other[at]?.codePointAt(0) ?? -1);
}

export function sortedBy<T>(list: Iterable<T>, text: (one: T) => string): T[] {
  return [...list].sort((a, b) => compareTexts(text(a), text(b)));
}

export function asMapping(entries: readonly (readonly [Key, Value | undefined])[]): Mapping {
  return new Map(entries.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])));
}
