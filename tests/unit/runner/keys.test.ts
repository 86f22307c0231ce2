/**
 * Nothing is promised before it exists: each key of the language changes what lint says, what a run would do, what it is
 * given, or what people are shown. Keys come from the schema; what can't be seen here names the test that shows it.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { compile } from '../../../server/cli/load/compile.js';
import { openProject } from '../../../server/cli/load/open-project.js';
import { definitionHash, resolveView } from '../../../server/features/views/view.js';
import { paramProblems, paramSummary } from '../../../server/language/views/params.js';
import { type Definition, analyze } from '../../../server/definition/read/analyze.js';
import type { Pipeline } from '../../../server/definition/definition.js';
import { schemaOf } from '../../../server/definition/schema/index.js';
import { planOf } from '../../../server/runner/actions/plans.js';
import { resolveFully } from '../../../server/runner/resolve/fully.js';
import { Session } from '../../../server/runner/session.js';
import { parseYaml } from '../../../server/syntax/parse.js';
import { memoryProject } from '../../support/project.js';
import { FILES, type OurKind, built, leaves, shown, values } from '../../support/generated/schema-keys.js';

/** Tests of what is seen only when something runs, or by people: which keys, in which file, by which words in it. */
const PROOFS: readonly (readonly [keys: RegExp, file: string, words: string])[] = [
  [/^pipeline: name$/, 'runner/running/settings.test.ts', 'a known pipeline wins over a file of its name'],
  [
    /^pipeline: params\.from(\.prefix)?$/,
    'runner/project/param-files.test.ts',
    '{ path: conf/net.toml, prefix: net }',
  ],
  [/^pipeline: (tasks\.<name>\.)?description$/, 'unit/ide/hover/hover.test.ts', 'description: Learns.'],
  [/outputs\.<name>\.description$/, 'runner/running/settings.test.ts', "'tasks.t.outputs.o.description'"],
  [
    /materialize\.(from|to|full)$/,
    'runner/features/materialize.test.ts',
    'computes a part of a view, or all of it',
  ],
  [
    /approval\.compare\.to$/,
    'runner/approvals/approval.test.ts',
    'compare: { model: rain@candidate, to: stable }',
  ],
  [
    /deploy\.(env|secrets|keep|setup-timeout)$/,
    'runner/serving/deploy.test.ts',
    'each key of a deployment task counts',
  ],
  [
    /package\.health(\.live|\.ready)?$/,
    'runner/serving/deploy.test.ts',
    'health: { live: /live, ready: /ready }',
  ],
  [/package\.allow-secret-files$/, 'runner/serving/deploy.test.ts', 'allow-secret-files: app/.env'],
  [
    /package\.(description|exclude|env|secrets|model|signature|signature\.inputs|signature\.outputs|python)$/,
    'runner/serving/deploy.test.ts',
    'a package holds what it should',
  ],
  [/matrix\.exclude$/, 'runner/running/control.test.ts', 'matrix: ids, include and exclude'],
  [/matrix\.fail-fast$/, 'runner/running/control.test.ts', 'unless fail-fast is off'],
  [
    /(matrix\.max-parallel|resources|resources\.cpus)$/,
    'runner/running/control.test.ts',
    'resources, max-parallel, mutex',
  ],
  [/resources\.(memory|gpus)$/, 'unit/runner/machine/machine.test.ts', 'never more than there is'],
  [
    /\.(timeout|retries|retries\.delay|retries\.max-delay)$/,
    'runner/running/control.test.ts',
    'retries with growing pauses',
  ],
  [
    /\.continue-on-error$/,
    'runner/running/control.test.ts',
    'if: success, failure, always, values; continue-on-error',
  ],
  [/^features: (entities|owners)$/, 'unit/ide/feature-files.test.ts', 'weather-team: weather@example.org'],
  [/^features: description$/, 'unit/ide/feature-files.test.ts', 'description: '],
  [/^features: (entities|owners)\.<name>\.\w+$/, 'unit/ide/feature-files.test.ts', 'All that falls.'],
  [
    /^features: (views|services)\.<name>\.(description|owner|tags)$/,
    'runner/cli/json.test.ts',
    'tags: { domain: weather }',
  ],
  [/features\.<name>\.(description|tags)$/, 'unit/ide/feature-files.test.ts', 'Mean of seven days (mm).'],
  [/views\.<name>\.online$/, 'runner/features/use.test.ts', 'all of its views say `online: false`'],
  [/views\.<name>\.ttl$/, 'runner/features/training-set.test.ts', "'ttl: 1h'"],
  [/^project: (name|description)$/, 'unit/extension/items.test.ts', "name: 'rain', description: 'Will it"],
  [/secrets\.<name>\.description$/, 'runner/running/settings.test.ts', 'modelyard run\\. NEED: x'],
  [/environments\.<name>\.description$/, 'unit/ide/serving.test.ts', 'description: "For <us>."'],
  [/targets\.<name>\.description$/, 'unit/ide/serving.test.ts', 'The big machine'],
  [/executors\.<name>\.description$/, 'unit/ide/serving.test.ts', 'Of the institute'],
  [
    /(^project: |^pipeline: (tasks\.<name>\.)?)tracking(\.\w+)?$/,
    'runner/tracking/task-tracking.test.ts',
    'what the author says of MLflow counts',
  ],
  [/params\.from\.\[\]\.prefix$/, 'runner/project/param-files.test.ts', 'conf/net.toml, prefix: net'],
  [
    /notebook(\.path|\.params|\.output|\.kernel)?$/,
    'runner/project/notebook.test.ts',
    'path: notebooks/train.ipynb',
  ],
  [/python\.code$/, 'runner/project/python-code.test.ts', 'code: syntax, note-files: false'],
  [/python\.note-files$/, 'runner/project/opened-files.test.ts', 'note-files: false'],
  [/^project: exclude$/, 'language/views/project.test.ts', 'exclude: ["old/**"]'],
  [/^project: rules$/, 'unit/rules/suppression.test.ts', 'rules: { task/no-outputs: hint }'],
  [/^project: runs(\.keep|\.max-age)?$/, 'unit/runner/gc-bounds.test.ts', 'every combination of bounds'],
  [
    /executors\.<name>\.(jobs|cpus|memory|gpus)$/,
    'runner/running/settings.test.ts',
    'the executor local bounds what runs',
  ],
];

/** A file that has all that the schema's examples name. */
function completed(kind: OurKind, document: unknown): unknown {
  if (kind !== 'features') return document;
  const file = document as Record<string, Record<string, Record<string, unknown>>>;
  const views = Object.entries(file['views'] ?? {}).map(([name, view]) => [
    name,
    typeof view !== 'object'
      ? view
      : {
          ...('entity' in view || 'entities' in view ? {} : { entity: 'station' }),
          ...view,
          source: sourceOf(view['source']),
        },
  ]);
  const entities = {
    station: { keys: ['station_id'] },
    sensor: { keys: ['sensor_id'] },
    ...file['entities'],
  };
  return {
    ...file,
    entities,
    ...(file['views'] === undefined ? {} : { views: Object.fromEntries(views) as unknown }),
  };
}

function sourceOf(source: unknown): unknown {
  const given = typeof source === 'object' ? source : { path: source };
  return { path: 'data.csv', timestamp: 'at', ...given };
}

async function ofPipeline(root: string, pipeline: Pipeline): Promise<unknown[]> {
  const defaults = pipeline.params.flatMap(({ name, default: value }) =>
    value === undefined ? [] : [[name, value.value] as const],
  );
  const params = Object.fromEntries(defaults);
  const run = { pipeline: pipeline.name };
  const session = new Session({ root, pipeline, params, environment: {}, secrets: {}, run });
  await session.prepare();
  const told: unknown[] = [session.problem, session.graph.edges];
  for (const one of session.graph.instances) {
    const done = await resolveFully(session, one);
    if (!done.ok) told.push(done.message);
    else {
      const { instance, work, ...rest } = done.task;
      told.push(instance.id, rest, work);
      if (work !== undefined) told.push(planOf(work).late?.(session, one.id, work.settings));
    }
  }
  for (const param of pipeline.params) {
    const given = ['7', '-1e9', '1e9', 'x', 'one', ''].map((text) =>
      paramProblems(pipeline, { [param.name]: text }),
    );
    told.push(paramSummary(param), given);
  }
  return told;
}

function ofFeatures(definition: Definition): unknown[] {
  if (definition.kind !== 'features') return [];
  const { features } = definition;
  return features.views.map(({ name }) => {
    const resolved = resolveView([features], name);
    return resolved.ok ? definitionHash(resolved.value) : resolved.message;
  });
}

/** What the command line reads of the settings before a run. */
function ofProject(root: string, text: string): unknown {
  writeFileSync(path.join(root, FILES.project), text);
  writeFileSync(path.join(root, FILES.pipeline), 'tasks: { t: { run: echo, cache: false } }');
  openProject(path.join(root, 'elsewhere'));
  const compiled = compile(root, FILES.pipeline, text);
  return compiled.ok ? { ...compiled.compiled, definitionHash: '' } : compiled.message;
}

async function effects(root: string, kind: OurKind, document: unknown): Promise<string> {
  const file = FILES[kind];
  const text = JSON.stringify(completed(kind, document));
  const project = memoryProject({ [file]: text }, { disk: [], models: {}, packages: {} });
  const definition = analyze(parseYaml(text), file, kind);
  const told = [
    project.findings(file).map(({ rule, message }) => [rule, message]),
    definition.kind === 'pipeline' ? await ofPipeline(root, definition.pipeline) : ofFeatures(definition),
    kind === 'project' ? ofProject(root, text) : '',
  ];
  return JSON.stringify(told, (name, value: unknown) =>
    /span$/i.test(name) || name === 'start' || name === 'end' ? undefined : value,
  );
}

function proven(key: string): boolean {
  return PROOFS.some(
    ([keys, file, words]) => keys.test(key) && readFileSync(path.join('tests', file), 'utf8').includes(words),
  );
}

test('each key of the language does something', async (t) => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'modelyard-keys-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const silent: string[] = [];
  for (const kind of ['pipeline', 'features', 'project'] as const) {
    for (const { steps, schemas } of leaves(schemaOf(kind), [], [])) {
      const [schema, ...below] = schemas.slice(0, -1);
      const own = schemas.at(-1);
      if (schema === undefined || own === undefined) continue;
      const seen = new Set<string>();
      for (const value of [undefined, ...values(own)]) {
        if (seen.size < 2) seen.add(await effects(root, kind, built(schema, below, steps, value)));
      }
      const key = `${kind}: ${shown(steps)}`;
      if (seen.size < 2 && !proven(key)) silent.push(key);
    }
  }
  assert.equal(silent.join('\n'), '');
});
