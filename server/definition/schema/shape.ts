/** Schemas turned into what walking a tree needs: what a map, a list and a scalar may look like at one place. */
import { memo } from '../../base/memo.js';
import type { TSchema } from '@sinclair/typebox';
import { defined } from '../../base/defined.js';
import { hintOf } from './hint.js';
import type { Hint } from './hint.js';

/** Everything that may stand at one place, alternatives sorted by the kind of node. */
export interface Shape {
  readonly schema: TSchema;
  readonly hint: Hint;
  /** Any value at all. */
  readonly any: boolean;
  readonly maps: readonly MapShape[];
  readonly sequences: readonly SequenceShape[];
  readonly scalars: readonly ScalarShape[];
}

export interface PropertyShape {
  readonly name: string;
  readonly shape: Shape;
  readonly required: boolean;
}

export interface MapShape {
  readonly schema: TSchema;
  readonly hint: Hint;
  readonly properties: ReadonlyMap<string, PropertyShape>;
  readonly required: readonly string[];
  /** Keys that are names, and what stands under them. */
  readonly named?: { readonly pattern?: RegExp; readonly shape: Shape };
  /** Exactly one of these keys has to be there. */
  readonly exactlyOne: readonly string[];
}

export interface SequenceShape {
  readonly item: Shape;
  readonly minItems: number;
}

export interface ScalarShape {
  readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'null';
  readonly hint: Hint;
  readonly values?: readonly (string | number | boolean)[];
  readonly pattern?: RegExp;
  readonly minLength: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
}

type Scalars = (string | number | boolean)[];

/** Compiled once per schema. */
export const shapeOf = memo(compile);

function compile(schema: TSchema): Shape {
  const maps: MapShape[] = [];
  const sequences: SequenceShape[] = [];
  const scalars: ScalarShape[] = [];
  let any = false;
  const add = (alternative: TSchema): void => {
    const hint = hintOf(alternative);
    const type = alternative['type'] as string | undefined;
    if (Array.isArray(alternative['anyOf'])) {
      for (const one of alternative['anyOf'] as TSchema[]) add(one);
    } else if (type === 'object') {
      maps.push(compileMap(alternative, hint));
    } else if (type === 'array') {
      const minItems = alternative['minItems'] as number | undefined;
      sequences.push({ item: shapeOf(alternative['items'] as TSchema), minItems: minItems ?? 0 });
    } else if (type === undefined) {
      any = true;
    } else {
      scalars.push(compileScalar(alternative, type as ScalarShape['type'], hint));
    }
  };
  add(schema);
  return { schema, hint: hintOf(schema), any, maps, sequences, scalars };
}

function compileMap(schema: TSchema, hint: Hint): MapShape {
  const required = (schema['required'] as readonly string[] | undefined) ?? [];
  const properties = new Map<string, PropertyShape>();
  for (const [name, property] of Object.entries((schema['properties'] ?? {}) as Record<string, TSchema>)) {
    properties.set(name, { name, shape: shapeOf(property), required: required.includes(name) });
  }
  const [patterned] = Object.entries((schema['patternProperties'] ?? {}) as Record<string, TSchema>);
  const additional = schema['additionalProperties'] as TSchema | boolean | undefined;
  const names = schema['propertyNames'] as { pattern: string } | undefined;
  let named: MapShape['named'];
  if (patterned !== undefined) {
    named = { pattern: new RegExp(patterned[0]), shape: shapeOf(patterned[1]) };
  } else if (typeof additional === 'object') {
    named = {
      ...(names === undefined ? {} : { pattern: new RegExp(names.pattern) }),
      shape: shapeOf(additional),
    };
  }
  const choices = (schema['oneOf'] as readonly { required: readonly string[] }[] | undefined) ?? [];
  return {
    schema,
    hint,
    properties,
    required,
    ...defined({ named }),
    exactlyOne: choices.flatMap((choice) => choice.required),
  };
}

function compileScalar(schema: TSchema, type: ScalarShape['type'], hint: Hint): ScalarShape {
  const values =
    schema['const'] === undefined ? (schema['enum'] as Scalars | undefined) : ([schema['const']] as Scalars);
  const pattern = schema['pattern'] as string | undefined;
  const bound = (word: string) => schema[word] as number | undefined;
  const minimum = bound('minimum');
  const exclusiveMinimum = bound('exclusiveMinimum');
  const maximum = bound('maximum');
  return {
    type,
    hint,
    minLength: bound('minLength') ?? 0,
    ...defined({ values }),
    ...(pattern === undefined ? {} : { pattern: new RegExp(pattern) }),
    ...defined({ minimum, exclusiveMinimum, maximum }),
  };
}

/** What may stand here, in words: "a text, a list or a map". */
export function expected(shape: Shape): string {
  const words: string[] = [];
  const add = (word: string): void => {
    if (!words.includes(word)) words.push(word);
  };
  for (const scalar of shape.scalars) add(expectedScalar(scalar));
  for (const sequence of shape.sequences) {
    const item = sequence.item.any ? '' : expected(sequence.item);
    add(item === '' || item.includes(' or ') || item.includes('(') ? 'a list' : `a list (each item ${item})`);
  }
  for (const map of shape.maps) {
    const title = map.schema.title;
    const keys =
      map.required.length > 0
        ? map.required
        : map.named === undefined
          ? [...map.properties.keys()].slice(0, 4)
          : [];
    add(
      keys.length === 0 || title === 'Task'
        ? 'a map'
        : `a map with ${keys.map((word) => `\`${word}\``).join(', ')}`,
    );
  }
  if (shape.any) add('a value');
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
}

export function expectedScalar(scalar: ScalarShape): string {
  if (scalar.hint.expects !== undefined) return scalar.hint.expects;
  if (scalar.values !== undefined) return `one of ${scalar.values.map((value) => String(value)).join(', ')}`;
  switch (scalar.type) {
    case 'string':
      return 'a text';
    case 'number':
      return 'a number';
    case 'integer':
      return 'a whole number';
    case 'boolean':
      return 'true or false';
    case 'null':
      return 'nothing';
  }
}
