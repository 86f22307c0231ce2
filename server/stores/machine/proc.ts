/**
 * What Linux tells of running processes, read from /proc without spawning anything. Elsewhere the answers are empty.
 */
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessStat {
  readonly pid: number;
  /** One letter, `Z` for a process that has ended and waits to be reaped. */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** Clock ticks a second in /proc; fixed by Linux's ABI on every platform that Node supports. */
const TICKS = 100;
const PAGE_BYTES = 4096;

/** One process, or nothing when it is gone or this is not Linux. Fields as in proc_pid_stat(5). */
export function processStat(pid: number): ProcessStat | undefined {
  let line: string;
  try {
    line = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The name stands in parentheses and may itself hold spaces and parentheses.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const number = (index: number): number => Number(fields[index - 3] ?? 0);
  return {
    pid,
    state: fields[0] ?? '?',
    parent: number(4),
    group: number(5),
    cpuSeconds: (number(14) + number(15) + number(16) + number(17)) / TICKS,
    residentBytes: number(24) * PAGE_BYTES,
  };
}

/** Every process of this machine that can be seen. */
export function processes(): ProcessStat[] {
  return processIds().flatMap((pid) => processStat(pid) ?? []);
}

/** Processes, other than this one, that began with all of these variables (`NAME=value`) and have not ended. */
export function processesWithEnvironment(...variables: readonly string[]): number[] {
  const wanted = variables.map((variable) => Buffer.from(variable).toString('latin1'));
  return processIds().filter((pid) => {
    if (pid === process.pid) return false;
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
      return wanted.every((variable) => environment.includes(variable)) && processStat(pid)?.state !== 'Z';
    } catch {
      return false;
    }
  });
}

/** A variable that a process was started with; nothing where it has none, is gone, or this is not Linux. */
export function variableOf(pid: number, name: string): string | undefined {
  try {
    const prefix = `${name}=`;
    const found = readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .find((variable) => variable.startsWith(prefix));
    return found?.slice(prefix.length);
  } catch {
    return undefined;
  }
}

function processIds(): number[] {
  try {
    return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  } catch {
    return [];
  }
}
