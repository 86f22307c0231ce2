/** Every key of the schema, with definitions that have it: so that a new key is tried without a line of its own. */
import type { TSchema } from '@sinclair/typebox';
import { analyze } from '../../../server/definition/read/analyze.js';
import type { Json } from '../../../server/definition/definition.js';
import { hintOf } from '../../../server/definition/schema/hint.js';
import { parseYaml } from '../../../server/syntax/parse.js';

export const FILES = {
  pipeline: 'x.pipeline.yaml',
  features: 'x.features.yaml',
  project: 'modelyard.yaml',
} as const;
export type OurKind = keyof typeof FILES;
/** Of every place that may hold a name. */
const NAME = 'one';

type Step = { readonly key: string } | { readonly named: true } | { readonly item: true };

interface Leaf {
  readonly steps: readonly Step[];
  /** From the root to the key: the alternatives that were taken, and the key's own schema. */
  readonly schemas: readonly TSchema[];
}

function alternatives(schema: TSchema): readonly TSchema[] {
  const any = schema['anyOf'] as readonly TSchema[] | undefined;
  return any === undefined ? [schema] : any.flatMap(alternatives);
}

/** Every key, with the way to it. */
export function* leaves(
  schema: TSchema,
  steps: readonly Step[],
  schemas: readonly TSchema[],
): Generator<Leaf> {
  for (const one of alternatives(schema)) {
    const taken = [...schemas, one];
    for (const [key, property] of Object.entries((one['properties'] ?? {}) as Record<string, TSchema>)) {
      const next = [...steps, { key }];
      yield { steps: next, schemas: [...taken, property] };
      yield* leaves(property, next, taken);
    }
    const named = [
      ...Object.values((one['patternProperties'] ?? {}) as Record<string, TSchema>),
      ...(typeof one['additionalProperties'] === 'object' ? [one['additionalProperties'] as TSchema] : []),
    ];
    for (const property of named) yield* leaves(property, [...steps, { named: true }], taken);
    if (one['items'] !== undefined) yield* leaves(one['items'] as TSchema, [...steps, { item: true }], taken);
  }
}

function firstExample(schema: TSchema): Json {
  // An expression names what is not there.
  const [example] = ((schema.examples ?? []) as readonly Json[]).filter(
    (one) => !JSON.stringify(one).includes('${{'),
  );
  if (example !== undefined) return example;
  for (const one of alternatives(schema)) {
    const words = one['enum'] as readonly Json[] | undefined;
    if (words !== undefined) return words[0] ?? '';
    if (one['const'] !== undefined) return one['const'] as Json;
    if (one['type'] === 'object') return built(one, [], []) as Json;
    if (one['type'] === 'array') return [];
    if (one['type'] === 'boolean') return true;
    if (one['type'] === 'integer' || one['type'] === 'number') return 1;
  }
  return NAME;
}

/** A map of this alternative with what it requires, and what is at the end of the steps. */
export function built(
  schema: TSchema,
  schemas: readonly TSchema[],
  steps: readonly Step[],
  value?: Json,
): unknown {
  const [step, ...rest] = steps;
  const below = (): unknown => {
    const [next, ...others] = schemas;
    return rest.length === 0 || next === undefined ? value : built(next, others, rest, value);
  };
  if (step !== undefined && 'item' in step) return [below()];
  const properties = (schema['properties'] ?? {}) as Record<string, TSchema>;
  const key = step !== undefined && 'key' in step ? step.key : undefined;
  const actions = properties['run'] !== undefined && properties['register'] !== undefined;
  const required = ((schema['required'] ?? []) as readonly string[]).filter((name) => name !== key);
  const map: Record<string, unknown> = Object.fromEntries(
    required.flatMap((name) =>
      properties[name] === undefined ? [] : [[name, firstExample(properties[name])]],
    ),
  );
  // A task is something only with its action.
  if (actions && (key === undefined || !ACTIONS.has(key))) map['run'] = 'echo 1';
  if (step !== undefined) {
    const made = below();
    if (made !== undefined) map[key ?? NAME] = made;
  }
  return map;
}

const ACTIONS: ReadonlySet<string> = new Set(
  'run notebook materialize training-set check register package approval deploy service monitor pipeline'.split(
    ' ',
  ),
);

/** Values that the key may have. */
export function* values(schema: TSchema): Generator<Json> {
  yield* (schema.examples ?? []) as readonly Json[];
  for (const one of alternatives(schema)) {
    yield* (one['enum'] ?? []) as readonly Json[];
    if (one['type'] === 'boolean') yield* [true, false];
    if (one['type'] === 'integer' || one['type'] === 'number') yield* [2, 3];
    if (one['type'] === 'string')
      yield { duration: '7s', bytes: '7MiB', regex: 'x+', none: 'other' }[hintOf(one).format ?? 'none'];
  }
}

/** What a definition says, without the places at which it says it. */
export function meaning(kind: OurKind, document: unknown): string {
  const definition = analyze(parseYaml(JSON.stringify(document)), FILES[kind], kind);
  const said =
    definition.kind === 'pipeline'
      ? definition.pipeline
      : definition.kind === 'features'
        ? definition.features
        : definition.kind === 'project'
          ? definition.settings
          : undefined;
  return JSON.stringify(said, (name, value: unknown) =>
    /span$/i.test(name) || name === 'start' || name === 'end' || name === 'offset' ? undefined : value,
  );
}

export function shown(steps: readonly Step[]): string {
  return steps.map((step) => ('key' in step ? step.key : 'named' in step ? '<name>' : '[]')).join('.');
}
