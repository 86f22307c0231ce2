/** The stages of a `dvc.yaml` for the rules about it, resolved once for all of them. */
import type { Definition, DvcDefinition } from '../../model/analyze.js';
import { resolve } from '../../model/dialects/dvc/resolve.js';
import type { DvcProblemKind, Resolved } from '../../model/dialects/dvc/resolve.js';
import type { FileText } from '../../model/file-text.js';
import type { ProjectView, RuleContext } from '../rule.js';

interface Known {
  readonly resolved: Resolved;
  readonly read: ReadonlyMap<string, FileText>;
}

// Definitions are values; what they say depends on the files that they take values from, besides.
const known = new WeakMap<DvcDefinition, Known>();

export function resolvedOf(definition: DvcDefinition, project: Pick<ProjectView, 'text'>): Resolved {
  const ask = (path: string): FileText => project.text?.(path) ?? { kind: 'unknown' };
  const before = known.get(definition);
  if (before !== undefined && [...before.read].every(([path, text]) => same(ask(path), text)))
    return before.resolved;
  const read = new Map<string, FileText>();
  const resolved = resolve(definition.tree, definition.path, (path) => {
    const text = ask(path);
    read.set(path, text);
    return text;
  });
  known.set(definition, { resolved, read });
  return resolved;
}

function same(a: FileText, b: FileText): boolean {
  return a.kind === 'text' && b.kind === 'text' ? a.text === b.text : a.kind === b.kind;
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
