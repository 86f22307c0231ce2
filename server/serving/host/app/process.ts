/**
 * One process of an app: started in a group of its own, or taken over from a host that was killed, and ended as a whole.
 */
import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { defined } from '../../../base/defined.js';
import { delay } from '../../../base/delay.js';
import { endTree } from '../../../stores/machine/end-tree.js';
import { isOurs, processStartOf } from '../../../stores/machine/liveness.js';
import type { ProcessIdentity } from '../../../stores/machine/liveness.js';
import { processStat, processes, processesWithEnvironment } from '../../../stores/machine/proc.js';
import type { AppStream } from './output.js';
import { makeOutputPipe, openOutputPipe } from './pipe.js';

/** Known to the process and all that it starts. */
export const REPLICA_MARK = 'MODELYARD_REPLICA';

const POLL_MS = 100;
/** How long output is read on when the process has ended. */
const OUTPUT_MS = 500;
const STOP_POLL_MS = 20;
const GIVE_UP_MS = 5_000;

export interface AppStart {
  readonly id: string;
  /** A shell command. */
  readonly command: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Where the pipe for its output is made. */
  readonly pipe: string;
  readonly output: AppStream;
}

export interface AppExit {
  /** `exit code 1`, `signal SIGKILL`, … */
  readonly how: string;
}

export class AppProcess {
  readonly id: string;
  readonly identity: ProcessIdentity;
  readonly exited: Promise<AppExit>;
  #gone = false;
  #signalled = false;

  private constructor(id: string, identity: ProcessIdentity, exited: Promise<AppExit>) {
    this.id = id;
    this.identity = identity;
    this.exited = exited.then((exit) => {
      this.#gone = true;
      return exit;
    });
  }

  /** Starts it. Rejects when the system can't (no shell, no folder). */
  static async start(options: AppStart): Promise<AppProcess> {
    const pipe = makeOutputPipe(options.pipe);
    const windows = process.platform === 'win32';
    const child = spawn(
      windows ? (process.env['ComSpec'] ?? 'cmd.exe') : '/bin/sh',
      windows ? ['/d', '/s', '/c', `"${options.command}"`] : ['-e', '-c', options.command],
      {
        cwd: options.cwd,
        env: { ...options.env, [REPLICA_MARK]: options.id },
        detached: true,
        stdio: ['ignore', pipe?.fd ?? 'pipe', pipe?.fd ?? 'pipe'],
        windowsHide: true,
        windowsVerbatimArguments: windows,
      },
    );
    if (pipe !== undefined) closeSync(pipe.fd);
    const outputs = [pipe?.output, child.stdout, child.stderr].filter(
      (one) => one !== null && one !== undefined,
    );
    follow(outputs, options.output);
    const exited = new Promise<AppExit>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        setTimeout(() => outputs.forEach((one) => one.destroy()), OUTPUT_MS);
        resolve({ how: signal === null ? `exit code ${code ?? 0}` : `signal ${signal}` });
      });
    });
    if (child.pid === undefined) await exited;
    exited.catch(() => undefined);
    const pid = child.pid ?? 0;
    const processStart = processStartOf(pid);
    return new AppProcess(options.id, { pid, ...defined({ processStart }) }, exited);
  }

  /** Takes over a process that another host has started. It is no child of ours, so that it has to be looked at. */
  static adopt(id: string, identity: ProcessIdentity, pipe: string, stream: AppStream): AppProcess {
    const output = openOutputPipe(pipe);
    if (output !== undefined) follow([output], stream);
    const exited = new Promise<AppExit>((resolve) => {
      const timer = setInterval(() => {
        if (isOurs(identity)) return;
        clearInterval(timer);
        setTimeout(() => output?.destroy(), OUTPUT_MS);
        resolve({ how: 'an end that nobody saw' });
      }, POLL_MS);
    });
    return new AppProcess(id, identity, exited);
  }

  get alive(): boolean {
    return !this.#gone;
  }

  /** Whether it was ended by us. */
  get stopped(): boolean {
    return this.#signalled;
  }

  /** SIGTERM for the whole group, then SIGKILL after `graceMs`. Resolves when no process of it is left. */
  async stop(graceMs: number): Promise<void> {
    this.#signalled = true;
    // Once the leader has ended its number may be another's; what it left behind is told by the mark.
    await endProcesses(
      this.#gone && process.platform === 'linux' ? undefined : this.identity.pid,
      this.id,
      graceMs,
    );
    await this.exited;
  }
}

function follow(outputs: readonly Readable[], stream: AppStream): void {
  let open = outputs.length;
  for (const output of outputs) {
    output.on('data', (chunk: Buffer) => stream.push(chunk));
    output.on('error', () => undefined);
    output.once('close', () => {
      if (--open === 0) stream.end();
    });
  }
}

/**
 * Processes that belong to a replica: those of its group, and those that have left it and kept its environment.
 * `group`: its leader's pid, when that is known to be the same process still; numbers are used again.
 */
export function processesOf(group: number | undefined, id: string): number[] {
  const marked = processesWithEnvironment(`${REPLICA_MARK}=${id}`);
  if (group === undefined) return marked;
  const members = processes().filter((one) => one.group === group && one.state !== 'Z');
  return [...new Set([...members.map((one) => one.pid), ...marked])];
}

/**
 * Whether a process is proven to be a replica's: it was started with its mark, or by us. Where the system does not show
 * other processes' environments their start times have to do.
 */
export function isReplica(pid: number, id: string): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 1) return false;
  if (process.platform !== 'linux' || processStat(pid)?.parent === process.pid) return true;
  return processesWithEnvironment(`${REPLICA_MARK}=${id}`).includes(pid);
}

/** Ends a replica's processes: politely, and after `graceMs` for good. Gives up after another five seconds. */
export async function endProcesses(leader: number | undefined, id: string, graceMs: number): Promise<void> {
  const group = leader !== undefined && isReplica(leader, id) ? leader : undefined;
  if (process.platform === 'win32') {
    if (group !== undefined) await endTree(group);
    return;
  }
  signal(group, id, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (someAlive(group, id) && Date.now() < deadline + GIVE_UP_MS) {
    if (Date.now() >= deadline) signal(group, id, 'SIGKILL');
    await delay(STOP_POLL_MS);
  }
}

function signal(group: number | undefined, id: string, name: 'SIGTERM' | 'SIGKILL'): void {
  const escaped = processesWithEnvironment(`${REPLICA_MARK}=${id}`).filter(
    (pid) => processStat(pid)?.group !== group,
  );
  for (const target of [...(group === undefined ? [] : [-group]), ...escaped]) {
    try {
      process.kill(target, name);
      // A stopped process could not see SIGTERM.
      if (name === 'SIGTERM') process.kill(target, 'SIGCONT');
    } catch {
      // Gone already.
    }
  }
}

function someAlive(group: number | undefined, id: string): boolean {
  if (process.platform === 'linux') return processesOf(group, id).length > 0;
  if (group === undefined) return false;
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}
