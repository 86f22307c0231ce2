/**
 * TOML as the same tree that YAML gives. `smol-toml` says what a text means, and whether it is right; where its keys and
 * values stand is found here, in a text that is known to be right.
 */
import { parse, TomlDate, TomlError } from 'smol-toml';
import { isNumberText } from '../base/numeral.js';
import { runThrough } from '../base/runs/steps.js';
import { SIZE_LIMIT } from './parse.js';
import { lineStartsOf } from './text.js';
import type { MapEntry, ScalarNode, Span, SyntaxNode, SyntaxTree } from './tree.js';

/** Nested deeper, a text is refused. */
const MAX_DEPTH = 64;

/** Never throws: what is no TOML gives a problem with its place. */
export function parseToml(text: string): SyntaxTree {
  return runThrough(parsingToml(text));
}

/** The same in steps, for who has others to answer in between. */
export function* parsingToml(text: string): Generator<void, SyntaxTree> {
  const lineStarts = lineStartsOf(text);
  const base = { text, comments: [], lineStarts };
  if (text.length > SIZE_LIMIT) {
    const message = `This file is not read: it has more than ${SIZE_LIMIT / 1024 / 1024} MiB.`;
    return { ...base, root: null, problems: [{ code: 'yaml', span: { start: 0, end: 0 }, message }] };
  }
  try {
    const table = parse(text, { integersAsBigInt: 'asNeeded', maxDepth: MAX_DEPTH });
    yield;
    const places = yield* placesIn(text);
    yield;
    return { ...base, root: nodeOf(table, [], places, text), problems: [] };
  } catch (error) {
    const found = error instanceof TomlError ? error : undefined;
    const line = Math.max(0, (found?.line ?? 1) - 1);
    const start = Math.min(text.length, (lineStarts[line] ?? 0) + Math.max(0, (found?.column ?? 1) - 1));
    const [message = ''] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
    const span = { start, end: Math.min(text.length, start + 1) };
    return { ...base, root: null, problems: [{ code: 'yaml', span, message: sentence(message) }] };
  }
}

/** What a TOML text means, its whole numbers as `bigint`; `undefined` where it is no TOML. */
export function tomlTable(text: string): unknown {
  try {
    return text.length > SIZE_LIMIT
      ? undefined
      : parse(text, { integersAsBigInt: true, maxDepth: MAX_DEPTH });
  } catch (error) {
    if (error instanceof TomlError) return undefined;
    throw error;
  }
}

function sentence(message: string): string {
  const text = message.replace(/^Invalid TOML document: /, '').replace(/\.$/, '');
  return `This is no TOML: ${text}.`;
}

interface Place {
  readonly key: Span;
  /** Absent: of a table that has a header, or none. */
  readonly value?: Span;
}

type Places = ReadonlyMap<string, Place>;

function idOf(path: readonly string[]): string {
  return JSON.stringify(path);
}

function nodeOf(value: unknown, path: readonly string[], places: Places, text: string): SyntaxNode {
  const place = places.get(idOf(path));
  const span = place?.value ?? place?.key ?? { start: 0, end: 0 };
  if (Array.isArray(value)) {
    // What lies in a list has no name, and so no place of its own.
    const items = value.map((item) => nodeOf(item, [...path, ''], NO_PLACES, ''));
    return { kind: 'sequence', span, flow: true, items };
  }
  if (typeof value === 'object' && value !== null && !(value instanceof Date)) {
    const entries = Object.entries(value).map(([name, one]): MapEntry => {
      const inner = [...path, name];
      const key = places.get(idOf(inner))?.key ?? span;
      const node = nodeOf(one, inner, places, text);
      return {
        key: { kind: 'scalar', span: key, value: name, text: name, style: 'plain' },
        value: node,
        span: { start: key.start, end: Math.max(key.end, places.get(idOf(inner))?.value?.end ?? key.end) },
      };
    });
    return { kind: 'map', span, flow: false, entries };
  }
  const written = place?.value === undefined ? undefined : text.slice(place.value.start, place.value.end);
  return { kind: 'scalar', span, style: 'plain', ...scalarOf(value, written) };
}

const NO_PLACES: Places = new Map();

/** Numbers keep their spelling, as everywhere: `3.10` stays `3.10`. */
function scalarOf(value: unknown, written: string | undefined): Pick<ScalarNode, 'value' | 'text'> {
  if (typeof value === 'bigint') return { value: Number(value), text: value.toString() };
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) {
      return { value, text: Number.isNaN(value) ? '.nan' : value < 0 ? '-.inf' : '.inf' };
    }
    const text = written?.replaceAll('_', '').replace(/^\+/, '') ?? '';
    return { value, text: isNumberText(text) ? text : String(value) };
  }
  if (typeof value === 'boolean') return { value, text: String(value) };
  if (value instanceof TomlDate) {
    const text = written ?? value.toISOString();
    return { value: text, text };
  }
  const text = String(value);
  return { value: text, text };
}

/** So many entries are looked for in one step. */
const ENTRIES_A_STEP = 500;

/** Where keys and their values stand, by the path of the key. Of lists of tables nothing is said. */
function* placesIn(text: string): Generator<void, Places> {
  const places = new Map<string, Place>();
  const lists = new Set<string>();
  const reader = new Reader(text);
  let table: readonly string[] | undefined = [];
  for (let entries = 1; reader.next(); entries++) {
    if (entries % ENTRIES_A_STEP === 0) yield;
    if (reader.take('[')) {
      const isList = reader.take('[');
      const steps = reader.key();
      while (reader.take(']'));
      const path = steps.map(({ name }) => name);
      if (isList) lists.add(idOf(path));
      const inList = path.slice(0, MAX_DEPTH).some((_, at) => lists.has(idOf(path.slice(0, at + 1))));
      table = inList ? undefined : path;
      if (!inList) note(places, [], steps);
    } else readEntry(reader, table, places);
  }
  return places;
}

interface KeyStep {
  readonly name: string;
  readonly span: Span;
}

/** The first place of a table is where it is named first. */
function note(places: Map<string, Place>, within: readonly string[], steps: readonly KeyStep[]): void {
  if (within.length + steps.length > MAX_DEPTH) return;
  for (const [at, { span }] of steps.entries()) {
    const id = idOf([...within, ...steps.slice(0, at + 1).map(({ name }) => name)]);
    if (!places.has(id)) places.set(id, { key: span });
  }
}

/** `a.b = value`. @param table what it lies in; `undefined`: something without a name */
function readEntry(reader: Reader, table: readonly string[] | undefined, places: Map<string, Place>): void {
  const steps = reader.key();
  reader.skipBlank();
  if (!reader.take('=')) {
    reader.skipOne();
    return;
  }
  reader.skipBlank();
  const last = steps.at(-1);
  const path = table === undefined ? undefined : [...table, ...steps.map(({ name }) => name)];
  const start = reader.at;
  if (reader.take('{')) {
    while (reader.next() && !reader.take('}')) {
      if (!reader.take(',')) readEntry(reader, path, places);
    }
  } else reader.skipValue();
  if (table === undefined || path === undefined || last === undefined || path.length > MAX_DEPTH) return;
  note(places, table, steps);
  places.set(idOf(path), { key: last.span, value: { start, end: reader.at } });
}

/** A cursor in a text that is TOML. On any other it comes to the end, too. */
class Reader {
  at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get ended(): boolean {
    return this.at >= this.#text.length;
  }

  take(character: string): boolean {
    if (this.#text.charAt(this.at) !== character) return false;
    this.at++;
    return true;
  }

  skipOne(): void {
    this.at++;
  }

  /** Skips what means nothing. False at the end. */
  next(): boolean {
    this.skipBlank();
    return !this.ended;
  }

  /** Blanks, line breaks and comments. */
  skipBlank(): void {
    for (; !this.ended; this.at++) {
      const character = this.#text.charAt(this.at);
      if (character === '#') this.#skipTo('\n');
      else if (!/\s/.test(character)) return;
    }
  }

  key(): readonly KeyStep[] {
    const steps: KeyStep[] = [];
    do {
      this.#skipSpaces();
      const start = this.at;
      if (/["']/.test(this.#text.charAt(start))) this.#skipString();
      else while (/[\w-]/.test(this.#text.charAt(this.at))) this.at++;
      const span = { start, end: this.at };
      steps.push({ name: this.#nameIn(span), span });
      this.#skipSpaces();
    } while (this.take('.'));
    return steps;
  }

  /** A string, a list, or a word. */
  skipValue(): void {
    const first = this.#text.charAt(this.at);
    if (/["']/.test(first)) this.#skipString();
    else if (first === '[' || first === '{') this.#skipBrackets();
    else while (!this.ended && !/[,#\]}\n\r]/.test(this.#text.charAt(this.at))) this.at++;
    // Blanks behind a word are not the word's.
    if (!/["'[{]/.test(first)) while (/[ \t]/.test(this.#text.charAt(this.at - 1))) this.at--;
  }

  #skipBrackets(): void {
    let depth = 0;
    do {
      const character = this.#text.charAt(this.at);
      if (/["']/.test(character)) {
        this.#skipString();
        continue;
      }
      if (character === '#') this.#skipTo('\n');
      else if (/[[{]/.test(character)) depth++;
      else if (/[\]}]/.test(character)) depth--;
      this.at++;
    } while (depth > 0 && !this.ended);
  }

  #skipString(): void {
    const quote = this.#text.charAt(this.at);
    const end = this.#text.startsWith(quote.repeat(3), this.at) ? quote.repeat(3) : quote;
    this.at += end.length;
    while (!this.ended && !this.#text.startsWith(end, this.at)) {
      this.at += quote === '"' && this.#text.charAt(this.at) === '\\' ? 2 : 1;
    }
    this.at = Math.min(this.#text.length, this.at + end.length);
    // Up to two quotes may stand before the end of a long string.
    while (end.length === 3 && this.#text.charAt(this.at) === quote) this.at++;
  }

  #skipSpaces(): void {
    while (/[ \t]/.test(this.#text.charAt(this.at))) this.at++;
  }

  #skipTo(character: string): void {
    const found = this.#text.indexOf(character, this.at);
    this.at = found === -1 ? this.#text.length : found;
  }

  /** Quoted keys with escapes are found by what they mean. */
  #nameIn({ start, end }: Span): string {
    const written = this.#text.slice(start, end);
    if (written.startsWith("'")) return written.slice(1, -1);
    if (!written.startsWith('"')) return written;
    try {
      return String(JSON.parse(written));
    } catch {
      return written.slice(1, -1);
    }
  }
}
