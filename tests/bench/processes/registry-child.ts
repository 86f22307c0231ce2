/**
 * One measurement of the registry in a process of its own, so that "cold" is cold. Prints milliseconds, `seed…` nothing.
 *
 *     seed-versions ROOT COUNT   register ROOT    a model with so many versions; one more, but for hashing its bytes
 *     seed-models ROOT COUNT     list ROOT        models of 20 versions; what the Models view is filled with
 *     seed-runs ROOT COUNT       upstream ROOT    runs that train a model; what the last one stands on
 *                                downstream ROOT  what used a file that 100 of them read
 *                                downstream-of-all ROOT  what used a file that all of them read, asked again
 *     move ROOT COUNT                             moves an alias so often
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { modelItem } from '../../../server/language/views/models/view.js';
import { Lineage } from '../../../server/stores/lineage/lineage.js';
import { Registry } from '../../../server/stores/registry/registry.js';
import type { Outcome } from '../../../server/stores/registry/types.js';
import type { FileRecord, RunDocument } from '../../../server/stores/runs/document.js';
import {
  RunStore,
  newRunDocument,
  newRunId,
  ownIdentity,
  summarize,
} from '../../../server/stores/runs/runs.js';
import { seedModel } from '../../support/generated/many-versions.js';
import { median } from '../table.js';

const MODEL = 'rain';
const LABELS = 'data/labels.csv';

function value<T extends object>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
  return outcome;
}

const hashOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** The bytes are in the store already, so that only what a version costs is measured. */
async function register(root: string): Promise<number> {
  const registry = Registry.open(root);
  const source = path.join(root, 'model.bin');
  writeFileSync(source, 'the same bytes each time');
  const artifact = { file: source, path: 'model.bin' };
  const times: number[] = [];
  for (let n = 0; n < 60; n++) {
    const begin = performance.now();
    // Another fingerprint each time: else it would be the version that is there already.
    const made = value(
      await registry.register({
        name: MODEL,
        artifact,
        fingerprint: hashOf(`${process.pid} ${n}`),
        metrics: { accuracy: 0.7 },
      }),
    );
    times.push(performance.now() - begin);
    if (!made.created) throw new Error('no new version was made');
  }
  return median(times.slice(10));
}

function list(root: string): number {
  const begin = performance.now();
  const items = Registry.open(root)
    .models()
    .models.map((model) => modelItem(root, model));
  const ms = performance.now() - begin;
  if (items.length === 0 || items.some(({ versions }) => versions !== 20))
    throw new Error('models are missing');
  return ms;
}

const file = (at: string, content: string): FileRecord => ({ path: at, hash: hashOf(content), bytes: 1 });

/** Labels that all share and data of the week → training set → model. A run each minute up to now. */
function trained(n: number, count: number): RunDocument {
  const at = Date.now() - (count - n) * 60_000;
  const tasks = ['features', 'train'].map((id) => ({ id, task: id, action: 'run', needs: [] }));
  const run = newRunDocument(
    {
      id: newRunId(at),
      pipeline: 'rain-train',
      kind: 'model-build',
      path: 'pipelines/train.pipeline.yaml',
      definitionHash: hashOf(''),
      params: { seed: n },
      user: 'bench',
      host: 'bench',
      machine: { os: process.platform, arch: process.arch, cpus: 2, memoryBytes: 0 },
      trigger: 'terminal',
      argv: ['rain-train'],
      ...ownIdentity(),
      createdAt: new Date(at).toISOString(),
    },
    tasks,
  );
  const week = Math.floor(n / 100);
  const made = (at: string, content: string): RunDocument['tasks'][number]['outputs'][number] => ({
    ...file(at, content),
    name: 'out',
    kind: 'file',
    mime: 'text/plain',
    cached: true,
  });
  const ends = [
    {
      inputs: [file(LABELS, 'labels'), file('data/weather.csv', `weather ${week}`)],
      outputs: [made('data/training.csv', `training ${week}`)],
    },
    {
      inputs: [file('data/training.csv', `training ${week}`), file('src/train.py', 'code')],
      outputs: [made('models/rain.json', `model ${n}`)],
    },
  ];
  return {
    ...run,
    status: 'succeeded',
    tasks: run.tasks.map((task, index) => ({ ...task, status: 'succeeded' as const, ...ends[index] })),
  };
}

async function seedRuns(root: string, count: number): Promise<void> {
  const store = RunStore.open(root);
  mkdirSync(path.dirname(store.index.log), { recursive: true });
  const lines: string[] = [];
  let last: RunDocument | undefined;
  for (let n = 0; n < count; n++) {
    const run = trained(n, count);
    const folder = store.folder(run.id);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'run.json'), JSON.stringify(run));
    // As it was appended then: the time at which a line was written is part of it.
    const { id, ...rest } = summarize(run);
    lines.push(`${JSON.stringify({ id, t: Date.parse(run.createdAt), ...rest })}\n`);
    last = run;
  }
  writeFileSync(store.index.log, lines.join(''));
  const source = path.join(root, 'rain.json');
  writeFileSync(source, `model ${count - 1}`);
  const run = { id: last?.id ?? '', pipeline: 'rain-train', task: 'train' };
  value(
    await Registry.open(root).register({
      name: MODEL,
      artifact: { file: source, path: 'models/rain.json' },
      aliases: ['production'],
      run,
    }),
  );
  // What the first question of all would do.
  Lineage.open(root).index.sync();
}

/** What production stands on. */
function upstream(root: string): number {
  const begin = performance.now();
  const { graph } = value(
    Lineage.open(root).upstream({ kind: 'version', model: MODEL, version: 'production' }),
  );
  const ms = performance.now() - begin;
  if (!graph.nodes.some((node) => node.kind === 'data' && node.path === LABELS))
    throw new Error('the version stands on nothing');
  return ms;
}

/** What used the data of one week, which a hundred runs have read. */
function downstream(root: string): number {
  const begin = performance.now();
  const { graph } = value(Lineage.open(root).downstream({ kind: 'file', hash: hashOf('weather 0') }));
  const ms = performance.now() - begin;
  if (graph.counts.task !== 200) throw new Error(`the data led to ${graph.counts.task} tasks`);
  return ms;
}

/** What used a file that every run has read, asked by a process that has the index, as the language server has. */
function downstreamOfAll(root: string): number {
  const lineage = Lineage.open(root);
  const times = Array.from({ length: 9 }, () => {
    const begin = performance.now();
    const { graph } = value(lineage.downstream({ kind: 'file', path: LABELS }));
    if (graph.counts.version !== 1) throw new Error('the labels did not lead to the version');
    return performance.now() - begin;
  });
  return median(times.slice(4));
}

function move(root: string, count: number): number {
  const registry = Registry.open(root);
  const begin = performance.now();
  for (let n = 0; n < count; n++) {
    // An alias each: every move counts, and where none is lost the history has them all.
    value(registry.setAlias(MODEL, `a${process.pid}`, String(1 + (n % 2)), { reason: String(n) }));
  }
  return (performance.now() - begin) / count;
}

async function main(): Promise<number | undefined> {
  const [verb, root = '', text = ''] = process.argv.slice(2);
  const count = Number(text);
  switch (verb) {
    case 'seed-versions':
      seedModel(Registry.open(root), MODEL, count);
      return undefined;
    case 'seed-models':
      for (let n = 0; n < count; n++) seedModel(Registry.open(root), `model-${n}`, 20);
      return undefined;
    case 'seed-runs':
      await seedRuns(root, count);
      return undefined;
    case 'register':
      return register(root);
    case 'list':
      return list(root);
    case 'upstream':
      return upstream(root);
    case 'downstream':
      return downstream(root);
    case 'downstream-of-all':
      return downstreamOfAll(root);
    case 'move':
      return move(root, count);
    default:
      throw new Error(`unknown measurement ${String(verb)}`);
  }
}

void main().then((ms) => {
  if (ms !== undefined) console.log(ms);
});
