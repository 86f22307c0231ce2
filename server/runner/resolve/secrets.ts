/** Which secrets a pipeline asks for. Their values come from the environment of whoever runs it and are never written. */
import type { Pipeline } from '../../definition/definition.js';

/** Every secret that the pipeline or one of its tasks asks for. */
export function secretNames(pipeline: Pipeline): string[] {
  const names = [...pipeline.secrets, ...pipeline.tasks.flatMap((task) => task.secrets)];
  return [...new Set(names.map(({ value }) => value))];
}
