/** Which environment `environment` means in the expressions of a task. */
import { memo } from '../../../base/memo.js';
import { factsOf } from '../../actions.js';
import type { Pipeline, Task, TemplateText } from '../../definition.js';

/** The environment that a task's own action names. */
export function ownEnvironment({ action }: Task): TemplateText | undefined {
  return action === undefined ? undefined : factsOf(action).environment?.(action);
}

export interface PipelineEnvironments {
  /** Those that are written as they are, each once, in the order of the text. */
  readonly names: readonly string[];
  /** Some task names one by an expression. */
  readonly computed: boolean;
}

/** The environments that the tasks of a pipeline name. */
export const environmentsOf = memo((pipeline: Pipeline): PipelineEnvironments => {
  const texts = pipeline.tasks.flatMap((task) => ownEnvironment(task) ?? []);
  const plain = texts.filter(({ template }) => template === undefined).map(({ text }) => text.trim());
  return {
    names: [...new Set(plain.filter((name) => name !== ''))],
    computed: plain.length < texts.length,
  };
});

/**
 * What can be told without a run: the name that stands in the task's own action, else the only one of the pipeline.
 * `undefined`: it follows from the tasks before, or from a value.
 */
export function statedEnvironment(pipeline: Pipeline, task: Task): string | undefined {
  const own = ownEnvironment(task);
  if (own !== undefined) return own.template === undefined ? own.text.trim() : undefined;
  const { names, computed } = environmentsOf(pipeline);
  return names.length === 1 && !computed ? names[0] : undefined;
}
