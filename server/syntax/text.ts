/** Ways to read a syntax tree: positions, trails, look-ups and plain values. */
import type { Json } from '../base/json.js';
import { numeral, toDouble } from '../base/numeral.js';
import { setOwn } from '../base/set-own.js';
import type {
  MapEntry,
  MapNode,
  Position,
  ScalarNode,
  SequenceNode,
  SyntaxNode,
  SyntaxTree,
} from './tree.js';

/** Offsets of the first characters of a text's lines; `\n`, `\r\n` and a lone `\r` end a line, as in LSP. */
export function lineStartsOf(text: string): number[] {
  const starts = [0];
  const mayHoldReturns = text.includes('\r');
  if (!mayHoldReturns) {
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    return starts;
  }
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 10 || (code === 13 && text.charCodeAt(at + 1) !== 10)) starts.push(at + 1);
  }
  return starts;
}

function isTree(source: SyntaxTree | readonly number[]): source is SyntaxTree {
  return !Array.isArray(source);
}

/** Index of the line that holds an offset. */
export function lineAt(lineStarts: readonly number[], offset: number): number {
  let low = 0;
  let high = lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Line and character of an offset; offsets outside the text are moved to its nearest end. */
export function positionAt(source: SyntaxTree | readonly number[], offset: number): Position {
  const tree = isTree(source);
  const lineStarts = tree ? source.lineStarts : source;
  const within = Math.max(0, tree ? Math.min(offset, source.text.length) : offset);
  const line = lineAt(lineStarts, within);
  return { line, character: within - (lineStarts[line] ?? 0) };
}

/** How lines end in a text: what is written into it ends them so, too. */
export function lineBreakOf({ text }: SyntaxTree): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

/**
 * Offset of a position. A line past the end gives the last line's start; a character past the end of its line is not
 * noticed on the last line, where the text's length is unknown.
 */
export function offsetAt(lineStarts: readonly number[], position: Position): number {
  const line = Math.max(0, Math.min(position.line, lineStarts.length - 1));
  const start = lineStarts[line] ?? 0;
  const next = lineStarts[line + 1];
  const offset = start + Math.max(0, position.character);
  return next === undefined ? offset : Math.min(offset, next - 1);
}

/** The first entry of a map with this key; undefined for everything that isn't a map. */
export function entryOf(node: SyntaxNode | null | undefined, key: string): MapEntry | undefined {
  return node?.kind === 'map' ? node.entries.find((entry) => entry.key.text === key) : undefined;
}

/** Calls `fn` for a node and all below it, keys included, parents first. `false` keeps it from going deeper. */
export function visit(node: SyntaxNode | null, fn: (node: SyntaxNode) => unknown): void {
  if (node === null || fn(node) === false) return;
  if (node.kind === 'map') {
    for (const entry of node.entries) {
      fn(entry.key);
      visit(entry.value, fn);
    }
  } else if (node.kind === 'sequence') {
    for (const item of node.items) visit(item, fn);
  }
}

/** One step of the way from the root to an offset. */
export type PathStep =
  | {
      readonly kind: 'entry';
      readonly map: MapNode;
      readonly entry: MapEntry;
      readonly key: string;
      /** Whether the offset is in the key or after it. */
      readonly where: 'key' | 'value';
    }
  | {
      readonly kind: 'item';
      readonly sequence: SequenceNode;
      readonly index: number;
      readonly node: SyntaxNode | null;
    };

const touches = (span: { start: number; end: number }, offset: number): boolean =>
  span.start <= offset && offset <= span.end;

/**
 * The trail from the root to an offset; a node's end counts as inside it, so that a cursor behind a word finds the word.
 * Aliased nodes are not entered: their spans stand elsewhere.
 */
export function nodePathAt(tree: SyntaxTree, offset: number): PathStep[] {
  const path: PathStep[] = [];
  let node = tree.root;
  while (node !== null && touches(node.span, offset)) {
    if (node.kind === 'scalar') break;
    const step: PathStep | undefined = node.kind === 'map' ? entryStep(node, offset) : itemStep(node, offset);
    if (step === undefined) break;
    path.push(step);
    if (step.kind === 'item') node = step.node;
    else if (step.where === 'value') node = step.entry.value;
    else break;
  }
  return path;
}

function entryStep(map: MapNode, offset: number): PathStep | undefined {
  // The later of two that touch: in `{a: 1,b: 2}` a cursor between them belongs to what is about to be read.
  const entry = map.entries.findLast((candidate) => touches(candidate.span, offset));
  if (entry === undefined) return undefined;
  return {
    kind: 'entry',
    map,
    entry,
    key: entry.key.text,
    where: offset <= entry.key.span.end ? 'key' : 'value',
  };
}

function itemStep(sequence: SequenceNode, offset: number): PathStep | undefined {
  const index = sequence.items.findLastIndex((item) => item !== null && touches(item.span, offset));
  if (index === -1) return undefined;
  return { kind: 'item', sequence, index, node: sequence.items[index] ?? null };
}

const PLAIN_SAFE = /^[\p{L}\p{N}_./@+=~-]+(?: [\p{L}\p{N}_./@+=~-]+)*$/u;
const RESOLVES =
  /^(?:~|null|Null|NULL|true|True|TRUE|false|False|FALSE|[-+]?(?:\d[\d_]*(?:\.\d*)?|\.?\d*)(?:[eE][-+]?\d+)?|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

/** A string as it has to be written as a YAML key or value so that it is read back as this very string. */
export function escapeKey(text: string): string {
  const plain = PLAIN_SAFE.test(text) && !RESOLVES.test(text) && !/^[-@=]|^\.{3}|^- /.test(text);
  if (plain) return text;
  // eslint-disable-next-line no-control-regex -- control characters can only be written as escapes
  return /[\u0000-\u001f\u007f\u0085\u2028\u2029]/.test(text)
    ? JSON.stringify(text)
    : `'${text.replaceAll("'", "''")}'`;
}

/** More nodes than any definition has; past it `toPlain` gives `null` for what is left. */
const PLAIN_LIMIT = 200_000;

/** As it is written; a text for numbers that JSON doesn't know (`.inf`), a `%YAML 1.1` octal by its value. */
function numberOf({ text, value }: ScalarNode): Json {
  const number = numeral(text);
  if (number !== undefined && Number(value) === toDouble(number)) return number;
  return Number.isFinite(value) ? Number(value) : text;
}

/**
 * A node's value without spans. The last of duplicate keys wins.
 *
 * @param infinite whether `.inf` and `.nan` stay as they are written, or are named as in JSON's dialects (`Infinity`)
 */
export function toPlain(
  node: SyntaxNode | null | undefined,
  limit: number = PLAIN_LIMIT,
  infinite: 'written' | 'named' = 'written',
): Json {
  let left = limit;
  const plain = (current: SyntaxNode | null): Json => {
    if (current === null || left-- <= 0) return null;
    switch (current.kind) {
      case 'scalar':
        return typeof current.value === 'number'
          ? infinite === 'named' && !Number.isFinite(current.value)
            ? String(current.value)
            : numberOf(current)
          : current.value;
      case 'sequence':
        return current.items.map(plain);
      case 'map': {
        const result: Record<string, Json> = {};
        for (const entry of current.entries) {
          setOwn(result, entry.key.text, plain(entry.value));
        }
        return result;
      }
    }
  };
  return plain(node ?? null);
}
