/**
 * Everything that happens in a run, as one closed union. The terminal, the run's record (`events.ndjson` and the run
 * document) and the editor are three readers of it.
 */
import type { Numeral } from '../../base/numeral.js';
import type {
  ApprovalRecord,
  EndStatus,
  Exit,
  FingerprintRecord,
  JobHandle,
  RunHeader,
  RunStatus,
  TaskOutcome,
  TaskRun,
  Usage,
} from './document.js';

interface At {
  /** UTC, ISO 8601 with milliseconds. */
  readonly at: string;
}

/** The run exists and its plan is made; nothing has started. */
export interface RunCreated extends At {
  readonly type: 'run-created';
  readonly run: RunHeader;
  readonly tasks: readonly Pick<TaskRun, 'id' | 'task' | 'action' | 'matrix' | 'needs'>[];
}

/** Scheduling begins. */
export interface RunStarted extends At {
  readonly type: 'run-started';
}

/** What a task waits for before it starts: another run that holds an output or a mutex, the queue of a cluster. */
export interface TaskWaiting extends At {
  readonly type: 'task-waiting';
  readonly id: string;
  readonly reason: string;
}

/** A task asks people, or goes on asking what it asked before; `answers` are those that there are. */
export interface ApprovalRequested extends At {
  readonly type: 'approval-requested';
  readonly id: string;
  readonly approval: ApprovalRecord;
}

/** Somebody answered, or nobody did in time. */
export interface ApprovalAnswered extends At {
  readonly type: 'approval-answered';
  readonly id: string;
  readonly approval: ApprovalRecord;
  /** Absent: more have to answer. */
  readonly decided?: 'approved' | 'rejected' | 'timed-out';
}

/** Nothing runs, and what is left waits for people. */
export interface RunWaiting extends At {
  readonly type: 'run-waiting';
  /** Ids of the tasks that ask. */
  readonly tasks: readonly string[];
  /** The runner leaves; the run goes on when it is resumed. */
  readonly parked: boolean;
}

/** Why a task runs, or why it need not, in words. */
export interface TaskPlanned extends At {
  readonly type: 'task-planned';
  readonly id: string;
  readonly decision: 'run' | 'restore' | 'up-to-date' | 'skip';
  readonly reasons: readonly string[];
  readonly fingerprint?: FingerprintRecord;
  /** Of a record that was read. */
  readonly lost?: TaskRun['lost'];
}

/** An executor has taken the task as a job of its own, which starts when there is room. */
export interface TaskSubmitted extends At {
  readonly type: 'task-submitted';
  readonly id: string;
  /** From 1. */
  readonly attempt: number;
  readonly job: JobHandle;
}

export interface TaskStarted extends At {
  readonly type: 'task-started';
  readonly id: string;
  /** From 1. */
  readonly attempt: number;
  readonly pid?: number;
  /** Of a job: where it runs. */
  readonly node?: string;
}

/** A piece of a task's output. Goes to the log file and the terminal, never into `events.ndjson`. */
export interface TaskOutput extends At {
  readonly type: 'task-output';
  readonly id: string;
  readonly stream: 'stdout' | 'stderr';
  /** Masked, never cut inside a UTF-8 character. Overwritten by the next one: a sink that keeps it keeps a copy. */
  readonly chunk: Buffer;
}

/** A metric as it was written while the task ran. */
export interface MetricLogged extends At {
  readonly type: 'metric-logged';
  readonly id: string;
  readonly key: string;
  readonly value: number;
  /** The value where it is a whole number beyond 2^53. */
  readonly exact?: Numeral;
  readonly step?: number;
}

/** An MLflow client among the task's processes has begun a run of its own, or goes on with that of the task. */
export interface ClientRunBegan extends At {
  readonly type: 'client-run-began';
  readonly id: string;
  /** Its id. */
  readonly run: string;
}

/** An attempt failed and another will follow. */
export interface TaskRetrying extends At {
  readonly type: 'task-retrying';
  readonly id: string;
  readonly attempt: number;
  readonly error: string;
  readonly delayMs: number;
}

export interface TaskEnded
  extends
    At,
    TaskOutcome,
    Exit,
    Usage,
    Pick<
      TaskRun,
      'tolerated' | 'missingModule' | 'upstream' | 'restoredFrom' | 'lost' | 'opened' | 'fingerprint'
    > {
  readonly type: 'task-ended';
  readonly id: string;
  readonly status: EndStatus;
}

/** A word to the person who runs it. */
export interface Notice extends At {
  readonly type: 'notice';
  readonly level: 'info' | 'warning' | 'error';
  readonly message: string;
}

export interface RunEnded extends At {
  readonly type: 'run-ended';
  readonly status: Extract<RunStatus, 'succeeded' | 'failed' | 'cancelled'>;
  readonly error?: string;
}

export type RunEvent =
  | RunCreated
  | RunStarted
  | RunWaiting
  | TaskWaiting
  | ApprovalRequested
  | ApprovalAnswered
  | TaskPlanned
  | TaskSubmitted
  | TaskStarted
  | TaskOutput
  | MetricLogged
  | ClientRunBegan
  | TaskRetrying
  | TaskEnded
  | Notice
  | RunEnded;

type Untimed<E> = E extends MetricLogged
  ? Omit<E, 'at'> & Partial<At>
  : E extends RunEvent
    ? Omit<E, 'at'>
    : never;

/** An event without its time: what happened, before it is told. A metric may have one of its own. */
export type EventBody = Untimed<RunEvent>;

/** A reader of events. Must not throw. */
export type EventSink = (event: RunEvent) => void;
