/**
 * A program as a process group of its own: started, streamed, measured by time, and ended as a whole.
 *
 * A process that leaves the group (`setsid`, a daemon) was meant to outlive the command, and does when the command ends
 * by itself. When it is ended from outside, those are ended with it: Linux tells them by the environment that they
 * inherited. A process that has left the group *and* put off its environment can't be known any more.
 *
 * On Windows there are no process groups; there the tree of who started whom is ended.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { OutputPipe, OutputPipes } from './output-pipes.js';
import { endTree } from '../../stores/machine/end-tree.js';
import { processStat, processes, processesWithEnvironment } from '../../stores/machine/proc.js';

export interface ProcessOptions {
  /** Absolute. */
  readonly program: string;
  readonly args: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** How long processes may take to end after a polite SIGTERM. */
  readonly graceMs: number;
  /** The chunk is overwritten by the next one as soon as this returns. Nothing more is read until it does. */
  readonly onOutput: (stream: 'stdout' | 'stderr', chunk: Buffer) => void;
  readonly pipes: OutputPipes;
}

export interface ProcessResult {
  readonly exitCode?: number;
  readonly signal?: string;
  /** The command could not be started at all. */
  readonly error?: string;
  /** Processes that outlived the command and were ended with its group. */
  readonly leftBehind: boolean;
  /** Someone who has left the group still holds the output open; what it prints is not read any more. */
  readonly outputHeld: boolean;
}

/** Variables that tell the processes of one task. */
const MARKS = ['MODELYARD_RUN_ID', 'MODELYARD_TASK'] as const;

/** How often the group is asked whether it is gone. */
const POLL_MS = 15;
/** How long to wait for the streams once every process of the group is gone: someone outside the group holds them. */
const STREAMS_MS = 1_000;

const windows = process.platform === 'win32';

/** A running command. */
export class Process {
  readonly pid: number | undefined;
  readonly done: Promise<ProcessResult>;
  readonly #child: ChildProcess;
  readonly #graceMs: number;
  #killTimer: NodeJS.Timeout | undefined;
  #gone = false;
  /** It was ended from outside. */
  #ended = false;
  readonly #marks: readonly string[];
  readonly #pipes: readonly OutputPipe[];

  constructor(options: ProcessOptions) {
    this.#graceMs = options.graceMs;
    this.#marks = MARKS.map((name) => `${name}=${options.env[name] ?? ''}`);
    const stdout = options.pipes.open((chunk) => options.onOutput('stdout', chunk));
    const stderr = options.pipes.open((chunk) => options.onOutput('stderr', chunk));
    this.#pipes = [stdout, stderr].filter((pipe) => pipe !== undefined);
    try {
      this.#child = spawn(options.program, options.args, {
        cwd: options.cwd,
        env: options.env,
        detached: !windows,
        stdio: ['ignore', stdout?.writer ?? 'pipe', stderr?.writer ?? 'pipe'],
        windowsHide: true,
        windowsVerbatimArguments: windows && /(^|[\\/])cmd(\.exe)?$/i.test(options.program),
      });
    } finally {
      for (const pipe of this.#pipes) pipe.given();
    }
    this.pid = this.#child.pid;
    this.#child.stdout?.on('data', (chunk: Buffer) => options.onOutput('stdout', chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => options.onOutput('stderr', chunk));
    this.done = this.#watch();
  }

  /** Asks the whole group, and who has left it, to end, and ends them when the grace is over. */
  stop(): void {
    this.#ended = true;
    this.#askToEnd();
  }

  #askToEnd(): void {
    if (this.#gone || this.#killTimer !== undefined) return;
    this.#signal('SIGTERM');
    this.#killTimer = setTimeout(() => this.#signal('SIGKILL'), this.#graceMs);
  }

  /** Ends all of them at once. */
  kill(): void {
    this.#ended = true;
    if (!this.#gone) this.#signal('SIGKILL');
  }

  #signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.pid === undefined) return;
    if (windows) {
      void endTree(this.pid);
      return;
    }
    for (const target of [-this.pid, ...this.#escaped()]) {
      try {
        process.kill(target, signal);
        // A stopped process (SIGTTIN, SIGSTOP) could not see SIGTERM.
        if (signal === 'SIGTERM') process.kill(target, 'SIGCONT');
      } catch {
        // Gone already.
      }
    }
  }

  /** Processes that have left the group, when they are to end as well. */
  #escaped(): number[] {
    if (!this.#ended || this.#marks.some((mark) => mark.endsWith('='))) return [];
    return processesWithEnvironment(...this.#marks).filter((pid) => processStat(pid)?.group !== this.pid);
  }

  async #watch(): Promise<ProcessResult> {
    const child = this.#child;
    const closed = Promise.all([
      ...this.#pipes.map((pipe) => pipe.ended),
      new Promise<void>((resolve) => child.once('close', () => resolve())),
    ]);
    const ended = await new Promise<Omit<ProcessResult, 'leftBehind' | 'outputHeld'>>((resolve) => {
      child.once('error', (error) => resolve({ error: error.message }));
      child.once('exit', (code, signal) =>
        resolve({
          ...(code === null ? {} : { exitCode: code }),
          ...(signal === null ? {} : { signal }),
        }),
      );
    });
    if (ended.error !== undefined) {
      this.#finish();
      return { ...ended, leftBehind: false, outputHeld: false };
    }
    const leftBehind = this.#alive();
    if (leftBehind) await this.#endRest();
    const outputHeld = !(await within(closed, STREAMS_MS));
    this.#finish();
    return { ...ended, leftBehind, outputHeld };
  }

  /** Whether a process of the group is still there. One system call in the common case that none is. */
  #alive(): boolean {
    if (windows || this.pid === undefined) return false;
    if (this.#escaped().length > 0) return true;
    const group = this.pid;
    const traces = Error.stackTraceLimit;
    // That it is gone is the rule here, and a stack trace costs more than the call.
    Error.stackTraceLimit = 0;
    try {
      process.kill(-group, 0);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM';
    } finally {
      Error.stackTraceLimit = traces;
    }
    // Where nobody reaps orphans (a container without an init), ended processes stay in the group.
    const members = processes().filter((one) => one.group === group);
    return members.length === 0 ? process.platform !== 'linux' : members.some((one) => one.state !== 'Z');
  }

  async #endRest(): Promise<void> {
    this.#askToEnd();
    const giveUp = Date.now() + this.#graceMs + STREAMS_MS;
    while (this.#alive() && Date.now() < giveUp) await delay(POLL_MS);
  }

  #finish(): void {
    this.#gone = true;
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    for (const pipe of this.#pipes) pipe.stop();
    clearTimeout(this.#killTimer);
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Waits for the promise, but no longer than `ms`. False: that was not long enough. */
async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const inTime = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}
