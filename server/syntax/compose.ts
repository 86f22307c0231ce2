/** Reads a piece of YAML that can be understood by itself: a whole file, or one entry of a large map. */
import {
  type Alias,
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  Parser,
  type Scalar,
  type YAMLError,
} from 'yaml';
import { messageOf } from './messages.js';
import type { TemplateReader } from './expressions/template.js';
import type {
  Comment,
  MapEntry,
  MapNode,
  ScalarNode,
  ScalarStyle,
  SequenceNode,
  Span,
  SyntaxNode,
  SyntaxProblem,
} from './tree.js';

export interface Fragment {
  readonly root: SyntaxNode | null;
  readonly comments: readonly Comment[];
  readonly problems: readonly SyntaxProblem[];
  /** It holds directives or a second document: pieces of the file can't be read one by one. */
  readonly entangled: boolean;
  readonly anchors: boolean;
  readonly aliases: boolean;
}

/** Collections nested deeper are refused, so that no reader of the tree runs out of stack. */
export const DEPTH_LIMIT = 64;
/** How many nodes all aliases and merges of a file may stand for. */
const EXPANSION_LIMIT = 50_000;
const PROBLEM_LIMIT = 200;
/** Past so many the tree is given up. */
const MISTAKE_LIMIT = 1_000;

/** How far back a typical mistake is looked for, and how much of one is underlined. */
const HINT_REACH = 400;
const SHORT = 80;

type Token = CST.Token;

/** So many lexemes are read in one step. */
const LEXEMES_A_STEP = 2_000;

/** Never throws; spans count from the beginning of `text`. In steps: a text of one dense value can't be cut otherwise. */
export function* composing(text: string, template: TemplateReader): Generator<void, Fragment> {
  try {
    return yield* new Reader(text, template).read();
  } catch (error) {
    // The library gave up in a way that it doesn't report: the file is still a file with one mistake.
    const why = error instanceof RangeError ? 'it is nested too deeply' : 'its structure is not YAML';
    const span = { start: 0, end: Math.min(text.length, 1) };
    const problem: SyntaxProblem = { code: 'yaml', span, message: `This file can't be read: ${why}.` };
    return { root: null, comments: [], problems: [problem], entangled: true, anchors: false, aliases: false };
  }
}

class TooManyMistakes extends Error {
  readonly mistakes: readonly YAMLError[];

  constructor(mistakes: readonly YAMLError[]) {
    super('too many mistakes');
    this.mistakes = mistakes;
  }
}

/** Gives up when a text has so many mistakes that it can't be one of ours: each costs the library far more than a value. */
class StoppingComposer extends Composer {
  constructor(options: ConstructorParameters<typeof Composer>[0]) {
    super(options);
    const inner = this as unknown as {
      onError: (...args: unknown[]) => void;
      readonly errors: YAMLError[];
      readonly warnings: YAMLError[];
    };
    const report = inner.onError;
    let reports = 0;
    inner.onError = (...args) => {
      report(...args);
      if (++reports > MISTAKE_LIMIT) throw new TooManyMistakes([...inner.errors, ...inner.warnings]);
    };
  }
}

class Reader {
  readonly #text: string;
  readonly #template: TemplateReader;
  readonly #problems: SyntaxProblem[] = [];
  readonly #comments: Comment[] = [];
  readonly #anchors = new Map<string, { node: SyntaxNode | null; size: number }>();
  /** Where quotes and brackets stand that nothing closes. */
  readonly #unclosed: number[] = [];
  /** From templates without quotes to the ends of their lines: more mistakes there follow from the one that is reported. */
  readonly #unquoted: Span[] = [];
  #entangled = false;
  #hasAnchors = false;
  #hasAliases = false;
  #expanded = 0;
  #expansionReported = false;
  /** Nodes made so far: what an anchor stands for is the difference before and after it. */
  #size = 0;

  constructor(text: string, template: TemplateReader) {
    this.#text = text;
    this.#template = template;
  }

  *read(): Generator<void, Fragment> {
    const tokens: Token[] = [];
    let tooDeep: Span | undefined;
    let mistakes = 0;
    const take = (made: Iterable<Token>): void => {
      for (const token of made) {
        // The library makes an error with a stack of each, and nobody reads so many.
        if (token.type === 'error' && ++mistakes > MISTAKE_LIMIT) continue;
        tokens.push(token);
        tooDeep ??= this.#survey(token);
      }
    };
    // As `Parser.parse` does it, which gives nothing before a document ends.
    const parser = new Parser();
    let lexemes = 0;
    for (const lexeme of new Lexer().lex(this.#text, false)) {
      take(parser.next(lexeme));
      if (++lexemes % LEXEMES_A_STEP === 0) yield;
    }
    take(parser.end());
    this.#comments.sort((left, right) => left.span.start - right.span.start);
    if (tooDeep !== undefined) {
      this.#problem(tooDeep, `More than ${DEPTH_LIMIT} levels of nesting: this can't be a definition.`);
      return this.#fragment(null);
    }
    this.#unclosed.sort((left, right) => left - right);
    yield;
    const { document, mistakes: reported } = this.#compose(tokens);
    for (const mistake of reported) this.#report(mistake);
    if (document === undefined) return this.#fragment(null);
    yield;
    const root = this.#node(document.contents);
    return this.#fragment(root);
  }

  /** The first document. Of a text that is nothing but mistakes only those: the library can't be told to stop. */
  #compose(tokens: Iterable<Token>): {
    readonly document: Document.Parsed | undefined;
    readonly mistakes: readonly YAMLError[];
  } {
    const composer = new StoppingComposer({ uniqueKeys: false, prettyErrors: false, logLevel: 'silent' });
    let document: Document.Parsed | undefined;
    try {
      for (const found of composer.compose(tokens, true, this.#text.length)) {
        if (document !== undefined) {
          if (!isEmptyEnd(found)) this.#secondDocument(found);
          // One is all that is read, however many follow.
          break;
        }
        document = found;
      }
    } catch (error) {
      if (!(error instanceof TooManyMistakes)) throw error;
      if (document === undefined) return { document, mistakes: error.mistakes };
    }
    return { document, mistakes: [...(document?.errors ?? []), ...(document?.warnings ?? [])] };
  }

  #fragment(root: SyntaxNode | null): Fragment {
    return {
      root,
      comments: this.#comments,
      // Expressions add theirs without a look at the number.
      problems: this.#problems.slice(0, PROBLEM_LIMIT),
      entangled: this.#entangled,
      anchors: this.#hasAnchors,
      aliases: this.#hasAliases,
    };
  }

  #problem(span: Span, message: string): void {
    if (this.#isFull() || this.#unquoted.some(({ start, end }) => start <= span.start && span.start < end))
      return;
    this.#problems.push({ code: 'yaml', span, message });
  }

  /** Nobody reads on: what else is wrong isn't looked at, so that a file of nothing but mistakes costs no more than others. */
  #isFull(): boolean {
    return this.#problems.length >= PROBLEM_LIMIT;
  }

  /** Collects comments, notices what ties the file's parts together, and gives the place where nesting goes too deep. */
  #survey(token: Token): Span | undefined {
    const stack: { token: Token; depth: number }[] = [{ token, depth: 0 }];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { token: current, depth } = next;
      switch (current.type) {
        case 'comment':
          this.#comment(current);
          continue;
        case 'anchor':
          this.#hasAnchors = true;
          break;
        case 'alias':
          this.#hasAliases = true;
          break;
        case 'directive':
        case 'doc-end':
          this.#entangled = true;
          break;
        case 'single-quoted-scalar':
        case 'double-quoted-scalar':
          if (current.source.length < 2 || !current.source.endsWith(current.source.charAt(0))) {
            this.#unclosed.push(current.offset);
          }
          break;
        case 'flow-collection':
          if (!current.end.some((end) => end.type === 'flow-map-end' || end.type === 'flow-seq-end')) {
            this.#unclosed.push(current.offset);
          }
          break;
        default:
      }
      if (depth > DEPTH_LIMIT) return { start: current.offset, end: current.offset + 1 };
      const deeper = 'items' in current ? depth + 1 : depth;
      const push = (child: Token | null | undefined): void => {
        if (child !== null && child !== undefined) stack.push({ token: child, depth: deeper });
      };
      const pushAll = (children: readonly Token[] | undefined): void => {
        if (children !== undefined) for (const child of children) push(child);
      };
      if ('items' in current) {
        for (const item of current.items) {
          pushAll(item.start);
          push(item.key);
          pushAll(item.sep);
          push(item.value);
        }
      }
      if ('start' in current) {
        if (Array.isArray(current.start)) pushAll(current.start);
        else push(current.start);
      }
      if ('props' in current) pushAll(current.props);
      if ('value' in current) push(current.value);
      if ('end' in current) pushAll(current.end);
    }
    return undefined;
  }

  #comment(token: CST.SourceToken): void {
    const text = token.source.replace(/\r$/, '');
    this.#comments.push({ span: { start: token.offset, end: token.offset + text.length }, text });
  }

  #secondDocument(document: Document.Parsed): void {
    this.#entangled = true;
    // The marker stands before the document's range; find it from there.
    const before = this.#text.lastIndexOf('---', document.range[0] + 3);
    const start = Math.max(0, before === -1 ? document.range[0] : before);
    this.#problem(
      { start, end: Math.min(this.#text.length, start + 3) },
      'A second YAML document starts here. One file holds one definition: move it to a file of its own.',
    );
  }

  #report(error: YAMLError): void {
    // A `]` right under its key is common and harmless.
    if (this.#isFull() || (error.name === 'YAMLWarning' && error.code === 'BAD_INDENT')) return;
    const unclosed = /^Missing closing|end with a [\]}]/.test(error.message)
      ? lastBelow(this.#unclosed, error.pos[0])
      : -1;
    const start = unclosed === -1 ? Math.max(0, Math.min(error.pos[0], this.#text.length)) : unclosed;
    const least = error.code === 'BAD_DQ_ESCAPE' ? 2 : 1;
    const span = this.#short(start, Math.max(error.pos[1], start + least));
    // The bracket that a template has taken.
    if (this.#unquoted.length > 0 && /^Unexpected flow-(?:map|seq)-end/.test(error.message)) return;
    const hint = this.#hint(span);
    const before = this.#problems.length;
    this.#problem(span, hint ?? messageOf(error));
    const said = this.#problems.length > before;
    if (hint !== undefined && said) this.#unquoted.push({ start, end: this.#lineEnd(start) });
  }

  #lineEnd(from: number): number {
    const newline = this.#text.indexOf('\n', from);
    return newline === -1 ? this.#text.length + 1 : newline;
  }

  /** What a mistake that is typical of our files really is about. */
  #hint(span: Span): string | undefined {
    const from = Math.max(0, span.start - HINT_REACH);
    const before = this.#text.slice(from, span.start + 3);
    return isUnquotedTemplate(before.slice(before.lastIndexOf('\n', span.start - from - 1) + 1))
      ? 'Inside `[ ]` and `{ }` a text with `${{ }}` has to be in quotes.'
      : undefined;
  }

  /** Errors of the library may cover half a file: what a person needs is where to look. */
  #short(start: number, end: number): Span {
    const newline = this.#text.slice(start, start + SHORT + 1).indexOf('\n');
    let stop = newline === -1 ? this.#text.length : start + newline;
    if (this.#text.charCodeAt(stop - 1) === 13 && stop - 1 > start) stop--;
    return { start, end: Math.max(start, Math.min(end, stop, start + SHORT)) };
  }

  #node(value: unknown): SyntaxNode | null {
    if (isAlias(value)) return this.#alias(value);
    const before = this.#size++;
    let node: SyntaxNode | null;
    let anchor: string | undefined;
    if (isScalar(value)) {
      node = this.#scalar(value as Scalar.Parsed);
      anchor = value.anchor;
    } else if (isMap(value)) {
      anchor = value.anchor;
      if (anchor !== undefined) this.#anchors.delete(anchor);
      node = this.#map(value.items, rangeOf(value), value.flow === true);
    } else if (isSeq(value)) {
      anchor = value.anchor;
      if (anchor !== undefined) this.#anchors.delete(anchor);
      node = this.#sequence(value.items, rangeOf(value), value.flow === true);
    } else {
      return null;
    }
    if (anchor !== undefined) this.#anchors.set(anchor, { node, size: this.#size - before });
    return node;
  }

  #scalar(scalar: Scalar.Parsed): ScalarNode | null {
    const [start, valueEnd] = scalar.range;
    const style = styleOf(scalar);
    const block = style === 'literal' || style === 'folded';
    const end = block ? this.#trimmedEnd(start, valueEnd) : valueEnd;
    if (start === end && style === 'plain') return null;
    const text = scalar.source;
    const span = { start, end };
    const template = this.#template({ span, text, style }, this.#text, this.#problems);
    const value = plainValue(scalar.value, text);
    return template === undefined
      ? { kind: 'scalar', span, value, text, style }
      : { kind: 'scalar', span, value, text, style, template };
  }

  #trimmedEnd(start: number, end: number): number {
    let at = end;
    while (at > start && /\s/.test(this.#text.charAt(at - 1))) at--;
    return at;
  }

  #map(items: readonly unknown[], range: Span, flow: boolean): MapNode {
    const entries: MapEntry[] = [];
    const merges: (SyntaxNode | null)[] = [];
    for (const item of items) {
      if (!isPair(item)) continue;
      const key = this.#key(item.key);
      const told = this.#problems.length;
      const value = this.#node(item.value);
      if (key === undefined) continue;
      if (key.text === '<<' && key.style === 'plain') {
        merges.push(value);
        // An anchor that is not there is one thing to say.
        if (this.#problems.length === told) this.#checkMerge(key, value);
        continue;
      }
      const end = isAlias(item.value)
        ? endOf(item.value)
        : value === null
          ? endOf(item.value)
          : value.span.end;
      entries.push({ key, value, span: { start: key.span.start, end: Math.max(end, key.span.end) } });
    }
    const last = entries.at(-1);
    const first = entries[0];
    const span = flow
      ? range
      : {
          start: Math.min(range.start, first?.key.span.start ?? range.start),
          end: last?.span.end ?? range.start,
        };
    for (const problem of duplicates(entries)) if (!this.#isFull()) this.#problems.push(problem);
    for (const merge of merges) this.#merge(entries, merge);
    return { kind: 'map', span, flow, entries };
  }

  #key(value: unknown): ScalarNode | undefined {
    const node = this.#node(value);
    if (node === null) {
      const at = isScalar(value) ? (value.range?.[0] ?? 0) : 0;
      this.#problem(this.#short(at, at + 1), 'A key is missing before the `:`.');
      return undefined;
    }
    if (node.kind === 'scalar') return node;
    this.#problem(
      this.#short(node.span.start, node.span.end),
      'A key has to be a word, not a list or a map.',
    );
    return undefined;
  }

  #checkMerge(key: ScalarNode, value: SyntaxNode | null): void {
    const maps = value?.kind === 'sequence' ? value.items : [value];
    if (!this.#expansionReported && maps.some((map) => map?.kind !== 'map')) {
      this.#problem(key.span, '`<<` takes a map, or a list of maps, most often as an alias: `<<: *name`.');
    }
  }

  /** https://yaml.org/type/merge.html: keys that are there already win, earlier maps win over later ones. */
  #merge(entries: MapEntry[], source: SyntaxNode | null): void {
    const known = new Set(entries.map((entry) => entry.key.text));
    for (const map of source?.kind === 'sequence' ? source.items : [source]) {
      if (map?.kind !== 'map') continue;
      for (const entry of map.entries) {
        if (known.has(entry.key.text)) continue;
        known.add(entry.key.text);
        entries.push(entry);
      }
    }
  }

  #sequence(items: readonly unknown[], range: Span, flow: boolean): SequenceNode {
    const nodes: (SyntaxNode | null)[] = [];
    let end = range.start + 1;
    for (const item of items) {
      // `[a: b]` is a list of a map with one entry.
      const node = isPair(item) ? this.#map([item], pairRange(item), true) : this.#node(item);
      nodes.push(node);
      end = Math.max(end, isAlias(item) || node === null ? endOf(item) : node.span.end);
    }
    return { kind: 'sequence', span: flow ? range : { start: range.start, end }, flow, items: nodes };
  }

  #alias(alias: Alias): SyntaxNode | null {
    const start = alias.range?.[0] ?? 0;
    const span = { start, end: alias.range?.[1] ?? start };
    const anchor = this.#anchors.get(alias.source);
    if (anchor === undefined) {
      this.#problem(
        span,
        `\`*\` at the beginning means an alias, and no \`&${alias.source}\` comes before it. If it is a text, put it in quotes.`,
      );
      return null;
    }
    this.#expanded += anchor.size;
    if (this.#expanded > EXPANSION_LIMIT) {
      if (!this.#expansionReported) {
        this.#expansionReported = true;
        this.#problem(
          span,
          `The aliases of this file expand to more than ${EXPANSION_LIMIT} values. Use fewer of them.`,
        );
      }
      return null;
    }
    this.#size += anchor.size;
    return anchor.node;
  }
}

/** The last of sorted offsets that is below another one; -1 without. */
function lastBelow(sorted: readonly number[], limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return sorted[low - 1] ?? -1;
}

/** Whether a line, up to a mistake, has an expression without quotes inside of brackets. */
function isUnquotedTemplate(line: string): boolean {
  const lastQuote = Math.max(line.lastIndexOf("'"), line.lastIndexOf('"'));
  for (let at = line.lastIndexOf('${'); at > lastQuote && at > 0; at = line.lastIndexOf('${', at - 1)) {
    if (opensBefore(line, at, '[{,:', `'"]`) && opensBefore(line, at, '[{', ']')) return true;
  }
  return false;
}

/** Whether, going back from a place, one of some characters comes before one of others. */
function opensBefore(line: string, from: number, wanted: string, barriers: string): boolean {
  for (let at = from - 1; at >= 0; at--) {
    const character = line.charAt(at);
    if (wanted.includes(character)) return true;
    if (barriers.includes(character)) return false;
  }
  return false;
}

/** What follows a `---` at the very end, as many tools write it: nothing. */
function isEmptyEnd(document: Document.Parsed): boolean {
  return document.contents === null || (isScalar(document.contents) && document.contents.source === '');
}

/** A problem for each key that stood in the same map before. */
export function duplicates(entries: readonly MapEntry[]): SyntaxProblem[] {
  const seen = new Map<string, Span>();
  const problems: SyntaxProblem[] = [];
  for (const { key } of entries) {
    const first = seen.get(key.text);
    if (first === undefined) seen.set(key.text, key.span);
    else {
      problems.push({
        code: 'duplicate-key',
        span: key.span,
        message: `Duplicate key \`${key.text}\`.`,
        related: first,
      });
    }
  }
  return problems;
}

function rangeOf(node: { range?: [number, number, number] | null | undefined }): Span {
  return { start: node.range?.[0] ?? 0, end: node.range?.[1] ?? 0 };
}

function pairRange(pair: { key: unknown; value: unknown }): Span {
  const start = (pair.key as { range?: [number, number, number] } | null)?.range?.[0] ?? 0;
  return { start, end: Math.max(start, endOf(pair.key), endOf(pair.value)) };
}

function endOf(node: unknown): number {
  return (node as { range?: [number, number, number] | null } | null)?.range?.[1] ?? 0;
}

const STYLES: Readonly<Record<string, ScalarStyle>> = {
  QUOTE_SINGLE: 'single-quoted',
  QUOTE_DOUBLE: 'double-quoted',
  BLOCK_LITERAL: 'literal',
  BLOCK_FOLDED: 'folded',
};

function styleOf(scalar: Scalar): ScalarStyle {
  return STYLES[scalar.type ?? ''] ?? 'plain';
}

function plainValue(value: unknown, text: string): string | number | boolean | null {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  return typeof value === 'bigint' ? Number(value) : text;
}
