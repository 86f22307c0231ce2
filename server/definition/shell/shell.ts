/**
 * Puts values into a command for `sh`, quoted for the place where they stand: outside quotes, inside `'…'` or `"…"`,
 * inside `$(…)`, a here-document or a comment. The text is followed as POSIX section 2.3 reads it, just far enough to know
 * that. Where no quoting is safe (backticks, `${…}`) only harmless values go in, and others are an error.
 */

import { shellWord } from '../../base/shell-word.js';
import type { TemplateText } from '../pieces.js';

/** Needs no quotes anywhere in a command. */
const HARMLESS = /^[A-Za-z0-9_@%+:,./-]+$/;
const RESERVED = /^(if|then|else|elif|fi|do|done|case|esac|while|until|for|in|select|function|time|coproc)$/;

type FrameKind =
  | 'command'
  | 'substitution'
  | 'group'
  | 'arithmetic'
  | 'single'
  | 'double'
  | 'ansi'
  | 'parameter'
  | 'backtick'
  | 'comment';

interface HereDocument {
  readonly delimiter: string;
  readonly stripTabs: boolean;
  readonly quoted: boolean;
  /** The line so far, as the shell will see it. */
  line: string;
  /** A value is part of the line. */
  tainted: boolean;
  /** An expansion has begun somewhere before. */
  expands: boolean;
}

/** The commands of a list as one text. */
export function scriptOf(commands: readonly TemplateText[]): TemplateText {
  const [first = { text: '', span: { start: 0, end: 0 } }, ...others] = commands;
  if (others.length === 0) return first;
  const text = commands.map((command) => command.text).join('\n');
  if (commands.every((command) => command.template === undefined)) return { text, span: first.span };
  const parts = commands.flatMap((command, index) => [
    ...(index === 0 ? [] : [{ kind: 'text' as const, text: '\n' }]),
    ...(command.template?.parts ?? [{ kind: 'text' as const, text: command.text }]),
  ]);
  return { text, span: first.span, template: { parts } };
}

/** Whether a command is one by itself: what follows on the next line would not be a part of it. */
export function isComplete(command: TemplateText): boolean {
  const shell = new ShellText();
  for (const part of command.template?.parts ?? []) {
    if (part.kind === 'text') shell.literal(part.text);
    else shell.insert(['x'], '');
  }
  if (command.template === undefined) shell.literal(command.text);
  return shell.complete;
}

/** One word of the shell. The empty text becomes `''`. */
export function quoteWord(word: string): string {
  if (HARMLESS.test(word) && !RESERVED.test(word)) return word;
  return shellWord(word);
}

export class ShellText {
  text = '';
  private readonly frames: FrameKind[] = ['command'];
  private readonly pending: HereDocument[] = [];
  private document: HereDocument | undefined;
  private wordStart = true;
  /** The text ends in a backslash or a dollar, which would take hold of what follows. */
  private dangling = false;
  /** We no longer know where we are. */
  private lost = false;
  private problem: string | undefined;

  get length(): number {
    return this.text.length;
  }

  /** The text ends outside of quotes, brackets and here-documents. */
  get complete(): boolean {
    const [, ...open] = this.frames;
    const ends = this.document?.line === this.document?.delimiter && this.pending.length === 0;
    return ends && !/(^|[^\\])(\\\\)*\\$/.test(this.text) && open.every((frame) => frame === 'comment');
  }

  /** Text as the author wrote it. */
  literal(text: string): void {
    this.text += text;
    this.follow(text, false);
    if (text !== '') this.dangling = /[\\$]$/.test(text);
  }

  /**
   * Values: several only from a list. Gives what is wrong when they can't be put here safely.
   *
   * @param next the character that follows.
   */
  insert(words: readonly string[], next: string): string | undefined {
    if (words.some((word) => word.includes('\0')))
      return 'The value holds a NUL character, which no command can take.';
    const quoted = this.quote(words, next);
    if (quoted === undefined) {
      return 'The value cannot be quoted safely here (inside backticks, `${…}`, `$((…))` or the like). Use `$(…)` instead, or hand it over in `env` and write "$NAME".';
    }
    this.text += quoted;
    if (quoted !== '') this.dangling = false;
    if (this.document !== undefined) this.follow(quoted, true);
    else if (quoted !== '') this.wordStart = false;
    return this.problem;
  }

  /** To be called last; gives what is wrong with the text as a whole. */
  end(): string | undefined {
    this.closeLine();
    return this.problem;
  }

  private quote(words: readonly string[], next: string): string | undefined {
    const joined = words.join(' ');
    const opaque =
      this.lost ||
      this.frames.some((frame) => frame === 'backtick' || frame === 'parameter' || frame === 'ansi');
    if (this.document !== undefined) return this.quoteInDocument(joined, this.document);
    const frame = this.frames.at(-1) ?? 'command';
    if (frame === 'comment') return joined.replace(/[\r\n]+/g, ' ');
    if (opaque || (this.dangling && frame !== 'single') || this.frames.includes('arithmetic'))
      return HARMLESS.test(joined) ? joined : undefined;
    switch (frame) {
      case 'single':
        return joined.replaceAll("'", "'\\''");
      case 'double':
        return joined.replace(/[\\"$`]/g, '\\$&');
      default:
        return words
          .map((word) => (/^[0-9]+$/.test(word) && /[<>]/.test(next) ? `'${word}'` : quoteWord(word)))
          .join(' ');
    }
  }

  private quoteInDocument(value: string, document: HereDocument): string | undefined {
    if (document.quoted) return value;
    if (document.expands || this.lost || this.dangling) return HARMLESS.test(value) ? value : undefined;
    return value.replace(/[\\$`]/g, '\\$&');
  }

  private follow(text: string, value: boolean): void {
    for (let at = 0; at < text.length;) {
      if (this.document !== undefined) at = this.inDocument(this.document, text, at, value);
      else at = this.inCommand(text, at);
    }
  }

  private inDocument(document: HereDocument, text: string, at: number, value: boolean): number {
    const char = text.charAt(at);
    if (value) document.tainted = true;
    if (char === '\n') {
      this.closeLine();
      return at + 1;
    }
    if (!value && !document.quoted) {
      if (char === '\\') {
        document.line += text.slice(at, at + 2);
        return at + 2;
      }
      if (char === '`' || (char === '$' && /[({]/.test(text.charAt(at + 1)))) document.expands = true;
    }
    document.line += char;
    return at + 1;
  }

  private closeLine(): void {
    const { document } = this;
    if (document === undefined) return;
    const line = document.stripTabs ? document.line.replace(/^\t+/, '') : document.line;
    if (line === document.delimiter) {
      if (document.tainted) {
        this.problem = `A value ends the here-document: it makes a line that is "${document.delimiter}".`;
      }
      this.document = this.pending.shift();
      this.wordStart = true;
    }
    document.line = '';
    document.tainted = false;
  }

  private inCommand(text: string, at: number): number {
    const frame = this.frames.at(-1) ?? 'command';
    const char = text.charAt(at);
    switch (frame) {
      case 'single':
        if (char === "'") this.frames.pop();
        return at + 1;
      case 'ansi':
        if (char === '\\') return at + 2;
        if (char === "'") this.frames.pop();
        return at + 1;
      case 'comment':
        if (char !== '\n') return at + 1;
        this.frames.pop();
        return at;
      case 'double':
        if (char === '\\') return at + 2;
        if (char === '"') {
          this.frames.pop();
          return at + 1;
        }
        return this.expansion(text, at) ?? at + 1;
      case 'backtick':
        if (char === '\\') return at + 2;
        if (char === '`') this.frames.pop();
        return at + 1;
      case 'parameter':
        if (char === '}') {
          this.frames.pop();
          return at + 1;
        }
        return this.quotes(text, at) ?? at + 1;
      case 'arithmetic':
        if (char === '(') this.frames.push('arithmetic');
        if (char === ')') this.frames.pop();
        return this.expansion(text, at) ?? at + 1;
      default:
        return this.plain(text, at);
    }
  }

  /** Outside quotes. */
  private plain(text: string, at: number): number {
    const char = text.charAt(at);
    const started = this.wordStart;
    this.wordStart = /[\s;&|()]/.test(char);
    const quote = this.quotes(text, at);
    if (quote !== undefined) return quote;
    if (char === '#' && started) {
      this.frames.push('comment');
      return at + 1;
    }
    if (char === '\n') {
      this.document = this.pending.shift();
      return at + 1;
    }
    if (char === '(') {
      const double = text.charAt(at + 1) === '(';
      this.frames.push(...(double ? (['arithmetic', 'arithmetic'] as const) : (['group'] as const)));
      return at + (double ? 2 : 1);
    }
    if (char === ')') {
      if (this.frames.length > 1) this.frames.pop();
      return at + 1;
    }
    if (char === '<' && text.charAt(at + 1) === '<') return this.redirect(text, at);
    // The `)` of a case pattern would end a substitution too early for us.
    if (started && this.frames.includes('substitution') && /^case\b/.test(text.slice(at, at + 5)))
      this.lost = true;
    return at + 1;
  }

  private quotes(text: string, at: number): number | undefined {
    const char = text.charAt(at);
    if (char === '\\') return at + 2;
    if (char === "'") this.frames.push('single');
    else if (char === '"') this.frames.push('double');
    else if (char === '$' && text.charAt(at + 1) === "'") {
      this.frames.push('ansi');
      return at + 2;
    } else return this.expansion(text, at);
    return at + 1;
  }

  private expansion(text: string, at: number): number | undefined {
    if (text.charAt(at) === '`') {
      this.frames.push('backtick');
      return at + 1;
    }
    if (text.charAt(at) !== '$') return undefined;
    if (text.startsWith('((', at + 1)) {
      this.frames.push('arithmetic', 'arithmetic');
      return at + 3;
    }
    if (text.charAt(at + 1) === '(') {
      this.frames.push('substitution');
      this.wordStart = true;
      return at + 2;
    }
    if (text.charAt(at + 1) === '{') {
      this.frames.push('parameter');
      return at + 2;
    }
    return undefined;
  }

  /** `<<word` begins a here-document on the next line; `<<<` is a word like any other. */
  private redirect(text: string, at: number): number {
    if (text.charAt(at + 2) === '<') return at + 3;
    const match = /^<<(-?)[ \t]*((?:'[^']*'|"[^"]*"|\\.|[^\s;&|<>()'"\\])+)/.exec(text.slice(at));
    const [whole = '<<', dash = '', word = ''] = match ?? [];
    if (word === '' || word.includes('$') || word.includes('`') || at + whole.length === text.length)
      this.lost = true;
    this.pending.push({
      delimiter: word.replace(/\\(.)/g, '$1').replace(/['"]/g, ''),
      stripTabs: dash === '-',
      quoted: /['"\\]/.test(word),
      line: '',
      tainted: false,
      expands: false,
    });
    return at + whole.length;
  }
}
