/**
 * The pipes that tasks print into: named pipes (FIFOs), taken from a folder of the run and given back.
 *
 * Node's own `stdio: 'pipe'` gives a child two sockets. A socket can't be opened by name, so `tee /dev/stderr` and
 * `> /dev/stdout` fail in it although they work in every shell. And each read from it allocates a new 64 KB buffer; under
 * load those pile up faster than they are collected. A FIFO is a real pipe, and is read into one buffer that is used
 * again and again, however much comes.
 */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { type ProcessIdentity, isAlive, isElsewhere, ownIdentity } from '../../stores/machine/liveness.js';
import { readPlainText } from '../../stores/disk/plain-file.js';
import { isRunId } from '../../stores/runs/id.js';

/** What the kernel holds in a pipe at the most, so that one read empties it. */
const BUFFER_BYTES = 64 * 1024;
/** Made by one call of `mkfifo`: two for each of two tasks. */
const MADE_AT_ONCE = 4;

/** Where a run's pipes lie. Not in the project: not every file system that holds projects knows FIFOs. */
export function pipesFolder(runId: string): string {
  return path.join(os.tmpdir(), `modelyard-${runId}`);
}

/** Where scripts lie that are no argument; beside the pipes of a run. */
export function scriptsFolder(pipes: string): string {
  return `${pipes}-scripts`;
}

/** Says in such a folder which process made it. */
const OWNER = 'owner';

/** Makes a folder that only its user can enter, marked as this process's. Throws where there is something of that name. */
export function makeRunFolder(folder: string): void {
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(path.join(folder, OWNER), JSON.stringify(ownIdentity()), { mode: 0o600, flag: 'wx' });
}

/** Removes what a run that was killed has left. */
export function removePipes(runId: string): void {
  const pipes = pipesFolder(runId);
  for (const folder of [pipes, scriptsFolder(pipes)]) if (isPrivate(folder)) removeFolder(folder);
}

/**
 * Removes what killed runs of any project have left: folders of this user, of processes that are proven not to live any more. What
 * has no mark, or one of another machine or container, stays.
 *
 * @param temp where they lie
 * @returns what was removed
 */
export function sweepRunFolders(temp = os.tmpdir()): readonly string[] {
  const gone: string[] = [];
  for (const name of namesIn(temp)) {
    const id = /^modelyard-(.+?)(?:-scripts)?$/.exec(name)?.[1];
    const folder = path.join(temp, name);
    if (id === undefined || !isRunId(id) || !isPrivate(folder)) continue;
    const owner = ownerOf(folder);
    if (owner === undefined || isElsewhere(owner) || isAlive(owner)) continue;
    removeFolder(folder);
    gone.push(folder);
  }
  return gone;
}

function ownerOf(folder: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(readPlainText(path.join(folder, OWNER)));
    if (typeof value !== 'object' || value === null || !('pid' in value)) return undefined;
    return typeof value.pid === 'number' ? (value as ProcessIdentity) : undefined;
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Whether it is a folder, and no link to one, that nobody but this user can have filled. */
function isPrivate(folder: string): boolean {
  try {
    const stat = lstatSync(folder);
    const own = process.getuid === undefined || stat.uid === process.getuid();
    return stat.isDirectory() && own && (process.platform === 'win32' || (stat.mode & 0o077) === 0);
  } catch {
    return false;
  }
}

function removeFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Somebody else is at it.
  }
}

/** The pipes of one run. */
export class OutputPipes {
  readonly #folder: string;
  /** One for all: what is read is handed on before anything else is read. */
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  readonly #free: string[] = [];
  #made = 0;
  /** There are no FIFOs on Windows, and may be none in a small container. */
  #unavailable = process.platform === 'win32';

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * A pipe that is open at both ends, or nothing where there are none to be had.
   *
   * @param onOutput the chunk is overwritten by the next one as soon as this returns
   */
  open(onOutput: (chunk: Buffer) => void): OutputPipe | undefined {
    const file = this.#take();
    if (file === undefined) return undefined;
    let reader: number | undefined;
    try {
      // The reading end first, and without waiting for a writer, or each would wait for the other.
      reader = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
      const writer = openSync(file, constants.O_WRONLY);
      return new OutputPipe(reader, writer, this.#buffer, onOutput, () => this.#free.push(file));
    } catch {
      // Someone has cleaned the temp folder up.
      if (reader !== undefined) closeSync(reader);
      this.#unavailable = true;
      return undefined;
    }
  }

  /** Removes what lies on the disk; pipes that are open stay so. */
  close(): void {
    if (this.#made > 0) rmSync(this.#folder, { recursive: true, force: true });
    this.#made = 0;
    this.#unavailable = true;
  }

  #take(): string | undefined {
    if (this.#free.length === 0 && !this.#unavailable) this.#make();
    return this.#unavailable ? undefined : this.#free.pop();
  }

  #make(): void {
    const names = Array.from({ length: MADE_AT_ONCE }, (_, index) =>
      path.join(this.#folder, String(this.#made + index)),
    );
    try {
      // Fails where there is something of that name, whoever made it.
      if (this.#made === 0) makeRunFolder(this.#folder);
      this.#made += names.length;
      execFileSync('mkfifo', ['-m', '600', ...names], { stdio: 'ignore' });
      this.#free.push(...names);
    } catch {
      this.#unavailable = true;
    }
  }
}

export class OutputPipe {
  /** The end that a process is given. To be closed here by `given` once it has it. */
  readonly writer: number;
  /** Nobody holds the writing end any more, and everything was read. Never rejects. */
  readonly ended: Promise<void>;
  readonly #socket: net.Socket;
  #given = false;

  constructor(
    reader: number,
    writer: number,
    buffer: Buffer,
    onOutput: (chunk: Buffer) => void,
    giveBack: () => void,
  ) {
    this.writer = writer;
    const options: net.SocketConstructorOpts & net.ConnectOpts = {
      fd: reader,
      readable: true,
      writable: false,
      onread: {
        buffer,
        callback: (length) => {
          onOutput(buffer.subarray(0, length));
          return true;
        },
      },
    };
    const socket = new net.Socket(options);
    this.#socket = socket;
    let whole = false;
    this.ended = new Promise((resolve) => {
      socket.once('end', () => {
        whole = true;
        resolve();
      });
      socket.once('close', () => {
        // One that someone may still write into would carry a stranger's words into the next task's log.
        if (whole) giveBack();
        resolve();
      });
      socket.on('error', () => undefined);
    });
    socket.resume();
  }

  /** The process has its end, or there won't be one. */
  given(): void {
    if (!this.#given) closeSync(this.writer);
    this.#given = true;
  }

  /** Reads no more. */
  stop(): void {
    this.given();
    this.#socket.destroy();
  }
}
