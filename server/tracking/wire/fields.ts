/** Fields of requests: what is read of a JSON body or a query, and what is said where it is of another type. */
import { isRecord } from '../../base/is-record.js';
import { invalid } from './wire.js';

/** Reads a value that is there; `name` is what messages call it. Throws a `WireError`. */
export interface Field<T> {
  readonly read: (value: unknown, name: string) => T;
  /** In a query it may be repeated. */
  readonly list?: true;
  /** What it is when it is absent or null. Throws where it has to be there. */
  readonly absent: (name: string) => T;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;
export type Read<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

const MORE = 'See the API docs for more information about request parameters.';

function wrong(value: unknown, name: string, want: string): Error {
  return invalid(`Invalid value ${shown(value)} for parameter '${name}' supplied: ${want}. ${MORE}`);
}

/** Short, and nothing of what is nested: it may be as deep as a stranger likes. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return '[…]';
  if (typeof value === 'object' && value !== null) return '{…}';
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined || text.length <= 80 ? (text ?? '') : `${text.slice(0, 80)}…`;
}

function lacking(name: string): never {
  throw invalid(`Missing value for required parameter '${name}'. ${MORE}`);
}

function optional<T>(read: Field<T>['read'], list?: true): Field<T | undefined> {
  return { read, absent: () => undefined, ...(list === true ? { list } : {}) };
}

/** The same field, which has to be there. An empty text counts as missing, as in MLflow. */
export function required<T>(field: Field<T | undefined>): Field<T> {
  return {
    ...field,
    read: (value, name) => {
      const read = field.read(value, name);
      return read === undefined || read === '' ? lacking(name) : read;
    },
    absent: lacking,
  };
}

export const text: Field<string | undefined> = optional((value, name) => {
  if (typeof value === 'string') return value;
  throw wrong(value, name, 'Value was not a string');
});

/** An int64: a number, whose fraction is cut off as by MLflow's server, or digits in a text. */
export const whole: Field<number | undefined> = optional((value, name) => {
  const number = typeof value === 'string' && /^-?\d{1,19}$/.test(value) ? Number(value) : value;
  const cut = typeof number === 'number' ? Math.trunc(number) : NaN;
  if (Number.isSafeInteger(cut)) return cut;
  throw wrong(value, name, 'Value was not an integer');
});

/** A double: a number, or one in a text, `NaN` and the infinities among them. */
export const real: Field<number | undefined> = optional((value, name) => {
  if (typeof value === 'number') return value;
  if (
    typeof value === 'string' &&
    /^-?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:e[+-]?\d{1,9})?$/i.test(value)
  )
    return Number(value);
  if (typeof value === 'string' && /^(?:NaN|[+-]?inf(?:inity)?)$/i.test(value)) {
    if (/nan/i.test(value)) return NaN;
    return value.startsWith('-') ? -Infinity : Infinity;
  }
  throw wrong(value, name, 'Value was not a number');
});

export const flag: Field<boolean | undefined> = optional((value, name) => {
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === 'false') return value === 'true';
  throw wrong(value, name, 'Value was not a boolean');
});

/** The name of an enum's value; what isn't known is `usual`, as in protobuf. */
export function word<const W extends string>(words: readonly W[], usual: W): Field<W | undefined> {
  return optional((value, name) => {
    if (typeof value === 'number' && Number.isInteger(value)) return words[value - 1] ?? usual;
    if (typeof value !== 'string') throw wrong(value, name, 'Value was not the name of an enum');
    return words.find((one) => one === value) ?? usual;
  });
}

/** Absent: empty. */
export function listOf<T>(field: Field<T>): Field<readonly T[]> {
  return {
    read: (value, name) => {
      if (!Array.isArray(value)) throw wrong(value, name, 'Value was not a list');
      return (value as unknown[]).map((item, at) => {
        const one = `${name}[${at}]`;
        return item === undefined || item === null ? field.absent(one) : field.read(item, one);
      });
    },
    list: true,
    absent: () => [],
  };
}

/** An object with these fields; others are passed over. */
export function message<F extends Fields>(fields: F): Field<Read<F> | undefined> {
  return optional((value, name) => {
    if (!isRecord(value)) throw wrong(value, name, 'Value was not an object');
    return readFields(fields, value, `${name}.`);
  });
}

/** @throws WireError for the first field that is missing or of another type */
export function readFields<F extends Fields>(
  fields: F,
  values: Readonly<Record<string, unknown>>,
  prefix = '',
): Read<F> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, field]) => {
      const value = Object.hasOwn(values, key) ? values[key] : undefined;
      const name = `${prefix}${key}`;
      return [key, value === undefined || value === null ? field.absent(name) : field.read(value, name)];
    }),
  ) as Read<F>;
}

/** Of a query: each value once, those of lists as lists. */
export function queryValues(fields: Fields, query: URLSearchParams): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    [...new Set(query.keys())].map((key) => {
      const all = query.getAll(key);
      return [key, Object.hasOwn(fields, key) && fields[key]?.list === true ? all : all.at(-1)];
    }),
  );
}

const tag = required(message({ key: required(text), value: text }));

/** Tags and params as lists of `{key, value}`; a value that is missing is empty. */
export const tagList = listOf(tag);
