/** Where tasks run: the kinds of executors, and which one is a task's. */
import { ACTIONS } from './actions.js';
import type { Pipeline, ProjectSettings, Task } from './definition.js';

export const EXECUTOR_TYPES = ['local', 'slurm'] as const;
export const SLURM_MEMORY_FORMS = ['total', 'per-cpu', 'none'] as const;
export const SLURM_GPU_FORMS = ['gres', 'gpus'] as const;

/** How often the queue of a cluster is asked for at most, when nothing changes. */
export const SLURM_POLL_MS = 15_000;

/** Always there, without being defined: this machine. */
export const LOCAL_EXECUTOR = 'local';

/** The name of the executor that does the work of a task; this machine's where its action runs here in any case. */
export function executorOf(
  { action, executor }: Pick<Task, 'action' | 'executor'>,
  pipeline: Pick<Pipeline, 'executor'>,
  project: Pick<ProjectSettings, 'executor'>,
): string {
  if (action === undefined || ACTIONS[action.kind].elsewhere !== true) return LOCAL_EXECUTOR;
  return executor?.value ?? pipeline.executor?.value ?? project.executor ?? LOCAL_EXECUTOR;
}
