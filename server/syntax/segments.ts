/**
 * Cuts a file at the keys of its root map, and its large root entries (`tasks:`) at their keys, by indentation alone.
 * Each piece is YAML that can be read by itself, so that an edit costs the reading of one task and not of the file.
 */

export interface Segment {
  readonly start: number;
  readonly end: number;
  /**
   * `entry`: one entry of the root map. `header`: the line of a root key whose entries follow as segments.
   * `child`: an entry of the map under the last header.
   */
  readonly kind: 'entry' | 'header' | 'child';
}

interface Line {
  readonly start: number;
  /** Column of the first character that isn't a space. */
  readonly indent: number;
  /**
   * `word`: a bare word, which is a key whose colon isn't typed yet. `other` belongs to the entry above it: an item of a
   * list in its key's column, a closing bracket, an explicit key.
   */
  readonly kind: 'key' | 'word' | 'other' | 'blank';
}

const KEY_CHARACTER = /[\p{L}\p{N}_. /-]/u;

/** Undefined when the file isn't a plain block map and has to be read as a whole. */
export function segmentsOf(text: string): Segment[] | undefined {
  const lines = linesOf(text);
  const roots: number[] = [];
  let preamble = true;
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index];
    if (line === undefined || line.kind === 'blank' || line.indent > 0) {
      if (line !== undefined && line.kind !== 'blank' && roots.length === 0) return undefined;
      continue;
    }
    const first = text.charAt(line.start);
    if (line.kind === 'other' && (first === '-' || first === '.' || first === '%')) {
      const own = lineText(text, lines, index);
      // One `---` may stand before everything.
      if (preamble && /^---[ \t]*(?:#[^\n]*)?\r?$/.test(own)) {
        preamble = false;
        continue;
      }
      if (/^(?:---|\.\.\.|%)/.test(own)) return undefined;
    }
    preamble = false;
    if (roots.length === 0 && line.kind !== 'key') return undefined;
    if (line.kind === 'other') continue;
    roots.push(index);
  }
  if (roots.length === 0) return undefined;
  const segments: Segment[] = [];
  for (let root = 0; root < roots.length; root++) {
    const first = roots[root] ?? 0;
    const after = roots[root + 1] ?? lines.length;
    const start = root === 0 ? 0 : (lines[first]?.start ?? 0);
    const end = lines[after]?.start ?? text.length;
    const children = childrenOf(text, lines, first, after);
    if (children === undefined) {
      segments.push({ start, end, kind: 'entry' });
      continue;
    }
    segments.push({ start, end: lines[children[0] ?? after]?.start ?? end, kind: 'header' });
    for (let child = 0; child < children.length; child++) {
      const from = lines[children[child] ?? after]?.start ?? end;
      segments.push({ start: from, end: lines[children[child + 1] ?? after]?.start ?? end, kind: 'child' });
    }
  }
  return segments;
}

/** The lines at which the entries of a root entry start, when it is a map that can be cut. */
function childrenOf(
  text: string,
  lines: readonly Line[],
  first: number,
  after: number,
): number[] | undefined {
  if (!/^[^\n:"']*:[ \t]*(?:#[^\n]*)?\r?$/.test(lineText(text, lines, first))) return undefined;
  const children: number[] = [];
  let indent = -1;
  for (let index = first + 1; index < after; index++) {
    const line = lines[index];
    if (line === undefined || line.kind === 'blank') continue;
    if (indent === -1) indent = line.indent;
    if (line.indent < indent) return undefined;
    if (line.indent > indent) continue;
    if (children.length === 0 && line.kind !== 'key') return undefined;
    if (line.kind !== 'other') children.push(index);
  }
  return children.length > 1 ? children : undefined;
}

function lineText(text: string, lines: readonly Line[], index: number): string {
  const start = lines[index]?.start ?? text.length;
  const next = lines[index + 1]?.start;
  return next === undefined ? text.slice(start).replace(/\n$/, '') : text.slice(start, next - 1);
}

function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    let at = start;
    while (at < end && text.charCodeAt(at) === 32) at++;
    const blank = isBlank(text, at, end);
    lines.push({
      start,
      indent: at - start,
      kind: blank ? 'blank' : startsWithKey(text, at, end) ? 'key' : isWord(text, at, end) ? 'word' : 'other',
    });
    start = end + 1;
  }
  return lines;
}

/** Nothing but white space, or a comment. A line that starts with a tab is neither: it has to be looked at as a whole. */
function isBlank(text: string, start: number, end: number): boolean {
  if (text.charCodeAt(start) === 35) return true;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 9 && code !== 13) return false;
  }
  return true;
}

/** A plain or quoted key and its colon. What is written in another way makes the file one that is read as a whole. */
function startsWithKey(text: string, start: number, end: number): boolean {
  const first = text.charCodeAt(start);
  let at: number;
  if (first === 34 || first === 39) {
    const close = text.indexOf(text.charAt(start), start + 1);
    if (close === -1 || close >= end || text.slice(start, close).includes('\\')) return false;
    at = close + 1;
    while (at < end && text.charCodeAt(at) === 32) at++;
  } else {
    if (first === 45) return false;
    at = start;
    while (at < end && isKeyCharacter(text, at)) at++;
  }
  if (at >= end || text.charCodeAt(at) !== 58) return false;
  const next = at + 1 < end ? text.charCodeAt(at + 1) : 10;
  return next === 32 || next === 9 || next === 10 || next === 13;
}

const WORD = /^[A-Za-z_][\w-]*[ \t]*(?:[ \t]#.*)?\r?$/;

function isWord(text: string, start: number, end: number): boolean {
  return end - start < 200 && WORD.test(text.slice(start, end));
}

function isKeyCharacter(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code < 128) {
    return (
      (code >= 97 && code <= 122) ||
      (code >= 65 && code <= 90) ||
      (code >= 45 && code <= 57) ||
      code === 95 ||
      code === 32
    );
  }
  return KEY_CHARACTER.test(text.charAt(at));
}
