/** `modelyard run` as a whole command beside make, turbo and wireit. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import type { Peers } from './peers.js';
import { type Command, medianOf, peakMemoryOf, timed } from './process.js';
import { type Row, absoluteRow, ratioRow } from './table.js';
import {
  type CatTask,
  chainOfTasks,
  independentTasks,
  writeMake,
  writeModelyard,
  writeTurbo,
  writeWireit,
} from './workload.js';

const JOBS = '2';

function remove(folder: string, names: readonly string[]): void {
  for (const name of names) rmSync(path.join(folder, name), { recursive: true, force: true });
  mkdirSync(path.join(folder, 'out'), { recursive: true });
}

interface Contestant {
  readonly command: Command;
  /** Puts the folder back to where nothing has ever run. */
  readonly reset: () => void;
}

function modelyard(scratch: string, name: string, tasks: readonly CatTask[], cli: string): Contestant {
  const cwd = path.join(scratch, name, 'modelyard');
  mkdirSync(cwd, { recursive: true });
  writeModelyard(cwd, tasks);
  return {
    command: { file: process.execPath, args: [cli, 'run', 'bench', '--jobs', JOBS], cwd },
    reset: () => remove(cwd, ['out', '.modelyard']),
  };
}

function make(scratch: string, name: string, tasks: readonly CatTask[]): Contestant {
  const cwd = path.join(scratch, name, 'make');
  mkdirSync(cwd, { recursive: true });
  writeMake(cwd, tasks);
  return { command: { file: 'make', args: [`-j${JOBS}`], cwd }, reset: () => remove(cwd, ['out']) };
}

function turbo(scratch: string, name: string, tasks: readonly CatTask[], peers: Peers): Contestant {
  const cwd = path.join(scratch, name, 'turbo');
  mkdirSync(cwd, { recursive: true });
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
    command: {
      file: peers.turbo,
      args: ['run', ...tasks.map((task) => task.name), `--concurrency=${JOBS}`, '--output-logs=none'],
      cwd,
      env: { TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', CI: '1' },
    },
    reset: () => remove(cwd, ['out', '.turbo']),
  };
}

function wireit(scratch: string, name: string, tasks: readonly CatTask[], peers: Peers): Contestant {
  const cwd = path.join(scratch, name, 'wireit');
  mkdirSync(cwd, { recursive: true });
  writeWireit(cwd, tasks);
  symlinkSync(peers.modules, path.join(cwd, 'node_modules'));
  return {
    command: {
      file: 'npm',
      args: ['run', 'all'],
      cwd,
      env: { WIREIT_PARALLEL: JOBS, WIREIT_LOGGER: 'quiet', WIREIT_CACHE: 'local' },
    },
    reset: () => remove(cwd, ['out', '.wireit']),
  };
}

const cold = (runs: number, contestant: Contestant): number =>
  medianOf(runs, contestant.command, contestant.reset);

function warm(runs: number, contestant: Contestant): number {
  timed(contestant.command);
  return medianOf(runs, contestant.command);
}

export async function runnerRows(scratch: string, cli: string, peers: Peers): Promise<Row[]> {
  const rows: Row[] = [];
  const independent = independentTasks(200);
  const ours = modelyard(scratch, 'independent', independent, cli);
  const oursCold = cold(7, ours);
  const oursWarm = warm(11, ours);
  const turboWarm = warm(11, turbo(scratch, 'independent', independent, peers));
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
    const floor = cold(7, make(scratch, 'independent', independent));
    rows.push(
      ratioRow(
        {
          work: 'run, 200 independent tasks, cold',
          beside: `make -j${JOBS}`,
          ours: oursCold,
          peer: floor,
          unit: 'ms',
        },
        2.5,
      ),
    );
  }
  const wireitCold = cold(3, wireit(scratch, 'independent', independent, peers));
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

  const chain = chainOfTasks(50);
  const oursChain = cold(9, modelyard(scratch, 'chain', chain, cli));
  if (peers.make) {
    const floor = cold(9, make(scratch, 'chain', chain));
    rows.push(
      ratioRow(
        {
          work: 'run, chain of 50 tasks, cold',
          beside: `make -j${JOBS}`,
          ours: oursChain,
          peer: floor,
          unit: 'ms',
        },
        3,
      ),
    );
  }

  ours.reset();
  const peak = await peakMemoryOf(ours.command);
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
