/** What the *Experiments* tab is answered over the wire: 100,000 runs that have 200 columns between them. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ExperimentsPage, ExperimentsParams } from '../../server/protocol/index.js';
import { ensureMemory, layoutOf } from '../../server/stores/layout.js';
import { newRunId } from '../../server/stores/runs/id.js';
import { LspPeer } from './processes/lsp-peer.js';
import { residentMb } from './processes/process.js';
import { type Row, absoluteRow, median, ratioRow } from './table.js';

const RUNS = 100_000;
/** Each run has so many params and as many metrics: the most that the index keeps. */
const VALUES = 20;
/** Each pipeline has names of its own: 5 × 2 × 20 columns. */
const PIPELINES = 5;
const TIMES = 7;
const PAGE = 100;
/** Columns that are in sight, and some. */
const SHOWN = 30;

/** One line of the index, as a runner writes it. */
function lineOf(number: number): string {
  const at = Date.UTC(2026, 0, 1) + number * 60_000;
  const id = newRunId(at);
  const pipeline = number % PIPELINES;
  const values = (kind: string, value: (nth: number) => number): object =>
    Object.fromEntries(Array.from({ length: VALUES }, (_, nth) => [`${kind}${pipeline}-${nth}`, value(nth)]));
  return JSON.stringify({
    ...{ id, t: at, v: 2, pipeline: `pipeline-${pipeline}`, path: `p${pipeline}.pipeline.yaml` },
    ...{ status: number % 11 === 0 ? 'failed' : 'succeeded', createdAt: new Date(at).toISOString() },
    ...{ endedAt: new Date(at + 30_000).toISOString(), pid: 1, trigger: 'terminal', counts: {}, user: 'ada' },
    params: values('param', (nth) => (number * (nth + 7)) % 1_000),
    metrics: values('train.metric', (nth) => ((number * 7_919 + nth * 104_729) % 1_000_003) / 1_000_003),
  });
}

/** A project with an index of runs and no folders: all that a table reads. */
function seed(folder: string, count: number): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'modelyard.yaml'), 'name: bench\n');
  const layout = layoutOf(folder);
  ensureMemory(layout);
  mkdirSync(layout.runs, { recursive: true });
  const file = path.join(layout.runs, 'index.ndjson');
  writeFileSync(file, '');
  for (let from = 0; from < count; from += 10_000) {
    const lines = Array.from({ length: Math.min(10_000, count - from) }, (_, at) => lineOf(from + at));
    writeFileSync(file, `${lines.join('\n')}\n`, { flag: 'a' });
  }
  return file;
}

async function start(server: string, folder: string): Promise<LspPeer> {
  const peer = new LspPeer([server, '--stdio']);
  const uri = pathToFileURL(folder).href;
  await peer.request('initialize', {
    ...{ processId: process.pid, rootUri: uri, workspaceFolders: [{ uri, name: 'bench' }], capabilities: {} },
  });
  peer.notify('initialized', {});
  return peer;
}

/** Milliseconds until the first page is there, and how many rows pass. */
async function ask(
  peer: LspPeer,
  folder: string,
  query: Partial<ExperimentsParams>,
  catalogue = false,
): Promise<readonly [number, number]> {
  const columns = Array.from({ length: SHOWN }, (_, nth) =>
    nth % 2 === 0 ? `params.param1-${nth / 2}` : `metrics.train.metric1-${(nth - 1) / 2}`,
  );
  const begun = performance.now();
  const page = (await peer.request('modelyard/experiments', {
    ...{ projectUri: pathToFileURL(folder).href, columns, offset: 0, limit: PAGE, catalogue },
    ...{ sort: [], ...query },
  })) as { readonly ok: boolean } & ExperimentsPage;
  const ms = performance.now() - begun;
  if (!page.ok || page.columns.length !== SHOWN) throw new Error(JSON.stringify(page).slice(0, 500));
  return [ms, page.total];
}

interface Plain {
  readonly pipeline: string;
  readonly metrics: Readonly<Record<string, number>>;
}

const metric = (run: Plain): number => run.metrics['train.metric1-3'] ?? -Infinity;

/** The floor: the same by JavaScript's own means, on objects that are there. */
function floors(file: string): { readonly parse: number; readonly sort: number; readonly filter: number } {
  const timeOf = (work: () => unknown): number => {
    const begun = performance.now();
    work();
    return performance.now() - begun;
  };
  let runs: readonly Plain[] = [];
  const parse = timeOf(() => {
    runs = readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Plain]));
  });
  const middle = (work: () => unknown): number => median(Array.from({ length: TIMES }, () => timeOf(work)));
  return {
    parse,
    sort: middle(() => runs.toSorted((a, b) => metric(b) - metric(a))),
    filter: middle(() => runs.filter((run) => run.pipeline === 'pipeline-1' && metric(run) > 0.5)),
  };
}

export async function panelRows(scratch: string, server: string): Promise<Row[]> {
  const [none, many] = [path.join(scratch, 'none'), path.join(scratch, 'many')];
  seed(none, 1);
  const file = seed(many, RUNS);
  const floor = floors(file);
  const empty = await start(server, none);
  await ask(empty, none, {}, true).catch(() => undefined);
  const idle = residentMb(empty.pid);
  const peer = await start(server, many);
  const [first, some] = await ask(peer, many, { partial: true }, true);
  if (some === 0 || some >= RUNS) throw new Error(`${some} of the newest runs`);
  const [cold, total] = await ask(peer, many, {}, true);
  if (total !== RUNS) throw new Error(`${total} runs`);
  const times = async (queryOf: (time: number) => Partial<ExperimentsParams>): Promise<number> => {
    const all: number[] = [];
    for (let time = 0; time < TIMES; time++) all.push((await ask(peer, many, queryOf(time)))[0]);
    return median(all);
  };
  const warm = await times(() => ({}));
  // Each time another one: an answer that is kept is none that was measured.
  const sorted = await times((time) => ({
    sort: [{ column: `metrics.train.metric1-${time}`, descending: true }],
  }));
  const filtered = await times((time) => ({
    filter: `pipeline = pipeline-1 and metrics.train.metric1-3 > 0.5${time}`,
  }));
  const searched = await times((time) => ({ text: `pipeline-${time % PIPELINES}` }));
  const memory = residentMb(peer.pid);
  for (const one of [empty, peer]) one.stop();
  const work = (words: string): string => `experiments: ${words}, ${RUNS / 1_000}k runs × 200 columns`;
  return [
    absoluteRow(
      {
        work: work('newest runs, cold'),
        beside: 'reading and parsing the index',
        ours: first,
        peer: floor.parse,
        unit: 'ms',
      },
      500,
    ),
    ratioRow(
      {
        ...{ work: work('first page of all, cold'), beside: 'reading and parsing the index', unit: 'ms' },
        ...{ ours: cold, peer: floor.parse },
      },
      12,
    ),
    absoluteRow({ work: work('first page'), beside: 'cold', ours: warm, peer: cold, unit: 'ms' }, 500),
    absoluteRow(
      { work: work('sort'), beside: 'Array.toSorted on objects', ours: sorted, peer: floor.sort, unit: 'ms' },
      150,
    ),
    absoluteRow(
      {
        work: work('filter'),
        beside: 'Array.filter on objects',
        ours: filtered,
        peer: floor.filter,
        unit: 'ms',
      },
      150,
    ),
    absoluteRow(
      { work: work('search'), beside: 'the filter', ours: searched, peer: filtered, unit: 'ms' },
      150,
    ),
    absoluteRow(
      { work: work('memory of the server'), beside: 'with one run', ours: memory, peer: idle, unit: 'MB' },
      idle + 150,
    ),
  ];
}
