/**
 * Which process something belongs to and whether it still lives. A pid alone is not enough: pids are used again, so the
 * process's start time goes with it, and the machine's name, because a project may lie on a shared disk.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import process from 'node:process';
import { errorCode } from './problem.js';

export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal for the same process only. Absent where the system does not tell. */
  readonly processStart?: string;
  /** Absent: this machine. */
  readonly host?: string;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

let bootId: string | undefined;

/** Start times count from boot, so the boot is part of the identity. */
function linuxBoot(): string {
  bootId ??= readText('/proc/sys/kernel/random/boot_id')?.slice(0, 8) ?? 'boot';
  return bootId;
}

/** State and start time of proc(5)'s `stat`; the command's name in parentheses may itself hold parentheses. */
function linuxStat(pid: number): { state: string; start: string } | undefined {
  const text = readText(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, start] = [fields[0], fields[19]];
  return state === undefined || start === undefined ? undefined : { state, start: `${start}@${linuxBoot()}` };
}

/**
 * When a process started, as a string to compare; `undefined` when it does not exist or the system does not tell.
 * Spawns `ps` outside Linux, so don't ask it for many. Windows doesn't tell.
 */
export function processStartOf(pid: number): string | undefined {
  if (process.platform === 'linux') return linuxStat(pid)?.start;
  if (process.platform === 'win32') return undefined;
  const { stdout, status } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  const start = status === 0 ? stdout.trim() : '';
  return start === '' ? undefined : start;
}

let own: ProcessIdentity | undefined;

/** Of this process; what goes into run headers and locks. */
export function ownIdentity(): ProcessIdentity {
  if (own === undefined) {
    const processStart = processStartOf(process.pid);
    own = {
      pid: process.pid,
      host: os.hostname(),
      ...(processStart === undefined ? {} : { processStart }),
    };
  }
  return own;
}

/** Whether the identity belongs to another machine, of whose processes nothing can be said. */
export function isElsewhere(identity: ProcessIdentity): boolean {
  return identity.host !== undefined && identity.host !== os.hostname();
}

/** Whether that very process still lives. True on doubt: another machine's process counts as alive. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (isElsewhere(identity)) return true;
  if (!Number.isSafeInteger(identity.pid) || identity.pid <= 0) return false;
  if (process.platform === 'linux') {
    const stat = linuxStat(identity.pid);
    if (stat !== undefined) {
      // A zombie has ended; only its parent has not looked yet.
      if (stat.state === 'Z' || stat.state === 'X') return false;
      return identity.processStart === undefined || identity.processStart === stat.start;
    }
  }
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    if (errorCode(error) !== 'EPERM') return false;
  }
  if (identity.processStart === undefined || process.platform === 'linux') return true;
  const start = processStartOf(identity.pid);
  return start === undefined || start === identity.processStart;
}
