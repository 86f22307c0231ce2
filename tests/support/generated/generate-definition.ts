/** Definitions made from a published JSON Schema, and such that one thing is wrong with. */
import type { Json } from '../../../server/definition/definition.js';

/** A number from 0 up to, not including, a bound. */
export type Random = (bound: number) => number;

/** The same numbers for the same seed. */
export function random(seed: number): Random {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * bound);
  };
}

type Schema = Readonly<Record<string, unknown>>;

const MOST_DEPTH = 7;
const TEXTS = ['rain', 'data/rain.csv', 'a b', '5', 'true', 'seed', '${{ params.seed }}', '90s', 'x > 1'];
/** A text for every pattern of the schemas is among these. */
const NAMES = [
  'a',
  'rain',
  'SEED_1',
  'x-y',
  '30m',
  '2GiB',
  '${{ params.seeds }}',
  'perl {0}',
  'view:feature',
  '3',
  'weather@3',
];

function pick<T>(list: readonly T[], next: Random): T {
  const found = list[next(list.length)];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
}

/** A value that the schema takes, as far as it can be made by chance. */
export function generate(root: object, next: Random): Json {
  const definitions = ((root as Schema)['definitions'] ?? {}) as Readonly<Record<string, Schema>>;
  const make = (schema: Schema, depth: number): Json => {
    const { $ref, anyOf, type, examples } = schema;
    if (typeof $ref === 'string') return make(definitions[$ref.split('/').at(-1) ?? ''] ?? {}, depth);
    if ('not' in schema) return next(2) === 0;
    if (Array.isArray(examples) && next(3) === 0) return pick(examples as Json[], next);
    if (Array.isArray(anyOf)) return make(pick(anyOf as Schema[], next), depth);
    if ('const' in schema) return schema['const'] as Json;
    if (Array.isArray(schema['enum'])) return pick(schema['enum'] as Json[], next);
    switch (type) {
      case 'object':
        return map(schema, depth);
      case 'array': {
        const least = (schema['minItems'] as number | undefined) ?? 0;
        const count = depth > MOST_DEPTH ? least : least + next(3);
        return Array.from({ length: count }, () => make(schema['items'] as Schema, depth + 1));
      }
      case 'string': {
        const { pattern } = schema as { readonly pattern?: string };
        const known = pattern === undefined ? TEXTS : NAMES.filter((text) => new RegExp(pattern).test(text));
        return known.length === 0 ? 'a' : pick(known, next);
      }
      case 'integer':
      case 'number': {
        const least = (schema['minimum'] ?? schema['exclusiveMinimum'] ?? -3) as number;
        const most = (schema['maximum'] ?? least + 5) as number;
        return least + 1 + next(Math.max(1, most - least - 1));
      }
      case 'boolean':
        return next(2) === 0;
      case 'null':
        return null;
      default:
        return pick<Json>([1, 'rain', true, [1, 2], { a: 'b' }, '${{ params.seed }}'], next);
    }
  };
  const map = (schema: Schema, depth: number): Json => {
    const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Schema>>;
    const required = (schema['required'] ?? []) as readonly string[];
    const choices = ((schema['oneOf'] ?? []) as readonly { readonly required: readonly string[] }[]).flatMap(
      (choice) => choice.required,
    );
    const chosen = choices.length === 0 ? undefined : pick(choices, next);
    const made: Record<string, Json> = {};
    for (const [name, property] of Object.entries(properties)) {
      if (choices.includes(name) ? name !== chosen : !required.includes(name) && (depth > 3 || next(4) !== 0))
        continue;
      made[name] = make(property, depth + 1);
    }
    const named = (Object.values((schema['patternProperties'] ?? {}) as Record<string, Schema>)[0] ??
      schema['additionalProperties']) as Schema | boolean | undefined;
    if (typeof named === 'object' && Object.keys(named).length > 0 && depth <= MOST_DEPTH) {
      for (const name of ['one', 'two'].slice(0, next(3))) made[name] = make(named, depth + 1);
    }
    return made;
  };
  return make(root as Schema, 0);
}

/** The same with one change, at any depth: another value, a key too many, too few or misspelled. */
export function mutate(value: Json, next: Random): Json {
  const places: ((change: Json | undefined, key?: string) => void)[] = [];
  const copy = structuredClone(value) as never;
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const key of Object.keys(node)) {
      const holder = node as Record<string, unknown>;
      places.push((change, renamed) => {
        const before = holder[key];
        if (Array.isArray(node)) node[Number(key)] = change ?? null;
        else if (change === undefined) {
          Reflect.deleteProperty(holder, key);
          if (renamed !== undefined) holder[renamed] = before;
        } else holder[key] = change;
      });
      visit(holder[key]);
    }
  };
  visit(copy);
  if (places.length === 0) return copy;
  const change = pick(places, next);
  const kind = next(8);
  if (kind === 0) change(undefined);
  else if (kind === 1) change(undefined, 'bananas');
  else if (kind === 2) change(undefined, '2nd');
  else
    change(
      pick<Json>([5, -1, 1.5, true, false, '', 'soon', [], {}, null, [1], { a: 1 }, '${{ params.x }}'], next),
    );
  return copy;
}
