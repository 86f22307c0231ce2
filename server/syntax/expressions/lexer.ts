/** Cuts the source of an expression into tokens. */
import { defined } from '../../base/defined.js';
import { numeral, toDouble } from '../../base/numeral.js';
import type { Numeral } from '../../base/numeral.js';

export type TokenKind =
  | 'name'
  | 'number'
  | 'string'
  /** One of the operators and punctuation marks of the language. */
  | 'operator'
  /** A character, or an operator of another language, that has no place here. */
  | 'invalid'
  | 'end';

/** Offsets count in the decoded source, not in the file. */
export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Of a string or a number. */
  readonly value?: string | number | Numeral;
  /** What is wrong with the token itself, for a person. */
  readonly problem?: string;
}

/** Longer expressions are cut off, which bounds the depth of any tree. */
export const TOKEN_LIMIT = 2_000;

const NAME = /[A-Za-z_][A-Za-z0-9_-]*/y;
const SELECTOR = /[A-Za-z0-9_][A-Za-z0-9_-]*/y;
const NUMBER = /[-+]?(?:0x[0-9a-fA-F]+|0o[0-7]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)/y;
const OPERATORS = ['==', '!=', '<=', '>=', '&&', '||', '<', '>', '!', '(', ')', '[', ']', ',', '.', '*', '@'];
const FOREIGN: readonly (readonly [string, string])[] = [
  ['===', '`===` is not an operator here: use `==`.'],
  ['!==', '`!==` is not an operator here: use `!=`.'],
  ['=', '`=` does not compare: use `==`.'],
  ['&', 'A single `&` means nothing here: use `&&`.'],
  ['|', 'A single `|` means nothing here: use `||`.'],
  ['?', 'There is no `? :` here: write `condition && a || b`.'],
  [':', '`:` has no place in an expression.'],
  ['+', arithmetic('+')],
  ['-', arithmetic('-')],
  ['/', arithmetic('/')],
  ['%', arithmetic('%')],
  ['~', '`~` has no place in an expression: use `contains(…)` or `startsWith(…)` to look into a text.'],
  ['$', 'An expression inside an expression needs no `${{ }}` of its own.'],
];

/** What to say to someone who calculates: the language compares and chooses, it doesn't compute. */
export function arithmetic(operator: string): string {
  return `Expressions don't calculate, so \`${operator}\` is not an operator here: pass the values to the command and calculate there.`;
}

function match(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0];
}

/** All tokens, the last one of kind `end`. Never throws. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < source.length) {
    const code = source.charCodeAt(at);
    if (code === 32 || (code >= 9 && code <= 13) || code === 0xa0) {
      at++;
      continue;
    }
    if (tokens.length >= TOKEN_LIMIT) {
      tokens.push({
        kind: 'invalid',
        start: at,
        end: source.trimEnd().length,
        text: source.slice(at, at + 1),
        problem: `This expression has more than ${TOKEN_LIMIT} parts. Split it.`,
      });
      break;
    }
    const token = tokenAt(source, at, tokens.at(-1));
    tokens.push(token);
    at = token.end;
  }
  tokens.push({ kind: 'end', start: source.length, end: source.length, text: '' });
  return tokens;
}

function tokenAt(source: string, start: number, previous: Token | undefined): Token {
  const character = source.charAt(start);
  if (character === "'") return stringAt(source, start);
  const of = (kind: TokenKind, text: string, problem?: string): Token => ({
    kind,
    start,
    end: start + text.length,
    text,
    ...defined({ problem }),
  });
  if (previous?.text === '@' && previous.end === start) {
    const selector = match(SELECTOR, source, start);
    if (selector !== undefined) return of('name', selector);
  }
  const name = match(NAME, source, start);
  if (name !== undefined) return of('name', name);
  const afterOperand =
    previous !== undefined && (previous.kind === 'name' || previous.text === ')' || previous.text === ']');
  const number = afterOperand && character === '.' ? undefined : match(NUMBER, source, start);
  if (number !== undefined) {
    if (afterOperand && /^[-+]/.test(number))
      return of('invalid', number.charAt(0), arithmetic(number.charAt(0)));
    const trailing = match(NAME, source, start + number.length);
    if (trailing !== undefined) {
      return of('invalid', number + trailing, `\`${number}${trailing}\` is neither a number nor a name.`);
    }
    return { ...of('number', number), value: literalOf(number) };
  }
  if (character === '"') return doubleQuotedAt(source, start);
  const longForeign = FOREIGN.find(([text]) => text.length > 2 && source.startsWith(text, start));
  const operator =
    longForeign === undefined ? OPERATORS.find((text) => source.startsWith(text, start)) : undefined;
  if (operator !== undefined) return of('operator', operator);
  const foreign = longForeign ?? FOREIGN.find(([text]) => source.startsWith(text, start));
  if (foreign !== undefined) return of('invalid', foreign[0], foreign[1]);
  const whole = String.fromCodePoint(source.codePointAt(start) ?? 0xfffd);
  return of('invalid', whole, `\`${whole}\` has no place in an expression.`);
}

/** With the digits that are written: `3.10`; `+2`, `.5`, `0xff` and `1e3` are other ways to write 2, 0.5, 255 and 1000. */
function literalOf(text: string): number | Numeral {
  const number = numeral(text) ?? Number.NaN;
  const value = toDouble(number);
  const exact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  return exact && !/^-?\d+(?:\.\d+)?$/.test(text) ? value : number;
}

function stringAt(source: string, start: number): Token {
  let value = '';
  let at = start + 1;
  for (;;) {
    const quote = source.indexOf("'", at);
    if (quote === -1) {
      return {
        kind: 'string',
        start,
        end: source.trimEnd().length,
        text: source.slice(start).trimEnd(),
        value: value + source.slice(at).trimEnd(),
        problem: "This text is never closed: a `'` is missing.",
      };
    }
    value += source.slice(at, quote);
    if (source.charAt(quote + 1) !== "'") {
      return { kind: 'string', start, end: quote + 1, text: source.slice(start, quote + 1), value };
    }
    value += "'";
    at = quote + 2;
  }
}

function doubleQuotedAt(source: string, start: number): Token {
  const close = source.indexOf('"', start + 1);
  const end = close === -1 ? source.trimEnd().length : close + 1;
  const inner = source.slice(start + 1, close === -1 ? end : close);
  return {
    kind: 'string',
    start,
    end,
    text: source.slice(start, end),
    value: inner,
    problem: `Strings in expressions take single quotes: write '${inner.replaceAll("'", "''")}'.`,
  };
}
