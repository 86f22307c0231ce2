import { identity } from '../../definition/expressions/values.js';
import { removalSpan } from '../shared/edits.js';
import type { Rule } from '../rule.js';

export const duplicateCell: Rule = {
  id: 'value/duplicate-cell',
  severity: 'warning',
  summary: 'A value of a matrix that is there already: it makes no cell of its own.',
  docs: `
An axis of a matrix goes through its values once each. One that is written twice makes no second cell, so that fewer tasks
run than it looks like.

Values are told apart as they are written: \`3.1\` and \`3.10\`, \`7\` and \`007\` are two cells.

**How to fix it:** Remove the value, or write the one that was meant.
`,
  good: [
    {
      files:
        'tasks:\n  test:\n    matrix: { python: [3.1, 3.10] }\n    run: ./test.sh ${{ matrix.python }}\n    cache: false\n',
    },
  ],
  bad: [
    {
      files:
        'tasks:\n  test:\n    matrix: { python: [3.9, 3.10, «3.10»] }\n    run: ./test.sh ${{ matrix.python }}\n    cache: false\n',
      messages: ['`3.10` is there already: the matrix has one cell for both.'],
      fixed:
        'tasks:\n  test:\n    matrix: { python: [3.9, 3.10] }\n    run: ./test.sh ${{ matrix.python }}\n    cache: false\n',
    },
  ],
  check(context) {
    const { tree, path } = context.definition;
    for (const { matrix } of context.pipeline?.tasks ?? []) {
      const lists = (matrix?.axes ?? []).flatMap(({ values }) => ('text' in values ? [] : [values]));
      for (const values of [...lists, matrix?.include ?? []]) {
        const seen = new Set<string>();
        for (const { value, span } of values) {
          const known = seen.size;
          if (seen.add(identity(value)).size > known) continue;
          context.report({
            span,
            message: `\`${tree.text.slice(span.start, span.end)}\` is there already: the matrix has one cell for both.`,
            fixes: [
              {
                title: 'Remove it',
                edits: [{ path, span: removalSpan(tree, span), newText: '' }],
                preferred: false,
              },
            ],
          });
        }
      }
    }
  },
};
