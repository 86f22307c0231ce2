/** The published schemas and the linter say the same of generated definitions, or the difference is on a list with its reason. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Ajv } from 'ajv';
import { analyze } from '../../../server/definition/read/analyze.js';
import type { FileKind } from '../../../server/definition/definition.js';
import { jsonSchemaOf } from '../../../server/definition/schema/json-schema.js';
import { parseYaml } from '../../../server/syntax/parse.js';
import { cases } from '../../support/generated/cases.js';
import { generate, mutate, random } from '../../support/generated/generate-definition.js';

const PATHS = {
  pipeline: 'x.pipeline.yaml',
  features: 'x.features.yaml',
  project: 'modelyard.yaml',
} as const;

/** What a JSON Schema can't say, and what the linter says of it. */
const LINTER_ONLY: readonly (readonly [why: string, message: RegExp])[] = [
  [
    'an editor would say "does not match the pattern" of it',
    /^Expressions \(`\$\{\{ … \}\}`\) are not evaluated here\.$/,
  ],
  [
    'which action a task has is another key',
    /^`inputs: auto` is for tasks that run commands or a notebook: /,
  ],
  ['two values are compared with each other', /^The (?:default|choice|minimum|maximum)\b.* of ".*" is /],
];

test('schema and linter agree on generated definitions', () => {
  const next = random(20261129);
  const differences: string[] = [];
  let refused = 0;
  for (const kind of ['pipeline', 'features', 'project'] satisfies FileKind[]) {
    const schema = jsonSchemaOf(kind) as object;
    const valid = new Ajv({ strict: true, allErrors: true }).compile(schema);
    for (let count = cases(200, 2000); count > 0; count--) {
      const made = generate(schema, next);
      const definition = count % 2 === 0 ? made : mutate(made, next);
      const text = JSON.stringify(definition);
      const tree = parseYaml(text);
      const { problems } = analyze(tree, PATHS[kind]);
      const accepted = valid(definition);
      if (!accepted) refused++;
      const told = problems.filter(({ message }) => !LINTER_ONLY.some(([, words]) => words.test(message)));
      if (accepted === (problems.length === 0) || (accepted && told.length === 0)) continue;
      const why = accepted
        ? told.map(({ message }) => message).join(' | ')
        : JSON.stringify(
            valid.errors?.map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`),
          );
      differences.push(`${kind} ${accepted ? 'LINT' : 'SCHEMA'} ${why} ${text}`);
    }
  }
  assert.ok(refused > 50, `only ${refused} were refused`);
  assert.deepEqual(differences.slice(0, 20), []);
});
