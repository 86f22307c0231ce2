import { filesRead } from '../../model/command-files.js';
import { isGlob } from '../../model/paths.js';
import { firstKeyOf, valueAt } from '../../model/keys.js';
import type { Task } from '../../model/definition.js';
import { globBase, isWithin, normalizePath } from '../paths.js';
import { insertBefore } from '../edits.js';
import { indentAt } from '../places.js';
import type { Fix, Rule, RuleContext } from '../rule.js';
import { shellTasks } from '../shell-tasks.js';

export const unlistedInput: Rule = {
  id: 'path/unlisted-input',
  severity: 'info',
  summary: 'A script or a data file that the command names, and that is not among the inputs.',
  docs: `
A task is not run again as long as its command and its inputs are the same. A script or a file that the command names and that
\`inputs\` does not is not looked at: it changes, and the task counts as up to date with the results of before.

It is said of files that are there and that an interpreter or a script gets in the command, such as \`python3 train.py data.csv\`; not of
what a flag like \`--output\` names, of what the task itself writes, nor of tasks that run each time anyway.

**How to fix it:** Add the files to \`inputs\`, as the fix does, or a folder or a glob that holds them.
`,
  needsWholeText: true,
  good: [
    {
      files:
        'tasks:\n  train:\n    run: python3 src/train.py --data data/rain.csv --output models/rain.json\n    inputs: [src/, data/*.csv]\n    outputs: { model: models/rain.json }\n',
      disk: ['src/train.py', 'data/rain.csv', 'models/rain.json'],
    },
    {
      files: 'tasks:\n  say:\n    run: python3 say.py\n    cache: false\n',
      disk: ['say.py'],
    },
    {
      files:
        'tasks:\n  count:\n    run: echo see README.md && wc -l data.csv > lines.txt\n    outputs: { lines: lines.txt }\n',
      disk: ['README.md', 'data.csv'],
    },
  ],
  bad: [
    {
      files:
        'tasks:\n  «prepare»:\n    run: python3 prepare.py data.csv > clean.csv\n    inputs: []\n    outputs: { data: clean.csv }\n',
      disk: ['prepare.py', 'data.csv'],
      messages: [
        'The command of "prepare" names prepare.py and data.csv, which are not among its inputs: it does not run again when they change.',
      ],
      fixed:
        'tasks:\n  prepare:\n    run: python3 prepare.py data.csv > clean.csv\n    inputs: [prepare.py, data.csv]\n    outputs: { data: clean.csv }\n',
    },
    {
      files:
        'tasks:\n  «train»:\n    run: |\n      set -e\n      ./train.sh --rate=0.1\n    outputs: { model: models/rain.json }\n',
      disk: ['train.sh'],
      messages: [
        'The command of "train" names train.sh, which is not among its inputs: it does not run again when it changes.',
      ],
      fixed:
        'tasks:\n  train:\n    inputs: [train.sh]\n    run: |\n      set -e\n      ./train.sh --rate=0.1\n    outputs: { model: models/rain.json }\n',
    },
    {
      files:
        'tasks:\n  «train»:\n    run: python3 train.py\n    working-directory: src\n    inputs:\n      - data.csv\n    outputs: { model: models/rain.json }\n',
      disk: ['src/train.py', 'data.csv'],
      messages: [
        'The command of "train" names src/train.py, which is not among its inputs: it does not run again when it changes.',
      ],
      fixed:
        'tasks:\n  train:\n    run: python3 train.py\n    working-directory: src\n    inputs:\n      - data.csv\n      - src/train.py\n    outputs: { model: models/rain.json }\n',
    },
  ],
  check(context) {
    for (const { task, words } of shellTasks(context)) {
      if (!task.cache || task.outputs.length + task.metrics.length + task.plots.length === 0) continue;
      const files = unlisted(context, task, words);
      const [only] = files;
      if (only === undefined) continue;
      const names = files.length === 1 ? only : `${files.slice(0, -1).join(', ')} and ${files.at(-1) ?? ''}`;
      const [are, change] = files.length === 1 ? ['is', 'it changes'] : ['are', 'they change'];
      context.report({
        span: task.nameSpan,
        message: `The command of "${task.name}" names ${names}, which ${are} not among its inputs: it does not run again when ${change}.`,
        fixes: fixFor(context, task, files),
      });
    }
  },
};

/** Files of the command that are there, and neither read nor written by what the task says. */
function unlisted(context: RuleContext, task: Task, words: string): readonly string[] {
  const base = task.workingDirectory;
  if (base?.template !== undefined) return [];
  const written = [...task.outputs.map(({ path }) => path), ...task.metrics, ...task.plots];
  // Paths that only a run knows may be any of them.
  if ([...task.inputs, ...written].some(({ template }) => template !== undefined)) return [];
  const covers = (path: string, file: string): boolean => {
    const normal = normalizePath(isGlob(path) ? globBase(path) : path);
    return normal !== undefined && isWithin(file, normal);
  };
  return [...new Set(filesRead(words))].flatMap((name) => {
    const file = normalizePath(base === undefined ? name : `${base.text}/${name}`);
    if (file === undefined || file === '' || context.project.probe(file) !== 'file') return [];
    if (written.some(({ text }) => covers(text, file))) return [];
    return task.inputs.some(({ text }) => covers(text, file)) ? [] : [file];
  });
}

function fixFor(context: RuleContext, task: Task, files: readonly string[]): Fix[] {
  const { tree, path } = context.definition;
  const list = valueAt(task, 'inputs');
  const title = `Add ${files.join(', ')} to inputs`;
  const items = files.map((file) => (/^[\w./-]+$/.test(file) && !file.startsWith('-') ? file : `'${file}'`));
  if (list === undefined) {
    const first = firstKeyOf(task);
    if (first === undefined) return [];
    const edit = insertBefore(context, first.entry, first.flow, 'inputs', `[${items.join(', ')}]`);
    return [{ title, edits: [edit], preferred: true }];
  }
  if (list?.kind !== 'sequence') return [];
  const last = list.items.at(-1) ?? undefined;
  if (list.flow) {
    const at = last?.span.end ?? list.span.start + 1;
    const newText = `${last === undefined ? '' : ', '}${items.join(', ')}`;
    return [{ title, edits: [{ path, span: { start: at, end: at }, newText }], preferred: true }];
  }
  if (last === undefined) return [];
  const indent = indentAt(tree, last.span.start);
  const newText = items.map((item) => `\n${indent}- ${item}`).join('');
  return [
    {
      title,
      edits: [{ path, span: { start: last.span.end, end: last.span.end }, newText }],
      preferred: true,
    },
  ];
}
