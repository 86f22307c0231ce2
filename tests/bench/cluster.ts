/** Tasks on a cluster, beside Snakemake's executor for Slurm on the same cluster, and beside `sbatch` itself. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { Cluster, slurmAvailable } from '../support/slurm/slurm.js';
import { type Command, interleavedMedians, timed } from './processes/process.js';
import { type Row, absoluteRow, median, ratioRow } from './table.js';

const TASKS = 200;
/** Of the peer, each of whose jobs starts a Python of its own: fewer than ours, which is to its favour. */
const PEER_TASKS = 40;
const CELLS = 1_000;
const ON_CLUSTER = 'executor: cluster\n';

const settings = (more: string): string => `executors:\n  cluster: { type: slurm${more} }\n`;
const EAGER = ', poll: 1s';

const short = (tasks: number, on = ON_CLUSTER): string => `${on}tasks:
  cell:
    matrix: { n: [${Array.from({ length: tasks }, (_, n) => n).join(', ')}] }
    run: sleep 0.1; echo \${{ matrix.n }} > out-\${{ matrix.n }}.txt
    outputs: { out: "out-\${{ matrix.n }}.txt" }
    resources: { memory: 50MiB }
`;

/** One, eight that read what it makes, and one that reads what they make. */
const GRAPH = `${ON_CLUSTER}tasks:
  first: { run: echo > a, outputs: { a: a } }
${Array.from({ length: 8 }, (_, n) => `  t${n}: { run: cat a > b${n}, inputs: [a], outputs: { b: b${n} } }\n`).join('')}  last: { run: cat b* > c, inputs: [${Array.from({ length: 8 }, (_, n) => `b${n}`).join(', ')}], outputs: { c: c } }
`;

const SNAKEFILE = `rule all:
    input: expand("out-{n}.txt", n=range(${PEER_TASKS}))
rule cell:
    output: "out-{n}.txt"
    resources: mem_mb=500, runtime=2
    shell: "sleep 0.1; echo {wildcards.n} > {output}"
`;

class Bench {
  readonly #scratch: string;
  readonly #cli: string;
  readonly #cluster: Cluster;
  #folders = 0;

  constructor(scratch: string, cli: string, cluster: Cluster) {
    this.#scratch = scratch;
    this.#cli = cli;
    this.#cluster = cluster;
  }

  #folder(files: Readonly<Record<string, string>>): string {
    const folder = path.join(this.#scratch, `project-${this.#folders++}`);
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
    return folder;
  }

  ours(pipeline: string, more = EAGER): Command {
    const cwd = this.#folder({ 'modelyard.yaml': settings(more), 'main.pipeline.yaml': pipeline });
    return { file: process.execPath, args: [this.#cli, 'run'], cwd, env: this.#cluster.env };
  }

  snakemake(python: string): Command {
    const bin = path.dirname(python);
    const cwd = this.#folder({ Snakefile: SNAKEFILE });
    // In its jobs it calls srun without `SLURM_CONF`, and ours is in no place where that looks.
    const conf = this.#cluster.env['SLURM_CONF'] ?? '';
    const wrappers = this.#programs(['srun'], `export SLURM_CONF='${conf}'`);
    return {
      file: path.join(bin, 'snakemake'),
      args: ['--executor', 'slurm', '--jobs', String(PEER_TASKS), '--slurm-no-account', '--slurm-status-command', 'squeue', '--slurm-init-seconds-before-status-checks', '1', '--seconds-between-status-checks', '1', '--default-resources', 'slurm_partition=main'],
      cwd,
      env: { ...this.#cluster.env, PATH: `${wrappers}:${bin}:${process.env['PATH'] ?? ''}` },
    }; // prettier-ignore
  }

  /**
   * How long it takes until all jobs are in the queue, from the beginning of the run, in ms; nothing starts meanwhile.
   * @param more settings of the executor @param rest how long the run is left alone then, and with what in its environment
   */
  async submission(
    pipeline: string,
    tasks: number,
    more = EAGER,
    { restMs, env }: { readonly restMs: number; readonly env: NodeJS.ProcessEnv } = { restMs: 0, env: {} },
  ): Promise<number> {
    await this.#cluster.command('scontrol', 'update', 'partitionname=main', 'state=down');
    const { file, args, cwd } = this.ours(pipeline, more);
    const child = spawn(file, [...args, '--json'], {
      cwd,
      env: { ...process.env, ...this.#cluster.env, ...env },
    });
    let began = Number.NaN;
    let left = tasks;
    let took = Number.NaN;
    for await (const line of createInterface(child.stdout)) {
      const { type } = JSON.parse(line) as { readonly type?: string };
      if (type === 'run-started') began = performance.now();
      if (type === 'task-submitted' && --left === 0) {
        took = performance.now() - began;
        break;
      }
    }
    await pause(restMs);
    child.kill('SIGKILL');
    await this.#cluster.command('scancel', '--user=root');
    await this.#cluster.command('scontrol', 'update', 'partitionname=main', 'state=up');
    if (Number.isNaN(took)) throw new Error(`only ${tasks - left} of ${tasks} tasks were submitted`);
    return took;
  }

  /** A folder for the PATH, with programs that do something before they become the real ones. */
  #programs(names: readonly string[], first: string): string {
    const folder = this.#folder({});
    for (const name of names) {
      const script = path.join(folder, name);
      writeFileSync(script, `#!/bin/sh\n${first}\nexec /usr/bin/${name} "$@"\n`);
      chmodSync(script, 0o755);
    }
    return folder;
  }

  /** `sbatch` of a job that does nothing, in ms. */
  sbatch(): number {
    return timed({ file: 'sbatch', args: ['--hold', '-o', '/dev/null', '--wrap', 'true'], cwd: this.#scratch, env: this.#cluster.env }); // prettier-ignore
  }

  /** Commands that tell when they are called. @returns them, and when, in s */
  watched(): { readonly env: NodeJS.ProcessEnv; readonly calls: () => readonly number[] } {
    const log = path.join(this.#folder({}), 'calls');
    const folder = this.#programs(['squeue', 'sinfo', 'sacct', 'scontrol'], `date +%s.%N >> ${log}`);
    return {
      env: { PATH: `${folder}:${process.env['PATH'] ?? ''}` },
      calls: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').map(Number) : []),
    };
  }
}

function snakemakePython(root: string): string {
  const { status, stdout } = spawnSync(process.execPath, [path.join(root, 'scripts/peers.mjs'), 'snakemake'], { encoding: 'utf8' }); // prettier-ignore
  if (status !== 0) throw new Error('Snakemake could not be installed from PyPI');
  return stdout.trim();
}

export async function clusterRows(scratch: string, root: string, cli: string): Promise<Row[]> {
  const available = slurmAvailable();
  if (!available.ok) {
    console.error(`skipped: ${available.why}`);
    return [];
  }
  const python = snakemakePython(root);
  const cluster = await Cluster.start();
  const bench = new Bench(scratch, cli, cluster);
  const rows: Row[] = [];
  try {
    const graphs: number[] = [];
    const floors: number[] = [];
    for (let i = 0; i < TURNS; i++) {
      floors.push(Array.from({ length: 10 }, () => bench.sbatch()).reduce((sum, ms) => sum + ms, 0));
      await cluster.command('scancel', '--user=root');
      graphs.push(await bench.submission(GRAPH, 10));
    }
    const sbatch = median(floors);
    const beyond = { work: 'a graph of 10 tasks is submitted', beside: '10 × `sbatch`', unit: 'ms' as const };
    rows.push(absoluteRow({ ...beyond, ours: median(graphs) - sbatch, peer: sbatch }, 150));

    const watch = bench.watched();
    const rest = { restMs: QUIET_MS, env: watch.env };
    const matrix = await bench.submission(short(CELLS), CELLS, '', rest);
    const last = Date.now() / 1_000;
    const work = `a matrix of ${CELLS} cells is submitted`;
    rows.push(absoluteRow({ work, beside: '`sbatch`', ours: matrix, peer: sbatch / 10, unit: 'ms' }, 3_000));
    const calls = watch.calls();
    const most = Math.max(...calls.map((at) => calls.filter((one) => one >= at && one < at + 1).length));
    const idle = calls.filter((at) => at > last - IDLE_S && at <= last).length;
    const asked = { beside: '–', peer: Number.NaN, unit: 'queries' as const };
    rows.push(
      absoluteRow(
        { ...asked, work: 'the controller is asked, in the busiest second of that', ours: most },
        2,
      ),
      absoluteRow(
        { ...asked, work: `the same, in ${IDLE_S} s while nothing changes`, ours: idle },
        IDLE_S / 10,
      ),
    );

    const [own = NaN, local = NaN] = interleavedMedians(
      5,
      [bench.ours(short(TASKS), `${EAGER}, group: 50`), bench.ours(short(TASKS, ''))].map((command) => {
        timed(command);
        return () => command;
      }),
    );
    rows.push(
      ratioRow({ work: `run, ${TASKS} tasks of a cluster, nothing to do`, beside: 'the same here', ours: own, peer: local, unit: 'ms' }, 1.3),
    ); // prettier-ignore

    const [grouped = NaN, each = NaN, peer = NaN] = interleavedMedians(1, [
      () => bench.ours(short(TASKS), `${EAGER}, group: 50`),
      () => bench.ours(short(PEER_TASKS)),
      () => bench.snakemake(python),
    ]);
    const beside = `Snakemake, ${PEER_TASKS} of them`;
    rows.push(
      ratioRow({ work: `${TASKS} tasks of 0.1 s, 50 a job`, beside, ours: grouped, peer, unit: 'ms' }, 1 / 3),
      ratioRow({ work: `${PEER_TASKS} tasks of 0.1 s, a job each`, beside, ours: each, peer, unit: 'ms' }, 1),
    );
    return rows;
  } finally {
    await cluster.stop();
  }
}

/** How often what takes no second is measured. */
const TURNS = 3;
/** How long it is counted who asks the controller; and the last of that, when the pauses have grown. */
const QUIET_MS = 50_000;
const IDLE_S = 20;
