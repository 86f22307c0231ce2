/** One attempt at a task: the clock, the processes, the live metrics and the ways in which it can be ended. */
import path from 'node:path';
import { defined } from '../../base/defined.js';
import type { OpenedFiles } from '../../base/runs/task-outcome.js';
import { jsonNumber } from '../../base/numeral.js';
import { setOwn } from '../../base/set-own.js';
import type { Json } from '../../definition/definition.js';
import { LOCAL_EXECUTOR } from '../../definition/executors.js';
import type { Instance } from '../../definition/graph/graph.js';
import { formatDuration } from '../../definition/text/units.js';
import { missingIn, wayOut } from '../../python/missing.js';
import { type DebugSettings, waitingPythons } from '../../python/debugger.js';
import { hookVariables, readOpenedFiles } from '../../python/opened-files.js';
import { pythonVariables } from '../../python/variables.js';
import type { Question } from '../../stores/approvals/approvals.js';
import { hashOf } from '../../stores/content/hash.js';
import { type Script, planOf } from '../actions/plans.js';
import type { ActionOutcome, ChildOutcome, CommandOptions, CommandOutcome } from '../actions/action.js';
import { perform } from '../actions/index.js';
import type { Approvals, Verdict } from '../people/approvals.js';
import type { RunControl } from './control.js';
import { type MetricRange, widened } from '../../stores/runs/document.js';
import type { EventBody } from '../../stores/runs/events.js';
import type { ExecutionResult, ExecutorJob, JobState, LeftJob } from '../executors/executor.js';
import type { Executors } from '../executors/executors.js';
import { wholeCharacters, type Masks, type StreamMask } from '../record/masks.js';
import { type Grant, deviceVariables } from '../machine/machine.js';
import { MAX_METRICS, MetricTail, parseMetricLine } from '../record/metrics.js';
import type { GitState } from '../../stores/registry/types.js';
import type { TrackedPoint } from '../../stores/tracking/tracked-task.js';
import { writeParamsFile } from './params-file.js';
import type { ResolvedTask } from '../resolve/resolve.js';
import { AttemptTracking, type OpenTracking } from './task-tracking.js';
import type { PipelineCall } from '../actions/pipeline/resolve.js';
import type { Seat } from './schedule.js';
import type { Session } from '../session.js';
import { setupShell } from './shells.js';
import { stakeOf } from '../people/stake.js';
import type { ReadInput } from '../resolve/workspace.js';

export interface AttemptContext {
  readonly runId: string;
  /** Of the run that this one is part of, over any number of steps, or of this one. */
  readonly topRun: string;
  /** Absolute. */
  readonly root: string;
  /** Where files with live metrics lie while tasks run. Absolute. */
  readonly metricsFolder: string;
  readonly control: RunControl;
  readonly executors: Executors;
  /** The name of the executor that does the work of a task. */
  readonly executorOf: (instance: Instance) => string;
  readonly graceMs: number;
  readonly masks: Masks;
  /** What every task's environment starts from. */
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  /** Secrets of the pipeline: every task gets them. */
  readonly sharedSecrets: readonly string[];
  readonly fileName: (id: string) => string;
  emit(event: EventBody): void;
  readonly session: Session;
  readonly approvals: Approvals;
  readonly force: boolean;
  /** Waits for what others are at, rather than fail. */
  readonly wait: boolean;
  /** Runs another pipeline as a part of the run. */
  child(
    task: string,
    call: PipelineCall,
    signal: AbortSignal,
    say: (line: string) => void,
  ): Promise<ChildOutcome>;
  /** Where the code stands, as soon as git has said so; nothing where there is no repository. */
  git(): Promise<GitState | undefined>;
  /** What answers MLflow clients among the processes of tasks. Absent: nothing. */
  readonly tracking?: OpenTracking;
  /** Their Python waits for a debugger. */
  readonly debug?: DebugSettings;
}

/** How often the file with live metrics is looked at. */
const TAIL_MS = 250;
/** Characters of the log in which a reason for a failure is looked for. */
const LOG_END = 4096;
/** Complaints about lines that are no metrics, per attempt. */
const MOST_COMPLAINTS = 3;

/** What an executor is told of the attempt beside its command, and the job in which it is under way already. */
export interface AttemptJob {
  readonly memo: ExecutorJob['memo'];
  /** Files that have to be where it runs. */
  readonly reads: readonly string[];
  readonly left?: LeftJob;
}

const NO_PYTHON =
  'there is no Python in the PATH: install it, or name an interpreter or an environment with `python:`';

export class Attempt {
  readonly #context: AttemptContext;
  readonly #task: ResolvedTask;
  readonly #number: number;
  readonly #stop = new AbortController();
  readonly #signals: readonly AbortSignal[];
  readonly #onStop = (): void => this.#stop.abort();
  readonly #tail: MetricTail;
  readonly #seat: Seat;
  readonly #job: AttemptJob;
  readonly #clients: AttemptTracking;
  #clock: NodeJS.Timeout | undefined;
  #complaints = 0;
  #clientMetrics = 0;
  timedOut = false;
  readonly metrics: Record<string, Json> = {};
  readonly ranges = new Map<string, MetricRange>();
  /** The last that it printed. */
  readonly #logEnd = { stdout: '', stderr: '' };
  usage: { peakMemoryBytes?: number; cpuSeconds?: number } = {};

  constructor(
    context: AttemptContext,
    task: ResolvedTask,
    number: number,
    matrixStop: AbortSignal | undefined,
    seat: Seat,
    job: AttemptJob,
  ) {
    this.#seat = seat;
    this.#job = job;
    this.#context = context;
    this.#task = task;
    this.#number = number;
    const { cancelled, killed } = context.control;
    // What starts although the run was cancelled (`if: always()`) goes on until it is killed.
    const cancel = cancelled.aborted ? killed : cancelled;
    this.#signals = matrixStop === undefined ? [cancel] : [cancel, matrixStop];
    this.#tail = new MetricTail(this.#metricsFile());
    this.#clients = new AttemptTracking(context, task, number, (points, newest) => {
      for (const point of points) this.#told(point, newest(point.key));
    });
  }

  /** It was ended from outside: the run was cancelled, or its matrix has failed. */
  get stopped(): boolean {
    return this.#signals.some((signal) => signal.aborted);
  }

  /** What its log says of why it failed. */
  why(exitCode: number | undefined): ReturnType<typeof wayOut> | undefined {
    const { python, instance } = this.#task;
    if (python === undefined) {
      const { uses } = this.#context.session.pythons.of(instance.task);
      return uses && exitCode === 127 ? { message: NO_PYTHON } : undefined;
    }
    const module = missingIn(this.#logEnd.stderr) ?? missingIn(this.#logEnd.stdout);
    return module === undefined ? undefined : wayOut(module, python, this.#context.root);
  }

  /** In words, when `timedOut`. */
  get timeoutMessage(): string {
    const { timeoutMs } = this.#task.instance.task;
    return timeoutMs === undefined ? 'timed out' : `timed out after ${formatDuration(timeoutMs)}`;
  }

  async run(): Promise<ActionOutcome> {
    for (const signal of this.#signals) {
      if (signal.aborted) this.#stop.abort();
      else signal.addEventListener('abort', this.#onStop, { once: true });
    }
    if (!this.#queues) this.#startClock();
    if (!this.#queues) this.#follow();
    let outcome: ActionOutcome | undefined;
    try {
      outcome = await this.#act();
      const why = outcome.ok && !this.stopped ? await this.#clients.bring() : undefined;
      if (why !== undefined) outcome = { ...outcome, ok: false, error: why };
      return outcome;
    } finally {
      clearTimeout(this.#clock);
      clearInterval(this.#following);
      this.#readMetrics(true);
      this.#tellWaiting();
      if (this.#debugged !== undefined && !this.#waited && !this.stopped) {
        const message = `${this.#task.id}: no Python of it has waited for a debugger: none was started, or without \`sitecustomize\` (-I, -S)`;
        this.#context.emit({ type: 'notice', level: 'warning', message });
      }
      for (const signal of this.#signals) signal.removeEventListener('abort', this.#onStop);
      const ended = outcome?.ok === true ? 'FINISHED' : this.stopped ? 'KILLED' : 'FAILED';
      await this.#clients.end(this.timedOut ? 'FAILED' : ended);
    }
  }

  /** Who does the work. A process tells its id when it starts; the others have none. */
  get #worker(): string | undefined {
    return this.#task.work === undefined ? undefined : planOf(this.#task.work).worker;
  }

  /** Whether it waits in a queue before it starts. */
  get #queues(): boolean {
    const { executors, executorOf } = this.#context;
    return !executors.isHere(executorOf(this.#task.instance));
  }

  #startClock(): void {
    const { task } = this.#task.instance;
    // The time that people get is that of the question, and a breakpoint takes as long as it takes.
    if (this.#context.debug !== undefined) return;
    if (task.timeoutMs === undefined || this.#worker === 'people' || this.#clock !== undefined) return;
    this.#clock = setTimeout(() => {
      this.timedOut = true;
      this.#stop.abort();
    }, task.timeoutMs);
  }

  /** A person may take days: meanwhile nobody is kept from working, and no clock runs. */
  async #ask(question: Question): Promise<Verdict> {
    clearTimeout(this.#clock);
    const { session } = this.#context;
    const read = (file: string): Promise<ReadInput> => session.workspace.read(file, this.#stop.signal);
    // Before the seat is left: once all seats are, the run looks for questions, and this one has to be there.
    const stake = await stakeOf(session, this.#task.instance, read);
    this.#clock = undefined;
    this.#seat.leave();
    const verdict = await this.#context.approvals.ask(
      this.#task.id,
      { ...question, stake },
      this.#stop.signal,
    );
    if (verdict.kind !== 'parked') await this.#seat.take();
    this.#startClock();
    return verdict;
  }

  /** Waits before the next attempt. `false`: there must not be one. */
  async pause(ms: number): Promise<boolean> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, ms);
      const signals = this.#signals;
      function done(): void {
        clearTimeout(timer);
        for (const signal of signals) signal.removeEventListener('abort', done);
        resolve();
      }
      for (const signal of signals) signal.addEventListener('abort', done);
    });
    return !this.stopped;
  }

  async #act(): Promise<ActionOutcome> {
    const context = {
      task: this.#task,
      root: this.#context.root,
      session: this.#context.session,
      run: { id: this.#context.runId, pipeline: this.#context.session.pipeline.name, task: this.#task.id },
      topRun: this.#context.topRun,
      git: () => this.#context.git(),
      force: this.#context.force,
      wait: this.#context.wait,
      cancelled: () => this.#context.control.cancelled.aborted,
      signal: this.#stop.signal,
      command: (command: string, options?: CommandOptions) =>
        this.#command({ shell: setupShell(), text: command }, options),
      script: async (script: Script) =>
        this.#command(script, undefined, {
          ...(await this.#clientVariables(script)),
          ...this.#pythonVariables(),
        }),
      say: (line: string) => this.#say(line),
      child: (call: PipelineCall) => {
        // The tasks of the pipeline take places of their own.
        this.#seat.lend();
        return this.#context.child(this.#task.id, call, this.#stop.signal, (line) => this.#say(line));
      },
      ask: (question: Question) => this.#ask(question),
    };
    const { paramsFile } = this.#task;
    // A job that is under way already has found it.
    if (paramsFile !== undefined && this.#job.left === undefined) {
      const error = writeParamsFile(this.#context.session.layout, paramsFile);
      if (error !== undefined) return { ok: false, error, final: true };
    }
    if (this.#worker !== 'process') this.#started(undefined);
    return this.#task.work === undefined ? { ok: false } : perform(this.#task.work, context);
  }

  #clientVariables(script: Script): Promise<Readonly<Record<string, string>>> {
    const { env } = jobBasis(this.#context, this.#task, this.#number, this.#seat.grant);
    return this.#clients.variables(script, env.own, !this.#queues);
  }

  #pythonVariables(): Record<string, string> {
    const own = pythonOf(this.#context, this.#task);
    const { executors, executorOf, session, environment, debug } = this.#context;
    const { instance, env } = this.#task;
    // Elsewhere the folder of the hook need not be there.
    if (!executors.isHere(executorOf(instance))) return own;
    if (session.pythons.of(instance.task).noteFiles === true) this.#opened = `${this.#metricsFile()}.opened`;
    if (debug !== undefined) {
      const file = debug.file ?? `${this.#metricsFile()}.debug`;
      this.#debugged ??= { file, seen: waitingPythons(file).length };
    }
    const hooks = defined({ opened: this.#opened, debug: this.#debugged?.file });
    if (Object.keys(hooks).length === 0) return own;
    const folder = path.join(this.#context.metricsFolder, 'python-hook');
    return {
      ...own,
      ...hookVariables(folder, hooks, env['PYTHONPATH'] ?? environment['PYTHONPATH']),
      ...defined({ MODELYARD_DEBUGPY: debug?.debugpy }),
    };
  }

  /** Where its Python writes down what it opens. */
  #opened: string | undefined;

  /** Where its Python says that it waits, and how many times it has been told of. */
  #debugged: { readonly file: string; seen: number } | undefined;

  /** Says which of its processes wait for a debugger. */
  #tellWaiting(): void {
    if (this.#debugged === undefined) return;
    const waiting = waitingPythons(this.#debugged.file);
    for (const { host, port, pid, argv } of waiting.slice(this.#debugged.seen)) {
      const words = argv.map((word) => (word.length > 60 ? `${word.slice(0, 59)}…` : word)).join(' ');
      const message = `${this.#task.id}: ${words} (process ${pid}) waits for a debugger at ${host}:${port}`;
      this.#context.emit({ type: 'notice', level: 'info', message });
      this.#waited = true;
    }
    this.#debugged.seen = waiting.length;
  }

  #waited = false;

  /** Files of the project that its Python has opened. */
  get opened(): OpenedFiles | undefined {
    return this.#opened === undefined ? undefined : readOpenedFiles(this.#opened, this.#context.root);
  }

  #announced = false;

  #started(pid: number | undefined, node?: string): void {
    if (this.#announced) return;
    this.#announced = true;
    this.#context.emit({
      type: 'task-started',
      id: this.#task.id,
      attempt: this.#number,
      ...defined({ pid, node }),
    });
  }

  #following: NodeJS.Timeout | undefined;

  /** Reads its live metrics from now on, and where its Python waits for a debugger. */
  #follow(): void {
    this.#following ??= setInterval(() => {
      this.#readMetrics(false);
      this.#tellWaiting();
    }, TAIL_MS);
  }

  /** How a job comes along that an executor does in its own time. */
  #tellState(job: JobState): void {
    const { id } = this.#task;
    if (job.state === 'submitted') {
      const { handle } = job;
      this.#context.emit({ type: 'task-submitted', id, attempt: this.#number, job: handle });
    } else if (job.state === 'queued') {
      this.#context.emit({ type: 'task-waiting', id, reason: job.reason });
    } else {
      this.#startClock();
      this.#follow();
      this.#started(undefined, job.node);
    }
  }

  #say(line: string): void {
    const stream = this.#stream('stdout');
    stream.push(Buffer.from(`${line}\n`));
    stream.end();
  }

  async #command(
    script: Script,
    options?: CommandOptions,
    over: Readonly<Record<string, string>> = {},
  ): Promise<CommandOutcome> {
    const { executors, control } = this.#context;
    const streams = { stdout: this.#stream('stdout'), stderr: this.#stream('stderr') };
    const { instance } = this.#task;
    // Other commands than the task's own are run where its files are made.
    const name = options === undefined ? this.#context.executorOf(instance) : LOCAL_EXECUTOR;
    const basis = jobBasis(this.#context, this.#task, this.#number, this.#seat.grant);
    const job: ExecutorJob = {
      ...basis,
      ...defined({ cwd: options?.cwd }),
      env: { ...basis.env, own: { ...basis.env.own, ...over, ...options?.env } },
      script,
      memo: this.#job.memo,
      reads: this.#job.reads,
      onOutput: (stream, chunk) => streams[stream].push(chunk),
      onState: (state) => this.#tellState(state),
    };
    const { left } = this.#job;
    const execution = left === undefined ? (await executors.open(name)).start(job) : left.attach(job);
    if (executors.isHere(name)) this.#started(execution.pid);
    const stop = (): void => execution.stop();
    const kill = (): void => execution.kill();
    const late = new AbortController();
    const clock =
      options === undefined
        ? undefined
        : setTimeout(() => {
            late.abort();
            execution.stop();
          }, options.timeoutMs);
    const stopSignal = this.#stop.signal;
    if (stopSignal.aborted) stop();
    stopSignal.addEventListener('abort', stop);
    control.killed.addEventListener('abort', kill);
    const result = await execution.done;
    clearTimeout(clock);
    stopSignal.removeEventListener('abort', stop);
    control.killed.removeEventListener('abort', kill);
    streams.stdout.end();
    streams.stderr.end();
    this.#note(result);
    if (result.ended?.by === 'timeout') this.timedOut = true;
    if (result.leftBehind && !stopSignal.aborted) {
      const message = `${this.#task.id} left processes behind; they were ended with it`;
      this.#context.emit({ type: 'notice', level: 'warning', message });
    }
    if (result.outputHeld && !stopSignal.aborted) {
      const message = `${this.#task.id} left a process behind that holds its output open; what it prints from now on is lost`;
      this.#context.emit({ type: 'notice', level: 'warning', message });
    }
    if (!late.signal.aborted || options === undefined) return result;
    return { ...result, error: `timed out after ${formatDuration(options.timeoutMs)}` };
  }

  #note(result: Pick<ExecutionResult, 'peakMemoryBytes' | 'cpuSeconds'>): void {
    if (result.peakMemoryBytes === undefined || result.cpuSeconds === undefined) return;
    this.usage = {
      peakMemoryBytes: Math.max(this.usage.peakMemoryBytes ?? 0, result.peakMemoryBytes),
      cpuSeconds: (this.usage.cpuSeconds ?? 0) + result.cpuSeconds,
    };
  }

  #stream(stream: 'stdout' | 'stderr'): { push(chunk: Buffer): void; end(): void } {
    const { masks } = this.#context;
    const emit = (chunk: Buffer): void => {
      if (chunk.length > 0) {
        this.#logEnd[stream] = `${this.#logEnd[stream]}${chunk.toString('utf8')}`.slice(-LOG_END);
        this.#context.emit({ type: 'task-output', id: this.#task.id, stream, chunk });
      }
    };
    const mask = masks.empty ? new WholeCharacters() : masks.stream();
    return { push: (chunk) => emit(mask.push(chunk)), end: () => emit(mask.end()) };
  }

  /** Of an MLflow client: the task's metric, as long as there are not too many of them. */
  #told({ key, value, step, at }: TrackedPoint, newest: number): void {
    if (!Object.hasOwn(this.metrics, key) && ++this.#clientMetrics > MAX_METRICS) {
      if (this.#clientMetrics !== MAX_METRICS + 1) return;
      const message = `${this.#task.id}: its MLflow clients log more than ${MAX_METRICS} metrics; the others are only in their run`;
      this.#context.emit({ type: 'notice', level: 'warning', message });
      return;
    }
    setOwn(this.metrics, key, jsonNumber(newest));
    this.#widen(key, value);
    const { id } = this.#task;
    this.#context.emit({ type: 'metric-logged', id, key, value, step, at: new Date(at).toISOString() });
  }

  #widen(key: string, value: number): void {
    const range = widened(this.ranges.get(key), value);
    if (range !== undefined) this.ranges.set(key, range);
  }

  #metricsFile(): string {
    return metricsFileOf(this.#context, this.#task.id, this.#number);
  }

  #readMetrics(last: boolean): void {
    for (const line of this.#tail.read(last)) {
      const point = parseMetricLine(line);
      if (typeof point === 'string') {
        if (this.#complaints++ >= MOST_COMPLAINTS) continue;
        const message = `${this.#task.id}: a line in MODELYARD_METRICS is ${point}`;
        this.#context.emit({ type: 'notice', level: 'warning', message });
        continue;
      }
      setOwn(this.metrics, point.key, point.exact ?? jsonNumber(point.value));
      this.#widen(point.key, point.value);
      this.#context.emit({ type: 'metric-logged', id: this.#task.id, ...point });
    }
  }
}

type JobContext = Pick<
  AttemptContext,
  'environment' | 'fileName' | 'graceMs' | 'metricsFolder' | 'root' | 'runId' | 'secrets' | 'sharedSecrets'
>;

/** What every command of an attempt is run with. */
export function jobBasis(
  context: JobContext,
  task: ResolvedTask,
  attempt: number,
  grant?: Grant,
): Omit<ExecutorJob, 'script' | 'memo' | 'onOutput' | 'onState'> {
  const { environment: inherited, root, graceMs } = context;
  const { name, matrix, resources, timeoutMs } = task.instance.task;
  const width = matrix?.maxParallel;
  return {
    id: task.id,
    attempt,
    cwd: path.join(root, task.workingDirectory),
    env: { inherited, own: ownVariables(context, task, attempt, grant) },
    resources,
    ...defined({
      timeoutMs,
      lane: width === undefined ? undefined : { key: `${context.runId} ${name}`, width },
    }),
    graceMs,
  };
}

/** The variables of the task, over those that are inherited. */
function ownVariables(
  context: JobContext,
  task: ResolvedTask,
  attempt: number,
  grant: Grant | undefined,
): Record<string, string> {
  const { secrets, sharedSecrets, runId, root } = context;
  const devices = grant === undefined ? {} : deviceVariables(grant);
  const env: Record<string, string> = { ...devices, ...task.env };
  for (const name of [...sharedSecrets, ...task.instance.task.secrets.map(({ value }) => value)]) {
    const secret = secrets[name];
    if (secret !== undefined) env[name] = secret;
  }
  env['MODELYARD_RUN_ID'] = runId;
  env['MODELYARD_TASK'] = task.id;
  env['MODELYARD_METRICS'] = metricsFileOf(context, task.id, attempt);
  env['MODELYARD_PROJECT'] = root;
  return env;
}

/** Variables of the task's own commands, over all others. */
export function pythonOf(
  { environment, metricsFolder }: Pick<AttemptContext, 'environment' | 'metricsFolder'>,
  { python, env }: ResolvedTask,
): Record<string, string> {
  if (python === undefined) return {};
  const folder = path.join(metricsFolder, `python-${hashOf(python.python.path).slice(7, 19)}`);
  return pythonVariables(python, { inherited: environment, set: env, folder });
}

function metricsFileOf({ metricsFolder, fileName }: JobContext, id: string, attempt: number): string {
  return path.join(metricsFolder, `${fileName(id)}.${attempt}.ndjson`);
}

/** Keeps UTF-8 characters whole where there is nothing to mask. */
class WholeCharacters implements Pick<StreamMask, 'push' | 'end'> {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Buffer {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const cut = wholeCharacters(data, 0, data.length);
    this.#rest = cut === data.length ? EMPTY : Buffer.from(data.subarray(cut));
    return cut === data.length ? data : data.subarray(0, cut);
  }

  end(): Buffer {
    const rest = this.#rest;
    this.#rest = EMPTY;
    return rest;
  }
}

const EMPTY = Buffer.alloc(0);
