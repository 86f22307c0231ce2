import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import type { CodeLens, CompletionList, Hover, MarkupContent } from 'vscode-languageserver/node';
import { ACTIONS } from '../../../server/definition/actions.js';
import type {
  Answer,
  ArtifactFile,
  ChangedParams,
  ExperimentCurve,
  ExperimentsPage,
  GraphResult,
  Outcome,
  PipelinesResult,
  PlanResult,
  RunView,
  RunsResult,
  TrashEntry,
} from '../../../server/protocol/index.js';
import { newRunId } from '../../../server/stores/runs/id.js';
import type { LspClient } from '../../support/lsp-client.js';
import { builtBundle, positionOf, until, uri } from '../../support/lsp-client.js';
import { modelyard } from '../../support/modelyard.js';
import { client, folder, write } from '../fixture.js';

const DEMO = `name: demo
kind: model-build
params:
  word: { type: string, default: hello, pattern: '^[a-z]+$' }
  times: { type: integer, default: 2, minimum: 1, maximum: 9 }
tasks:
  make:
    run: mkdir -p out && echo \${{ params.word }} > out/word.txt
    inputs: [source.txt]
    outputs: { text: out/word.txt }
  shout:
    run: |
      tr a-z A-Z < out/word.txt > out/loud-\${{ matrix.n }}.txt
      echo '{"key": "loss", "value": 0.5, "step": 1}' >> "$MODELYARD_METRICS"
      echo '{"score": 0.9}' > out/metrics-\${{ matrix.n }}.json
    matrix: { n: [1, 2] }
    inputs: [out/word.txt]
    outputs: { loud: 'out/loud-\${{ matrix.n }}.txt' }
    metrics: out/metrics-\${{ matrix.n }}.json
  say:
    needs: [shout]
    run: cat out/word.txt
    inputs: [out/word.txt]
`;

const SLOW = `name: slow
tasks:
  wait: { run: sleep 60, outputs: { x: never.txt } }
`;

/** Whoever changes something has to say that the workspace is trusted. */
const TRUSTED = { initializationOptions: { trusted: true } };

async function demo(
  t: Parameters<typeof folder>[0],
): Promise<{ root: string; lsp: LspClient; file: string }> {
  const root = folder(t, {
    'modelyard.yaml': 'name: views\n',
    'demo.pipeline.yaml': DEMO,
    'source.txt': '1',
  });
  return { root, lsp: await client(t, root, TRUSTED), file: path.join(root, 'demo.pipeline.yaml') };
}

function pipelines(lsp: LspClient): Promise<PipelinesResult> {
  return lsp.request('modelyard/pipelines', {});
}

/** The staleness of each task of the only pipeline, once it is as expected. */
function staleness(lsp: LspClient, expected: Readonly<Record<string, string>>): Promise<unknown> {
  let last: unknown;
  return until(`staleness ${JSON.stringify(expected)}`, async () => {
    const result = await pipelines(lsp);
    last = Object.fromEntries(result.pipelines[0]?.tasks.map((task) => [task.name, task.staleness]) ?? []);
    return JSON.stringify(last) === JSON.stringify(expected);
  }).catch((error: unknown) => {
    assert.deepEqual(last, expected);
    throw error;
  });
}

test('runs come as a table: by column, narrowed, sorted, marked, with their curves', async (t) => {
  const { root, lsp } = await demo(t);
  for (const times of [1, 2]) await modelyard(root, 'run', 'demo', '-p', `times=${times}`);
  const projectUri = uri(root);
  const page = (
    more: object,
  ): Promise<{ ok: boolean } & Partial<ExperimentsPage> & { message?: string; at?: number }> =>
    lsp.request('modelyard/experiments', {
      projectUri,
      columns: [],
      offset: 0,
      limit: 10,
      sort: [],
      ...more,
    });
  const columns = ['params.times', 'metrics.score', 'loss:best'];
  const all = await page({ columns, catalogue: true });
  const [newest = '', oldest = ''] = all.ids ?? [];
  assert.deepEqual([all.total, all.all, all.statuses], [2, 2, ['succeeded', 'succeeded']]);
  assert.deepEqual(all.columns?.[0], [2, 1]);
  assert.ok(all.catalogue?.columns.some(({ id, numeric }) => id === 'params.times' && numeric));
  const least = await page({ columns, sort: [{ column: 'params.times', descending: false }], limit: 1 });
  assert.deepEqual([least.ids, least.total], [[oldest], 2]);
  assert.deepEqual((await page({ filter: 'params.times > 1' })).ids, [newest]);
  assert.deepEqual(await page({ filter: 'params.times >' }), {
    ok: false,
    message: 'a value is missing after ">"',
    at: 14,
  });
  assert.deepEqual(await page({ filter: 'status = failed or nosuch' }), {
    ok: false,
    message: 'No run has "nosuch".',
    at: 19,
  });
  const marked = await lsp.request<Answer>('modelyard/markRuns', {
    projectUri,
    ids: [oldest],
    change: { star: true, tags: { keep: '' } },
  });
  assert.deepEqual(marked, { ok: true });
  const kept = await page({ filter: 'star and tag.keep', columns: ['tags'] });
  assert.deepEqual([kept.ids, kept.starred, kept.columns], [[oldest], [0], [['keep']]]);
  const { curves } = await lsp.request<{ curves: readonly ExperimentCurve[] }>('modelyard/experimentCurves', {
    projectUri,
    // The newer one took all its tasks from the cache: it has the curves of the one that made them.
    ids: [oldest, newest, '../x'],
    metrics: [],
    points: 10,
  });
  const of = (run: string | undefined) => curves.flatMap(({ id, ...curve }) => (id === run ? [curve] : []));
  assert.ok(of(oldest).length > 0, JSON.stringify(curves));
  assert.deepEqual(of(newest), of(oldest));
  assert.equal(curves.length, 2 * of(oldest).length);
  for (const change of [null, { tags: [1] }, { untag: 'x' }])
    await assert.rejects(lsp.request('modelyard/markRuns', { projectUri, ids: [oldest], change }));
});

test('of very many runs the newest are a table before all of them have been read', async (t) => {
  const count = 2_000;
  const params = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`p${at}`, 'x'.repeat(100)]));
  const lines = Array.from({ length: count }, (_, at) => {
    const time = Date.UTC(2026, 0, 1) + at * 60_000;
    const id = newRunId(time);
    const run = { pipeline: 'old', path: 'old.pipeline.yaml', status: 'succeeded', trigger: 'terminal' };
    const times = { createdAt: new Date(time).toISOString(), endedAt: new Date(time + 1_000).toISOString() };
    return JSON.stringify({
      id,
      t: time,
      v: 2,
      ...run,
      ...times,
      pid: 1,
      counts: {},
      metrics: { at },
      params,
    });
  });
  const root = folder(t, {
    'modelyard.yaml': 'name: many\n',
    '.modelyard/runs/index.ndjson': `${lines.join('\n')}\n`,
  });
  const lsp = await client(t, root, TRUSTED);
  const page = (more: object): Promise<Partial<ExperimentsPage>> =>
    lsp.request('modelyard/experiments', {
      ...{ projectUri: uri(root), columns: ['metrics.at'], offset: 0, limit: 3, sort: [], partial: true },
      ...more,
    });
  const newest = [[count - 1, count - 2, count - 3]];
  const first = await page({ catalogue: true });
  assert.deepEqual([first.partial, first.columns], [true, newest]);
  assert.ok((first.total ?? count) < count && (first.catalogue?.columns.length ?? 0) === 21);
  // What is narrowed or sorted is looked for among all.
  const sorted = await page({ sort: [{ column: 'metrics.at', descending: false }] });
  assert.deepEqual([sorted.partial, sorted.total, sorted.columns], [undefined, count, [[0, 1, 2]]]);
  const then = await page({});
  assert.deepEqual([then.partial, then.total, then.columns], [undefined, count, newest]);
});

interface NewPipeline {
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly settings?: string;
}

/** Actions of feature definitions, of which there are drafts out of data files, and one that needs packages of the project's own. */
const NOT_IN_TEMPLATES = new Set(['materialize', 'training-set', 'notebook']);

for (const order of [['deployment'], ['model-build', 'app-build', 'deployment']]) {
  test(`new pipelines lint clean, chain and run to a service: ${order.join(', ')}`, async (t) => {
    const root = folder(t, { 'modelyard.yaml': 'name: new\n' });
    const lsp = await client(t, root);
    const put = async (name: string, text: string): Promise<void> => {
      const file = path.join(root, name);
      const type = existsSync(file) ? 'changed' : 'created';
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
      await lsp.watched([{ file, type }]);
    };
    for (const kind of order) {
      const ask = { kind, name: `my ${kind}!`, projectUri: uri(root), folder: 'pipelines' };
      const made = await lsp.request<NewPipeline>('modelyard/template', ask);
      assert.equal(made.files[0]?.path, `pipelines/my-${kind}.pipeline.yaml`);
      for (const { path: name, text } of made.files) await put(name, text);
      if (made.settings !== undefined) await put('modelyard.yaml', `name: new\n${made.settings}`);
      // What was written is told of, and looked at a moment later.
      await until(`my-${kind} to be known`, async () =>
        (await pipelines(lsp)).pipelines.some(({ name }) => name === `my-${kind}`),
      );
    }
    for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((one) =>
      one.endsWith('.yaml'),
    )) {
      const found = () => lsp.diagnostics(path.join(root, name));
      await until(`no finding in ${name}`, async () => (await found()).length === 0).catch(async () =>
        assert.deepEqual(await found(), [], name),
      );
    }
    const { pipelines: there } = await pipelines(lsp);
    const actions = new Set(there.flatMap(({ tasks }) => tasks.map(({ action }) => action)));
    const wanted = Object.keys(ACTIONS).filter((action) => !NOT_IN_TEMPLATES.has(action));
    assert.deepEqual([...actions].sort(), wanted.sort());

    const cli = async (code: number, ...args: string[]): Promise<string> => {
      const ended = await modelyard(root, ...args);
      assert.equal(ended.code, code, ended.output);
      return ended.output;
    };
    const app = order.includes('app-build') ? 'my-app-build' : 'my-deployment-app';
    try {
      await cli(3, 'run', 'my-deployment');
      await cli(3, 'approve', '--resume');
      await cli(0, 'approve', '--resume');
      assert.match(await cli(0, 'service', 'list'), new RegExp(`${app}.*running`));
    } finally {
      // What it has started is not let run on in a folder that is gone.
      await modelyard(root, 'service', 'stop', `staging/${app}`);
    }
  });
}

test('pipelines: tasks in order, params with bounds, status and staleness that follow the disk and the runs', async (t) => {
  const { root, lsp, file } = await demo(t);
  const { projects, pipelines: list } = await pipelines(lsp);
  assert.deepEqual(projects, [
    { uri: uri(root), name: 'views', memoryUri: uri(path.join(root, '.modelyard')) },
  ]);
  const [pipeline] = list;
  assert.equal(pipeline?.uri, uri(file));
  assert.deepEqual(pipeline.params, [
    { name: 'word', type: 'string', default: 'hello' },
    { name: 'times', type: 'integer', default: '2' },
  ]);
  assert.equal(pipeline.lastRun, undefined);
  assert.deepEqual(
    pipeline.tasks.map(({ name, instances, needs, action }) => [name, instances, needs, action]),
    [
      ['make', 1, [], 'run'],
      ['shout', 2, ['make'], 'run'],
      ['say', 1, ['make', 'shout'], 'run'],
    ],
  );
  await staleness(lsp, { make: 'never-run', shout: 'never-run', say: 'always-runs' });

  assert.equal((await modelyard(root, 'run', 'demo')).code, 0);
  await until('a word that runs changed', () => lsp.changed.some((one) => one.what.includes('runs')));
  await staleness(lsp, { make: 'fresh', shout: 'fresh', say: 'always-runs' });
  const after = (await pipelines(lsp)).pipelines[0];
  assert.equal(after?.lastRun?.status, 'succeeded');
  assert.deepEqual(
    after.tasks.map((task) => task.lastStatus),
    ['succeeded', 'succeeded', 'succeeded'],
  );

  writeFileSync(path.join(root, 'source.txt'), '2');
  await lsp.watched([{ file: path.join(root, 'source.txt'), type: 'changed' }]);
  await staleness(lsp, { make: 'stale', shout: 'stale', say: 'always-runs' });
  const make = (await pipelines(lsp)).pipelines[0]?.tasks[0];
  assert.ok(
    make?.reasons.some((reason) => reason.includes('source.txt')),
    make?.reasons.join(),
  );
});

test('graph and plan', async (t) => {
  const { lsp, file } = await demo(t);
  const graph = await lsp.request<GraphResult>('modelyard/graph', { uri: uri(file) });
  assert.deepEqual(
    graph.nodes.map((node) => node.id),
    ['make', 'shout@1', 'shout@2', 'say'],
  );
  assert.deepEqual(
    graph.edges.filter((edge) => edge.to === 'say').map((edge) => [edge.from, edge.labels]),
    [
      ['make', ['out/word.txt']],
      ['shout@1', ['needs']],
      ['shout@2', ['needs']],
    ],
  );
  assert.deepEqual(graph.nodes[1]?.outputs, ['out/loud-1.txt', 'out/metrics-1.json']);
  assert.equal(graph.problem, undefined);

  const plan = await lsp.request<PlanResult>('modelyard/plan', { uri: uri(file), params: { word: 'bye' } });
  assert.deepEqual(
    plan.tasks.map((task) => [task.id, task.decision]),
    [
      ['make', 'run'],
      ['shout@1', 'run'],
      ['shout@2', 'run'],
      ['say', 'run'],
    ],
  );
  const wrong = await lsp.request<PlanResult>('modelyard/plan', { uri: uri(file), params: { wort: 'x' } });
  assert.match(wrong.problem ?? '', /wort.*word/);

  const wide = `name: wide\ntasks:\n  many:\n    run: echo \${{ matrix.n }}\n    matrix: { n: [${Array.from({ length: 60 }, (_, n) => n).join(', ')}] }\n  a: { run: x, needs: [b] }\n  b: { run: y, needs: [a] }\n`;
  const wideFile = path.join(path.dirname(file), 'wide.pipeline.yaml');
  await lsp.open(wideFile, wide);
  const cyclic = await lsp.request<GraphResult>('modelyard/graph', { uri: uri(wideFile) });
  assert.deepEqual(cyclic.nodes.map((node) => node.id).sort(), ['a', 'b', 'many']);
  assert.match(cyclic.problem ?? '', /a → b → a/);
  assert.equal(await lsp.request('modelyard/graph', { uri: uri(path.dirname(file)) }), null);
});

test('what makes a view of features comes before what computes it, wherever the view is defined', async (t) => {
  const features = (source: string) =>
    `entities:\n  station: { keys: [id] }\nviews:\n  weather:\n    entity: station\n    source: { path: ${source}, timestamp: at }\n    features: { rain: double }\n`;
  const root = folder(t, {
    'modelyard.yaml': 'name: rain\n',
    'weather.features.yaml': features('data/*.csv'),
    'main.pipeline.yaml':
      'name: main\ntasks:\n  compute:\n    materialize: weather\n  fetch:\n    run: ./fetch\n    outputs: { data: data/w.csv }\n',
  });
  const lsp = await client(t, root);
  const check = async (edges: readonly unknown[], needs: readonly string[]): Promise<void> => {
    const graph = await lsp.request<GraphResult>('modelyard/graph', {
      uri: uri(path.join(root, 'main.pipeline.yaml')),
    });
    assert.deepEqual(
      graph.edges.map(({ from, to, labels }) => [from, to, labels]),
      edges,
    );
    const tasks = (await pipelines(lsp)).pipelines[0]?.tasks;
    assert.deepEqual(tasks?.find(({ name }) => name === 'compute')?.needs, needs);
  };
  await check([['fetch', 'compute', ['data/*.csv']]], ['fetch']);
  // Unsaved text counts, as everywhere in the editor.
  await lsp.open(path.join(root, 'weather.features.yaml'), features('other.csv'));
  await check([], []);
});

test('the files of a folder are those of the run, though the workspace has gone on', async (t) => {
  const pipeline = `name: tree
params: { word: one }
tasks:
  make:
    run: mkdir -p out/sub && echo \${{ params.word }} > out/a.txt && echo \${{ params.word }} > out/sub/b.csv
    outputs: { files: out }
`;
  const root = folder(t, { 'modelyard.yaml': 'name: tree\n', 'tree.pipeline.yaml': pipeline });
  const lsp = await client(t, root);
  const ids: string[] = [];
  for (const word of ['one', 'two']) {
    const { code, output } = await modelyard(root, 'run', 'tree', '--param', `word=${word}`);
    assert.equal(code, 0, output);
    ids.push(/run (\d{8}-\S+?)[),]/.exec(output)?.[1] ?? '');
  }
  const files = async (
    id: string,
    folderPath: string,
  ): Promise<Answer<{ files: readonly ArtifactFile[]; kept: boolean }>> =>
    lsp.request('modelyard/artifactFiles', { projectUri: uri(root), id, path: folderPath });
  const first = await files(ids[0] ?? '', 'out');
  assert.ok(first.ok, JSON.stringify(first));
  assert.equal(first.kept, true);
  assert.deepEqual(
    first.files.map((file) => [file.path, readFileSync(fileURLToPath(file.uri), 'utf8')]),
    [
      ['a.txt', 'one\n'],
      ['sub/b.csv', 'one\n'],
    ],
  );
  // Without a copy: as they are now, and it is said.
  rmSync(path.join(root, '.modelyard', 'cache'), { recursive: true, force: true });
  const now = await files(ids[0] ?? '', 'out');
  assert.ok(now.ok);
  assert.equal(now.kept, false);
  assert.deepEqual(now.files.map((file) => file.path).sort(), ['a.txt', 'sub/b.csv']);
  assert.equal((await files(ids[0] ?? '', '../..')).ok, false);
});

test('runs: listed, shown whole, searched, paged, deleted', async (t) => {
  const { root, lsp, file } = await demo(t);
  for (const word of ['one', 'two', 'three']) {
    assert.equal((await modelyard(root, 'run', 'demo', '--param', `word=${word}`)).code, 0);
  }
  assert.equal((await modelyard(root, 'run', 'demo', '--param', 'word=NO')).code, 2);
  const runs = (params: object) => lsp.request<RunsResult>('modelyard/runs', { limit: 10, ...params });
  await until('three runs', async () => (await runs({})).runs.length === 3);
  const all = await runs({});
  assert.equal(all.more, false);
  assert.deepEqual(
    all.runs.map((run) => run.id),
    all.runs
      .map((run) => run.id)
      .toSorted()
      .toReversed(),
    'newest first',
  );
  const first = await runs({ limit: 2 });
  assert.equal(first.more, true);
  const rest = await runs({ limit: 2, before: first.runs[1]?.id });
  assert.deepEqual(
    [...first.runs, ...rest.runs].map((run) => run.id),
    all.runs.map((run) => run.id),
  );
  assert.equal((await runs({ text: 'word=two' })).runs.length, 1);
  assert.equal((await runs({ statuses: ['failed'] })).runs.length, 0);
  assert.equal((await runs({ projectUri: 'file:///elsewhere' })).runs.length, 0);

  const { id, projectUri } = all.runs[0]!;
  const view = await lsp.request<RunView>('modelyard/run', { projectUri, id });
  assert.equal(view.params['word'], 'three');
  assert.equal(view.definitionUri, uri(file));
  const shout = view.tasks.find((task) => task.id === 'shout@1');
  assert.equal(shout?.status, 'succeeded');
  assert.equal(shout.metrics['score'], 0.9);
  assert.equal(shout.logUri, undefined, 'it said nothing');
  const say = view.tasks.find((task) => task.id === 'say');
  assert.equal(readFileSync(fileURLToPath(say!.logUri!), 'utf8'), 'three\n');
  const loud = shout.artifacts.find((artifact) => artifact.name === 'loud');
  assert.equal(loud?.available, true);
  assert.equal(readFileSync(fileURLToPath(loud.uri), 'utf8'), 'THREE\n');
  assert.ok(view.series.some((series) => series.key === 'loss' && series.points[0]?.value === 0.5));

  // An older run's artifact was overwritten since: its bytes come from the cache.
  const older = await lsp.request<RunView>('modelyard/run', { projectUri, id: all.runs[2]!.id });
  const kept = older.tasks
    .find((task) => task.id === 'shout@1')
    ?.artifacts.find((one) => one.name === 'loud');
  assert.equal(kept?.available, true);
  assert.equal(readFileSync(fileURLToPath(kept.uri), 'utf8'), 'ONE\n');

  // What runs tell reaches the editor.
  await lsp.open(file, DEMO);
  await until('a lens that shows the run', async () =>
    (await lsp.ask<CodeLens[]>('codeLens', file)).some(
      (lens) => lens.command?.command === 'modelyard.showRun' && lens.command.arguments?.[1] === id,
    ),
  );
  const hover = await lsp.ask<Hover>('hover', file, positionOf(DEMO, 'shout', 1, 2));
  assert.match((hover.contents as MarkupContent).value, /succeeded/i);
  const asking = `${DEMO}  gate: { check: ['\${{ tasks.shout.metrics. }}'] }\n`;
  await lsp.replace(file, asking);
  const list = await lsp.ask<CompletionList>('completion', file, positionOf(asking, 'metrics. }}', 1, 8));
  assert.ok(
    list.items.some((item) => item.label === 'score'),
    'metrics of earlier runs are completed',
  );

  assert.deepEqual(await lsp.request<Outcome>('modelyard/deleteRun', { projectUri, id }), { ok: true });
  assert.equal((await runs({})).runs.length, 2);
  assert.equal(await lsp.request('modelyard/run', { projectUri, id }), null);
  const again = await lsp.request<Outcome>('modelyard/deleteRun', { projectUri, id });
  assert.ok(!again.ok && again.message.includes(id));
  const cancel = await lsp.request<Outcome>('modelyard/cancelRun', { projectUri, id: all.runs[1]!.id });
  assert.ok(!cancel.ok && cancel.message.includes('succeeded'));
});

test('what runs have set aside is listed with its run until somebody puts it back', async (t) => {
  const { root, lsp } = await demo(t);
  const trash = async () => (await lsp.request<{ entries: TrashEntry[] }>('modelyard/trash', {})).entries;
  assert.deepEqual(await trash(), []);
  write(root, { 'out/word.txt': 'mine\n' });
  assert.equal((await modelyard(root, 'run', 'demo')).code, 0);
  const [entry, ...more] = await trash();
  assert.ok(entry && more.length === 0);
  const { id, run, uri: at, at: time, ...rest } = entry;
  assert.deepEqual(rest, {
    projectUri: uri(root),
    pipeline: 'demo',
    task: 'make',
    path: 'out/word.txt',
    reason: 'found',
    mime: 'text/plain',
    bytes: 5,
    free: false,
  });
  assert.ok(Date.parse(time) > 0);
  assert.equal(readFileSync(fileURLToPath(at), 'utf8'), 'mine\n');
  const view = await lsp.request<RunView>('modelyard/run', { projectUri: uri(root), id: run });
  assert.deepEqual(view.trash, [entry]);
  rmSync(path.join(root, 'out/word.txt'));
  assert.equal((await trash())[0]?.free, true);
  assert.equal((await modelyard(root, 'trash', 'restore', id)).code, 0);
  assert.deepEqual(await trash(), []);
});

test('a run that goes on is told of, and can be cancelled', async (t) => {
  const root = folder(t, { 'slow.pipeline.yaml': SLOW });
  const lsp = await client(t, root, TRUSTED);
  await pipelines(lsp);
  const cli = await builtBundle('cli.js');
  const child = spawn(process.execPath, [cli, 'run', 'slow'], { cwd: root, stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const active = () => (lsp.changed.at(-1) as ChangedParams | undefined)?.active ?? [];
  const run = await until('the run to be told of', () =>
    active().find((one) => one.status === 'running' && one.counts.running === 1),
  );
  const ref = { projectUri: run.projectUri, id: run.id };
  const refused = await lsp.request<Outcome>('modelyard/deleteRun', ref);
  assert.ok(!refused.ok, 'a run that goes on is not deleted');
  assert.deepEqual(await lsp.request<Outcome>('modelyard/cancelRun', ref), { ok: true });
  assert.equal(await ended, 130);
  await until('it to be told as over', () => active().length === 0);
  const view = await lsp.request<RunView>('modelyard/run', ref);
  assert.equal(view.status, 'cancelled');
});

test('a run whose process was killed is shown as interrupted', async (t) => {
  const root = folder(t, { 'slow.pipeline.yaml': SLOW });
  const lsp = await client(t, root, TRUSTED);
  const cli = await builtBundle('cli.js');
  const child = spawn(process.execPath, [cli, 'run', 'slow'], { cwd: root, stdio: 'ignore', detached: true });
  const runs = async () => (await lsp.request<RunsResult>('modelyard/runs', { limit: 5 })).runs;
  await until('it to run', async () => (await runs())[0]?.status === 'running');
  await until('it to be told of', () => lsp.changed.at(-1)?.active.length === 1);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  const run = await until('it to be interrupted', async () => {
    const [first] = await runs();
    return first?.status === 'interrupted' && first;
  });
  const outcome = await lsp.request<Outcome>('modelyard/cancelRun', {
    projectUri: run.projectUri,
    id: run.id,
  });
  assert.ok(!outcome.ok, 'nothing is signalled');
  await until('nothing to be active any more', () => lsp.changed.at(-1)?.active.length === 0);
});

test('a broken run document is left as it is and told of', async (t) => {
  const { root, lsp } = await demo(t);
  for (const word of ['one', 'two']) {
    assert.equal((await modelyard(root, 'run', 'demo', '--param', `word=${word}`)).code, 0);
  }
  const before = await lsp.request<RunsResult>('modelyard/runs', { limit: 5 });
  const [broken, whole] = before.runs;
  const runFolder = path.join(root, '.modelyard/runs', broken!.id.slice(0, 6), broken!.id);
  writeFileSync(path.join(runFolder, 'run.json'), '{"half');
  assert.equal(await lsp.request('modelyard/run', { projectUri: uri(root), id: broken!.id }), null);
  assert.notEqual(await lsp.request('modelyard/run', { projectUri: uri(root), id: whole!.id }), null);
  const after = await lsp.request<RunsResult>('modelyard/runs', { limit: 5 });
  assert.ok(after.problems.some((problem) => problem.path.includes(broken!.id)));
  rmSync(path.join(root, '.modelyard'), { recursive: true });
  await until(
    'no runs',
    async () => (await lsp.request<RunsResult>('modelyard/runs', { limit: 5 })).runs.length === 0,
  );
  write(root, { 'other.txt': '' });
});

test('what failed in the last run shows where it is written, until it is changed or a run is green', async (t) => {
  const text = (metric: string) => `name: gate
tasks:
  train:
    run: |
      echo '{"accuracy": 0.9}' > metrics.json
    metrics: metrics.json
  quality:
    check: tasks.train.metrics.${metric} > 0.5
`;
  const root = folder(t, { 'modelyard.yaml': 'name: failures\n', 'gate.pipeline.yaml': text('acuracy') });
  const lsp = await client(t, root, TRUSTED);
  const file = path.join(root, 'gate.pipeline.yaml');
  await lsp.open(file, text('acuracy'));
  const failed = async () => (await lsp.diagnostics(file)).filter(({ code }) => code === 'run/failed');
  assert.deepEqual(await failed(), []);
  assert.equal((await modelyard(root, 'run', 'gate')).code, 1);
  await until('the failure on its line', async () => (await failed()).length > 0);
  const [only, ...others] = await failed();
  assert.deepEqual(others, []);
  assert.deepEqual(only?.range.start, positionOf(text('acuracy'), 'tasks.train.metrics'));
  assert.match(only.message as string, /^quality failed in the last run: .*acuracy.*accuracy/s);
  // Being mended: what was said was of another text.
  await lsp.replace(file, text('accuracy'));
  assert.deepEqual(await failed(), []);
  write(root, { 'gate.pipeline.yaml': text('accuracy') });
  assert.equal((await modelyard(root, 'run', 'gate')).code, 0);
  assert.deepEqual(await failed(), []);
});

test('a pipe in the place of a log holds nobody who looks for the failure in it', async (t) => {
  const root = folder(t, {
    'a.pipeline.yaml': 'tasks:\n  a: { run: "echo no; exit 3" }\n',
    'b.pipeline.yaml': 'tasks:\n  b: { run: python3 b.py, inputs: [b.py] }\n',
    'b.py': 'raise ValueError("no")\n',
  });
  for (const name of ['a', 'b']) assert.equal((await modelyard(root, 'run', name)).code, 1);
  const log = readdirSync(root, { recursive: true, encoding: 'utf8' }).find((one) => one.endsWith('a.log'));
  assert.ok(log);
  rmSync(path.join(root, log));
  execFileSync('mkfifo', [path.join(root, log)]);
  const lsp = await client(t, root, TRUSTED);
  const shown = (): number => lsp.pushed.get(uri(path.join(root, 'b.py')))?.diagnostics.length ?? 0;
  await until('the failure of the other one', () => shown() === 1);
});

test('the last run of a pipeline is found however many others ran since, and counts are those of all runs', async (t) => {
  const root = folder(t, {
    'modelyard.yaml': 'name: many\n',
    'old.pipeline.yaml': 'name: old\ntasks:\n  a: { run: echo a, cache: false }\n',
  });
  assert.equal((await modelyard(root, 'run', 'old')).code, 0);
  const runs = path.join(root, '.modelyard/runs');
  const line = readFileSync(path.join(runs, 'index.ndjson'), 'utf8').trim().split('\n').at(-1) ?? '';
  const { id, createdAt } = JSON.parse(line) as { id: string; createdAt: string };
  const document = readFileSync(path.join(runs, id.slice(0, 6), id, 'run.json'), 'utf8');
  const lines: string[] = [];
  for (let nth = 1; nth <= 350; nth++) {
    const at = new Date(Date.parse(createdAt) + nth * 1000);
    const stamp = at
      .toISOString()
      .replaceAll(/[-:]/g, '')
      .replace('T', '-')
      .replace('.', '-')
      .replace('Z', '');
    const other = `${stamp}-${String(nth).padStart(4, '0')}`;
    const made = (whole: string) =>
      whole.replaceAll(id, other).replaceAll('"old"', '"other"').replaceAll(createdAt, at.toISOString());
    lines.push(made(line));
    write(root, { [`.modelyard/runs/${other.slice(0, 6)}/${other}/run.json`]: made(document) });
  }
  writeFileSync(path.join(runs, 'index.ndjson'), `${line}\n${lines.join('\n')}\n`);
  const lsp = await client(t, root, TRUSTED);
  const { pipelines: list } = await pipelines(lsp);
  assert.equal(list.find(({ name }) => name === 'old')?.lastRun?.id, id);
  const result = await lsp.request<RunsResult>('modelyard/runs', { limit: 100 });
  assert.deepEqual([result.runs.length, result.more, result.counts?.total], [100, true, 351]);
  assert.deepEqual(result.counts?.byPipeline, { old: 1, other: 350 });
});

test('a program that failed shows in its own file at the line, until that is changed or a run is green', async (t) => {
  const program = (value: string) =>
    `import sys\n\ndef read(text):\n    return float(text)\n\nread(${value})\n`;
  const text =
    'name: crash\ntasks:\n  train: { run: python3 src/train.py, inputs: [src/train.py], cache: false }\n';
  const root = folder(t, { 'crash.pipeline.yaml': text, 'src/train.py': program("'x'") });
  const lsp = await client(t, root, TRUSTED);
  const at = uri(path.join(root, 'src/train.py'));
  const shown = () => lsp.pushed.get(at)?.diagnostics ?? [];
  assert.equal((await modelyard(root, 'run', 'crash')).code, 1);
  await until('the line', () => shown().length > 0);
  const [only, ...others] = shown();
  assert.deepEqual(others, []);
  assert.equal(only?.range.start.line, 3);
  assert.match(
    only.message as string,
    /^train failed in the last run: ValueError: could not convert string to float: 'x'/,
  );
  // Being mended: the lines are of another text.
  write(root, { 'src/train.py': program("'1'") });
  await lsp.watched([{ file: path.join(root, 'src/train.py'), type: 'changed' }]);
  await until('nothing of another text', () => shown().length === 0);
  write(root, { 'src/train.py': program("'y'") });
  assert.equal((await modelyard(root, 'run', 'crash')).code, 1);
  await until('the line again', () => shown().length > 0);
  assert.equal((await modelyard(root, 'run', 'crash', '--param', 'none=1')).code, 2);
  write(root, { 'src/train.py': program("'2'") });
  assert.equal((await modelyard(root, 'run', 'crash')).code, 0);
  await until('nothing after a green run', () => shown().length === 0);
});
