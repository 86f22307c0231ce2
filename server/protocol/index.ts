/**
 * What the extension and the language server say to each other beyond LSP. Types only: the extension imports them with
 * `import type`, so that no code of the server reaches the editor's process.
 *
 * Paths are absolute URIs where the editor opens something, and project-relative where a person reads them.
 */
import type {
  CheckOutcome,
  RunEstimate,
  RunStatus,
  TaskProgress,
  TaskStatus,
} from '../base/runs/task-outcome.js';
import type { DvcRequests } from './dvc.js';
import type { ExperimentRequests } from './experiments.js';
import type { FeatureRequests } from './features.js';
import type { Answer, ModelRequests } from './models.js';
import type { ServiceMetricsRequests } from './service-metrics.js';
import type { ServiceRequests } from './services.js';
import type { TrashEntry, TrashRequests } from './trash.js';

export type { RunStatus, TaskStatus } from '../base/runs/task-outcome.js';
export type * from './dvc.js';
export type * from './experiments.js';
export type * from './features.js';
export type * from './models.js';
export type * from './service-metrics.js';
export type * from './services.js';
export type * from './trash.js';

export type Staleness = 'fresh' | 'stale' | 'never-run' | 'always-runs' | 'unknown';

/** What a task does, as the definition has it. */
export type TaskAction =
  | 'run'
  | 'notebook'
  | 'materialize'
  | 'training-set'
  | 'check'
  | 'register'
  | 'package'
  | 'approval'
  | 'deploy'
  | 'service'
  | 'monitor'
  | 'pipeline';

/** Zero-based line and UTF-16 character, as in LSP. */
export interface WirePosition {
  readonly line: number;
  readonly character: number;
}

export interface WireRange {
  readonly start: WirePosition;
  readonly end: WirePosition;
}

export interface ProjectSummary {
  readonly uri: string;
  readonly name: string;
  readonly description?: string;
  /** URI of `.modelyard`, whether or not it exists. */
  readonly memoryUri: string;
  /** What `tracking` of `modelyard.yaml` says of MLflow clients: `false` keeps them out, or the server that they log at. */
  readonly tracking?: false | { readonly uri: string };
}

export interface PipelineTaskSummary {
  readonly name: string;
  /** Empty: it has none, or more than one. */
  readonly action: TaskAction | '';
  readonly description?: string;
  readonly range: WireRange;
  /** Names of the tasks it depends on. */
  readonly needs: readonly string[];
  /** Cells of its matrix; 1 without one. */
  readonly instances: number;
  readonly manual: boolean;
  readonly lastStatus?: TaskStatus;
  readonly staleness: Staleness;
  /** Why it would run, in words. */
  readonly reasons: readonly string[];
}

/** Values are texts, as `--param` takes them: numbers keep their digits. */
export interface ParamSummary {
  /** That of a group is `group.name`. */
  readonly name: string;
  readonly type: string;
  /** Absent: the param is required, unless it is optional. */
  readonly default?: string;
  /** It may be nothing, and is when nothing is given. */
  readonly optional?: true;
  readonly description?: string;
  /** All that it may be; for a boolean, too. */
  readonly choices?: readonly string[];
}

export type PipelineKind = 'model-build' | 'app-build' | 'deployment';

export interface PipelineSummary {
  readonly name: string;
  /** `dvc`: the stages of a `dvc.yaml`. */
  readonly kind: PipelineKind | 'dvc';
  readonly description?: string;
  readonly uri: string;
  readonly path: string;
  readonly projectUri: string;
  readonly range: WireRange;
  readonly params: readonly ParamSummary[];
  readonly errors: number;
  readonly warnings: number;
  readonly lastRun?: {
    readonly id: string;
    readonly status: RunStatus;
    readonly createdAt: string;
    readonly endedAt?: string;
  };
  /** In the order in which they would run. */
  readonly tasks: readonly PipelineTaskSummary[];
}

/** `modelyard/pipelines` → every pipeline of every project, by project and path. */
export interface PipelinesResult {
  readonly projects: readonly ProjectSummary[];
  readonly pipelines: readonly PipelineSummary[];
}

export interface RunsParams {
  readonly limit: number;
  /** Only runs older than this id: paging. */
  readonly before?: string;
  readonly projectUri?: string;
  readonly pipeline?: string;
  readonly statuses?: readonly RunStatus[];
  /** Free text over id, pipeline, name, status, params, metrics, tags and note. */
  readonly text?: string;
  /** Also archived runs; they are not among the counts. */
  readonly archived?: boolean;
}

export interface RunListItem {
  readonly id: string;
  readonly projectUri: string;
  readonly pipeline: string;
  readonly path: string;
  readonly status: RunStatus;
  readonly createdAt: string;
  readonly endedAt?: string;
  readonly trigger: 'editor' | 'terminal' | 'ci';
  readonly counts: Readonly<Partial<Record<TaskStatus, number>>>;
  readonly metrics: Readonly<Record<string, unknown>>;
  /** What it was started with, bounded; those of values unlike the run before first. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** Who tells of it; absent: the runner of a pipeline. Of an MLflow client's run, `pipeline` is its experiment. */
  readonly source?: 'tracking';
  /** Its task ran under a debugger. */
  readonly debug?: true;
  /** What an MLflow client calls it. */
  readonly name?: string;
  /** What people say of it. */
  readonly marks?: {
    readonly star?: true;
    readonly archived?: true;
    readonly note?: string;
    readonly tags?: Readonly<Record<string, string>>;
  };
}

/** `modelyard/runs` */
export interface RunsResult {
  readonly runs: readonly RunListItem[];
  readonly more: boolean;
  /** All that pass, on this page or not; absent where a text is looked for, which is not counted. */
  readonly counts?: {
    readonly total: number;
    readonly byPipeline: Readonly<Record<string, number>>;
    /** By local day: `2026-11-23`. */
    readonly byDay: Readonly<Record<string, number>>;
  };
  /** Documents that could not be read and were set aside. */
  readonly problems: readonly { readonly path: string; readonly message: string }[];
}

export interface ArtifactView {
  readonly name: string;
  readonly kind: 'model' | 'dataset' | 'report' | 'log' | 'package' | 'file';
  readonly path: string;
  readonly mime: string;
  readonly bytes: number;
  readonly hash: string;
  /** The cached copy where there is one (its bytes are those of the run), else the workspace's file. */
  readonly uri: string;
  /** False when the workspace's file has changed since and no copy was kept. */
  readonly available: boolean;
  /** Model versions that are made of these bytes. */
  readonly versions?: readonly { readonly model: string; readonly version: string }[];
}

/** A file of a folder that a run put out. */
export interface ArtifactFile {
  /** Relative to the folder. */
  readonly path: string;
  /** Where its bytes are. */
  readonly uri: string;
}

export interface TaskRunView extends TaskProgress {
  readonly metrics: Readonly<Record<string, unknown>>;
  readonly artifacts: readonly ArtifactView[];
  readonly checks: readonly CheckOutcome[];
  readonly logUri?: string;
  /** The last job of a cluster that did its work, and the node on which that ran. */
  readonly job?: {
    readonly executor: string;
    readonly id: string;
    readonly node?: string;
    /** What it runs; absent: it has ended, and that is removed. */
    readonly scriptUri?: string;
  };
  /** The model version that a register task made, or found to be there already. */
  readonly registered?: { readonly model: string; readonly version: string };
  /** Runs that MLflow clients among its processes have begun; its metrics are those of the first. */
  readonly clients?: readonly ClientRunView[];
}

/** What an MLflow client has told of a run that is part of a task. */
export interface ClientRunView {
  readonly id: string;
  readonly name: string;
  readonly status: RunStatus;
  /** Bounded. */
  readonly params: Readonly<Record<string, string>>;
  /** Those that people set. Bounded. */
  readonly tags: Readonly<Record<string, string>>;
}

/** Points of one metric in the order they were logged. */
export interface MetricSeries {
  readonly task: string;
  readonly key: string;
  readonly points: readonly { readonly step: number; readonly value: number; readonly at: string }[];
}

/** `modelyard/run` {projectUri, id} */
export interface RunView extends RunListItem {
  /** As `--param` takes them; without those that are nothing. */
  readonly params: Readonly<Record<string, string>>;
  readonly git?: { readonly commit: string; readonly branch?: string; readonly dirty: boolean };
  /** Version and packages of its Python, and the hash of the lock file, by name. */
  readonly python?: Readonly<Record<string, string>>;
  readonly user: string;
  readonly host: string;
  readonly error?: string;
  readonly resumed?: string;
  readonly definitionUri: string;
  readonly tasks: readonly TaskRunView[];
  /** What it has set aside and is still in the trash. */
  readonly trash: readonly TrashEntry[];
  readonly series: readonly MetricSeries[];
}

export interface RunRef {
  readonly projectUri: string;
  readonly id: string;
}

/** A file that says something else than when a run began. */
export interface FileChange {
  /** Relative to the project. */
  readonly path: string;
  readonly uri: string;
  /** `new: scan; changed: ship` */
  readonly words: string;
  /** Its text when the run began. */
  readonly before: string;
  readonly deleted: boolean;
}

/** The Python of a pipeline's tasks. */
export interface PythonStatus {
  /** `Python 3.12.4 (.venv)` */
  readonly text: string;
  /** Where it is, or why it can't be used. */
  readonly detail: string;
  readonly problem: boolean;
}

/** What there is to say of a file beside what is found in it. */
export interface FileStatus {
  /** It has a name of ours and is left alone: what it would have been, and because of what, in words. */
  readonly refused?: { readonly as: string; readonly because: string };
  /** It is too large to be checked while somebody types; it is when it is saved. */
  readonly checkedWhenSaved?: true;
  /** Of a pipeline whose tasks use Python. */
  readonly python?: PythonStatus;
}

export interface GraphNode {
  readonly id: string;
  readonly task: string;
  readonly action: string;
  readonly description?: string;
  readonly range: WireRange;
  /** Where it stands in another file than the one that was asked about. */
  readonly uri?: string;
  readonly status?: TaskStatus;
  readonly staleness: Staleness;
  readonly reasons: readonly string[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** In words: "data/training.csv", "needs", "tasks.train.outputs.model". */
  readonly labels: readonly string[];
}

/** `modelyard/graph` {uri} → one node per task instance (a matrix beyond 50 cells is one node). */
export interface GraphResult {
  readonly pipeline: string;
  readonly uri: string;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  /** Of a run of it now. */
  readonly estimate?: RunEstimate;
  readonly problem?: string;
}

/** `modelyard/plan` {uri, params?} → what a run would do now. */
export interface PlanResult {
  readonly pipeline: string;
  readonly tasks: readonly {
    readonly id: string;
    readonly decision: 'run' | 'restore' | 'up-to-date' | 'skip' | 'unknown';
    readonly reasons: readonly string[];
    /** What it usually took, in ms; of those that would run. */
    readonly tookMs?: number;
  }[];
  readonly estimate?: RunEstimate;
  readonly problem?: string;
}

/** A question that a run puts to people, and that is not decided, or that nobody has answered in time. */
export interface ApprovalView {
  readonly projectUri: string;
  /** Ids. */
  readonly run: string;
  readonly task: string;
  readonly pipeline: string;
  readonly definitionUri: string;
  /** Markdown from a file: not to be trusted. */
  readonly prompt: string;
  /** Of a `deploy`: the environment that demands it. */
  readonly environment?: string;
  /** Names of users; empty: anybody. */
  readonly who: readonly string[];
  /** The user of this editor. */
  readonly user: string;
  /** Whether that user may answer, and has not yet. */
  readonly mayAnswer: boolean;
  readonly count: number;
  /** Approvals that are still missing. */
  readonly missing: number;
  readonly askedAt: string;
  readonly expiresAt?: string;
  /** Its time is up, and nobody runs it: resuming lets that count. */
  readonly expired?: true;
  /** It was asked before; what is different since, in a few words each. */
  readonly changed?: readonly string[];
  /** A runner stays and goes on by itself; else the run has to be resumed. */
  readonly attended: boolean;
  /** The run to resume or to end: the one that asks, or the one that it is a part of. */
  readonly owner: string;
  /** To be looked at; as they were when it was asked, where a copy was kept. */
  readonly artifacts: readonly ArtifactView[];
  readonly metrics: readonly { readonly name: string; readonly value: unknown }[];
  readonly comparison?: {
    readonly candidate: string;
    readonly current?: string;
    readonly rows: readonly {
      readonly metric: string;
      readonly current?: unknown;
      readonly candidate?: unknown;
      readonly verdict?: 'better' | 'worse';
    }[];
  };
  readonly answers: readonly {
    readonly verdict: 'approved' | 'rejected' | 'timed-out';
    readonly by: string;
    readonly at: string;
    readonly comment?: string;
  }[];
}

export interface AnswerParams {
  readonly projectUri: string;
  readonly run: string;
  readonly task: string;
  readonly verdict: 'approved' | 'rejected';
  readonly comment?: string;
}

export type AnswerResult =
  | {
      readonly ok: true;
      /** Absent: more people have to approve. */
      readonly decided?: 'approved' | 'rejected';
      readonly missing: number;
      /** Present when nobody runs it: the run of this definition that is to be resumed. */
      readonly resume?: { readonly definitionUri: string; readonly run: string };
    }
  /** Also when somebody else was first. */
  | { readonly ok: false; readonly message: string };

/** Server → client notification `modelyard/changed`: what views should ask for again. Coalesced. */
export interface ChangedParams {
  readonly what: readonly ('pipelines' | 'runs' | 'models' | 'features' | 'services')[];
  /** Runs that are under way now, for the status bar. */
  readonly active: readonly RunListItem[];
}

/** A `.modelyard` that this machine has not made: it is shown, and nothing in it is used before a person trusts it. */
export interface ForeignMemory {
  readonly projectUri: string;
  /** Of `.modelyard`. */
  readonly uri: string;
  /** Another memory in the same place has another one. */
  readonly id: string;
  /** False for a link or a file in its place, which a person has to remove. */
  readonly canTrust: boolean;
  /** What is in it, in words: "runs", "models". */
  readonly holds: readonly string[];
  /** Why nothing of it is used. */
  readonly message: string;
}

/** Answers of requests that change something. */
export type Outcome = Answer;

/** A file that is to be made. */
export interface NewFile {
  /** Relative to the project, `/` between names. */
  readonly path: string;
  readonly text: string;
}

/** A pipeline with the files that it needs: nothing is written yet. */
export interface NewPipeline {
  /** The pipeline comes first; of the others, those that are there are left alone. */
  readonly files: readonly NewFile[];
  /** What `modelyard.yaml` needs besides, to be put to its end. */
  readonly settings?: string;
}

/**
 * Requests, client → server:
 *
 * | method | params | result |
 * |---|---|---|
 * | `modelyard/pipelines` | `{}` | `PipelinesResult` |
 * | `modelyard/runs` | `RunsParams` | `RunsResult` |
 * | `modelyard/run` | `RunRef` | `RunView \| null` |
 * | `modelyard/runChanges` | `RunRef` | files that say something else than when the run began |
 * | `modelyard/artifactFiles` | `RunRef` and the path of a folder | its files |
 * | `modelyard/graph` | `{ uri }` | `GraphResult \| null` |
 * | `modelyard/plan` | `{ uri, params? }` | `PlanResult \| null` |
 * | `modelyard/fileStatus` | `{ uri }` | `FileStatus` |
 * | `modelyard/selectPython` | `{ projectUri, path }`, of the interpreter that is selected in the editor; empty: none | `Outcome` |
 * | `modelyard/checkParams` | `{ uri, params }`, values as typed | what is wrong with them, by name |
 * | `modelyard/deleteRun` | `RunRef` | `Outcome` |
 * | `modelyard/cancelRun` | `RunRef` | `Outcome` (signals the runner's process; of a run that waits for people it answers when what cleans up has run) |
 * | `modelyard/approvals` | `{}` | `{ approvals: ApprovalView[] }`, the oldest first; to be asked again when runs change |
 * | `modelyard/answer` | `AnswerParams` | `AnswerResult` |
 * | `modelyard/foreignMemories` | `{}` | `{ memories: ForeignMemory[] }`; to be asked again when runs change |
 * | `modelyard/trustMemory` | `{ projectUri }` | `Outcome`; refused in an untrusted workspace |
 * | `modelyard/template` | `{ kind, name, projectUri?, folder? }` | `NewPipeline` |
 *
 * and those of dvc.ts, experiments.ts, models.ts, features.ts, services.ts, service-metrics.ts and
 * trash.ts.
 */
export interface Requests
  extends
    DvcRequests,
    ExperimentRequests,
    ModelRequests,
    FeatureRequests,
    ServiceRequests,
    ServiceMetricsRequests,
    TrashRequests {
  'modelyard/pipelines': { params: Record<string, never>; result: PipelinesResult };
  'modelyard/runs': { params: RunsParams; result: RunsResult };
  'modelyard/run': { params: RunRef; result: RunView | null };
  'modelyard/graph': { params: { readonly uri: string }; result: GraphResult | null };
  'modelyard/plan': {
    params: { readonly uri: string; readonly params?: Readonly<Record<string, unknown>> };
    result: PlanResult | null;
  };
  'modelyard/fileStatus': { params: { readonly uri: string }; result: FileStatus };
  'modelyard/selectPython': {
    params: { readonly projectUri: string; readonly path: string };
    result: Outcome;
  };
  'modelyard/checkParams': {
    params: { readonly uri: string; readonly params: Readonly<Record<string, string>> };
    result: { readonly problems: Readonly<Record<string, string>> };
  };
  'modelyard/artifactFiles': {
    params: RunRef & { readonly path: string };
    result: Answer<{
      readonly files: readonly ArtifactFile[];
      /** They are as the run left them; else as the workspace has them now. */
      readonly kept: boolean;
    }>;
  };
  /** Refused for a run that kept no definition. */
  'modelyard/runChanges': { params: RunRef; result: Answer<{ readonly files: readonly FileChange[] }> };
  'modelyard/deleteRun': { params: RunRef; result: Outcome };
  'modelyard/cancelRun': { params: RunRef; result: Outcome };
  /** What people do with one job in a queue. */
  'modelyard/steerJob': {
    params: RunRef & { readonly task: string; readonly order: string };
    result: Outcome;
  };
  'modelyard/approvals': {
    params: Record<string, never>;
    result: { readonly approvals: readonly ApprovalView[] };
  };
  'modelyard/foreignMemories': {
    params: Record<string, never>;
    result: { readonly memories: readonly ForeignMemory[] };
  };
  'modelyard/trustMemory': { params: { readonly projectUri: string }; result: Outcome };
  'modelyard/answer': { params: AnswerParams; result: AnswerResult };
  'modelyard/template': {
    params: {
      readonly kind: PipelineKind;
      readonly name: string;
      readonly projectUri?: string;
      /** Where the pipeline is to be, relative to the project. */
      readonly folder?: string;
    };
    result: NewPipeline;
  };
}

/**
 * Commands that the server puts into code lenses and code actions and that the extension registers:
 * `modelyard.runPipeline` (uri), `modelyard.runTask` (uri, task), `modelyard.debugTask` (uri, task), `modelyard.planPipeline` (uri, task?),
 * `modelyard.showGraph` (uri, task?), `modelyard.showRun` (projectUri, id), `modelyard.openRule` (ruleId);
 * `modelyard.showApproval`, `modelyard.approve`, `modelyard.reject` (projectUri, run, task; nothing: the person picks);
 * `modelyard.materializeView`, `modelyard.previewView`, `modelyard.profileView` (projectUri, view).
 */
export type LensCommand =
  | 'modelyard.runPipeline'
  | 'modelyard.runTask'
  | 'modelyard.debugTask'
  | 'modelyard.planPipeline'
  | 'modelyard.showGraph'
  | 'modelyard.showRun'
  | 'modelyard.openRule'
  | 'modelyard.showApproval'
  | 'modelyard.approve'
  | 'modelyard.reject'
  | 'modelyard.materializeView'
  | 'modelyard.previewView'
  | 'modelyard.profileView';
