/** Tabs between the parts of a YAML file: the YAML of DVC, ruamel's, takes none, other than YAML 1.2 and ours. */
import type { Span, SyntaxNode, SyntaxTree } from '../../../../syntax/tree.js';

/** The first one; tabs in quotes, blocks of text, comments, and between brackets are none. */
export function refusedTab({ text, root, comments }: SyntaxTree): Span | undefined {
  let at = text.indexOf('\t');
  if (at === -1) return undefined;
  const free = [...comments.map(({ span }) => span), ...freeSpans(root)];
  for (; at !== -1; at = text.indexOf('\t', at + 1)) {
    const inside = free.some(({ start, end }) => start <= at && at < end);
    if (!inside) return { start: at, end: at + 1 };
  }
  return undefined;
}

function freeSpans(node: SyntaxNode | null): Span[] {
  if (node === null) return [];
  if (node.kind === 'scalar') return node.style === 'plain' ? [] : [node.span];
  if (node.flow) return [node.span];
  return node.kind === 'sequence'
    ? node.items.flatMap(freeSpans)
    : node.entries.flatMap(({ key, value }) => [...freeSpans(key), ...freeSpans(value)]);
}
