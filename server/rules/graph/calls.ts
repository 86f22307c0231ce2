/** From pipeline to pipeline, by the names that tasks call. */
import type { PipelineDefinition } from '../../definition/read/analyze.js';
import type { Task } from '../../definition/definition.js';
import type { Span } from '../../syntax/tree.js';
import type { ProjectView } from '../rule.js';

/** The pipeline that a task calls by a name that is plain text. */
export function callOf({ action }: Task): { readonly name: string; readonly span: Span } | undefined {
  return action?.kind === 'pipeline' && action.name.template === undefined
    ? { name: action.name.text.trim(), span: action.name.span }
    : undefined;
}

/**
 * The pipeline of a name, where exactly one has it and nobody has come by it yet.
 *
 * @param seen names of those that somebody has come by; this one is added
 */
export function nextPipeline(
  project: ProjectView,
  name: string,
  seen: Set<string>,
): PipelineDefinition | undefined {
  if (seen.has(name)) return undefined;
  seen.add(name);
  const [target, ...others] = project.pipelinesByName.get(name) ?? [];
  return target?.kind === 'pipeline' && others.length === 0 ? target : undefined;
}
