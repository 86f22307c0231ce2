import type { Rule } from '../rule.js';
import { reportSyntax } from '../structural.js';

export const yaml: Rule = {
  id: 'syntax/yaml',
  severity: 'error',
  summary: 'The file is not valid YAML.',
  docs: `
The text can't be read as YAML 1.2: a bracket or a quote is not closed, a line is indented by a tab, or text stands where
only a key can stand.

The rest of the file is still read as far as it goes, but rules that judge by what is missing keep silent until the YAML
is whole again, because what they miss may stand in the part that could not be read. A pipeline with such an error does
not run.

**How to fix it:** Look at the marked place and at the line before it. A value that begins with one of
\`* & ! | > % @ \\\` { [\`, or that holds \`: \` or \` #\`, has to stand in quotes.
`,
  good: [{ files: 'tasks:\n  greet:\n    run: \'echo "note: hello"\'\n    cache: false\n' }],
  bad: [
    {
      files: 'tasks:\n  train:\n    run: «[./train.sh»\n    outputs: { model: models/rain.json }\n',
      messages: ['A closing `]` is missing, or is not indented enough.'],
    },
  ],
  check: (context) => reportSyntax(context, 'yaml'),
};
