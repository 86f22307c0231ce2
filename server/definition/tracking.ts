/** Whether MLflow clients among the processes of a task log into its run. */
import type { Pipeline, Task, TrackingSettings } from './definition.js';

/** The nearest word; `undefined`: nobody says it. */
export function tracksClients(
  task: Pick<Task, 'tracking'>,
  pipeline: Pick<Pipeline, 'tracking'>,
  project: TrackingSettings | undefined,
): boolean | undefined {
  return task.tracking ?? pipeline.tracking ?? project?.enabled;
}
