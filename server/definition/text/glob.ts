/**
 * Globs, matched in time that grows with the pattern times the path and not faster: a regular expression made from
 * `*a*a*a*…` can take minutes for one name, and globs come from files that anybody may have written.
 *
 * `*` any characters of a name, `**` any folders, `?` one character, `[a-z]` `[!a-z]` one of a set, `{a,b}` `{1..9}`
 * alternatives, `\` before a character that stands for itself. Names that begin with a dot are names like others. Paths are
 * normalised, relative, with `/` between names; upper and lower case differ.
 */
import { remembered } from './remembered.js';

export interface Glob {
  readonly source: string;
  /** The folder above everything that it can match; `''` for the project itself. */
  readonly base: string;
  readonly matches: (path: string) => boolean;
  /** Whether something in this folder, however deep, may match. */
  readonly mayMatchIn: (folder: string) => boolean;
}

export type CompiledGlob =
  { readonly ok: true; readonly glob: Glob } | { readonly ok: false; readonly message: string };

const MAX_LENGTH = 1000;
/** Of all braces together. */
const MAX_ALTERNATIVES = 256;
const MAX_KNOWN = 2000;

/**
 * Globs come back with every check of a file.
 * @returns the message, a sentence that quotes the glob, where this is none that can be matched in bounded time.
 */
export const compileGlob: (source: string) => CompiledGlob = remembered(MAX_KNOWN, compile);

/** For where a glob that can't be matched has been reported already: it matches nothing then. */
export function globOf(source: string): Glob {
  const compiled = compileGlob(source);
  return compiled.ok ? compiled.glob : { source, base: '', matches: () => false, mayMatchIn: () => false };
}

function compile(source: string): CompiledGlob {
  const shown = source.length > 60 ? `${source.slice(0, 60)}…` : source;
  const refuse = (why: string): CompiledGlob => ({ ok: false, message: `The glob "${shown}" ${why}` });
  if (source.length > MAX_LENGTH)
    return refuse(`is longer than ${MAX_LENGTH} characters. Name a folder, or split it into several globs.`);
  if (source.startsWith('!'))
    return refuse('begins with "!", and a glob says what is meant, not what is not. Name what is meant.');
  if (/(^|[^\\])[!@+*?]\(/.test(source))
    return refuse('has a group such as "@(a|b)", which is not known here. Write alternatives as "{a,b}".');
  const expanded = expandBraces(source.replace(/^(\.\/)+/, ''));
  if (expanded === undefined)
    return refuse(`expands to more than ${MAX_ALTERNATIVES} alternatives. Split it into several globs.`);
  const alternatives = expanded.map((text) => text.split('/').map(compileName));
  const glob: Glob = {
    source,
    base: baseOf(source.replace(/^(\.\/)+/, '')),
    matches: (path) => {
      const names = path.split('/');
      return alternatives.some((pattern) => matchesNames(pattern, names));
    },
    mayMatchIn: (folder) => {
      const names = folder === '.' || folder === '' ? [] : folder.split('/');
      return alternatives.some((pattern) => mayGoOn(pattern, names));
    },
  };
  return { ok: true, glob };
}

function baseOf(source: string): string {
  const names = source.split('/');
  const special = names.findIndex((name) => /[*?[\]{}\\]/.test(name));
  return names.slice(0, special < 0 ? -1 : special).join('/');
}

/** `a{b,c}d` → `abd`, `acd`; `undefined` when there are too many. Braces without a comma or a range are characters. */
function expandBraces(source: string): string[] | undefined {
  const done: string[] = [];
  const open = [source];
  for (let text = open.pop(); text !== undefined; text = open.pop()) {
    const group = firstGroup(text);
    if (group === undefined) done.push(text);
    else {
      // Backwards, because the last one is taken first.
      for (const choice of group.choices.toReversed())
        open.push(text.slice(0, group.start) + choice + text.slice(group.end));
    }
    if (done.length + open.length > MAX_ALTERNATIVES) return undefined;
  }
  return done;
}

interface Group {
  readonly start: number;
  readonly end: number;
  readonly choices: readonly string[];
}

/** The leftmost one; found in one go, because a text may hold hundreds of braces that are none. */
function firstGroup(text: string): Group | undefined {
  let first: Group | undefined;
  const open: { readonly start: number; readonly commas: number[] }[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '\\') at++;
    else if (character === '{') open.push({ start: at, commas: [] });
    else if (character === ',') open.at(-1)?.commas.push(at);
    else if (character === '}') {
      const brace = open.pop();
      const choices = brace === undefined ? undefined : choicesOf(text, [brace.start, ...brace.commas, at]);
      if (brace !== undefined && choices !== undefined && brace.start < (first?.start ?? Infinity))
        first = { start: brace.start, end: at + 1, choices };
    }
  }
  return first;
}

/** @param ends offsets of the opening brace, the commas and the closing brace */
function choicesOf(text: string, ends: readonly number[]): readonly string[] | undefined {
  const choices = ends.slice(1).map((end, at) => text.slice((ends[at] ?? 0) + 1, end));
  return choices.length > 1 ? choices : rangeOf(choices[0] ?? '');
}

/** `1..9`, `09..12`, `a..f`. */
function rangeOf(text: string): string[] | undefined {
  const match = /^(-?[0-9]{1,9})\.\.(-?[0-9]{1,9})$|^([A-Za-z])\.\.([A-Za-z])$/.exec(text);
  if (match === null) return undefined;
  const [, from, to, first, last] = match;
  const number = (word: string | undefined, letter: string | undefined) =>
    word === undefined ? (letter ?? '').charCodeAt(0) : Number(word);
  const start = number(from, first);
  const end = number(to, last);
  const count = Math.min(Math.abs(end - start), MAX_ALTERNATIVES) + 1;
  const width = [from, to].some((word) => /^-?0[0-9]/.test(word ?? ''))
    ? Math.max(from?.length ?? 0, to?.length ?? 0)
    : 0;
  return Array.from({ length: count }, (_, at) => {
    const value = start <= end ? start + at : start - at;
    return from === undefined ? String.fromCharCode(value) : String(value).padStart(width, '0');
  });
}

/** One character: itself, any one (`undefined`), or one of a set. */
type One = string | undefined | ((character: string) => boolean);

/** A name of the pattern. `pieces` are what stands between its stars, so one piece is a name without any. */
type NamePattern =
  | { readonly kind: 'any-folders' }
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'pieces'; readonly pieces: readonly (readonly One[])[] };

function compileName(source: string): NamePattern {
  if (source === '**') return { kind: 'any-folders' };
  if (!/[*?[\\]/.test(source)) return { kind: 'literal', text: source };
  const pieces: One[][] = [[]];
  const characters = Array.from(source);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at];
    const piece = pieces.at(-1) ?? [];
    if (character === '*') {
      if (piece.length > 0 || pieces.length === 1) pieces.push([]);
    } else if (character === '?') piece.push(undefined);
    else if (character === '\\' && at + 1 < characters.length) piece.push(characters[++at]);
    else {
      const set = character === '[' ? setAt(characters, at) : undefined;
      piece.push(set?.has ?? character);
      at = set?.end ?? at;
    }
  }
  return { kind: 'pieces', pieces };
}

/** `[abc]`, `[a-z]`, `[!…]`, `[^…]`; a `]` that comes first is one of the characters. */
function setAt(
  characters: readonly string[],
  start: number,
): { has: (character: string) => boolean; end: number } | undefined {
  const negated = characters[start + 1] === '!' || characters[start + 1] === '^';
  const first = start + (negated ? 2 : 1);
  const end = characters.indexOf(']', first + 1);
  if (end < 0) return undefined;
  const ranges: (readonly [string, string])[] = [];
  for (let at = first; at < end; at++) {
    if (characters[at] === '\\' && at + 1 < end) at++;
    const from = characters[at] ?? '';
    const isRange = characters[at + 1] === '-' && at + 2 < end;
    ranges.push([from, isRange ? (characters[at + 2] ?? '') : from]);
    if (isRange) at += 2;
  }
  const has = (character: string) => {
    const code = character.codePointAt(0) ?? 0;
    const inside = ranges.some(
      ([from, to]) => (from.codePointAt(0) ?? 0) <= code && code <= (to.codePointAt(0) ?? 0),
    );
    return inside !== negated;
  };
  return { has, end };
}

/** Whether a path may match both globs. It may be wrong in saying so, never in denying it. */
export function globsMeet(one: string, other: string): boolean {
  const [first, second] = [one, other].map((source) =>
    expandBraces(source.replace(/^(\.\/)+/, ''))?.map((text) => text.split('/').map(compileName)),
  );
  if (first === undefined || second === undefined || first.length * second.length > MAX_ALTERNATIVES)
    return true;
  return first.some((a) => second.some((b) => patternsMeet(a, 0, b, 0, new Set())));
}

/** @param tried places that were come to before: each is looked at once */
function patternsMeet(
  a: readonly NamePattern[],
  i: number,
  b: readonly NamePattern[],
  j: number,
  tried: Set<number>,
): boolean {
  const place = i * (MAX_LENGTH + 1) + j;
  if (tried.has(place)) return false;
  tried.add(place);
  const [left, right] = [a[i], b[j]];
  if (left === undefined || right === undefined) {
    const rest = left === undefined ? b.slice(j) : a.slice(i);
    return rest.every(({ kind }) => kind === 'any-folders');
  }
  if (left.kind === 'any-folders') {
    return patternsMeet(a, i + 1, b, j, tried) || patternsMeet(a, i, b, j + 1, tried);
  }
  if (right.kind === 'any-folders') {
    return patternsMeet(a, i, b, j + 1, tried) || patternsMeet(a, i + 1, b, j, tried);
  }
  return namesMeet(left, right) && patternsMeet(a, i + 1, b, j + 1, tried);
}

function namesMeet(a: NamePattern, b: NamePattern): boolean {
  if (a.kind === 'literal') return matchesName(b, a.text);
  if (b.kind === 'literal') return matchesName(a, b.text);
  if (a.kind === 'any-folders' || b.kind === 'any-folders') return true;
  // What stands before the first star and behind the last one has to agree, as far as both say it.
  const agree = (left: readonly One[], right: readonly One[]): boolean =>
    left.slice(0, right.length).every((one, at) => {
      const two = right[at];
      return typeof one !== 'string' || typeof two !== 'string' || one === two;
    });
  const ends = (pieces: readonly (readonly One[])[]): readonly One[] => (pieces.at(-1) ?? []).toReversed();
  return agree(a.pieces[0] ?? [], b.pieces[0] ?? []) && agree(ends(a.pieces), ends(b.pieces));
}

/** Names against patterns; after a `**` the nearest place that fits is as good as any later one. */
function matchesNames(patterns: readonly NamePattern[], names: readonly string[]): boolean {
  let pattern = 0;
  let name = 0;
  let retryPattern = -1;
  let retryName = 0;
  while (name < names.length) {
    const current = patterns[pattern];
    if (current?.kind === 'any-folders') {
      retryPattern = ++pattern;
      retryName = name;
    } else if (current !== undefined && matchesName(current, names[name] ?? '')) {
      pattern++;
      name++;
    } else if (retryPattern >= 0) {
      pattern = retryPattern;
      name = ++retryName;
    } else return false;
  }
  while (patterns[pattern]?.kind === 'any-folders') pattern++;
  return pattern >= patterns.length;
}

function mayGoOn(patterns: readonly NamePattern[], folder: readonly string[]): boolean {
  for (const [at, pattern] of patterns.entries()) {
    const name = folder[at];
    if (pattern.kind === 'any-folders' || name === undefined) return true;
    if (!matchesName(pattern, name)) return false;
  }
  return false;
}

function matchesName(pattern: NamePattern, name: string): boolean {
  if (pattern.kind === 'literal') return pattern.text === name;
  if (pattern.kind === 'any-folders') return true;
  const { pieces } = pattern;
  const characters = Array.from(name);
  const first = pieces[0] ?? [];
  const last = pieces.at(-1) ?? [];
  if (!fitsAt(first, characters, 0)) return false;
  if (pieces.length === 1) return first.length === characters.length;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    while (at + piece.length <= characters.length && !fitsAt(piece, characters, at)) at++;
    at += piece.length;
  }
  const end = characters.length - last.length;
  return at <= end && fitsAt(last, characters, end);
}

function fitsAt(piece: readonly One[], characters: readonly string[], start: number): boolean {
  if (start + piece.length > characters.length) return false;
  for (let at = 0; at < piece.length; at++) {
    const one = piece[at];
    const character = characters[start + at] ?? '';
    if (typeof one === 'string' ? one !== character : one?.(character) === false) return false;
  }
  return true;
}
