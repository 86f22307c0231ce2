/**
 * What could be written at the cursor. Found from indentation and brackets and not from the tree, because the text is
 * half-written there: what stands above a line decides what it belongs to, whether or not the line itself is YAML.
 */
import { defined } from '../../base/defined.js';
import { lineAt, nodePathAt } from '../../syntax/text.js';
import type { Span, SyntaxTree } from '../../syntax/tree.js';

export interface Slot {
  /** `key`: of the map at `path`; `value`: the value at `path`; `either`: an item that may become a map. */
  readonly kind: 'key' | 'value' | 'either';
  /** Keys and list indices from the root. An index only says that it is an item, not which one. */
  readonly path: readonly (string | number)[];
  /** Keys that the map at `path` has on other lines. */
  readonly siblings: readonly string[];
  /** The word that the cursor is in or behind, to be replaced. */
  readonly word: Span;
  /** The part of it before the cursor. */
  readonly typed: string;
  /** Blanks before the key or item: what further lines of a snippet need. */
  readonly indent: string;
  readonly flow: boolean;
  /** The word stands in quotes that are there already. */
  readonly quote?: '"' | "'";
  /** A colon follows the word: only the key is to be replaced. */
  readonly colon: boolean;
}

interface Element {
  readonly column: number;
  readonly kind: 'item' | 'key';
  readonly name: string;
}

const KEY =
  /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^\s#:[\]{},&*!|>'"%@`-][^:#]*?|-[^\s:#][^:#]*?))\s*:(?=\s|$)/;

/** Undefined inside comments and block scalars. */
export function slotAt(tree: SyntaxTree, offset: number): Slot | undefined {
  const lines = new Lines(tree);
  const line = lineAt(tree.lineStarts, offset);
  const start = tree.lineStarts[line] ?? 0;
  const before = tree.text.slice(start, offset);
  if (isInComment(tree, offset) || before.includes('\t')) return undefined;
  const flow = flowSlot(tree, offset, lines);
  if (flow !== undefined) return flow;
  return blockSlot(lines, line, before, offset);
}

/** Whether an offset stands behind the `#` of a comment. */
export function isInComment(tree: SyntaxTree, offset: number): boolean {
  let low = 0;
  let high = tree.comments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tree.comments[middle]?.span.end ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  const comment = tree.comments[low];
  return comment !== undefined && comment.span.start < offset;
}

class Lines {
  readonly tree: SyntaxTree;

  constructor(tree: SyntaxTree) {
    this.tree = tree;
  }

  get count(): number {
    return this.tree.lineStarts.length;
  }

  text(line: number): string {
    const { text, lineStarts } = this.tree;
    return text.slice(lineStarts[line], lineStarts[line + 1]).replace(/\r?\n?$/, '');
  }

  blank(line: number): boolean {
    return /^\s*(?:#|$)/.test(this.text(line));
  }

  /** Dashes and the key of a line, from left to right. */
  elements(line: number): Element[] {
    return elementsOf(this.text(line));
  }
}

function elementsOf(text: string): Element[] {
  const elements: Element[] = [];
  let column = /^ */.exec(text)?.[0].length ?? 0;
  for (;;) {
    const dash = /^-(?: +|$)/.exec(text.slice(column));
    if (dash === null) break;
    elements.push({ column, kind: 'item', name: '' });
    column += dash[0].length;
  }
  const key = KEY.exec(text.slice(column));
  if (key !== null) {
    elements.push({ column, kind: 'key', name: key[1] ?? key[2]?.replaceAll("''", "'") ?? key[3] ?? '' });
  }
  return elements;
}

/** How far a line may be looked for: definitions of this size have other problems than completion. */
const REACH = 20_000;

/** The keys and items that enclose something which starts at `column` of `line`, from the root. */
function pathAbove(
  lines: Lines,
  line: number,
  column: number,
  own: readonly Element[],
): {
  path: (string | number)[];
  parentLine: number;
} {
  const path: (string | number)[] = [];
  // The items of a list may stand right under its key, in its column.
  const open = { column, underKey: false, parentLine: -1 };
  const take = (elements: readonly Element[], at: number): void => {
    for (const element of elements.toReversed()) {
      const sameColumn = open.underKey && element.kind === 'key' && element.column === open.column;
      if (element.column >= open.column && !sameColumn) continue;
      path.push(element.kind === 'item' ? 0 : element.name);
      if (open.parentLine === -1) open.parentLine = at;
      open.column = element.column;
      open.underKey = element.kind === 'item';
    }
  };
  take(own, line);
  for (let above = line - 1; above >= Math.max(0, line - REACH); above--) {
    if (open.column === 0 && !open.underKey) break;
    if (!lines.blank(above)) take(lines.elements(above), above);
  }
  return { path: path.reverse(), parentLine: open.parentLine };
}

/** The other keys of the map whose keys start at `column`. */
function siblingsOf(lines: Lines, line: number, column: number, own: readonly Element[]): string[] {
  const names: string[] = [];
  const enclosed = own.some((element) => element.kind === 'item' && element.column < column);
  const scan = (at: number, step: 1 | -1): void => {
    for (let next = at; next >= 0 && next < lines.count && Math.abs(next - line) < REACH; next += step) {
      if (lines.blank(next)) continue;
      const indent = /^ */.exec(lines.text(next))?.[0].length ?? 0;
      if (step === 1 && indent < column) return;
      const elements = lines.elements(next);
      for (const element of elements) {
        if (element.kind === 'key' && element.column === column) names.push(element.name);
      }
      if (indent < column) return;
    }
  };
  if (!enclosed) scan(line - 1, -1);
  scan(line + 1, 1);
  return names;
}

function blockSlot(lines: Lines, line: number, before: string, offset: number): Slot | undefined {
  const text = lines.text(line);
  const start = offset - before.length;
  const dashes = /^( *)((?:- +)*)/.exec(before)?.[0] ?? '';
  const column = dashes.length;
  const own = elementsOf(dashes);
  const rest = before.slice(column);
  const key = KEY.exec(rest);
  const behindKey = key !== null && /^\s/.test(rest.slice(key[0].length));
  if (behindKey) return valueSlot(lines, line, { column, own, key, rest, start, text, offset });
  const isItem = own.at(-1)?.kind === 'item';
  // An item that ends in a colon becomes a map, or a name in two halves: `- weather:rain`.
  if (rest.endsWith(':') && key !== null && !isItem) return undefined;

  const { path, parentLine } = pathAbove(lines, line, column, own);
  if (parentLine !== -1 && column > 0 && opensBlockScalar(lines.text(parentLine))) return undefined;
  const tail = /^[^\s:#,[\]{}]*/.exec(text.slice(before.length))?.[0] ?? '';
  const word = { start: start + column, end: offset + tail.length };
  const after = text.slice(before.length + tail.length);
  const quote = rest.startsWith('"') ? '"' : rest.startsWith("'") ? "'" : undefined;
  return {
    kind: isItem ? 'either' : 'key',
    path,
    siblings: siblingsOf(lines, line, column, own),
    word,
    typed: rest,
    indent: ' '.repeat(column),
    flow: false,
    ...defined({ quote }),
    colon: /^["']?\s*:/.test(after),
  };
}

/** Whether a line opens a text whose lines follow. */
function opensBlockScalar(line: string): boolean {
  return /(?::|-)\s+(?:[&!]\S+\s+)*[|>][-+0-9]*\s*(?:#.*)?$/.test(line);
}

function valueSlot(
  lines: Lines,
  line: number,
  at: {
    column: number;
    own: readonly Element[];
    key: RegExpExecArray;
    rest: string;
    start: number;
    text: string;
    offset: number;
  },
): Slot {
  const { column, own, key, rest, start, text, offset } = at;
  const name = key[1] ?? key[2]?.replaceAll("''", "'") ?? key[3] ?? '';
  const { path } = pathAbove(lines, line, column, own);
  const valueColumn =
    column + (/^\s*:\s*/.exec(rest.slice(key[0].length - 1))?.[0].length ?? 1) + key[0].length - 1;
  const typed = text.slice(valueColumn, offset - start);
  const quote = typed.startsWith('"') ? '"' : typed.startsWith("'") ? "'" : undefined;
  const skip = quote === undefined ? 0 : 1;
  const tail = /^[^\s#"',[\]{}]*/.exec(text.slice(offset - start))?.[0] ?? '';
  return {
    kind: 'value',
    path: [...path, name],
    siblings: [],
    word: { start: start + valueColumn + skip, end: offset + tail.length },
    typed: typed.slice(skip),
    indent: ' '.repeat(column),
    flow: false,
    ...defined({ quote }),
    colon: false,
  };
}

interface Frame {
  readonly kind: '{' | '[';
  /** The key whose value is being written. */
  key: string | undefined;
  readonly keys: string[];
  index: number;
  wordStart: number;
}

/** A slot inside of `[ ]` or `{ }`, whose beginning the tree knows. */
function flowSlot(tree: SyntaxTree, offset: number, lines: Lines): Slot | undefined {
  const outer = nodePathAt(tree, offset)
    .map((step) => (step.kind === 'item' ? step.node : step.where === 'value' ? step.entry.value : null))
    .concat(tree.root)
    .filter((node) => node !== null && node.kind !== 'scalar' && node.flow)
    .sort((left, right) => (left?.span.start ?? 0) - (right?.span.start ?? 0))[0];
  if (outer === null || outer === undefined || offset <= outer.span.start) return undefined;
  if (offset >= outer.span.end && /[\]}]/.test(tree.text.charAt(outer.span.end - 1))) return undefined;
  const frames = scanFlow(tree.text, outer.span.start, offset);
  const frame = frames?.frames.at(-1);
  if (frames === undefined || frame === undefined) return undefined;
  const line = lineAt(tree.lineStarts, outer.span.start);
  const lineStart = tree.lineStarts[line] ?? 0;
  const opening = elementsOf(tree.text.slice(lineStart, outer.span.start));
  const deepest = opening.at(-1);
  const above = pathAbove(lines, line, deepest?.column ?? 0, opening.slice(0, -1)).path;
  const path = [...above];
  if (deepest !== undefined) path.push(deepest.kind === 'item' ? 0 : deepest.name);
  for (const { kind, key } of frames.frames.slice(0, -1)) path.push(kind === '[' ? 0 : (key ?? ''));
  const tail = /^[^\s:#"',[\]{}]*/.exec(tree.text.slice(offset))?.[0] ?? '';
  const after = tree.text.slice(offset + tail.length, offset + tail.length + 20);
  const isKey = frame.kind === '{' && frame.key === undefined;
  return {
    kind: isKey ? 'key' : frame.kind === '[' ? 'either' : 'value',
    path: isKey ? path : [...path, frame.kind === '[' ? 0 : (frame.key ?? '')],
    siblings: isKey ? [...frame.keys, ...keysBehind(tree.text, offset)] : [],
    word: { start: frame.wordStart, end: offset + tail.length },
    typed: tree.text.slice(frame.wordStart, offset),
    indent: '',
    flow: true,
    ...defined({ quote: frames.quote }),
    colon: /^["']?\s*:/.test(after),
  };
}

function scanFlow(
  text: string,
  start: number,
  end: number,
): { frames: Frame[]; quote?: '"' | "'" } | undefined {
  const frames: Frame[] = [];
  let quote: '"' | "'" | undefined;
  let wordStart = start;
  let word = '';
  for (let at = start; at < end; at++) {
    const character = text.charAt(at);
    const frame = frames.at(-1);
    if (quote !== undefined) {
      if (character === '\\' && quote === '"') word += text.charAt(++at);
      else if (character === quote) quote = undefined;
      else word += character;
      continue;
    }
    if ((character === '"' || character === "'") && word === '') {
      quote = character;
      wordStart = at + 1;
    } else if (character === '{' || character === '[') {
      frames.push({ kind: character, key: undefined, keys: [], index: 0, wordStart: at + 1 });
      [word, wordStart] = ['', at + 1];
    } else if (character === '}' || character === ']') {
      frames.pop();
      [word, wordStart] = ['', at + 1];
    } else if (character === ',' && frame !== undefined) {
      frame.index++;
      frame.key = undefined;
      [word, wordStart] = ['', at + 1];
    } else if (character === ':' && frame?.kind === '{' && frame.key === undefined) {
      frame.key = word.trim();
      frame.keys.push(frame.key);
      [word, wordStart] = ['', at + 1];
    } else if (/\s/.test(character) && word === '') {
      wordStart = at + 1;
    } else {
      word += character;
    }
  }
  const last = frames.at(-1);
  if (last === undefined) return undefined;
  last.wordStart = wordStart;
  return quote === undefined ? { frames } : { frames, quote };
}

/** Keys of the same `{ }` after the cursor, as far as its line goes. */
function keysBehind(text: string, offset: number): string[] {
  const newline = text.indexOf('\n', offset);
  const rest = text.slice(offset, newline === -1 ? text.length : newline);
  const until = rest.search(/[}\]]/);
  const own = until === -1 ? rest : rest.slice(0, until);
  return [...own.matchAll(/,\s*([\w-]+)\s*:/g)].map((match) => match[1] ?? '');
}
