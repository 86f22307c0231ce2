/** Reads a regular expression into states. Its syntax has been checked by JavaScript before. */

export type State =
  | { readonly kind: 'character'; readonly has: (character: string) => boolean; readonly next: number }
  | { readonly kind: 'split'; readonly next: readonly number[] }
  | { readonly kind: 'assertion'; readonly what: '^' | '$' | 'b' | 'B'; readonly next: number }
  | { readonly kind: 'match' };

export type ParsedPattern =
  | { readonly ok: true; readonly states: readonly State[]; readonly start: number }
  | { readonly ok: false; readonly message: string };

/** Repetitions are written out, so that `(a{50}){50}` has 2,500. */
const MAX_STATES = 2000;

type Node =
  | { readonly kind: 'one'; readonly has: (character: string) => boolean }
  | { readonly kind: 'assertion'; readonly what: '^' | '$' | 'b' | 'B' }
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'choice'; readonly options: readonly Node[] }
  | { readonly kind: 'repeat'; readonly part: Node; readonly min: number; readonly max: number };

/** Why a pattern that JavaScript knows can't be used here. */
class Refused extends Error {}

export class PatternParser {
  private readonly source: string;
  private at = 0;
  private readonly states: State[] = [{ kind: 'match' }];

  constructor(source: string) {
    this.source = source;
  }

  parse(): ParsedPattern {
    try {
      const start = this.emit(this.choice(), 0);
      return { ok: true, states: this.states, start };
    } catch (error) {
      if (error instanceof Refused) return { ok: false, message: error.message };
      throw error;
    }
  }

  private choice(): Node {
    const options = [this.sequence()];
    while (this.source[this.at] === '|') {
      this.at++;
      options.push(this.sequence());
    }
    return options.length === 1 && options[0] !== undefined ? options[0] : { kind: 'choice', options };
  }

  private sequence(): Node {
    const parts: Node[] = [];
    while (this.at < this.source.length && this.source[this.at] !== '|' && this.source[this.at] !== ')') {
      parts.push(this.repeated(this.atom()));
    }
    return { kind: 'sequence', parts };
  }

  private repeated(part: Node): Node {
    const match = /^(?:([*+?])|\{([0-9]+)(,([0-9]*))?\})\??/.exec(this.source.slice(this.at));
    if (match === null) return part;
    this.at += match[0].length;
    const [, sign, from, comma, to] = match;
    if (sign !== undefined)
      return { kind: 'repeat', part, min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : Infinity };
    const min = Number(from);
    const max = comma === undefined ? min : to === undefined || to === '' ? Infinity : Number(to);
    return { kind: 'repeat', part, min, max };
  }

  private atom(): Node {
    const { source } = this;
    const start = this.at;
    const character = source[start];
    if (character === '(') return this.group();
    if (character === '^' || character === '$') {
      this.at++;
      return { kind: 'assertion', what: character };
    }
    if (character === '[') {
      for (this.at++; source[this.at] !== ']'; this.at++) if (source[this.at] === '\\') this.at++;
      this.at++;
    } else if (character === '\\') {
      const escaped = source[start + 1] ?? '';
      if (escaped === 'b' || escaped === 'B') {
        this.at += 2;
        return { kind: 'assertion', what: escaped };
      }
      if (/[1-9k]/.test(escaped))
        throw new Refused(
          'The regular expression refers back to a group, and what that takes is not bounded. Write it without.',
        );
      const escape =
        /^\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|u[dD][89abAB]..\\u[dD][c-fC-F]..|u....|x..|c.|[^])/u.exec(
          source.slice(start),
        );
      this.at += escape?.[0].length ?? 2;
    } else this.at += (source.codePointAt(start) ?? 0) > 0xffff ? 2 : 1;
    return { kind: 'one', has: charactersOf(source.slice(start, this.at)) };
  }

  private group(): Node {
    const opening = /^\((?:\?(?::|<[^=!][^>]*>))?/.exec(this.source.slice(this.at))?.[0] ?? '(';
    this.at += opening.length;
    if (this.source[this.at] === '?')
      throw new Refused(
        'The regular expression looks ahead or behind, or changes its flags, and what that takes is not bounded. Write it without.',
      );
    const inner = this.choice();
    this.at++;
    return inner;
  }

  /** States for a node that go on to `next`; back to front, so that what follows is there. */
  private emit(node: Node, next: number): number {
    switch (node.kind) {
      case 'one':
        return this.add({ kind: 'character', has: node.has, next });
      case 'assertion':
        return this.add({ kind: 'assertion', what: node.what, next });
      case 'sequence':
        return node.parts.reduceRight((after, part) => this.emit(part, after), next);
      case 'choice':
        return this.add({ kind: 'split', next: node.options.map((option) => this.emit(option, next)) });
      case 'repeat':
        return this.repeat(node, next);
    }
  }

  private repeat({ part, min, max }: Extract<Node, { kind: 'repeat' }>, next: number): number {
    let start = next;
    if (max === Infinity) {
      const loop = this.add({ kind: 'split', next: [] });
      const body = this.emit(part, loop);
      this.states[loop] = { kind: 'split', next: [body, next] };
      start = loop;
    } else {
      for (let count = min; count < max; count++)
        start = this.add({ kind: 'split', next: [this.emit(part, start), next] });
    }
    for (let count = 0; count < min; count++) {
      const before = this.emit(part, start);
      // What is empty is as empty a million times.
      if (before === start) break;
      start = before;
    }
    return start;
  }

  private add(state: State): number {
    if (this.states.length >= MAX_STATES)
      throw new Refused(
        `The regular expression repeats too much: written out it has more than ${MAX_STATES} parts.`,
      );
    return this.states.push(state) - 1;
  }
}

/** What a single character may be. Asking JavaScript about one character takes no time, whatever stands there. */
function charactersOf(source: string): (character: string) => boolean {
  if (!/[\\[.]/.test(source)) return (character) => character === source;
  const expression = new RegExp(`^${source}$`, 'u');
  return (character) => expression.test(character);
}
