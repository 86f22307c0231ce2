/**
 * The port that MLflow clients of a project find. It costs nothing until one of them connects: then `modelyard tracking
 * serve` is started and gets the connections, and it ends when it was idle. The port stays, and the next client starts it again.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { type Server, type Socket, createServer } from 'node:net';
import type { commandLine } from '../pipelines/tasks.js';

/** A server that could not start is not started again before. Clients try for minutes. */
const PAUSE_MS = 5_000;
const MOST_WORDS = 2_000;

export interface DoorOptions {
  /** Absolute, of the project. */
  readonly root: string;
  /** The one that it had the last time; 0: any. */
  readonly port: number;
  readonly token: string;
  /** Without a client, after which the server ends. */
  readonly idleMinutes: number;
  readonly program: ReturnType<typeof commandLine>;
  /** A server has started, or ended. */
  readonly onChange: () => void;
  /** In words of the server. */
  readonly onProblem: (words: string) => void;
}

export class Door {
  readonly #options: DoorOptions;
  readonly #listener: Server;
  #child: ChildProcess | undefined;
  /** Connections that wait for the server. */
  readonly #waiting: Socket[] = [];
  #ready = false;
  #failedAt = 0;

  private constructor(options: DoorOptions) {
    this.#options = options;
    this.#listener = createServer({ pauseOnConnect: true }, (socket) => this.#take(socket));
  }

  /** Resolves when it listens. Rejects with the system's error. */
  static async open(options: DoorOptions): Promise<Door> {
    const door = new Door(options);
    try {
      await door.#listen(options.port);
    } catch (error) {
      if (options.port === 0) throw error;
      // Somebody else has it now.
      await door.#listen(0);
    }
    return door;
  }

  #listen(port: number): Promise<void> {
    return new Promise((done, fail) => {
      this.#listener.once('error', fail);
      this.#listener.listen(port, '127.0.0.1', () => {
        this.#listener.off('error', fail);
        done();
      });
    });
  }

  get port(): number {
    const address = this.#listener.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get uri(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get token(): string {
    return this.#options.token;
  }

  /** Of the server that runs; absent: none does. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  #take(socket: Socket): void {
    socket.on('error', () => undefined);
    if (this.#child === undefined && Date.now() - this.#failedAt < PAUSE_MS) {
      socket.destroy();
      return;
    }
    this.#child ??= this.#start();
    if (this.#ready) this.#give(this.#child, socket);
    else this.#waiting.push(socket);
  }

  #give(child: ChildProcess, socket: Socket): void {
    child.send('connection', socket, {}, (error) => {
      if (error !== null) socket.destroy();
    });
  }

  #start(): ChildProcess {
    const { root, token, idleMinutes, program, onChange, onProblem } = this.#options;
    const { command, module, env } = program;
    const args = ['tracking', 'serve', '--project', root, '--idle', String(idleMinutes)];
    const child = fork(module, args, {
      cwd: root,
      execPath: command,
      execArgv: [],
      env: { ...process.env, ...env, MODELYARD_TRACKING_TOKEN: token },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let words = '';
    child.stderr?.on('data', (piece: Buffer) => {
      words = `${words}${piece.toString('utf8')}`.slice(-MOST_WORDS);
    });
    child.on('message', (message) => {
      if (message === 'ready') this.#begin(child);
      else if (message === 'idle') this.stop();
    });
    const gone = (why: string): void => {
      if (this.#child !== child) return;
      if (!this.#ready) this.#failedAt = Date.now();
      this.#child = undefined;
      this.#ready = false;
      for (const socket of this.#waiting.splice(0)) socket.destroy();
      onProblem(words.trim() === '' ? why : words.trim());
      onChange();
    };
    child.once('error', (error) => gone(error.message));
    child.once('exit', (code, signal) => gone(`it ended with ${signal ?? `code ${String(code)}`}`));
    queueMicrotask(onChange);
    return child;
  }

  #begin(child: ChildProcess): void {
    if (this.#child !== child) return;
    this.#ready = true;
    for (const socket of this.#waiting.splice(0)) this.#give(child, socket);
  }

  /** Ends the server when it has answered what has begun. The next client starts another one. */
  stop(): void {
    const child = this.#child;
    this.#child = undefined;
    this.#ready = false;
    for (const socket of this.#waiting.splice(0)) socket.destroy();
    if (child?.connected === true) child.disconnect();
    this.#options.onChange();
  }

  close(): void {
    this.#listener.close();
    this.stop();
  }
}
