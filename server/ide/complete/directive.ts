/** Completion in comments: the suppressions and the ids of rules. */
import { endWhere } from '../../base/trim.js';
import { ALL_RULES } from '../../rules/index.js';
import { lineAt } from '../../syntax/text.js';
import type { SyntaxTree } from '../../syntax/tree.js';
import type { Completion } from '../types.js';

const DIRECTIVES = [
  ['modelyard-disable-next-line', 'silences rules on the next line'],
  ['modelyard-disable', 'silences rules in this file'],
] as const;

/** Undefined where the cursor is in no comment. */
export function completeDirective(tree: SyntaxTree, offset: number): Completion[] | undefined {
  const comment = tree.comments.find(({ span }) => span.start < offset && offset <= span.end);
  const lineStart = tree.lineStarts[lineAt(tree.lineStarts, offset)] ?? 0;
  const text = tree.text.slice(comment?.span.start ?? lineStart, offset);
  if (comment === undefined) {
    // Behind a comment's last blank the tree has no comment any more.
    if (!/^\s*#\s*modelyard-disable(?:-next-line)?[\s\w/,-]*$/.test(text)) return undefined;
  }
  const ids = /#\s*modelyard-disable(?:-next-line)?\s+((?:[\w/-]+\s*,?\s*)*)$/.exec(text);
  const typed = endWhere(text, (character) => /[\w/-]/.test(character));
  const tail = /^[\w/-]*/.exec(tree.text.slice(offset))?.[0] ?? '';
  const span = { start: offset - typed.length, end: offset + tail.length };
  if (ids !== null) {
    const taken = new Set((ids[1] ?? '').split(/[\s,]+/));
    return ALL_RULES.filter((rule) => rule.id === typed || !taken.has(rule.id)).map((rule) => ({
      label: rule.id,
      kind: 'rule',
      detail: rule.severity,
      documentation: rule.summary,
      span,
      newText: rule.id,
      snippet: false,
      sortText: rule.id,
    }));
  }
  const alone = comment === undefined || tree.text.slice(lineStart, comment.span.start).trim() === '';
  if (!alone || !/^\s*#\s*[\w-]*$/.test(text)) return [];
  return DIRECTIVES.map(([label, detail], index) => ({
    label,
    kind: 'snippet',
    detail,
    span,
    newText: `${label} `,
    snippet: false,
    sortText: String(index),
    again: true,
  }));
}
