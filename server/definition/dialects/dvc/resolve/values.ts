/** Values as DVC has them: those of Python, read from YAML 1.2 as ruamel reads it, and written as Python writes them. */
import type { Json } from '../../../../base/json.js';
import { isNumber, isWrittenWhole, toDouble } from '../../../../base/numeral.js';
import type { ScalarNode, SyntaxNode } from '../../../../syntax/tree.js';
import { yamlType } from '../../../structure/yaml-types.js';

/** A whole number is a `bigint`, any other one a `number`. */
export type Value = null | boolean | string | bigint | number | readonly Value[] | Mapping;
export type Mapping = ReadonlyMap<Key, Value>;
export type Key = null | boolean | string | bigint | number;

/** Of a Python file of params. Inside of another value it is no list: DVC reads it back from `dvc.lock` as one, and the two differ. */
export class PythonTuple extends Array<Value> {
  constructor(...values: readonly Value[]) {
    super();
    this.push(...values);
  }

  /** What is made of it is a list. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
}

/** DVC has no use for it: it ends with an error of its own. */
export class Unsupported extends Error {}

export function scalarValue(scalar: ScalarNode): Key {
  const { text } = scalar;
  switch (yamlType(scalar)) {
    case 'null':
      return null;
    case 'boolean':
      return text.toLowerCase() === 'true';
    case 'integer':
      return integerOf(text);
    case 'float':
      return floatOf(text);
    case 'date':
      throw new Unsupported('a date');
    case 'text':
      return text;
  }
}

function integerOf(text: string): bigint {
  const digits = text.replaceAll('_', '').replace(/^[-+]/, '');
  // `012` is twelve in YAML 1.2.
  const size = BigInt(/^0[box]/.test(digits) ? digits : digits.replace(/^0+(?=\d)/, ''));
  return text.startsWith('-') ? -size : size;
}

function floatOf(text: string): number {
  const plain = text.replaceAll('_', '').toLowerCase();
  if (plain.endsWith('.nan')) return Number.NaN;
  if (plain.endsWith('.inf')) return plain.startsWith('-') ? -Infinity : Infinity;
  return Number(plain);
}

/** Takes note of the dotted name of a date, which is nothing then. */
export type NoteDate = (name: string) => void;

/** @throws Unsupported for a date, unless somebody takes note of it */
export function valueOf(node: SyntaxNode | null, note?: NoteDate, path: readonly string[] = []): Value {
  if (node === null) return null;
  if (node.kind === 'scalar') {
    if (note === undefined || yamlType(node) !== 'date') return scalarValue(node);
    note(path.join('.'));
    return null;
  }
  if (node.kind === 'sequence')
    return node.items.map((item, at) => valueOf(item, note, [...path, String(at)]));
  return new Map(
    node.entries.map(({ key, value }) => [scalarValue(key), valueOf(value, note, [...path, key.text])]),
  );
}

/** A value of JSON. `1.0` and `1e3` are no whole numbers to Python. */
export function ofJson(json: Json): Value {
  if (isNumber(json)) {
    if (!isWrittenWhole(json)) return toDouble(json);
    return BigInt(typeof json === 'number' ? json : json.text);
  }
  if (isJsonList(json)) return json.map(ofJson);
  if (typeof json === 'object' && json !== null)
    return new Map(Object.entries(json).map(([key, value]) => [key, ofJson(value)]));
  return json;
}

function isJsonList(json: Json): json is readonly Json[] {
  return Array.isArray(json);
}

export function isMapping(value: Value | undefined): value is Mapping {
  return value instanceof Map;
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

/** A value of TOML, whose whole numbers are `bigint`. */
export function ofToml(toml: unknown, note: NoteDate, path: readonly string[] = []): Value {
  if (toml instanceof Date) {
    note(path.join('.'));
    return null;
  }
  if (Array.isArray(toml)) return toml.map((item, at) => ofToml(item, note, [...path, String(at)]));
  if (typeof toml === 'object' && toml !== null)
    return new Map(Object.entries(toml).map(([key, value]) => [key, ofToml(value, note, [...path, key])]));
  return typeof toml === 'bigint' || typeof toml === 'number' || typeof toml === 'boolean'
    ? toml
    : String(toml);
}

/** The name of its type in Python. */
export function typeOf(value: Value): string {
  if (value === null) return 'NoneType';
  if (isList(value)) return value instanceof PythonTuple ? 'tuple' : 'list';
  if (isMapping(value)) return 'dict';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float';
    default:
      return 'str';
  }
}

/** `str()` of Python. */
export function pythonText(value: Key): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'number' ? floatText(value) : String(value);
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  if (Object.is(value, -0)) return '-0.0';
  const [digits = '', power = '0'] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 16) {
    const plain = String(value);
    const fixed = plain.includes('e')
      ? value.toFixed(-exponent + digits.replace(/^-?\d\.?/, '').length)
      : plain;
    return fixed.includes('.') ? fixed : `${fixed}.0`;
  }
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** As DVC puts a value that is neither a list nor a map into a text. */
export function inText(value: Key): string {
  return typeof value === 'boolean' ? String(value) : pythonText(value);
}
