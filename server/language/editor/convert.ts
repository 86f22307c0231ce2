/** From the server's plain data to LSP: offsets to positions, paths to URIs, words to numbers. */
import { DiagnosticSeverity, DiagnosticTag } from 'vscode-languageserver/node';
import type {
  Diagnostic,
  Location,
  Position,
  Range,
  TextEdit,
  WorkspaceEdit,
} from 'vscode-languageserver/node';
import type { Project } from '../../project/project.js';
import type { Edit, Finding, FindingSeverity } from '../../rules/rule.js';
import { lineStartsOf, offsetAt, positionAt } from '../../syntax/text.js';
import type { Span } from '../../syntax/tree.js';
import type { Client } from '../client.js';
import { rulePage } from './rule-page.js';
import type { Workspace } from '../workspace.js';

/** Where a text begins. */
export const START: Range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

const SEVERITIES: Readonly<Record<FindingSeverity, DiagnosticSeverity>> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
};

/** The range of a span in a text, given the text's line starts. */
export function rangeOf(lineStarts: readonly number[], span: Span): Range {
  return { start: positionAt(lineStarts, span.start), end: positionAt(lineStarts, span.end) };
}

/** The offset of a position; a position past the end of its line or of the text means that end. */
export function offsetOf(
  source: { readonly text: string; readonly lineStarts: readonly number[] },
  position: Position,
): number {
  const { lineStarts, text } = source;
  if (position.line >= lineStarts.length) return text.length;
  const next = lineStarts[position.line + 1];
  let end = next ?? text.length;
  if (next !== undefined) {
    end--;
    if (text[end - 1] === '\r' && text[end] === '\n') end--;
  }
  return Math.min(offsetAt(lineStarts, position), end);
}

/** The range of a span in one of a project's files; the file's start when it isn't known. */
export function rangeIn(project: Project, path: string, span: Span): Range {
  const tree = project.definition(path)?.tree;
  if (tree !== undefined) return rangeOf(tree.lineStarts, span);
  const found = project.view().text?.(path);
  return found?.kind === 'text' ? rangeOf(lineStartsOf(found.text), span) : START;
}

export function locationOf(workspace: Workspace, project: Project, path: string, span: Span): Location {
  return { uri: workspace.uriOf(project, path), range: rangeIn(project, path, span) };
}

/** A finding as the editor shows it. */
export function diagnosticOf(
  workspace: Workspace,
  project: Project,
  finding: Finding,
  client: Client,
): Diagnostic {
  const page =
    client.codeDescription && !client.has('modelyard.openRule') ? rulePage(finding.rule) : undefined;
  return {
    range: rangeIn(project, finding.path, finding.span),
    severity: SEVERITIES[finding.severity],
    source: 'modelyard',
    code: finding.rule,
    message: finding.message,
    ...(page === undefined ? {} : { codeDescription: { href: page } }),
    ...(finding.unnecessary === true && client.tag(DiagnosticTag.Unnecessary)
      ? { tags: [DiagnosticTag.Unnecessary] }
      : {}),
    ...(client.relatedInformation && finding.related.length > 0
      ? {
          relatedInformation: finding.related.map((related) => ({
            location: locationOf(workspace, project, related.path, related.span),
            message: related.message,
          })),
        }
      : {}),
  };
}

/** Edits by file, with the version of each open document, so that a client refuses them when the text has moved on. */
export function workspaceEditOf(
  workspace: Workspace,
  project: Project,
  edits: readonly Edit[],
  versioned: boolean,
): WorkspaceEdit {
  const byUri = new Map<string, TextEdit[]>();
  for (const edit of edits) {
    const uri = workspace.uriOf(project, edit.path);
    const list = byUri.get(uri) ?? [];
    list.push({ range: rangeIn(project, edit.path, edit.span), newText: edit.newText });
    byUri.set(uri, list);
  }
  if (!versioned) return { changes: Object.fromEntries(byUri) };
  return {
    documentChanges: [...byUri].map(([uri, list]) => ({
      textDocument: { uri, version: workspace.versionOf(uri) },
      edits: list,
    })),
  };
}
