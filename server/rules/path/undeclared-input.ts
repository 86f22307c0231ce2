import type { Task } from '../../definition/definition.js';
import { writtenText } from '../../syntax/written.js';
import { compileGlob } from '../../definition/text/glob.js';
import { firstKeyOf, keyOf } from '../../definition/keys.js';
import { isGlob, isOutputGlob } from '../../definition/text/paths.js';
import { importedBy, type ModuleFiles, moduleFile } from '../../definition/python/imports.js';
import { commandOf } from '../shared/commands.js';
import { addToList, insertBefore } from '../shared/edits.js';
import { isWithin, normalizePath } from '../shared/paths.js';
import type { Edit, Fix, ProjectView, Rule, RuleContext } from '../rule.js';
import { type ShellTask, shellTasks } from '../shared/shell-tasks.js';

/** So many are told by name. */
const MOST_NAMED = 4;

export const undeclaredInput: Rule = {
  id: 'path/undeclared-input',
  severity: 'info',
  summary:
    'A script or a data file that the command names, or a module that its scripts import, and that is not among the inputs.',
  docs: `
A task is not run again as long as its command and its inputs are the same. A file that the command reads and that
\`inputs\` does not have is not looked at: it changes, and the task counts as up to date with the results of before.

It is said of files that are there and that an interpreter or a script gets in the command, such as \`python3 train.py data.csv\` or
\`python3 -m rain.train\`, of what \`<\` hands over, and of the modules of the project that Python scripts import, over any number of steps: they are
read, and nothing is run. Not of what a flag like \`--output\` names, of what stands after a \`cd\`, of words with expressions, of what the task itself
writes, nor of tasks that run each time anyway.

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
        'The command of "prepare" reads prepare.py and data.csv, which are not among its inputs: it does not run again when they change.',
      ],
      fixed:
        'tasks:\n  prepare:\n    run: python3 prepare.py data.csv > clean.csv\n    inputs: [prepare.py, data.csv]\n    outputs: { data: clean.csv }\n',
    },
    {
      files:
        'tasks:\n  «prepare»:\n    run: python3 prepare.py 2024 true > clean.csv\n    inputs: prepare.py\n    outputs: { data: clean.csv }\n',
      disk: ['prepare.py', '2024', 'true'],
      messages: [
        'The command of "prepare" reads 2024 and true, which are not among its inputs: it does not run again when they change.',
      ],
      fixed:
        "tasks:\n  prepare:\n    run: python3 prepare.py 2024 true > clean.csv\n    inputs: [prepare.py, '2024', 'true']\n    outputs: { data: clean.csv }\n",
    },
    {
      files:
        'tasks:\n  «train»:\n    run: |\n      set -e\n      ./train.sh --rate=0.1\n    outputs: { model: models/rain.json }\n',
      disk: ['train.sh'],
      messages: [
        'The command of "train" reads train.sh, which is not among its inputs: it does not run again when it changes.',
      ],
      fixed:
        'tasks:\n  train:\n    inputs: [train.sh]\n    run: |\n      set -e\n      ./train.sh --rate=0.1\n    outputs: { model: models/rain.json }\n',
    },
    {
      files:
        'tasks:\n  «train»:\n    run: python3 train.py\n    working-directory: src\n    inputs:\n      - data.csv\n    outputs: { model: models/rain.json }\n',
      disk: ['src/train.py', 'data.csv'],
      messages: [
        'The command of "train" reads src/train.py, which is not among its inputs: it does not run again when it changes.',
      ],
      fixed:
        'tasks:\n  train:\n    run: python3 train.py\n    working-directory: src\n    inputs:\n      - data.csv\n      - src/train.py\n    outputs: { model: models/rain.json }\n',
    },
  ],
  check(context) {
    for (const one of shellTasks(context)) {
      const { task } = one;
      if (!task.cache || task.outputs.length + task.metrics.length + task.plots.length === 0) continue;
      const files = undeclared(context, one);
      if (files.length === 0) continue;
      const [are, change] = files.length === 1 ? ['is', 'it changes'] : ['are', 'they change'];
      context.report({
        span: task.nameSpan,
        message: `The command of "${task.name}" reads ${filesInWords(files)}, which ${are} not among its inputs: it does not run again when ${change}.`,
        fixes: addInputs(context, task, files),
      });
    }
  },
};

/** `a.csv, b.csv and 3 more` */
export function filesInWords(files: readonly string[]): string {
  const shown = files.slice(0, MOST_NAMED);
  const more = files.length - shown.length;
  const last = more > 0 ? `${more} more` : shown.pop();
  return shown.length === 0 ? (last ?? '') : `${shown.join(', ')} and ${last ?? ''}`;
}

/** Files that the command of a task names, or its scripts import, and that it does not declare. */
export function undeclaredFiles(context: RuleContext, task: Task): readonly string[] {
  const one = shellTasks(context).find((shellTask) => shellTask.task === task);
  return one === undefined ? [] : undeclared(context, one);
}

/** Files of the command that are there, and neither read nor written by what the task says. */
function undeclared(context: RuleContext, one: ShellTask): readonly string[] {
  const { task } = one;
  if (task.autoInputs !== undefined) return [];
  const written = [...task.outputs.map(({ path }) => path), ...task.metrics, ...task.plots];
  // Paths that only a run knows may be any of them.
  if ([...task.inputs, ...written].some(({ template }) => template !== undefined)) return [];
  const command = commandOf(one);
  if (command === undefined) return [];
  const project = reader(context.project);
  const started = [
    ...command.files.filter((file) => project.isFile(file)),
    ...command.modules.flatMap((module) => moduleFile(module, command.folder, project) ?? []),
  ];
  const known = [
    ...task.inputs.map(({ text }) => ({ text, glob: isGlob(text) })),
    ...written.map(({ text }) => ({ text, glob: isOutputGlob(text) })),
  ];
  return [...new Set([...started, ...importedBy(started, project)])].filter(
    (file) => !known.some((path) => covers(path, file)),
  );
}

/** What an input leaves out by `!` is left out on purpose: it counts as known. */
function covers({ text, glob }: { readonly text: string; readonly glob: boolean }, file: string): boolean {
  if (glob) {
    const compiled = compileGlob(text);
    return !compiled.ok || compiled.glob.matches(file);
  }
  const path = normalizePath(text);
  return path !== undefined && isWithin(file, path);
}

function reader(project: ProjectView): ModuleFiles {
  return {
    isFile: (path) => project.probe(path) === 'file',
    text: (path) => {
      const found = project.text?.(path);
      return found?.kind === 'text' ? found.text : undefined;
    },
  };
}

/** Adds files to the inputs of a task, in the form that these have. */
export function addInputs(context: RuleContext, task: Task, files: readonly string[]): Fix[] {
  const list = keyOf(task, 'inputs');
  const first = firstKeyOf(task);
  const items = files.map(writtenText);
  let edit: Edit | undefined;
  if (list !== undefined) edit = addToList(context, list.value, items);
  else if (first !== undefined)
    edit = insertBefore(context, first.entry, first.flow, 'inputs', `[${items.join(', ')}]`);
  if (edit === undefined) return [];
  return [{ title: `Add ${filesInWords(files)} to inputs`, edits: [edit], preferred: true }];
}
