/** Whole tasks and pipelines to start from, in VS Code's snippet syntax. */

export interface Snippet {
  readonly label: string;
  readonly detail: string;
  readonly body: string;
}

/** Under `tasks:`. */
export const TASK_SNIPPETS: readonly Snippet[] = [
  {
    label: 'task: run',
    detail: 'a task that runs a command',
    body: '${1:task}:\n  run: ${2:python3 src/task.py}\n  inputs: [${3:src/task.py}]\n  outputs:\n    ${4:data}: ${5:data/out.csv}$0',
  },
  {
    label: 'task: train',
    detail: 'a task that trains a model and reports metrics',
    body: '${1:train}:\n  run: ${2:python3 src/train.py}\n  inputs: [${3:src/train.py, data/training.csv}]\n  outputs:\n    model: ${4:models/model.json}\n  metrics: ${5:reports/metrics.json}$0',
  },
  {
    label: 'task: check',
    detail: 'a gate on the metrics of another task',
    body: '${1:quality}:\n  check:\n    - that: tasks.${2:train}.metrics.${3:accuracy} >= ${4:0.8}\n      message: ${5:The model is not good enough.}$0',
  },
  {
    label: 'task: check data',
    detail: 'expectations on a data file',
    body: '${1:check-data}:\n  check:\n    - data: ${2:data/training.csv}\n      expect:\n        row-count: { min: ${3:1} }\n        columns:\n          ${4:column}: { not-null: true }$0',
  },
  {
    label: 'task: matrix',
    detail: 'a task that runs once for each combination of values',
    body: '${1:train}:\n  matrix:\n    ${2:seed}: [${3:0, 1, 2}]\n  run: ${4:python3 src/train.py} --seed \\${{ matrix.${2:seed} }}\n  outputs:\n    model: models/model-\\${{ matrix.${2:seed} }}.json$0',
  },
  {
    label: 'task: register',
    detail: 'makes a model version from an output',
    body: '${1:register}:\n  needs: [${2:quality}]\n  register:\n    model: ${3:model}\n    from: \\${{ tasks.${4:train}.outputs.model }}\n    aliases: [${5:candidate}]$0',
  },
  {
    label: 'task: approval',
    detail: 'waits for a person',
    body: '${1:approve}:\n  needs: [${2:quality}]\n  approval:\n    prompt: ${3:Put it into production?}$0',
  },
  {
    label: 'task: pipeline',
    detail: 'runs another pipeline',
    body: '${1:call}:\n  pipeline:\n    name: ${2:other}$0',
  },
];

/** In an empty file. */
export const PIPELINE_SNIPPETS: readonly Snippet[] = [
  {
    label: 'pipeline: model-build',
    detail: 'prepares data, trains a model, checks it',
    body:
      'name: ${1:my-model}\nkind: model-build\ndescription: ${2:What the model is for.}\n\nparams:\n  seed: 42\n\ntasks:\n' +
      '  features:\n    run: python3 ${3:src/features.py}\n    inputs: [${3:src/features.py}, ${4:data/raw.csv}]\n    outputs:\n      data: ${5:data/features.csv}\n' +
      '  train:\n    run: python3 ${6:src/train.py} --seed \\${{ params.seed }}\n    inputs: [${6:src/train.py}, ${5:data/features.csv}]\n    outputs:\n      model: ${7:models/model.json}\n    metrics: ${8:reports/metrics.json}\n' +
      '  quality:\n    check:\n      - tasks.train.metrics.${9:accuracy} >= ${10:0.8}\n$0',
  },
  {
    label: 'pipeline: app-build',
    detail: 'tests and packages the app that serves a model',
    body:
      'name: ${1:my-app}\nkind: app-build\n\ntasks:\n  test:\n    run: ${2:python3 -m unittest}\n    inputs: [${3:app}]\n    cache: true\n' +
      '  package:\n    needs: [test]\n    package:\n      name: ${1:my-app}\n      include: [${4:app/**}]\n      entrypoint: ${5:python3 app/serve.py}\n$0',
  },
  {
    label: 'pipeline: deployment',
    detail: 'deploys a package and a model, and starts the service',
    body:
      'name: ${1:my-deployment}\nkind: deployment\n\ntasks:\n  approve:\n    approval:\n      prompt: ${2:Deploy to production?}\n' +
      '  deploy:\n    needs: [approve]\n    deploy:\n      package: ${3:my-app}\n      model: ${4:my-model@candidate}\n      environment: ${5:production}\n$0',
  },
];

/** Under `stages:` of a `dvc.yaml`. */
export const STAGE_SNIPPETS: readonly Snippet[] = [
  {
    label: 'stage',
    detail: 'a command with what it reads and writes',
    body: '${1:train}:\n  cmd: ${2:python src/train.py}\n  deps:\n    - ${3:src/train.py}\n  outs:\n    - ${4:models/model.bin}$0',
  },
  {
    label: 'stage: foreach',
    detail: 'a stage for each value of a list',
    body: '${1:train}:\n  foreach: [${2:us, uk}]\n  do:\n    cmd: ${3:python src/train.py} \\${item}\n    outs:\n      - models/\\${item}.bin$0',
  },
  {
    label: 'stage: matrix',
    detail: 'a stage for each combination of values',
    body: '${1:train}:\n  matrix:\n    ${2:model}: [${3:cnn, tree}]\n  cmd: ${4:python src/train.py} \\${item.${2:model}}\n  outs:\n    - models/\\${key}.bin$0',
  },
];

/** In an empty features file. */
export const FEATURES_SNIPPETS: readonly Snippet[] = [
  {
    label: 'features: entity, view and service',
    detail: 'features out of a file, and the service that a model asks for them',
    body:
      'entities:\n  ${1:station}:\n    keys: [${2:station_id}]\n\nviews:\n  ${3:weather}:\n    entity: ${1:station}\n' +
      '    source:\n      path: ${4:data/weather.csv}\n      timestamp: ${5:observed_at}\n    ttl: ${6:3d}\n' +
      '    features:\n      ${7:temperature}: { type: ${8|double,integer,string,boolean,timestamp|}, description: ${9:What it means (unit).} }\n\n' +
      'services:\n  ${10:rain-v1}: ["${3:weather}:${7:temperature}"]\n$0',
  },
];

/** Under `entities:`, `views:`, `services:` and the `features:` of a view. */
export const SECTION_SNIPPETS: Readonly<Record<string, readonly Snippet[]>> = {
  entities: [
    {
      label: 'entity',
      detail: 'what features are about, with its keys',
      body: '${1:station}:\n  keys: [${2:station_id}]\n  description: ${3:What it is.}$0',
    },
  ],
  views: [
    {
      label: 'view',
      detail: 'features out of the columns of a file',
      body: '${1:weather}:\n  entity: ${2:station}\n  source: { path: ${3:data/weather.csv}, timestamp: ${4:observed_at} }\n  ttl: ${5:3d}\n  features:\n    ${6:temperature}: { type: ${7|double,integer,string,boolean,timestamp|}, description: ${8:What it means (unit).} }$0',
    },
    {
      label: 'view: window over time',
      detail: 'a feature that SQL computes from the rows before',
      body: '${1:weather}:\n  entity: ${2:station}\n  source: { path: ${3:data/weather.csv}, timestamp: ${4:observed_at} }\n  transform: |\n    select *, avg(${5:rain}) over (\n      partition by ${6:station_id} order by ${4:observed_at} rows ${7:6} preceding\n    ) as ${8:rain_7d}\n    from source\n  ttl: ${9:3d}\n  features:\n    ${8:rain_7d}: { type: double, description: ${10:What it means (unit).}, expect: { not-null: true } }$0',
    },
    {
      label: 'view: append',
      detail: 'a source that only grows: only new rows are computed',
      body: '${1:events}:\n  entity: ${2:user}\n  source: { path: ${3:data/events/*.parquet}, timestamp: ${4:event_time} }\n  mode: append\n  features:\n    ${5:amount}: double$0',
    },
  ],
  services: [
    {
      label: 'service',
      detail: 'the features that one model needs',
      body: '${1:rain-v1}:\n  - ${2:weather:rain_7d}$0',
    },
  ],
};
