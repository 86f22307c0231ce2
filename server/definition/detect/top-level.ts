/** The keys at the top of a YAML text, found by a look at the beginnings of its lines. Linear, and never throws. */
import { parseYaml } from '../../syntax/parse.js';
import type { SyntaxNode } from '../../syntax/tree.js';

/** What stands behind a key at the top. `open`: nothing yet, or what can't be told without parsing. */
export interface TopValue {
  readonly shape: 'map' | 'list' | 'scalar' | 'open';
  /** Of a scalar on the key's own line, without quotes. */
  readonly scalar?: string;
}

export interface Top {
  /** Of all documents of the text together; the first of each key. */
  readonly keys: ReadonlyMap<string, TopValue>;
  /** The text is a list. */
  readonly list: boolean;
  /** The text has no keys: its words, when it has some. */
  readonly words?: string;
  /** The first tag of an application (`!Ref x`). Our definitions have none. */
  readonly tag: string | undefined;
}

/**
 * A tag at the beginning of a value, with the value behind it; or one that is known to head a list or a map. A pattern of
 * ours that lacks its quotes (`- !models/b.bin`, `- !src`) is none of them.
 */
const TAG =
  /(?:^[ \t]*|[:,[{-][ \t]+|[[{,])(!(?:[A-Za-z]\w*(?=[ \t]+[^ \t#,\]}])|(?:reference|If|Equals|Join|Sub|Select|Split|FindInMap|And|Or|Not)(?=[ \t]*$|[ \t]*\[)))/;

interface Line {
  readonly indent: number;
  readonly text: string;
}

/** Reads the top of a text. */
export function topOf(text: string): Top {
  const lines = contentLines(text);
  const first = lines[0];
  const tag = tagIn(lines);
  if (first === undefined) return { keys: new Map(), list: false, tag };
  // Braces around everything: lines tell nothing.
  if (first.text.startsWith('{')) return { ...parsedTop(text), tag };
  const keys = new Map<string, TopValue>();
  lines.forEach(({ indent, text: line }, at) => {
    if (indent !== first.indent) return;
    const key = keyOf(line);
    if (key !== undefined && !keys.has(key.name))
      keys.set(key.name, valueOf(key.rest, indent, lines[at + 1]));
  });
  if (keys.size > 0) return { keys, list: false, tag };
  return { keys, list: isItem(first.text), words: lines.length === 1 ? first.text.trimEnd() : '…', tag };
}

/** Lines that are neither blank nor comments, directives or markers. */
function contentLines(text: string): Line[] {
  const lines: Line[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    let indent = 0;
    while (line.charCodeAt(indent) === 32 || (indent === 0 && line.charCodeAt(0) === 0xfeff)) indent++;
    const rest = line.slice(indent);
    if (rest.trimStart() === '' || rest.startsWith('#')) continue;
    if (indent === 0 && (rest.startsWith('%') || /^(?:---|\.\.\.)(?:\s|$)/.test(rest))) continue;
    lines.push({ indent: line.charCodeAt(0) === 0xfeff ? indent - 1 : indent, text: rest });
  }
  return lines;
}

function tagIn(lines: readonly Line[]): string | undefined {
  for (const { text } of lines) {
    if (!text.includes('!')) continue;
    const tag = TAG.exec(text)?.[1];
    if (tag !== undefined) return tag;
  }
  return undefined;
}

function isItem(line: string): boolean {
  return /^-(?:\s|$)/.test(line);
}

/** The key that a line begins with, and what stands behind its colon. */
function keyOf(line: string): { name: string; rest: string } | undefined {
  const quote = line.charAt(0);
  if (quote === '"' || quote === "'") {
    const end = line.indexOf(quote, 1);
    const behind = line.slice(end + 1).trimStart();
    return end > 0 && behind.startsWith(':')
      ? { name: line.slice(1, end), rest: behind.slice(1) }
      : undefined;
  }
  if (isItem(line)) return undefined;
  const colon = /:(?=\s|$)/.exec(line)?.index;
  return colon === undefined
    ? undefined
    : { name: line.slice(0, colon).trimEnd(), rest: line.slice(colon + 1) };
}

function valueOf(rest: string, indent: number, next: Line | undefined): TopValue {
  const value = rest.trim().replace(/^(?:[&!]\S*\s+)?(?:[&!]\S*$)?/, '');
  const first = value.charAt(0);
  if (first === '{') return { shape: 'map' };
  if (first === '[') return { shape: 'list' };
  if (first === '*') return { shape: 'open' };
  if (value !== '' && first !== '#') return { shape: 'scalar', scalar: withoutQuotes(value) };
  if (next === undefined || next.indent < indent) return { shape: 'open' };
  if (isItem(next.text)) return { shape: 'list' };
  return { shape: next.indent > indent ? 'map' : 'open' };
}

function withoutQuotes(value: string): string {
  const quote = value.charAt(0);
  const end = quote === '"' || quote === "'" ? value.indexOf(quote, 1) : -1;
  if (end > 0) return value.slice(1, end);
  const comment = /\s#/.exec(value)?.index;
  return comment === undefined ? value : value.slice(0, comment).trimEnd();
}

function parsedTop(text: string): Pick<Top, 'keys' | 'list'> {
  const { root } = parseYaml(text);
  const keys = new Map<string, TopValue>();
  for (const { key, value } of root?.kind === 'map' ? root.entries : []) {
    if (!keys.has(key.text)) keys.set(key.text, parsedValue(value));
  }
  return { keys, list: root?.kind === 'sequence' };
}

function parsedValue(node: SyntaxNode | null): TopValue {
  if (node === null) return { shape: 'open' };
  if (node.kind === 'scalar') return { shape: 'scalar', scalar: node.text };
  return { shape: node.kind === 'map' ? 'map' : 'list' };
}
