/** The record of a run: one lowdb document per run, written by the one process that runs it. */
import { defined } from '../../base/defined.js';
import type {
  CheckOutcome,
  OpenedFiles,
  RunStatus,
  TaskProgress,
  TaskStatus,
} from '../../base/runs/task-outcome.js';
import type { ArtifactKind, Json, PipelineKind } from '../../definition/definition.js';
import type { RunMarks } from './marks.js';

/** Raised when the shape changes; older documents are migrated forward when they are read. */
export const RUN_SCHEMA_VERSION = 1;

export type * from '../../base/runs/task-outcome.js';

/** `sha256:<hex>` of a file's bytes, or of a folder's sorted listing of `<hash> <relative path>` lines. */
export type ContentHash = string;

export interface FileRecord {
  /** Relative to the project. */
  readonly path: string;
  readonly hash: ContentHash;
  readonly bytes: number;
  /** For a folder: how many files are in it. */
  readonly files?: number;
}

export interface ArtifactRecord extends FileRecord {
  /** The output's name in the definition; for metrics and plots the path. */
  readonly name: string;
  readonly kind: ArtifactKind;
  /** Guessed from the extension, `application/octet-stream` when unknown, `inode/directory` for a folder. */
  readonly mime: string;
  /** Whether the cache holds the content, so that it survives being overwritten. */
  readonly cached: boolean;
}

/** One part of a fingerprint: what it is, its value (a hash for files) and why it counts. */
export interface FingerprintPart {
  readonly kind:
    | 'command'
    | 'shell'
    | 'python'
    | 'secret'
    | 'env'
    | 'param'
    | 'input'
    | 'output'
    | 'working-directory'
    | 'upstream'
    | 'check'
    | 'model'
    | 'register'
    | 'materialize'
    | 'package'
    | 'approval'
    | 'deploy'
    | 'service'
    | 'monitor'
    | 'pipeline'
    | 'features'
    | 'format';
  readonly name: string;
  readonly value: string;
  /** The task whose fingerprint the value is. */
  readonly task?: string;
}

export interface FingerprintRecord {
  readonly hash: string;
  readonly parts: readonly FingerprintPart[];
}

/** A question to people, as far as lists show it. All of it is in the run's folder (see approvals.ts). */
export interface ApprovalRecord {
  readonly prompt: string;
  /** Empty: anybody. */
  readonly who: readonly string[];
  readonly count: number;
  /** Of a `deploy`: the environment that demands it. */
  readonly environment?: string;
  readonly askedAt: string;
  readonly expiresAt?: string;
  /** What is different from the question that was asked before. */
  readonly changed?: readonly string[];
  readonly answers: readonly {
    readonly verdict: 'approved' | 'rejected' | 'timed-out';
    readonly by: string;
    readonly at: string;
    readonly comment?: string;
  }[];
}

/** A job of an executor that outlives the runner, so that another process finds it again. */
export interface JobHandle {
  /** Its name in `modelyard.yaml`. */
  readonly executor: string;
  /** What the executor calls the job. */
  readonly id: string;
}

/** What a task came to. Its record, its memory, the cache and the events hold it, each with what they add. */
export interface TaskOutcome {
  readonly inputs: readonly FileRecord[];
  readonly outputs: readonly ArtifactRecord[];
  readonly metrics: Readonly<Record<string, Json>>;
  /** Of the metrics that were logged while it worked. */
  readonly ranges?: MetricRanges;
  readonly checks?: readonly CheckOutcome[];
  /** What its action gives besides files, by name: the `version` that a register task made. */
  readonly values?: Readonly<Record<string, string>>;
  /** What its action did, in a few words. */
  readonly note?: string;
}

/** Of something that holds it, the outcome alone. */
export function outcomeOf(known: TaskOutcome): TaskOutcome {
  const { inputs, outputs, metrics, ranges, checks, values, note } = known;
  return { inputs, outputs, metrics, ...defined({ ranges, checks, values, note }) };
}

export type MetricRange = readonly [least: number, greatest: number];

/** The least and the greatest of what was logged of each metric; what is not finite is neither. */
export type MetricRanges = Readonly<Record<string, MetricRange>>;

/** With one more value that was logged; the same range where that changes nothing. */
export function widened(range: MetricRange | undefined, value: number): MetricRange | undefined {
  if (!Number.isFinite(value)) return range;
  const [least, greatest] = range ?? [value, value];
  if (range !== undefined && value >= least && value <= greatest) return range;
  return [Math.min(least, value), Math.max(greatest, value)];
}

export interface TaskRun extends TaskProgress, TaskOutcome {
  readonly matrix?: Readonly<Record<string, Json>>;
  /** The last job that did its work, and the node on which that ran. */
  readonly job?: JobHandle & { readonly node?: string };
  readonly tolerated?: boolean;
  readonly fingerprint?: FingerprintRecord;
  /** What it asked people, and what they answered. */
  readonly approval?: ApprovalRecord;
  /** Files of the project that its Python opened. */
  readonly opened?: OpenedFiles;
  /** Relative to the run's folder. */
  readonly log?: string;
  /**
   * What everything that it depends on had come to when it ended, as one opaque value. A run that is resumed takes a
   * failure or a skip for final only while that is the same.
   */
  readonly upstream?: string;
  /** Ids of runs that MLflow clients among its processes have begun. */
  readonly clientRuns?: readonly string[];
  /** What of it is empty because the list that was kept apart from the record is lost: what it held isn't known. */
  readonly lost?: readonly LostList[];
}

/** What of a task may be too long for the record of its run. */
export type LostList = 'inputs' | 'outputs' | 'fingerprint';

/** An interpreter that tasks of a run used. */
export interface PythonRecord {
  /** Absolute. */
  readonly path: string;
  /** What people call it: `.venv`. */
  readonly name: string;
  /** Absent: it can't be told without starting it. */
  readonly version?: string;
  /** Who says that it is this one. */
  readonly source: string;
  /** Version by name. */
  readonly packages: Readonly<Record<string, string>>;
  /** The file that pins the packages, relative to the project, and the hash of its content. */
  readonly lock?: { readonly path: string; readonly hash: ContentHash };
  /** Names of the tasks. */
  readonly tasks: readonly string[];
}

/** What is known of a run before its first task starts. */
export interface RunHeader {
  /** Sorts by time: `20261123-123456-789-k3f9`. */
  readonly id: string;
  readonly pipeline: string;
  readonly kind: PipelineKind;
  /** Of the definition, relative to the project. */
  readonly path: string;
  /** `sha256:<hex>` of the definition's text. */
  readonly definitionHash: ContentHash;
  readonly params: Readonly<Record<string, Json>>;
  /** What the commands of its tasks find as `python`; absent where none uses it. */
  readonly python?: readonly PythonRecord[];
  readonly git?: { readonly commit: string; readonly branch?: string; readonly dirty: boolean };
  readonly user: string;
  readonly host: string;
  readonly machine: {
    readonly os: string;
    readonly arch: string;
    readonly cpus: number;
    readonly memoryBytes: number;
  };
  readonly trigger: 'editor' | 'terminal' | 'ci';
  /** The arguments of `modelyard run`, values of secrets masked. */
  readonly argv: readonly string[];
  readonly pid: number;
  /** Tells a living process from another one with the same pid. Opaque: compare only (see liveness.ts). */
  readonly processStart?: string;
  /** The machine, boot and pid namespace that `pid` is of. Opaque: compare only. */
  readonly place?: string;
  /** The run that this one went on from. */
  readonly resumed?: string;
  /** The run, and the task in it, that this one is part of. */
  readonly parent?: { readonly run: string; readonly task: string };
  readonly createdAt: string;
  /** Its task ran under a debugger: what it came to counts for nothing. */
  readonly debug?: true;
  /** Who tells what happens in it. Absent: the runner of a pipeline. `tracking`: an MLflow client. */
  readonly source?: 'tracking';
}

/** What an MLflow client says of its run, as it says it. */
export interface TrackedRecord {
  /** Id of the experiment; its name is the run's `pipeline`. */
  readonly experiment: string;
  readonly name: string;
  /** The client's word. The run's own status also knows that nobody tells it any more. */
  readonly status: TrackedStatus;
  /** ms since 1970, of the client's clock. */
  readonly start: number;
  readonly end?: number;
  readonly user: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Of the newest point of each metric: ms since 1970, and step. */
  readonly newest: Readonly<Record<string, readonly [at: number, step: number]>>;
  /** Absent in what Modelyard 0.1.0 has written. */
  readonly ranges?: MetricRanges;
  /** When a client deleted it, ms since 1970: it can be restored until `modelyard gc` or `runs delete` takes it. */
  readonly deleted?: number;
  readonly datasets?: readonly TrackedDataset[];
  /** Ids of logged models. */
  readonly modelInputs?: readonly string[];
  readonly modelOutputs?: readonly { readonly id: string; readonly step: number }[];
  /** So many bytes of `events.ndjson` and `metrics.ndjson` are in here. */
  readonly applied: { readonly events: number; readonly metrics: number };
}

export type TrackedStatus = 'RUNNING' | 'SCHEDULED' | 'FINISHED' | 'FAILED' | 'KILLED';

export interface TrackedDataset {
  readonly name: string;
  readonly digest: string;
  readonly sourceType: string;
  /** JSON, as the client wrote it; so are `schema` and `profile`. */
  readonly source: string;
  readonly schema?: string;
  readonly profile?: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface RunDocument extends RunHeader {
  readonly schema: number;
  readonly status: RunStatus;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly error?: string;
  readonly tasks: readonly TaskRun[];
  /** Of a run whose `source` is `tracking`. */
  readonly tracking?: TrackedRecord;
}

/** One line of the index: what lists show without opening the document. */
export interface RunSummary {
  readonly id: string;
  readonly pipeline: string;
  readonly path: string;
  readonly status: RunStatus;
  readonly createdAt: string;
  readonly endedAt?: string;
  readonly pid: number;
  readonly processStart?: string;
  /** The machine that `pid` is of: its name, and what tells it from others. */
  readonly host?: string;
  readonly place?: string;
  readonly trigger: RunHeader['trigger'];
  readonly counts: Readonly<Partial<Record<TaskStatus, number>>>;
  /** The last metrics of the run, `task.key` → value, bounded to the first 20. */
  readonly metrics: Readonly<Record<string, Json>>;
  /** For searching and comparing, bounded to the first 20 and to short values. */
  readonly params?: Readonly<Record<string, Json>>;
  readonly source?: RunHeader['source'];
  readonly debug?: true;
  /** What an MLflow client calls it. */
  readonly name?: string;
  /** An MLflow client has deleted it: lists leave it out. */
  readonly deleted?: true;
  readonly user?: string;
  /** Of git, in full; with a `+` where files were changed. */
  readonly commit?: string;
  /** Of `metrics`, where their least and greatest are not the last. */
  readonly ranges?: MetricRanges;
  /** Bounded to the first 20 tags and to short texts; those of MLflow clients are among them. */
  readonly marks?: RunMarks;
}
