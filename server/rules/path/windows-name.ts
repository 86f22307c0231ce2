import { normalizePath, windowsNameProblem } from '../../definition/text/paths.js';
import type { Rule } from '../rule.js';

export const windowsName: Rule = {
  id: 'path/windows-name',
  severity: 'info',
  summary: 'An output with a name that no file of Windows can have.',
  docs: `
Windows keeps some names for devices (\`CON\`, \`NUL\`, \`COM1\`, with any ending), takes none of \`< > : " | ? *\` in a name, and drops
dots and blanks at the end of one. A project with such an output can be checked out there, but the task fails.

**How to fix it:** Choose another name, or suppress the finding where the project never comes to Windows.
`,
  good: [{ files: 'tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: models/auxiliary.json }\n' }],
  bad: [
    {
      files: 'tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: «models/aux.json» }\n',
      messages: ['"models/aux.json" can\'t be made on Windows: "aux.json" is the name of a device there.'],
    },
    {
      files:
        "tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: «'models/12:30.json'», log: «'logs./x.txt'» }\n",
      messages: [
        '"models/12:30.json" can\'t be made on Windows: "12:30.json" has ":" in it.',
        '"logs./x.txt" can\'t be made on Windows: "logs." ends in a dot or a blank, which is dropped there.',
      ],
    },
  ],
  check(context) {
    if (context.pipeline === undefined) return;
    for (const { outputs } of context.graph().instances) {
      for (const { path, glob, text } of outputs) {
        if (path === undefined) continue;
        const problem = windowsNameProblem(normalizePath(glob ? path.replace(/[*?]/g, 'x') : path));
        if (problem !== undefined) {
          context.report({
            span: text.span,
            message: `"${path}" can't be made on Windows: ${problem}.`,
          });
        }
      }
    }
  },
};
