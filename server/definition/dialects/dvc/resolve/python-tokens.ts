/** Words and signs of a Python text, as far as literals and blocks need them. Python is not started. */

export interface PythonToken {
  /** `string`: `value` is what it means; without one it is bytes, or has values put into it. */
  readonly kind: 'name' | 'number' | 'string' | 'sign' | 'line-end' | 'indent' | 'dedent' | 'end';
  readonly text: string;
  readonly value?: string;
}

/** The text is no Python. */
export class NoPython extends Error {}

const TAB = 8;
const OPENS = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
]);
const NUMBER =
  /(?:0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][-+]?\d(?:_?\d)*)?[jJ]?)/y;
const NAME = /[\p{ID_Start}_][\p{ID_Continue}]*/uy;
const QUOTE = /([rR]?[bBfFtTuU]?[rR]?)("""|'''|"|')/y;
const SIGN =
  /(?:\*\*=|\/\/=|>>=|<<=|\.\.\.|[-+*/%@&|^!=<>:]=|->|\*\*|\/\/|<<|>>|[-+*/%@&|^~<>()[\]{},:.;=!])/y;

/** @throws NoPython where a string or a bracket has no end, or lines are not indented as Python wants it */
export function pythonTokens(source: string): readonly PythonToken[] {
  return [...new Scanner(source.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n')).all()];
}

class Scanner {
  readonly #text: string;
  #at = 0;
  readonly #indents = [0];
  readonly #open: string[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  *all(): Generator<PythonToken> {
    yield* this.#indentation();
    for (;;) {
      this.#blanks();
      const char = this.#text.charAt(this.#at);
      if (char === '') break;
      if (char === '\n') {
        this.#at++;
        if (this.#open.length > 0) continue;
        yield { kind: 'line-end', text: '\n' };
        yield* this.#indentation();
      } else yield this.#token();
    }
    if (this.#open.length > 0) throw new NoPython(`a bracket is not closed: ${this.#open.at(-1) ?? ''}`);
    // Of a last line without a break; where there is one, this is an empty line.
    yield { kind: 'line-end', text: '' };
    for (const indent of this.#indents) if (indent > 0) yield { kind: 'dedent', text: '' };
    yield { kind: 'end', text: '' };
  }

  /** Of the next line that holds something. */
  *#indentation(): Generator<PythonToken> {
    let column = 0;
    for (; ; this.#at++) {
      const char = this.#text.charAt(this.#at);
      if (char === ' ') column++;
      else if (char === '\t') column += TAB - (column % TAB);
      else if (char === '\f') column = 0;
      else if (char === '#') {
        this.#comment();
        this.#at--;
      } else if (char === '\n') column = 0;
      else break;
    }
    if (this.#at >= this.#text.length) return;
    if (column > this.#indent()) {
      this.#indents.push(column);
      yield { kind: 'indent', text: '' };
      return;
    }
    for (; column < this.#indent(); this.#indents.pop()) yield { kind: 'dedent', text: '' };
    if (column !== this.#indent()) throw new NoPython('a line is indented like none above it');
  }

  #indent(): number {
    return this.#indents.at(-1) ?? 0;
  }

  #comment(): void {
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = end === -1 ? this.#text.length : end;
  }

  #blanks(): void {
    for (;;) {
      const char = this.#text.charAt(this.#at);
      if (char === ' ' || char === '\t' || char === '\f') this.#at++;
      else if (char === '#') this.#comment();
      else if (char === '\\' && this.#text.charAt(this.#at + 1) === '\n') this.#at += 2;
      else return;
    }
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text) ?? undefined;
  }

  #token(): PythonToken {
    const quote = this.#match(QUOTE);
    if (quote !== undefined) return this.#string(quote[1] ?? '', quote[2] ?? '');
    for (const [kind, pattern] of [
      ['number', NUMBER],
      ['name', NAME],
      ['sign', SIGN],
    ] as const) {
      const [text] = this.#match(pattern) ?? [];
      if (text === undefined || text === '') continue;
      this.#at += text.length;
      if (kind === 'sign') this.#bracket(text);
      return { kind, text };
    }
    throw new NoPython(`what is \`${this.#text.charAt(this.#at)}\`?`);
  }

  #bracket(sign: string): void {
    const closing = OPENS.get(sign);
    if (closing !== undefined) this.#open.push(closing);
    else if (')]}'.includes(sign) && this.#open.pop() !== sign)
      throw new NoPython(`\`${sign}\` closes nothing`);
  }

  #string(prefix: string, quote: string): PythonToken {
    const start = this.#at;
    const begin = start + prefix.length + quote.length;
    let at = begin;
    while (!this.#text.startsWith(quote, at)) {
      const char = this.#text.charAt(at);
      if (char === '' || (char === '\n' && quote.length === 1)) throw new NoPython('a text has no end');
      at += char === '\\' ? 2 : 1;
    }
    this.#at = at + quote.length;
    const text = this.#text.slice(start, this.#at);
    if (/[bft]/i.test(prefix)) return { kind: 'string', text };
    const inner = this.#text.slice(begin, at);
    return { kind: 'string', text, value: /r/i.test(prefix) ? inner : unescaped(inner) };
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\n': '',
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** An escape that Python does not know stays as it is written. @throws NoPython */
function unescaped(text: string): string {
  return text.replaceAll(
    /\\(?:([0-7]{1,3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|(N\{)|([\s\S]))/g,
    (whole, octal?: string, hex2?: string, hex4?: string, hex8?: string, named?: string, char?: string) => {
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      const hex = hex2 ?? hex4 ?? hex8;
      if (hex !== undefined) {
        const code = Number.parseInt(hex, 16);
        if (code > 0x10_ff_ff) throw new NoPython(`${whole} is no character`);
        return String.fromCodePoint(code);
      }
      if (named !== undefined)
        throw new NoPython('a character is given by its name, which is not known here');
      return ESCAPES[char ?? ''] ?? whole;
    },
  );
}
