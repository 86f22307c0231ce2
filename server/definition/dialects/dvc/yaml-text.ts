/** Values as YAML 1.2 that DVC reads as the same values. */
import { yamlType } from '../../structure/yaml-types.js';
import { isList, isMapping, pythonText } from './resolve/values.js';
import type { Key, Value } from './resolve/values.js';

/** Lines of a map or a list, indented; lists are not indented in maps, as DVC writes them. */
export function blockLines(value: Value, indent: string): string[] {
  if (isMapping(value)) return [...value].flatMap(([key, one]) => entryLines(scalarText(key), one, indent));
  if (isList(value))
    return value.flatMap((one) => {
      const [first = '', ...rest] = isFlat(one) ? [inline(one)] : blockLines(one, `${indent}  `);
      return [`${indent}- ${first.trimStart()}`, ...rest];
    });
  return [`${indent}${scalarText(value)}`];
}

/** `key: value`, over as many lines as it takes. */
export function entryLines(key: string, value: Value, indent: string): string[] {
  if (isFlat(value)) return [`${indent}${key}: ${inline(value)}`];
  return [`${indent}${key}:`, ...blockLines(value, isList(value) ? indent : `${indent}  `)];
}

function isFlat(value: Value): boolean {
  return isMapping(value) ? value.size === 0 : !isList(value) || value.length === 0;
}

function inline(value: Value): string {
  if (isMapping(value)) return '{}';
  return isList(value) ? '[]' : scalarText(value);
}

const PLAIN = /^[A-Za-z0-9_/.][A-Za-z0-9_/.@+,=-]*(?: [A-Za-z0-9_/.@+,=-]+)*$/;

export function scalarText(value: Key): string {
  if (typeof value === 'string') return isPlain(value) ? value : quoted(value);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint' || Number.isFinite(value)) return pythonText(value);
  return Number.isNaN(value) ? '.nan' : value < 0 ? '-.inf' : '.inf';
}

function isPlain(text: string): boolean {
  const span = { start: 0, end: 0 };
  return PLAIN.test(text) && yamlType({ kind: 'scalar', style: 'plain', text, value: null, span }) === 'text';
}

/** What JSON leaves as it is and YAML does not take is escaped, too. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
