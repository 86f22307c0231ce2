import type { Rule } from '../rule.js';
import { reportSyntax } from '../structural.js';

export const duplicateKey: Rule = {
  id: 'syntax/duplicate-key',
  severity: 'error',
  summary: 'A key occurs twice in one map.',
  docs: `
A map holds a key once. Where it stands twice, one of the two values is lost, and it is rarely the one that was meant:
often it is a task that was copied and not renamed.

**How to fix it:** Rename one of the keys, or put the two values together.
`,
  good: [
    { files: 'tasks:\n  split:\n    run: [./split.sh, ./check.sh]\n    outputs: { data: data/split.csv }\n' },
  ],
  bad: [
    {
      files:
        'tasks:\n  train:\n    run: ./a.sh\n    outputs: { model: a.json }\n  «train»:\n    run: ./b.sh\n    outputs: { model: b.json }\n',
      messages: ['Duplicate key `train`.'],
    },
  ],
  check: (context) => reportSyntax(context, 'duplicate-key', 'It is first here.'),
};
