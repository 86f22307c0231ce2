/** What a run is told before it begins, and how it may end. */
import type { FeaturesDefinition } from '../definition/read/analyze.js';
import type { Json, Pipeline, ProjectSettings } from '../definition/definition.js';
import type { Stake } from '../stores/approvals/approvals.js';
import type { RunBasis } from '../stores/runs/basis.js';
import type { RunDocument } from '../stores/runs/document.js';
import type { Asker } from './people/approvals.js';
import type { RunControl } from './execute/control.js';
import type { Executor } from './executors/executor.js';
import type { Machines } from './executors/executors.js';
import type { RunSettings } from './resolve/places.js';
import type { DebugSettings } from '../python/debugger.js';
import type { Selection } from './select.js';
import type { TaskTracking } from './execute/task-tracking.js';
import type { Versions } from './execute/versions.js';
import type { FileMetrics } from './record/metrics.js';

export interface RunOptions extends Selection {
  /** Absolute. */
  readonly root: string;
  readonly pipeline: Pipeline;
  /** `sha256:<hex>` of the definition's text. */
  readonly definitionHash: string;
  /** What the definition was read from: its own text and that of the project's settings, by path. */
  readonly texts: Readonly<Record<string, string>>;
  /** Feature files of the project; absent: read from the disk where the pipeline needs them. */
  readonly features?: readonly FeaturesDefinition[];
  /** Every param of the pipeline with its value. */
  readonly params: Readonly<Record<string, Json>>;
  /** Values by name; every secret that the selected tasks ask for. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Of whoever starts the run. */
  readonly environment: NodeJS.ProcessEnv;
  /** Tasks at once; default: one per core. */
  readonly jobs?: number;
  /** What the tasks of the run share, where it is part of another one that has begun to share it. */
  readonly machines?: Machines;
  readonly force: boolean;
  readonly keepGoing: boolean;
  readonly noCache: boolean;
  /** Of stages of DVC: its run cache is not asked. */
  readonly noRunCache?: boolean;
  /** Of stages of DVC: outputs don't go into its cache. */
  readonly noCommit?: boolean;
  /** Of stages of DVC: data that is missing, of what else has not changed, is no reason to run. */
  readonly allowMissing?: boolean;
  readonly graceMs: number;
  /** Wait for runs that hold the same outputs; else refuse. */
  readonly wait: boolean;
  /** Continues this run; one that waits for people continues as itself, another one in a new run. */
  readonly resume?: RunDocument;
  /** What the run that is resumed was when it began. */
  readonly basis?: RunBasis;
  /** Failed and skipped tasks of the resumed run have ended for this one too: it is a part of the same run. */
  readonly settled?: boolean;
  /** Said when the run begins. */
  readonly notices?: readonly string[];
  /** What names of versions stand for: those of the run that this one is part of. */
  readonly versions?: Versions;
  readonly approvals: {
    /** Wait until all is answered, when there is nothing else to do. Else the runner leaves. */
    readonly stay: boolean;
    /** Asks the person before the terminal. */
    readonly ask?: Asker;
  };
  /** The arguments of the command, for the record. */
  readonly argv: readonly string[];
  readonly control: RunControl;
  /** Ends this process at once, and not the run: its jobs on a cluster go on, and whoever resumes it goes on with them. */
  readonly leave?: () => void;
  /** What runs the commands of tasks that run on this machine, for a run's id; absent: the machine itself. */
  readonly executor?: (runId: string) => Executor;
  /** Opens what answers MLflow clients among the processes of tasks; gets what goes wrong there, in words. Absent: nothing. */
  readonly tracking?: (onProblem: (message: string) => void) => Promise<TaskTracking>;
  /** The time by which questions are asked and their time is up; absent: that of this machine. */
  readonly clock?: () => Date;
  /** Reads another pipeline of the project by its name. */
  readonly load: (name: string) => Promise<LoadedPipeline>;
  /** Reads the pipeline that a run was begun with or, by its path, one of those that it calls. */
  readonly loadBegun: (basis: RunBasis, path?: string) => Promise<LoadedPipeline>;
  /** The run that this one is part of, and all that are above it, with their pipelines. */
  readonly parent?: {
    readonly run: string;
    readonly task: string;
    readonly pipelines: readonly string[];
    readonly runs: readonly string[];
    /** Held by the tasks above. */
    readonly mutexes: ReadonlySet<string>;
  };
  /** What a question in it stands for in the run that this one is part of. */
  readonly above?: Stake;
  /** Why a path is not what the run above makes of it. */
  readonly notMadeAbove?: (path: string) => string | undefined;
  /** Where deployments may go. */
  readonly places: RunSettings;
  /** Bounds of the cache, and whether it may link. */
  readonly cache: ProjectSettings['cache'];
  /** Bounds of the trash. */
  readonly trash: ProjectSettings['trash'];
  /** Tasks run under a debugger, one after the other, whatever is up to date; what they come to counts for nothing. */
  readonly debug?: DebugSettings;
  /** Lines and columns of places in the definition: `path:line:column`. */
  readonly place: (span: { readonly start: number } | undefined) => string;
  /** A metrics file (JSON or YAML) as flat values. */
  readonly readMetrics: (file: string) => Promise<FileMetrics>;
}

export type LoadedPipeline =
  | ({ readonly ok: true } & Pick<RunOptions, 'pipeline' | 'definitionHash' | 'texts' | 'features' | 'place'>)
  | { readonly ok: false; readonly message: string };

export type RunOutcome =
  | { readonly kind: 'ended'; readonly runId: string; readonly status: 'succeeded' | 'failed' | 'cancelled' }
  /** The rest waits for people, and nobody runs it. */
  | { readonly kind: 'waiting'; readonly runId: string }
  /** Nothing was run. `taken`: another process continues the run already. */
  | {
      readonly kind: 'refused';
      readonly reason: 'usage' | 'busy' | 'store' | 'taken';
      readonly message: string;
    };
