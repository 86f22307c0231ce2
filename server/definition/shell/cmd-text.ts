/**
 * Puts values into a batch file for Windows' `cmd`: in double quotes, which keep blanks and operators in a word, with `%`
 * doubled. What quotes can't hold is refused instead: `"` and line ends (a batch file that gets them, such as a `.cmd` shim,
 * reads them once more), and `%`, `^`, `!` where the script has something that is read twice.
 */
import type { Json } from '../definition.js';
import { ScriptText } from './script-text.js';
import { toText } from '../expressions/values.js';

/** Needs no quotes anywhere. */
const HARMLESS = /^[A-Za-z0-9_.+/-][A-Za-z0-9_.+:/-]*$/;
/** Control characters, halves of characters, and what Windows makes a `"` of for programs that know one code page only. */
const UNQUOTABLE = /["\u02ba\uff02]|\u030e|(?!\t)\p{Cc}|\p{Cs}/u;
/** Where a line is read a second time, in part or by another `cmd`: its values would be expanded there. */
const READ_TWICE = /\||\b(?:call|cmd|for|start|enabledelayedexpansion)\b/i;
/** What `%` can begin in a batch file. */
const EXPANSION = /%%|%\*|%[0-9]|%~[A-Za-z]*[0-9]|%[^%\r\n]+%/g;
/** As many characters as `cmd` reads of a line. */
const LONGEST_LINE = 8191;

const HINT = 'Hand it over in `env`, and let the program read it from the environment.';

export class CmdText extends ScriptText {
  #quoted = false;
  /** The text ends in a `^`, which would take hold of what follows. */
  #dangling = false;
  /** A value holds `%`, `^` or `!`. */
  #sensitive = false;
  /** What the author wrote, with `x` in the places of values. */
  #own = '';

  protected override readonly refusal = `The value can't be quoted safely for cmd: it has a quote, a line end or another control character, or it touches a quote, a backslash, \`^\` or a lone \`%\`. Put the whole word in quotes (\`"data\\\${{ … }}"\`). ${HINT}`;

  override end(): string | undefined {
    if (this.#sensitive && READ_TWICE.test(this.#own.replaceAll('||', ''))) {
      return `A value with %, ^ or ! can't be put into a script for cmd that has a pipe, \`call\`, \`for\`, \`start\`, \`cmd\` or delayed expansion: it would be read twice there. ${HINT}`;
    }
    return this.text.split('\n').some((line) => line.length > LONGEST_LINE)
      ? `A line is longer than cmd can read (${LONGEST_LINE} characters). ${HINT}`
      : undefined;
  }

  protected override harmless(text: string): boolean {
    return !this.#dangling && HARMLESS.test(text);
  }

  protected follow(from: number): void {
    const added = this.text.slice(from);
    this.#own += added;
    this.#dangling = false;
    for (let at = 0; at < added.length; at++) {
      const char = added.charAt(at);
      if (char === '\n') this.#quoted = false;
      else if (char === '"') this.#quoted = !this.#quoted;
      else if (char === '^' && !this.#quoted) this.#dangling = ++at >= added.length;
    }
  }

  protected quote(value: Json, next: string): string | undefined {
    // A list is several words outside of quotes, as in the other shells.
    const words = Array.isArray(value) && !this.#quoted ? value.map(toText) : [toText(value)];
    const quoted: string[] = [];
    for (const [index, word] of words.entries()) {
      const one = this.#word(word, index === 0 ? this.before : ' ', index === words.length - 1 ? next : ' ');
      if (one === undefined) return undefined;
      quoted.push(one);
    }
    this.#sensitive ||= words.some((word) => /[%^!]/.test(word));
    this.#own += 'x';
    return quoted.join(' ');
  }

  #word(word: string, before: string, next: string): string | undefined {
    if (this.#dangling || UNQUOTABLE.test(word)) return undefined;
    if (HARMLESS.test(word)) return word;
    const line = this.text.slice(this.text.lastIndexOf('\n') + 1);
    if (line.replace(EXPANSION, '').includes('%')) return undefined;
    const escaped = word.replaceAll('%', '%%');
    // Programs read `\"` as a quote and `\\"` as a backslash at the end.
    let end = escaped.length;
    while (escaped.charAt(end - 1) === '\\') end--;
    const ending = escaped + escaped.slice(end);
    if (!this.#quoted) return /["\\]/.test(before) || next === '"' ? undefined : `"${ending}"`;
    if (next === '"') return word === '' && before === '\\' ? undefined : ending;
    return next === '' && word.endsWith('\\') ? undefined : escaped;
  }
}
