/**
 * What planning knows of each action: how its settings are resolved, what it reads, and what tells that it is done. One
 * entry each; whoever adds an action is led here by the compiler. What does the work is in `actions/`, loaded late.
 */
import type { CheckOutcome } from '../../base/runs/task-outcome.js';
import type { ActionOf } from '../../definition/actions.js';
import type { Action, ActionKind, Check, TemplateText } from '../../definition/definition.js';
import type { Shell } from '../../definition/shell/shells.js';
import type { FingerprintPart } from '../../stores/runs/document.js';
import { type ApprovalSettings, resolveApproval } from './approval/resolve.js';
import { type Deployment, resolveDeploy } from './deploy/resolve.js';
import { type MaterializeTask, resolveMaterialize, viewRequest } from './materialize/resolve.js';
import { resolveNotebook } from './notebook/resolve.js';
import { type Packaging, resolvePackage } from './package/resolve.js';
import { type PipelineCall, resolvePipeline } from './pipeline/resolve.js';
import { type Registration, resolveRegister } from './register/resolve.js';
import {
  type MonitoringSettings,
  type ServiceSettings,
  resolveMonitor,
  resolveService,
} from './service/resolve.js';
import type { Texts } from '../resolve/texts.js';
import { type TrainingSetTask, resolveTrainingSet } from './training-set/resolve.js';
import type { Facts } from '../resolve/scope.js';
import type { Session } from '../session.js';
import type { TaskState } from '../plan/state.js';
import { producerOf, upstreamMetrics } from '../plan/upstream.js';
import { partOf } from '../resolve/used.js';
import type { Workspace } from '../resolve/workspace.js';

/** A check whose expressions are evaluated; what it says about data is found out by reading it. */
export type ResolvedCheck =
  | { readonly kind: 'outcome'; readonly outcome: CheckOutcome }
  | { readonly kind: 'data'; readonly path: string; readonly check: Extract<Check, { kind: 'data' }> };

/** The commands of a task, and what runs them. */
export interface Script {
  readonly shell: Shell;
  readonly text: string;
  /** What follows, each in a shell of its own, where what was before it has succeeded. */
  readonly then?: readonly string[];
}

/** The settings of each action with every expression replaced by its value. */
export interface Settings {
  readonly run: Script;
  /** Its notebook is a path relative to the project. */
  readonly notebook: Script & { readonly notebook: string };
  readonly materialize: MaterializeTask;
  readonly 'training-set': TrainingSetTask;
  readonly check: readonly ResolvedCheck[];
  readonly register: Registration;
  readonly package: Packaging;
  readonly approval: ApprovalSettings;
  readonly deploy: Deployment;
  readonly service: ServiceSettings;
  readonly monitor: MonitoringSettings;
  readonly pipeline: PipelineCall;
}

/** What a task is to do. */
export type Work = {
  readonly [K in ActionKind]: { readonly kind: K; readonly settings: Settings[K] };
}[ActionKind];

/** What resolving settings needs of whoever resolves the rest of the task. */
export interface Resolving {
  readonly texts: Texts;
  /** Of the fingerprint; what counts is added. */
  readonly parts: FingerprintPart[];
  readonly facts: Facts;
  readonly workspace: Workspace;
  script(commands: readonly TemplateText[]): Script;
  /** A program of ours for the Python of the task; it does not count by itself. */
  readonly python: (program: string) => Script;
  checks(checks: readonly Check[]): readonly ResolvedCheck[];
}

/** Parts of a fingerprint that are known when everything before has ended, or why there are none. */
export type LateParts =
  | { readonly ok: true; readonly parts: readonly FingerprintPart[] }
  | { readonly ok: false; readonly reason: 'features'; readonly message: string };

export interface ActionPlan<A extends Action = Action, S = Settings[ActionKind]> {
  readonly resolve: (action: A, on: Resolving) => S;
  /** What works: a process of its own, the runner, people (no clock of ours runs), or the tasks of another run. */
  readonly worker: 'process' | 'runner' | 'people' | 'run';
  /**
   * What tells that it is done: its outputs; its fingerprint alone; a store, which knows better than any cache. Else why
   * it runs each time.
   */
  readonly done: 'outputs' | 'fingerprint' | 'store' | { readonly never: string };
  /** Files that it reads: those in place of what the graph says, and sources, which may be globs. */
  readonly reads?: (settings: S) => {
    readonly files?: readonly string[];
    readonly sources?: readonly string[];
  };
  /** Why nothing is to be done. */
  readonly refused?: (settings: S) => string | undefined;
  /** Somebody has to approve it. */
  readonly asks?: (settings: S) => boolean;
  /** Environments and targets of the project count for it. */
  readonly places?: true;
  /** In which way what it has made is not as it left it. */
  readonly stale?: (
    session: Session,
    settings: S,
    state: TaskState,
  ) => readonly string[] | Promise<readonly string[]>;
  readonly late?: (session: Session, id: string, settings: S) => LateParts;
}

const LOOKED_AT = 'what runs is looked at in each run';

const ACTION_PLANS: { readonly [K in ActionKind]: ActionPlan<ActionOf<K>, Settings[K]> } = {
  run: {
    resolve: ({ commands, apart }, on) => {
      if (apart !== true) return on.script(commands);
      const [first, ...then] = commands.map((one) => on.script([one]));
      return first === undefined ? on.script([]) : { ...first, then: then.map(({ text }) => text) };
    },
    worker: 'process',
    done: 'outputs',
  },
  notebook: {
    resolve: (action, { texts, parts, python }) => resolveNotebook(action, texts, parts, python),
    worker: 'process',
    done: 'outputs',
  },
  materialize: {
    resolve: (action, { texts, facts, parts }) => resolveMaterialize(action, texts, facts.features, parts),
    worker: 'runner',
    done: 'store',
    reads: ({ sources }) => ({ sources }),
    stale: staleViews,
  },
  'training-set': {
    resolve: (action, { texts, parts }) => resolveTrainingSet(action, texts, parts),
    worker: 'runner',
    done: 'outputs',
    late: chosenViews,
  },
  check: {
    resolve: ({ checks }, on) => on.checks(checks),
    worker: 'runner',
    done: 'fingerprint',
  },
  register: {
    resolve: (action, { texts, parts }) => resolveRegister(action, texts, parts),
    worker: 'runner',
    done: 'store',
    refused: ({ refused }) => refused,
    stale: ({ models }, registration, { values }) => models?.drift(registration, values) ?? [],
    late: behindVersion,
  },
  package: {
    resolve: (action, { texts, parts, workspace }) => resolvePackage(action, texts, parts, workspace),
    worker: 'runner',
    done: 'store',
    // What a package takes is known file by file; its globs also match what git ignores.
    reads: ({ files }) => ({ files: files.map(({ path }) => path) }),
    stale: stalePackage,
  },
  approval: {
    resolve: (action, { texts, parts }) => resolveApproval(action, texts, parts),
    worker: 'people',
    done: { never: 'people are asked in each run' },
    asks: () => true,
  },
  deploy: {
    resolve: (action, { texts, parts, facts: { places, packages, versions } }) =>
      resolveDeploy(action, texts, parts, places, packages(), versions),
    worker: 'runner',
    done: { never: 'what is deployed is looked at in each run' },
    asks: ({ environment }) => environment.approval !== undefined,
    places: true,
  },
  service: {
    resolve: (action, { texts, parts }) => resolveService(action, texts, parts),
    worker: 'runner',
    done: { never: LOOKED_AT },
    places: true,
  },
  monitor: {
    resolve: (action, { texts, parts }) => resolveMonitor(action, texts, parts),
    worker: 'runner',
    done: { never: LOOKED_AT },
  },
  pipeline: {
    resolve: (action, { texts, parts }) => resolvePipeline(action, texts, parts),
    worker: 'run',
    done: { never: 'each of its tasks is looked at by itself' },
  },
};

/** The entry of a kind takes the settings of that kind, which TypeScript can't follow through the union. */
export function planOf({ kind }: Pick<Action, 'kind'>): ActionPlan {
  return ACTION_PLANS[kind] as unknown as ActionPlan;
}

export function resolveAction(action: Action, on: Resolving): Work {
  return { kind: action.kind, settings: planOf(action).resolve(action, on) } as Work;
}

async function staleViews(session: Session, wanted: MaterializeTask): Promise<readonly string[]> {
  const { whatIsStale } = await import('../../features/views/materialize.js');
  const reasons: string[] = [];
  for (const view of wanted.views) {
    const reason = await whatIsStale(viewRequest(session, wanted, view));
    if (reason !== undefined) reasons.push(reason);
  }
  return reasons;
}

function stalePackage(session: Session, { settings }: Packaging, { values }: TaskState): readonly string[] {
  const { name } = settings;
  const version = values?.['version'] ?? '';
  const found = session.packages.version(name, version);
  if (!found.ok) return [found.error.message];
  return found.version.hash === values?.['hash'] ? [] : [`${name} ${version} has other content`];
}

/** The versions of the views that a training set takes its features from. */
function chosenViews({ features }: Session, id: string, wanted: TrainingSetTask): LateParts {
  if (features === undefined) return { ok: true, parts: [] };
  const chosen = features.choose(id, wanted);
  return chosen.ok
    ? { ok: true, parts: features.versionParts(chosen.value) }
    : { ok: false, reason: 'features', message: chosen.message };
}

/** A version is made of more than bytes: where they come from, and the metrics that it must keep to. */
function behindVersion(session: Session, id: string, { path, thresholds }: Registration): LateParts {
  const producer = producerOf(session, path);
  const made = producer === undefined ? undefined : session.result(producer)?.fingerprint;
  const metrics = thresholds.length === 0 ? {} : upstreamMetrics(session, id, producer);
  const parts: FingerprintPart[] = thresholds.map(({ metric }) => ({
    kind: 'upstream',
    name: `metric ${metric}`,
    value: JSON.stringify(Object.hasOwn(metrics, metric) ? metrics[metric] : null),
  }));
  if (producer !== undefined && made !== undefined) {
    parts.unshift(partOf({ kind: 'task', task: producer.id, path: ['fingerprint'], value: made }));
  }
  return { ok: true, parts };
}
