import { isGlob } from '../../definition/text/paths.js';
import { isWithin } from '../shared/paths.js';
import type { RuleContext, Rule } from '../rule.js';
import { commandOf, type TaskCommand } from '../shared/commands.js';
import { shellTasks } from '../shared/shell-tasks.js';
import { isMissing } from './missing.js';

export const missingScript: Rule = {
  id: 'path/missing-script',
  severity: 'warning',
  summary: 'A command that runs a script that is not there and that no task makes.',
  docs: `
The task begins by running a script of the project, and there is none at that path. The run fails at this task.

It is said only where it is certain: of the first command of a task, of a path without expressions, when an interpreter
(\`python3 src/train.py\`) or the shell (\`./train.sh\`) is told to run it. What stands behind a condition or after another
command, which may have made the file, is passed over.

Commands run in the folder of the project, or in \`working-directory\`.

**How to fix it:** Correct the path, or name the script as an output of the task that makes it.
`,
  needsWholeText: true,
  good: [
    {
      files:
        'tasks:\n  train:\n    run: python3 src/train.py\n    inputs: [src]\n    outputs: { model: models/rain.bin }\n',
      disk: ['src/train.py'],
    },
    {
      files: {
        'example.pipeline.yaml':
          'tasks:\n  fetch:\n    run: curl -sO https://example.org/fit.py && python3 fit.py\n    cache: false\n  use:\n    run: ./tool.sh\n    cache: false\n',
        'make.pipeline.yaml':
          'tasks:\n  make:\n    run: echo "exit 0" > tool.sh\n    outputs: { tool: tool.sh }\n',
      },
      disk: [],
    },
  ],
  bad: [
    {
      files: 'tasks:\n  «train»:\n    run: python3 src/trian.py\n    cache: false\n',
      disk: ['src/train.py'],
      messages: ['The command of "train" runs src/trian.py, which does not exist, and no task makes it.'],
    },
    {
      files:
        'tasks:\n  «train»:\n    run: python3 src/train.py\n    working-directory: src\n    inputs: [src/train.py]\n    cache: false\n',
      disk: ['src/train.py'],
      messages: [
        'The command of "train" runs src/src/train.py, which does not exist, and no task makes it. Commands run in the `working-directory`: did you mean train.py?',
      ],
    },
  ],
  check(context) {
    for (const one of shellTasks(context)) {
      const command = commandOf(one);
      const path = command?.script;
      if (command === undefined || path === undefined || !isMissing(context, path, false)) continue;
      // Where an input is, or holds it, the input is what is missing.
      if (one.task.inputs.some(({ text }) => !isGlob(text) && isWithin(path, text))) continue;
      context.report({
        span: one.task.nameSpan,
        message: `The command of "${one.task.name}" runs ${path}, which does not exist, and no task makes it.${hint(context, command, path)}`,
      });
    }
  },
};

/** The path is one of the project, and the command runs in a folder of it. */
function hint(context: RuleContext, { folder }: TaskCommand, path: string): string {
  if (folder === '') return '';
  const written = path.slice(folder.length + 1);
  if (context.project.probe(written) !== 'file' || !written.startsWith(`${folder}/`)) return '';
  return ` Commands run in the \`working-directory\`: did you mean ${written.slice(folder.length + 1)}?`;
}
