/** Where things stand in a text: lines and scalars. */
import { lineAt, nodePathAt } from '../../syntax/text.js';
import type { MapEntry, ScalarNode, Span, SyntaxTree } from '../../syntax/tree.js';

/** The zero-based line of an offset. */
export function lineOf(tree: SyntaxTree, offset: number): number {
  return lineAt(tree.lineStarts, offset);
}

/** From the line's first offset to the first offset of the line after it (the text's end for the last line). */
export function lineSpan(tree: SyntaxTree, line: number): Span {
  return {
    start: tree.lineStarts[line] ?? tree.text.length,
    end: tree.lineStarts[line + 1] ?? tree.text.length,
  };
}

/** The scalar that an offset lies in, if it is a value or an item and not a key. */
export function scalarAt(tree: SyntaxTree, offset: number): ScalarNode | undefined {
  const step = nodePathAt(tree, offset).at(-1);
  if (step === undefined) return undefined;
  const node = step.kind === 'item' ? step.node : step.where === 'value' ? step.entry.value : null;
  return node?.kind === 'scalar' ? node : undefined;
}

/** How far the text of `offset`'s line is indented. */
export function indentAt(tree: SyntaxTree, offset: number): string {
  const { start, end } = lineSpan(tree, lineOf(tree, offset));
  return /^[ \t]*/.exec(tree.text.slice(start, end))?.[0] ?? '';
}

/** The innermost entry whose key an offset lies in. */
export function entryAt(tree: SyntaxTree, offset: number): MapEntry | undefined {
  const step = nodePathAt(tree, offset).at(-1);
  return step?.kind === 'entry' && step.where === 'key' ? step.entry : undefined;
}
