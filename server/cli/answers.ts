/**
 * What every command prints with `--json`. The types are the contract: `scripts/docs.mjs` makes the JSON Schemas in
 * `docs/json/` of them, and each answer begins with its `formatVersion`.
 */
import type { RunEstimate } from '../base/runs/task-outcome.js';
import { jsonText } from '../base/json.js';
import type { MaterializeResult } from '../features/views/materialize.js';
import type { Manifest } from '../features/views/manifest.js';
import type { OnlineRow } from '../features/online/read.js';
import type { Rows } from '../features/engine/messages.js';
import type { Profile } from '../features/compare.js';
import type { TableDrift } from '../features/statistics/measure.js';
import type { TrainingSetDocument } from '../features/training/document.js';
import type { Json } from '../definition/definition.js';
import type { TextChange } from '../project/texts.js';
import type { MetricLogged, RunEvent, TaskOutput } from '../stores/runs/events.js';
import type { DataDiff } from '../runner/dvc/data/diff.js';
import type { StageChange } from '../runner/dvc/data/status.js';
import type { PlannedTask } from '../runner/plan/plan.js';
import type { AlertEvent, AlertState } from '../serving/monitor/alerts.js';
import type { DriftMeasures, MetricsSummary } from '../serving/monitor/measures/bucket.js';
import type { ServiceView } from '../serving/services/read.js';
import type { ReleaseEntry } from '../serving/releases/releases.js';
import type { ReleaseDocument, ServiceEvent } from '../serving/types.js';
import type { ApprovalAnswer, ApprovalRequest, ApprovalState } from '../stores/approvals/approvals.js';
import type { LineageGraph, LineageTarget } from '../stores/lineage/types.js';
import type { PackageManifest, PackageVersion } from '../stores/packages/types.js';
import type { ComparisonRow } from '../stores/registry/compare.js';
import type {
  HistoryEntry,
  RegisteredModel,
  VersionDocument,
  VersionSummary,
} from '../stores/registry/types.js';
import type { Imported } from '../stores/registry/transfer/transfer.js';
import type { RunComparisonRow } from '../stores/runs/compare.js';
import type { RunDocument, RunStatus, RunSummary } from '../stores/runs/document.js';
import type { RunMarks } from '../stores/runs/marks.js';
import type { TrashItem } from '../stores/trash.js';
import type { MemoryState } from '../stores/trust.js';
import type { Diagnostic } from './load/loaded.js';
import { stdout } from './output.js';

/** A model without its versions. */
export type ModelHead = Omit<RegisteredModel, 'recent'>;

/** A view of a features file. */
export interface KnownView {
  readonly name: string;
  /** Its file, relative to the project. */
  readonly file: string;
  readonly description?: string;
  readonly owner?: string;
  readonly tags?: Readonly<Record<string, Json>>;
  readonly entities: readonly string[];
  /** `type`: as declared; null where it is told from the data. */
  readonly features: readonly { readonly name: string; readonly type: string | null }[];
  /** The current version; absent: never computed. */
  readonly current?: KnownViewVersion;
  /** The last try, where it failed. */
  readonly failed?: { readonly at: string; readonly message: string };
}

/** Runs, and what people say of them. */
interface MarkedRuns {
  readonly runs: readonly { readonly run: string; readonly marks: RunMarks }[];
}

/** A version of a view, in short. */
export interface KnownViewVersion extends Pick<
  Manifest,
  'version' | 'createdAt' | 'rows' | 'bytes' | 'hash' | 'range' | 'partial'
> {
  /** Expectations that did not hold. */
  readonly brokenExpectations: number;
}

/** One finding of `doctor`. */
export interface DoctorFinding {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'error';
  readonly text: string;
}

/** A pipeline as `status` shows it. */
export interface PipelineStatus {
  readonly name: string;
  /** Relative to the project. */
  readonly path: string;
  /** Errors that `modelyard lint` finds. With any there is no plan. */
  readonly errors: number;
  readonly lastRun?: {
    readonly id: string;
    readonly status: RunStatus;
    readonly createdAt: string;
    /** Tasks whose time for an answer is up: resume the run to let that count. */
    readonly expired: readonly string[];
  };
  /** Why there is no plan. */
  readonly problem?: string;
  readonly tasks: readonly Pick<PlannedTask, 'id' | 'decision' | 'reasons'>[];
}

/** A line of `run --json`: what happened, in the order in which it did. */
export type JsonEvent =
  | Exclude<RunEvent, TaskOutput | MetricLogged>
  /** `chunk`: text; bytes that are no UTF-8 are U+FFFD. */
  | (Omit<TaskOutput, 'chunk'> & { readonly chunk: string })
  | (Omit<MetricLogged, 'value' | 'exact'> & {
      /** "NaN", "Infinity" and "-Infinity" are texts. */
      readonly value: number | string;
      /** The value where it is a whole number beyond 2^53, as a text. */
      readonly exact?: string;
    });

/** A release that was made, or that was there already. */
export type Deployed = ReleaseDocument & { readonly created: boolean };

/** A service by its name. */
export interface ServiceName {
  readonly environment: string;
  readonly name: string;
}

/** What an order to a service came to. */
export interface ServiceResult {
  readonly ok: boolean;
  readonly message: string;
}

/** What a change of a model was about. */
interface ModelSubject {
  readonly model: string;
  /** Absent: the model itself. */
  readonly version?: string;
}

/** Where an alias points. */
interface AliasMove {
  readonly model: string;
  readonly alias: string;
  /** Where it pointed before; null: nowhere. */
  readonly from: string | null;
  readonly to: string | null;
}

/** An alias, a service, a run: answers of commands that change something. Each also says whether it was `applied`. */
export interface ChangeAnswers {
  approve: { readonly run: string; readonly task: string; readonly verdict: 'approved' };
  deploy: { readonly environment: string; readonly package: string; readonly model?: string };
  'features materialize': {
    /** Of a dry run: the views, and why each has to be computed. */
    readonly views: readonly { readonly view: string; readonly reason?: string }[];
  };
  'features training-set': { readonly path: string; readonly views: readonly string[] };
  gc: {
    readonly runs: readonly { readonly id: string; readonly pipeline: string; readonly bytes: number }[];
    /** Files of the cache, the model registry and packages that go. */
    readonly files: number;
    /** Ids of items of the trash that go. */
    readonly trash: readonly string[];
    readonly freedBytes: number;
    /** What the cache held before, and holds afterwards. */
    readonly cacheBytes: number;
    readonly keptBytes: number;
  };
  'models alias': AliasMove;
  'models card': {
    readonly model: string;
    readonly version: string;
    /** Absolute: where it was written. */
    readonly file: string;
  };
  'models delete': ModelSubject & {
    readonly deleted: true;
    /** Its artifact is given up, too. */
    readonly purged?: true;
  };
  'models describe': ModelSubject & { readonly description: string };
  'models export': {
    readonly model: string;
    readonly versions: readonly string[];
    readonly bytes: number;
    /** Absolute. */
    readonly to: string;
  };
  'models import': Pick<Imported, 'name' | 'versions' | 'keptAliases'>;
  'models register': {
    readonly model: string;
    readonly version: string;
    readonly uri: string;
    /** Not: these bytes were this version already. */
    readonly created: boolean;
    /** What came to a version that was there already. */
    readonly added: readonly string[];
  };
  'models restore': ModelSubject & { readonly restored: true };
  'models rollback': AliasMove;
  'models tag': ModelSubject & { readonly tags: Readonly<Record<string, string>> };
  'dvc checkout': {
    readonly changes: readonly { readonly path: string; readonly change: 'added' | 'modified' }[];
    /** Whose objects DVC's cache lacks. */
    readonly missing: readonly string[];
  };
  /** Stages and `.dvc` files whose record was changed. */
  'dvc commit': { readonly owners: readonly string[] };
  'packages delete': { readonly name: string; readonly version: string; readonly deleted: true };
  reject: { readonly run: string; readonly task: string; readonly verdict: 'rejected' };
  'runs cancel': {
    readonly run: string;
    /** Its process was asked to end it. */
    readonly asked?: true;
    /** It has ended. */
    readonly cancelled?: true;
    /** It was written down as interrupted: its process can't be asked. */
    readonly interrupted?: true;
  };
  'runs delete': { readonly run: string; readonly deleted: true };
  'runs archive': MarkedRuns;
  'runs note': MarkedRuns;
  'runs star': MarkedRuns;
  'runs tag': MarkedRuns;
  'runs job': { readonly run: string; readonly task: string; readonly order: 'cancel' | 'hold' | 'release' };
  'service abort': ServiceName;
  'service promote': ServiceName;
  'service restart': ServiceName;
  'service rollback': ServiceName;
  'service start': ServiceName | { readonly services: readonly ServiceName[] };
  'service stop': ServiceName;
  'service traffic': ServiceName;
  'trash empty': { readonly ids: readonly string[]; readonly bytes: number };
  'trash restore': {
    readonly id: string;
    /** Relative to the project: where it was. */
    readonly path: string;
    /** Absolute: where it is now. */
    readonly to: string;
  };
  trust: {
    /** Absolute. */
    readonly memory: string;
    readonly before: MemoryState;
  };
}

/** What an answer to a question came to. */
interface Answered extends Pick<ApprovalState, 'status' | 'missing'> {
  readonly run: string;
  readonly task: string;
  /** A runner stays and continues by itself. */
  readonly attended: boolean;
  readonly answers: readonly ApprovalAnswer[];
}

/** All other answers. */
export interface PlainAnswers {
  approvals: {
    readonly approvals: readonly (ApprovalRequest & {
      /** The definition, relative to the project. */
      readonly path: string;
      /** A runner stays and continues by itself; else the run has to be resumed. */
      readonly attended: boolean;
      /** Its time is up: resume the run to let that count. */
      readonly expired?: true;
      /** Approvals that are still missing. */
      readonly missing: number;
      readonly answers: readonly ApprovalAnswer[];
    })[];
  };
  approve: Answered;
  deploy: Deployed;
  doctor: {
    /** Absolute, of the project. */
    readonly root: string;
    readonly findings: readonly DoctorFinding[];
  };
  'features diff': { readonly reference: string; readonly current: string } & TableDrift;
  'features get': {
    readonly service: string;
    /** Of the file of latest values. */
    readonly version: string;
    readonly keys: Readonly<Record<string, string>>;
    /** By name; null where there is no value, or none that is of use still. */
    readonly features: Readonly<Record<string, Json>>;
    readonly views: readonly (OnlineRow | { readonly view: string; readonly status: 'offline' })[];
  };
  'features list': {
    readonly views: readonly KnownView[];
    readonly services: readonly {
      readonly name: string;
      readonly file: string;
      readonly description?: string;
      readonly owner?: string;
      readonly tags?: Readonly<Record<string, Json>>;
      /** `VIEW:FEATURE`, or a whole view. */
      readonly features: readonly string[];
    }[];
  };
  'features materialize': {
    readonly views: readonly (
      | (Omit<Extract<MaterializeResult, { readonly ok: true }>, 'manifest'> & {
          readonly manifest: Omit<Manifest, 'statistics'>;
        })
      | Extract<MaterializeResult, { readonly ok: false }>
    )[];
    readonly applied: true;
  };
  'features preview': Rows;
  'features profile': Profile & {
    /** With `--against`: what it was compared with, and how far each feature is from it. */
    readonly against?: string;
    readonly drift?: TableDrift;
  };
  'features show': KnownView & { readonly manifest: Manifest | null; readonly versions: readonly number[] };
  'features training-set': TrainingSetDocument & { readonly applied: true };
  'features versions': {
    readonly versions: readonly (KnownViewVersion & {
      readonly current: boolean;
      /** What keeps it: training sets, model versions. */
      readonly usedBy: readonly string[];
    })[];
  };
  graph: {
    readonly pipeline: string;
    readonly nodes: readonly {
      readonly id: string;
      readonly task?: string;
      readonly action?: string;
      readonly inputs?: readonly string[];
      readonly outputs?: readonly string[];
    }[];
    readonly edges: readonly {
      readonly from: string;
      readonly to: string;
      /** Paths, or how one names the other. */
      readonly labels: readonly string[];
    }[];
  };
  inputs: {
    readonly pipeline: string;
    readonly task: string;
    /** As they are written. */
    readonly declared: readonly string[];
    /** The run that noted what was opened; absent: none has. */
    readonly run?: string;
    readonly read: readonly {
      readonly path: string;
      /** By which of the inputs; absent: by none. */
      readonly by?: string;
    }[];
    /** Besides the outputs. */
    readonly written: readonly string[];
    /** Inputs of which nothing was seen to be read. */
    readonly unread: readonly string[];
  };
  lint: {
    /** How many were checked. */
    readonly files: number;
    readonly findings: readonly Diagnostic[];
  };
  'models card': { readonly model: string; readonly version: string; readonly markdown: string };
  'models compare': {
    readonly a: { readonly name: string; readonly version: string; readonly aliases: readonly string[] };
    readonly b: { readonly name: string; readonly version: string; readonly aliases: readonly string[] };
    readonly rows: readonly ComparisonRow[];
  };
  'models history': { readonly entries: readonly HistoryEntry[] };
  'models lineage': {
    readonly target: LineageTarget;
    readonly upstream?: LineageGraph;
    readonly downstream?: LineageGraph;
  };
  'models list': {
    readonly models: readonly (ModelHead & {
      /** The newest version; null: there is none. */
      readonly latest: string | null;
    })[];
  };
  'models show':
    | (VersionDocument & { readonly aliases: readonly string[]; readonly uri: string })
    | (ModelHead & { readonly versions: readonly VersionSummary[] });
  /** As `dvc diff --json --show-hash` prints it; paths are relative to the project. */
  'dvc diff': DataDiff;
  /** As `dvc status --json` prints it; paths are relative to the project. */
  'dvc status': { readonly stages: Readonly<Record<string, readonly StageChange[]>> };
  'packages export': PackageVersion & {
    /** Absolute: where it was written. */
    readonly path: string;
  };
  'packages list': {
    readonly packages: readonly { readonly name: string; readonly versions: readonly PackageVersion[] }[];
  };
  'packages show':
    | { readonly name: string; readonly versions: readonly PackageVersion[] }
    | (Omit<PackageVersion, 'manifest'> & { readonly manifest: PackageManifest });
  plan: {
    readonly pipeline: string;
    readonly tasks: readonly PlannedTask[];
    /** Absent where nothing would run, or nothing of it ever ran. */
    readonly estimate?: RunEstimate;
  };
  reject: Answered;
  'releases history': { readonly entries: readonly ReleaseEntry[] };
  'releases list': { readonly releases: readonly ReleaseDocument[] };
  run: JsonEvent;
  'runs compare': {
    readonly runs: readonly Pick<RunSummary, 'id' | 'pipeline' | 'status' | 'createdAt'>[];
    readonly rows: readonly RunComparisonRow[];
  };
  'runs diff': { readonly changes: readonly TextChange[] };
  /** Without a text. */
  'runs note': MarkedRuns;
  'runs list': { readonly runs: readonly RunSummary[] };
  'runs show': RunDocument;
  'service abort': ServiceResult;
  'service alerts': {
    readonly services: readonly (ServiceName & {
      /** How each rule is now. */
      readonly alerts: readonly AlertState[];
      /** What was raised and cleared, the newest first. */
      readonly history: readonly AlertEvent[];
    })[];
  };
  'service history': { readonly events: readonly ServiceEvent[] };
  'service list': {
    readonly services: readonly (ServiceView & {
      /** Its project; with `--all-projects`. */
      readonly root?: string;
    })[];
  };
  'service promote': ServiceResult;
  'service restart': ServiceResult;
  'service rollback': ServiceResult;
  'service start': ServiceResult | { readonly services: readonly (ServiceName & ServiceResult)[] };
  'service status': ServiceView & {
    readonly url: string;
    /** Of the last minute; null: nothing was measured. */
    readonly metrics: MetricsSummary | null;
    readonly drift: DriftMeasures;
    readonly alerts: readonly AlertState[];
    readonly events: readonly ServiceEvent[];
  };
  'service stop': ServiceResult;
  'service traffic': ServiceResult;
  status: {
    /** Absolute, of the project. */
    readonly root: string;
    readonly pipelines: readonly PipelineStatus[];
  };
  'trash list': { readonly items: readonly (TrashItem & { readonly bytes: number })[] };
  version: {
    readonly modelyard: string;
    readonly node: string;
    /** `linux-x64` */
    readonly platform: string;
  };
}

/** Whether what the answer says was done, rather than only looked at with `--dry`. */
interface Applied {
  readonly applied: boolean;
}

/** What each command prints with `--json`, `formatVersion` aside. */
export type Answers = {
  readonly [K in keyof PlainAnswers | keyof ChangeAnswers]:
    | (K extends keyof PlainAnswers ? PlainAnswers[K] : never)
    | (K extends keyof ChangeAnswers ? ChangeAnswers[K] & Applied : never);
};

/** Instead of an answer, where a command fails before it has one. */
export interface Failure {
  readonly error: {
    readonly exitCode: number;
    readonly message: string;
    /** Of a definition that is not valid. */
    readonly findings?: readonly Diagnostic[];
  };
}

/** Answers of which a key has gone, or means something else by now; all others are 1. New keys change nothing here. */
export const FORMAT_VERSIONS: { readonly [K in keyof Answers]?: number } = {};

export function formatVersion(name: keyof Answers): number {
  return FORMAT_VERSIONS[name] ?? 1;
}

/** Prints the answer of a command as one line. */
export function answer<K extends keyof Answers>(name: K, value: Answers[K]): void {
  stdout.line(jsonText({ formatVersion: formatVersion(name), ...value }));
}

/** Prints the answer of a command that changes something. */
export function answerChange<K extends keyof ChangeAnswers>(
  name: K,
  value: ChangeAnswers[K],
  applied: boolean,
): void {
  stdout.line(jsonText({ formatVersion: formatVersion(name), ...value, applied }));
}

/** Prints why there is no answer. */
export function answerFailure(failure: Failure): void {
  stdout.line(jsonText({ formatVersion: 1, ...failure }));
}
