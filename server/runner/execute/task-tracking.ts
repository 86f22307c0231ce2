/**
 * MLflow clients among the processes of a task: whether they log into its run, and which variables tell them so. What
 * answers them is behind a port, so that a run without such clients loads nothing of it.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { tracksClients } from '../../definition/tracking.js';
import type { Choice } from '../../python/choose.js';
import { describeError } from '../../stores/disk/problem.js';
import { OWN_VARIABLES } from '../../stores/machine/inherited-environment.js';
import type { GitState } from '../../stores/registry/types.js';
import type { EventBody } from '../../stores/runs/events.js';
import { newRunId } from '../../stores/runs/id.js';
import {
  TASK_EXPERIMENT,
  type TrackedEnd,
  type TrackedPoint,
  type TrackedTask,
} from '../../stores/tracking/tracked-task.js';
import { userAndHost } from '../../stores/machine/user.js';
import type { Script } from '../actions/plans.js';
import { importsMlflow } from '../python/mlflow-import.js';
import type { Masks } from '../record/masks.js';
import type { ResolvedTask } from '../resolve/resolve.js';
import type { Session } from '../session.js';

/** What answers clients of this run's tasks. */
export interface TaskTracking {
  /**
   * Lets the processes of one attempt log, until it ends. Rejects with the system's error.
   *
   * @param options `port`: 0 for a free one. `soon`: they will ask in a moment. `onLate`: one of them asks after the end
   */
  admit(
    task: TrackedTask,
    options: { readonly port: number; readonly soon: boolean; readonly onLate: () => void },
  ): Promise<Admitted>;
  /** Answers what has begun, within bounds, and no more. */
  close(): Promise<void>;
}

export interface Admitted {
  readonly uri: string;
  /** What clients have to know. */
  readonly token: string;
  /**
   * Writes what its clients have logged under that name, a model or artifacts of their runs, to the disk. `false`: nothing was.
   * Rejects with why it can't be written.
   * @param target absolute; nothing is there
   */
  bring(name: string, target: string): Promise<boolean>;
  /** The attempt has ended, and so have those of its runs that it has not ended itself. */
  end(status: TrackedEnd): Promise<void>;
}

/** What a run knows that its tasks' clients need. */
export interface TrackingContext {
  readonly runId: string;
  readonly session: Session;
  /** Absolute. */
  readonly root: string;
  /** What every task's environment starts from. */
  readonly environment: Readonly<Record<string, string>>;
  readonly masks: Masks;
  emit(event: EventBody): void;
  git(): Promise<GitState | undefined>;
  /** Absent: nothing answers clients. */
  readonly tracking?: OpenTracking;
}

/** Opens what answers clients, or gives it where that was done. */
export type OpenTracking = () => Promise<TaskTracking>;

const URI = 'MLFLOW_TRACKING_URI';
const PROXIES = ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'];

/** The clients of one attempt. */
export class AttemptTracking {
  readonly #context: TrackingContext;
  readonly #task: ResolvedTask;
  readonly #attempt: number;
  readonly #onMetrics: TrackedTask['onMetrics'];
  #variables: Promise<Readonly<Record<string, string>>> | undefined;
  #admitted: Admitted | undefined;
  /** Why its clients don't log here. */
  #away = 'it runs no commands that MLflow clients could log from';

  constructor(
    context: TrackingContext,
    task: ResolvedTask,
    attempt: number,
    onMetrics: (points: readonly TrackedPoint[], newest: (key: string) => number) => void,
  ) {
    this.#context = context;
    this.#task = task;
    this.#attempt = attempt;
    this.#onMetrics = onMetrics;
  }

  /**
   * Variables of the task's own commands.
   *
   * @param own what the task sets
   * @param here whether they run on this machine
   */
  variables(
    script: Script,
    own: Readonly<Record<string, string>>,
    here: boolean,
  ): Promise<Readonly<Record<string, string>>> {
    return (this.#variables ??= this.#find(script, own, here));
  }

  async #find(
    script: Script,
    own: Readonly<Record<string, string>>,
    here: boolean,
  ): Promise<Readonly<Record<string, string>>> {
    const { session, environment, root, tracking } = this.#context;
    const { task } = this.#task.instance;
    const settings = session.places.tracking;
    const brings = this.#task.outputs.some(({ mlflow }) => mlflow !== undefined);
    const wanted = tracksClients(task, session.pipeline, settings) ?? (brings ? true : undefined);
    if (wanted === false) this.#away = '`tracking: false` keeps its MLflow clients out of this run';
    if (tracking === undefined || wanted === false) return {};
    const python = session.pythons.of(task);
    if (wanted === undefined && !python.uses) return {};
    const text = [script.text, ...(script.then ?? [])].join('\n');
    const imports = importsMlflow(text, path.join(root, this.#task.workingDirectory));
    if (wanted === undefined && !imports && !hasClient(session, python.choice)) return {};
    const given: Readonly<Record<string, string>> = { ...environment, ...own };
    const has = (name: string): boolean => (given[name] ?? '') !== '';
    const say = (message: string): void => {
      if (imports && this.#attempt === 1) this.#say(message);
    };
    if (has(URI)) {
      this.#away = `${URI} is set already: its MLflow clients log there and not into this run`;
      say(this.#away);
      return {};
    }
    if (settings?.uri !== undefined) {
      this.#away = '`tracking: { uri: … }` in modelyard.yaml lets its MLflow clients log elsewhere';
      const { uri, experiment = session.pipeline.name } = settings;
      const wish = { [URI]: uri, MLFLOW_REGISTRY_URI: uri, MLFLOW_EXPERIMENT_NAME: experiment };
      return ours(unset(wish, has));
    }
    if (!here) {
      this.#away = 'it runs elsewhere, where MLflow clients don’t reach this run';
      say(`${this.#away}: set ${URI}, or \`tracking: { uri: … }\` in modelyard.yaml`);
      return {};
    }
    try {
      const variables = await this.#admit(await tracking(), given, imports);
      const kept = ['MLFLOW_REGISTRY_URI', 'MLFLOW_RUN_ID', 'MLFLOW_EXPERIMENT_ID', 'MLFLOW_EXPERIMENT_NAME'].filter(has); // prettier-ignore
      if (kept.length > 0)
        say(
          `${kept.join(', ')} ${kept.length === 1 ? 'is' : 'are'} set already, and MLflow clients go by that`,
        );
      return ours(unset(variables, has));
    } catch (error) {
      const why = describeError(error);
      this.#away = `nothing answers its MLflow clients: ${why}`;
      this.#say(this.#away, 'warning');
      return {};
    }
  }

  async #admit(
    tracking: TaskTracking,
    given: Readonly<Record<string, string>>,
    soon: boolean,
  ): Promise<Readonly<Record<string, string>>> {
    const { session, runId: run, masks } = this.#context;
    const runId = newRunId();
    const { MLFLOW_EXPERIMENT_ID: id = '', MLFLOW_EXPERIMENT_NAME: name = '' } = given;
    const { port = 0, experiment = session.pipeline.name } = session.places.tracking ?? {};
    const admitted = await tracking.admit(
      {
        runId,
        parent: { run, task: this.#task.id },
        pipeline: session.pipeline.name,
        experiment: name !== '' ? { name } : id !== '' ? { id } : { name: experiment },
        user: userAndHost().user,
        ...(masks.empty ? {} : { mask: (text: string) => masks.text(text) }),
        git: async () => {
          const git = await this.#context.git();
          return git === undefined ? undefined : { ...git, dirty: git.dirty ?? true };
        },
        onRun: (begun) => this.#context.emit({ type: 'client-run-began', id: this.#task.id, run: begun }),
        onMetrics: this.#onMetrics,
      },
      {
        port,
        soon,
        onLate: () =>
          this.#say('one of its MLflow clients logs although it has ended: that is in no run', 'warning'),
      },
    );
    this.#admitted = admitted;
    const { uri, token } = admitted;
    const { MLFLOW_TRACKING_USERNAME: user = '', MLFLOW_TRACKING_PASSWORD: password = '' } = given;
    // A client that has both sends them in the place of the token, except to an address that has its own.
    const address = user === '' || password === '' ? uri : uri.replace('//', `//modelyard:${token}@`);
    return {
      [URI]: address,
      MLFLOW_REGISTRY_URI: address,
      MLFLOW_TRACKING_TOKEN: token,
      MLFLOW_RUN_ID: runId,
      ...(name === '' ? { MLFLOW_EXPERIMENT_ID: TASK_EXPERIMENT } : {}),
      // Clients print where a run could be looked at, and those pages are not here.
      MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT: 'true',
      ...aroundProxy(given),
    };
  }

  /** Its commands have ended well: puts what its clients have logged where outputs name it. Gives why one can't be had. */
  async bring(): Promise<string | undefined> {
    for (const { path: at, mlflow, optional } of this.#task.outputs) {
      if (mlflow === undefined) continue;
      const target = this.#context.session.workspace.absolute(at);
      const none =
        this.#admitted === undefined ? this.#away : `no MLflow client has logged ${mlflow} in the task`;
      try {
        if (existsSync(target))
          return `output ${at} was made by the commands, and ${mlflow} would be put there`;
        if ((await this.#admitted?.bring(mlflow, target)) === true || optional) continue;
      } catch (error) {
        return `output ${at}: what was logged as ${mlflow} can’t be put there: ${describeError(error)}`;
      }
      return `output ${at} is missing: ${none}`;
    }
    return undefined;
  }

  /** The attempt has ended. */
  async end(status: TrackedEnd): Promise<void> {
    const admitted = this.#admitted;
    this.#admitted = undefined;
    try {
      await admitted?.end(status);
    } catch (error) {
      const why = describeError(error);
      this.#say(`the runs of its MLflow clients can’t be ended: ${why}`, 'warning');
    }
  }

  #say(message: string, level: 'info' | 'warning' = 'info'): void {
    this.#context.emit({ type: 'notice', level, message: `${this.#task.id}: ${message}` });
  }
}

/** Names under which the client is installed. */
const CLIENTS = ['mlflow', 'mlflow-skinny'];

/** Whether a script that is not seen to import the client could. */
function hasClient(session: Session, choice: Choice | undefined): boolean {
  if (choice === undefined) return false;
  const packages = session.pythons.packages(choice);
  return CLIENTS.some((name) => Object.hasOwn(packages, name));
}

/** What the author has set stays. */
function unset(
  variables: Readonly<Record<string, string>>,
  has: (name: string) => boolean,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(variables).filter(([name]) => !name.startsWith('MLFLOW_') || !has(name)),
  );
}

/** A run that the task starts in turn must not take them for the author's. */
function ours(variables: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const names = Object.keys(variables).filter((name) => name.startsWith('MLFLOW_'));
  return { ...variables, [OWN_VARIABLES]: names.join(',') };
}

/** Where requests go through a proxy, those to this machine do not. */
function aroundProxy(given: Readonly<Record<string, string>>): Record<string, string> {
  if (!PROXIES.some((name) => (given[name] ?? '') !== '')) return {};
  const known = given['no_proxy'] ?? given['NO_PROXY'] ?? '';
  const names = known === '' ? '127.0.0.1' : `${known},127.0.0.1`;
  return { NO_PROXY: names, no_proxy: names };
}
