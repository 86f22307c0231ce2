/** Where a task's command runs, as a port: this machine today, a cluster later. */

import type { Script } from '../action-plans.js';

export interface ExecutorJob {
  /** Id of the task in the run. */
  readonly id: string;
  readonly script: Script;
  /** Absolute. */
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** How long processes may take to end after they were asked to. */
  readonly graceMs: number;
  /** The chunk is overwritten by the next one as soon as this returns. */
  readonly onOutput: (stream: 'stdout' | 'stderr', chunk: Buffer) => void;
}

export interface ExecutionResult {
  readonly exitCode?: number;
  readonly signal?: string;
  /** It could not be started at all. */
  readonly error?: string;
  /** Processes of the task outlived its command and were ended. */
  readonly leftBehind: boolean;
  /** A process that is none of its own any more holds the output open. */
  readonly outputHeld: boolean;
  readonly peakMemoryBytes?: number;
  readonly cpuSeconds?: number;
}

/** A command under way. */
export interface Execution {
  readonly pid: number | undefined;
  /** Never rejects. */
  readonly done: Promise<ExecutionResult>;
  /** Asks everything that belongs to it to end, and ends it when the grace is over. */
  stop(): void;
  /** Ends it at once. */
  kill(): void;
}

export interface Executor {
  start(job: ExecutorJob): Execution;
  /** Ends what it holds itself, when no job is left. */
  close(): void;
}
