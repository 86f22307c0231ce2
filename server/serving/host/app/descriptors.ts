/** How many files and connections this process may have open, and how many of them clients may take. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describeError, errorCode } from '../../../stores/disk/problem.js';

/** For logs, the store, orders, and the pipes and probes of new processes. */
const RESERVE = 64;
const MOST_CLIENTS = 10_000;
/** What the shortest default in use is (macOS). */
const UNKNOWN = 256;

/** The soft limit of this process. */
export function descriptorLimit(): number {
  if (process.platform === 'win32') return Infinity;
  try {
    const text = readFileSync('/proc/self/limits', 'latin1');
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(text)?.[1];
    if (soft !== undefined) return soft === 'unlimited' ? Infinity : Number(soft);
  } catch {
    // Not Linux.
  }
  const { stdout, status } = spawnSync('/bin/sh', ['-c', 'ulimit -n'], { encoding: 'utf8' });
  const told = status === 0 ? stdout.trim() : '';
  if (told === 'unlimited') return Infinity;
  return /^\d+$/.test(told) ? Number(told) : UNKNOWN;
}

/** Of a client, a request takes a connection to an app beside its own; the last third is for those that are kept idle. */
export function mostClients(limit: number): number {
  return Math.max(1, Math.min(MOST_CLIENTS, Math.floor((limit - RESERVE) / 3)));
}

/** A system's error in words that tell what to do where a limit was met. */
export function describeSystemError(error: unknown): string {
  const code = errorCode(error);
  if (code !== 'EMFILE' && code !== 'ENFILE') return describeError(error);
  const whose =
    code === 'EMFILE' ? `this process may have ${descriptorLimit()} open` : 'the system has no more';
  return `too many open files and connections (${code}): ${whose}; raise \`ulimit -n\` and start the service again`;
}
