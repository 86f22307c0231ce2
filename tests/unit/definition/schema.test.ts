import assert from 'node:assert/strict';
import test from 'node:test';
import { Ajv } from 'ajv';
import type { TSchema } from '@sinclair/typebox';
import { analyze } from '../../../server/definition/read/analyze.js';
import type { FileKind, Json } from '../../../server/definition/definition.js';
import { renderLanguageReference } from '../../../server/definition/schema/reference.js';
import { schemaAt, schemaOf } from '../../../server/definition/schema/index.js';
import { jsonSchemaOf } from '../../../server/definition/schema/json-schema.js';
import { tableOptions } from '../../../server/definition/schema/table.js';
import { parseYaml } from '../../../server/syntax/parse.js';
import { toPlain } from '../../../server/syntax/text.js';

type Ours = Exclude<FileKind, 'dvc'>;
const KINDS: readonly Ours[] = ['pipeline', 'features', 'project'];
const PATHS = {
  pipeline: 'x.pipeline.yaml',
  features: 'x.features.yaml',
  project: 'modelyard.yaml',
} as const;

function validator(kind: Ours) {
  return new Ajv({ strict: true, allErrors: true }).compile(jsonSchemaOf(kind) as object);
}

/** Every key of a schema: its path, its schema, and whether it is one of a map's names. */
function* keysOf(schema: TSchema, path: string): Generator<[string, TSchema]> {
  for (const alternative of (schema['anyOf'] as TSchema[] | undefined) ?? [])
    yield* keysOf(alternative, path);
  for (const [name, property] of Object.entries(
    (schema['properties'] as Record<string, TSchema> | undefined) ?? {},
  )) {
    yield [`${path}.${name}`, property];
    yield* keysOf(property, `${path}.${name}`);
  }
  for (const property of Object.values(
    (schema['patternProperties'] as Record<string, TSchema> | undefined) ?? {},
  )) {
    yield* keysOf(property, `${path}.<name>`);
  }
  const additional = schema['additionalProperties'] as TSchema | boolean | undefined;
  if (typeof additional === 'object') yield* keysOf(additional, `${path}.<name>`);
  if (schema['items'] !== undefined) yield* keysOf(schema['items'] as TSchema, `${path}[]`);
}

test('every key has a description, a valid example and, where it has one, a valid default', () => {
  let count = 0;
  for (const kind of KINDS) {
    const ajv = new Ajv({ strict: false });
    for (const [path, schema] of keysOf(schemaOf(kind), kind)) {
      count++;
      assert.ok((schema.description ?? '').length >= 8, `${path} has no description`);
      assert.match(schema.description ?? '', /[.!?)]$/, path);
      const examples = schema.examples as readonly Json[] | undefined;
      assert.ok(examples !== undefined && examples.length > 0, `${path} has no example`);
      const valid = ajv.compile(JSON.parse(JSON.stringify(schema)) as object);
      for (const example of examples) {
        // A map of names is exemplified with other maps, which need not be complete here.
        assert.ok(valid(example), `${path}: ${JSON.stringify(example)} ${ajv.errorsText(valid.errors)}`);
      }
      if (schema.default !== undefined) assert.ok(valid(schema.default), `${path}: default`);
    }
  }
  assert.ok(count > 200, String(count));
});

test('examples pass our own checks as well', () => {
  const quote = (value: Json): string => JSON.stringify(value);
  for (const kind of KINDS) {
    const { properties } = schemaOf(kind) as unknown as { properties: Record<string, TSchema> };
    for (const [name, property] of Object.entries(properties)) {
      for (const example of property.examples as readonly Json[]) {
        const text = `${kind === 'pipeline' && name !== 'tasks' ? 'tasks: {}\n' : ''}${name}: ${quote(example)}\n`;
        assert.deepEqual(analyze(parseYaml(text), PATHS[kind]).problems, [], text);
      }
    }
  }
  const task = schemaAt('pipeline', ['tasks', 'train']);
  for (const { name } of task?.keys ?? []) {
    const isAction = !(
      schemaAt('pipeline', ['tasks', 'train'], ['run'])?.keys.some((key) => key.name === name) ?? false
    );
    for (const example of schemaAt('pipeline', ['tasks', 'train', name])?.examples ?? []) {
      const text = `tasks:\n  t:\n    ${isAction ? '' : 'run: x\n    '}${name}: ${quote(example)}\n`;
      assert.deepEqual(analyze(parseYaml(text), 'x.pipeline.yaml').problems, [], text);
    }
  }
});

test('the JSON Schema and our checks agree', () => {
  const check = (kind: Ours, text: string, expected: boolean) => {
    const tree = parseYaml(text);
    const valid = validator(kind);
    assert.equal(valid(toPlain(tree.root)), expected, `${text}\n${JSON.stringify(valid.errors)}`);
    assert.equal(analyze(tree, PATHS[kind]).problems.length === 0, expected, text);
  };
  check('pipeline', 'tasks: { a: { run: x } }', true);
  check(
    'pipeline',
    'name: rain\nkind: deployment\nparams: { a: 1, b: { type: list } }\ntasks: { a: { run: [x, y], timeout: 30m, matrix: { s: [1], fail-fast: false } } }',
    true,
  );
  check(
    'pipeline',
    'tasks: { a: { check: ["x > 1", { that: y, message: z }, { data: d.csv, expect: { row-count: { min: 1 } } }] } }',
    true,
  );
  check('pipeline', 'tasks: { a: { run: x, check: [y] } }', false);
  check('pipeline', 'tasks: { a: { description: x } }', false);
  check('pipeline', 'tasks: { a: { run: x, banana: 1 } }', false);
  check('pipeline', 'tasks: { 2a: { run: x } }', false);
  check('pipeline', 'tasks: { a: { run: x, timeout: soon } }', false);
  check('pipeline', 'tasks: { a: { run: x, matrix: { 1x: [1] } } }', false);
  check('pipeline', 'params: { a: { type: integer, deflt: 1 } }\ntasks: {}', false);
  check(
    'features',
    'entities: { s: { keys: [id] } }\nviews: { v: { entity: s, source: { path: a.csv, timestamp: t }, features: { f: double } } }\nservices: { x: ["v:f"] }',
    true,
  );
  check('features', 'views: { v: { features: {} } }', false);
  check('project', 'name: rain\nrules: { graph/cycle: off }\ntracking: false', true);
  check('project', 'rules: { graph/cycle: loud }', false);
});

test('JSON Schemas are plain and self-describing', () => {
  for (const kind of KINDS) {
    const text = JSON.stringify(jsonSchemaOf(kind));
    assert.match(text, /^\{"\$schema":"http:\/\/json-schema.org\/draft-07\/schema#"/);
    assert.ok(!text.includes('x-modelyard'));
    assert.ok(new Ajv({ strict: false }).validateSchema(JSON.parse(text) as object));
  }
});

test('what hover and completion ask for', () => {
  const keys = (path: (string | number)[], siblings: string[] = []) =>
    schemaAt('pipeline', path, siblings)?.keys.map((key) => key.name) ?? [];
  assert.deepEqual(keys([]), ['name', 'kind', 'description', 'params', 'env', 'env-file', 'secrets', 'shell', 'executor', 'python', 'tracking', 'tasks']); // prettier-ignore
  assert.ok(keys(['tasks', 'x']).includes('deploy'));
  const decided = keys(['tasks', 'x'], ['run', 'inputs']);
  assert.ok(decided.includes('outputs') && !decided.includes('deploy') && !decided.includes('inputs'));
  assert.deepEqual(keys(['tasks', 'x', 'check', 0], ['that']), ['message']);
  assert.deepEqual(keys(['tasks', 'x', 'check', 0], ['data']), ['expect', ...Object.keys(tableOptions)]);
  assert.deepEqual(schemaAt('pipeline', ['kind'])?.values, ['model-build', 'app-build', 'deployment']);
  assert.deepEqual(schemaAt('pipeline', ['tasks', 'x', 'cache'])?.values, [true, false]);
  assert.equal(schemaAt('pipeline', ['tasks', 'x', 'needs', 0])?.names, 'task');
  assert.equal(schemaAt('pipeline', ['tasks', 'x', 'inputs'])?.names, 'glob');
  assert.equal(schemaAt('pipeline', ['tasks', 'x', 'if'])?.bare, true);
  assert.equal(schemaAt('pipeline', ['tasks', 'x', 'timeout'])?.type, 'a duration such as 90s, 30m or 1h30m');
  assert.equal(schemaAt('pipeline', ['tasks', 'x', 'nope']), undefined);
  assert.match(schemaAt('pipeline', ['tasks'])?.named?.description ?? '', /exactly one action/);
  assert.equal(schemaAt('features', ['views', 'w', 'ttl'])?.type, 'a duration such as 90s, 30m or 1h30m');
  assert.deepEqual(schemaAt('project', ['rules', 'graph/cycle'])?.values, [
    'error',
    'warning',
    'info',
    'hint',
    'off',
  ]);
});

test('the reference has every key and every action', () => {
  const text = renderLanguageReference();
  assert.equal(text, renderLanguageReference());
  for (const kind of KINDS) {
    for (const [path] of keysOf(schemaOf(kind), kind)) {
      const name = path.slice(path.lastIndexOf('.') + 1).replace('[]', '');
      assert.ok(text.includes(`\`${name}\``), path);
    }
  }
  for (const word of ['hashFiles', 'secrets', 'Action `monitor`', 'short-commit'])
    assert.ok(text.includes(word), word);
});

test('the reference tells nothing twice', () => {
  const sections = renderLanguageReference().split(/^(?=#+ )/m);
  const tables = sections
    .map((section) => section.slice(section.indexOf('\n| key |')))
    .filter((table) => table.startsWith('\n| key |'));
  assert.ok(tables.length > 50, String(tables.length));
  for (const parts of [sections.map((section) => section.split('\n')[0]), tables])
    assert.deepEqual(
      parts.filter((part, at) => parts.indexOf(part) !== at),
      [],
    );
});
