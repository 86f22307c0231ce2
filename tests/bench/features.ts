/** The feature store's engine beside pandas (and Feast, where it installs): the same data, and results compared row by row. */
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Engine, openEngine } from '../../server/features/engine/engine.js';
import type { Plain } from '../../server/features/engine/messages.js';
import { textOf } from '../../server/features/sql.js';
import { OnlineReader } from '../../server/features/online/read.js';
import { writeOnline } from '../../server/features/online/write.js';
import { orderOf, orderQuery } from '../../server/features/statistics/order.js';
import { statistics } from '../../server/features/statistics/statistics.js';
import { tableDrift } from '../../server/features/statistics/measure.js';
import type { Column } from '../../server/features/engine/messages.js';
import type { RowOrder } from '../../server/features/statistics/types.js';
import { makeTrainingSet, type WantedView } from '../../server/features/training/training-set.js';
import { type FeaturePeers, installFeaturePeers, runPython } from './processes/python.js';
import { type Row, absoluteRow, median, percentile, ratioRow } from './table.js';

const MB = 1024 ** 2;
const HOUR_US = 3_600_000_000;

/** An engine, and what is asked of it, as values: in a benchmark nothing may go wrong. */
class Bench {
  readonly engine: Engine;
  readonly folder: string;

  private constructor(engine: Engine, folder: string) {
    this.engine = engine;
    this.folder = folder;
  }

  static async open(folder: string, program: string, memoryBytes?: number): Promise<Bench> {
    mkdirSync(folder, { recursive: true });
    const opened = await openEngine({
      readable: [],
      tempFolder: folder,
      program,
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
    });
    if (!opened.ok) throw new Error(opened.error.message);
    return new Bench(opened.value, folder);
  }

  async rows(sql: string): Promise<readonly (readonly Plain[])[]> {
    const result = await this.engine.query(sql);
    if (!result.ok) throw new Error(`${result.error.message}\n${sql}`);
    return result.value.rows;
  }

  async columns(file: string): Promise<Column[]> {
    const rows = await this.rows(`DESCRIBE SELECT * FROM '${file}'`);
    return rows.map(([name, type]) => ({ name: textOf(name), type: textOf(type) }));
  }

  async timed(work: () => Promise<unknown>, runs: number): Promise<number> {
    const times: number[] = [];
    for (let run = 0; run < runs; run++) {
      const start = performance.now();
      await work();
      times.push(performance.now() - start);
    }
    return median(times);
  }

  file(name: string): string {
    return path.join(this.folder, name);
  }
}

const VIEWS = ['a', 'b', 'c'];
/** Hours; one for each view. */
const TTL_HOURS = [24, 240, 2400];

/** Views of so many rows over so many keys, sorted as versions are, and labels of the same time. */
async function makeViews(bench: Bench, rows: number, labels: number, keys: number): Promise<void> {
  const each = rows / keys;
  for (const [index, view] of VIEWS.entries()) {
    // One row in each step of time, somewhere in it: sorted by its making, and no two at the same time.
    const step = `${(2400 / each) * HOUR_US}`;
    await bench.rows(
      `COPY (SELECT (i // ${each})::INTEGER AS k, make_timestamp((1600000000000000 + (i % ${each}) * ${step} + hash(i + ${index}) % ${step}::BIGINT)::BIGINT) AS ts, (hash(i * 3 + ${index}) % 1000000) / 1000.0::DOUBLE AS ${view}1, (hash(i * 5 + ${index}) % 100)::INTEGER AS ${view}2 FROM range(${rows}) r(i) ORDER BY i) TO '${bench.file(`${view}.parquet`)}' (FORMAT parquet, COMPRESSION zstd)`,
    );
  }
  await bench.rows(
    `COPY (SELECT i AS id, (hash(i + 11) % ${keys + 1})::INTEGER AS k, make_timestamp((1600000000000000 + hash(i + 17) % ${2500 * HOUR_US})::BIGINT) AS ts, i % 2 AS y FROM range(${labels}) r(i) ORDER BY i) TO '${bench.file('labels.parquet')}' (FORMAT parquet, COMPRESSION zstd)`,
  );
}

/** As the manifest of a version has it. */
async function orderOfView(bench: Bench, view: string): Promise<RowOrder> {
  const relation = `read_parquet('${bench.file(`${view}.parquet`)}')`;
  const [row = []] = await bench.rows(orderQuery({ relation, keys: ['k'], timestamp: 'ts' }));
  return orderOf(row);
}

/** Views as a manifest knows them. */
async function viewsOf(bench: Bench, views = VIEWS, ttl = true): Promise<WantedView[]> {
  const wanted: WantedView[] = [];
  for (const [index, view] of views.entries()) {
    const data = bench.file(`${view}.parquet`);
    wanted.push({
      name: view,
      relation: `read_parquet('${data}')`,
      columns: await bench.columns(data),
      keys: ['k'],
      timestamp: 'ts',
      order: await orderOfView(bench, view),
      ...(ttl ? { ttlMs: (TTL_HOURS[index] ?? 24) * 3_600_000 } : {}),
      features: [`${view}1`, `${view}2`].map((name) => ({ column: name, as: name })),
    });
  }
  return wanted;
}

async function trainingSet(bench: Bench, output: string, views: readonly WantedView[]): Promise<void> {
  const file = bench.file('labels.parquet');
  const made = await makeTrainingSet(bench.engine, {
    labels: { path: file, relation: `read_parquet('${file}')`, columns: await bench.columns(file) },
    views,
    cutoff: true,
    output,
    format: 'parquet',
  });
  if (!made.ok) throw new Error(made.message);
}

/**
 * Throws unless the two files have the same rows. Numbers of pandas may be doubles where ours are integers.
 * @param dropped they may leave out labels, if ours has no value for one of the features there
 */
async function same(bench: Bench, ours: string, theirs: string, dropped = false): Promise<void> {
  const names = (await bench.columns(ours)).map(({ name }) => name).filter((name) => name !== 'id');
  const differ = names.map((name) =>
    name === 'ts'
      ? 'epoch_us(o.ts) <> epoch_us(p.ts)'
      : `o."${name}" IS DISTINCT FROM nullif(p."${name}"::DOUBLE, 'nan')`,
  );
  const features = names.filter((name) => !['k', 'ts', 'y'].includes(name));
  const whole = dropped ? features.map((name) => `"${name}" IS NOT NULL`).join(' AND ') : 'true';
  const [[missing, wrong, strange] = []] = await bench.rows(
    `SELECT (SELECT count(*) FROM '${ours}' WHERE ${whole} AND id NOT IN (SELECT id FROM '${theirs}')), (SELECT count(*) FROM '${ours}' o JOIN '${theirs}' p USING (id) WHERE ${differ.join(' OR ')}), (SELECT count(*) FROM '${theirs}') - (SELECT count(*) FROM '${ours}' SEMI JOIN '${theirs}' USING (id))`,
  );
  if (missing !== 0 || wrong !== 0 || strange !== 0) {
    throw new Error(`the results differ: ${JSON.stringify({ missing, wrong, strange })}`);
  }
}

const count = (number: number): string => (number >= 1e6 ? `${number / 1e6}M` : `${number / 1000}k`);

async function besidePandas(
  scratch: string,
  program: string,
  peers: FeaturePeers,
  size: { readonly rows: number; readonly labels: number; readonly keys: number; readonly most: number },
): Promise<Row[]> {
  const bench = await Bench.open(path.join(scratch, `views-${size.rows}`), program);
  try {
    await makeViews(bench, size.rows, size.labels, size.keys);
    const ours = bench.file('ours.parquet');
    const theirs = bench.file('theirs.parquet');
    const times = [0, 1, 2].map(() => Number.NaN);
    const views = await viewsOf(bench);
    for (const run of times.keys()) times[run] = await bench.timed(() => trainingSet(bench, ours, views), 1);
    const peer = runPython(peers.python, peers.script, ['merge', bench.folder, theirs, TTL_HOURS.join(',')]);
    await same(bench, ours, theirs);
    const work = `training set, 3 views, ${count(size.rows)} rows × ${count(size.labels)} labels`;
    const rows = [
      ratioRow(
        { work, beside: 'pandas merge_asof, the same rows', ours: median(times), peer: peer.ms, unit: 'ms' },
        size.most,
      ),
    ];
    if (size.rows === 10_000_000) rows.push(await withLittleMemory(bench, program, ours, peer.peakMb));
    return rows;
  } finally {
    bench.engine.close();
  }
}

/** Feast pairs each label with each row of its key before it chooses: of the size above it takes many minutes. */
async function besideFeast(scratch: string, program: string, peers: FeaturePeers): Promise<Row[]> {
  if (peers.feast === undefined) return [];
  const bench = await Bench.open(path.join(scratch, 'feast'), program);
  try {
    await makeViews(bench, 100_000, 10_000, 1000);
    const ours = bench.file('ours.parquet');
    const theirs = bench.file('theirs.parquet');
    const views = await viewsOf(bench);
    const ms = await bench.timed(() => trainingSet(bench, ours, views), 3);
    const peer = runPython(peers.feast, peers.feastScript, [bench.folder, theirs, TTL_HOURS.join(',')]);
    // It leaves out labels for which a value is older than its ttl; ours are there, without the value.
    await same(bench, ours, theirs, true);
    const work = 'training set, 3 views, 100k rows × 10k labels';
    return [
      ratioRow({ work, beside: 'Feast, local offline store', ours: ms, peer: peer.ms, unit: 'ms' }, 0.05),
    ];
  } finally {
    bench.engine.close();
  }
}

/** The largest one once more, under a limit that its tables don't fit into. */
async function withLittleMemory(bench: Bench, program: string, expected: string, peer: number): Promise<Row> {
  const small = await Bench.open(bench.folder, program, 512 * MB);
  try {
    const output = small.file('small.parquet');
    await trainingSet(small, output, await viewsOf(small));
    if (!readFileSync(output).equals(readFileSync(expected)))
      throw new Error('little memory gives other bytes');
    return absoluteRow(
      {
        work: 'memory of the 10M × 1M training set under a limit of 512 MB',
        beside: 'pandas',
        ours: peakMb(small.engine.pid),
        peer,
        unit: 'MB',
      },
      1024,
    );
  } finally {
    small.engine.close();
  }
}

function peakMb(pid: number | undefined): number {
  const match = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid ?? 0}/status`, 'utf8'));
  return match?.[1] === undefined ? Number.NaN : Number(match[1]) / 1024;
}

/** Long histories of few keys without a ttl: where looking at all pairs of label and row never ends. */
async function dense(scratch: string, program: string): Promise<Row> {
  const bench = await Bench.open(path.join(scratch, 'dense'), program);
  try {
    await makeViews(bench, 1_000_000, 100_000, 1000);
    const output = bench.file('ours.parquet');
    const views = await viewsOf(bench, ['a'], false);
    const ours = await bench.timed(() => trainingSet(bench, output, views), 3);
    // A hundredth of the labels: all of them take half a minute.
    const naive = await bench.timed(
      () =>
        bench.rows(
          `COPY (SELECT id, k, ts, y, a1, a2 FROM (SELECT l.*, a1, a2, row_number() OVER (PARTITION BY id ORDER BY v.ts DESC) AS n FROM (SELECT * FROM '${bench.file('labels.parquet')}' WHERE id % 100 = 0) l LEFT JOIN '${bench.file('a.parquet')}' v ON l.k = v.k AND v.ts <= l.ts) WHERE n = 1) TO '${bench.file('naive.parquet')}' (FORMAT parquet)`,
        ),
      1,
    );
    const [[wrong] = []] = await bench.rows(
      `SELECT count(*) FROM '${output}' o JOIN '${bench.file('naive.parquet')}' n USING (id) WHERE o.a1 IS DISTINCT FROM n.a1 OR o.a2 IS DISTINCT FROM n.a2`,
    );
    if (wrong !== 0) throw new Error(`${JSON.stringify(wrong)} rows differ`);
    return absoluteRow(
      {
        work: 'training set, 1M rows of 1,000 keys × 100k labels, no ttl',
        beside: 'join and row_number, a hundredth of the labels',
        ours,
        peer: naive,
        unit: 'ms',
      },
      500,
    );
  } finally {
    bench.engine.close();
  }
}

async function profile(scratch: string, program: string): Promise<Row> {
  const bench = await Bench.open(path.join(scratch, 'profile'), program);
  try {
    const file = bench.file('flights.parquet');
    await bench.rows(
      `COPY (SELECT make_timestamp((1600000000 + i * 10)::BIGINT * 1000000) AS ts, (hash(i) % 1000000) / 1000.0::DOUBLE AS distance, sqrt(hash(i + 5) % 100000) AS speed, ln(1 + hash(i + 9) % 10000) AS delay, (hash(i + 21) % 300)::INTEGER AS gate, 'c' || (hash(i + 22) % 40) AS carrier FROM range(3000000) r(i) ORDER BY i) TO '${file}' (FORMAT parquet, COMPRESSION zstd)`,
    );
    const columns = (await bench.columns(file)).slice(1);
    const ours = await bench.timed(async () => {
      const made = await statistics(bench.engine, {
        relation: `read_parquet('${file}', file_row_number = true)`,
        place: 'file_row_number',
        columns,
        timestamp: 'ts',
      });
      if (!made.ok) throw new Error(made.error.message);
    }, 3);
    const peer = await bench.timed(() => bench.rows(`SUMMARIZE SELECT * EXCLUDE (ts) FROM '${file}'`), 3);
    return absoluteRow(
      { work: 'profile of 3M rows × 5 features', beside: 'SUMMARIZE of DuckDB', ours, peer, unit: 'ms' },
      1000,
    );
  } finally {
    bench.engine.close();
  }
}

const DRIFT_COLUMNS = 100;
const DRIFT_ROWS = 356_000;

/** Two tables, one of whose columns has moved further than the one before. */
async function driftRow(scratch: string, program: string, peers: FeaturePeers): Promise<Row> {
  const bench = await Bench.open(path.join(scratch, 'drift'), program);
  try {
    const files = [bench.file('before.parquet'), bench.file('now.parquet')] as const;
    for (const [side, file] of files.entries()) {
      const columns = Array.from(
        { length: DRIFT_COLUMNS },
        (_, at) =>
          `(sqrt(-2 * ln((1 + hash(i * 211 + ${at * 2 + side * 977}) % 1000000) / 1000001.0)) * cos(2 * pi() * (hash(i * 223 + ${at * 3 + side * 991}) % 1000000) / 1000000.0) + ${side === 0 ? 0 : at / 200})::DOUBLE AS f${at}`,
      );
      await bench.rows(
        `COPY (SELECT ${columns.join(', ')} FROM range(${DRIFT_ROWS}) r(i) ORDER BY i) TO '${file}' (FORMAT parquet)`,
      );
    }
    const columns = await bench.columns(files[0]);
    let found: readonly { readonly name: string; readonly ks?: { readonly statistic: number } }[] = [];
    const ours = await bench.timed(async () => {
      const before = await statistics(bench.engine, {
        relation: `read_parquet('${files[0]}', file_row_number = true)`,
        place: 'file_row_number',
        columns,
      });
      if (!before.ok) throw new Error(before.error.message);
      const compared = await tableDrift(bench.engine, before.value, {
        relation: `read_parquet('${files[1]}')`,
        columns,
      });
      if (!compared.ok) throw new Error(compared.error.message);
      found = compared.value.features;
    }, 1);
    const result = bench.file('exact.json');
    const peer = runPython(peers.python, peers.script, ['ks', bench.folder, result, '']);
    const exact = JSON.parse(readFileSync(result, 'utf8')) as Record<string, number>;
    for (const { name, ks } of found) {
      const off = (exact[name] ?? Number.NaN) - (ks?.statistic ?? Number.NaN);
      if (!(off >= -1e-9 && off <= 0.012))
        throw new Error(`${name}: ${ks?.statistic ?? ''}, and exactly ${exact[name] ?? ''}`);
    }
    return absoluteRow(
      {
        work: 'drift of 356k rows × 100 features, both sides from the start',
        beside: 'NumPy, exact Kolmogorov–Smirnov only',
        ours,
        peer: peer.ms,
        unit: 'ms',
      },
      10_000,
    );
  } finally {
    bench.engine.close();
  }
}

async function online(scratch: string, program: string): Promise<Row> {
  const bench = await Bench.open(path.join(scratch, 'online'), program);
  try {
    const keys = 1_000_000;
    const written = await writeOnline(bench.engine, {
      service: 'bench',
      folder: bench.folder,
      now: new Date(),
      views: [
        {
          view: 'users',
          version: '1',
          relation: `(SELECT 'user-' || i AS k, TIMESTAMP '2024-01-01' AS ts, i AS a, i / 7.0::DOUBLE AS b FROM range(${keys}) r(i))`,
          timestamp: 'ts',
          keys: [{ name: 'k', type: 'VARCHAR' }],
          ttl: null,
          features: [
            { name: 'a', type: 'BIGINT' },
            { name: 'b', type: 'DOUBLE' },
          ],
        },
      ],
    });
    if (!written.ok) throw new Error(written.message);
    const opened = OnlineReader.open(written.file);
    if (!opened.ok) throw new Error(opened.message);
    const times: number[] = [];
    for (let run = 0; run < 2000; run++) {
      const user = (run * 7919) % keys;
      const start = performance.now();
      const answer = opened.reader.get({ k: `user-${user}` });
      times.push(performance.now() - start);
      if (!answer.ok || answer.features['a'] !== user) throw new Error(`user-${user} was not found`);
    }
    const lines = readFileSync(written.file, 'utf8').slice(0, 200 * 1000);
    const start = performance.now();
    for (const line of lines.split('\n').slice(1, 1001)) JSON.parse(line);
    const floor = performance.now() - start;
    return absoluteRow(
      {
        work: 'look-up of the latest values among 1M keys, p95',
        beside: 'parsing 1,000 of its lines',
        ours: percentile(times.slice(100), 95),
        peer: floor,
        unit: 'ms',
      },
      5,
    );
  } finally {
    bench.engine.close();
  }
}

export async function featureRows(scratch: string, root: string): Promise<Row[]> {
  const program = path.join(root, 'dist/features.js');
  const peers = installFeaturePeers(root);
  const rows: Row[] = [];
  for (const size of [
    { rows: 1_000_000, labels: 100_000, keys: 10_000, most: 1 / 2 },
    { rows: 10_000_000, labels: 1_000_000, keys: 100_000, most: 1 / 3 },
  ]) {
    rows.push(...(await besidePandas(scratch, program, peers, size)));
  }
  rows.push(...(await besideFeast(scratch, program, peers)));
  rows.push(await dense(scratch, program));
  rows.push(await profile(scratch, program));
  rows.push(await driftRow(scratch, program, peers));
  rows.push(await online(scratch, program));
  return rows;
}
