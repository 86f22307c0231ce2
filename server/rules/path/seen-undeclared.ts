import type { Task } from '../../definition/definition.js';
import { openedAndDeclared } from '../../definition/graph/opened.js';
import { firstKeyOf, keyOf } from '../../definition/keys.js';
import { folderOf } from '../../definition/text/paths.js';
import { writtenText } from '../../syntax/written.js';
import { insertBefore } from '../shared/edits.js';
import type { Fix, Rule, RuleContext } from '../rule.js';
import { addInputs, filesInWords, undeclaredFiles } from './undeclared-input.js';

/** So many files of one kind in a folder are named by a pattern. */
const PATTERN_FROM = 4;

export const seenUndeclared: Rule = {
  id: 'path/seen-undeclared',
  severity: 'hint',
  summary: 'A file that a task read or wrote in its last run, and that is not among its inputs or outputs.',
  docs: `
While a task runs that uses Python, Modelyard notes which files of the project it opens (\`modelyard inputs TASK\`). What it read and does not
declare can change, and the task counts as up to date. What it wrote and does not declare is neither kept with the run nor brought back from the
cache, and no other task waits for it.

Of files that the command names, or that its scripts import, \`path/undeclared-input\` speaks. Files that are no more are left out, and so are tasks with
\`inputs: auto\` and those that run each time anyway.

**How to fix it:** Add the files, as the fix does; or leave it where they are of no account, a log say.
`,
  needsWholeText: true,
  good: [
    {
      files:
        'name: rain\ntasks:\n  train:\n    run: make model.json\n    inputs: [data/]\n    outputs: { model: model.json }\n',
      disk: ['data/a.csv', 'model.json'],
      opened: { 'rain.train': { read: ['data/a.csv', 'gone.csv'], written: ['model.json'] } },
    },
    {
      files:
        'name: rain\ntasks:\n  train:\n    run: make model.json\n    inputs: auto\n    outputs: { model: model.json }\n',
      disk: ['a.csv', 'model.json'],
      opened: { 'rain.train': { read: ['a.csv'], written: ['model.json'] } },
    },
  ],
  bad: [
    {
      files:
        'name: rain\ntasks:\n  train:\n    run: make model.json\n    «inputs»: [data/raw.csv]\n    outputs: { model: model.json }\n',
      disk: ['data/raw.csv', 'src/model.py', 'conf/train.yaml', 'model.json'],
      opened: {
        'rain.train': { read: ['conf/train.yaml', 'data/raw.csv', 'src/model.py'], written: ['model.json'] },
      },
      messages: [
        'In its last run "train" read conf/train.yaml and src/model.py, which are not among its inputs: it does not run again when they change.',
      ],
      fixed:
        'name: rain\ntasks:\n  train:\n    run: make model.json\n    inputs: [data/raw.csv, conf/train.yaml, src/model.py]\n    outputs: { model: model.json }\n',
    },
    {
      files: 'name: rain\ntasks:\n  «train»:\n    run: make model.json\n    outputs: { model: model.json }\n',
      disk: ['data/1.csv', 'data/2.csv', 'data/3.csv', 'data/4.csv', 'model.json'],
      opened: {
        'rain.train': {
          read: ['data/1.csv', 'data/2.csv', 'data/3.csv', 'data/4.csv'],
          written: ['model.json'],
        },
      },
      messages: [
        'In its last run "train" read data/*.csv, which is not among its inputs: it does not run again when it changes.',
      ],
      fixed:
        'name: rain\ntasks:\n  train:\n    inputs: [data/*.csv]\n    run: make model.json\n    outputs: { model: model.json }\n',
    },
    {
      files:
        'name: rain\ntasks:\n  train:\n    run: make model.json\n    inputs: []\n    «outputs»:\n      model: model.json\n',
      disk: ['model.json', 'reports/train log.txt'],
      opened: { 'rain.train': { read: [], written: ['model.json', 'reports/train log.txt'] } },
      messages: [
        'In its last run "train" wrote reports/train log.txt, which is not among its outputs: it is not kept with the run, and not brought back from the cache.',
      ],
      fixed:
        'name: rain\ntasks:\n  train:\n    run: make model.json\n    inputs: []\n    outputs:\n      train-log: reports/train log.txt\n      model: model.json\n',
    },
  ],
  check(context) {
    const { pipeline, project } = context;
    for (const task of pipeline?.tasks ?? []) {
      const opened = pipeline === undefined ? undefined : project.opened?.(pipeline.name, task.name);
      if (opened === undefined || !task.cache || task.autoInputs !== undefined) continue;
      if (task.outputs.length + task.metrics.length + task.plots.length === 0) continue;
      const { read, written } = openedAndDeclared(task, opened);
      const isThere = (file: string): boolean => project.probe(file) === 'file';
      const named = new Set(undeclaredFiles(context, task));
      const inputs = read.flatMap(({ path, by }) =>
        by === undefined && !named.has(path) && isThere(path) ? [path] : [],
      );
      if (inputs.length > 0) reportRead(context, task, shortened(inputs, written));
      const outputs = written.filter(isThere);
      if (outputs.length > 0) reportWritten(context, task, outputs);
    }
  },
};

function reportRead(context: RuleContext, task: Task, files: readonly string[]): void {
  const [are, change] = files.length === 1 ? ['is', 'it changes'] : ['are', 'they change'];
  context.report({
    span: keyOf(task, 'inputs')?.key.span ?? task.nameSpan,
    message: `In its last run "${task.name}" read ${filesInWords(files)}, which ${are} not among its inputs: it does not run again when ${change}.`,
    fixes: addInputs(context, task, files),
  });
}

function reportWritten(context: RuleContext, task: Task, files: readonly string[]): void {
  const [are, they] = files.length === 1 ? ['is', 'it is'] : ['are', 'they are'];
  context.report({
    span: keyOf(task, 'outputs')?.key.span ?? task.nameSpan,
    message: `In its last run "${task.name}" wrote ${filesInWords(files)}, which ${are} not among its outputs: ${they} not kept with the run, and not brought back from the cache.`,
    fixes: addOutputs(context, task, files),
  });
}

/** Many of one kind in a folder as a pattern, unless that takes in what the task writes. */
function shortened(files: readonly string[], written: readonly string[]): readonly string[] {
  const patternOf = (file: string): string | undefined => {
    const extension = /[^/](\.\w+)$/.exec(file)?.[1];
    const folder = folderOf(file);
    if (extension === undefined || folder === '' || folder === '.') return undefined;
    return `${folder}/*${extension}`;
  };
  const counts = new Map<string | undefined, number>();
  for (const file of files) counts.set(patternOf(file), (counts.get(patternOf(file)) ?? 0) + 1);
  for (const file of written) counts.delete(patternOf(file));
  const inShort = files.map((file) => {
    const pattern = patternOf(file);
    return pattern === undefined || (counts.get(pattern) ?? 0) < PATTERN_FROM ? file : pattern;
  });
  return [...new Set(inShort)];
}

/** Under names made of those of the files. */
function addOutputs(context: RuleContext, task: Task, files: readonly string[]): Fix[] {
  const taken = new Set(task.outputs.map(({ name }) => name));
  const entries = files.map((file) => {
    const stem = (file.split('/').at(-1) ?? file).replace(/\.[^.]*$/, '');
    const base =
      stem
        .toLowerCase()
        .replaceAll(/[^a-z0-9_]+/g, '-')
        .replaceAll(/^[^a-z]+|-+$/g, '') || 'file';
    let name = base;
    for (let count = 2; taken.has(name); count++) name = `${base}-${count}`;
    taken.add(name);
    return [name, writtenText(file)] as const;
  });
  const list = keyOf(task, 'outputs')?.value;
  const first = list?.kind === 'map' ? list.entries[0] : undefined;
  const own = firstKeyOf(task);
  const edits =
    list?.kind === 'map' && first !== undefined
      ? entries.map(([name, value]) => insertBefore(context, first, list.flow, name, value))
      : list === undefined && own !== undefined
        ? [
            insertBefore(
              context,
              own.entry,
              own.flow,
              'outputs',
              `{ ${entries.map(([name, value]) => `${name}: ${value}`).join(', ')} }`,
            ),
          ]
        : [];
  return edits.length === 0
    ? []
    : [{ title: `Add ${filesInWords(files)} to outputs`, edits, preferred: false }];
}
