/**
 * Where Python programs of the last run of each pipeline failed, as diagnostics in their own files: pushed, since such files are
 * none of ours. They are gone with the next run that does not fail, and when the file is changed after the run.
 */
import path from 'node:path';
import { DiagnosticSeverity } from 'vscode-languageserver/node';
import type { Diagnostic, PublishDiagnosticsParams } from 'vscode-languageserver/node';
import { NEVER_WALKED } from '../../base/never-walked.js';
import type { Project } from '../../project/project.js';
import { lastTraceback } from '../../python/traceback.js';
import { statOf } from '../../stores/disk/folder.js';
import { linesBackward } from '../../stores/disk/lines.js';
import type { RunDocument, TaskRun } from '../../stores/runs/document.js';
import { taskLogName } from '../../stores/runs/writer.js';
import { uriOfPath } from '../documents.js';
import type { ProjectHistory } from '../views/runs/history.js';
import { FAILURE_CODE } from './run-failures.js';

/** A traceback ends a log: so many characters from its end are looked at. */
const LOG_END = 64 * 1024;
const LONGEST = 600;

/** A line of a file of the project that a failed task's program was at. */
interface FailedLine {
  /** Absolute. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly error: string;
}

/** The end of a log, blank lines aside. Logs may be cleared away, and whoever made the memory may have put anything there. */
function endOfLog(file: string): string {
  const lines: string[] = [];
  let length = 0;
  try {
    for (const line of linesBackward(file)) {
      length += line.length;
      if (length > LOG_END) break;
      lines.push(line);
    }
  } catch {
    return '';
  }
  return lines.reverse().join('\n');
}

/** The innermost frame that is of the project: what lies deeper is a library's. */
function failedLine(
  root: string,
  history: ProjectHistory,
  run: RunDocument,
  { id, status, log }: TaskRun,
): FailedLine | undefined {
  if (status !== 'failed' || log === undefined) return undefined;
  const traceback = lastTraceback(endOfLog(path.join(history.store.folder(run.id), taskLogName(id))));
  for (const { file, line } of traceback?.frames.toReversed() ?? []) {
    const absolute = path.resolve(root, file);
    const parts = path.relative(root, absolute).split(path.sep);
    if (parts[0] === '..' || parts.some((part) => NEVER_WALKED.has(part) || part === 'site-packages'))
      continue;
    const stat = statOf(absolute);
    // Another text than the one that ran has other lines.
    if (stat?.isFile() !== true || stat.mtimeMs > Date.parse(run.endedAt ?? '')) continue;
    return { file: absolute, line, error: traceback?.error ?? '' };
  }
  return undefined;
}

function diagnosticOf(task: string, { line, error }: FailedLine): Diagnostic {
  const said = error.length > LONGEST ? `${error.slice(0, LONGEST)}…` : error;
  return {
    // The whole line: clients end a range where the line does.
    range: { start: { line: line - 1, character: 0 }, end: { line: line - 1, character: 10_000 } },
    severity: DiagnosticSeverity.Error,
    source: 'modelyard',
    code: FAILURE_CODE,
    message: `${task} failed in the last run: ${said}`,
  };
}

/** What is shown in Python files of projects; tells its client only of files of which something else is to be shown. */
export class Tracebacks {
  readonly #publish: (params: PublishDiagnosticsParams) => void;
  /** By project, then by URI: what was published, as JSON. */
  readonly #shown = new Map<string, ReadonlyMap<string, string>>();

  constructor(publish: (params: PublishDiagnosticsParams) => void) {
    this.#publish = publish;
  }

  /** Runs of a project, or its files, have changed. */
  refresh(project: Project, history: ProjectHistory): void {
    const { root } = project;
    const found = new Map<string, Diagnostic[]>();
    for (const definition of project.definitions()) {
      if (definition.kind !== 'pipeline') continue;
      const last = history.last(definition.pipeline.name);
      const run =
        last?.status === 'failed' && last.path === definition.path ? history.document(last.id) : undefined;
      for (const task of run?.tasks ?? []) {
        const at = run === undefined ? undefined : failedLine(root, history, run, task);
        if (at === undefined) continue;
        const uri = uriOfPath(at.file);
        found.set(uri, [...(found.get(uri) ?? []), diagnosticOf(task.id, at)]);
      }
    }
    const before = this.#shown.get(root) ?? new Map<string, string>();
    const now = new Map([...found].map(([uri, diagnostics]) => [uri, JSON.stringify(diagnostics)]));
    for (const [uri, diagnostics] of found)
      if (before.get(uri) !== now.get(uri)) this.#publish({ uri, diagnostics });
    for (const uri of before.keys()) if (!now.has(uri)) this.#publish({ uri, diagnostics: [] });
    this.#shown.set(root, now);
  }
}
