/** Variables of a `.env` file: `NAME=value` lines as Docker Compose, python-dotenv and Node read them, and nothing expanded. */
import { ENV_NAME_PATTERN } from '../names/names.js';

type EnvText =
  | { readonly ok: true; readonly variables: ReadonlyMap<string, string> }
  /** `line` from 1. */
  | { readonly ok: false; readonly line: number; readonly message: string };

const NAME = new RegExp(ENV_NAME_PATTERN);

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$' };

/** The last of two lines with the same name wins. In one pass, whatever the text. */
export function parseEnvText(written: string): EnvText {
  const text = written.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n');
  const variables = new Map<string, string>();
  let start = 0;
  for (let line = 1; start < text.length; line++) {
    const end = lineEnd(text, start);
    const entry = text.slice(start, end);
    const sign = entry.indexOf('=');
    const isBlank = /^\s*(?:#|$)/.test(entry);
    if (!isBlank && sign === -1) return { ok: false, line, message: 'has no "=": write NAME=value' };
    start = end + 1;
    if (isBlank) continue;
    const name = entry
      .slice(0, sign)
      .trim()
      .replace(/^export\s+/, '');
    if (!NAME.test(name)) {
      const message = `"${name}" can't be the name of a variable: use letters, digits and "_"`;
      return { ok: false, line, message };
    }
    const value = entry.slice(sign + 1).trimStart();
    const quote = value.charAt(0);
    if (quote !== '"' && quote !== "'") {
      variables.set(name, withoutComment(value.trim()));
      continue;
    }
    // A value in quotes may go over lines.
    const open = end - value.length + 1;
    const close = closing(text, open, quote);
    if (close === undefined) return { ok: false, line, message: `the ${quote} is never closed` };
    const after = lineEnd(text, close);
    if (!/^\s*(?:#|$)/.test(text.slice(close + 1, after))) {
      return { ok: false, line, message: `nothing may follow the closing ${quote}` };
    }
    const inner = text.slice(open, close);
    variables.set(name, quote === '"' ? unescaped(inner) : inner);
    line += inner.split('\n').length - 1;
    start = after + 1;
  }
  return { ok: true, variables };
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
}

function withoutComment(text: string): string {
  const comment = /(?:^|\s)#/.exec(text);
  return (comment === null ? text : text.slice(0, comment.index)).trim();
}

/** Where the quotes end. @param from behind the first of them */
function closing(text: string, from: number, quote: string): number | undefined {
  for (let at = from; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === quote) return at;
    if (character === '\\' && quote === '"') at++;
  }
  return undefined;
}

function unescaped(text: string): string {
  return text.replace(/\\([\s\S])/g, (whole, character: string) => ESCAPES[character] ?? whole);
}
