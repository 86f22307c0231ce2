/** Questions about lineage, on runs made up for it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  rmSync,
  writeFileSync,
  readFileSync,
  readdirSync,
} from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Lineage } from '../../../server/stores/lineage/lineage.js';
import type { LineageGraph, LineageTarget } from '../../../server/stores/lineage/lineage.js';
import { ensureMemory, layoutOf } from '../../../server/stores/layout.js';
import { Registry } from '../../../server/stores/registry/registry.js';
import type { ArtifactRecord, FileRecord, RunDocument } from '../../../server/stores/runs/document.js';
import { RunStore, newRunDocument, newRunId, summarize } from '../../../server/stores/runs/runs.js';
import { header } from '../stores/support.js';
import { file, tempFolder, value } from './support.js';

const hashOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const input = (at: string, content: string): FileRecord => ({ path: at, hash: hashOf(content), bytes: 1 });
const output = (at: string, content: string): ArtifactRecord => ({
  ...input(at, content),
  name: 'out',
  kind: 'file',
  mime: 'text/plain',
  cached: true,
});

/** labels + weather → training set → model → report; `n` decides what differs between runs. */
function runOf(id: string, n: number, status: RunDocument['status'] = 'succeeded'): RunDocument {
  const tasks = ['features', 'train', 'evaluate'].map((task) => ({
    id: task,
    task,
    action: task === 'features' ? 'training-set' : 'run',
    needs: [],
  }));
  const run = newRunDocument(header({ id, pipeline: 'rain-train' }), tasks);
  const [features, train, evaluate] = run.tasks;
  const week = Math.floor(n / 100);
  return {
    ...run,
    status,
    tasks: [
      {
        ...features!,
        status: 'succeeded',
        inputs: [input('data/labels.csv', 'labels'), input('data/weather.csv', `weather ${week}`)],
        outputs: [output('data/training.csv', `training ${week}`)],
      },
      {
        ...train!,
        status: 'succeeded',
        inputs: [input('data/training.csv', `training ${week}`), input('src/train.py', 'code')],
        outputs: [output('models/rain.json', `model ${n}`)],
      },
      {
        ...evaluate!,
        status: 'succeeded',
        inputs: [input('models/rain.json', `model ${n}`)],
        outputs: [output('reports/r.html', `report ${n}`)],
      },
    ],
  };
}

function write(store: RunStore, run: RunDocument): void {
  assert.ok(ensureMemory(store.layout).ok);
  const folder = store.folder(run.id);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'run.json'), JSON.stringify(run));
  mkdirSync(path.dirname(store.index.log), { recursive: true });
  store.index.append(summarize(run));
}

/** As the index of runs has it: id and time come first. */
function lineOf(run: RunDocument, time: number): object {
  const { id, ...rest } = summarize(run);
  return { id, t: time, ...rest };
}

const short = (graph: LineageGraph): string[] =>
  graph.nodes.map((node) => {
    if (node.kind === 'task') return `task ${node.task}`;
    if (node.kind === 'version') return `version ${node.model}@${node.version}`;
    return 'path' in node ? `${node.kind} ${node.path}` : node.id.replace(':', ' ');
  });

async function register(registry: Registry, content: string, run: string | undefined): Promise<void> {
  const source = file(registry.root, 'models/rain.json', content);
  value(
    await registry.register({
      name: 'rain',
      artifact: { file: source, path: 'models/rain.json' },
      ...(run === undefined ? {} : { run: { id: run, pipeline: 'rain-train', task: 'train' } }),
      inputs: [input('data/elsewhere.csv', 'elsewhere')],
      fingerprint: content,
    }),
  );
}

test('what production stands on, and what used a file', async (t) => {
  const root = tempFolder(t);
  const store = RunStore.open(root);
  const registry = Registry.open(root);
  const ids = [newRunId(), newRunId(), newRunId()];
  write(store, runOf(ids[0]!, 0));
  await register(registry, 'model 0', ids[0]);
  value(registry.setAlias('rain', 'production', '1'));
  const lineage = Lineage.open(root);
  const up = value(lineage.upstream({ kind: 'version', model: 'rain', version: 'production' })).graph;
  assert.deepEqual(short(up), [
    'version rain@1',
    'artifact models/rain.json',
    'task train',
    'training-set data/training.csv',
    'data src/train.py',
    'task features',
    'data data/labels.csv',
    'data data/weather.csv',
  ]);
  assert.equal(up.edges.length, 7);
  const down = (target: LineageTarget): string[] => short(value(lineage.downstream(target)).graph);
  const expected = [
    'data data/weather.csv',
    'task features',
    'training-set data/training.csv',
    'task train',
    'artifact models/rain.json',
    'version rain@1',
    'task evaluate',
    'artifact reports/r.html',
  ];
  assert.deepEqual(down({ kind: 'file', path: 'data/weather.csv' }), expected);
  assert.deepEqual(down({ kind: 'file', hash: hashOf('weather 0') }), expected);
  // A second run with other weather: the index follows without being told.
  write(store, runOf(ids[1]!, 100));
  await register(registry, 'model 100', ids[1]);
  assert.deepEqual(down({ kind: 'file', hash: hashOf('weather 0') }), expected);
  const all = down({ kind: 'file', path: 'data/weather.csv' });
  assert.ok(all.includes('version rain@1') && all.includes('version rain@2'));
  assert.deepEqual(down({ kind: 'task', run: ids[1]!, task: 'train' }), [
    'task train',
    'artifact models/rain.json',
    'version rain@2',
    'task evaluate',
    'artifact reports/r.html',
  ]);
  // A run that has not ended comes in when it has.
  const live = runOf(ids[2]!, 200, 'running');
  write(store, live);
  assert.ok(!down({ kind: 'file', hash: hashOf('labels') }).includes('x'));
  assert.deepEqual(
    value(lineage.downstream({ kind: 'file', hash: hashOf('weather 200') })).graph.counts.task,
    0,
  );
  write(store, runOf(ids[2]!, 200));
  assert.equal(value(lineage.downstream({ kind: 'file', hash: hashOf('weather 2') })).graph.counts.task, 3);
  // The run is gone: what it did is still known; a version from elsewhere says what it stood on itself.
  value({ ...store.remove(ids[0]!), ok: true });
  assert.equal(
    value(lineage.upstream({ kind: 'version', model: 'rain', version: '1' })).graph.nodes.length,
    8,
  );
  await register(registry, 'from elsewhere', undefined);
  assert.deepEqual(short(value(lineage.upstream({ kind: 'version', model: 'rain', version: '3' })).graph), [
    'version rain@3',
    'data models/rain.json',
    'data data/elsewhere.csv',
  ]);
  value(registry.deleteVersion('rain', '2'));
  assert.ok(!down({ kind: 'file', path: 'data/weather.csv' }).includes('version rain@2'));
  assert.ok(!lineage.upstream({ kind: 'file', path: 'nowhere' }).ok);
  assert.ok(!lineage.upstream({ kind: 'version', model: 'rain', version: '9' }).ok);
});

test('a lost or damaged index is made again', async (t) => {
  const root = tempFolder(t);
  const cache = tempFolder(t);
  const homeCache = process.env['XDG_CACHE_HOME'];
  process.env['XDG_CACHE_HOME'] = cache;
  t.after(() => {
    if (homeCache === undefined) Reflect.deleteProperty(process.env, 'XDG_CACHE_HOME');
    else process.env['XDG_CACHE_HOME'] = homeCache;
  });
  const store = RunStore.open(root);
  const registry = Registry.open(root);
  const id = newRunId();
  write(store, runOf(id, 0));
  await register(registry, 'model 0', id);
  const ask = (): LineageGraph =>
    value(Lineage.open(root).downstream({ kind: 'file', path: 'data/labels.csv' })).graph;
  const before = ask();
  // It lies in the user's cache: asking changes nothing in the project.
  assert.equal(existsSync(path.join(root, '.modelyard/index')), false);
  const indexes = path.join(cache, 'modelyard/lineage');
  const [name = '', ...others] = readdirSync(indexes);
  assert.equal(others.length, 0);
  const folder = path.join(indexes, name, 'lineage');
  const state = path.join(folder, 'state.json');
  for (const damage of [
    () => rmSync(folder, { recursive: true }),
    () => rmSync(state),
    () => writeFileSync(state, '{'),
    () => writeFileSync(state, '{"format":99}'),
    () =>
      appendFileSync(
        path.join(folder, `${hashOf('labels').slice(7, 9)}.tsv`),
        `\n${hashOf('labels').slice(7)}\ti\ttorn`,
      ),
  ]) {
    damage();
    assert.deepEqual(ask(), before);
  }
  // Any file of it, however it came to be another one: derived data is never believed.
  const shards = readdirSync(folder).filter((name) => name.endsWith('.tsv'));
  assert.ok(shards.length > 1);
  const harms: readonly ((bytes: Buffer) => Buffer | undefined)[] = [
    () => undefined,
    () => Buffer.alloc(0),
    (bytes) => bytes.subarray(0, bytes.length >> 1),
    (bytes) => Buffer.from(bytes.map((byte, at) => (at % 7 === 3 ? byte ^ 1 : byte))),
  ];
  for (const [at, harm] of [...harms, ...harms].entries()) {
    const file = path.join(folder, shards[at % shards.length] ?? '');
    const bytes = harm(readFileSync(file));
    if (bytes === undefined) rmSync(file);
    else writeFileSync(file, bytes);
    assert.deepEqual(ask(), before);
  }
});

test('10,000 runs are asked in well under a second', async (t) => {
  const root = tempFolder(t);
  const store = RunStore.open(root);
  const registry = Registry.open(root);
  ensureMemory(layoutOf(root));
  const count = 10_000;
  const base = Date.now() - count * 60_000;
  const ids: string[] = [];
  const lines: string[] = [];
  for (let n = 0; n < count; n++) {
    const id = newRunId(base + n * 60_000);
    ids.push(id);
    const run = runOf(id, n);
    const folder = store.folder(id);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'run.json'), JSON.stringify(run));
    lines.push(JSON.stringify(lineOf(run, base + n * 60_000)));
  }
  writeFileSync(store.index.log, `${lines.join('\n')}\n`);
  for (const n of [17, 5000, 9999]) await register(registry, `model ${n}`, ids[n]);
  let begin = performance.now();
  Lineage.open(root).index.sync();
  t.diagnostic(`made from nothing: ${(performance.now() - begin).toFixed(0)} ms`);
  const ask = (name: string, work: (lineage: Lineage) => LineageGraph): LineageGraph => {
    const times: number[] = [];
    let graph: LineageGraph | undefined;
    for (let round = 0; round < 5; round++) {
      const lineage = Lineage.open(root);
      begin = performance.now();
      graph = work(lineage);
      times.push(performance.now() - begin);
    }
    times.sort((a, b) => a - b);
    t.diagnostic(`${name}: ${times[2]!.toFixed(1)} ms, first ${Math.max(...times).toFixed(1)} ms`);
    assert.ok(times[2]! < 2_000);
    return graph!;
  };
  const up = ask(
    'upstream of a version',
    (lineage) => value(lineage.upstream({ kind: 'version', model: 'rain', version: '2' })).graph,
  );
  assert.equal(up.nodes.length, 8);
  const some = ask(
    'downstream of a file of 100 runs',
    (lineage) => value(lineage.downstream({ kind: 'file', hash: hashOf('weather 50') })).graph,
  );
  assert.equal(some.counts.task, 300);
  assert.ok(short(some).includes('version rain@2'));
  const every = ask(
    'downstream of a file of all runs',
    (lineage) => value(lineage.downstream({ kind: 'file', path: 'data/labels.csv' })).graph,
  );
  assert.deepEqual(every.counts, {
    data: 1,
    view: 0,
    artifact: 20_000,
    'training-set': 100,
    task: 30_000,
    version: 3,
    package: 0,
    release: 0,
    service: 0,
  });
  assert.ok(every.truncated && every.nodes.length === 500);
  for (const version of ['1', '2', '3']) assert.ok(short(every).includes(`version rain@${version}`));
});
