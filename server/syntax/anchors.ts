/** Where a text writes `&name` and `*name`: the tree has the values that they stand for, and no trace of the words. */
import { type CST, Lexer, Parser } from 'yaml';
import { defined } from '../base/defined.js';
import { runThrough } from '../base/runs/steps.js';
import type { Span, SyntaxTree } from './tree.js';

export interface AnchorMark {
  readonly name: string;
  /** The name alone, without `&` or `*`. */
  readonly span: Span;
  /** Of an alias: the anchor that it means, the last one of its name before it. */
  readonly anchor?: AnchorMark;
}

export interface AnchorMarks {
  readonly anchors: readonly AnchorMark[];
  readonly aliases: readonly AnchorMark[];
}

const NONE: AnchorMarks = { anchors: [], aliases: [] };

/** Whether a text may hold any: most files hold none, and aren't read a second time. */
const MARK = /(?:^|[\s,[{])[&*][^\s,[\]{}&*]/;

const known = new WeakMap<SyntaxTree, AnchorMarks>();

/** The marks of a text, in its order. */
export function anchorMarks(tree: SyntaxTree): AnchorMarks {
  return known.get(tree) ?? runThrough(markingAnchors(tree));
}

/** The same in steps, for who has others to answer in between: who asks for them afterwards has them. */
export function* markingAnchors(tree: SyntaxTree): Generator<void, AnchorMarks> {
  // What was not read as YAML has none; nor is a text read that nothing came of.
  const marks =
    known.get(tree) ?? (tree.root === null || !MARK.test(tree.text) ? NONE : yield* reading(tree.text));
  known.set(tree, marks);
  return marks;
}

/** So many lexemes, or tokens, are looked at in one step. */
const A_STEP = 2_000;

function* reading(text: string): Generator<void, AnchorMarks> {
  const found: { readonly kind: 'anchor' | 'alias'; readonly name: string; readonly at: number }[] = [];
  const stack: unknown[] = [];
  const parser = new Parser();
  let seen = 0;
  for (const lexeme of new Lexer().lex(text, false)) {
    stack.push(...parser.next(lexeme));
    if (++seen % A_STEP === 0) yield;
  }
  stack.push(...parser.end());
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (++seen % A_STEP === 0) yield;
    if (Array.isArray(next)) {
      for (const item of next) stack.push(item);
    } else if (typeof next === 'object' && next !== null) {
      const token = next as CST.Token;
      if (token.type === 'anchor' || token.type === 'alias') {
        found.push({ kind: token.type, name: token.source.slice(1), at: token.offset + 1 });
      } else {
        for (const part of ['items', 'start', 'key', 'sep', 'value', 'end', 'props'] as const) {
          const inner = (token as unknown as Readonly<Record<string, unknown>>)[part];
          if (typeof inner === 'object') stack.push(inner);
        }
      }
    }
  }
  found.sort((left, right) => left.at - right.at);
  const anchors: AnchorMark[] = [];
  const aliases: AnchorMark[] = [];
  const last = new Map<string, AnchorMark>();
  for (const { kind, name, at } of found) {
    const span = { start: at, end: at + name.length };
    if (kind === 'anchor') {
      const mark = { name, span };
      anchors.push(mark);
      last.set(name, mark);
    } else {
      const anchor = last.get(name);
      aliases.push({ name, span, ...defined({ anchor }) });
    }
  }
  return { anchors, aliases };
}

/** What stands behind `<<:` on its line: the aliases that a merge at an offset takes, if there is one. */
export function mergeAt(tree: SyntaxTree, offset: number): readonly AnchorMark[] {
  const { text } = tree;
  const start = [offset, offset - 1, offset - 2].find((at) => at >= 0 && text.startsWith('<<', at));
  if (start === undefined) return [];
  const end = text.indexOf('\n', start);
  const stop = end === -1 ? text.length : end;
  const taken: AnchorMark[] = [];
  let from = start + 2;
  for (const alias of anchorMarks(tree).aliases) {
    if (alias.span.start < from || alias.span.end > stop) continue;
    // Only what the merge itself lists: `<<: *a` and `<<: [*a, *b]`.
    if (!/^[\s:[,*]*$/.test(text.slice(from, alias.span.start))) break;
    taken.push(alias);
    from = alias.span.end;
  }
  return taken;
}
