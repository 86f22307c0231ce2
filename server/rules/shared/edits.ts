/** Edits that fixes are made of. They keep the rest of the text as it is, comments and flow style included. */
import { lineBreakOf } from '../../syntax/text.js';
import type { MapEntry, Span, SyntaxNode, SyntaxTree } from '../../syntax/tree.js';
import { indentAt, lineOf, lineSpan } from './places.js';
import type { Edit, Fix, RuleContext } from '../rule.js';

/** "Did you mean": one fix for each likely word; the first is preferred when it is the only one. */
export function renames(
  context: RuleContext,
  span: Span,
  candidates: readonly string[],
  describe: (candidate: string) => string = (candidate) => `Change to "${candidate}"`,
): Fix[] {
  return candidates.map((candidate) => ({
    title: describe(candidate),
    edits: [{ path: context.definition.path, span, newText: candidate }],
    preferred: candidates.length === 1,
  }));
}

export function replacement(
  context: RuleContext,
  title: string,
  span: Span,
  newText: string,
  preferred = true,
): Fix {
  return { title, edits: [{ path: context.definition.path, span, newText }], preferred };
}

/**
 * The span to delete so that an entry or an item goes with what belongs to it: its lines where it has them to itself, its
 * comma where it stands in a flow collection.
 */
export function removalSpan(tree: SyntaxTree, span: Span): Span {
  const { text } = tree;
  const first = lineSpan(tree, lineOf(tree, span.start));
  const last = lineSpan(tree, lineOf(tree, Math.max(span.start, span.end - 1)));
  const before = text.slice(first.start, span.start);
  const after = text.slice(span.end, Math.max(span.end, last.end));
  if (/^[ \t]*(?:-[ \t]+)?$/.test(before) && /^[ \t]*(?:#.*)?\r?\n?$/.test(after))
    return { start: first.start, end: Math.max(span.end, last.end) };
  const comma = /^\s*,[ \t]*/.exec(text.slice(span.end, span.end + 200));
  if (comma !== null) return { start: span.start, end: span.end + comma[0].length };
  const leading = /,\s*$/.exec(text.slice(Math.max(0, span.start - 200), span.start));
  return { start: span.start - (leading?.[0].length ?? 0), end: span.end };
}

/** Takes an entry out; never by "fix all". */
export function removal({ definition: { path, tree } }: RuleContext, entry: MapEntry): Fix {
  const edits = [{ path, span: removalSpan(tree, entry.span), newText: '' }];
  return { title: `Remove "${entry.key.text}"`, edits, preferred: false };
}

/**
 * Inserts `key: value` as a sibling in front of an entry, in the style of its map.
 *
 * @param value the source text of the value
 */
export function insertBefore(
  context: RuleContext,
  entry: MapEntry,
  flow: boolean,
  key: string,
  value: string,
): Edit {
  const { tree, path } = context.definition;
  const at = { start: entry.span.start, end: entry.span.start };
  const newText = flow
    ? `${key}: ${value}, `
    : `${key}: ${value}${lineBreakOf(tree)}${columnIndent(tree, entry)}`;
  return { path, span: at, newText };
}

/** Adds items to a list in its style, to one value without brackets with them. Nothing where it can't be told how. */
export function addToList(
  { definition: { tree, path } }: RuleContext,
  value: SyntaxNode | null,
  items: readonly string[],
): Edit | undefined {
  const insert = (at: number, newText: string): Edit => ({ path, span: { start: at, end: at }, newText });
  if (value?.kind === 'scalar' && value.value !== null) {
    const written = tree.text.slice(value.span.start, value.span.end);
    return { path, span: value.span, newText: `[${[written, ...items].join(', ')}]` };
  }
  if (value?.kind !== 'sequence') return undefined;
  const last = value.items.at(-1);
  if (value.flow) {
    if (last === null) return undefined;
    return last === undefined
      ? insert(value.span.start + 1, items.join(', '))
      : insert(last.span.end, items.map((item) => `, ${item}`).join(''));
  }
  if (last === null || last === undefined) return undefined;
  const line = tree.text.lastIndexOf('\n', last.span.start - 1) + 1;
  const lead = tree.text.slice(line, last.span.start);
  if (!/^ *- +$/.test(lead)) return undefined;
  return insert(last.span.end, items.map((item) => `${lineBreakOf(tree)}${lead}${item}`).join(''));
}

/** Blanks up to the entry's column: in `- a: 1` the next key stands below `a`, not below the dash. */
function columnIndent(tree: SyntaxTree, entry: MapEntry): string {
  const indent = indentAt(tree, entry.span.start);
  const column = entry.span.start - lineSpan(tree, lineOf(tree, entry.span.start)).start;
  return indent.padEnd(column, ' ');
}
