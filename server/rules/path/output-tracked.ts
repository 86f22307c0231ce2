import { quoteWord } from '../../definition/shell/shell.js';
import { normalizePath } from '../shared/paths.js';
import type { Rule } from '../rule.js';

export const outputTracked: Rule = {
  id: 'path/output-tracked',
  severity: 'error',
  summary: 'An output that git tracks, or a folder with files that git tracks.',
  docs: `
A task's outputs are what it makes: they are taken away before it runs, restored from the cache, and replaced when something
changes. What git tracks is what people write. A path can't be both, so a run of such a pipeline is refused before anything
starts.

A single file is taken where git is meant to keep it: one with \`cache: false\`, and files of \`metrics\` and \`plots\`, which
are often committed to be compared. Outputs with \`persist: true\` stay in place and are taken, too.

**How to fix it:** Write to a path of its own; or let git forget the file (\`git rm --cached FILE\`) and ignore it.
`,
  good: [
    {
      files: 'tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n',
      tracked: ['src/train.py', 'models.md'],
    },
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    outputs: { report: { path: report.md, cache: false } }\n',
      tracked: ['report.md'],
    },
  ],
  bad: [
    {
      files: 'tasks:\n  train:\n    run: ./train.sh\n    outputs: { code: «src» }\n',
      tracked: ['src/train.py'],
      messages: [
        'Git tracks "src/train.py" in the output "src". Write to a path of its own, or let git forget it: git rm -r --cached -- src.',
      ],
    },
    {
      files: 'tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: «rain.json» }\n',
      tracked: ['rain.json'],
      messages: [
        'Git tracks the output "rain.json". Write to a path of its own, or let git forget it: git rm -r --cached -- rain.json.',
      ],
    },
  ],
  check(context) {
    if (context.pipeline === undefined) return;
    for (const instance of context.graph().instances) {
      for (const { path: given, text, role, output } of instance.outputs) {
        const path = given === undefined ? undefined : normalizePath(given);
        // The project's own folder is refused by another rule.
        if (path === undefined || path === '' || output?.persist === true) continue;
        const file = context.project.tracked?.(path);
        if (file === undefined) continue;
        if (file === path && (role !== 'output' || output?.cache === false)) continue;
        const what = file === path ? `the output "${path}"` : `"${file}" in the output "${path}"`;
        context.report({
          span: text.span,
          message: `Git tracks ${what}. Write to a path of its own, or let git forget it: git rm -r --cached -- ${quoteWord(path)}.`,
        });
      }
    }
  },
};
