/** What an action gets to do its work with, and what it says about it. */
import type { RunReference, GitState } from '../../stores/registry/types.js';
import type { Exit, RunDocument, TaskOutcome } from '../../stores/runs/document.js';
import type { PipelineCall } from './pipeline/resolve.js';
import type { Question } from '../../stores/approvals/approvals.js';
import type { Verdict } from '../people/approvals.js';
import type { Script } from './plans.js';
import type { Ended } from '../executors/executor.js';
import type { ResolvedTask } from '../resolve/resolve.js';
import type { Session } from '../session.js';

export interface ActionContext {
  readonly task: ResolvedTask;
  /** Absolute. */
  readonly root: string;
  readonly session: Session;
  /** The run, and this task in it. */
  readonly run: RunReference;
  /** Id of the run that this one is part of, over any number of steps, or of this one. */
  readonly topRun: string;
  /** What is there already is to be made again. */
  readonly force: boolean;
  /** Waits for what others are at, rather than fail. */
  readonly wait: boolean;
  /** Where the code stands; nothing where there is no repository. */
  git(): Promise<GitState | undefined>;
  /** Runs the task's commands to their end. */
  script(script: Script): Promise<CommandOutcome>;
  /** Runs one command of the system's shell to its end; where and with which variables the task's own run, unless told otherwise. */
  command(command: string, options?: CommandOptions): Promise<Exit>;
  /** Runs another pipeline as a part of this run. */
  child(call: PipelineCall): Promise<ChildOutcome>;
  /** Writes a line to the task's log. */
  say(line: string): void;
  /** Puts a question to people and waits for the answer, without holding a place that others could use. */
  ask(question: Question): Promise<Verdict>;
  /** Whether somebody has asked the run to end. */
  cancelled(): boolean;
  /** Aborted when the task has to end: the run was cancelled, its time is up, or its matrix has failed. */
  readonly signal: AbortSignal;
}

/** How a run that is part of another one ended. */
export type ChildOutcome =
  | { readonly kind: 'ended'; readonly run: RunDocument }
  /** It waits for people, and so does whoever called it. */
  | { readonly kind: 'waiting'; readonly runId: string }
  | { readonly kind: 'refused'; readonly message: string };

export interface CommandOptions {
  /** Absolute. */
  readonly cwd: string;
  /** Over those of the task. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** How commands ended; where the executor itself ended them, in which way. */
export interface CommandOutcome extends Exit {
  readonly ended?: Ended;
}

/** What it did, besides the files, and how its commands ended; others see its values under `tasks.<name>.outputs`. */
export interface ActionOutcome
  extends Exit, Partial<Pick<TaskOutcome, 'metrics' | 'checks' | 'values' | 'note'>> {
  readonly ok: boolean;
  /** To try again would not help. */
  readonly final?: boolean;
  /** No fault of the task: it is tried again beyond its `retries`. */
  readonly infrastructure?: boolean;
  /** It has not ended: the runner leaves, and who resumes the run goes on with it. */
  readonly parked?: boolean;
  /** What it has come to besides files and values: of a called run, all that its tasks made. */
  readonly made?: string;
  /** It was ended with the run, and does not count as failed. */
  readonly cancelled?: boolean;
  /** Nobody needs it any more, and why. */
  readonly skipped?: string;
}
