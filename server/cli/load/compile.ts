/** The slow way to a pipeline: parse, analyse, check. Evaluated only when a definition has changed. */
import type { Pipeline, RuleSeverity } from '../../definition/definition.js';
import { DIALECTS } from '../../definition/dialects/index.js';
import type { Project } from '../../project/project.js';
import { ALL_RULES } from '../../rules/index.js';
import { runSettings } from '../../runner/resolve/places.js';
import type { Finding } from '../../rules/rule.js';
import { positionAt } from '../../syntax/text.js';
import { compileStages } from './compile-dvc.js';
import type { Compiled, Diagnostic, LoadResult, Texts } from './loaded.js';
import { openProject } from './open-project.js';

/** @param definitionHash of the text that the caller read @param all of a `dvc.yaml` the stages of all files of the project */
export function compile(
  root: string,
  relative: string,
  definitionHash: string,
  all = false,
):
  | {
      readonly ok: true;
      readonly compiled: Compiled;
      /** Of the files that params come from. */
      readonly texts: Texts;
    }
  | Extract<LoadResult, { ok: false }> {
  const project = openProject(root);
  if (project.definition(relative) === undefined) project.update(relative);
  const definition = project.definition(relative);
  const diagnostics = diagnosticsOf(project, relative, errorsAlone(project));
  if (definition === undefined) {
    const why = project.whyRefused(relative)?.because;
    const message =
      why === undefined
        ? `${relative} can't be read as a pipeline`
        : `${relative} is not taken as a Modelyard pipeline because of ${why}`;
    return { ok: false, message, diagnostics };
  }
  let pipeline: Pipeline;
  if (definition.kind === 'pipeline') pipeline = definition.pipeline;
  else if (definition.kind === 'dvc') {
    const errors = (path: string) => diagnosticsOf(project, path, errorsAlone(project));
    const stages = compileStages(project, definition, errors, all);
    if (!stages.ok) return stages;
    ({ pipeline } = stages);
  } else {
    const what = definition.kind === 'params' ? 'params of pipelines' : DIALECTS[definition.kind].defines;
    return { ok: false, message: `${relative} defines ${what}, not a pipeline`, diagnostics: [] };
  }
  if (diagnostics.length > 0) {
    return { ok: false, message: `${relative} is not valid; nothing was run`, diagnostics };
  }
  return {
    ok: true,
    compiled: {
      pipeline,
      definitionHash,
      cache: project.settings.cache,
      trash: project.settings.trash,
      places: runSettings(project.settings),
    },
    texts: Object.fromEntries(
      (pipeline.paramFiles ?? []).flatMap(({ path }) => {
        const text = project.definition(path)?.tree.text;
        return text === undefined ? [] : [[path, text]];
      }),
    ),
  };
}

/** Only what keeps a pipeline from running is looked for: the rules that would say something else are off. */
function errorsAlone(project: Project): ReadonlyMap<string, RuleSeverity> {
  const { severities } = project.view();
  return new Map(
    ALL_RULES.flatMap(({ id, severity }): [string, RuleSeverity][] =>
      (severities.get(id) ?? severity) === 'error' ? [] : [[id, 'off']],
    ),
  );
}

/** The findings of one file, with lines and columns. */
export function diagnosticsOf(
  project: Project,
  relative: string,
  chosen?: ReadonlyMap<string, RuleSeverity>,
): Diagnostic[] {
  const tree = project.definition(relative)?.tree;
  return project.findings(relative, chosen).map((finding) =>
    toDiagnostic(finding, (offset) => {
      if (tree === undefined) return { line: 1, column: 1 };
      const { line, character } = positionAt(tree.lineStarts, offset);
      return { line: line + 1, column: character + 1 };
    }),
  );
}

function toDiagnostic(
  finding: Finding,
  place: (offset: number) => { line: number; column: number },
): Diagnostic {
  return {
    path: finding.path,
    ...place(finding.span.start),
    severity: finding.severity,
    message: finding.message,
    rule: finding.rule,
  };
}
