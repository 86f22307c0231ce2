/** The stages of a `dvc.yaml` for the rules about it, resolved once for all of them. */
import type { Definition, DvcDefinition } from '../../definition/read/analyze.js';
import type { DvcProblemKind, Resolved } from '../../definition/dialects/dvc/resolve/resolve.js';
import { resolvedBy } from '../../definition/dialects/dvc/resolve/resolved.js';
import type { ProjectView, RuleContext } from '../rule.js';

export function resolvedOf(definition: DvcDefinition, project: Pick<ProjectView, 'text'>): Resolved {
  return resolvedBy(definition, (path) => project.text?.(path) ?? { kind: 'unknown' });
}

export function isDvc(definition: Definition): definition is DvcDefinition {
  return definition.kind === 'dvc';
}

/** Reports the problems of one kind. */
export function reportResolved(context: RuleContext, kind: DvcProblemKind): void {
  const { definition, project } = context;
  if (!isDvc(definition)) return;
  for (const problem of resolvedOf(definition, project).problems) {
    if (problem.kind === kind) context.report({ span: problem.span, message: problem.message });
  }
}
