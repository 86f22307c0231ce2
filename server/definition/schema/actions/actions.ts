/** The actions of a task, each under its own key. */
import { Type } from '@sinclair/typebox';
import type { TSchema } from '@sinclair/typebox';
import type { ActionKind } from '../../definition.js';
import { checkAction } from './check.js';
import { HINT, hinted, key, opt } from '../hint.js';
import {
  anyAction,
  anyKeyed,
  closed,
  column,
  condition,
  listOrOne,
  named,
  path,
  reference,
  tags,
  template,
} from '../pieces.js';
import { monitorAction } from './monitor.js';
import { approvalAction, deployAction, packageAction, serviceAction } from './serving.js';
import { signature } from '../signature.js';
import { tableOptions } from '../table.js';

const runAction = listOrOne(hinted(template('command'), { expects: 'a shell command' }));

const notebookAction = Type.Union([
  path('action'),
  closed(
    {
      path: key(path('action'), 'The notebook.', ['notebooks/train.ipynb']),
      params: opt(
        named(Type.Union([anyAction])),
        'Values that are put in after the cell with the tag `parameters`, as Papermill does it: each is a variable of that name.',
        [{ epochs: '${{ params.epochs }}', columns: ['a', 'b'] }],
      ),
      output: opt(
        path('action'),
        'Where the executed copy goes. Default: `reports/` and the name of the notebook.',
        ['reports/train-${{ params.epochs }}.ipynb'],
      ),
      kernel: opt(template('action'), 'A kernel that is installed. Default: the Python of the task.', ['ir']),
    },
    { title: 'Notebook' },
  ),
]);

const materializeAction = Type.Union([
  listOrOne(reference('view', 'action')),
  closed(
    {
      views: key(listOrOne(reference('view', 'action')), 'The feature views to compute.', [
        ['weather'],
        'weather',
      ]),
      from: opt(template('action'), 'Compute rows with a timestamp at or after this one only (UTC).', [
        '2024-01-01',
      ]),
      to: opt(template('action'), 'Compute rows with a timestamp before this one only (UTC).', [
        '2024-07-01',
      ]),
      full: opt(
        Type.Boolean(),
        'Compute everything from scratch, also where only new rows would do.',
        [true],
        {
          default: false,
        },
      ),
    },
    { title: 'Materialize action' },
  ),
]);

const labelsLong = closed(
  {
    path: key(path('action'), 'The file.', ['data/labels.csv']),
    transform: opt(
      listOrOne(Type.String({ minLength: 1, 'x-modelyard': { prose: true, expects: 'a SQL query' } })),
      'A SQL query over `source`, the rows of the file, or several, each over the one before. One SELECT each.',
      ['select id, to_timestamp(ts / 1000) as ts, y from source'],
    ),
    ...tableOptions,
  },
  { title: 'Labels' },
);

const trainingSetAction = closed(
  {
    labels: key(
      Type.Union([path('action'), labelsLong]),
      'The labels: a CSV, Parquet or JSON-lines file with the entity keys, a timestamp and the value to learn. A map says how the file is written.',
      ['data/labels.csv', { path: 'data/labels.csv', 'timestamp-format': '%m/%d/%Y' }],
    ),
    timestamp: opt(
      column,
      'The column of the labels that says when the features had to be known. Default: the one column of type timestamp.',
      ['observed_at'],
    ),
    service: opt(reference('feature-service', 'action'), 'The feature service whose features are joined.', [
      'rain-v1',
    ]),
    features: opt(
      listOrOne(reference('feature', 'action')),
      'Features to join, each as `view:feature`, or a whole view by its name. Instead of, or beside, `service`.',
      [['weather:rain_7d', 'stations']],
    ),
    output: key(
      path('action'),
      'The file that is written. Its extension decides the format: `.parquet` or `.csv`.',
      ['data/training.csv', 'data/training.parquet'],
    ),
    'created-cutoff': opt(
      Type.Boolean(),
      'Leave out values that were loaded after the timestamp of the label, so that the future cannot leak in.',
      [true],
      { default: true },
    ),
    'full-names': opt(
      Type.Boolean(),
      'Name the columns `view__feature`, needed where two views have a feature of the same name.',
      [true],
      { default: false },
    ),
  },
  { title: 'Training-set action' },
);

const registerAction = closed(
  {
    model: key(
      reference('model', 'action'),
      'The registered model that gets a new version. Made when it is new.',
      ['rain'],
    ),
    from: key(path('action'), 'The artifact: an output of a task, or a path.', [
      '${{ tasks.train.outputs.model }}',
      'models/rain.json',
    ]),
    aliases: opt(listOrOne(reference('alias', 'action')), 'Aliases that move to the new version.', [
      ['candidate'],
    ]),
    tags: opt(tags, 'Tags of the version.', [{ team: 'weather' }]),
    description: opt(hinted(template('action'), { prose: true }), 'What the version is for, in Markdown.', [
      'Trained with ${{ params.epochs }} epochs.',
    ]),
    framework: opt(Type.String(), 'What the model was made with, where it cannot be told from the file.', [
      'sklearn',
    ]),
    when: opt(
      condition('action'),
      'The version is made only when this holds; else the task is skipped and says why.',
      ['tasks.train.metrics.accuracy >= 0.7'],
    ),
    'compare-to': opt(
      Type.Union([
        reference('alias', 'action'),
        Type.Integer({ minimum: 1, [HINT]: { expects: 'the number of a version' } }),
      ]),
      'An alias or a version of the same model to compare the new version with. While nothing has the alias, only the absolute bounds count.',
      ['production', 3],
    ),
    thresholds: opt(
      anyKeyed(
        closed(
          {
            min: opt(Type.Number(), 'The metric must not be lower.', [0.7]),
            max: opt(Type.Number(), 'The metric must not be higher.', [0.4]),
            'max-loss': opt(
              Type.Number({ minimum: 0 }),
              'The metric may be lower than that of `compare-to` by no more.',
              [0.01],
            ),
            'max-gain': opt(
              Type.Number({ minimum: 0 }),
              'The metric may be higher than that of `compare-to` by no more (for errors and losses).',
              [0.05],
            ),
          },
          { title: 'Threshold' },
        ),
      ),
      'Bounds for metrics, absolute or against the version of `compare-to`. The task fails when one does not hold, and no version is made.',
      [{ accuracy: { 'max-loss': 0.01 } }],
    ),
    signature: opt(signature, 'Columns that go in and come out. Default: taken from the training set.', [
      { inputs: { rain_7d: 'double' }, outputs: { rain: 'boolean' } },
    ]),
    metadata: opt(anyKeyed(anyAction), 'Anything else worth keeping with the version.', [
      { ticket: 'ML-12' },
    ]),
  },
  { title: 'Register action' },
);

const pipelineAction = Type.Union([
  reference('pipeline', 'action'),
  closed(
    {
      name: key(reference('pipeline', 'action'), 'The pipeline that is run.', ['rain-train']),
      params: opt(named(Type.Union([anyAction])), 'Values for its params; the others keep their defaults.', [
        { epochs: 100, seed: '${{ params.seed }}' },
      ]),
    },
    { title: 'Pipeline call' },
  ),
]);

/** Every action with its documentation, in the order of the reference page. */
export const actionSchemas = {
  run: opt(
    runAction,
    'The commands, as a text of one or more lines, or a list. All run in one shell one after the other, so that `cd` and variables hold for those that follow; the first command that fails ends the task. Each `${{ … }}` becomes one quoted word of the shell, or a literal of Python or JavaScript. See `shell`.',
    ['python3 src/train.py --epochs ${{ params.epochs }}', ['mkdir -p models', 'python3 src/train.py']],
  ),
  notebook: opt(
    notebookAction,
    'Executes a notebook with `nbclient` of the task’s Python and keeps the executed copy as a report, `tasks.<name>.outputs.notebook`. Only the sources of its code cells count.',
    ['notebooks/train.ipynb', { path: 'notebooks/train.ipynb', params: { epochs: '${{ params.epochs }}' } }],
  ),
  materialize: opt(materializeAction, 'Computes feature views into the feature store.', [
    ['weather'],
    { views: ['weather'], from: '2024-01-01' },
  ]),
  'training-set': opt(
    trainingSetAction,
    'A point-in-time correct join of labels and features: each label sees the features as they were known at its time.',
    [{ labels: 'data/labels.csv', service: 'rain-v1', output: 'data/train.csv' }],
  ),
  check: opt(
    checkAction,
    'Gates: expressions over metrics and params, and expectations over data files. The task fails when one does not hold.',
    [
      ['tasks.train.metrics.accuracy >= 0.7'],
      [{ data: 'data/training.csv', expect: { 'row-count': { min: 1000 } } }],
    ],
  ),
  register: opt(
    registerAction,
    'Makes a version of a registered model from an artifact, with its metadata and lineage.',
    [{ model: 'rain', from: '${{ tasks.train.outputs.model }}', aliases: ['candidate'] }],
  ),
  package: opt(
    packageAction,
    'Makes an app package: an immutable, versioned bundle of the app that serves a model.',
    [
      {
        name: 'rain-app',
        include: ['app/**'],
        entrypoint: 'python3 app/serve.py',
        port: 8080,
        health: '/health',
      },
    ],
  ),
  approval: opt(approvalAction, 'Waits for a person. Tasks that do not depend on it keep running.', [
    {
      prompt: 'Put rain ${{ models.rain@candidate.version }} into production?',
      who: ['ada', 'grace'],
      timeout: '2d',
    },
  ]),
  deploy: opt(deployAction, 'Puts an app package and a model version on a target, as a release.', [
    { package: 'rain-app', model: 'rain@candidate', environment: 'staging' },
  ]),
  service: opt(
    serviceAction,
    'Starts a service on a release, or replaces the one that runs without losing a request.',
    [{ name: 'rain', environment: 'staging', port: 8080, health: '/health' }],
  ),
  monitor: opt(
    monitorAction,
    'Watches a service under traffic for a while; the task fails, or rolls back, when a rule is broken.',
    [{ service: 'rain', for: '2m', rules: ['p95 < 200ms', 'error-rate < 1%'] }],
  ),
  pipeline: opt(pipelineAction, 'Runs another pipeline of the project.', [
    'rain-train',
    { name: 'rain-train', params: { epochs: 100 } },
  ]),
} satisfies Readonly<Record<ActionKind, TSchema>>;
