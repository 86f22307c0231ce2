import type { Task } from '../../definition/definition.js';
import { executorOf } from '../../definition/executors.js';
import { didYouMean, similar } from '../../definition/names/names.js';
import { renames } from '../shared/edits.js';
import { folderOf, isGlob } from '../../definition/text/paths.js';
import { normalizePath } from '../shared/paths.js';
import type { Rule, RuleContext } from '../rule.js';
import { mentionsIn, type PathMention, type PathRole } from './mentions.js';
import { isMissing } from './missing.js';
import { outputIndex, projectOutputs } from './output-index.js';

/** Looking for what may have been meant compares with every output; past so many findings it helps nobody. */
const MAX_SEARCHES = 20;

/** A features file with two views, of these sources. */
function views(rain: string, soil: string): string {
  return `entities:
  station: { keys: [station_id] }
views:
  rain:
    entity: station
    source: { path: ${rain}, timestamp: observed_at }
    features: { rain: double }
  soil:
    entity: station
    source: { path: ${soil}, timestamp: observed_at }
    features: { wet: boolean }
`;
}

/** What has to be there. */
const READ: ReadonlySet<PathRole> = new Set(['input', 'source', 'data']);

export const missingInput: Rule = {
  id: 'path/missing-input',
  severity: 'warning',
  summary:
    'An input, a source of a feature view or a file of labels that is not there and that no task makes.',
  docs: `
The task reads a file or folder that does not exist, and that no task of any pipeline of the project writes. The run would
fail at this task, or worse, the command would go on without it. Paths are relative to the project, wherever the
pipeline's file lies and whatever \`working-directory\` says.

The same holds for the \`labels\` of a training set, for what is checked, registered, shown for approval or compared with, for
the \`requirements\` of a package and, in a features file, for the \`path\` of a view's \`source\`: the view
can't be computed without it.

What begins with \`!\` is taken away from the inputs before it: where there are none, it does nothing.

A glob is reported when it matches no file and no task writes anything where it looks. Nothing is said about paths with
expressions in them, nor about places where a task writes to a path that is only known at run time.

Nothing is said, either, about files and folders that jobs read in the copy of a project that a cluster has (\`login\` and
\`remote-dir\` of a Slurm executor): they may be there alone.

It is a warning and no error, because data is often fetched after the code.

**How to fix it:** Correct the path, fetch the file, or name it as an output of the task that makes it.
`,
  needsWholeText: true,
  good: [
    {
      files: {
        'train.pipeline.yaml':
          'tasks:\n  train:\n    run: make train\n    inputs: [data/huge.bin]\n    outputs: { model: models/rain.json }\n    executor: cluster\n',
        'modelyard.yaml':
          'executors:\n  cluster: { type: slurm, login: login.example.org, remote-dir: rain }\n',
      },
      disk: [],
    },
    {
      files:
        'tasks:\n  split:\n    run: ./split.sh\n    inputs: [split.sh, raw/*.csv]\n    outputs: { data: data/ }\n  train:\n    run: make train\n    inputs: [data/split.csv]\n    outputs: { model: models/rain.json }\n',
      disk: ['split.sh', 'raw/2024.csv'],
    },
    {
      files: {
        'weather.features.yaml': views('raw/*.csv', 'data/soil.csv'),
        'fetch.pipeline.yaml':
          'tasks:\n  fetch:\n    run: make fetch\n    outputs: { data: data/soil.csv }\n',
      },
      disk: ['raw/2024.csv'],
    },
    {
      files: {
        'count.pipeline.yaml':
          "tasks:\n  count:\n    run: make count\n    inputs: ['*.csv', all.json]\n    cache: false\n",
        'make.pipeline.yaml':
          "tasks:\n  split:\n    run: make split\n    outputs: { parts: '*.csv' }\n  list:\n    run: make list\n    outputs: { all: 'a*.json' }\n",
      },
      disk: [],
    },
  ],
  bad: [
    {
      files: {
        'count.pipeline.yaml':
          "tasks:\n  count:\n    run: make count\n    inputs: [«parts/1.csv», «'*.parquet'»]\n    cache: false\n",
        'make.pipeline.yaml':
          "tasks:\n  split:\n    run: make split\n    outputs: { parts: 'csv/*.csv', all: all.json }\n",
      },
      disk: [],
      messages: [
        '"parts/1.csv" does not exist, and no task produces it.',
        '"*.parquet" matches no file, and no task makes one.',
      ],
    },
    {
      files: {
        'count.pipeline.yaml':
          'tasks:\n  count:\n    run: make count\n    inputs: [«1.csv», out-1.csv]\n    cache: false\n',
        'make.pipeline.yaml': "tasks:\n  split:\n    run: make split\n    outputs: { parts: 'out-*.csv' }\n",
      },
      disk: [],
      messages: ['"1.csv" does not exist, and no task produces it.'],
    },
    {
      files:
        'tasks:\n  split:\n    run: ./split.sh\n    inputs: [split.sh]\n    outputs: { data: data/split.csv }\n  train:\n    run: make train\n    inputs: [«data/spilt.csv»]\n    outputs: { model: models/rain.json }\n',
      disk: ['split.sh'],
      messages: ['"data/spilt.csv" does not exist, and no task produces it. Did you mean "data/split.csv"?'],
      fixed:
        'tasks:\n  split:\n    run: ./split.sh\n    inputs: [split.sh]\n    outputs: { data: data/split.csv }\n  train:\n    run: make train\n    inputs: [data/split.csv]\n    outputs: { model: models/rain.json }\n',
    },
    {
      files:
        'tasks:\n  train:\n    run: python3 train.py\n    working-directory: src\n    inputs: [«train.py»]\n    outputs: { model: models/rain.json }\n',
      disk: ['src/train.py'],
      messages: [
        '"train.py" does not exist, and no task produces it. Paths are relative to the project: did you mean "src/train.py"?',
      ],
      also: ['path/undeclared-input'],
      fixed:
        'tasks:\n  train:\n    run: python3 train.py\n    working-directory: src\n    inputs: [src/train.py]\n    outputs: { model: models/rain.json }\n',
    },
    {
      files:
        'tasks:\n  train:\n    run: make train\n    inputs: [«raw/*.parquet»]\n    outputs: { model: models/rain.json }\n',
      disk: ['raw/2024.csv'],
      messages: ['"raw/*.parquet" matches no file, and no task makes one.'],
    },
    {
      files:
        "tasks:\n  train:\n    run: make train\n    inputs: [«'!data/old.csv'», data]\n    outputs: { model: models/rain.json }\n",
      disk: ['data/old.csv'],
      messages: [
        '"!data/old.csv" takes away from the inputs before it, and there are none. Write it behind them.',
      ],
    },
    {
      files:
        'tasks:\n  join:\n    training-set: { labels: «data/lables.csv», service: rain-v1, output: data/training.csv }\n  label:\n    run: make label\n    outputs: { data: data/labels.csv }\n',
      disk: [],
      also: ['feature/unknown-service'],
      messages: [
        '"data/lables.csv" does not exist, and no task produces it. Did you mean "data/labels.csv"?',
      ],
      fixed:
        'tasks:\n  join:\n    training-set: { labels: data/labels.csv, service: rain-v1, output: data/training.csv }\n  label:\n    run: make label\n    outputs: { data: data/labels.csv }\n',
    },
    {
      files: {
        'features/weather.features.yaml': views('«data/rain.csv»', '«raw/*.parquet»'),
      },
      disk: ['features/data/rain.csv', 'raw/2024.csv'],
      messages: [
        '"data/rain.csv" does not exist, and no task produces it. Paths are relative to the project: did you mean "features/data/rain.csv"?',
        '"raw/*.parquet" matches no file, and no task makes one.',
      ],
      fixed: views('features/data/rain.csv', 'raw/*.parquet'),
    },
  ],
  check(context) {
    for (const { inputs } of context.pipeline?.tasks ?? []) {
      const first = inputs.findIndex(({ negated }) => !negated);
      for (const { text, span } of first === -1 ? inputs : inputs.slice(0, first)) {
        context.report({
          span,
          message: `"!${text}" takes away from the inputs before it, and there are none. Write it behind them.`,
        });
      }
    }
    let searches = 0;
    // What can't be a path is said already.
    const told = new Set(context.definition.problems.map(({ span }) => span.start));
    for (const mention of mentionsIn(context.definition)) {
      const { text, role } = mention;
      if (mention.optional === true || told.has(text.span.start)) continue;
      if (!READ.has(role) || text.template !== undefined) continue;
      // Only a run can say what the copy of a cluster has.
      if (role === 'input' && !isGlob(text.text) && isDoneInCopy(context, mention.task)) continue;
      const glob = role !== 'data' && isGlob(text.text);
      if (!isMissing(context, text.text, glob)) continue;
      const { candidates, hint } =
        glob || searches++ >= MAX_SEARCHES ? { candidates: [], hint: '' } : suggestions(context, mention);
      context.report({
        span: text.span,
        message: glob
          ? `"${text.text}" matches no file, and no task makes one.`
          : `"${text.text}" does not exist, and no task produces it.${hint}`,
        fixes: renames(context, text.span, candidates),
      });
    }
  },
};

/** Whether the jobs of a task see another machine's files than those that lie here. */
function isDoneInCopy({ project, pipeline }: RuleContext, task: Task | undefined): boolean {
  const settings = project.settings()?.settings;
  if (settings === undefined || pipeline === undefined || task === undefined) return false;
  const name = executorOf(task, pipeline, settings);
  const executor = settings.executors.find((one) => one.name === name);
  return executor?.type === 'slurm' && executor.login !== undefined && executor.remoteDir !== undefined;
}

/** The same path from the folder where the command runs or where the pipeline lies, or else an output with such a name. */
function suggestions(
  context: RuleContext,
  mention: PathMention,
): { candidates: readonly string[]; hint: string } {
  const { text, task } = mention;
  const bases = [task?.workingDirectory?.text, folderOf(context.definition.path)];
  for (const base of bases) {
    const moved = base === undefined ? undefined : normalizePath(`${base}/${text.text}`);
    if (moved === undefined || moved === text.text) continue;
    const found = context.project.probe(moved);
    if (found === 'file' || found === 'folder')
      return { candidates: [moved], hint: ` Paths are relative to the project: did you mean "${moved}"?` };
  }
  const candidates = similar(text.text, outputsFor(context));
  return { candidates, hint: didYouMean(candidates) };
}

/** Of the pipeline itself; a features file belongs to all pipelines of the project. */
function outputsFor({ pipeline, project }: RuleContext): ReadonlySet<string> {
  if (pipeline !== undefined) return outputIndex(pipeline).paths;
  return projectOutputs(project).paths;
}
