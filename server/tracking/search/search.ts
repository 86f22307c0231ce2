/** Searching and ordering what MLflow clients ask for: what may be compared is a table of the thing that is searched. */
import { type Comparison, type Operator, type Value, isLike, parseFilter, parseOrder } from './filter.js';
import { invalid } from '../wire/wire.js';

export const TEXTS: readonly Operator[] = ['=', '!=', 'LIKE', 'ILIKE'];
export const LISTS: readonly Operator[] = ['IN', 'NOT IN'];
export const NULLS: readonly Operator[] = ['IS NULL', 'IS NOT NULL'];
const DATASET_KEYS = ['name', 'digest', 'context'] as const;
const NUMBERS: readonly Operator[] = ['=', '!=', '<', '<=', '>', '>='];

export interface Attribute<T> {
  /** In the order in which messages show them; any case. */
  readonly names: readonly string[];
  readonly read: (item: T) => string | number | undefined;
  /** Absent: a number. */
  readonly operators?: readonly Operator[];
  /** A number that may stand in quotes, too. */
  readonly quoted?: true;
}

/** A kind of thing that is searched. */
export interface Subject<T> {
  /** In messages: `run`. */
  readonly what: string;
  readonly attributes: readonly Attribute<T>[];
  readonly metric?: (item: T, key: string) => number | undefined;
  readonly param?: (item: T, key: string) => string | undefined;
  readonly tag?: (item: T, key: string) => string | undefined;
  /** Of params and tags. */
  readonly operators?: readonly Operator[];
  /** Values of the attribute, of all its datasets. */
  readonly dataset?: (item: T, key: (typeof DATASET_KEYS)[number]) => readonly string[];
  /** Whether `!=` also takes what has no such tag. */
  readonly differsWithout?: (key: string) => boolean;
  /** Params and tags, too, can be ordered by. */
  readonly sortsByTexts?: true;
}

type Test<T> = (item: T) => boolean;

/** @throws WireError */
export function filterOf<T>(subject: Subject<T>, filter: string | undefined): Test<T> {
  const tests = parseFilter(filter).map((one) => testOf(subject, one));
  return (item) => tests.every((test) => test(item));
}

function testOf<T>(subject: Subject<T>, comparison: Comparison): Test<T> {
  const { entity, key, operator } = comparison;
  const { metric, param, tag, dataset } = subject;
  switch (entity) {
    case 'metric': {
      if (metric === undefined) break;
      const test = numberTest(comparison, `metric ${key}`, NUMBERS);
      return (item) => test(metric(item, key));
    }
    case 'param':
    case 'tag': {
      const read = entity === 'param' ? param : tag;
      if (read === undefined) break;
      const test = textTest(comparison, entity, subject.operators ?? TEXTS);
      const without = entity === 'tag' && operator === '!=' && subject.differsWithout?.(key) === true;
      return (item) => {
        const value = read(item, key);
        return value === undefined && without ? true : test(value);
      };
    }
    case 'dataset': {
      if (dataset === undefined) break;
      const test = textTest(comparison, entity, [...TEXTS, 'IN']);
      const known = DATASET_KEYS.find((one) => one === key);
      if (known === undefined) {
        throw invalid(`Invalid dataset attribute '${key}'. The valid ones: ${DATASET_KEYS.join(', ')}.`);
      }
      return (item) => dataset(item, known).some((value) => test(value));
    }
    case 'attribute': {
      const attribute = attributeOf(subject, key);
      if (attribute === undefined) break;
      const { operators, read } = attribute;
      if (operators === undefined) {
        const test = numberTest(comparison, key, NUMBERS, attribute.quoted);
        return (item) => {
          const value = read(item);
          return test(typeof value === 'number' ? value : undefined);
        };
      }
      const test = textTest(comparison, key, operators);
      return (item) => {
        const value = read(item);
        return test(value === undefined ? undefined : String(value));
      };
    }
  }
  throw unknownKey(subject, entity, key);
}

function attributeOf<T>(subject: Subject<T>, key: string): Attribute<T> | undefined {
  const name = key.toLowerCase();
  return subject.attributes.find(({ names }) => names.some((one) => one.toLowerCase() === name));
}

function unknownKey<T>(subject: Subject<T>, entity: string, key: string): Error {
  const known = subject.attributes.flatMap(({ names }) => names[0] ?? []).join(', ');
  return invalid(
    entity === 'attribute'
      ? `Invalid attribute key '${key.slice(0, 80)}' of a ${subject.what}. The valid attributes: ${known}.`
      : `A ${subject.what} can't be searched or ordered by ${entity}s. The valid attributes: ${known}.`,
  );
}

function demand(comparison: Comparison, what: string, operators: readonly Operator[]): void {
  if (operators.includes(comparison.operator)) return;
  throw invalid(
    `Invalid comparison operator '${comparison.operator}' for ${what}. The valid ones: ${operators.join(', ')}.`,
  );
}

function numberTest(
  comparison: Comparison,
  what: string,
  operators: readonly Operator[],
  quoted = false,
): Test<number | undefined> {
  demand(comparison, what, operators);
  const { operator, value } = comparison;
  const [one] = [value].flat();
  if (one?.kind !== 'number' && !(quoted && /^\d{1,15}$/.test(one?.text ?? '')))
    throw invalid(`Expected a number to compare ${what} with, unquoted.`);
  const bound = Number(one?.text);
  return (given) => {
    if (given === undefined) return false;
    switch (operator) {
      case '=':
        return given === bound;
      case '!=':
        return given !== bound;
      case '<':
        return given < bound;
      case '<=':
        return given <= bound;
      case '>':
        return given > bound;
      default:
        return given >= bound;
    }
  };
}

function textTest(
  comparison: Comparison,
  what: string,
  operators: readonly Operator[],
): Test<string | undefined> {
  demand(comparison, what, operators);
  const { operator } = comparison;
  const values = [comparison.value ?? []].flat().map((value: Value) => {
    if (value.kind === 'text') return value.text;
    throw invalid(`Expected a quoted string value to compare ${what} with, and got ${value.text}.`);
  });
  const [one = ''] = values;
  const many = new Set(values);
  const folded = one.toLowerCase();
  return (given) => {
    if (operator === 'IS NULL') return given === undefined;
    if (given === undefined) return false;
    switch (operator) {
      case '=':
        return given === one;
      case '!=':
        return given !== one;
      case 'LIKE':
        return isLike(given, one);
      case 'ILIKE':
        return isLike(given.toLowerCase(), folded);
      case 'IN':
        return many.has(given);
      case 'NOT IN':
        return !many.has(given);
      default:
        return true;
    }
  };
}

export interface OrderItem<T> {
  readonly read: (item: T) => string | number | undefined;
  readonly ascending: boolean;
}

/** @throws WireError */
export function orderOf<T>(subject: Subject<T>, order: readonly string[]): readonly OrderItem<T>[] {
  return order.map((item) => {
    const { entity, key, ascending } = parseOrder(item);
    const { metric, param, tag } = subject;
    if (entity === 'metric' && metric !== undefined) return { read: (one) => metric(one, key), ascending };
    const text = entity === 'param' ? param : entity === 'tag' ? tag : undefined;
    if (text !== undefined && subject.sortsByTexts === true)
      return { read: (one) => text(one, key), ascending };
    const attribute = entity === 'attribute' ? attributeOf(subject, key) : undefined;
    if (attribute === undefined) throw unknownKey(subject, entity, key);
    return { read: attribute.read, ascending };
  });
}

/** Values first, then NaN, then what has none: in both directions. */
function rank(value: string | number | undefined): number {
  if (value === undefined) return 2;
  return typeof value === 'number' && Number.isNaN(value) ? 1 : 0;
}

/** @param last decides between those that are the same by the order */
export function sortBy<T>(
  items: readonly T[],
  order: readonly OrderItem<T>[],
  last: (one: T, other: T) => number,
): readonly T[] {
  const keyed = items.map((item) => ({ item, keys: order.map(({ read }) => read(item)) }));
  keyed.sort((one, other) => {
    for (const [at, { ascending }] of order.entries()) {
      const [left, right] = [one.keys[at], other.keys[at]];
      const ranks = rank(left) - rank(right);
      if (ranks !== 0) return ranks;
      if (left === undefined || right === undefined || left === right || rank(left) === 1) continue;
      return left < right === ascending ? -1 : 1;
    }
    return last(one.item, other.item);
  });
  return keyed.map(({ item }) => item);
}
