/** What the editor shows on and beside the text over LSP: hovers, lenses, colours, hints; and the fixes. */
import { CodeActionKind, InlayHintKind } from 'vscode-languageserver/node';
import type {
  CodeAction,
  CodeActionContext,
  CodeLens,
  Command,
  Diagnostic,
  Hover,
  InlayHint,
  InlayHintLabelPart,
  Range,
  SemanticTokens,
  SemanticTokensLegend,
} from 'vscode-languageserver/node';
import { defined } from '../../base/defined.js';
import { codeActions, fixAll } from '../../ide/annotate/code-actions.js';
import { codeLenses } from '../../ide/annotate/code-lenses.js';
import { hover } from '../../ide/hover/hover.js';
import { inlayHints } from '../../ide/annotate/inlay-hints.js';
import { semanticTokens } from '../../ide/annotate/semantic-tokens.js';
import type {
  CodeAction as IdeCodeAction,
  CommandReference,
  InlayHint as IdeHint,
  SemanticToken,
} from '../../ide/types.js';
import { positionAt } from '../../syntax/text.js';
import type { Span } from '../../syntax/tree.js';
import { markupOf } from '../markup.js';
import { START, diagnosticOf, locationOf, offsetOf, rangeOf, workspaceEditOf } from './convert.js';
import { cardUri, uriOfPath } from '../documents.js';
import type { Asked } from './asked.js';

/** Fixes that "fix all" and "fix on save" take. */
export const FIX_ALL = `${CodeActionKind.SourceFixAll}.modelyard`;

const TOKEN_TYPES: Readonly<Record<SemanticToken['kind'], string>> = {
  context: 'namespace',
  property: 'property',
  function: 'function',
  string: 'string',
  number: 'number',
  keyword: 'keyword',
  operator: 'operator',
};

const TOKEN_ORDER = Object.keys(TOKEN_TYPES) as SemanticToken['kind'][];

export const LEGEND: SemanticTokensLegend = {
  tokenTypes: TOKEN_ORDER.map((kind) => TOKEN_TYPES[kind]),
  tokenModifiers: [],
};

export function hoverAt({ context, client }: Asked, offset: number): Hover | null {
  const found = hover(context, offset);
  if (found === undefined) return null;
  return {
    range: rangeOf(context.definition.tree.lineStarts, found.span),
    contents: markupOf(found.markdown, client.hoverMarkup),
  };
}

function commandOf({ project, uri }: Asked, reference: CommandReference, title: string): Command {
  const { command, task, runId, rule, view } = reference;
  switch (command) {
    case 'modelyard.showRun':
      return { title, command, arguments: [uriOfPath(project.root), runId] };
    case 'modelyard.showApproval':
    case 'modelyard.approve':
    case 'modelyard.reject':
      return { title, command, arguments: runId === undefined ? [] : [uriOfPath(project.root), runId, task] };
    case 'modelyard.openRule':
      return { title, command, arguments: [rule] };
    case 'modelyard.materializeView':
    case 'modelyard.previewView':
    case 'modelyard.profileView':
      return { title, command, arguments: [uriOfPath(project.root), view] };
    case 'modelyard.runPipeline':
      return { title, command, arguments: [uri] };
    case 'modelyard.runTask':
    case 'modelyard.debugTask':
    case 'modelyard.planPipeline':
    case 'modelyard.showGraph':
      return { title, command, arguments: task === undefined ? [uri] : [uri, task] };
  }
}

/** Lenses whose command the client has. Who has no icons gets the words. */
export function lenses(asked: Asked): CodeLens[] {
  const { client, context } = asked;
  const shown = codeLenses(context).filter(({ command }) => client.has(command.command));
  return shown.map((lens) => ({
    range: rangeOf(context.definition.tree.lineStarts, lens.span),
    command: {
      ...commandOf(asked, lens.command, client.icons ? lens.title : lens.title.replace(ICON, '')),
      ...defined({ tooltip: lens.tooltip }),
    },
  }));
}

/** An icon of VS Code at the beginning of a title. */
const ICON = /^\$\([a-z~-]+\) /;

function wants(only: readonly string[] | undefined, kind: string): boolean {
  return only === undefined || only.some((wanted) => kind === wanted || kind.startsWith(`${wanted}.`));
}

function sameRange(a: Range, b: Range): boolean {
  return (
    a.start.line === b.start.line &&
    a.start.character === b.start.character &&
    a.end.line === b.end.line &&
    a.end.character === b.end.character
  );
}

export function actions(asked: Asked, range: Range, wanted: CodeActionContext): (CodeAction | Command)[] {
  const { workspace, project, context, findings, client } = asked;
  const versioned = client.versionedEdits;
  const { tree } = context.definition;
  const found = findings();
  // The client's own diagnostics are named in the answer, so that it can tell which lamp an action belongs to.
  const diagnosticsOf = (action: IdeCodeAction): Diagnostic[] =>
    action.findings.map((finding) => {
      const made = diagnosticOf(workspace, project, finding, client);
      return (
        wanted.diagnostics.find((shown) => shown.code === made.code && sameRange(shown.range, made.range)) ??
        made
      );
    });
  const result: CodeAction[] = [];
  if (wants(wanted.only, CodeActionKind.QuickFix)) {
    const span = { start: offsetOf(tree, range.start), end: offsetOf(tree, range.end) };
    for (const action of codeActions(context, found, span)) {
      if (action.command !== undefined && !client.has(action.command.command)) continue;
      result.push({
        title: action.title,
        kind: action.kind === 'fix-all' ? FIX_ALL : CodeActionKind.QuickFix,
        diagnostics: diagnosticsOf(action),
        ...(action.preferred && client.preferredActions ? { isPreferred: true } : {}),
        ...(action.edits.length === 0
          ? {}
          : { edit: workspaceEditOf(workspace, project, action.edits, versioned) }),
        ...(action.command === undefined ? {} : { command: commandOf(asked, action.command, action.title) }),
      });
    }
  }
  // Only when asked for: it is about the whole file, not about where the cursor is.
  if (wanted.only !== undefined && wants(wanted.only, FIX_ALL)) {
    const edits = fixAll(context, found);
    if (edits.length > 0) {
      result.push({
        title: 'Fix all that Modelyard can fix',
        kind: FIX_ALL,
        edit: workspaceEditOf(workspace, project, edits, versioned),
      });
    }
  }
  return client.actionLiterals ? result : result.flatMap(asCommand);
}

/** The command of this server that asks the client to apply an edit. */
export const APPLY_EDIT = 'modelyard.applyEdit';

/** An action as clients without code actions take it. */
function asCommand({ title, edit, command }: CodeAction): Command[] {
  if (command !== undefined) return [command];
  return edit === undefined ? [] : [{ title, command: APPLY_EDIT, arguments: [{ label: title, edit }] }];
}

/** Tokens as LSP counts them: each relative to the one before. */
export function tokens({ context }: Asked, within?: Span): SemanticTokens {
  const { lineStarts } = context.definition.tree;
  const data: number[] = [];
  let line = 0;
  let character = 0;
  for (const token of semanticTokens(context, within)) {
    const start = positionAt(lineStarts, token.span.start);
    data.push(
      start.line - line,
      start.line === line ? start.character - character : start.character,
      token.span.end - token.span.start,
      TOKEN_ORDER.indexOf(token.kind),
      0,
    );
    ({ line, character } = start);
  }
  return { data };
}

export function hints(asked: Asked, range: Range): InlayHint[] {
  const { tree } = asked.context.definition;
  const within = { start: offsetOf(tree, range.start), end: offsetOf(tree, range.end) };
  return inlayHints(asked.context, within).map((hint) => ({
    position: positionAt(tree.lineStarts, hint.offset),
    label: labelOf(asked, hint),
    ...(hint.kind === 'value' ? { kind: InlayHintKind.Type } : {}),
    ...defined({ tooltip: hint.tooltip }),
    paddingLeft: true,
  }));
}

/** The label, with what a click on it goes to. */
function labelOf({ workspace, project, client }: Asked, hint: IdeHint): string | InlayHintLabelPart[] {
  const { label, target, version } = hint;
  if (target !== undefined) {
    return [{ value: label, location: locationOf(workspace, project, target.path, target.span) }];
  }
  if (version === undefined || !client.cards) return label;
  const uri = cardUri(project.root, version.model, version.version);
  return [{ value: label, location: { uri, range: START } }];
}
