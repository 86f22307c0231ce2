/**
 * The processes of one attempt at a task, as MLflow clients. `MLFLOW_RUN_ID` names a run that is made when they first ask
 * for it, so that `start_run()` goes on with it; what else they begin is part of the same task.
 */
import type { RunDocument } from '../stores/runs/document.js';
import { LIVE_STATUSES } from '../stores/runs/index/summary.js';
import type { Experiment, Experiments } from '../stores/tracking/experiments.js';
import type { TrackedRun } from '../stores/tracking/tracked-run.js';
import {
  TASK_EXPERIMENT,
  type TrackedEnd,
  type TrackedPoint,
  type TrackedTask,
} from '../stores/tracking/tracked-task.js';
import type { TrackedRuns } from './runs.js';

/** Of the project. */
interface Stores {
  readonly experiments: Experiments;
  readonly runs: TrackedRuns;
}

export class TaskClient {
  readonly asked: TrackedTask;
  readonly #stores: Stores;
  readonly #runs = new Set<string>();
  #chosen: string | undefined;
  #git: RunDocument['git'];
  #ready: Promise<void> | undefined;

  constructor(stores: Stores, asked: TrackedTask) {
    this.#stores = stores;
    this.asked = asked;
    stores.runs.expect(asked.runId, () => this.#begin());
  }

  /** Resolves when it can be answered. */
  ready(): Promise<void> {
    return (this.#ready ??= this.asked.git().then((git) => {
      this.#git = git;
    }));
  }

  /** The experiment that `TASK_EXPERIMENT` means. */
  experimentOf(id: string): Experiment | undefined {
    return id === TASK_EXPERIMENT ? this.#own() : undefined;
  }

  #own(): Experiment {
    const { experiment } = this.asked;
    if ('id' in experiment) {
      const known = this.#stores.experiments.get(experiment.id);
      if (known !== undefined) return known;
    }
    const name = 'name' in experiment ? experiment.name : this.asked.pipeline;
    return this.#stores.experiments.create(name, {}).experiment;
  }

  /** It has looked an experiment up, which is how a script chooses one before it begins a run. */
  chose({ id }: Experiment): void {
    this.#chosen = id;
  }

  /** Those that it has begun, the last one at the end. */
  get runs(): readonly string[] {
    return [...this.#runs];
  }

  /** It has begun a run. */
  began({ id }: TrackedRun): void {
    this.#runs.add(id);
    this.asked.onRun(id);
  }

  logged(run: TrackedRun, points: readonly TrackedPoint[]): void {
    if (run.id === this.asked.runId)
      this.asked.onMetrics(points, (key) => run.metrics.get(key)?.value ?? NaN);
  }

  /**
   * The run of the attempt. A client refuses to go on with a run of another experiment than the one that its script has
   * chosen: so it is made in that.
   */
  #begin(): TrackedRun {
    const { runId, parent, user } = this.asked;
    const chosen = this.#chosen === undefined ? undefined : this.#stores.experiments.get(this.#chosen);
    const experiment = chosen?.deleted === false ? chosen : this.#own();
    const tags = {
      'mlflow.runName': parent.task,
      'mlflow.source.name': `${this.asked.pipeline} / ${parent.task}`,
      'mlflow.source.type': 'JOB',
      'mlflow.user': user,
    };
    const made = this.#stores.runs.create({
      ...{ id: runId, experiment, name: parent.task, user, start: Date.now(), tags, parent },
      ...(this.#git === undefined ? {} : { git: this.#git }),
    });
    this.began(made);
    return made;
  }

  /** The task has ended: so have its runs that nobody has ended. */
  end(status: TrackedEnd): void {
    const { runs } = this.#stores;
    runs.expect(this.asked.runId, undefined);
    for (const id of this.#runs) {
      const run = runs.find(id);
      if (run !== undefined && LIVE_STATUSES.has(run.runStatus))
        runs.change(run, { status, end: Date.now() });
    }
  }
}
