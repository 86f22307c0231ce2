/**
 * The schema of `dvc.yaml`, as DVC 3 reads it: the text before its templates are filled, where every key and every type is
 * checked to the letter.
 */
import { Type } from '@sinclair/typebox';
import type { TSchema } from '@sinclair/typebox';
import { HINT, key, opt } from '../../schema/hint.js';
import type { Hint } from '../../schema/hint.js';

const EXACT = { [HINT]: { exact: true, expects: 'a text' } satisfies Hint };

const text = Type.String(EXACT);
const flag = Type.Boolean();
const anything = Type.Unknown({ [HINT]: { prose: true } satisfies Hint });
const texts = Type.Array(text);

function closed<T extends Record<string, TSchema>>(properties: T, title: string) {
  return Type.Object(properties, {
    additionalProperties: false,
    title,
    [HINT]: { exact: true } satisfies Hint,
  });
}

function keyed<T extends TSchema>(value: T) {
  return Type.Record(Type.String(), value, { [HINT]: { exact: true } satisfies Hint });
}

const annotations = {
  desc: opt(text, 'What it is, for people. DVC does nothing with it.', ['Cleaned data']),
  type: opt(text, 'The type of data, for people.', ['model']),
  labels: opt(texts, 'Labels, for people.', [['rain']]),
  meta: opt(anything, 'Anything you like. DVC does nothing with it.', [{ owner: 'ana' }]),
};

const flags = {
  ...annotations,
  cache: opt(flag, 'Whether DVC keeps it in its cache. With `false` it is git’s.', [false], {
    default: true,
  }),
  persist: opt(flag, 'Whether it stays when the stage runs again.', [true], { default: false }),
  checkpoint: opt(flag, 'Of DVC 2: read, and nothing comes of it.', [true]),
  remote: opt(text, 'The remote that it is pushed to and pulled from.', ['storage']),
  push: opt(flag, 'Whether `dvc push` takes it along.', [false], { default: true }),
};

const plotFlags = {
  template: opt(text, 'The plot’s template.', ['linear']),
  x: opt(text, 'The column of the x axis.', ['epoch']),
  y: opt(text, 'The column of the y axis.', ['loss']),
  x_label: opt(text, 'What stands at the x axis.', ['Epoch']),
  y_label: opt(text, 'What stands at the y axis.', ['Loss']),
  title: opt(text, 'The plot’s title.', ['Loss']),
  header: opt(flag, 'Whether the first line of the file names the columns.', [false], { default: true }),
};

const outs = (options: Record<string, TSchema>, title: string) =>
  Type.Array(Type.Union([text, keyed(closed(options, title))]));

const vars = Type.Array(Type.Union([text, keyed(anything)]));

const stageKeys = {
  cmd: key(
    Type.Union([text, Type.Array(anything)]),
    'The command, or a list of them. Each line and each item has a shell of its own; the first that fails ends the stage.',
    ['python train.py'],
  ),
  wdir: opt(text, 'Where it runs and what its paths are relative to: a folder beside the `dvc.yaml`.', [
    'src',
  ]),
  deps: opt(texts, 'Files and folders that it reads.', [['data/train.csv']]),
  params: opt(
    Type.Array(Type.Union([text, Type.Record(Type.String(), anything)])),
    'Values that it depends on: keys of `params.yaml`, or of another file.',
    [['lr', { 'conf.json': ['opt.name'] }]],
  ),
  outs: opt(outs(flags, 'Output'), 'Files and folders that it writes. DVC removes them before it runs.', [
    ['models/rain.bin'],
  ]),
  metrics: opt(outs(flags, 'Output'), 'Files of metrics that it writes.', [
    [{ 'metrics.json': { cache: false } }],
  ]),
  plots: opt(outs({ ...flags, ...plotFlags }, 'Plot'), 'Data for plots that it writes.', [['loss.csv']]),
  vars: opt(vars, 'Values for `${…}` of this stage: files, parts of files (`more.yaml:a,b`), or maps.', [
    ['more.yaml'],
  ]),
  frozen: opt(flag, 'Whether it never runs again: its outputs are taken as they are.', [true], {
    default: false,
  }),
  always_changed: opt(flag, 'Whether it runs each time.', [true], { default: false }),
  desc: opt(text, 'What it does, for people.', ['Train the model']),
  meta: opt(anything, 'Anything you like. DVC does nothing with it.', [{ owner: 'ana' }]),
  matrix: opt(
    keyed(Type.Union([text, Type.Array(anything)])),
    'One stage for each combination: `${item.model}`.',
    [{ model: ['cnn', 'tree'] }],
  ),
};

const stage = closed(stageKeys, 'Stage');

const each = closed(
  {
    foreach: key(
      Type.Union([text, Type.Array(anything), Type.Record(Type.String(), anything)]),
      'A list or a map: one stage for each of its values, `${item}`.',
      [['us', 'uk']],
    ),
    do: key(stage, 'The stage.', [{ cmd: 'python train.py ${item}' }]),
  },
  'Group of stages',
);

const column = Type.Union([text, Type.Array(text)]);

const plot = closed(
  {
    x: opt(Type.Union([text, keyed(text)]), 'The column of the x axis, or one for each file.', ['epoch']),
    y: opt(Type.Union([text, texts, keyed(column)]), 'The columns of the y axis, or those of each file.', [
      'loss',
    ]),
    x_label: plotFlags.x_label,
    y_label: plotFlags.y_label,
    title: plotFlags.title,
    template: plotFlags.template,
  },
  'Plot',
);

const artifact = closed({ path: key(text, 'Where it is.', ['models/rain.bin']), ...annotations }, 'Artifact');

export const dvcSchema = closed(
  {
    stages: opt(keyed(Type.Union([stage, each])), 'The stages, by name.', [
      { train: { cmd: 'python train.py' } },
    ]),
    vars: opt(vars, 'Values for `${…}`, besides those of `params.yaml`: files, parts of files, or maps.', [
      ['more.yaml'],
    ]),
    params: opt(texts, 'Files of params, for `dvc params`.', [['params.yaml']]),
    metrics: opt(texts, 'Files of metrics, for `dvc metrics`.', [['metrics.json']]),
    plots: opt(
      Type.Array(Type.Union([text, keyed(Type.Union([plot, Type.Null()]))])),
      'Plots, for `dvc plots`.',
      [[{ 'loss.csv': { x: 'epoch', y: 'loss' } }]],
    ),
    artifacts: opt(keyed(artifact), 'What is worth a name: models and data.', [
      { rain: { path: 'models/rain.bin' } },
    ]),
    datasets: opt(anything, 'Datasets of elsewhere.', [[{ name: 'rain', type: 'dvc', url: '../rain' }]]),
  },
  'dvc.yaml',
);
