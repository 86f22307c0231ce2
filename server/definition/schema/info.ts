/** What the schema says about one place of a file, for hover and completion. */
import { defined } from '../../base/defined.js';
import type { Json } from '../definition.js';
import type { Definition } from '../dialects/dialect.js';
import { DIALECTS } from '../dialects/index.js';
import type { Hint, NameTarget } from './hint.js';
import { expected, shapeOf } from './shape.js';
import type { MapShape, PropertyShape, Shape } from './shape.js';

export interface KeyInfo {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  /** The type in words. */
  readonly type: string;
  /** What to insert: the key and a placeholder for its value, in VS Code's snippet syntax. */
  readonly snippet: string;
  readonly default?: Json;
}

export interface SchemaInfo {
  readonly title?: string;
  readonly description: string;
  readonly examples: readonly Json[];
  /** The type in words: "a duration such as 90s, 30m or 1h30m". */
  readonly type: string;
  /** The only values allowed, where they can be counted. */
  readonly values: readonly Json[];
  readonly default?: Json;
  /** Keys that may stand here and don't yet. */
  readonly keys: readonly KeyInfo[];
  /** Any name may be a key here (tasks, params, outputs, …); what it stands for. */
  readonly named?: { readonly description: string };
  /** A list may stand here: then its items are described at `[…path, 0]`. */
  readonly list: boolean;
  /** What a text here names. */
  readonly names?: NameTarget;
  /** Expressions are legal here. */
  readonly place?: NonNullable<Hint['place']>;
  /** The text is an expression even without `${{ }}`. */
  readonly bare: boolean;
}

/**
 * @param path keys and list indices from the root to the place.
 * @param siblings keys that stand in the map already: they are not offered again, nor what they rule out.
 */
export function schemaAt(
  kind: Definition['kind'],
  path: readonly (string | number)[],
  siblings: readonly string[] = [],
): SchemaInfo | undefined {
  // Files of params have none.
  let places: Shape[] = kind === 'params' ? [] : [shapeOf(DIALECTS[kind].schema)];
  for (const step of path) {
    places = places.flatMap((shape) => below(shape, step));
    if (places.length === 0) return undefined;
  }
  return describe(places, siblings);
}

function below(shape: Shape, step: string | number): Shape[] {
  if (typeof step === 'number') return shape.sequences.map((sequence) => sequence.item);
  // What lies under a key of a param's long form is no param of a group.
  const own = shape.maps.some((map) => map.hint.param === 'long' && map.properties.has(step));
  return shape.maps.flatMap((map) => {
    const named = own && map.hint.param === 'group' ? undefined : map.named?.shape;
    const found = map.properties.get(step)?.shape ?? named;
    return found === undefined ? [] : [found];
  });
}

function describe(places: readonly Shape[], siblings: readonly string[]): SchemaInfo | undefined {
  const [first] = places;
  if (first === undefined) return undefined;
  const maps = fitting(
    places.flatMap((shape) => shape.maps),
    siblings,
  );
  const scalars = places.flatMap((shape) => shape.scalars);
  const itemScalars = places.flatMap((shape) => shape.sequences.flatMap((sequence) => sequence.item.scalars));
  const hints = [
    first.hint,
    ...scalars.map((scalar) => scalar.hint),
    ...itemScalars.map((scalar) => scalar.hint),
  ];
  const values: Json[] = scalars.flatMap(
    (scalar) => scalar.values ?? (scalar.type === 'boolean' ? [true, false] : []),
  );
  const title = maps[0]?.schema.title ?? first.schema.title;
  const named = maps.find((map) => map.named !== undefined)?.named;
  const names = hints.find((hint) => hint.names !== undefined)?.names;
  const place = hints.find((hint) => hint.place !== undefined)?.place;
  const fallback = first.schema.default as Json | undefined;
  return {
    ...defined({ title }),
    description: first.schema.description ?? '',
    examples: (first.schema.examples as readonly Json[] | undefined) ?? [],
    type: expected(first),
    values: [...new Set(values)],
    ...defined({ default: fallback }),
    keys: keysOf(maps, siblings),
    ...(named === undefined ? {} : { named: { description: named.shape.schema.description ?? '' } }),
    list: places.some((shape) => shape.sequences.length > 0),
    ...defined({ names, place }),
    bare: hints.some((hint) => hint.bare === true),
  };
}

/** Of several kinds of maps those that have all keys that are there already. */
function fitting(maps: readonly MapShape[], siblings: readonly string[]): readonly MapShape[] {
  const fit = maps.filter(
    (map) => map.named !== undefined || siblings.every((name) => map.properties.has(name)),
  );
  return fit.length > 0 ? fit : maps;
}

function keysOf(maps: readonly MapShape[], siblings: readonly string[]): KeyInfo[] {
  const keys = new Map<string, KeyInfo>();
  for (const map of maps) {
    const decided = map.exactlyOne.some((name) => siblings.includes(name));
    for (const property of map.properties.values()) {
      if (siblings.includes(property.name) || keys.has(property.name)) continue;
      if (decided && map.exactlyOne.includes(property.name)) continue;
      keys.set(property.name, keyInfo(property));
    }
  }
  return [...keys.values()];
}

function keyInfo(property: PropertyShape): KeyInfo {
  const { schema } = property.shape;
  const fallback = schema.default as Json | undefined;
  return {
    name: property.name,
    description: schema.description ?? '',
    required: property.required,
    type: expected(property.shape),
    snippet: property.shape.hint.snippet ?? snippetOf(property),
    ...defined({ default: fallback }),
  };
}

function snippetOf({ name, shape }: PropertyShape): string {
  const scalars = shape.scalars;
  const values = scalars.flatMap((scalar) => scalar.values ?? []);
  if (values.length > 0) return `${name}: \${1|${values.map((value) => String(value)).join(',')}|}`;
  const [example] = (shape.schema.examples as readonly Json[] | undefined) ?? [];
  if (scalars.length > 0 && scalars.every((scalar) => scalar.type === 'boolean')) {
    return `${name}: \${1|true,false|}`;
  }
  if (scalars.length > 0 && (typeof example !== 'object' || example === null)) {
    return `${name}: ${placeholder(example)}`;
  }
  if (shape.sequences.length > 0) return `${name}:\n  - $0`;
  const [map] = shape.maps;
  if (map === undefined) return `${name}: $0`;
  if (map.required.length === 0) return `${name}:\n  $0`;
  const lines = map.required.map((key, index) => `  ${key}: $${index + 1}`);
  return `${name}:\n${lines.join('\n')}`;
}

function placeholder(example: string | number | boolean | null | undefined): string {
  if (example === undefined || String(example).includes('${{')) return '$0';
  return `\${1:${String(example).replace(/[$}\\]/g, '\\$&')}}`;
}
