/**
 * What a Python file of params says, read as DVC reads it: constants of the module, of its classes, and what `__init__` sets on
 * `self`. Literals only; what is computed has no value. Python is not started.
 */
import { NoPython, type PythonToken, pythonTokens } from './python-tokens.js';
import { type Key, type Mapping, PythonTuple, type Value } from './values.js';

export interface PythonValues {
  readonly value: Mapping;
  /** Dotted names of values that no `dvc.lock` can hold: sets, bytes, complex numbers. */
  readonly odd: readonly string[];
}

/** Words that begin no name. */
const KEYWORDS = new Set(
  'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(
    ' ',
  ),
);
/** Nested deeper, a value is not read. */
const MOST_DEPTH = 100;

/** `undefined`: the text is no Python. */
export function pythonValues(text: string): PythonValues | undefined {
  try {
    const odd: string[] = [];
    const value = new Blocks(pythonTokens(text), odd).read([], false);
    return { value, odd };
  } catch (error) {
    if (error instanceof NoPython) return undefined;
    throw error;
  }
}

/** Statements, one block after the other. */
class Blocks {
  readonly #tokens: readonly PythonToken[];
  readonly #odd: string[];
  #at = 0;

  constructor(tokens: readonly PythonToken[], odd: string[]) {
    this.#tokens = tokens;
    this.#odd = odd;
  }

  /** The assignments of a block, to its end. @param onSelf only those to attributes of `self` count */
  read(path: readonly string[], onSelf: boolean): Map<Key, Value> {
    const values = new Map<Key, Value>();
    for (;;) {
      const { kind, text } = this.#here();
      if (kind === 'end') return values;
      if (kind === 'indent') throw new NoPython('a line is indented where no block begins');
      if (kind === 'dedent') {
        this.#at++;
        return values;
      }
      const name = this.#tokens[this.#at + 1]?.text ?? '';
      if (text === 'class') values.set(name, this.#body([...path, name], false));
      else if (text === 'def' && name === '__init__')
        for (const [key, value] of this.#body(path, true)) values.set(key, value);
      else this.#line(values, path, onSelf);
    }
  }

  #here(): PythonToken {
    return this.#tokens[this.#at] ?? { kind: 'end', text: '' };
  }

  /** Of a class or a function: its block, or the rest of its line. */
  #body(path: readonly string[], onSelf: boolean): Map<Key, Value> {
    let depth = 0;
    for (; this.#here().kind !== 'line-end'; this.#at++) {
      const { text, kind } = this.#here();
      if (kind === 'end') throw new NoPython('a block is missing');
      if (kind !== 'sign') continue;
      if ('([{'.includes(text)) depth++;
      else if (')]}'.includes(text)) depth--;
      else if (text === ':' && depth === 0) break;
    }
    this.#at++;
    if (this.#here().kind === 'line-end' && this.#tokens[this.#at + 1]?.kind === 'indent') {
      this.#at += 2;
      return this.read(path, onSelf);
    }
    const values = new Map<Key, Value>();
    this.#line(values, path, onSelf);
    return values;
  }

  /** Statements up to the end of the line, and what is indented below them, which is passed over. */
  #line(values: Map<Key, Value>, path: readonly string[], onSelf: boolean): void {
    let statement: PythonToken[] = [];
    for (; this.#here().kind !== 'line-end'; this.#at++) {
      const token = this.#here();
      if (token.kind === 'end') throw new NoPython('a line has no end');
      if (token.kind === 'sign' && token.text === ';') {
        this.#assign(statement, values, path, onSelf);
        statement = [];
      } else statement.push(token);
    }
    this.#assign(statement, values, path, onSelf);
    const opensBlock = this.#tokens[this.#at - 1]?.text === ':';
    this.#at++;
    if (this.#here().kind !== 'indent') return;
    if (!opensBlock) throw new NoPython('a line is indented below one that opens no block');
    let depth = 0;
    do {
      const { kind } = this.#here();
      if (kind === 'indent') depth++;
      else if (kind === 'dedent') depth--;
      this.#at++;
    } while (depth > 0);
  }

  #assign(
    statement: readonly PythonToken[],
    values: Map<Key, Value>,
    path: readonly string[],
    onSelf: boolean,
  ): void {
    const parts = partsOf(statement);
    const name = parts === undefined ? undefined : nameOf(parts.target, onSelf);
    if (parts === undefined || name === undefined) return;
    const read = new Literal(parts.value).read();
    if (read === undefined) return;
    if (read === ODD) {
      this.#odd.push([...path, name].join('.'));
      values.delete(name);
    } else values.set(name, read);
  }
}

/** `target = value`, `target: type = value`. */
function partsOf(
  statement: readonly PythonToken[],
): { readonly target: readonly PythonToken[]; readonly value: readonly PythonToken[] } | undefined {
  let depth = 0;
  let colon: number | undefined;
  const equals: number[] = [];
  for (const [at, { kind, text }] of statement.entries()) {
    if (kind !== 'sign') continue;
    if ('([{'.includes(text)) depth++;
    else if (')]}'.includes(text)) depth--;
    else if (depth === 0 && text === '=') equals.push(at);
    else if (depth === 0 && text === ':' && equals.length === 0) colon ??= at;
  }
  const [first] = equals;
  if (first === undefined || equals.length > 1) return undefined;
  return { target: statement.slice(0, colon ?? first), value: statement.slice(first + 1) };
}

/** What an assignment names: `x`, or `self.x`. */
function nameOf(target: readonly PythonToken[], onSelf: boolean): string | undefined {
  const [first, dot, last] = target;
  if (first?.text === '(' && target.at(-1)?.text === ')') return nameOf(target.slice(1, -1), onSelf);
  if (first?.kind !== 'name' || KEYWORDS.has(first.text)) return undefined;
  if (target.length === 1) return onSelf ? undefined : first.text;
  return target.length === 3 && first.text === 'self' && dot?.text === '.' ? last?.text : undefined;
}

/** A literal that no lock can hold. */
const ODD = Symbol('odd');
/** No literal. */
class Computed extends Error {}

class Literal {
  readonly #tokens: readonly PythonToken[];
  #at = 0;
  #odd = false;

  constructor(tokens: readonly PythonToken[]) {
    this.#tokens = tokens;
  }

  /** `undefined`: it is computed. */
  read(): Value | typeof ODD | undefined {
    try {
      const first = this.#value(0);
      const value = this.#is(',') ? new PythonTuple(first, ...this.#rest(0, undefined)) : first;
      if (this.#at < this.#tokens.length) return undefined;
      return this.#odd ? ODD : value;
    } catch (error) {
      if (error instanceof Computed) return undefined;
      throw error;
    }
  }

  #is(sign: string | undefined): boolean {
    const token = this.#tokens[this.#at];
    return sign === undefined ? token === undefined : token?.kind === 'sign' && token.text === sign;
  }

  #take(sign: string): boolean {
    if (!this.#is(sign)) return false;
    this.#at++;
    return true;
  }

  /** Of a list, a set or a tuple: what follows its first value. @param end the bracket; absent: the end of the statement */
  #rest(depth: number, end: string | undefined): Value[] {
    const values: Value[] = [];
    while (!this.#is(end)) {
      if (!this.#take(',')) throw new Computed();
      if (this.#is(end)) break;
      values.push(this.#value(depth));
    }
    if (end !== undefined) this.#at++;
    return values;
  }

  #value(depth: number): Value {
    if (depth > MOST_DEPTH) throw new Computed();
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new Computed();
    this.#at++;
    if (token.kind === 'number') return this.#plus(this.#number(token.text));
    if (token.kind === 'string') return this.#text(token);
    if (token.kind === 'name') return this.#named(token.text);
    if (token.kind !== 'sign') throw new Computed();
    switch (token.text) {
      case '-':
      case '+':
        return this.#plus(this.#signed(token.text === '-'));
      case '(': {
        if (this.#take(')')) return new PythonTuple();
        const first = this.#value(depth + 1);
        if (this.#take(')')) return first;
        return new PythonTuple(first, ...this.#rest(depth + 1, ')'));
      }
      case '[': {
        if (this.#take(']')) return [];
        return [this.#value(depth + 1), ...this.#rest(depth + 1, ']')];
      }
      case '{':
        return this.#braces(depth + 1);
      case '...':
        this.#odd = true;
        return null;
      default:
        throw new Computed();
    }
  }

  /** A sign stands before a number alone: all else with one is computed. */
  #signed(minus: boolean): Value {
    let open = 0;
    while (this.#take('(')) open++;
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'number') throw new Computed();
    this.#at++;
    const value = this.#number(token.text);
    for (; open > 0; open--) if (!this.#take(')')) throw new Computed();
    return minus ? -value : value;
  }

  /** A map, or a set. */
  #braces(depth: number): Value {
    const values = new Map<Key, Value>();
    if (this.#take('}')) return values;
    for (;;) {
      const key = this.#value(depth);
      if (values.size === 0 && !this.#is(':')) {
        this.#rest(depth, '}');
        this.#odd = true;
        return null;
      }
      if (!this.#take(':')) throw new Computed();
      const value = this.#value(depth);
      if (typeof key === 'object' && key !== null) this.#odd = true;
      else values.set(key, value);
      if (this.#take('}')) return values;
      if (!this.#take(',')) throw new Computed();
      if (this.#take('}')) return values;
    }
  }

  #named(name: string): Value {
    if (name === 'None') return null;
    if (name === 'True' || name === 'False') return name === 'True';
    if (name === 'set' && this.#take('(') && this.#take(')')) {
      this.#odd = true;
      return null;
    }
    throw new Computed();
  }

  /** Texts one behind the other are one. */
  #text(first: PythonToken): Value {
    const parts = [first];
    for (let next = this.#tokens[this.#at]; next?.kind === 'string'; next = this.#tokens[this.#at]) {
      parts.push(next);
      this.#at++;
    }
    if (parts.some(({ text }) => /^[a-z]*[ft]/i.test(text))) throw new Computed();
    if (parts.some(({ value }) => value === undefined)) this.#odd = true;
    return parts.map(({ value = '' }) => value).join('');
  }

  #number(written: string): bigint | number {
    const digits = written.replaceAll('_', '');
    if (/j$/i.test(digits)) {
      this.#odd = true;
      return 0;
    }
    if (/^0[xob]/i.test(digits)) return BigInt(digits.toLowerCase());
    if (/^\d+$/.test(digits)) {
      if (/^0+[1-9]/.test(digits)) throw new NoPython(`${written} begins with a zero`);
      return BigInt(digits);
    }
    return Number(digits);
  }

  /** `1 + 2j` is a literal, `1 + 2` is computed. */
  #plus(value: Value): Value {
    const [sign, next] = [this.#tokens[this.#at], this.#tokens[this.#at + 1]];
    if (sign?.kind !== 'sign' || !['+', '-'].includes(sign.text)) return value;
    if (next?.kind !== 'number' || !/j$/i.test(next.text)) throw new Computed();
    this.#at += 2;
    this.#odd = true;
    return value;
  }
}
