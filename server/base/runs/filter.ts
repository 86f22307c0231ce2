/**
 * Which runs are meant: `metrics.accuracy > 0.8 and params.epochs < 300 or status = failed`. One grammar for the command line and
 * the editor; it knows nothing of where runs come from, it asks for the values of names.
 *
 *     filter     = all { "or" all } ;           also "||"
 *     all        = one { "and" one } ;          also "&&"
 *     one        = "not" one | "(" filter ")" | name [ operator value | "in" "(" value { "," value } ")" ] ;  also "!"
 *     operator   = "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~" ;  ~ is "contains", in any case
 *     value      = number | duration | 'text' | "text" | word ;
 *
 * A name that has other characters than a word is written between backticks. A name alone is whether a run has such a value,
 * and it is not false. What a run does not have is equal to nothing: `!=` and `!~` hold for it, every other comparison does not.
 */
import { display, type Json } from '../json.js';
import { compareNumbers, isNumber } from '../numeral.js';

export type RunFilter =
  | { readonly kind: 'or' | 'and'; readonly parts: readonly RunFilter[] }
  | { readonly kind: 'not'; readonly part: RunFilter }
  | { readonly kind: 'has'; readonly name: string }
  | {
      readonly kind: 'compare';
      readonly name: string;
      readonly operator: Operator;
      readonly value: string;
      /** In quotes: a text, even where it looks like a number. */
      readonly quoted: boolean;
    };

const OPERATORS = ['==', '!=', '<=', '>=', '!~', '=', '<', '>', '~'] as const;
type Operator = (typeof OPERATORS)[number];

export type ParsedFilter =
  | { readonly ok: true; readonly filter: RunFilter }
  /** @property at where in the text, from 0 */
  | { readonly ok: false; readonly message: string; readonly at: number };

interface Token {
  readonly kind: 'word' | 'name' | 'text' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

/** Deeper than anybody writes by hand. */
const DEEPEST = 100;

class Mistake extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const SIGN = /&&|\|\||==|!=|<=|>=|!~|[=<>~!(),]/y;
const WORD = /[^\s=<>~!(),&|'"`]+/y;
const QUOTES: Readonly<Record<string, Token['kind']>> = { '"': 'text', "'": 'text', '`': 'name' };

/** A name as the grammar takes it: between backticks where it is no word, or a word of the grammar's own. */
export function writtenName(name: string): string {
  const isWord = /^[^\s=<>~!(),&|'"`]+$/.test(name) && !KEYWORDS.has(name.toLowerCase());
  return isWord ? name : `\`${name.replaceAll('`', '')}\``;
}

const KEYWORDS: ReadonlySet<string> = new Set(['and', 'or', 'not', 'in']);

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length;) {
    if (/\s/.test(text.charAt(at))) {
      at += 1;
      continue;
    }
    const quote = text.charAt(at);
    const quoted = QUOTES[quote];
    if (quoted !== undefined) {
      const end = text.indexOf(quote, at + 1);
      if (end === -1) throw new Mistake(`the text that begins with ${quote} does not end`, at);
      tokens.push({ kind: quoted, text: text.slice(at + 1, end), at });
      at = end + 1;
      continue;
    }
    const pattern = [SIGN, WORD].find((one) => {
      one.lastIndex = at;
      return one.test(text);
    });
    if (pattern === undefined) throw new Mistake(`"${text.charAt(at)}" means nothing here`, at);
    const end = pattern.lastIndex;
    tokens.push({ kind: pattern === SIGN ? 'sign' : 'word', text: text.slice(at, end), at });
    at = end;
  }
  return [...tokens, { kind: 'end', text: '', at: text.length }];
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  get #token(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '', at: 0 };
  }

  #take(): Token {
    const token = this.#token;
    this.#next += 1;
    return token;
  }

  /** Takes a sign, or a word in any case. */
  #takes(...texts: readonly string[]): boolean {
    const { kind, text } = this.#token;
    if ((kind !== 'word' && kind !== 'sign') || !texts.includes(text.toLowerCase())) return false;
    this.#next += 1;
    return true;
  }

  parse(): RunFilter {
    const filter = this.#any();
    const { kind, text, at } = this.#token;
    if (kind !== 'end') throw new Mistake(`"and" or "or" is missing before "${text}"`, at);
    return filter;
  }

  #any(): RunFilter {
    if (++this.#depth > DEEPEST) throw new Mistake('it is nested too deep', this.#token.at);
    const parts = [this.#all()];
    while (this.#takes('or', '||')) parts.push(this.#all());
    this.#depth -= 1;
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: 'or', parts };
  }

  #all(): RunFilter {
    const parts = [this.#one()];
    while (this.#takes('and', '&&')) parts.push(this.#one());
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: 'and', parts };
  }

  #one(): RunFilter {
    let negated = false;
    while (this.#takes('not', '!')) negated = !negated;
    const part = this.#plain();
    return negated ? { kind: 'not', part } : part;
  }

  #plain(): RunFilter {
    if (this.#takes('(')) {
      const inner = this.#any();
      if (!this.#takes(')')) throw new Mistake('a ")" is missing', this.#token.at);
      return inner;
    }
    const { kind, text: name, at } = this.#take();
    if (kind === 'end') throw new Mistake('a name is missing, such as metrics.accuracy or status', at);
    if (kind !== 'word' && kind !== 'name')
      throw new Mistake(`a name is meant to be here, not ${kind === 'text' ? 'a text' : `"${name}"`}`, at);
    const operator = OPERATORS.find((one) => this.#token.kind === 'sign' && this.#token.text === one);
    if (operator !== undefined) {
      this.#take();
      return { kind: 'compare', name, operator, ...this.#value(operator) };
    }
    if (!this.#takes('in')) return { kind: 'has', name };
    if (!this.#takes('('))
      throw new Mistake(
        '"in" is followed by values in brackets: status in (failed, cancelled)',
        this.#token.at,
      );
    const parts: RunFilter[] = [];
    do parts.push({ kind: 'compare', name, operator: '=', ...this.#value('in') });
    while (this.#takes(','));
    if (!this.#takes(')')) throw new Mistake('a ")" is missing', this.#token.at);
    return { kind: 'or', parts };
  }

  #value(before: string): { readonly value: string; readonly quoted: boolean } {
    const { kind, text, at } = this.#take();
    if (kind === 'word' || kind === 'text') return { value: text, quoted: kind === 'text' };
    throw new Mistake(`a value is missing after "${before}"`, at);
  }
}

export function parseRunFilter(text: string): ParsedFilter {
  try {
    return { ok: true, filter: new Parser(text).parse() };
  } catch (error) {
    if (error instanceof Mistake) return { ok: false, message: error.message, at: error.at };
    throw error;
  }
}

/** The names that a filter asks for, each once. */
export function namesIn(filter: RunFilter): readonly string[] {
  switch (filter.kind) {
    case 'or':
    case 'and':
      return [...new Set(filter.parts.flatMap(namesIn))];
    case 'not':
      return namesIn(filter.part);
    case 'has':
    case 'compare':
      return [filter.name];
  }
}

/**
 * Makes a test of a filter: names are looked up once, not for each run.
 *
 * @param readerOf what gives the value that a run has under a name; `undefined`: it has none
 */
export function compileFilter<T>(
  filter: RunFilter,
  readerOf: (name: string) => (run: T) => Json | undefined,
): (run: T) => boolean {
  switch (filter.kind) {
    case 'or':
    case 'and': {
      const parts = filter.parts.map((part) => compileFilter(part, readerOf));
      return filter.kind === 'or'
        ? (run) => parts.some((part) => part(run))
        : (run) => parts.every((part) => part(run));
    }
    case 'not': {
      const part = compileFilter(filter.part, readerOf);
      return (run) => !part(run);
    }
    case 'has': {
      const read = readerOf(filter.name);
      return (run) => {
        const value = read(run);
        return value !== undefined && value !== null && value !== false;
      };
    }
    case 'compare': {
      const read = readerOf(filter.name);
      const { operator } = filter;
      const isNegated = operator === '!=' || operator === '!~';
      const holds = comparison({
        ...filter,
        operator: operator === '!=' ? '=' : operator === '!~' ? '~' : operator,
      });
      return isNegated ? (run) => !holds(read(run)) : (run) => holds(read(run));
    }
  }
}

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600, d: 86_400 };

/** A number, or a duration in seconds. */
function numberOf(text: string): number | undefined {
  const [, digits, unit = ''] =
    /^([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)(ms|s|min|m|h|d)?$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return Number(digits) * (unit === '' ? 1 : (UNITS[unit.toLowerCase()] ?? 1));
}

type Comparison = Extract<RunFilter, { readonly kind: 'compare' }>;

/** Whether a value is as a comparison that is not negated wants it. */
function comparison({ operator, value: wanted, quoted }: Comparison): (value: Json | undefined) => boolean {
  const number = quoted ? undefined : numberOf(wanted);
  const lower = wanted.toLowerCase();
  /** Below, at or above 0, as the value is to what is wanted; `undefined` where they can't be compared. */
  const orderOf = (value: Json): number | undefined => {
    if (number !== undefined && isNumber(value)) return compareNumbers(value, number);
    const text = display(value);
    if (text === wanted) return 0;
    return isNumber(value) ? undefined : text < wanted ? -1 : 1;
  };
  return (value) => {
    if (value === undefined || value === null)
      return operator === '=' && !quoted && wanted === 'null' && value === null;
    if (operator === '~') return display(value).toLowerCase().includes(lower);
    const order = orderOf(value);
    if (order === undefined) return false;
    switch (operator) {
      case '<':
        return order < 0;
      case '<=':
        return order <= 0;
      case '>':
        return order > 0;
      case '>=':
        return order >= 0;
      default:
        return order === 0;
    }
  };
}
