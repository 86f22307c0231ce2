/**
 * DVC's own locks, so that a DVC that works on the project and a run of ours keep out of each other's way. Node has no
 * `flock`: a helper that has holds the files open, and lets go when we end, however we do.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { delay } from '../../base/delay.js';
import type { StageSpec } from '../../definition/stage.js';
import { describeError } from '../../stores/disk/problem.js';

const PYTHON = `import fcntl, sys
files = [open(name, 'a') for name in sys.argv[1:]]
for line in sys.stdin:
    try:
        fcntl.flock(files[int(line[1])], fcntl.LOCK_EX | fcntl.LOCK_NB if line[0] == 'L' else fcntl.LOCK_UN)
        print(1, flush=True)
    except OSError:
        print(0, flush=True)
`;
const SHELL = `exec 8>>"$1" 9>>"$2"
while read -r line; do
  case $line in L0) flock -n 8;; L1) flock -n 9;; U0) flock -u 8;; U1) flock -u 9;; *) false;; esac && echo 1 || echo 0
done`;

const RETRY_MS = 100;
/** Between two sections of a run that follow each other at once. */
const IDLE_MS = 50;
/** As long as DVC itself waits. */
const PATIENCE_MS = 3_000;

type Which = 0 | 1;

/** One process that takes and drops the locks as it is told. */
class Helper {
  readonly #process: ChildProcess;
  readonly #waiting: ((answer: boolean) => void)[] = [];
  #gone = false;

  private constructor(program: string, args: readonly string[]) {
    this.#process = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    const end = (): void => {
      this.#gone = true;
      for (const answer of this.#waiting.splice(0)) answer(false);
    };
    this.#process.on('error', end);
    this.#process.on('exit', end);
    this.#process.stdin?.on('error', end);
    this.#process.stdout?.on('data', (chunk: Buffer) => {
      for (const char of chunk.toString()) if (char !== '\n') this.#waiting.shift()?.(char === '1');
    });
  }

  /** The first that can do it. */
  static async start(files: readonly [string, string]): Promise<Helper | undefined> {
    for (const [program, args] of [
      ['python3', ['-I', '-S', '-c', PYTHON, ...files]],
      ['/bin/sh', ['-c', SHELL, 'sh', ...files]],
    ] as const) {
      const helper = new Helper(program, args);
      // To drop what is not held works where anything works.
      if (await helper.ask('U', 1)) return helper;
      helper.close();
    }
    return undefined;
  }

  get isGone(): boolean {
    return this.#gone;
  }

  ask(what: 'L' | 'U', which: Which): Promise<boolean> {
    if (this.#gone) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#process.stdin?.write(`${what}${which}\n`);
    });
  }

  close(): void {
    this.#process.stdin?.end();
    this.#process.unref();
  }
}

interface Info {
  readonly pid: number;
  readonly cmd: string;
}

interface RwLock {
  read?: Record<string, Info[]>;
  write?: Record<string, Info>;
}

export interface GuardOptions {
  /** Of the project, absolute. */
  readonly root: string;
  /** Waits for others rather than fail. */
  readonly wait: boolean;
  readonly signal: AbortSignal;
  readonly say: (message: string) => void;
}

export class DvcGuard {
  readonly #options: GuardOptions;
  readonly #folder: string;
  #helper: Promise<Helper | undefined> | undefined;
  #told = false;
  /** Whether DVC's lock of the project is ours now. */
  #held = false;
  /** Sections that need it, one after the other. */
  #queue: Promise<void> = Promise.resolve();
  #sections = 0;
  #commands = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#folder = path.join(options.root, '.dvc', 'tmp');
  }

  /** Does something with DVC's lock held: nobody else reads or writes `dvc.lock`, the cache and `.gitignore` meanwhile. */
  locked<T>(work: () => T | Promise<T>): Promise<T> {
    this.#sections++;
    const done = this.#queue.then(async () => {
      try {
        await this.#take();
        return await work();
      } finally {
        this.#sections--;
        if (this.#sections === 0) await this.#leave();
      }
    });
    this.#queue = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  /** Sections that follow each other at once need not take it each time; commands, and who waits, must not hold it. */
  async #leave(): Promise<void> {
    clearTimeout(this.#idle);
    if (this.#commands > 0) return this.#drop();
    this.#idle = setTimeout(() => {
      this.#queue = this.#queue.then(() => (this.#sections === 0 ? this.#drop() : undefined));
    }, IDLE_MS).unref();
  }

  /** Runs commands of a stage: what it reads and writes is said, and others may work on the rest. */
  async running<T>(stage: StageSpec, work: () => Promise<T>): Promise<T> {
    const info = { pid: process.pid, cmd: `modelyard run ${stage.definition} (${stage.name})` };
    this.#commands++;
    try {
      await this.#enter(stage, info);
      return await work();
    } finally {
      this.#commands--;
      await this.locked(() => this.#edit((lock) => leave(lock, info)));
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    await this.#queue;
    if (this.#helper === undefined) return;
    (await this.#helper)?.close();
  }

  async #enter(stage: StageSpec, info: Info): Promise<void> {
    const absolute = ({ file }: { readonly file: string }): string => path.join(this.#options.root, file);
    const read = stage.frozen ? [] : [...stage.deps, ...stage.params].map(absolute);
    const write = stage.outs.map(absolute);
    await this.#patiently(async () => {
      let blocked: string | undefined;
      await this.locked(() =>
        this.#edit((lock) => {
          blocked = blockerOf(lock, read, write);
          if (blocked !== undefined) return;
          for (const file of read) ((lock.read ??= {})[file] ??= []).push(info);
          for (const file of write) (lock.write ??= {})[file] = info;
        }),
      );
      return blocked;
    });
  }

  async #edit(change: (lock: RwLock) => void): Promise<void> {
    const helper = await this.#started();
    if (helper !== undefined)
      await this.#patiently(async () => this.#refused(helper, await helper.ask('L', 1)));
    const file = path.join(this.#folder, 'rwlock');
    try {
      const before = readLock(file);
      const text = JSON.stringify(before);
      change(before);
      if (JSON.stringify(before) !== text) {
        mkdirSync(this.#folder, { recursive: true });
        writeFileSync(file, JSON.stringify(before));
      }
    } finally {
      await helper?.ask('U', 1);
    }
  }

  #started(): Promise<Helper | undefined> {
    this.#helper ??= (async () => {
      mkdirSync(this.#folder, { recursive: true });
      const helper = await Helper.start([
        path.join(this.#folder, 'lock'),
        path.join(this.#folder, 'rwlock.lock'),
      ]);
      if (helper === undefined)
        this.#options.say(
          'neither python3 nor flock is installed: this run can’t keep a DVC out that works on the project at the same time',
        );
      return helper;
    })();
    return this.#helper;
  }

  async #take(): Promise<void> {
    if (this.#held) return;
    const helper = await this.#started();
    if (helper === undefined) return;
    await this.#patiently(async () => this.#refused(helper, await helper.ask('L', 0)));
    this.#held = true;
  }

  #refused(helper: Helper, taken: boolean): string | undefined {
    if (helper.isGone) throw new Error('the helper that holds DVC’s locks has ended');
    return taken ? undefined : 'a DVC works on this project';
  }

  async #drop(): Promise<void> {
    if (!this.#held) return;
    this.#held = false;
    await (await this.#started())?.ask('U', 0);
  }

  /** @param attempt gives who is in the way */
  async #patiently(attempt: () => Promise<string | undefined>): Promise<void> {
    const { wait, signal, say } = this.#options;
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const why = await attempt();
      if (why === undefined) return;
      if (signal.aborted || (!wait && Date.now() > until))
        throw new Error(`${why}: try again when it has ended`);
      if (!this.#told && Date.now() > until - PATIENCE_MS / 2) {
        this.#told = true;
        say(`${why}: waiting for it to end`);
      }
      await delay(RETRY_MS);
    }
  }
}

function readLock(file: string): RwLock {
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return {};
  let lock: unknown;
  try {
    lock = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(
      `${file}, in which DVC says what is in use, can’t be read (${describeError(error)}): remove it when no DVC works on the project`,
      { cause: error },
    );
  }
  return typeof lock === 'object' && lock !== null ? lock : {};
}

function blockerOf(lock: RwLock, read: readonly string[], write: readonly string[]): string | undefined {
  const writers = Object.entries(lock.write ?? {}).map(([file, info]) => [file, [info]] as const);
  const found = [...busy(writers, [...read, ...write]), ...busy(Object.entries(lock.read ?? {}), write)][0];
  return found === undefined
    ? undefined
    : `${found.file} is in use by \`${found.info.cmd}\` (process ${found.info.pid})`;
}

function busy(
  entries: Iterable<readonly [string, readonly Info[]]>,
  wanted: readonly string[],
): { readonly file: string; readonly info: Info }[] {
  return [...entries].flatMap(([file, infos]) =>
    wanted.some((one) => one === file || one.startsWith(`${file}/`) || file.startsWith(`${one}/`))
      ? infos.filter(({ pid }) => pid !== process.pid && isAlive(pid)).map((info) => ({ file, info }))
      : [],
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function leave(lock: RwLock, { pid, cmd }: Info): void {
  const mine = (one: Info): boolean => one.pid === pid && one.cmd === cmd;
  for (const [file, infos] of Object.entries(lock.read ?? {})) {
    const rest = infos.filter((one) => !mine(one));
    if (rest.length === 0) delete lock.read?.[file];
    else if (lock.read !== undefined) lock.read[file] = rest;
  }
  for (const [file, info] of Object.entries(lock.write ?? {})) if (mine(info)) delete lock.write?.[file];
}
