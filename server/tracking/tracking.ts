/** All that the tracking server answers from: the stores of one project. */
import { layoutOf } from '../stores/layout.js';
import { Registry } from '../stores/registry/registry.js';
import { type Experiment, Experiments } from '../stores/tracking/experiments.js';
import { type LoggedModel, LoggedModels } from '../stores/tracking/logged-models.js';
import type { Holder } from '../stores/registry/types.js';
import { TrackedRuns } from './runs.js';
import type { TaskClient } from './task-client.js';
import { WireError, missing } from './wire/wire.js';

interface Stores {
  /** Of the project. */
  readonly root: string;
  readonly experiments: Experiments;
  readonly runs: TrackedRuns;
  readonly models: LoggedModels;
  readonly registry: Registry;
}

export class Tracking implements Stores {
  readonly root: string;
  readonly experiments: Experiments;
  readonly runs: TrackedRuns;
  readonly models: LoggedModels;
  readonly registry: Registry;
  /** The task whose processes ask; absent: they are of no run. */
  readonly task: TaskClient | undefined;

  private constructor(stores: Stores, task?: TaskClient) {
    ({ root: this.root, experiments: this.experiments, runs: this.runs } = stores);
    ({ models: this.models, registry: this.registry } = stores);
    this.task = task;
  }

  /**
   * @param root of the project
   * @param heldBy what else needs a version of a model
   */
  static open(root: string, heldBy: Holder): Tracking {
    const layout = layoutOf(root);
    return new Tracking({
      root: layout.root,
      experiments: new Experiments(layout),
      runs: new TrackedRuns(root),
      models: new LoggedModels(layout),
      registry: Registry.open(root, { heldBy }),
    });
  }

  /** The same stores as processes of a task are answered from. */
  of(task: TaskClient): Tracking {
    return new Tracking(this, task);
  }

  /** Of the experiment that a client means. */
  experimentId(id: string): string {
    return this.task?.experimentOf(id)?.id ?? id;
  }

  /** @throws WireError where there is none */
  experiment(id: string): Experiment {
    const found = this.experiments.get(this.experimentId(id));
    if (found === undefined) throw missing(`No Experiment with id=${id.slice(0, 80)} exists`);
    return found;
  }

  /** @throws WireError where it is deleted, too */
  activeExperiment(id: string): Experiment {
    const found = this.experiment(id);
    if (found.deleted) {
      throw new WireError(
        'INVALID_PARAMETER_VALUE',
        `The experiment ${id} must be in the 'active' state. Current state is deleted.`,
      );
    }
    return found;
  }

  /** @throws WireError where there is none */
  model(id: string): LoggedModel {
    const found = this.models.get(id);
    if (found === undefined) throw missing(`Logged model with ID '${id.slice(0, 80)}' not found.`);
    return found;
  }

  close(): void {
    this.runs.close();
  }
}

/** Where an experiment's artifacts are: on this server, or where its maker wanted them. */
export function locationOf(experiment: Pick<Experiment, 'id' | 'location'>): string {
  return experiment.location ?? `mlflow-artifacts:/${experiment.id}`;
}

/** The address of what belongs to an experiment, also to one that is gone. @param place below its artifacts */
export function artifactUri({ experiments }: Tracking, experiment: string, place: string): string {
  const location = locationOf(experiments.get(experiment) ?? { id: experiment });
  let end = location.length;
  while (location[end - 1] === '/') end--;
  return `${location.slice(0, end)}/${place}`;
}
