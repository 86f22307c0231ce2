/** The registry over the protocol: what the Models view asks and what it changes, beside the real command line. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import type {
  Answer,
  ModelRequests,
  RunView,
  RunsResult,
  VersionItem,
  VersionSort,
} from '../../../server/protocol/index.js';
import type { ReleaseDocument } from '../../../server/serving/types.js';
import { RELEASE_SCHEMA_VERSION } from '../../../server/serving/types.js';
import type { LspClient } from '../../support/lsp-client.js';
import { until, uri } from '../../support/lsp-client.js';
import { modelyard } from '../../support/modelyard.js';
import { DATA, registering } from '../../support/registering.js';
import { client, folder } from '../fixture.js';

const PIPELINE = `name: build\n${registering('aliases: [candidate]\ntags: { origin: test }').trimStart()}`;

/** `Omit` for each member of a union. */
type Without<P, K extends PropertyKey> = P extends unknown ? Omit<P, K> : never;

type Ask = <M extends keyof ModelRequests>(
  method: M,
  params: Without<ModelRequests[M]['params'], 'projectUri'>,
) => Promise<ModelRequests[M]['result']>;

interface Setup {
  readonly root: string;
  readonly lsp: LspClient;
  readonly ask: Ask;
  readonly run: (size: number, accuracy: number) => Promise<void>;
}

async function setup(t: Parameters<typeof folder>[0]): Promise<Setup> {
  const root = folder(t, { 'modelyard.yaml': 'name: models\n', 'build.pipeline.yaml': PIPELINE, ...DATA });
  const lsp = await client(t, root, { initializationOptions: { trusted: true } });
  const ask: Ask = (method, params) => lsp.request(method, { projectUri: uri(root), ...params });
  const run = async (size: number, accuracy: number): Promise<void> => {
    const params = ['--param', `size=${size}`, '--param', `accuracy=${accuracy}`];
    const { code, output } = await modelyard(root, 'run', 'build', ...params);
    assert.equal(code, 0, output);
  };
  return { root, lsp, ask, run };
}

/** The value of an answer that has to be one. */
function value<T extends object>(answer: Answer<T>): T {
  assert.ok(answer.ok, answer.ok ? '' : answer.message);
  return answer;
}

function refusal(answer: Answer): string {
  assert.ok(!answer.ok, JSON.stringify(answer));
  return answer.message;
}

const short = ({ version, aliases, mainMetric }: VersionItem): unknown => [
  version,
  aliases,
  mainMetric?.key,
  mainMetric?.value,
];

test('a run in a terminal that registers shows at once, with aliases, main metric, run and lineage', async (t) => {
  const { root, lsp, ask, run } = await setup(t);
  assert.deepEqual(await ask('modelyard/models', {}), { models: [], problems: [] });
  await run(3, 0.7);
  await until('a word that models changed', () => lsp.changed.some(({ what }) => what.includes('models')));
  await until('the model', async () => (await ask('modelyard/models', {})).models.length === 1);
  lsp.changed.length = 0;
  await run(4, 0.8);
  await until('a word about version 2', () => lsp.changed.some(({ what }) => what.includes('models')));

  const [model] = (await ask('modelyard/models', {})).models;
  assert.equal(model?.model, 'rain');
  assert.equal(model.versions, 2);
  assert.deepEqual({ ...model.aliases }, { candidate: '2' });
  assert.deepEqual(model.latest && short(model.latest), ['2', ['candidate'], 'accuracy', 0.8]);
  const page = value(await ask('modelyard/modelVersions', { model: 'rain', limit: 1 }));
  assert.deepEqual([page.versions.map(short), page.more], [[['2', ['candidate'], 'accuracy', 0.8]], true]);
  const older = value(await ask('modelyard/modelVersions', { model: 'rain', limit: 9, before: '2' }));
  assert.deepEqual([older.versions.map(short), older.more], [[['1', [], 'accuracy', 0.7]], false]);

  const sorted = async (sort: VersionSort, limit = 9) => {
    const found = value(await ask('modelyard/modelVersions', { model: 'rain', limit, sort }));
    return [found.versions.map(({ version }) => version).join(), found.more];
  };
  assert.deepEqual(await sorted({ by: 'age', first: 'oldest' }), ['1,2', false]);
  assert.deepEqual(await sorted({ by: 'metric', first: 'best' }), ['2,1', false]);
  assert.deepEqual(await sorted({ by: 'metric', metric: 'accuracy', first: 'lowest' }, 1), ['1', true]);
  assert.deepEqual(await sorted({ by: 'metric', metric: 'nothing', first: 'highest' }), ['2,1', false]);

  const { version } = value(await ask('modelyard/modelVersion', { model: 'rain', version: 'candidate' }));
  assert.equal(version.uri, 'models:/rain/2');
  assert.equal(version.runKept, true);
  assert.equal(version.task, 'register');
  assert.deepEqual(version.params, { size: 4, accuracy: 0.8 });
  assert.deepEqual(version.tags, { origin: 'test' });
  assert.equal(version.artifact.path, 'models/m.txt');
  assert.deepEqual(
    version.usedBy.map((use) => (use.kind === 'task' ? use.task : use)),
    ['evaluate'],
  );
  assert.deepEqual(
    version.history.map(({ text, runId }) => [text, runId === version.runId]),
    [['version 2 registered as candidate', true]],
  );

  const { lineage } = value(await ask('modelyard/modelLineage', { model: 'rain', version: '2' }));
  assert.deepEqual(lineage.targets, ['version:rain@2']);
  assert.deepEqual(
    lineage.nodes
      .map((node) =>
        node.kind === 'task'
          ? node.task
          : node.kind === 'version'
            ? `${node.model} ${node.version}`
            : 'path' in node
              ? node.path
              : node.id,
      )
      .sort(),
    ['data.txt', 'evaluate', 'metrics.json', 'models/m.txt', 'rain 2', 'train'],
  );
  const data = value(await ask('modelyard/modelLineage', { path: 'data.txt' }));
  assert.deepEqual(
    data.lineage.nodes.flatMap((node) => (node.kind === 'version' ? [node.version] : [])).sort(),
    ['1', '2'],
  );
  assert.match(refusal(await ask('modelyard/modelLineage', { path: 'nothing.txt' })), /No run has read/);

  // From an artifact of a run to the version and back; its bytes outlive the workspace's file.
  const runs = await lsp.request<RunsResult>('modelyard/runs', { limit: 2 });
  const old = await lsp.request<RunView>('modelyard/run', { projectUri: uri(root), id: runs.runs[1]?.id });
  const artifact = old.tasks.flatMap((task) => task.artifacts).find((one) => one.path === 'models/m.txt');
  assert.deepEqual(artifact?.versions, [{ model: 'rain', version: '1' }]);
  assert.equal(artifact.available, true);
  const register = old.tasks.find(({ action }) => action === 'register');
  assert.deepEqual(register?.registered, { model: 'rain', version: '1' });
  assert.match(register.note ?? '', /made version 1 of rain/);
  assert.equal(readFileSync(fileURLToPath(artifact.uri), 'utf8'), '1\n2\n3\nsome data\n');
});

test('what a release holds is told, and its version is not deleted', async (t) => {
  const { root, ask, run } = await setup(t);
  await run(3, 0.7);
  const release = (id: string): void => {
    const folder = path.join(root, '.modelyard/environments/staging/releases', id);
    mkdirSync(folder, { recursive: true });
    const document: ReleaseDocument = {
      schema: RELEASE_SCHEMA_VERSION,
      id,
      environment: 'staging',
      target: 'local',
      package: { name: 'rain-app', version: '3', hash: 'sha256:0' },
      model: { name: 'rain', version: '1', hash: 'sha256:0', path: 'model/m.txt' },
      entrypoint: 'true',
      env: {},
      secrets: [],
      health: {},
      createdAt: '2026-11-01T10:00:00Z',
      createdBy: 'test',
      run: { id: '20261101-100000-000-aaaa', pipeline: 'ship', task: 'ship' },
    };
    writeFileSync(path.join(folder, 'release.json'), JSON.stringify(document));
  };
  const releasesFrom = async (
    target: { model: string; version: string } | { path: string },
  ): Promise<unknown> => {
    const { lineage } = value(await ask('modelyard/modelLineage', target));
    const releases = lineage.nodes.filter(({ kind }) => kind === 'release');
    for (const { id } of releases)
      assert.ok(lineage.edges.some(({ from, to }) => from === 'package:rain-app@3' && to === id));
    return releases;
  };
  assert.deepEqual(await releasesFrom({ path: 'data.txt' }), []);
  release('r1');
  const shown = {
    kind: 'release',
    id: 'release:staging/r1',
    environment: 'staging',
    release: 'r1',
    name: 'rain-app@3 · rain@1',
    runId: '20261101-100000-000-aaaa',
  };
  // Asked again by the same server: it does not answer from what it knew before.
  assert.deepEqual(await releasesFrom({ path: 'data.txt' }), [shown]);
  assert.deepEqual(await releasesFrom({ model: 'rain', version: '1' }), [shown]);
  const { version } = value(await ask('modelyard/modelVersion', { model: 'rain', version: '1' }));
  assert.deepEqual(
    version.usedBy.filter(({ kind }) => kind === 'release'),
    [{ kind: 'release', environment: 'staging', release: 'r1', package: 'rain-app@3', services: [] }],
  );
  const change = (one: ModelRequests['modelyard/changeModel']['params']['change']): Promise<Answer> =>
    ask('modelyard/changeModel', { model: 'rain', change: one });
  value(await change({ kind: 'remove-alias', alias: 'candidate' }));
  assert.match(
    refusal(await change({ kind: 'delete', version: '1' })),
    /the release rain-app@3 · rain@1 in staging \(r1\) needs it/,
  );
});

test('aliases: moved, overtaken, rolled back, removed; all of it in the history', async (t) => {
  const { ask, run } = await setup(t);
  await run(3, 0.7);
  await run(4, 0.8);
  const set = (version: string, more: object = {}): Promise<Answer<{ from?: string | null }>> =>
    ask('modelyard/changeModel', {
      model: 'rain',
      change: { kind: 'set-alias', alias: 'production', version, ...more },
      reason: `because ${version}`,
    });
  assert.match(
    refusal(await ask('modelyard/previousAlias', { model: 'rain', alias: 'production' })),
    /no alias "production"; it has candidate/,
  );
  assert.deepEqual(value(await set('1', { expected: null })), { ok: true, from: null, to: '1' });
  assert.match(refusal(await set('2', { expected: null })), /points to version 1 by now, not nowhere/);
  assert.deepEqual(value(await set('2', { expected: '1' })), { ok: true, from: '1', to: '2' });
  assert.match(refusal(await set('7')), /no version 7; the newest is 2/);
  assert.deepEqual(value(await ask('modelyard/previousAlias', { model: 'rain', alias: 'production' })), {
    ok: true,
    from: '2',
    to: '1',
  });
  const back = { kind: 'roll-back', alias: 'production' } as const;
  assert.match(
    refusal(await ask('modelyard/changeModel', { model: 'rain', change: { ...back, expected: '1' } })),
    /points to version 2 by now/,
  );
  assert.deepEqual(
    value(await ask('modelyard/changeModel', { model: 'rain', change: back, reason: ' it was worse ' })),
    { ok: true, from: '2', to: '1' },
  );
  const held = await ask('modelyard/changeModel', {
    model: 'rain',
    change: { kind: 'delete', version: '1' },
  });
  assert.match(refusal(held), /the alias production points to it/);
  value(
    await ask('modelyard/changeModel', {
      model: 'rain',
      change: { kind: 'remove-alias', alias: 'production' },
      reason: '   ',
    }),
  );
  const page = value(await ask('modelyard/modelHistory', { model: 'rain', alias: 'production', limit: 3 }));
  assert.deepEqual(
    page.entries.map(({ text, reason }) => [text, reason]),
    [
      ['production removed from version 1', undefined],
      ['production rolled back from version 2 to 1', 'it was worse'],
      ['production moved from version 1 to 2', 'because 2'],
    ],
  );
  assert.equal(page.more, true);
  const rest = await ask('modelyard/modelHistory', {
    model: 'rain',
    alias: 'production',
    limit: 3,
    before: page.entries.at(-1)?.seq ?? 0,
  });
  assert.deepEqual(
    value(rest).entries.map(({ text }) => text),
    ['production set to version 1'],
  );
});

test('tags, descriptions, delete and restore, the card, the artifact', async (t) => {
  const { ask, run, root } = await setup(t);
  await run(3, 0.7);
  await run(4, 0.8);
  const change = async (one: ModelRequests['modelyard/changeModel']['params']['change']): Promise<void> => {
    value(await ask('modelyard/changeModel', { model: 'rain', change: one }));
  };
  await change({ kind: 'describe', text: 'Says whether it *rains*.' });
  await change({ kind: 'describe', text: 'The first one.', version: '1' });
  await change({ kind: 'set-tag', key: 'main-metric', value: 'loss' });
  await change({ kind: 'set-tag', key: 'reviewed', value: 'yes', version: '1' });
  const { markdown } = value(await ask('modelyard/modelCard', { model: 'rain', version: '1' }));
  assert.match(markdown, /^# rain, version 1\n/);
  assert.match(markdown, /Says whether it \*rains\*\./);
  assert.match(markdown, /The first one\./);
  assert.match(markdown, /\| reviewed \| yes \|/);
  const [model] = (await ask('modelyard/models', {})).models;
  assert.deepEqual(model?.latest?.mainMetric, { key: 'loss', value: 4, better: 'lower' });
  await change({ kind: 'remove-tag', key: 'reviewed', version: '1' });

  const artifact = value(await ask('modelyard/modelArtifact', { model: 'rain', version: '1' }));
  assert.equal(artifact.kind, 'file');
  assert.equal(readFileSync(fileURLToPath(artifact.uri), 'utf8'), '1\n2\n3\nsome data\n');

  await change({ kind: 'delete', version: '1' });
  const list = async (includeDeleted: boolean): Promise<unknown> =>
    value(await ask('modelyard/modelVersions', { model: 'rain', limit: 9, includeDeleted })).versions.map(
      ({ version, deleted }) => [version, deleted],
    );
  assert.deepEqual(await list(false), [['2', undefined]]);
  assert.deepEqual(await list(true), [
    ['2', undefined],
    ['1', true],
  ]);
  const gone = value(await ask('modelyard/modelVersion', { model: 'rain', version: '1' })).version;
  assert.equal(gone.deletedBy !== undefined, true);
  await change({ kind: 'restore', version: '1' });
  assert.match(
    refusal(await ask('modelyard/changeModel', { model: 'rain', change: { kind: 'delete' } })),
    /while aliases point to it: candidate \(version 2\)/,
  );
  await change({ kind: 'remove-alias', alias: 'candidate' });
  await change({ kind: 'delete' });
  assert.deepEqual((await ask('modelyard/models', {})).models, []);
  const all = await ask('modelyard/models', { includeDeleted: true });
  assert.equal(all.models[0]?.deleted !== undefined, true);
  await change({ kind: 'restore' });

  const object = fileURLToPath(artifact.uri);
  assert.ok(object.startsWith(path.join(root, '.modelyard', 'models')));
});

test('two versions are compared: metrics with verdicts, params, signature and lineage that differ', async (t) => {
  const { ask, run } = await setup(t);
  await run(3, 0.7);
  await run(4, 0.8);
  const { comparison } = value(
    await ask('modelyard/compareModels', {
      a: { model: 'rain', version: '1' },
      b: { model: 'rain', version: 'latest' },
    }),
  );
  assert.deepEqual([comparison.a.version, comparison.b.version], ['1', '2']);
  assert.deepEqual(
    comparison.rows
      .filter(({ section }) => section === 'metrics')
      .map(({ key, a, b, verdict }) => [key, a, b, verdict]),
    [
      ['accuracy', 0.7, 0.8, 'better'],
      ['loss', 3, 4, 'worse'],
    ],
  );
  assert.ok(comparison.rows.some(({ section, key }) => section === 'lineage' && key === 'run'));
});

test('a model travels to another project, as an archive; a damaged one is refused whole', async (t) => {
  const { ask, run, root, lsp } = await setup(t);
  await run(3, 0.7);
  const file = path.join(root, 'out', 'rain.tar');
  const exported = value(await ask('modelyard/exportModel', { model: 'rain', to: uri(file) }));
  assert.deepEqual(exported.versions, ['1']);
  assert.match(
    refusal(await ask('modelyard/exportModel', { model: 'rain', to: uri(file) })),
    /exists already/,
  );

  const brought = value(await ask('modelyard/importModel', { from: uri(file), as: 'copy' }));
  assert.deepEqual([brought.model, brought.versions], ['copy', [{ from: '1', to: '1', as: 'new' }]]);
  assert.deepEqual(
    (await ask('modelyard/models', {})).models.map(({ model }) => model),
    ['copy', 'rain'],
  );
  await until('a word about the copy', () => lsp.changed.some(({ what }) => what.includes('models')));

  const bytes = readFileSync(file);
  writeFileSync(file, bytes.subarray(0, bytes.length - 2000));
  assert.match(refusal(await ask('modelyard/importModel', { from: uri(file), as: 'third' })), /not imported/);
  assert.equal((await ask('modelyard/models', {})).models.length, 2);
});

test('a model that cannot be read is named, and the others are there', async (t) => {
  const { ask, run, root } = await setup(t);
  await run(3, 0.7);
  const models = path.join(root, '.modelyard', 'models');
  mkdirSync(path.join(models, 'broken'));
  writeFileSync(path.join(models, 'broken', 'history.ndjson'), 'not json\n');
  writeFileSync(path.join(models, 'broken', 'model.json'), '{');
  const result = await ask('modelyard/models', {});
  assert.deepEqual(
    result.models.map(({ model }) => model),
    ['rain'],
  );
  assert.ok(result.problems.length > 0);
  for (const problem of result.problems) {
    assert.match(problem.path, /^\.modelyard\/models\/broken/);
    assert.notEqual(problem.message, '');
  }
  assert.ok(existsSync(path.join(models, 'rain')), readdirSync(models).join());
});

test('what makes no sense is an answer or an error, never a hang', async (t) => {
  const { ask, lsp, root } = await setup(t);
  assert.match(
    refusal(await ask('modelyard/modelVersion', { model: '../x', version: '1' })),
    /can't be a model's name/,
  );
  assert.match(
    refusal(await ask('modelyard/modelVersion', { model: 'rain', version: '1' })),
    /no model rain/,
  );
  assert.match(
    refusal(
      await lsp.request<Answer>('modelyard/modelCard', {
        projectUri: 'file:///no',
        model: 'a',
        version: '1',
      }),
    ),
    /no open project/,
  );
  const wrong: readonly [string, object][] = [
    ['modelyard/modelVersions', { model: 'rain', limit: 'many' }],
    ['modelyard/modelVersions', { model: 'rain', limit: 1, sort: { by: 'luck', first: 'best' } }],
    ['modelyard/modelVersions', { model: 'rain', limit: 1, sort: { by: 'age', first: 'best' } }],
    ['modelyard/changeModel', { model: 'rain', change: { kind: 'explode' } }],
    ['modelyard/changeModel', { model: 'rain', change: { kind: 'set-alias', alias: 'a' } }],
    ['modelyard/exportModel', { model: 'rain', to: 'untitled:x' }],
    ['modelyard/compareModels', {}],
  ];
  for (const [method, params] of wrong) {
    await assert.rejects(
      lsp.request(method, { projectUri: uri(root), ...params }),
      new RegExp(method),
      JSON.stringify(params),
    );
  }
  const check = (what: string, text: string): Promise<{ message?: string }> =>
    lsp.request('modelyard/checkName', { what, text });
  assert.deepEqual(await check('alias', 'production'), {});
  assert.match((await check('alias', 'V3')).message ?? '', /reads like the number/);
  assert.match((await check('model', 'con/x')).message ?? '', /can't be a model's name/);
});
