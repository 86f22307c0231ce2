/** Whatever a text of the language names is checked by a rule, completed and gone to: none of the three without the others. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { completion } from '../../../server/ide/complete/completion.js';
import { definitionsAt } from '../../../server/ide/navigate/navigation.js';
import { occurrenceAt } from '../../../server/ide/navigate/occurrences.js';
import type { FileKind } from '../../../server/definition/definition.js';
import { HINT, type NameTarget } from '../../../server/definition/schema/hint.js';
import { schemaOf } from '../../../server/definition/schema/index.js';
import type { RuleId } from '../../../server/rules/ids.js';
import { checkDefinition } from '../../../server/rules/index.js';
import { CURSOR, open } from './fixture.js';

const task = (text: string) => `tasks:\n  known: { run: x, outputs: { o: o } }\n  t:\n    ${text}\n`;

const FEATURES = `owners: { team: { name: Team } }
entities: { place: { keys: [id] } }
views: { weather: { entity: place, source: { path: w.csv, timestamp: ts }, features: { rain: double } } }
services: { daily: [weather] }
`;
const view = (text: string) =>
  FEATURES.replace('entity: place, source', 'entity: place, online: true, source').replace(
    'views: {',
    `views: { other: { ${text}, source: { path: v.csv, timestamp: ts }, features: { y: double } },`,
  );

interface Case {
  /** The first file; the cursor is behind the name. */
  readonly text: string;
  readonly file?: string;
  readonly name: string;
  readonly rule: RuleId;
}

const CASES: Readonly<Partial<Record<NameTarget, Case>>> = {
  task: { text: task('run: x\n    needs: known¦'), name: 'known', rule: 'reference/unknown-task' },
  pipeline: { text: task('pipeline: called¦'), name: 'called', rule: 'reference/unknown-pipeline' },
  executor: {
    text: task('run: x\n    executor: cluster¦'),
    name: 'cluster',
    rule: 'reference/unknown-executor',
  },
  environment: {
    text: task('service:\n      name: other\n      environment: staging¦'),
    name: 'staging',
    rule: 'reference/unknown-environment',
  },
  target: {
    text: task('deploy:\n      package: app\n      environment: staging\n      target: platform¦'),
    name: 'platform',
    rule: 'reference/unknown-environment',
  },
  package: {
    text: task('deploy:\n      environment: staging\n      package: app¦'),
    name: 'app',
    rule: 'reference/unknown-package',
  },
  service: {
    text: task('monitor:\n      rules: [p95 < 1s]\n      service: serve¦'),
    name: 'serve',
    rule: 'reference/unknown-service',
  },
  model: {
    text: task('deploy:\n      environment: staging\n      package: app\n      model: forecast¦'),
    name: 'forecast',
    rule: 'reference/unknown-model',
  },
  view: { text: task('materialize: weather¦'), name: 'weather', rule: 'feature/unknown-view' },
  feature: {
    text: task('training-set:\n      labels: l.csv\n      output: o.csv\n      features: [weather:rain¦]'),
    name: 'weather:rain',
    rule: 'feature/unknown-feature',
  },
  'feature-service': {
    text: task('training-set:\n      labels: l.csv\n      output: o.csv\n      service: daily¦'),
    name: 'daily',
    rule: 'feature/unknown-service',
  },
  entity: {
    text: view('entity: place¦'),
    file: 'f.features.yaml',
    name: 'place',
    rule: 'feature/unknown-entity',
  },
};

/** Those that no rule can know, and why. */
const FREE: Readonly<Partial<Record<NameTarget, string>>> = {
  path: 'the disk: path/missing-input',
  glob: 'the disk: path/missing-input',
  column: 'the data: feature/unknown-column',
  alias: 'the registry: reference/unknown-alias',
  secret: 'the environment, and that differs from machine to machine',
  owner: 'anybody may be named',
};

function namesIn(schema: unknown, found = new Set<string>()): Set<string> {
  if (typeof schema !== 'object' || schema === null) return found;
  const { names } = ((schema as Record<string, unknown>)[HINT] ?? {}) as { names?: string };
  if (names !== undefined) found.add(names);
  for (const inner of Object.values(schema)) namesIn(inner, found);
  return found;
}

test('each thing that the schema has names of is in one of the two lists', () => {
  const kinds: readonly FileKind[] = ['pipeline', 'features', 'project'];
  const all = new Set(kinds.flatMap((kind) => [...namesIn(schemaOf(kind))]));
  assert.deepEqual([...all].sort(), [...Object.keys(CASES), ...Object.keys(FREE)].sort());
});

for (const [target, { text, file = 'main.pipeline.yaml', name, rule }] of Object.entries(CASES)) {
  test(`${target}: a rule, a completion and a definition`, () => {
    const others: Record<string, string> = {
      'modelyard.yaml':
        'environments: { staging: {} }\ntargets: { platform: { type: local } }\nexecutors: { cluster: { type: slurm } }\n',
      'called.pipeline.yaml': 'name: called\ntasks:\n  a: { run: x, cache: false }\n',
      'make.pipeline.yaml':
        'tasks:\n  p: { package: { name: app, include: [a], entrypoint: ./a } }\n' +
        '  s: { service: { name: serve, environment: staging } }\n' +
        '  r: { register: { model: forecast, from: m.bin } }\n',
      'f.features.yaml': FEATURES,
    };
    const made = (first: string) => {
      const rest = Object.entries(others).filter(([one]) => one !== file);
      return open(
        { [file]: first, ...Object.fromEntries(rest) },
        { models: { forecast: { versions: 1 } }, packages: {} },
      );
    };
    const rules = (first: string) => {
      const { context } = made(first);
      return checkDefinition(context.definition, context.project).map((found) => found.rule);
    };
    assert.ok(!rules(text.replace(CURSOR, '')).includes(rule), 'the rule is silent where the name is right');
    assert.ok(rules(text.replace(CURSOR, 'zzz')).includes(rule), 'the rule speaks where it is wrong');

    const { context, offset } = made(text);
    assert.ok(occurrenceAt(context.definition, context.project, offset), 'an occurrence');
    assert.ok(definitionsAt(context, offset).length > 0, 'a definition');
    const begun = made(text.replace(name + CURSOR, CURSOR));
    const labels = completion(begun.context, begun.offset).items.map(({ label }) => label);
    assert.ok(
      labels.some((label) => label.replace(/@.*/, '') === name || name.startsWith(`${label}:`)),
      labels.join(', '),
    );
  });
}
