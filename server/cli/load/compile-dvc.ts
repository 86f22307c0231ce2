/** A `dvc.yaml` as a pipeline: its stages, and those of other files that they depend on. */
import type { DvcDefinition } from '../../definition/read/analyze.js';
import type { Pipeline } from '../../definition/definition.js';
import type { Project } from '../../project/project.js';
import { dvcFiles, stagesOf } from '../../rules/dvc/runnable.js';
import { positionAt } from '../../syntax/text.js';
import type { Diagnostic } from './loaded.js';

export type CompiledStages =
  | { readonly ok: true; readonly pipeline: Pipeline }
  | { readonly ok: false; readonly message: string; readonly diagnostics: readonly Diagnostic[] };

/** @param errors what is wrong with a file @param all the stages of all files, and not only what those of this one depend on */
export function compileStages(
  project: Project,
  definition: DvcDefinition,
  errors: (path: string) => readonly Diagnostic[],
  all: boolean,
): CompiledStages {
  const files = dvcFiles(definition, project);
  // One file that is wrong keeps DVC from running any.
  for (const { path } of files) {
    const diagnostics = errors(path);
    if (diagnostics.length > 0)
      return { ok: false, message: `${path} is not valid; nothing was run`, diagnostics };
  }
  const { pipeline, problems } = stagesOf(definition, project.view(), project.root, all);
  if (problems.length === 0) return { ok: true, pipeline };
  const diagnostics = problems.map(({ file, span, message }): Diagnostic => {
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
