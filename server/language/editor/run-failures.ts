/**
 * What failed in the last run of a pipeline, as diagnostics: at the place that the error names, else on the name of the task. They
 * are no findings, and `modelyard lint` says nothing of them. They are gone with the next run that does not fail, and
 * as soon as the text is another than the one that ran.
 */
import { DiagnosticSeverity } from 'vscode-languageserver/node';
import type { Diagnostic } from 'vscode-languageserver/node';
import type { PipelineDefinition, Project } from '../../project/project.js';
import { hashOf } from '../../stores/content/hash.js';
import { rangeOf } from './convert.js';
import type { ProjectHistory } from '../views/runs/history.js';

/** The code of their diagnostics. */
export const FAILURE_CODE = 'run/failed';

/** A matrix may fail in each of its cells. */
const MOST = 20;
const LONGEST = 600;

interface Failure {
  readonly task?: string;
  readonly error: string;
}

export function runFailures(project: Project, file: string, history: ProjectHistory): readonly Diagnostic[] {
  const definition = project.definition(file);
  if (definition?.kind !== 'pipeline') return [];
  const last = history.last(definition.pipeline.name);
  if (last?.status !== 'failed' || last.path !== definition.path) return [];
  const run = history.document(last.id);
  if (run?.definitionHash !== hashOf(definition.tree.text)) return [];
  const failures: readonly Failure[] = [
    ...run.tasks.flatMap(({ task, status, error, exitCode }) =>
      status === 'failed'
        ? [{ task, error: error ?? (exitCode === undefined ? 'it failed' : `exited with ${exitCode}`) }]
        : [],
    ),
    ...(run.error === undefined ? [] : [{ error: run.error }]),
  ];
  return failures.slice(0, MOST).map((failure) => diagnosticOf(definition, failure));
}

/** @param from where the line begins */
function lineAt(text: string, from: number): string {
  const end = text.indexOf('\n', from);
  return text.slice(from, end === -1 ? text.length : end);
}

/** `train.pipeline.yaml:19:12: tasks.train has no metric "acuracy"` */
const PLACED = /^(.+?):(\d+):(\d+): ([\s\S]*)$/;

function diagnosticOf({ path, tree, pipeline }: PipelineDefinition, { task, error }: Failure): Diagnostic {
  const [, place, line = '', column = '', words = error] = PLACED.exec(error) ?? [];
  const from = place === path ? tree.lineStarts[Number(line) - 1] : undefined;
  const span = pipeline.tasks.find(({ name }) => name === task)?.nameSpan ?? pipeline.nameSpan;
  const range =
    from === undefined
      ? rangeOf(tree.lineStarts, span)
      : rangeOf(tree.lineStarts, {
          start: from + Number(column) - 1,
          end: from + lineAt(tree.text, from).trimEnd().length,
        });
  const said = from === undefined ? error : words;
  return {
    range,
    severity: DiagnosticSeverity.Error,
    source: 'modelyard',
    code: FAILURE_CODE,
    message: `${task ?? pipeline.name} failed in the last run: ${said.length > LONGEST ? `${said.slice(0, LONGEST)}…` : said}`,
  };
}
