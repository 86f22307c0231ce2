/**
 * The schema as JSON Schema draft-07, the newest that editors' YAML support reads in full: for other editors, and for
 * checks that know nothing of Modelyard. It says what our own checks say of the same text.
 */
import type { FileKind, Json } from '../definition.js';
import { HINT } from './hint.js';
import { schemaOf } from './index.js';

type Schema = Readonly<Record<string, Json>>;

/** Where the schemas are published; a kind's own address is its `$id`. */
const HOME = 'https://github.com/modelyard/modelyard/blob/main/docs/schema';

/** A text may be written so that YAML reads a number or a boolean (`name: true`). Editors suggest neither. */
const DEFINITIONS: Readonly<Record<string, Schema>> = {
  'number-as-text': { type: 'number' },
  'positive-number-as-text': { type: 'number', minimum: 0 },
  'boolean-as-text': {
    not: { anyOf: ['string', 'number', 'object', 'array', 'null'].map((type) => ({ type })) },
  },
};

/** @returns a schema that ajv compiles in its strict mode */
export function jsonSchemaOf(kind: FileKind): Json {
  const used = new Set<string>();
  const root = convert(schemaOf(kind), used);
  const definitions = Object.entries(DEFINITIONS).filter(([name]) => used.has(name));
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: `${HOME}/${kind}.schema.json`,
    ...root,
    ...(definitions.length === 0 ? {} : { definitions: Object.fromEntries(definitions) }),
  };
}

/** Keywords under which schemas lie by name; one alone; several. All others hold data. */
const NAMED: ReadonlySet<string> = new Set(['properties', 'patternProperties']);
const ALONE: ReadonlySet<string> = new Set(['items', 'additionalProperties', 'propertyNames', 'not']);
const SEVERAL: ReadonlySet<string> = new Set(['anyOf', 'allOf']);

/** Without our own keyword and TypeBox's symbols. */
function convert(schema: Schema, used: Set<string>): Schema {
  const inner = (value: Json): Json => (isSchema(value) ? convert(value, used) : value);
  const own = Object.fromEntries(
    Object.entries(schema)
      .filter(([word]) => word !== HINT)
      .map(([word, value]): [string, Json] => {
        if (NAMED.has(word) && isSchema(value)) {
          return [word, Object.fromEntries(Object.entries(value).map(([name, one]) => [name, inner(one)]))];
        }
        if (SEVERAL.has(word) && Array.isArray(value)) return [word, value.map(inner)];
        return [word, ALONE.has(word) ? inner(value) : value];
      }),
  );
  if (own['type'] === 'string') return written(own, used);
  if (own['type'] === 'object') return map(own);
  return Array.isArray(own['anyOf']) ? { ...own, anyOf: flat(own['anyOf'] as readonly Json[]) } : own;
}

/** Closed maps take `x-…` keys, as the checks do; and what one of them requires is a key that there is. */
function map(own: Schema): Schema {
  const closed =
    own['additionalProperties'] === false && 'properties' in own && !('patternProperties' in own);
  const choices = own['oneOf'] as readonly { readonly required: readonly string[] }[] | undefined;
  return {
    ...own,
    ...(closed ? { patternProperties: { '^x-': {} } } : {}),
    ...(choices === undefined
      ? {}
      : {
          oneOf: choices.map(({ required }) => ({
            type: 'object',
            required,
            properties: Object.fromEntries(required.map((name) => [name, true])),
          })),
        }),
  };
}

const ABOUT: ReadonlySet<string> = new Set(['title', 'description', 'examples', 'default']);

/** A text, and the numbers and booleans whose own text would do. */
function written(own: Schema, used: Set<string>): Schema {
  if ('const' in own || 'enum' in own) return own;
  const { pattern } = own as { readonly pattern?: string };
  const takes = (text: string): boolean => pattern === undefined || new RegExp(pattern).test(text);
  const names = [
    ...(['0', '7', '1.5'].every(takes) ? [takes('-7') ? 'number-as-text' : 'positive-number-as-text'] : []),
    ...(['true', 'false'].every(takes) ? ['boolean-as-text'] : []),
  ];
  if (names.length === 0) return own;
  for (const name of names) used.add(name);
  const about = Object.entries(own).filter(([name]) => ABOUT.has(name));
  const text = Object.entries(own).filter(([name]) => !ABOUT.has(name));
  return {
    ...Object.fromEntries(about),
    anyOf: [Object.fromEntries(text), ...names.map((name) => ({ $ref: `#/definitions/${name}` }))],
  };
}

/** Alternatives of alternatives are alternatives, each of them once. */
function flat(alternatives: readonly Json[]): readonly Json[] {
  const all = alternatives.flatMap((one) =>
    isSchema(one) && Array.isArray(one['anyOf']) && Object.keys(one).length === 1
      ? (one['anyOf'] as readonly Json[])
      : [one],
  );
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}

function isSchema(value: Json): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
