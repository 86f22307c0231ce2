/**
 * Values that stand where each belongs under a name: `outputs: data/train.csv`, or a list as DVC's `outs` has it. They
 * are read under the names that they would get, so that one mistake is told once; and the fix writes the names.
 */
import type { ScalarNode, SequenceNode, Span, SyntaxNode, SyntaxTree } from '../../syntax/tree.js';
import { lineBreakOf, positionAt } from '../../syntax/text.js';
import { toValidName } from '../names/names.js';

export interface Unnamed {
  readonly name: string;
  readonly node: ScalarNode;
}

/** A text in the place of a span. */
export interface Replacement {
  readonly span: Span;
  readonly newText: string;
}

/** The paths that stand there without names; none for a map, and for what is no path. */
export function unnamedPaths(node: SyntaxNode | null | undefined): readonly Unnamed[] {
  if (node === null || node === undefined || node.kind === 'map') return [];
  const nodes = node.kind === 'scalar' ? [node] : node.items;
  const taken = new Set<string>();
  const found: Unnamed[] = [];
  for (const item of nodes) {
    if (item?.kind !== 'scalar' || typeof item.value !== 'string' || item.value === '') return [];
    const name = free(nameOf(item.text), taken);
    taken.add(name);
    found.push({ name, node: item });
  }
  return found;
}

/** `data/train.csv` → `train` */
function nameOf(path: string): string {
  const last = path
    .replace(/\$\{\{.*?\}\}/g, '')
    .split('/')
    .filter((part) => toValidName(part.replace(/\..*$/, '')) !== undefined)
    .at(-1);
  return toValidName((last ?? '').replace(/\..*$/, '')) ?? 'output';
}

function free(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  for (let number = 2; ; number++) {
    const next = `${name}-${number}`;
    if (!taken.has(next)) return next;
  }
}

/** `{ train: data/train.csv }`, for a message. */
export function namedInWords(unnamed: readonly Unnamed[]): string {
  const [first] = unnamed;
  if (first === undefined) return '';
  const more = unnamed.length > 1 ? ', …' : '';
  return `{ ${first.name}: ${inFlow(first.node.text)}${more} }`;
}

/** Writes the names; `undefined` where something would be lost, such as a comment between the items. */
export function withNames(
  tree: SyntaxTree,
  node: ScalarNode | SequenceNode,
  keyStart: number,
  unnamed: readonly Unnamed[],
): Replacement | undefined {
  const source = (span: Span): string => tree.text.slice(span.start, span.end);
  const { span } = node;
  if (tree.comments.some((one) => one.span.start >= span.start && one.span.end <= span.end)) return undefined;
  if (unnamed.some((one) => one.node.style === 'literal' || one.node.style === 'folded')) return undefined;
  if (node.kind === 'scalar' || node.flow) {
    const entries = unnamed.map(
      (one) =>
        `${one.name}: ${one.node.style === 'plain' ? inFlow(source(one.node.span)) : source(one.node.span)}`,
    );
    return { span, newText: `{ ${entries.join(', ')} }` };
  }
  const column = positionAt(tree, span.start).character;
  const keyColumn = positionAt(tree, keyStart).character;
  // YAML lets a list stand below its key without an indent, but no map.
  const more = column > keyColumn ? '' : '  ';
  const indent = ' '.repeat(column) + more;
  const lines = unnamed.map((one) => `${one.name}: ${source(one.node.span)}`);
  return { span, newText: more + lines.join(`${lineBreakOf(tree)}${indent}`) };
}

/** A plain text as it stands between braces: one that would end early there gets quotes. */
export function inFlow(text: string): string {
  return /[,[\]{}]/.test(text) ? `'${text.replaceAll("'", "''")}'` : text;
}
