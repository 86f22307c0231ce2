/** Folding: maps, lists and texts of several lines, and blocks of comments. */
import { lineAt } from '../../syntax/text.js';
import type { MapEntry, SyntaxNode, SyntaxTree } from '../../syntax/tree.js';
import type { FoldingRange, IdeContext } from '../types.js';

export function foldingRanges(context: Pick<IdeContext, 'definition'>): FoldingRange[] {
  const { tree } = context.definition;
  const ranges = new Map<number, FoldingRange>();
  const add = (start: number, end: number): void => {
    const startLine = lineAt(tree.lineStarts, start);
    const endLine = lineAt(tree.lineStarts, Math.max(start, end));
    if (endLine > startLine && !ranges.has(startLine)) ranges.set(startLine, { startLine, endLine });
  };
  const walk = (node: SyntaxNode | null): void => {
    if (node?.kind === 'map') node.entries.forEach(entry);
    else if (node?.kind === 'sequence') {
      for (const item of node.items) {
        if (item !== null) add(item.span.start, item.span.end);
        walk(item);
      }
    }
  };
  const entry = ({ span, value }: MapEntry): void => {
    add(span.start, span.end);
    // An alias stands for lines elsewhere.
    if (value !== null && value.span.start >= span.start) walk(value);
  };
  walk(tree.root);
  return [...ranges.values(), ...commentBlocks(tree)].sort((left, right) => left.startLine - right.startLine);
}

function commentBlocks(tree: SyntaxTree): FoldingRange[] {
  const blocks: FoldingRange[] = [];
  // Of the block at hand; no line is next to the one before the first.
  let first = -2;
  let last = -2;
  const close = (): void => {
    if (last > first) blocks.push({ startLine: first, endLine: last, kind: 'comment' });
  };
  for (const { span } of tree.comments) {
    const line = lineAt(tree.lineStarts, span.start);
    if (tree.text.slice(tree.lineStarts[line], span.start).trim() !== '') continue;
    if (line !== last + 1) {
      close();
      first = line;
    }
    last = line;
  }
  close();
  return blocks;
}
