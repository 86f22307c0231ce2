/**
 * An engine for questions beside the work, as the editor has them: started with the first one, kept while questions come, ended soon after the last.
 * A child that dies is started anew for the next question, but not over and over again.
 */
import { rmSync } from 'node:fs';
import os from 'node:os';
import process from 'node:process';
import { openEngine } from './engine.js';
import type { Engine } from './engine.js';
import type { EngineError, EngineResult } from './messages.js';
import { scratchFolder } from './scratch.js';

/** Without a question for so long, the child is ended. */
const IDLE_MS = 60_000;
/** Deaths within `DEATH_WINDOW_MS` after which no child is started any more. */
const MOST_DEATHS = 4;
const DEATH_WINDOW_MS = 3 * 60_000;
const MEMORY_BYTES = 512 * 1024 ** 2;
const SPILL_BYTES = 8 * 1024 ** 3;

export interface KeeperOptions {
  /** For one query. */
  readonly timeoutMs: number;
  readonly idleMs?: number;
  readonly open?: typeof openEngine;
}

export class EngineKeeper {
  readonly #options: KeeperOptions;
  #engine: Engine | undefined;
  #readable: ReadonlySet<string> = new Set();
  #temp: string | undefined;
  #idle: NodeJS.Timeout | undefined;
  #deaths: number[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;
  /** There is no engine for this machine: asking again and again would not make one. */
  #missing: EngineError | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
    process.once('exit', this.#drop);
  }

  /**
   * Does work with an engine that may read these files, after the work that came before. What the engine knows (temporary
   * tables) is lost when it has to be started with other files: `work` is told by another `engine`.
   */
  use<T>(
    readable: readonly string[],
    work: (engine: Engine) => Promise<EngineResult<T>>,
  ): Promise<EngineResult<T>> {
    const result = this.#last.then(() => this.#use(readable, work));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #use<T>(
    readable: readonly string[],
    work: (engine: Engine) => Promise<EngineResult<T>>,
  ): Promise<EngineResult<T>> {
    clearTimeout(this.#idle);
    try {
      const engine = await this.#engineFor(readable);
      if (!engine.ok) return engine;
      const result = await work(engine.value);
      if (!result.ok && result.error.kind === 'crashed') this.#died();
      return result;
    } finally {
      this.#idle = setTimeout(() => this.#drop(), this.#options.idleMs ?? IDLE_MS);
      this.#idle.unref();
    }
  }

  async #engineFor(readable: readonly string[]): Promise<EngineResult<Engine>> {
    if (this.#closed) return failure('closed', 'The feature store was closed.');
    if (this.#engine !== undefined && readable.every((file) => this.#readable.has(file))) {
      return { ok: true, value: this.#engine };
    }
    if (this.#missing !== undefined) return { ok: false, error: this.#missing };
    const since = Date.now() - DEATH_WINDOW_MS;
    this.#deaths = this.#deaths.filter((at) => at > since);
    if (this.#deaths.length >= MOST_DEATHS) {
      return failure(
        'crashed',
        `The feature store's process has ended ${MOST_DEATHS} times within three minutes, so it is left alone for a while.`,
      );
    }
    this.#drop();
    this.#temp = scratchFolder();
    const opened = await (this.#options.open ?? openEngine)({
      readable,
      tempFolder: this.#temp,
      memoryBytes: MEMORY_BYTES,
      spillBytes: SPILL_BYTES,
      threads: Math.max(1, Math.min(4, os.availableParallelism() - 1)),
      timeoutMs: this.#options.timeoutMs,
    });
    if (!opened.ok) {
      if (opened.error.kind === 'missing') this.#missing = opened.error;
      if (opened.error.kind === 'crashed') this.#died();
      else this.#drop();
      return opened;
    }
    this.#engine = opened.value;
    this.#readable = new Set(readable);
    return opened;
  }

  /** Ends the query that runs; its work gets `cancelled`. */
  interrupt(): void {
    this.#engine?.interrupt();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#idle);
    process.off('exit', this.#drop);
    this.#drop();
  }

  #died(): void {
    this.#deaths.push(Date.now());
    this.#drop();
  }

  /** Also when the process ends without being asked to, as an editor's window does that is loaded again. */
  readonly #drop = (): void => {
    this.#engine?.close();
    this.#engine = undefined;
    this.#readable = new Set();
    if (this.#temp !== undefined) rmSync(this.#temp, { recursive: true, force: true });
    this.#temp = undefined;
  };
}

function failure(kind: EngineError['kind'], message: string): { ok: false; error: EngineError } {
  return { ok: false, error: { kind, message } };
}
