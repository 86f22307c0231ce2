/** A `dvc.yaml` as a pipeline: its stages, and those of other files that they depend on. */
import type { DvcDefinition } from '../model/analyze.js';
import { withUpstream } from '../model/dialects/dvc/graph.js';
import { pipelineOf } from '../model/dialects/dvc/pipeline.js';
import type { Pipeline } from '../model/definition.js';
import { folderOf } from '../model/paths.js';
import type { Project } from '../project/project.js';
import { resolvedOf } from '../rules/dvc/resolved.js';
import { positionAt } from '../syntax/text.js';
import type { Diagnostic } from './loaded.js';

export type CompiledStages =
  | { readonly ok: true; readonly pipeline: Pipeline }
  | { readonly ok: false; readonly message: string; readonly diagnostics: readonly Diagnostic[] };

/** @param errors what is wrong with a file */
export function compileStages(
  project: Project,
  definition: DvcDefinition,
  errors: (path: string) => readonly Diagnostic[],
): CompiledStages {
  const all = project.definitions().flatMap((one) => (one.kind === 'dvc' ? [one] : []));
  const files = all.some(({ path }) => path === definition.path) ? all : [...all, definition];
  // One file that is wrong keeps DVC from running any.
  for (const { path } of files) {
    const diagnostics = errors(path);
    if (diagnostics.length > 0)
      return { ok: false, message: `${path} is not valid; nothing was run`, diagnostics };
  }
  const stages = files.flatMap((file) =>
    resolvedOf(file, project.view()).stages.map((stage) => ({
      stage,
      file: file.path,
      folder: folderOf(file.path),
    })),
  );
  const wanted = withUpstream(stages, ({ file }) => file === definition.path);
  const made = pipelineOf(definition.path, wanted, project.root);
  if (made.ok) return made;
  const diagnostics = made.problems.map(({ file, span, message }): Diagnostic => {
    const tree = files.find(({ path }) => path === file)?.tree ?? definition.tree;
    const { line, character } = positionAt(tree.lineStarts, span.start);
    return {
      path: file,
      line: line + 1,
      column: character + 1,
      severity: 'error',
      message,
      rule: 'dvc/stage',
    };
  });
  return { ok: false, message: `Modelyard can't run ${definition.path}; nothing was run`, diagnostics };
}
