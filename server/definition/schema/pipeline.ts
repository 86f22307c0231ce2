/** The schema of pipeline files. */
import { Type } from '@sinclair/typebox';
import type { Static, TSchema } from '@sinclair/typebox';
import { actionSchemas } from './actions/actions.js';
import { NAME_PATTERN } from '../names/names.js';
import { MAX_GROUPS } from '../params/form.js';
import { PARAM_TYPES } from '../params/types.js';
import { hinted, key, oneOf, opt } from './hint.js';
import {
  bytes,
  closed,
  condition,
  duration,
  taskEnvMap,
  glob,
  listOrOne,
  name,
  named,
  path,
  prose,
  python,
  reference,
  secretName,
  shell,
  template,
  text,
  WHOLE_EXPRESSION,
} from './pieces.js';

export const PIPELINE_KINDS = ['model-build', 'app-build', 'deployment'] as const;
export const ARTIFACT_KINDS = ['model', 'dataset', 'report', 'log', 'package', 'file'] as const;
export const ACTION_KINDS = Object.keys(actionSchemas) as (keyof typeof actionSchemas)[];

const literal = Type.Unknown({ 'x-modelyard': { expects: 'a value' } });

const paramLong = closed(
  {
    type: opt(
      oneOf(PARAM_TYPES),
      'What values are allowed. Default: what `choices`, else `default` are written as (`1` is an integer, `1.0` a number), else `string`.',
      ['integer'],
    ),
    default: opt(
      literal,
      'The value when a run gives none. A param without one is required; with `null` it may be nothing.',
      [42, 'adam', null],
    ),
    description: opt(prose, 'What it is for.', ['Seed of the split and the trainer.']),
    minimum: opt(Type.Number(), 'The lowest number allowed.', [0]),
    maximum: opt(Type.Number(), 'The highest number allowed.', [1000]),
    choices: opt(Type.Array(literal, { minItems: 1 }), 'The only values allowed.', [['adam', 'sgd']]),
    pattern: opt(
      Type.String({ 'x-modelyard': { format: 'regex', expects: 'a regular expression' } }),
      'A regular expression that strings have to match, anywhere in them.',
      ['^[a-z]+$'],
    ),
  },
  { title: 'Param', 'x-modelyard': { param: 'long' } },
);

/** What makes a map the long form of a param: see `paramForm`. */
const LONG_FORM = {
  anyOf: [
    { required: ['default'] },
    { required: ['choices'] },
    { required: ['type'], properties: { type: { enum: PARAM_TYPES } } },
  ],
};

/** @param groups how many groups may lie in each other from here on */
function paramOf(groups: number): TSchema {
  const forms = [Type.String(), Type.Number(), Type.Boolean(), Type.Null(), Type.Array(literal), paramLong];
  if (groups === 0) return Type.Union(forms);
  const inner = key(paramOf(groups - 1), 'A param of the group: `${{ params.model.lr }}`.', [0.1]);
  return Type.Union([
    ...forms,
    named(inner, { title: 'Param group', not: LONG_FORM, 'x-modelyard': { param: 'group' } }),
  ]);
}

const paramFile = text({ names: 'path', expects: 'the path of a YAML, JSON or TOML file' }, { minLength: 1 });

/** A param may be called `from`, too: what names no file is one. */
const paramsFrom = Type.Union([
  paramFile,
  Type.Array(
    Type.Union([
      paramFile,
      closed(
        {
          path: key(paramFile, 'The file, relative to the project.', ['conf/model.yaml']),
          prefix: opt(name, 'The group that its params are put into: `${{ params.model.lr }}`.', ['model']),
        },
        { title: 'File of params' },
      ),
    ]),
  ),
  paramOf(MAX_GROUPS),
]);

const outputPath = hinted(path(), { patterns: 'output-globs' });

const output = Type.Union([
  outputPath,
  closed(
    {
      path: key(
        outputPath,
        'The file or folder that the task makes, relative to the project. With `*` or `?` it is a glob: all files that match it afterwards, and `${{ tasks.train.outputs.models }}` is their list.',
        ['models/rain.json', 'models/*.bin'],
      ),
      optional: opt(Type.Boolean(), 'The task may end well without making it.', [true], { default: false }),
      kind: opt(
        oneOf(ARTIFACT_KINDS),
        'What it is. Default: the name of the output where that is a kind, else `file`.',
        ['model'],
        { default: 'file' },
      ),
      cache: opt(
        Type.Boolean(),
        'Keep a copy, so that it can be restored. Without, only its hash is recorded.',
        [false],
        {
          default: true,
        },
      ),
      persist: opt(
        Type.Boolean(),
        'Leave the last output in place before a re-run, for tasks that continue from it. Without, it is taken away before the task runs and put back when the task fails (docs/explanation/outputs.md).',
        [true],
        { default: false },
      ),
      mlflow: opt(
        Type.String({ minLength: 1 }),
        'What an MLflow client of the task logs under this name, a model or artifacts of its run: its files are put at `path` when the commands have ended (docs/how-to/integrate/mlflow.md).',
        ['net'],
      ),
      description: opt(prose, 'What is in it.', ['The trained trees, as JSON.']),
    },
    { title: 'Output' },
  ),
]);

const inputPath = hinted(glob(), { patterns: 'negated' });

const input = Type.Union([
  inputPath,
  closed(
    {
      path: key(glob(), 'A file, a folder or a glob.', ['data']),
      exclude: opt(listOrOne(glob()), 'What of it does not count: paths or globs, relative to the project.', [
        'data/tmp',
        ['data/**/*.log'],
      ]),
      optional: opt(Type.Boolean(), 'It may be missing, or match nothing.', [true], { default: false }),
    },
    { title: 'Input' },
  ),
]);

const envFilePath = text({ names: 'path', expects: 'a path' }, { minLength: 1 });

const envFile = listOrOne(
  Type.Union([
    envFilePath,
    closed(
      {
        path: key(envFilePath, 'The file, relative to the project.', ['.env']),
        optional: opt(Type.Boolean(), 'It may be missing.', [true], { default: false }),
      },
      { title: 'File of variables' },
    ),
  ]),
);

const paramsFilePath = text(
  { names: 'path', expects: 'the path of a `.json` file', place: 'path' },
  { minLength: 1, pattern: '\\.json$' },
);

const paramsFile = Type.Union([
  paramsFilePath,
  closed(
    {
      path: key(paramsFilePath, 'The file that is written, relative to the project.', ['work/params.json']),
      only: opt(
        listOrOne(
          text({ expects: 'the name of a param or of a group: `lr`, `model.net`' }, { minLength: 1 }),
        ),
        'Params and groups that go into it, and count. Default: all of them.',
        [['model', 'seed']],
      ),
    },
    { title: 'File with params' },
  ),
]);

const matrixCell = Type.Record(Type.String(), literal, { title: 'Matrix cell' });

const axis = Type.Union([
  Type.Array(Type.Unknown({ 'x-modelyard': { place: 'matrix', expects: 'a value' } }), { minItems: 1 }),
  text(
    { place: 'matrix', expects: 'a list, or one `${{ … }}` that gives one' },
    { pattern: WHOLE_EXPRESSION },
  ),
]);

const matrix = Type.Object(
  {
    include: opt(Type.Array(matrixCell), 'Cells to add, or values to add to the cells they match.', [
      [{ seed: 3, depth: 8 }],
    ]),
    exclude: opt(Type.Array(matrixCell), 'Cells to leave out: those with all of these values.', [
      [{ seed: 1, depth: 2 }],
    ]),
    'max-parallel': opt(Type.Integer({ minimum: 1 }), 'At most so many cells run at once.', [2]),
    'fail-fast': opt(Type.Boolean(), 'The first cell that fails stops the others.', [false], {
      default: true,
    }),
  },
  {
    title: 'Matrix',
    propertyNames: { pattern: NAME_PATTERN },
    additionalProperties: key(
      axis,
      'An axis: the values it goes through, or an expression that gives a list.',
      [[0, 1, 2], '${{ params.seeds }}'],
    ),
  },
);

const count = Type.Integer({ minimum: 0, maximum: 100 });

/** The keys that every task takes beside its action. */
export const taskOptionSchemas = {
  description: opt(prose, 'What the task does, for people.', ['Trains the forest on the features.']),
  needs: opt(
    listOrOne(reference('task')),
    'Tasks that have to succeed first. Only needed where no file and no expression already says so.',
    [['quality'], 'train'],
  ),
  if: opt(
    condition('if'),
    'The task is skipped unless this holds. Without one of `success() failure() cancelled() always()` in it, `success()` is meant as well.',
    ['params.publish == true', 'failure()'],
    { default: 'success()' },
  ),
  env: opt(
    taskEnvMap(),
    'Environment variables of the task, over those of the pipeline. One of whoever starts the run is named with `from-environment`, so that its value counts.',
    [{ OMP_NUM_THREADS: 2 }, { MODE: { 'from-environment': true, default: 'dev' } }],
  ),
  'env-file': opt(
    envFile,
    'Files of variables (`NAME=value` lines) for the task, over those of the pipeline; `env` is over both. What changes in them counts; of secrets that they hold only the names do.',
    ['.env', ['.env', { path: '.env.local', optional: true }]],
  ),
  'params-file': opt(
    paramsFile,
    'A JSON file that Modelyard writes before the commands run, with the params of the run: groups are maps in it. All that is in it counts. A file there that Modelyard has not written is left alone, and the task fails.',
    ['work/params.json', { path: 'work/params.json', only: 'model' }],
  ),
  secrets: opt(
    listOrOne(secretName),
    'Secrets that the task gets as environment variables. Their values are masked in every log.',
    [['API_KEY']],
  ),
  inputs: opt(
    Type.Union([oneOf(['auto']), listOrOne(input)]),
    'Files and folders that the task reads, relative to the project; `auto` takes those that its Python was seen to read when it last ran. Globs are allowed, and a folder that one matches counts with all that is in it; a `!` takes files away from the inputs before it. An expression may be a list of paths, as the outputs of a matrix are. It runs again when one changes, and after the task that makes it. Links to folders are followed. One that is not there, or a glob that matches nothing, fails the task before it runs, unless it is `optional`.',
    [['src/train.py', 'data/*.csv', '!data/old-*.csv'], [{ path: 'data', exclude: 'data/tmp' }], 'auto'],
  ),
  outputs: opt(
    hinted(named(output), { unnamed: 'output' }),
    'Files and folders that the task makes, each under a name: `${{ tasks.train.outputs.model }}`.',
    [{ model: 'models/rain.json', report: { path: 'reports/train.html', kind: 'report' } }],
  ),
  metrics: opt(
    listOrOne(path()),
    'JSON, YAML or TOML files with the metrics of the task: `${{ tasks.train.metrics.accuracy }}`.',
    ['reports/metrics.json', ['a.json', 'b.json']],
  ),
  plots: opt(listOrOne(path()), 'CSV, TSV, JSON or image files that are worth looking at.', [
    ['reports/loss.csv'],
  ]),
  matrix: opt(
    matrix,
    'Runs the task once for each combination of the values of its axes: `${{ matrix.seed }}`.',
    [{ seed: [0, 1, 2], depth: [2, 4], 'max-parallel': 2 }],
  ),
  'cell-name': opt(
    template('cell-name'),
    'What a cell of the matrix is called after the `@`, in logs, in `--only` and in the editor: `train@lr-0.1`. Each cell needs a name of its own. Default: its values, joined by `-`.',
    ['lr-${{ matrix.lr }}'],
  ),
  'working-directory': opt(
    path('working-directory'),
    'The folder the commands run in. Other paths stay relative to the project.',
    ['src'],
    { default: '.' },
  ),
  shell: opt(
    shell,
    'What runs the commands: a shell by its name, or a command with `{0}` where the file with the commands goes. A first line `#!…` says the same. Default: that of the pipeline, of the project, else `sh`.',
    ['bash', 'python', 'perl {0}'],
    { default: 'sh' },
  ),
  python: opt(
    python,
    'The Python that `python` and `python3` in the commands are, and in what they start. Default: that of the pipeline, of the project, else the one that is selected in the editor, `.venv` or `venv` of the project, an environment that is active, the one in the `PATH`.',
    ['.venv', { conda: 'rain' }, { interpreter: 'uv', counts: 'packages' }],
  ),
  tracking: opt(
    Type.Boolean(),
    'Whether MLflow clients among its processes log into the run: `false` keeps them out, `true` lets them in also where Python doesn’t show in the commands. Default: that of the pipeline, of the project, else where they use Python and MLflow is there.',
    [false],
  ),
  resources: opt(
    closed(
      {
        cpus: opt(Type.Number({ exclusiveMinimum: 0 }), 'Cores, fractions allowed.', [2, 0.5], {
          default: 1,
        }),
        memory: opt(bytes, 'Memory that is set aside for the task.', ['2GiB']),
        gpus: opt(
          Type.Number({ minimum: 0 }),
          'Graphics processors. The task is given them: it sees no others (`CUDA_VISIBLE_DEVICES`, `ROCR_VISIBLE_DEVICES`, `ZE_AFFINITY_MASK`). A fraction shares one.',
          [1, 0.5],
          { default: 0 },
        ),
        nodes: opt(
          Type.Integer({ minimum: 1 }),
          'On a cluster: nodes of the job. The commands run on the first one; `srun` in them starts what runs on all.',
          [2],
          { default: 1 },
        ),
        tasks: opt(
          Type.Integer({ minimum: 1 }),
          'On a cluster: processes that `srun` or MPI starts, each with its `cpus`. Default: one a node.',
          [8],
        ),
      },
      { title: 'Resources' },
    ),
    'What the task needs while it runs. Tasks run at once only as far as the machine goes round.',
    [{ cpus: 2, memory: '2GiB', gpus: 0 }],
  ),
  executor: opt(
    reference('executor'),
    'Where the commands of a `run` task run: one of the executors of `modelyard.yaml`. Default: that of the pipeline, of the project, else `local`, this machine.',
    ['cluster'],
    {
      default: 'local',
    },
  ),
  timeout: opt(duration, 'The task is ended, and has failed, after so long.', ['30m']),
  retries: opt(
    Type.Union([
      count,
      closed(
        {
          max: key(count, 'Attempts after the first one.', [2]),
          delay: opt(duration, 'Pause before the first retry; doubled each time.', ['1s'], { default: '1s' }),
          'max-delay': opt(duration, 'The longest pause.', ['60s'], { default: '60s' }),
        },
        { title: 'Retries' },
      ),
    ]),
    'How often a failed task is tried again.',
    [1, { max: 3, delay: '5s' }],
    { default: 0 },
  ),
  'continue-on-error': opt(
    Type.Boolean(),
    'The run continues, and can succeed, when this task fails.',
    [true],
    {
      default: false,
    },
  ),
  cache: opt(Type.Boolean(), '`false`: the task runs each time.', [false], { default: true }),
  mutex: opt(
    template('mutex'),
    'A word. Of all tasks with the same one, in all runs of the project, only one runs at a time.',
    ['gpu-0', 'port-${{ params.port }}'],
  ),
};

const task = closed(
  { ...actionSchemas, ...taskOptionSchemas },
  {
    title: 'Task',
    oneOf: ACTION_KINDS.map((action) => ({ required: [action] })),
    'x-modelyard': { unit: true },
  },
);

export const pipelineSchema = closed(
  {
    name: opt(
      name,
      'What the pipeline is called. Default: the name of the file; of its folder where the file is just `pipeline.yaml`.',
      ['rain-train'],
    ),
    kind: opt(
      oneOf(PIPELINE_KINDS),
      'What it is for: it builds a model, it builds an app, or it deploys.',
      ['model-build'],
      {
        default: 'model-build',
      },
    ),
    description: opt(prose, 'What it does, for people.', ['Will it rain in Seattle tomorrow?']),
    params: opt(
      Type.Object(
        {
          from: opt(
            paramsFrom,
            'YAML, JSON or TOML files whose values are params, typed by how they are written; maps are groups. A task counts the values that it uses.',
            ['params.yaml', ['params.yaml', { path: 'conf/model.toml', prefix: 'model' }]],
          ),
        },
        {
          propertyNames: { pattern: NAME_PATTERN },
          additionalProperties: key(
            paramOf(MAX_GROUPS),
            'A param: its default, a map with `type`, `default`, `description`, `minimum`, `maximum`, `choices`, `pattern`, or a group of params. Without a default it takes the value of a file of `from`.',
            [200, { type: 'integer', default: 42, minimum: 0 }, { lr: 0.1 }],
          ),
        },
      ),
      'Values that a run can change: `${{ params.epochs }}`.',
      [{ epochs: 200, seed: { type: 'integer', default: 42, minimum: 0 } }, { from: 'params.yaml' }],
    ),
    env: opt(taskEnvMap(), 'Environment variables of every task.', [{ PYTHONUNBUFFERED: '1' }]),
    'env-file': opt(
      envFile,
      'Files of variables (`NAME=value` lines) for every task; `env` is over them. They hold values of secrets, too, that the environment does not have.',
      ['.env', { path: '.env', optional: true }],
    ),
    secrets: opt(listOrOne(secretName), 'Secrets that every task gets as environment variables.', [
      ['API_KEY'],
    ]),
    shell: opt(shell, 'What runs the commands of tasks that don’t say it themselves.', ['bash']),
    executor: opt(
      reference('executor'),
      'Where the commands of `run` tasks run that don’t say it themselves.',
      ['cluster'],
    ),
    python: opt(python, 'The Python of tasks that don’t say it themselves.', [
      '.venv',
      { interpreter: '.venv', counts: 'packages' },
    ]),
    tracking: opt(
      Type.Boolean(),
      'Whether MLflow clients log into the run, of tasks that don’t say it themselves.',
      [false],
    ),
    tasks: key(
      named(key(task, 'A task: exactly one action, and what it needs.', [{ run: 'python3 src/train.py' }])),
      'The tasks, each under its name. Their order follows from what they read and write.',
      [{ train: { run: 'python3 src/train.py', outputs: { model: 'models/rain.json' } } }],
    ),
  },
  {
    title: 'Modelyard pipeline',
    description: 'A pipeline: tasks that build a model, package an app or deploy both.',
  },
);

/** A pipeline file as it is written. */
export type PipelineFile = Static<typeof pipelineSchema>;
