/** Whole commands, timed from outside, with the peak memory that the kernel accounts to the process. */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Timed {
  readonly ms: number;
  /** Peak resident memory of the command's own process in MB; NaN where the kernel doesn't tell. */
  readonly peakMb: number;
  readonly code: number;
  readonly stderr: string;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a command to its end; throws when it fails, for a figure of a failed command is none. */
export function timed(command: Command): number {
  const start = performance.now();
  const result = spawnSync(command.file, command.args, {
    cwd: command.cwd,
    env: { ...process.env, ...command.env },
    stdio: ['ignore', 'ignore', 'pipe'],
    maxBuffer: 1 << 28,
  });
  const ms = performance.now() - start;
  if (result.status !== 0) {
    throw new Error(
      `${command.file} ${command.args.slice(0, 4).join(' ')} ended with ${String(result.status)}: ${result.stderr.toString().slice(-2000)}`,
    );
  }
  return ms;
}

/** Median of several runs; `before` puts the folder into its starting state each time and isn't timed. */
export function medianOf(runs: number, command: Command, before: () => void = () => undefined): number {
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    before();
    times.push(timed(command));
  }
  return middle(times);
}

/**
 * Medians of several commands that take turns, so that whatever else the machine does falls on all of them alike. Each
 * `fresh` gives its command in a folder where nothing has run; making that isn't timed. Folders aren't used twice: ext4
 * is slow to make files where some were deleted a moment ago, and would be measured instead.
 */
export function interleavedMedians(runs: number, contestants: readonly (() => Command)[]): number[] {
  const times = contestants.map((): number[] => []);
  for (let i = 0; i < runs; i++) contestants.forEach((fresh, at) => times[at]?.push(timed(fresh())));
  return times.map(middle);
}

const middle = (times: number[]): number =>
  times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;

const peakOf = (pid: number): number => {
  try {
    const match = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return match?.[1] === undefined ? Number.NaN : Number(match[1]) / 1024;
  } catch {
    return Number.NaN;
  }
};

/** The command's peak memory, read from /proc while it runs. */
export async function peakMemoryOf(command: Command): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command.file, command.args, {
      cwd: command.cwd,
      stdio: 'ignore',
      env: { ...process.env, ...command.env },
    });
    let peak = Number.NaN;
    const timer = setInterval(() => {
      const now = child.pid === undefined ? Number.NaN : peakOf(child.pid);
      if (!Number.isNaN(now)) peak = now;
    }, 5);
    child.on('error', reject);
    child.on('exit', () => {
      clearInterval(timer);
      resolve(peak);
    });
  });
}

/** Resident memory of a living process in MB. */
export function residentMb(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return match?.[1] === undefined ? Number.NaN : Number(match[1]) / 1024;
}
