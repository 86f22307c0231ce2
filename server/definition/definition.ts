/**
 * What a definition file says, as plain, JSON-serialisable values with spans. The values that the rest of the server
 * works on: rules and ide read the spans, the runner reads the values.
 */
import type { Numeral } from '../base/numeral.js';
import type { ExpressionPart, Span, Template } from '../syntax/tree.js';
import type { ParamType } from './params/types.js';
import type { EnvEntry, Json, Located, MetadataEntry, Signature, TemplateText } from './pieces.js';
import type {
  ApprovalAction,
  DeployAction,
  MonitorAction,
  PackageAction,
  PipelineAction,
  ServiceAction,
} from './serving-actions.js';
import type { TableOptions } from './table-options.js';
import type { StageSpec } from './stage.js';
import type { TrainingSetAction } from './training-set.js';
import type { DeclaredSecret } from './secrets.js';
import type { PythonCode, PythonCounts } from './python/counts.js';
import type { Replacement } from './structure/unnamed.js';

export type * from './pieces.js';
export type * from './serving-actions.js';
export type { TrainingSetAction } from './training-set.js';

export type PipelineKind = 'model-build' | 'app-build' | 'deployment';

export type ArtifactKind = 'model' | 'dataset' | 'report' | 'log' | 'package' | 'file';

export type { ParamType } from './params/types.js';

export interface Param {
  /** Of one in a group with the group's name before it: `model.lr`. */
  readonly name: string;
  readonly nameSpan: Span;
  /** The whole entry. */
  readonly span: Span;
  readonly type: ParamType;
  /** Absent: the param is required. `null`: it may be nothing. */
  readonly default?: Located<Json>;
  readonly description?: string;
  readonly minimum?: number | Numeral;
  readonly maximum?: number | Numeral;
  readonly choices?: readonly Json[];
  /** Regular expression, unanchored, for strings. */
  readonly pattern?: string;
  /** It says neither type nor default nor choices: what a file of params has for it says its type. */
  readonly untyped?: true;
  /** Where its default stands, when that is a file of params. */
  readonly file?: {
    /** Relative to the project. */
    readonly path: string;
    /** Both are places in that file. */
    readonly nameSpan: Span;
    readonly span: Span;
    /** Of the name, from 1. */
    readonly line: number;
  };
}

/** A file that a pipeline takes params from. `value` is the path as it is written. */
export interface ParamFile extends Located<string> {
  /** Relative to the project, normalized. */
  readonly path: string;
  /** The group that its params are put into. */
  readonly prefix?: string;
}

/** What a task reads: a path or a glob. */
export interface Input extends TemplateText {
  /** It was written with a `!` before it (which is not part of the text): taken away from the inputs before it. */
  readonly negated: boolean;
  /** Paths or globs that are left out of it. */
  readonly exclude: readonly TemplateText[];
  /** It may be missing. */
  readonly optional: boolean;
}

/** A `.env` file whose variables tasks get. */
export interface EnvFile {
  /** Without expressions. */
  readonly path: TemplateText;
  /** It may be missing. */
  readonly optional: boolean;
}

/** A file with params that is written before the task begins. */
export interface ParamsFileEntry {
  readonly path: TemplateText;
  /** Params and groups; absent: all of them. */
  readonly only?: readonly Located<string>[];
}

export interface Output {
  readonly name: string;
  readonly nameSpan: Span;
  readonly span: Span;
  /** Relative to the project; a folder when the task makes a folder. */
  readonly path: TemplateText;
  readonly kind: ArtifactKind;
  /** `false`: recorded by hash but neither copied to the cache nor restored from it. */
  readonly cache: boolean;
  /** `true`: kept before a re-run, for tasks that continue from their last output (DVC's `persist`). */
  readonly persist: boolean;
  /** `true`: the task may end well without it. */
  readonly optional: boolean;
  /** What an MLflow client logs under this name is put there. */
  readonly mlflow?: string;
  readonly description?: string;
}

export interface Matrix {
  readonly span: Span;
  readonly axes: readonly MatrixAxis[];
  readonly include: readonly Located<Readonly<Record<string, Json>>>[];
  readonly exclude: readonly Located<Readonly<Record<string, Json>>>[];
  /** At most so many at once; absent: no bound of its own. */
  readonly maxParallel?: number;
  /** The first failure stops the others of the matrix. Default true, as in GitHub Actions. */
  readonly failFast: boolean;
}

export interface MatrixValue extends Located<Json> {
  /** Present when the value is a text with expressions. */
  readonly template?: Template;
}

export interface MatrixAxis {
  readonly name: string;
  readonly nameSpan: Span;
  /** A template for a list that an expression gives (`${{ params.seeds }}`). */
  readonly values: readonly MatrixValue[] | TemplateText;
}

export interface CheckExpression {
  readonly kind: 'expression';
  readonly condition: TemplateText;
  readonly message?: TemplateText;
}

export interface ColumnExpectation {
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly notNull?: boolean;
  readonly unique?: boolean;
  readonly min?: number | Numeral;
  readonly max?: number | Numeral;
  readonly oneOf?: readonly Json[];
  readonly pattern?: string;
}

export interface CheckData {
  readonly kind: 'data';
  /** CSV, TSV, JSON (a list of records) or JSON lines, told by its extension. */
  readonly path: TemplateText;
  /** How it is written. */
  readonly options: TableOptions;
  readonly rowCount?: { readonly min?: number; readonly max?: number };
  /** These columns and no others must be there. */
  readonly exactColumns?: readonly string[];
  readonly columns: readonly {
    readonly name: string;
    readonly span: Span;
    readonly expect: ColumnExpectation;
  }[];
  readonly span: Span;
}

export type Check = CheckExpression | CheckData;

export interface RunAction {
  readonly kind: 'run';
  /** Run in order by one shell: what one sets, the next has. The first that fails ends the task. */
  readonly commands: readonly TemplateText[];
  /** `true`: each has a shell of its own. */
  readonly apart?: boolean;
}

/** A notebook that is executed from its first cell to its last. */
export interface NotebookAction {
  readonly kind: 'notebook';
  readonly path: TemplateText;
  /** Where the executed copy goes. */
  readonly output: TemplateText;
  readonly params: readonly MetadataEntry[];
  readonly kernel?: TemplateText;
}

export interface CheckAction {
  readonly kind: 'check';
  readonly checks: readonly Check[];
}

/** What a metric of a new model version has to keep to. */
export interface Threshold {
  readonly metric: string;
  readonly span: Span;
  /** Not lower, not higher. */
  readonly min?: number;
  readonly max?: number;
  /** Against the version that it is compared with: lower, or higher, by no more. */
  readonly maxLoss?: number;
  readonly maxGain?: number;
}

export interface RegisterAction {
  readonly kind: 'register';
  readonly model: TemplateText;
  /** The artifact: an output of a task, or a path. */
  readonly from: TemplateText;
  readonly aliases: readonly TemplateText[];
  readonly tags: readonly EnvEntry[];
  readonly description?: TemplateText;
  readonly framework?: string;
  /** Always an expression, with or without `${{ }}`. */
  readonly when?: TemplateText;
  /** An alias or a version of the same model. */
  readonly compareTo?: TemplateText;
  readonly thresholds: readonly Threshold[];
  readonly signature?: Signature;
  readonly metadata: readonly MetadataEntry[];
  /** The settings by key, as they are written: what their values don't say of them. */
  readonly written: Readonly<Record<string, Json>>;
}

export interface MaterializeAction {
  readonly kind: 'materialize';
  /** Names of feature views. */
  readonly views: readonly TemplateText[];
  /** Only rows of this time are computed. */
  readonly from?: TemplateText;
  readonly to?: TemplateText;
  /** Everything from scratch. */
  readonly full: boolean;
}

export type Action =
  | RunAction
  | NotebookAction
  | CheckAction
  | RegisterAction
  | MaterializeAction
  | PackageAction
  | ApprovalAction
  | DeployAction
  | ServiceAction
  | MonitorAction
  | PipelineAction
  | TrainingSetAction;

export type ActionKind = Action['kind'];

export interface Resources {
  /** Cores, may be fractional. Default 1. */
  readonly cpus: number;
  readonly memoryBytes?: number;
  /** Default 0. */
  readonly gpus: number;
  /** Of a cluster. Default 1. */
  readonly nodes?: number;
  /** Processes that the commands may start on these nodes, each with its cores. Default: one a node. */
  readonly tasks?: number;
}

export interface Retries {
  /** Attempts after the first one. */
  readonly max: number;
  /** Pause before the first retry, doubled each time up to `maxDelayMs`. */
  readonly delayMs: number;
  readonly maxDelayMs: number;
}

/** Which Python commands find, and what of it makes tasks run again. What is absent is said further out. */
export interface PythonSettings {
  /** A folder, an executable, or one of `PYTHON_MANAGERS`. */
  readonly interpreter?: Located<string>;
  /** Name or path of a conda environment. */
  readonly conda?: Located<string>;
  readonly counts?: PythonCounts;
  readonly code?: PythonCode;
  /** Which files of the project it opens is noted. Default: yes. */
  readonly noteFiles?: boolean;
}

/** Where an expression stands: decides which contexts and functions are legal there and what it should give. */
export type ExpressionPlace =
  | 'command'
  | 'path'
  | 'if'
  | 'check'
  | 'message'
  | 'env'
  | 'matrix'
  | 'mutex'
  | 'cell-name'
  | 'working-directory'
  | 'action';

export interface ExpressionSite {
  readonly place: ExpressionPlace;
  readonly part: ExpressionPart;
  /** The scalar it stands in. */
  readonly span: Span;
  /** The scalar is nothing but this expression, so its value keeps its type. */
  readonly whole: boolean;
}

export interface Task {
  readonly name: string;
  readonly nameSpan: Span;
  /** The whole entry, key included. */
  readonly span: Span;
  readonly description?: string;
  /** The action's key in the text; absent when the task names none, or more than one. */
  readonly actionSpan?: Span;
  readonly action?: Action;
  readonly needs: readonly Located<string>[];
  /** Always an expression, with or without `${{ }}`. */
  readonly if?: TemplateText;
  readonly env: readonly EnvEntry[];
  /** Later ones win over earlier ones, `env` over all of them. Absent: none. */
  readonly envFiles?: readonly EnvFile[];
  readonly paramsFile?: ParamsFileEntry;
  readonly secrets: readonly Located<string>[];
  /** Paths or globs, relative to the project. */
  readonly inputs: readonly Input[];
  /** Where `inputs: auto` is written: they are what the last execution was seen to read. */
  readonly autoInputs?: Span;
  readonly outputs: readonly Output[];
  /** JSON or YAML files of metrics; each is an output too. */
  readonly metrics: readonly TemplateText[];
  /** CSV, TSV, JSON or image files worth looking at; each is an output too. */
  readonly plots: readonly TemplateText[];
  readonly matrix?: Matrix;
  /** What its cells are called. */
  readonly cellName?: TemplateText;
  readonly workingDirectory?: TemplateText;
  /** A name or a command with `{0}`, as `shellOf` reads it. */
  readonly shell?: Located<string>;
  readonly python?: PythonSettings;
  /** Whether MLflow clients among its processes log into the run. */
  readonly tracking?: boolean;
  readonly resources: Resources;
  readonly executor?: Located<string>;
  readonly timeoutMs?: number;
  readonly retries: Retries;
  readonly continueOnError: boolean;
  /** `false`: runs each time. */
  readonly cache: boolean;
  readonly mutex?: TemplateText;
  /** Every expression of the task, in the order of the text. */
  readonly expressions: readonly ExpressionSite[];
  /** It is a stage of DVC, whose memory says what is done. */
  readonly stage?: StageSpec;
}

export interface Pipeline {
  /** Of the file, relative to the project, `/` between names. */
  readonly path: string;
  readonly name: string;
  /** Of the `name` value; of the file's first character when the name was taken from the file's name. */
  readonly nameSpan: Span;
  readonly kind: PipelineKind;
  readonly description?: string;
  /** Those of files included, once the files have been read. */
  readonly params: readonly Param[];
  /** In the order of the text. Absent: it names none. */
  readonly paramFiles?: readonly ParamFile[];
  /** A file of params could not be read: there may be more params than are known. */
  readonly openParams?: true;
  readonly env: readonly EnvEntry[];
  readonly envFiles?: readonly EnvFile[];
  readonly secrets: readonly Located<string>[];
  /** Of tasks that name none. */
  readonly shell?: Located<string>;
  readonly executor?: Located<string>;
  readonly python?: PythonSettings;
  readonly tracking?: boolean;
  readonly tasks: readonly Task[];
  /** Expressions outside tasks (in `env`). */
  readonly expressions: readonly ExpressionSite[];
}

export type FileKind = 'pipeline' | 'features' | 'project' | 'dvc';

export type RuleSeverity = 'error' | 'warning' | 'info' | 'hint' | 'off';

/** A place to deploy to. */
export interface Environment {
  readonly name: string;
  /** One of the targets; `local` is always there. */
  readonly target: string;
  readonly url?: string;
  /** Present: every deployment to it has to be approved. */
  readonly approval?: {
    /** Empty: anybody. */
    readonly who: readonly string[];
    readonly count: number;
    readonly timeoutMs?: number;
  };
  readonly env: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, Json>>;
}

/** The platform behind an environment. */
export interface Target {
  readonly name: string;
  readonly type: string;
  readonly host?: string;
  readonly ports?: { readonly from: number; readonly to: number };
}

/** What an executor of this machine may give to tasks; what is absent is the machine's. */
export interface LocalExecutor {
  readonly jobs?: number;
  readonly cpus?: number;
  readonly memoryBytes?: number;
  readonly gpus?: number;
}

/** A cluster that Slurm runs. Texts go to `sbatch` as they are written. */
export interface SlurmExecutor {
  readonly name: string;
  readonly type: 'slurm';
  readonly partition?: string;
  readonly account?: string;
  readonly qos?: string;
  readonly constraint?: string;
  /** Of tasks without a `timeout`. */
  readonly timeMs?: number;
  readonly memoryForm: 'total' | 'per-cpu' | 'none';
  readonly gpuForm: 'gres' | 'gpus';
  readonly submitOptions: readonly string[];
  /** Commands of bash, in the job before the task's own. */
  readonly setup: readonly string[];
  /** Where the folders of jobs lie; relative to the project, or absolute. */
  readonly workDir?: string;
  /** The login node as `ssh` takes it; absent: this machine is one. */
  readonly login?: string;
  /** Where the project lies on the side of the login node: the same folder, or a copy. Absent: at the same path. */
  readonly remoteDir?: string;
  readonly pollMs: number;
  readonly maxJobs?: number;
  /** So many tasks that ask for the same may share a job, one after the other. */
  readonly group?: number;
}

/** Where tasks can run, as `modelyard.yaml` has it. Bounds of `local` are in `ProjectSettings.local`. */
export type ExecutorSettings =
  ({ readonly name: string; readonly type: 'local' } & LocalExecutor) | SlurmExecutor;

/** What MLflow clients find during a run. */
export interface TrackingSettings {
  /** Of pipelines that don't say it. */
  readonly enabled?: boolean;
  /** That clients are answered at; 0: a free one. */
  readonly port: number;
  /** Of the MLflow server that they log to in place of the run. */
  readonly uri?: string;
  /** The name of the experiment of clients that choose none. */
  readonly experiment?: string;
}

/** `modelyard.yaml`. Sections of later capabilities stay as written in `raw`. */
export interface ProjectSettings {
  readonly name?: string;
  readonly description?: string;
  /** Globs, relative to the project, of files that are not ours although they look so. */
  readonly exclude: readonly string[];
  readonly rules: readonly { readonly id: Located<string>; readonly severity: RuleSeverity }[];
  /** `link`: large outputs and their copies in the cache may be hard links of each other. */
  readonly cache: { readonly maxBytes?: number; readonly maxAgeMs?: number; readonly link?: boolean };
  readonly trash: { readonly maxBytes?: number; readonly maxAgeMs?: number };
  readonly runs: { readonly keep?: number; readonly maxAgeMs?: number };
  readonly environments: readonly Environment[];
  readonly targets: readonly Target[];
  /** Of pipelines that name none. */
  readonly shell?: string;
  /** With the line that it stands in, from 1. */
  readonly python?: PythonSettings & { readonly line: number };
  readonly tracking?: TrackingSettings;
  readonly secrets: readonly DeclaredSecret[];
  /** Bounds of what tasks share on this machine, of the executor `local`. */
  readonly local: LocalExecutor;
  readonly executors: readonly ExecutorSettings[];
  /** Of tasks whose pipeline names none. */
  readonly executor?: string;
  readonly raw: Json;
}

export type StructuralCode =
  | 'unknown-key'
  | 'missing-key'
  | 'type'
  | 'value'
  | 'name'
  | 'one-action'
  | 'duration'
  | 'unit'
  | 'param-default'
  | 'param-file';

/** Something that reading the tree by the schema found. The rules give it an id, a severity and a fix. */
export interface StructuralProblem {
  readonly code: StructuralCode;
  readonly span: Span;
  readonly message: string;
  /** The word in question, and words that would have been right, the most likely first. */
  readonly found?: string;
  readonly candidates?: readonly string[];
  /** What would be right, where it is known, and what it does: "Name the outputs". */
  readonly replacement?: Replacement & { readonly title: string };
  /** Places in files beside the definition. */
  readonly related?: readonly { readonly path: string; readonly span: Span; readonly message: string }[];
}
