/** Jumps, references, renames, symbols, links and folds over LSP. */
import {
  DocumentHighlightKind,
  FoldingRangeKind,
  LSPErrorCodes,
  ResponseError,
  SymbolKind,
} from 'vscode-languageserver/node';
import type {
  DocumentHighlight,
  DocumentLink,
  DocumentSymbol,
  FoldingRange,
  Location,
  LocationLink,
  Range,
  SymbolInformation,
  WorkspaceEdit,
} from 'vscode-languageserver/node';
import { defined } from '../../base/defined.js';
import { foldingRanges } from '../../ide/annotate/folding.js';
import { documentLinks } from '../../ide/navigate/links.js';
import { definitionsAt, highlightsAt, referencesAt } from '../../ide/navigate/navigation.js';
import { prepareRename, rename } from '../../ide/navigate/rename.js';
import { documentSymbols, workspaceSymbols } from '../../ide/navigate/symbols.js';
import type { IdeContext, OutlineSymbol, SymbolKind as IdeSymbolKind } from '../../ide/types.js';
import type { Project } from '../../project/project.js';
import { versionAt } from '../../ide/navigate/model-places.js';
import type { Span, SyntaxTree } from '../../syntax/tree.js';
import { START, locationOf, rangeIn, rangeOf, workspaceEditOf } from './convert.js';
import { cardUri, uriOfPath } from '../documents.js';
import type { Asked } from './asked.js';
import type { Client } from '../client.js';
import type { Workspace } from '../workspace.js';

const SYMBOLS: Readonly<Record<IdeSymbolKind, SymbolKind>> = {
  pipeline: SymbolKind.Module,
  section: SymbolKind.Namespace,
  task: SymbolKind.Function,
  param: SymbolKind.Variable,
  variable: SymbolKind.Constant,
  output: SymbolKind.Field,
  view: SymbolKind.Class,
  feature: SymbolKind.Property,
  entity: SymbolKind.Struct,
  'feature-service': SymbolKind.Interface,
  owner: SymbolKind.String,
  key: SymbolKind.Key,
};

/** Of the text that is asked about. */
function treeOf({ beside, definition }: IdeContext): SyntaxTree {
  return (beside ?? definition).tree;
}

/** As links where the client understands them: they say which word the jump starts from and what to show around. */
export function definitions(asked: Asked, offset: number): LocationLink[] | Location[] {
  const { workspace, project, context } = asked;
  const targets = definitionsAt(context, offset);
  const version = asked.client.cards && context.beside === undefined ? versionAt(context, offset) : undefined;
  const card = version === undefined ? undefined : cardUri(project.root, version.model, version.version);
  if (!asked.client.definitionLinks) {
    return [
      ...(card === undefined ? [] : [{ uri: card, range: START }]),
      ...targets.map((target) => locationOf(workspace, project, target.path, target.span)),
    ];
  }
  const originOf = (origin: Span) => rangeOf(treeOf(context).lineStarts, origin);
  return [
    ...(card === undefined || version === undefined
      ? []
      : [
          {
            originSelectionRange: originOf(version.origin),
            targetUri: card,
            targetRange: START,
            targetSelectionRange: START,
          },
        ]),
    ...targets.map((target) => ({
      originSelectionRange: originOf(target.origin),
      targetUri: workspace.uriOf(project, target.path),
      targetRange: rangeIn(project, target.path, target.whole),
      targetSelectionRange: rangeIn(project, target.path, target.span),
    })),
  ];
}

export function references(asked: Asked, offset: number, withDeclaration: boolean): Location[] {
  const { workspace, project, context } = asked;
  return referencesAt(context, offset, withDeclaration).map((found) =>
    locationOf(workspace, project, found.path, found.span),
  );
}

export function highlights({ context }: Asked, offset: number): DocumentHighlight[] {
  return highlightsAt(context, offset).map((found) => ({
    range: rangeOf(treeOf(context).lineStarts, found.span),
    kind: found.kind === 'write' ? DocumentHighlightKind.Write : DocumentHighlightKind.Read,
  }));
}

export function renameTarget({ context }: Asked, offset: number): { range: Range; placeholder: string } {
  const target = prepareRename(context, offset);
  if (!target.ok) throw new ResponseError(LSPErrorCodes.RequestFailed, target.message);
  return { range: rangeOf(treeOf(context).lineStarts, target.span), placeholder: target.placeholder };
}

export function renameEdits(
  { workspace, project, context }: Asked,
  offset: number,
  newName: string,
  versioned: boolean,
): WorkspaceEdit {
  const result = rename(context, offset, newName);
  if (!result.ok) throw new ResponseError(LSPErrorCodes.RequestFailed, result.message);
  return workspaceEditOf(workspace, project, result.edits, versioned);
}

export function symbols(asked: Asked): DocumentSymbol[] | SymbolInformation[] {
  const { context, client } = asked;
  const { lineStarts } = context.definition.tree;
  if (!client.hierarchicalSymbols) return flatSymbols(asked, documentSymbols(context));
  const convert = (symbol: OutlineSymbol): DocumentSymbol => ({
    name: symbol.name,
    ...defined({ detail: symbol.detail }),
    kind: client.symbolKind(SYMBOLS[symbol.kind], 'documentSymbol'),
    range: rangeOf(lineStarts, symbol.span),
    selectionRange: rangeOf(lineStarts, symbol.selection),
    children: symbol.children.map(convert),
  });
  return documentSymbols(context).map(convert);
}

/** The outline in one list, each symbol with the name of what it lies in. */
function flatSymbols(
  { context, uri, client }: Pick<Asked, 'context' | 'uri' | 'client'>,
  outline: readonly OutlineSymbol[],
  containerName?: string,
): SymbolInformation[] {
  const { lineStarts } = context.definition.tree;
  return outline.flatMap((symbol) => [
    {
      name: symbol.name,
      kind: client.symbolKind(SYMBOLS[symbol.kind], 'documentSymbol'),
      location: { uri, range: rangeOf(lineStarts, symbol.span) },
      ...defined({ containerName }),
    },
    ...flatSymbols({ context, uri, client }, symbol.children, symbol.name),
  ]);
}

/** Symbols of a project that a query matches. */
export function symbolsOfProject(
  workspace: Workspace,
  project: Project,
  query: string,
  client: Client,
): SymbolInformation[] {
  return workspaceSymbols(project.view(), query).map((symbol) => ({
    name: symbol.name,
    kind: client.symbolKind(SYMBOLS[symbol.kind], 'workspaceSymbol'),
    location: locationOf(workspace, project, symbol.path, symbol.span),
    ...defined({ containerName: symbol.container }),
  }));
}

export function links({ project, context, client }: Asked): DocumentLink[] {
  return documentLinks(context).flatMap(({ span, path, version, tooltip }) => {
    const card =
      version === undefined || !client.cards
        ? undefined
        : cardUri(project.root, version.model, version.version);
    const target = path === undefined ? card : uriOfPath(project.absolute(path));
    if (target === undefined) return [];
    const range = rangeOf(context.definition.tree.lineStarts, span);
    return [{ range, target, ...(client.linkTooltips ? defined({ tooltip }) : {}) }];
  });
}

export function folds({ context, client }: Asked): FoldingRange[] {
  const folds = foldingRanges(context);
  const shown = folds.length > client.mostFolds ? folds.slice(0, client.mostFolds) : folds;
  return shown.map(({ startLine, endLine, kind }) => ({
    startLine,
    endLine,
    ...(kind === undefined
      ? {}
      : { kind: kind === 'comment' ? FoldingRangeKind.Comment : FoldingRangeKind.Region }),
  }));
}
