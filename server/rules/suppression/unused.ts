import { endWhere } from '../../base/trim.js';
import type { Span } from '../../syntax/tree.js';
import { didYouMean, similar } from '../../definition/names/names.js';
import { removalSpan, renames } from '../shared/edits.js';
import { isRuleId, RULE_IDS } from '../ids.js';
import { lineOf, lineSpan } from '../shared/places.js';
import type { Directive, Fix, Report, Rule, RuleContext } from '../rule.js';

export const unused: Rule = {
  id: 'suppression/unused',
  severity: 'warning',
  summary: 'A suppression comment that silences nothing.',
  docs: `
\`# modelyard-disable-next-line <id>\` silences a rule on the next line, \`# modelyard-disable <id>\` in the whole file; several
ids are separated by commas, and a reason may follow after \` -- \`. A comment that silences nothing, because the finding
has gone or because no rule has that id, hides the next finding that comes along.

Nothing is said about rules that are off.

**How to fix it:** Remove the comment, or correct the id.
`,
  needsWholeText: true,
  good: [
    {
      files:
        'tasks:\n  # modelyard-disable-next-line task/no-outputs -- it only warms the cache up\n  train:\n    run: ./train.sh\n',
    },
  ],
  bad: [
    {
      files:
        'tasks:\n  # modelyard-disable-next-line «task/no-outputs»\n  train:\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n',
      messages: ['"task/no-outputs" finds nothing on the next line.'],
      fixed: 'tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n',
    },
    {
      files: '# modelyard-disable «task/no-output»\ntasks:\n  train:\n    run: ./train.sh\n',
      messages: ['There is no rule "task/no-output". Did you mean "task/no-outputs"?'],
      also: ['task/no-outputs'],
      fixed: '# modelyard-disable task/no-outputs\ntasks:\n  train:\n    run: ./train.sh\n',
    },
  ],
  check(context) {
    for (const directive of context.idleDirectives()) {
      const report = reportOf(context, directive);
      if (report !== undefined) context.report(report);
    }
  },
};

function reportOf(context: RuleContext, directive: Directive): Report | undefined {
  const { id, idSpan, scope, suffix } = directive;
  if (scope === 'unknown') {
    const { text } = context.definition.tree;
    const at = text.indexOf(suffix, idSpan.start + 'modelyard-disable'.length);
    const span = { start: at, end: at + suffix.length };
    return {
      span,
      message: `"modelyard-disable${suffix}" means nothing. Expected "modelyard-disable-next-line" or "modelyard-disable".`,
      fixes: /^-?next|^-?line/.test(suffix)
        ? renames(context, span, ['-next-line'], () => 'Change to "modelyard-disable-next-line"')
        : [],
    };
  }
  // Silencing this very rule is the one thing that can't be seen to be of use.
  if (id === 'suppression/unused') return undefined;
  if (id === '')
    return {
      span: idSpan,
      message: 'This comment names no rule. Write the ids of the rules to silence, separated by commas.',
      unnecessary: true,
      fixes: [removal(context, directive)],
    };
  if (!isRuleId(id)) {
    const candidates = similar(id, RULE_IDS);
    return {
      span: idSpan,
      message: `There is no rule "${id}".${didYouMean(candidates)}`,
      fixes: [...renames(context, idSpan, candidates), { ...removal(context, directive), preferred: false }],
    };
  }
  return {
    span: idSpan,
    message: `"${id}" finds nothing ${scope === 'file' ? 'in this file' : 'on the next line'}.`,
    unnecessary: true,
    fixes: [removal(context, directive)],
  };
}

/** Removes the id, or with the last one the comment, or with nothing else on it the line. */
function removal(context: RuleContext, directive: Directive): Fix {
  const { path } = context.definition;
  const edit = { path, span: removedSpan(context, directive), newText: '' };
  return { title: 'Remove the suppression', edits: [edit], preferred: true };
}

function removedSpan(context: RuleContext, directive: Directive): Span {
  const { tree } = context.definition;
  const { comment, idSpan, siblings } = directive;
  if (siblings.length > 1) return removalSpan({ ...tree, text: tree.text.slice(0, comment.end) }, idSpan);
  const line = lineSpan(tree, lineOf(tree, comment.start));
  const before = tree.text.slice(line.start, comment.start);
  const blanks = endWhere(before, (character) => character === ' ' || character === '\t').length;
  return blanks === before.length ? line : { start: comment.start - blanks, end: comment.end };
}
