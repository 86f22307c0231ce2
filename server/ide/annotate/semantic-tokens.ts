/** Colours for the expressions of a file; YAML itself is coloured by the editor's grammar. */
import { tokensOf } from '../../syntax/expressions/expression.js';
import { lineAt } from '../../syntax/text.js';
import type { ExpressionPart, Span, SyntaxNode, SyntaxTree } from '../../syntax/tree.js';
import type { IdeContext, SemanticToken } from '../types.js';

/** Tokens in the order of the text. Expressions without `${{ }}` (`if`, `check`) are coloured as well. */
export function semanticTokens(context: Pick<IdeContext, 'definition'>, range?: Span): SemanticToken[] {
  const { definition } = context;
  if (definition.kind !== 'pipeline') return [];
  const tokens: SemanticToken[] = [];
  const touches = (span: Span): boolean =>
    range === undefined || (span.start <= range.end && range.start <= span.end);
  const seen = new Set<number>();
  const add = (part: ExpressionPart): void => {
    if (!touches(part.span) || seen.has(part.span.start)) return;
    seen.add(part.span.start);
    for (const token of tokensOf(part)) tokens.push(...onOneLine(definition.tree, token));
  };
  for (const owner of [definition.pipeline, ...definition.pipeline.tasks]) {
    for (const { part } of owner.expressions) add(part);
  }
  // Expressions where none is legal are coloured too: they are reported, not invisible.
  const walk = (node: SyntaxNode | null): void => {
    if (node === null || !touches(node.span)) return;
    if (node.kind === 'map') for (const { value } of node.entries) walk(value);
    else if (node.kind === 'sequence') node.items.forEach(walk);
    else for (const part of node.template?.parts ?? []) if (part.kind === 'expression') add(part);
  };
  walk(definition.tree.root);
  return tokens.sort((left, right) => left.span.start - right.span.start);
}

/** Editors want each token on one line; a text that goes over several is cut. */
function onOneLine(tree: SyntaxTree, token: SemanticToken): SemanticToken[] {
  const first = lineAt(tree.lineStarts, token.span.start);
  const last = lineAt(tree.lineStarts, token.span.end);
  if (first === last) return token.span.end > token.span.start ? [token] : [];
  const pieces: SemanticToken[] = [];
  for (let line = first; line <= last; line++) {
    const start = Math.max(token.span.start, tree.lineStarts[line] ?? 0);
    const newline = tree.text.indexOf('\n', start);
    const end = Math.min(token.span.end, newline === -1 ? tree.text.length : newline);
    if (end > start) pieces.push({ span: { start, end }, kind: token.kind });
  }
  return pieces;
}
