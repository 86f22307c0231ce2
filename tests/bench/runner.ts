/** `modelyard run` as a whole command beside make, turbo, wireit and the least that Node can do. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import type { Peers } from './processes/peers.js';
import { type Command, interleavedMedians, peakMemoryOf, timed } from './processes/process.js';
import { type Row, absoluteRow, floorRow, ratioRow } from './table.js';
import {
  type CatTask,
  chainOfTasks,
  independentTasks,
  writeMake,
  writeModelyard,
  writeTaskList,
  writeTurbo,
  writeWireit,
} from './workload.js';

const JOBS = '2';

/** Makes a folder in which nothing has run, and gives the command for it. */
type Contestant = () => Command;

let folders = 0;

function freshFolder(scratch: string, name: string): string {
  const folder = path.join(scratch, `${name}-${folders++}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

const modelyard =
  (scratch: string, tasks: readonly CatTask[], cli: string): Contestant =>
  () => {
    const cwd = freshFolder(scratch, 'modelyard');
    writeModelyard(cwd, tasks);
    return { file: process.execPath, args: [cli, 'run', 'bench', '--jobs', JOBS], cwd };
  };

const make =
  (scratch: string, tasks: readonly CatTask[]): Contestant =>
  () => {
    const cwd = freshFolder(scratch, 'make');
    writeMake(cwd, tasks);
    return { file: 'make', args: [`-j${JOBS}`], cwd };
  };

const bareLoop =
  (scratch: string, tasks: readonly CatTask[], script: string): Contestant =>
  () => {
    const cwd = freshFolder(scratch, 'bare');
    writeTaskList(cwd, tasks);
    return { file: process.execPath, args: [script], cwd };
  };

const turbo =
  (scratch: string, tasks: readonly CatTask[], peers: Peers): Contestant =>
  () => {
    const cwd = freshFolder(scratch, 'turbo');
    writeTurbo(cwd, tasks);
    symlinkSync(peers.modules, path.join(cwd, 'node_modules'));
    for (const args of [
      ['init', '-q'],
      ['add', '-A'],
      ['-c', 'user.name=b', '-c', 'user.email=b@localhost', 'commit', '-qm', 'b'],
    ]) {
      spawnSync('git', args, { cwd });
    }
    return {
      file: peers.turbo,
      args: ['run', ...tasks.map((task) => task.name), `--concurrency=${JOBS}`, '--output-logs=none'],
      cwd,
      env: { TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', CI: '1' },
    };
  };

const wireit =
  (scratch: string, tasks: readonly CatTask[], peers: Peers): Contestant =>
  () => {
    const cwd = freshFolder(scratch, 'wireit');
    writeWireit(cwd, tasks);
    symlinkSync(peers.modules, path.join(cwd, 'node_modules'));
    return {
      file: 'npm',
      args: ['run', 'all'],
      cwd,
      env: { WIREIT_PARALLEL: JOBS, WIREIT_LOGGER: 'quiet', WIREIT_CACHE: 'local' },
    };
  };

/** Run once already; gives the same command again and again. */
function warmed(contestant: Contestant): Contestant {
  const command = contestant();
  timed(command);
  return () => command;
}

/** Cold runs beside make and beside the least that Node can do. */
function coldRows(
  work: string,
  runs: number,
  most: number,
  ours: Contestant,
  floor: Contestant,
  peer: Contestant,
): Row[] {
  const [oursMs = Number.NaN, bareMs = Number.NaN, makeMs = Number.NaN] = interleavedMedians(runs, [
    ours,
    floor,
    peer,
  ]);
  const beside = `make -j${JOBS}`;
  return [
    ratioRow({ work: `run, ${work}, cold`, beside, ours: oursMs, peer: makeMs, unit: 'ms' }, most),
    floorRow({
      work: `a bare Node loop: ${work}, nothing kept`,
      beside,
      ours: bareMs,
      peer: makeMs,
      unit: 'ms',
    }),
  ];
}

export async function runnerRows(
  scratch: string,
  cli: string,
  bareScript: string,
  peers: Peers,
): Promise<Row[]> {
  const rows: Row[] = [];
  const independent = independentTasks(200);
  const ours = modelyard(scratch, independent, cli);
  const [oursWarm = Number.NaN, turboWarm = Number.NaN] = interleavedMedians(11, [
    warmed(ours),
    warmed(turbo(scratch, independent, peers)),
  ]);
  rows.push(
    ratioRow(
      {
        work: 'run, 200 independent tasks, nothing to do',
        beside: 'turbo, the same',
        ours: oursWarm,
        peer: turboWarm,
        unit: 'ms',
      },
      1,
    ),
  );
  if (peers.make) {
    const floor = bareLoop(scratch, independent, bareScript);
    rows.push(...coldRows('200 independent tasks', 7, 2.5, ours, floor, make(scratch, independent)));
  }
  const [oursCold = Number.NaN, wireitCold = Number.NaN] = interleavedMedians(3, [
    ours,
    wireit(scratch, independent, peers),
  ]);
  rows.push(
    ratioRow(
      {
        work: 'run, 200 independent tasks, cold',
        beside: 'wireit',
        ours: oursCold,
        peer: wireitCold,
        unit: 'ms',
      },
      0.5,
    ),
  );
  if (peers.make) {
    const chain = chainOfTasks(50);
    const floor = bareLoop(scratch, chain, bareScript);
    const own = modelyard(scratch, chain, cli);
    rows.push(...coldRows('chain of 50 tasks', 9, 3, own, floor, make(scratch, chain)));
  }

  const peak = await peakMemoryOf(ours());
  const bare = await peakMemoryOf({
    file: process.execPath,
    args: ['-e', 'setTimeout(() => {}, 300)'],
    cwd: scratch,
  });
  rows.push(
    absoluteRow(
      {
        work: 'memory of the runner, 200 tasks cold',
        beside: 'node that does nothing',
        ours: peak,
        peer: bare,
        unit: 'MB',
      },
      120,
    ),
  );
  return rows;
}
