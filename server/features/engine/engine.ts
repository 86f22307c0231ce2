/**
 * The port to DuckDB. The database lives in a child process: what SQL does to it (a crash, a query without end, a lost
 * memory limit) ends that child and is an error value here, and this process stays as small as it was.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { formatBytes } from '../../definition/text/units.js';
import type {
  Definition,
  EngineError,
  EngineResult,
  FromChild,
  Inspection,
  Limits,
  Parameter,
  Request,
  Rows,
  ToChild,
} from './messages.js';

export interface EngineOptions {
  /** Absolute files that SQL may read, besides what it has written to the temp folder. */
  readonly readable: readonly string[];
  /** Absolute; made when missing. The only folder that SQL may write to; what doesn't fit into memory goes there, too. */
  readonly tempFolder: string;
  /** Default: half of the machine's memory, 4 GiB at most. */
  readonly memoryBytes?: number;
  /** Room on the disk for what doesn't fit into the memory. Default 20 GiB. */
  readonly spillBytes?: number;
  /** Default: the machine's cores. */
  readonly threads?: number;
  /** For one query, unless it names its own. Default 10 minutes. */
  readonly timeoutMs?: number;
  /** Aborted: the query that runs is interrupted and the engine closed. */
  readonly signal?: AbortSignal;
  /** The child's program; by default `features.js` beside the program that runs. */
  readonly program?: string;
}

export interface QueryOptions {
  readonly timeoutMs?: number;
  /** How far it is, 0 to 100, a few times a second where DuckDB can tell. */
  readonly onProgress?: (percent: number) => void;
}

export interface Engine {
  /** Runs one statement of ours and reads its rows, 100,000 at most unless said otherwise. */
  query(
    sql: string,
    params?: readonly Parameter[],
    options?: QueryOptions & { readonly maxRows?: number },
  ): Promise<EngineResult<Rows>>;
  /**
   * Makes SQL of a definition a temporary view. It is one SELECT over `source` (the view `over`), checked on DuckDB's own
   * parse tree; offsets in an error are those in `sql`.
   */
  define(definition: Definition, options?: QueryOptions): Promise<EngineResult<Inspection>>;
  /** Ends the query that runs, which gives `cancelled`. The engine can be used on. */
  interrupt(): void;
  /** Ends the child. Queries that run give `closed`. */
  close(): void;
  /** Of the child. */
  readonly pid: number | undefined;
}

const DEFAULT_TIMEOUT_MS = 10 * 60_000;
/** A definition is only looked at: what takes longer computes something from its own constants. */
const DEFINE_TIMEOUT_MS = 30_000;
const DEFAULT_ROWS = 100_000;
const GIB = 1024 ** 3;
/** Between the polite way to end a query and the other one. */
const GRACE_MS = 2_000;
const OPEN_TIMEOUT_MS = 60_000;
const KEPT_ERROR_OUTPUT = 2_000;

interface Waiting {
  readonly resolve: (result: EngineResult<never>) => void;
  readonly onProgress: ((percent: number) => void) | undefined;
  readonly timer: NodeJS.Timeout;
  /** Why it is being ended, once it is. */
  ending?: EngineError;
}

/** Starts the child and opens its database. DuckDB is loaded here and nowhere else. */
export async function openEngine(options: EngineOptions): Promise<EngineResult<Engine>> {
  const program = options.program ?? path.join(__dirname, 'features.js');
  if (!existsSync(program)) {
    return failure(
      'missing',
      `The program of the feature store is missing: ${program}. Install Modelyard again.`,
    );
  }
  if (options.signal?.aborted === true) return failure('cancelled', 'Cancelled.');
  const child = new Child(program, options);
  const opened = await child.ask<null>(
    { op: 'open', limits: limitsOf(options) },
    { timeoutMs: OPEN_TIMEOUT_MS },
  );
  if (opened.ok) return { ok: true, value: child };
  child.close();
  return opened;
}

function limitsOf(options: EngineOptions): Limits {
  return {
    readable: options.readable,
    tempFolder: options.tempFolder,
    memoryBytes: options.memoryBytes ?? Math.min(4 * GIB, os.totalmem() / 2),
    spillBytes: options.spillBytes ?? 20 * GIB,
    threads: options.threads ?? os.availableParallelism(),
  };
}

function failure(kind: EngineError['kind'], message: string): { ok: false; error: EngineError } {
  return { ok: false, error: { kind, message } };
}

/** A request without its number. */
type Asked = Request extends infer One ? (One extends Request ? Omit<One, 'id'> : never) : never;

class Child implements Engine {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#endAll({ kind: 'cancelled', message: 'Cancelled.' });
  #next = 0;
  #ended: EngineError | undefined;
  /** Why the child has ended itself. */
  #outgrown: EngineError | undefined;
  #errorOutput = '';

  constructor(program: string, options: EngineOptions) {
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#signal = options.signal;
    this.#process = spawn(process.execPath, [program], {
      // Nothing of our environment, and so no secret, is to be had there.
      env: { ...systemEnvironment(), TZ: 'UTC', ELECTRON_RUN_AS_NODE: '1' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      windowsHide: true,
    });
    this.#process.on('message', (message: FromChild) => this.#take(message));
    this.#process.on('error', (error) => this.#gone(`it can't be started: ${error.message}`));
    this.#process.on('exit', (code, signal) => this.#gone(signal ?? `exit code ${code ?? '?'}`));
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      this.#errorOutput = (this.#errorOutput + chunk.toString('utf8')).slice(-KEPT_ERROR_OUTPUT);
    });
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  query(
    sql: string,
    params: readonly Parameter[] = [],
    options: QueryOptions & { readonly maxRows?: number } = {},
  ): Promise<EngineResult<Rows>> {
    return this.ask({ op: 'query', sql, params, maxRows: options.maxRows ?? DEFAULT_ROWS }, options);
  }

  define(definition: Definition, options: QueryOptions = {}): Promise<EngineResult<Inspection>> {
    const timeoutMs = Math.min(options.timeoutMs ?? DEFINE_TIMEOUT_MS, this.#timeoutMs);
    return this.ask({ op: 'define', definition }, { ...options, timeoutMs });
  }

  interrupt(): void {
    this.#send({ op: 'interrupt' });
  }

  close(): void {
    this.#gone(undefined);
  }

  ask<T>(asked: Asked, options: QueryOptions): Promise<EngineResult<T>> {
    if (this.#ended !== undefined) return Promise.resolve({ ok: false, error: this.#ended });
    const id = this.#next++;
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs;
    return new Promise((resolve) => {
      const timer = setTimeout(
        () =>
          this.#end(id, {
            kind: 'timeout',
            message: `It took longer than ${timeoutMs / 1000} s and was ended.`,
          }),
        timeoutMs,
      );
      this.#waiting.set(id, { resolve, onProgress: options.onProgress, timer });
      this.#send({ id, ...asked });
    });
  }

  #send(message: ToChild): void {
    // A channel that is closed has an `exit` to come, which answers whoever waits.
    if (this.#process.connected) this.#process.send(message, () => undefined);
  }

  #take(message: FromChild): void {
    if ('outgrown' in message) {
      this.#outgrown = {
        kind: 'memory',
        message: `It took ${formatBytes(message.outgrown)} of memory, where it may have ${formatBytes(message.limit)}, and was ended. Ask for less at once: fewer rows, shorter texts or lists.`,
      };
      return;
    }
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined) return;
    if ('progress' in message) {
      waiting.onProgress?.(message.progress);
      return;
    }
    const { result } = message;
    const cancelled = !result.ok && result.error.kind === 'cancelled' ? waiting.ending : undefined;
    this.#answer(
      message.id,
      (cancelled === undefined ? result : { ok: false, error: cancelled }) as EngineResult<never>,
    );
    if (!result.ok && result.error.kind === 'crashed') this.#gone('its database is not to be used any more');
  }

  /** Politely, then otherwise. */
  #end(id: number, error: EngineError): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    waiting.ending = error;
    this.interrupt();
    const kill = setTimeout(() => {
      if (!this.#waiting.has(id)) return;
      this.#answer(id, { ok: false, error });
      this.#gone(undefined);
    }, GRACE_MS);
    kill.unref();
  }

  /** No more is taken; what runs is interrupted, and the process ends with the last of it. */
  #endAll(error: EngineError): void {
    this.#ended ??= error;
    for (const id of [...this.#waiting.keys()]) this.#end(id, error);
    if (this.#waiting.size === 0) this.#process.kill('SIGKILL');
  }

  #answer(id: number, result: EngineResult<never>): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    waiting.resolve(result);
    if (this.#ended !== undefined && this.#waiting.size === 0) this.#process.kill('SIGKILL');
  }

  /** @param how it ended by itself; nothing when it was to end */
  #gone(how: string | undefined): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    const said = this.#errorOutput.trim().split('\n').at(-1) ?? '';
    const error: EngineError =
      how === undefined
        ? { kind: 'closed', message: 'The feature store was closed.' }
        : {
            kind: 'crashed',
            message: `The process that runs the SQL has ended (${how})${said === '' ? '' : `: ${said}`}. Nothing else was harmed.`,
          };
    this.#ended ??= (how === undefined ? undefined : this.#outgrown) ?? error;
    for (const [id, { ending }] of this.#waiting)
      this.#answer(id, { ok: false, error: ending ?? this.#ended });
    this.#process.kill('SIGKILL');
  }
}

/** What Windows needs to start a process at all, and where libraries are found. */
function systemEnvironment(): NodeJS.ProcessEnv {
  const names = ['SystemRoot', 'windir', 'PATH', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH'];
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}
