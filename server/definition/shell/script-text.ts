/**
 * Puts values into a program text: as literals of its language where code stands, escaped where they stand in a string.
 * The text is followed just far enough to know which. Where that is not known, only harmless values go in, and others are
 * refused.
 */
import { isNumeral } from '../../base/numeral.js';
import type { Json } from '../definition.js';
import { toText } from '../expressions/values.js';

/** Means the same in code, in strings and in names. */
const BARE = /^(?:[A-Za-z0-9_]+|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)$/;
/** The same where nothing is known of the language: no operator or comment of any can be made of it. */
const HARMLESS = /^(?!.*(?:--|\/\/))[A-Za-z0-9_.,/-]+$/;

export abstract class ScriptText {
  text = '';
  /** It is not known any more what the text is at its end. */
  protected lost = false;

  /** What is wrong with a value that can't be put where it stands. */
  protected readonly refusal: string =
    'The value cannot be quoted safely here for this shell. Hand it over in `env` and read it from the environment.';

  get length(): number {
    return this.text.length;
  }

  /** Text as the author wrote it. */
  literal(text: string): void {
    const from = this.text.length;
    this.text += text;
    this.follow(from);
  }

  /**
   * A value. Gives what is wrong when it can't be put here safely.
   *
   * @param next the character that follows
   */
  insert(value: Json, next: string): string | undefined {
    const text = toText(value);
    const quoted =
      (this.lost ? undefined : this.quote(value, next)) ?? (this.harmless(text) ? text : undefined);
    if (quoted === undefined) return this.refusal;
    this.text += quoted;
    return undefined;
  }

  /** To be called last; gives what is wrong with the text as a whole. */
  end(): string | undefined {
    return undefined;
  }

  protected harmless(text: string): boolean {
    return BARE.test(text);
  }

  /** Finds out where the text is at its end. @param from where what is new begins */
  protected abstract follow(from: number): void;

  /** The value as it has to stand at the end of the text; nothing where it can't. */
  protected abstract quote(value: Json, next: string): string | undefined;

  /** The last character so far. */
  protected get before(): string {
    return this.text.slice(-1);
  }
}

/** A text of a language that nobody here knows. */
class UnknownText extends ScriptText {
  protected follow(): void {
    this.lost = true;
  }

  protected quote(): undefined {
    return undefined;
  }

  protected override harmless(text: string): boolean {
    return HARMLESS.test(text);
  }
}

/** A text that is followed step by step. */
abstract class SteppedText extends ScriptText {
  /** What escapes a character is the last thing so far. */
  protected dangling = false;

  protected follow(from: number): void {
    this.dangling = false;
    for (let at = from; at < this.text.length;) at = this.step(at);
  }

  /** Gives where to look next. */
  protected abstract step(at: number): number;

  /** Steps over what escapes a character, and the character. */
  protected escape(at: number): number {
    this.dangling = at + 1 === this.text.length;
    return at + 2;
  }
}

interface Words {
  readonly null: string;
  readonly true: string;
  readonly false: string;
  /** A text with its quotes. */
  readonly string: (text: string) => string;
  /** A key of a map, with what follows it. */
  readonly key: (name: string) => string;
}

/** A number that is written the same way in Python, JavaScript and JSON. */
const PLAIN_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function literalOf(value: Json, words: Words): string {
  if (value === null) return words.null;
  if (typeof value === 'string') return words.string(value);
  if (typeof value === 'boolean') return value ? words.true : words.false;
  if (isNumeral(value)) return PLAIN_NUMBER.test(value.text) ? value.text : numberOf(value.value);
  if (typeof value === 'number') return numberOf(value);
  if (Array.isArray(value)) {
    return `[${(value as readonly Json[]).map((item) => literalOf(item, words)).join(', ')}]`;
  }
  const entries = Object.entries(value as Readonly<Record<string, Json>>).map(
    ([name, item]) => `${words.key(name)}${literalOf(item, words)}`,
  );
  return `{${entries.join(', ')}}`;
}

function numberOf(value: number): string {
  const text = toText(value);
  return BARE.test(text) && !/^-?0[0-9]/.test(text) ? text : JSON.stringify(value);
}

/** Line ends, control characters and halves of characters as escapes that Python and JavaScript share. */
function escaped(text: string, quote: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll(quote, `\\${quote}`)
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replace(/\p{Cc}/gu, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replace(
      /[\u2028\u2029]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
      (one) => `\\u${one.charCodeAt(0).toString(16)}`,
    );
}

/** For a comment. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}

const PYTHON: Words = {
  null: 'None',
  true: 'True',
  false: 'False',
  string: (text) => `'${escaped(text, "'")}'`,
  key: (name) => `'${escaped(name, "'")}': `,
};

/** `{…}` of an f-string in these quotes: code without braces, and with strings in the other quotes only. */
const FIELDS = {
  single: /^\{(?:[^{}"'\\\n]|"[^{}"'\\\n]*")*\}/,
  double: /^\{(?:[^{}"'\\\n]|'[^{}"'\\\n]*')*\}/,
};

type PythonFrame =
  | { readonly kind: 'code' }
  | { readonly kind: 'comment' }
  | { readonly kind: 'string'; readonly quote: string; readonly prefix: string };

class PythonText extends SteppedText {
  #frame: PythonFrame = { kind: 'code' };

  protected step(at: number): number {
    const { text } = this;
    const frame = this.#frame;
    const char = text.charAt(at);
    if (char === '\\' && frame.kind !== 'comment') return this.escape(at);
    if (frame.kind === 'code') {
      if (char === '#') this.#frame = { kind: 'comment' };
      if (char !== '"' && char !== "'") return at + 1;
      const prefix =
        /(?:^|[^A-Za-z0-9_])([A-Za-z]{1,3})$/.exec(text.slice(Math.max(0, at - 4), at))?.[1] ?? '';
      const quote = text.startsWith(char.repeat(3), at) ? char.repeat(3) : char;
      this.#frame = { kind: 'string', quote, prefix: prefix.toLowerCase() };
      return at + quote.length;
    }
    if (frame.kind === 'comment') {
      if (char === '\n') this.#frame = { kind: 'code' };
      return at + 1;
    }
    // In a template's `{…}` there is code again, by rules that differ from version to version.
    if (/[ft]/.test(frame.prefix) && char === '{') {
      if (text.charAt(at + 1) === '{') return at + 2;
      const end = FIELDS[frame.quote.startsWith("'") ? 'single' : 'double'].exec(text.slice(at))?.[0];
      if (end === undefined) this.lost = true;
      return at + (end?.length ?? 1);
    }
    if (text.startsWith(frame.quote, at)) {
      this.#frame = { kind: 'code' };
      return at + frame.quote.length;
    }
    // A string of one line ends with it, and the program is wrong.
    if (char === '\n' && frame.quote.length === 1) this.#frame = { kind: 'code' };
    return at + 1;
  }

  protected quote(value: Json, next: string): string | undefined {
    if (this.dangling) return undefined;
    const frame = this.#frame;
    if (frame.kind === 'comment') return oneLine(toText(value));
    if (frame.kind === 'code') {
      // `x'…'` would be a string of another kind, and `'…'x` two things.
      return /[A-Za-z0-9_"']/.test(this.before) || /[A-Za-z0-9_]/.test(next)
        ? undefined
        : literalOf(value, PYTHON);
    }
    const text = toText(value);
    if (frame.prefix.includes('r')) return undefined;
    if (frame.prefix.includes('b') && /\P{ASCII}/u.test(text)) return undefined;
    const inside = escaped(text, frame.quote.charAt(0));
    return /[ft]/.test(frame.prefix) ? inside.replace(/[{}]/g, '$&$&') : inside;
  }
}

const JAVASCRIPT: Words = {
  null: 'null',
  true: 'true',
  false: 'false',
  string: (text) => `"${escaped(text, '"')}"`,
  // Without brackets `__proto__` would be no key.
  key: (name) => `["${escaped(name, '"')}"]: `,
};

type ScriptFrame = 'code' | 'braces' | 'single' | 'double' | 'template' | 'raw' | 'line' | 'block';

class JavaScriptText extends SteppedText {
  readonly #frames: ScriptFrame[] = ['code'];

  protected step(at: number): number {
    const { text } = this;
    const frames = this.#frames;
    const frame = frames.at(-1) ?? 'code';
    const char = text.charAt(at);
    const two = text.slice(at, at + 2);
    switch (frame) {
      case 'line':
        if (/[\n\r\u2028\u2029]/.test(char)) frames.pop();
        return at + 1;
      case 'block':
        if (two === '*/') frames.pop();
        return at + (two === '*/' ? 2 : 1);
      case 'code':
      case 'braces':
        return this.#code(at, char, two);
      default:
        if (char === '\\') return this.escape(at);
        if ((frame === 'template' || frame === 'raw') && two === '${') {
          frames.push('braces');
          return at + 2;
        }
        if (char === { single: "'", double: '"', template: '`', raw: '`' }[frame]) frames.pop();
        else if (char === '\n' && (frame === 'single' || frame === 'double')) frames.pop();
        return at + 1;
    }
  }

  #code(at: number, char: string, two: string): number {
    const frames = this.#frames;
    if (two === '//' || two === '/*') {
      frames.push(two === '//' ? 'line' : 'block');
      return at + 2;
    }
    // A division and a regular expression look alike.
    if (char === '/') return this.#slash(at);
    if (char === "'") frames.push('single');
    else if (char === '"') frames.push('double');
    else if (char === '`') frames.push(/[\w$)\]]\s*$/.test(this.text.slice(0, at)) ? 'raw' : 'template');
    else if (char === '{') frames.push('braces');
    else if (char === '}' && frames.length > 1) frames.pop();
    return at + 1;
  }

  #slash(at: number): number {
    const before = this.text.slice(0, at).trimEnd();
    if (/(?:^|[(,=:[!&|?{;+\-*%<>~^])$|\b(?:return|typeof|case|in|of|void|delete)$/.test(before)) {
      const pattern = /^\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\//.exec(this.text.slice(at))?.[0];
      if (pattern === undefined) this.lost = true;
      return at + (pattern?.length ?? 1);
    }
    const line = /^[^\n]*/.exec(this.text.slice(at + 1))?.[0] ?? '';
    if (!/[\w$\]]$/.test(before) && /[/"'`]/.test(line)) this.lost = true;
    return at + 1;
  }

  protected quote(value: Json, next: string): string | undefined {
    if (this.dangling) return undefined;
    const text = toText(value);
    switch (this.#frames.at(-1) ?? 'code') {
      case 'line':
        return oneLine(text);
      case 'block':
        return oneLine(text)
          .replaceAll('*/', '* /')
          .replace(/^\/|\/$/g, ' / ');
      case 'single':
        return escaped(text, "'");
      case 'double':
        return escaped(text, '"');
      case 'template':
        return this.before === '$' && text.startsWith('{')
          ? undefined
          : escaped(text, '`').replaceAll('$', '\\$');
      case 'raw':
        return undefined;
      default: {
        if (/[\w$"'`/]/.test(this.before) || /[\w$"'`]/.test(next)) return undefined;
        const literal = literalOf(value, JAVASCRIPT);
        return this.before === '-' && literal.startsWith('-') ? ` ${literal}` : literal;
      }
    }
  }
}

/** PowerShell takes typographic quotes for quotes. */
const SINGLE = /['\u2018\u2019\u201a\u201b]/;
const DOUBLE = /["\u201c\u201d\u201e]/;

type PowerFrame = 'code' | 'single' | 'double' | 'line' | 'block';

class PowerShellText extends SteppedText {
  #frame: PowerFrame = 'code';

  protected step(at: number): number {
    const { text } = this;
    const char = text.charAt(at);
    const two = text.slice(at, at + 2);
    switch (this.#frame) {
      case 'line':
        if (char === '\n') this.#frame = 'code';
        return at + 1;
      case 'block':
        if (two === '#>') this.#frame = 'code';
        return at + 1;
      case 'single':
        if (SINGLE.test(char)) this.#frame = 'code';
        return at + 1;
      case 'double':
        if (char === '`') return this.escape(at);
        if (two === '$(') this.lost = true;
        if (DOUBLE.test(char)) this.#frame = 'code';
        return at + 1;
      case 'code':
        if (char === '`') return this.escape(at);
        // Here-strings and what stops parsing have rules of their own.
        if (char === '@' && /["'\u2018-\u201e]/.test(text.charAt(at + 1))) this.lost = true;
        if (text.startsWith('--%', at)) this.lost = true;
        if (two === '<#') this.#frame = 'block';
        else if (char === '#' && /^$|[\s;(){}|&,]/.test(text.charAt(at - 1))) this.#frame = 'line';
        else if (SINGLE.test(char)) this.#frame = 'single';
        else if (DOUBLE.test(char)) this.#frame = 'double';
        return at + 1;
    }
  }

  protected quote(value: Json, next: string): string | undefined {
    const text = toText(value);
    if (this.dangling || text.includes('\0')) return undefined;
    switch (this.#frame) {
      case 'line':
        return oneLine(text);
      case 'block':
        return undefined;
      case 'single':
        return text.replace(/['\u2018\u2019\u201a\u201b]/g, '$&$&');
      case 'double':
        return this.before === '$' ? undefined : text.replace(/["\u201c\u201d\u201e`$]/g, '`$&');
      case 'code':
        return this.#whole(next) ? powerLiteral(value) : undefined;
    }
  }

  /** Whether the value is a word of its own: quotes in the middle of one have no rule that holds everywhere. */
  #whole(next: string): boolean {
    const token = /[^\s;(){}|&,]*$/.exec(this.text)?.[0] ?? '';
    return (token === '' || /^\$[\w.:]+[-+*/]?=$/.test(token)) && /^$|[\s;)}\]|&,]/.test(next);
  }
}

function powerLiteral(value: Json): string {
  if (value === null) return '$null';
  if (typeof value === 'boolean') return value ? '$true' : '$false';
  if (Array.isArray(value)) return `@(${(value as readonly Json[]).map(powerLiteral).join(', ')})`;
  const text = toText(value);
  if (typeof value === 'number' && BARE.test(text)) return text;
  return `'${text.replace(/['\u2018\u2019\u201a\u201b]/g, '$&$&')}'`;
}

/** What puts values into a program of the language. */
export function scriptText(language: 'python' | 'javascript' | 'powershell' | 'other'): ScriptText {
  switch (language) {
    case 'python':
      return new PythonText();
    case 'javascript':
      return new JavaScriptText();
    case 'powershell':
      return new PowerShellText();
    case 'other':
      return new UnknownText();
  }
}
