/**
 * Comments that silence rules:
 *
 *     # modelyard-disable path/missing-input                      in the whole file
 *     # modelyard-disable-next-line graph/cycle, task/no-outputs  on the next line that says something
 *
 * A reason may follow after ` -- `. A finding inside a scalar of several lines (a `run: |`) belongs to the line on which
 * that scalar begins too, because no comment can stand inside of it.
 */
import { lineOf, scalarAt } from './shared/places.js';
import type { SyntaxTree } from '../syntax/tree.js';
import type { Directive } from './rule.js';

/** The line of a directive that is about all of them. */
const WHOLE_FILE = -1;

const OPENING = /^#[ \t]*modelyard-disable([^\s:,]*)/;

/** Every naming of a rule in the suppression comments of a file, in the order of the text. */
export function directivesOf(tree: SyntaxTree): Directive[] {
  const directives: Directive[] = [];
  for (const comment of tree.comments) {
    const text = tree.text.slice(comment.span.start, comment.span.end);
    const opening = OPENING.exec(text);
    if (opening === null) continue;
    const suffix = opening[1] ?? '';
    const scope = suffix === '' ? 'file' : suffix === '-next-line' ? 'next-line' : 'unknown';
    const rest = text.slice(opening[0].length);
    const reason = /(?:^|\s)--(?:\s|$)/.exec(rest);
    const list = reason === null ? rest : rest.slice(0, reason.index);
    const offset = comment.span.start + opening[0].length;
    const names = [...list.matchAll(/[^\s,:]+/g)].map((match) => ({
      id: match[0],
      idSpan: { start: offset + match.index, end: offset + match.index + match[0].length },
    }));
    const siblings = names.map((name) => name.id);
    const line = scope === 'next-line' ? nextLine(tree, comment.span.start) : WHOLE_FILE;
    const empty = { id: '', idSpan: comment.span };
    for (const name of names.length > 0 && scope !== 'unknown' ? names : [empty])
      directives.push({ ...name, scope, line, comment: comment.span, siblings, suffix });
  }
  return directives;
}

/** The first line after `offset`'s that holds more than blanks and comments. */
function nextLine(tree: SyntaxTree, offset: number): number {
  const { text, lineStarts } = tree;
  let line = lineOf(tree, offset) + 1;
  for (; line < lineStarts.length; line++) {
    if (!/^\s*(?:#|$)/.test(text.slice(lineStarts[line], lineStarts[line + 1]))) return line;
  }
  return line;
}

function groupOf(rule: string, line: number): string {
  return `${line} ${rule}`;
}

/** Decides which findings of a file are silenced, and remembers which directives have been of use. */
export class Suppressions {
  readonly #tree: SyntaxTree;
  readonly #directives: readonly Directive[];
  /** By what they silence. */
  readonly #groups = new Map<string, { used: boolean }>();
  /** Rules that are silenced on some lines. */
  readonly #onLines = new Set<string>();

  constructor(tree: SyntaxTree) {
    this.#tree = tree;
    this.#directives = directivesOf(tree);
    for (const { id, scope, line } of this.#directives) {
      if (scope === 'unknown') continue;
      this.#groups.set(groupOf(id, line), { used: false });
      if (scope === 'next-line') this.#onLines.add(id);
    }
  }

  /** Whether a finding of `rule` that begins at `offset` is silenced. */
  covers(rule: string, offset: number): boolean {
    if (this.#directives.length === 0) return false;
    let covered = false;
    for (const line of this.#onLines.has(rule) ? [WHOLE_FILE, ...this.#linesOf(offset)] : [WHOLE_FILE]) {
      const group = this.#groups.get(groupOf(rule, line));
      if (group === undefined) continue;
      group.used = true;
      covered = true;
    }
    return covered;
  }

  /** The directives that have silenced nothing so far. */
  idle(): Directive[] {
    return this.#directives.filter(({ id, line }) => this.#groups.get(groupOf(id, line))?.used !== true);
  }

  #linesOf(offset: number): number[] {
    const lines = [lineOf(this.#tree, offset)];
    const scalar = scalarAt(this.#tree, offset);
    if (scalar !== undefined) lines.push(lineOf(this.#tree, scalar.span.start));
    return lines;
  }
}
