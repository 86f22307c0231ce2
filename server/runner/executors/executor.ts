/**
 * Where a task's commands run, as a port. An executor that outlives the runner (a cluster) gives each job a handle, and
 * whoever comes after a runner that is gone can go on with the job or end it.
 */
import type { Resources } from '../../definition/definition.js';
import type { FileRecord, JobHandle } from '../../stores/runs/document.js';
import type { Script } from '../actions/plans.js';

/** In the environment of everything that a job runs that may outlive its runner. */
export const JOB_VARIABLE = 'MODELYARD_JOB';

export interface ExecutorJob {
  /** Id of the task in the run. */
  readonly id: string;
  /** From 1. */
  readonly attempt: number;
  readonly script: Script;
  /** Absolute. */
  readonly cwd: string;
  readonly env: JobEnvironment;
  readonly resources: Resources;
  /** Counted from when its processes start. */
  readonly timeoutMs?: number;
  /** How long processes may take to end after they were asked to. */
  readonly graceMs: number;
  readonly memo: JobMemo;
  /** Files that have to be where it runs, relative to the project. Absent: nobody has said. */
  readonly reads?: readonly string[];
  /** Of the jobs with the same key only so many may run at once: those of a matrix. Absent: somebody else sees to that. */
  readonly lane?: Lane;
  /** The chunk is overwritten by the next one as soon as this returns. */
  readonly onOutput: (stream: 'stdout' | 'stderr', chunk: Buffer) => void;
  /** Told by executors that let jobs wait; others start a job at once. */
  readonly onState?: (state: JobState) => void;
}

export interface Lane {
  readonly key: string;
  readonly width: number;
}

/** Apart, because what is inherited is of the machine that the runner is on. */
export interface JobEnvironment {
  readonly inherited: Readonly<Record<string, string>>;
  /** Of the task, over what is inherited. */
  readonly own: Readonly<Record<string, string>>;
}

/** What has to be known again by whoever takes a job up after the runner is gone. */
export interface JobMemo {
  /** Of the task: another runner goes on with the job only where that is the same. */
  readonly fingerprint: string;
  /** Where it writes, relative to the project: files, and the folders where globs look. */
  readonly outputs: readonly string[];
  /** The globs among them, as they are written. Absent: none. */
  readonly globs?: readonly string[];
  /** Files that its globs matched before, by path, with their stamps. */
  readonly strangers: Readonly<Record<string, string>>;
  /** It was submitted before that was known which the task depends on; the fingerprint is then that of the rest. */
  readonly ahead?: AheadMemo;
}

export interface AheadMemo {
  /** Ids of the jobs that it waits for, by task. */
  readonly after: Readonly<Record<string, string>>;
  /** Hashes of the inputs that none of them makes, by path. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** What has to be there before a job that was submitted ahead does anything. */
export interface After {
  /** Ids of jobs of the same executor, by task; all have to succeed. */
  readonly jobs: Readonly<Record<string, string>>;
  /** Absolute; that they make. */
  readonly files: readonly string[];
}

export type JobState =
  | { readonly state: 'submitted'; readonly handle: JobHandle }
  /** @property reason for people */
  | { readonly state: 'queued'; readonly reason: string }
  /** @property node where */
  | { readonly state: 'running'; readonly node?: string };

export interface ExecutionResult {
  readonly exitCode?: number;
  readonly signal?: string;
  /** It could not be started at all. */
  readonly error?: string;
  /** How the executor itself ended it, or lost it. */
  readonly ended?: Ended;
  /** Processes of the task outlived its command and were ended. */
  readonly leftBehind: boolean;
  /** A process that is none of its own any more holds the output open. */
  readonly outputHeld: boolean;
  readonly peakMemoryBytes?: number;
  readonly cpuSeconds?: number;
}

/**
 * `timeout`: its time was up. `infrastructure`: a node failed or the job was lost, which is no fault of the task. `other`: it
 * had too little memory, or somebody cancelled it.
 */
export interface Ended {
  readonly by: 'timeout' | 'infrastructure' | 'other';
  /** What happened and what to do about it, as the end of a sentence about the task. */
  readonly message: string;
}

/** A command under way. */
export interface Execution {
  /** Of a process of this machine. */
  readonly pid: number | undefined;
  /** Never rejects. */
  readonly done: Promise<ExecutionResult>;
  /** Asks everything that belongs to it to end, and ends it when the grace is over. */
  stop(): void;
  /** Ends it at once. */
  kill(): void;
}

/** A job whose runner is gone. */
export interface LeftJob {
  readonly handle: JobHandle;
  /** The run that began it, and the task in it. */
  readonly run: string;
  readonly task: string;
  readonly pipeline: string;
  readonly attempt: number;
  readonly memo: JobMemo;
  /** `ended`: it failed, was cancelled or is lost, and writes no more. */
  look(): Promise<'live' | 'succeeded' | 'ended'>;
  /** Makes it this run's own; `false` where another one was faster. */
  claim(): boolean;
  /** Goes on with it, once it is claimed, as if this process had started it. */
  attach(job: ExecutorJob): Execution;
  /** Ends it. When this is over nothing of it writes any more. */
  reap(): Promise<void>;
  /** At the end of the run that went on with it. */
  close(): void | Promise<void>;
}

/** What people may want of one job. */
export const JOB_ORDERS = ['cancel', 'hold', 'release'] as const;
export type JobOrder = (typeof JOB_ORDERS)[number];

/** @property message the job, in words, or why nothing was done */
export type Steered =
  { readonly ok: true; readonly message: string } | { readonly ok: false; readonly message: string };

/** What an executor other than this machine is opened with. */
export interface ExecutorContext {
  /** Absolute. */
  readonly root: string;
  readonly runId: string;
  readonly pipeline: string;
}

/** How a file is read that is only where jobs run: that may wait in a queue. */
export interface FarReading {
  readonly signal: AbortSignal;
  /** Tells people what it waits for. */
  say(reason: string): void;
}

/** `unknown`: nobody wanted to know it any more. */
export type FarInput =
  | { readonly ok: true; readonly records: readonly FileRecord[] }
  | { readonly ok: false; readonly reason: 'unreadable' | 'unknown'; readonly message: string };

export interface Executor {
  start(job: ExecutorJob): Execution;
  /**
   * Hands on a job that starts by itself once others have succeeded, whether this process lives or not. Nothing where that
   * could not be. Absent: the executor has no such thing.
   */
  ahead?(job: ExecutorJob, after: After, cancelled: AbortSignal): Promise<LeftJob | undefined>;
  /**
   * Content of a file or folder of the project that is not here, but where its jobs run; nothing where it is not there, either.
   * Absent: its jobs see what is here.
   */
  far?(path: string, reading: FarReading): Promise<FarInput | undefined>;
  /** Ends what it holds itself, when no job is left. */
  close(): void | Promise<void>;
}
