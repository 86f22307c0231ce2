/**
 * Which process something belongs to and whether it still lives. A pid alone is not enough: pids are used again, so the
 * process's start time goes with it, and its place: the machine, its boot and, on Linux, the namespace that the pid is
 * counted in. Not the machine's name, which a container gets anew each time and a laptop changes with its network.
 *
 * Of a process in another place nothing can be seen but its heartbeat: it touches its files while it lives
 * (`heartbeat.ts`), and counts as gone once they have been silent for `LAPSE_MS`.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import os from 'node:os';
import process from 'node:process';
import { defined } from '../../base/defined.js';
import { errorCode } from '../disk/problem.js';
import { statOf } from '../disk/folder.js';

export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal for the same process only. Absent where the system does not tell. */
  readonly processStart?: string;
  /** The machine's name, for people. */
  readonly host?: string;
  /** Opaque: machine, boot and pid namespace. Absent in what versions before 0.2 wrote. */
  readonly place?: string;
}

/** When a process of another place was last heard of, in ms since 1970; 0: never. */
export type LastSign = () => number;

/** A process of another place that was silent for so long is gone. Its heart beats every `BEAT_MS`. */
export const LAPSE_MS = 3 * 60 * 1000;
export const BEAT_MS = 30 * 1000;

/** When the newest of these files was changed. */
export function signIn(...files: readonly string[]): LastSign {
  return () => Math.max(0, ...files.map((file) => statOf(file)?.mtimeMs ?? 0));
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
  const start = told('ps', ['-o', 'lstart=', '-p', String(pid)])?.trim() ?? '';
  return start === '' ? undefined : start;
}

/** What a program of the system prints. */
function told(program: string, args: readonly string[]): string | undefined {
  const { stdout, status } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
    windowsHide: true,
  });
  return status === 0 ? stdout : undefined;
}

/** What the system itself calls this machine; its name where it says nothing. */
function machineId(): string {
  switch (process.platform) {
    case 'darwin':
      return (
        /"IOPlatformUUID" = "([^"]+)"/.exec(
          told('ioreg', ['-rd1', '-c', 'IOPlatformExpertDevice']) ?? '',
        )?.[1] ?? os.hostname()
      );
    case 'win32':
      return (
        /MachineGuid\s+REG_SZ\s+(\S+)/.exec(
          told('reg', ['query', 'HKLM\\SOFTWARE\\Microsoft\\Cryptography', '/v', 'MachineGuid']) ?? '',
        )?.[1] ?? os.hostname()
      );
    default: {
      const id = (readText('/etc/machine-id') ?? readText('/var/lib/dbus/machine-id') ?? '').trim();
      return id === '' ? os.hostname() : id;
    }
  }
}

/** Counts pids on its own: containers of one machine each have one. */
function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
  } catch {
    return '';
  }
}

let ownPlace: string | undefined;

/** Opaque; the same for all processes of this machine, in containers too where they share its id. */
export function machineHere(): string {
  return placeHere().split('.')[0] ?? '';
}

/** Where this process runs: `machine.boot.namespace`. The machine's id is confidential and goes in as a hash. */
function placeHere(): string {
  if (ownPlace === undefined) {
    const linux = process.platform === 'linux';
    // A test may only make this machine another one: what goes into the hash can't make it a given one.
    const machine = createHash('sha256')
      .update(`modelyard\0${machineId()}\0${process.env['MODELYARD_TEST_MACHINE'] ?? ''}`)
      .digest('hex')
      .slice(0, 16);
    ownPlace = [machine, linux ? linuxBoot() : '', linux ? pidNamespace() : ''].join('.');
  }
  return ownPlace;
}

let own: ProcessIdentity | undefined;

/** Of this process; what goes into run headers and locks. */
export function ownIdentity(): ProcessIdentity {
  if (own === undefined) {
    const processStart = processStartOf(process.pid);
    own = {
      pid: process.pid,
      host: os.hostname(),
      place: placeHere(),
      ...defined({ processStart }),
    };
  }
  return own;
}

/** Where a process belongs. `before`: to this machine, before it was started anew. */
function whereIs({ host, place }: ProcessIdentity): 'here' | 'before' | 'elsewhere' {
  if (place === undefined) return host === undefined || host === os.hostname() ? 'here' : 'elsewhere';
  const here = placeHere();
  if (place === here) return 'here';
  const [machine, boot] = place.split('.');
  const [ownMachine, ownBoot] = here.split('.');
  // Images of machines and containers are copied with their ids: then only the heartbeat tells.
  return machine === ownMachine && boot !== ownBoot && host === os.hostname() ? 'before' : 'elsewhere';
}

/** Whether the identity belongs to another machine or container, of whose processes nothing can be seen. */
export function isElsewhere(identity: ProcessIdentity): boolean {
  return whereIs(identity) === 'elsewhere';
}

/**
 * Whether that very process still lives.
 * @param lastSign of a process of another place; without it, it counts as alive
 */
export function isAlive(identity: ProcessIdentity, lastSign: LastSign = Date.now): boolean {
  const where = whereIs(identity);
  if (where === 'elsewhere') return Date.now() - lastSign() < LAPSE_MS;
  if (where === 'before') return false;
  return runsHere(identity) || (isBare(identity) && pidInUse(identity.pid));
}

/** A number and nothing else: enough to leave something alone, never enough to signal anybody. */
function isBare({ processStart, place }: ProcessIdentity): boolean {
  return processStart === undefined && place === undefined;
}

/**
 * Whether it is proven that the pid is that very process, here and now: only then may it be signalled. A pid of 1 or
 * less is never ours: it would mean a container's first process, or everything that the user has.
 */
export function isOurs(identity: ProcessIdentity): boolean {
  return identity.pid > 1 && whereIs(identity) === 'here' && runsHere(identity);
}

/** The pid lives and is the process that started then. Where the system tells start times, one without is not known. */
function runsHere({ pid, processStart }: ProcessIdentity): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  if (ownIdentity().processStart === undefined) return pidInUse(pid);
  if (processStart === undefined) return false;
  // A run asks for itself at each step.
  if (pid === process.pid) return ownIdentity().processStart === processStart;
  if (process.platform !== 'linux') return processStartOf(pid) === processStart;
  const stat = linuxStat(pid);
  // A zombie has ended; only its parent has not looked yet.
  return stat?.start === processStart && stat.state !== 'Z' && stat.state !== 'X';
}

/** Whether any process has that number: all that can be said of a temp file's writer. */
export function pidInUse(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/** Signals a process that is proven to be the one that is meant, and no other. Never throws. */
export function signalOurs(
  identity: ProcessIdentity,
  signal: NodeJS.Signals,
): { readonly ok: true } | { readonly ok: false; readonly why: 'stranger' | 'gone' | 'denied' } {
  if (!isOurs(identity)) return { ok: false, why: 'stranger' };
  try {
    process.kill(identity.pid, signal);
    return { ok: true };
  } catch (error) {
    return { ok: false, why: errorCode(error) === 'EPERM' ? 'denied' : 'gone' };
  }
}
