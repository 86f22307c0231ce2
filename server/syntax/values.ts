/** Files of values that other tools read, too, as trees with exact spans: YAML, JSON and TOML, told by their extensions. */
import { runThrough } from '../base/runs/steps.js';
import { parsing } from './parse.js';
import { parsingToml } from './toml.js';
import type { SyntaxTree } from './tree.js';

/** What such a file may be called. */
export const VALUES_FILE = /\.(?:ya?ml|json|toml)$/i;

/** Never throws. Expressions mean nothing in it. */
export function parseValues(text: string, path: string): SyntaxTree {
  return runThrough(parsingValues(text, path));
}

/** The same in steps, for who has others to answer in between. */
export function* parsingValues(text: string, path: string): Generator<void, SyntaxTree> {
  if (/\.toml$/i.test(path)) return yield* parsingToml(text);
  if (/\.json$/i.test(path)) return yield* parsingJson(text);
  return yield* parsing(text, undefined, () => undefined);
}

/** JSON is YAML but for its tabs, which stand between tokens only: in its strings they are escaped. */
function* parsingJson(text: string): Generator<void, SyntaxTree> {
  const tree = { ...(yield* parsing(text.replaceAll('\t', ' '), undefined, () => undefined)), text };
  yield;
  const start = yield* firstWrong(text);
  if (start === undefined || tree.problems.some(({ code }) => code === 'yaml')) return tree;
  const span = { start, end: Math.min(text.length, start + 1) };
  const found =
    start >= text.length ? 'it ends too early' : `unexpected ${JSON.stringify(text.charAt(start))}`;
  return {
    ...tree,
    problems: [{ code: 'yaml', span, message: `This is no JSON: ${found}.` }, ...tree.problems],
  };
}

const TOKEN =
  /^(?:("(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)|([{}[\],:]))/u;

/** So many tokens are looked at in one step. */
const TOKENS_A_STEP = 1_000;

/** The first place where a text is no JSON: V8 does not tell it of most texts. */
function* firstWrong(text: string): Generator<void, number | undefined> {
  const open: ('{' | '[')[] = [];
  let wanted: 'value' | 'value or end' | 'key' | 'key or end' | 'colon' | 'comma or end' = 'value';
  let at = 0;
  for (let tokens = 1; ; tokens++) {
    if (tokens % TOKENS_A_STEP === 0) yield;
    while (/[ \t\n\r]/.test(text.charAt(at))) at++;
    const here = at;
    if (wanted === 'comma or end' && open.length === 0) return here === text.length ? undefined : here;
    const found = TOKEN.exec(text.slice(here));
    if (found === null) return here;
    const [token, string, literal, sign] = found;
    at += token.length;
    if (wanted === 'colon') {
      if (sign !== ':') return here;
      wanted = 'value';
    } else if (sign === '}' || sign === ']') {
      const closes = sign === '}' ? '{' : '[';
      const mayEnd = wanted === 'comma or end' || wanted === (sign === '}' ? 'key or end' : 'value or end');
      if (!mayEnd || open.pop() !== closes) return here;
      wanted = 'comma or end';
    } else if (wanted === 'comma or end') {
      if (sign !== ',') return here;
      wanted = open.at(-1) === '{' ? 'key' : 'value';
    } else if (wanted.startsWith('key')) {
      if (string === undefined) return here;
      wanted = 'colon';
    } else if (sign === '{' || sign === '[') {
      open.push(sign);
      wanted = sign === '{' ? 'key or end' : 'value or end';
    } else if (string !== undefined || literal !== undefined) wanted = 'comma or end';
    else return here;
  }
}
