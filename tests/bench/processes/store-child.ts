/**
 * One measurement of the store in a process of its own, so that "cold" is cold: `seed ROOT COUNT`, `record ROOT`,
 * `newest ROOT` or `tail ROOT` (the floor of `newest`). Prints milliseconds.
 */
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { RunDocument, RunHeader } from '../../../server/stores/runs/document.js';
import {
  RunStore,
  newRunDocument,
  newRunId,
  ownIdentity,
  summarize,
} from '../../../server/stores/runs/runs.js';
import { median } from '../table.js';

const TASKS = ['features', 'train', 'quality'].map((id) => ({ id, task: id, action: 'run', needs: [] }));

function headerOf(id: string, at: number): RunHeader {
  return {
    id,
    pipeline: 'rain-train',
    kind: 'model-build',
    path: 'pipelines/train.pipeline.yaml',
    definitionHash: `sha256:${'0'.repeat(64)}`,
    params: { epochs: 200, seed: 42 },
    user: 'bench',
    host: 'bench',
    machine: { os: process.platform, arch: process.arch, cpus: 2, memoryBytes: 0 },
    trigger: 'terminal',
    argv: ['rain-train'],
    ...ownIdentity(),
    createdAt: new Date(at).toISOString(),
  };
}

function ended(header: RunHeader): RunDocument {
  const run = newRunDocument(header, TASKS);
  return {
    ...run,
    status: 'succeeded',
    startedAt: run.createdAt,
    endedAt: run.createdAt,
    tasks: run.tasks.map((task) => ({
      ...task,
      status: 'succeeded',
      attempts: 1,
      metrics: { accuracy: 0.75 },
    })),
  };
}

function seed(root: string, count: number): void {
  const store = RunStore.open(root);
  for (let i = 0; i < count; i++) {
    const run = ended(headerOf(newRunId(), Date.now()));
    const folder = store.folder(run.id);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'run.json'), JSON.stringify(run));
    store.index.append(summarize(run));
  }
}

/** Median over many runs of: create, twelve events with their updates, end durably, close. */
function record(root: string): number {
  const store = RunStore.open(root);
  const times: number[] = [];
  for (let i = 0; i < 60; i++) {
    const begin = performance.now();
    const header = headerOf(newRunId(), Date.now());
    const writer = store.create(header, TASKS);
    for (let event = 0; event < 12; event++) {
      writer.append({ type: 'task-started' });
      writer.update(() => newRunDocument(header, TASKS));
    }
    writer.update(ended(header), { durable: true });
    writer.close();
    times.push(performance.now() - begin);
  }
  return median(times.slice(10));
}

function newest(root: string): number {
  const begin = performance.now();
  const runs = RunStore.open(root).list({ limit: 100 });
  const ms = performance.now() - begin;
  if (runs.length !== 100) throw new Error(`expected 100 runs, got ${runs.length}`);
  return ms;
}

function tail(root: string): number {
  const begin = performance.now();
  const { log } = RunStore.open(root).index;
  // The many are compacted: what is left in the log is little, and the newest lines end the file beside it.
  const [file = log] = readdirSync(path.dirname(log))
    .filter((name) => name.startsWith('index'))
    .map((name) => path.join(path.dirname(log), name))
    .sort((a, b) => statSync(b).size - statSync(a).size);
  const fd = openSync(file, 'r');
  const buffer = Buffer.alloc(65_536);
  const { size } = fstatSync(fd);
  readSync(fd, buffer, 0, buffer.length, Math.max(0, size - buffer.length));
  closeSync(fd);
  const lines = buffer
    .toString()
    .split('\n')
    .slice(1)
    .filter((line) => line.startsWith('{'))
    .slice(-100);
  for (const line of lines) JSON.parse(line);
  return performance.now() - begin;
}

const [verb, root = '', count] = process.argv.slice(2);
switch (verb) {
  case 'seed':
    seed(root, Number(count));
    break;
  case 'record':
    console.log(record(root));
    break;
  case 'newest':
    console.log(newest(root));
    break;
  case 'tail':
    console.log(tail(root));
    break;
  default:
    throw new Error(`unknown measurement ${String(verb)}`);
}
