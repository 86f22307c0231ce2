/** The same data and the same calls for MLflow's own server and for ours: what `differential.test.ts` compares. */

/** `{run:a}`, `{exp:one}`, `{model:m}` in texts stand for ids, which differ. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below `/api/2.0/mlflow/`; of GET with its query. */
  readonly route: string;
  readonly body?: unknown;
}

const post = (route: string, body: unknown): Call => ({ method: 'POST', route, body });
const get = (route: string): Call => ({ method: 'GET', route });

const tags = (values: Readonly<Record<string, string>>): unknown =>
  Object.entries(values).map(([key, value]) => ({ key, value }));
const metric = (key: string, value: unknown, step = 0, timestamp = 1_000 + step): unknown => ({ key, value, step, timestamp }); // prettier-ignore

/** Made before the calls; `keep` names the id that comes back. */
export const SEED: readonly (Call & { readonly keep?: string })[] = [
  { ...post('experiments/create', { name: 'one', tags: tags({ team: 'a', 'k y': 'v' }) }), keep: 'exp:one' },
  { ...post('experiments/create', { name: 'Two' }), keep: 'exp:two' },
  { ...post('experiments/create', { name: 'gone' }), keep: 'exp:gone' },
  post('experiments/delete', { experiment_id: '{exp:gone}' }),
  ...['a', 'b', 'c', 'd', 'e', 'f'].map((name, at) => ({
    ...post('runs/create', {
      ...{
        experiment_id: at < 4 ? '{exp:one}' : '{exp:two}',
        run_name: name,
        user_id: at % 2 === 0 ? 'ada' : 'Bob',
      },
      ...{
        start_time: 5_000 + at,
        tags: tags({ parity: at % 2 === 0 ? 'even' : 'odd', ...(at > 2 ? { late: 'Yes_%' } : {}) }),
      },
    }),
    keep: `run:${name}`,
  })),
  ...['a', 'b', 'c', 'd', 'e'].map((name, at) =>
    post('runs/log-batch', {
      run_id: `{run:${name}}`,
      metrics: [
        ...(at === 3 ? [] : [metric('loss', at === 2 ? 'NaN' : [3, 1, 0, 0, 1][at], 0)]),
        metric('acc', at / 10, 1),
        metric('acc', at / 5, 0),
        metric('a b', at),
        ...(at < 2 ? [metric('m.x/y', at === 0 ? 'Infinity' : '-Infinity')] : []),
      ],
      params: tags({
        lr: ['0.1', '0.01', '10', '9', '0.1'][at] ?? '',
        ...(at % 2 === 0 ? { 'de pth': String(at) } : {}),
        empty: '',
      }),
      tags: [],
    }),
  ),
  post('runs/log-inputs', {
    run_id: '{run:a}',
    datasets: [
      {
        tags: tags({ 'mlflow.data.context': 'train' }),
        dataset: { name: 'iris', digest: 'd1', source_type: 'local', source: '{}' },
      },
    ],
  }),
  post('runs/update', { run_id: '{run:a}', status: 'FINISHED', end_time: 9_000 }),
  post('runs/update', { run_id: '{run:b}', status: 'FAILED', end_time: 8_000 }),
  post('runs/delete', { run_id: '{run:f}' }),
  ...['rain', 'hail', 'snow'].map((name) =>
    post('registered-models/create', {
      name,
      tags: tags({ owner: name.slice(0, 1) }),
      description: `of ${name}`,
    }),
  ),
  ...[1, 2, 3].map((n) =>
    post('model-versions/create', { name: 'rain', source: `s3://b/${n}`, tags: tags({ n: String(n) }) }),
  ),
  post('model-versions/create', { name: 'hail', source: 's3://b/h' }),
  post('registered-models/alias', { name: 'rain', alias: 'champion', version: '2' }),
  { method: 'DELETE', route: 'model-versions/delete', body: { name: 'rain', version: '3' } },
  ...['m1', 'm2'].map((name, at) => ({
    ...post('logged-models', {
      experiment_id: '{exp:one}',
      name,
      model_type: at === 0 ? 'agent' : 'tree',
      source_run_id: '{run:a}',
      params: tags({ p: name }),
      tags: tags({ t: name }),
    }),
    keep: `model:${name}`,
  })),
];

const runs = (filter: string, more: object = {}): Call =>
  post('runs/search', { experiment_ids: ['{exp:one}', '{exp:two}'], filter, ...more });
const ordered = (...order_by: readonly string[]): Call => runs('', { order_by });
const q = encodeURIComponent;
const experiments = (filter: string, more: object = {}): Call =>
  post('experiments/search', { max_results: 100, filter, ...more });
const models = (filter: string, more = ''): Call =>
  get(`registered-models/search?filter=${q(filter)}${more}`);
const versions = (filter: string, more = ''): Call => get(`model-versions/search?filter=${q(filter)}${more}`);
const logged = (filter: string, more: object = {}): Call =>
  post('logged-models/search', { experiment_ids: ['{exp:one}'], filter, ...more });

export const CALLS: readonly Call[] = [
  // Filters of runs.
  ...[
    'metrics.loss > 0.5', 'metrics.loss >= 1 and metrics.acc<0.3', "metrics.loss = 'a'", 'metrics.loss = NaN', 'metrics.loss != 1', 'metric.loss < 2',
    'metrics.`a b` > 1', 'metrics."a b" > 1', "metrics.'a b' > 1", 'metrics.m.x/y > 0', 'metrics.`m.x/y` < 0', 'metrics.none > 0', 'metrics.loss > 1e0', 'metrics.loss > .5',
    'metrics.loss > -1', 'metrics.loss > +1', 'metrics.loss > 0x1', 'metrics.loss LIKE 1', 'metrics.loss IN (1)', 'metrics.loss IS NULL', 'metrics.loss',
    "params.lr = '0.1'", "params.lr != '0.1'", "params.lr = 0.1", 'params.lr = "0.1"', "params.lr LIKE '0.%'", "params.lr LIKE '0_1'", "params.lr ILIKE '0.0%'", "params.lr > '0.1'",
    "params.lr IN ('9', '10')", "params.lr NOT IN ('9')", "params.`de pth` = '2'", 'params."de pth" IS NULL', 'params.`de pth` is not null', "params.empty = ''", "param.lr = '9'", "parameters.lr = '9'", "parameter.lr = '9'",
    "tags.parity = 'odd'", "tag.parity = 'odd'", "tags.late != 'x'", "tags.late LIKE 'Yes\\_%'", "tags.late LIKE '%'", "tags.late ILIKE 'yes%'", "tags.late LIKE 'yes%'", 'tags.late IS NULL', 'tags.late IS NOT NULL', "tags.`mlflow.runName` = 'a'", "tags.mlflow.runName = 'a'", "tags.parity IN ('odd')",
    "attributes.status = 'FINISHED'", "attribute.status = 'finished'", "status != 'RUNNING'", "status ILIKE 'f%'", "status IN ('FAILED')", "run_name = 'a'", "attributes.`run name` = 'a'", "attributes.run_name LIKE '%'", "`Run name` = 'b'", "run_name IN ('a','b')", "attributes.user_id = 'ada'", "user_id LIKE 'B%'", "user = 'ada'",
    "run_id = '{run:a}'", "attributes.run_id IN ('{run:a}', '{run:b}')", "run_id NOT IN ('{run:a}')", "run_id in ()", "run_id IN ('{run:a}',)", "attributes.run_id LIKE '%'",
    'start_time >= 5001', 'attributes.start_time = 5000', 'created > 5000', "start_time > '5000'", 'end_time < 8500', 'end_time IS NULL', 'start_time IN (5000)', "artifact_uri LIKE '%'", "lifecycle_stage = 'active'", 'duration > 1', "experiment_id = '1'",
    "dataset.name = 'iris'", "datasets.digest = 'd1'", "dataset.context = 'train'", "dataset.name LIKE 'ir%'", "dataset.name IN ('iris', 'x')", "dataset.source = 'x'", "dataset.name != 'iris'",
    "run_name = 'a' OR run_name = 'b'", "NOT run_name = 'a'", "(run_name = 'a')", "run_name = 'a' AND", "AND run_name = 'a'", "run_name == 'a'", "run_name <> 'a'", "run_name = 'a';", "run_name='a'and user_id='ada'", "  run_name  =  'a'  ", ' ', "run_name = 'a' AND run_name = 'b'",
    "run_name = 'it''s'", "run_name = \"a'b\"", "run_name = a", "run_name BETWEEN 'a' AND 'b'", "'a' = run_name", 'unknown.key = 1', "foo = 'bar'", "params. = 'x'", "params = 'x'", "tags.a.b.c = 'x'", "run_name LIKE ''", "run_name = ''", "metrics.loss > 1 AND params.lr = '0.1' AND tags.parity = 'even'", "run_name = 'a' -- x", "run_name = 'ä'",
  ].map((filter) => runs(filter)), // prettier-ignore
  // Orders of runs.
  ...[
    ['metrics.loss'], ['metrics.loss DESC'], ['metrics.loss ASC', 'params.lr'], ['params.lr'], ['params.lr DESC'], ['tags.late'], ['tags.late desc'], ['start_time ASC'], ['attributes.start_time DESC', 'run_name'], ['run_name'], ['run_name DESC'], ['attribute.end_time'], ['end_time DESC'], ['status'],
    ['metrics.none', 'run_name'], ['metrics.`a b` DESC'], ['metrics."a b"'], ['user_id', 'run_name DESC'], ['run_id', 'x'], ['created DESC', 'run_name'], ['`Run name`'], ['metrics.loss DOWN'], ['metrics.loss ASC DESC'], ['dataset.name'], ['duration'], ['foo'], [''], ['metrics.loss, params.lr'], ['params'], ['artifact_uri', 'foo.bar'],
  ].map((order) => ordered(...order)), // prettier-ignore
  // Views, pages and limits of runs.
  ...['ACTIVE_ONLY', 'DELETED_ONLY', 'ALL', 'NONE', 2, ''].map((run_view_type) =>
    runs('', { run_view_type, order_by: ['run_name'] }),
  ),
  ...[1, 2, 50_000, 50_001, 0, -1, '3', 'x', 1.5, null].map((max_results) =>
    runs('', { max_results, order_by: ['run_name'] }),
  ),
  runs('', { page_token: 'x' }),
  runs('', { page_token: '' }),
  runs('', { max_results: 2, page_token: 'eyJvZmZzZXQiOiAyfQ==', order_by: ['run_name'] }),
  runs('', { page_token: 'eyJvZmZzZXQiOiA5OTl9' }),
  runs('', { page_token: 5 }),
  post('runs/search', { experiment_ids: [] }),
  post('runs/search', {}),
  post('runs/search', { experiment_ids: ['999999'] }),
  post('runs/search', { experiment_ids: 'x' }),
  post('runs/search', { experiment_ids: [1] }),
  post('runs/search', { experiment_ids: ['{exp:one}'], order_by: 'run_name' }),
  post('runs/search', { experiment_ids: ['{exp:gone}'] }),
  // Experiments.
  ...["name = 'one'", "name LIKE 'T%'", "name ILIKE 't%'", "name != 'one'", "attribute.name = 'Two'", "attributes.name LIKE '%o%'", "tags.team = 'a'", "tag.team = 'a'", "tags.`k y` = 'v'", 'tags.team IS NULL', 'tags.team IS NOT NULL', "tags.team != 'a'", "name IN ('one')", "experiment_id IN ('{exp:one}')", "experiment_id = '{exp:one}'", 'creation_time > 0', "creation_time > '0'", 'last_update_time >= 0', "lifecycle_stage = 'active'", "params.x = '1'", "metrics.x = 1", "name = 'one' OR name = 'Two'", 'foo = 1', "name > 'a'"].map((filter) => experiments(filter, { order_by: ['name'] })), // prettier-ignore
  ...[
    ['name'],
    ['name DESC'],
    ['attributes.name'],
    ['experiment_id'],
    ['experiment_id DESC'],
    ['tags.team'],
    ['foo'],
    ['name UP'],
    ['creation_time', 'name'],
    [''],
  ].map((order_by) => experiments("name != 'Default'", { order_by })),
  ...['ACTIVE_ONLY', 'DELETED_ONLY', 'ALL', 'x'].map((view_type) =>
    experiments("name != 'Default'", { view_type, order_by: ['name'] }),
  ),
  ...[1, 0, -1, 50_000, 50_001, undefined].map((max_results) =>
    post('experiments/search', { max_results, order_by: ['name'] }),
  ),
  get('experiments/get?experiment_id=nope'),
  get('experiments/get?experiment_id='),
  get('experiments/get-by-name?experiment_name='),
  get('experiments/get-by-name?experiment_name=gone'),
  get('experiments/get-by-name'),
  post('experiments/create', { name: 'gone' }),
  post('experiments/create', { name: 'x'.repeat(501) }),
  post('experiments/create', { name: 5 }),
  post('experiments/create', {}),
  post('experiments/create', { name: ' ' }),
  post('experiments/update', { experiment_id: '{exp:one}' }),
  post('experiments/update', { experiment_id: '{exp:one}', new_name: 'Two' }),
  post('experiments/update', { experiment_id: '{exp:gone}', new_name: 'z' }),
  post('experiments/delete', { experiment_id: '{exp:gone}' }),
  post('experiments/restore', { experiment_id: '{exp:two}' }),
  post('experiments/delete', { experiment_id: '424242' }),
  post('experiments/set-experiment-tag', { experiment_id: '{exp:gone}', key: 'a', value: 'b' }),
  post('experiments/set-experiment-tag', { experiment_id: '{exp:one}', key: 'a'.repeat(251), value: 'b' }),
  post('experiments/set-experiment-tag', {
    experiment_id: '{exp:one}',
    key: 'big',
    value: 'b'.repeat(6_000),
  }),
  post('experiments/delete-experiment-tag', { experiment_id: '{exp:one}', key: 'none' }),
  // Writing runs.
  post('runs/create', { experiment_id: '424242' }),
  post('runs/create', { experiment_id: '{exp:gone}' }),
  post('runs/create', { experiment_id: '{exp:one}', start_time: 'x' }),
  post('runs/create', { experiment_id: '{exp:one}', tags: [{ value: 'x' }] }),
  post('runs/create', { experiment_id: '{exp:one}', tags: 'x' }),
  post('runs/create', { experiment_id: '{exp:one}', run_name: 'p', tags: tags({ 'mlflow.runName': 'q' }) }),
  get('runs/get?run_id=nope'),
  get('runs/get'),
  get('runs/get?run_uuid={run:a}'),
  get('runs/get?run_id={run:f}'),
  ...([['key', 1], ['', 1], ['a'.repeat(251), 1], ['../x', 1], ['a//b', 1], ['/a', 1], ['a/', 1], ['./a', 1], ['a,b', 1], ['ä', 1], ['a\tb', 1], ['..', 1], ['.', 1], ['v', null], ['v', 'x'], ['v', '1.5'], ['v', true], ['v', [1]], ['v', '1e400'], ['v', ' 1'], ['v', '']] as const).map(([key, value]) => post('runs/log-metric', { run_id: '{run:c}', key, value, timestamp: 1 })), // prettier-ignore
  ...([{ timestamp: -1 }, {}, { timestamp: '5' }, { timestamp: 1.5 }, { timestamp: 5, step: 'x' }, { timestamp: 5, step: -3 }, { timestamp: 5, step: '7' }, { timestamp: 5, step: 2.5 }, { timestamp: 5, step: 2 ** 63 }] as const).map((more) => post('runs/log-metric', { run_id: '{run:c}', key: 'k', value: 1, ...more })), // prettier-ignore
  post('runs/log-metric', { run_id: '{run:f}', key: 'k', value: 1, timestamp: 1 }),
  post('runs/log-metric', { run_id: 'nope', key: 'k', value: 1, timestamp: 1 }),
  post('runs/log-metric', { key: 'k', value: 1, timestamp: 1 }),
  post('runs/log-metric', []),
  post('runs/log-metric', {}),
  post('runs/log-parameter', { run_id: '{run:c}', key: 'lr', value: '10' }),
  post('runs/log-parameter', { run_id: '{run:c}', key: 'lr', value: '11' }),
  post('runs/log-parameter', { run_id: '{run:c}', key: 'n', value: 5 }),
  post('runs/log-parameter', { run_id: '{run:c}', key: 'n2' }),
  post('runs/log-parameter', { run_id: '{run:c}', value: 'x' }),
  post('runs/log-parameter', { run_id: '{run:c}', key: 'x'.repeat(251), value: '' }),
  post('runs/log-parameter', { run_id: '{run:f}', key: 'x', value: '' }),
  post('runs/set-tag', { run_id: '{run:c}', key: 'x y', value: '1' }),
  post('runs/set-tag', { run_id: '{run:c}', key: 'x=y', value: '1' }),
  post('runs/set-tag', { run_id: '{run:c}', value: '1' }),
  post('runs/set-tag', { run_id: '{run:c}', key: 'x', value: 5 }),
  post('runs/set-tag', { run_id: '{run:f}', key: 'x', value: '5' }),
  post('runs/delete-tag', { run_id: '{run:c}', key: 'none' }),
  post('runs/delete-tag', { run_id: '{run:c}' }),
  post('runs/log-batch', { run_id: '{run:c}' }),
  post('runs/log-batch', {}),
  post('runs/log-batch', { run_id: '{run:c}', metrics: {} }),
  post('runs/log-batch', { run_id: '{run:c}', metrics: [{}] }),
  post('runs/log-batch', { run_id: '{run:c}', metrics: ['x'] }),
  post('runs/log-batch', {
    run_id: '{run:c}',
    params: [
      { key: 'dup', value: '1' },
      { key: 'dup', value: '2' },
    ],
  }),
  post('runs/log-batch', {
    run_id: '{run:c}',
    params: [
      { key: 'du', value: '1' },
      { key: 'du', value: '1' },
    ],
  }),
  post('runs/log-batch', {
    run_id: '{run:c}',
    params: Array.from({ length: 101 }, (_, at) => ({ key: `q${at}`, value: '1' })),
  }),
  post('runs/log-batch', {
    run_id: '{run:c}',
    tags: Array.from({ length: 101 }, (_, at) => ({ key: `q${at}`, value: '1' })),
  }),
  post('runs/log-batch', {
    run_id: '{run:c}',
    metrics: Array.from({ length: 1_001 }, (_, at) => metric(`q${at}`, 1)),
  }),
  post('runs/log-batch', { run_id: '{run:f}', metrics: [] }),
  post('runs/update', { run_id: '{run:c}', status: 'NOPE' }),
  post('runs/update', { run_id: '{run:c}', status: 3 }),
  post('runs/update', { run_id: '{run:c}', end_time: 'x' }),
  post('runs/update', { run_id: '{run:f}', status: 'FINISHED' }),
  post('runs/update', { run_id: '{run:c}' }),
  post('runs/delete', { run_id: '{run:f}' }),
  post('runs/delete', { run_id: 'nope' }),
  post('runs/restore', { run_id: '{run:a}' }),
  post('runs/restore', {}),
  get('metrics/get-history?run_id={run:a}&metric_key=acc'),
  get('metrics/get-history?run_id={run:a}&metric_key=none'),
  get('metrics/get-history?run_id={run:a}'),
  get('metrics/get-history?run_id=nope&metric_key=x'),
  get('metrics/get-history?run_id={run:a}&metric_key=acc&max_results=1'),
  get('metrics/get-history?run_id={run:a}&metric_key=acc&max_results=0'),
  get('metrics/get-history?run_id={run:a}&metric_key=acc&max_results=x'),
  get('metrics/get-history?run_id={run:f}&metric_key=acc'),
  // Registered models.
  ...['', "name = 'rain'", "name LIKE 'r%'", "name ILIKE 'R%'", "name != 'rain'", "name IN ('rain','snow')", "tags.owner = 'r'", "tag.owner = 'r'", "tags.owner != 'r'", "tags.owner LIKE '%'", "tags.none != 'x'", "tags.`mlflow.prompt.is_prompt` != 'true'", "description = 'x'", "name > 'a'", "name = 'a' OR name = 'b'", 'name', 'foo = 1', "aliases = 'champion'", "latest_versions > 1"].map((filter) => models(filter)), // prettier-ignore
  ...['&order_by=name', '&order_by=name%20DESC', '&order_by=timestamp%20DESC', '&order_by=last_updated_timestamp%20DESC&order_by=name', '&order_by=foo', '&order_by=tags.owner', '&max_results=1', '&max_results=0', '&max_results=-1', '&max_results=1000', '&max_results=1001', '&max_results=x', '&page_token=x', '&order_by=name%20DOWN'].map((more) => models('', more)), // prettier-ignore
  get('registered-models/get?name=none'),
  get('registered-models/get?name='),
  get('registered-models/get'),
  post('registered-models/create', { name: 'rain' }),
  post('registered-models/create', { name: '' }),
  post('registered-models/create', {}),
  post('registered-models/create', { name: 'a/b' }),
  post('registered-models/create', { name: 'a:b' }),
  post('registered-models/create', { name: 5 }),
  { method: 'PATCH', route: 'registered-models/update', body: { name: 'none', description: 'x' } },
  { method: 'PATCH', route: 'registered-models/update', body: { name: 'rain' } },
  { method: 'DELETE', route: 'registered-models/delete', body: { name: 'none' } },
  post('registered-models/set-tag', { name: 'none', key: 'a', value: 'b' }),
  post('registered-models/set-tag', { name: 'rain', value: 'b' }),
  post('registered-models/set-tag', { name: 'rain', key: 'a'.repeat(251), value: 'b' }),
  { method: 'DELETE', route: 'registered-models/delete-tag', body: { name: 'rain', key: 'none' } },
  get('registered-models/alias?name=rain&alias=champion'),
  get('registered-models/alias?name=rain&alias=none'),
  get('registered-models/alias?name=none&alias=x'),
  get('registered-models/alias?name=rain'),
  post('registered-models/alias', { name: 'rain', alias: 'latest', version: '1' }),
  post('registered-models/alias', { name: 'rain', alias: 'V3', version: '1' }),
  post('registered-models/alias', { name: 'rain', alias: 'a b', version: '1' }),
  post('registered-models/alias', { name: 'rain', alias: 'x', version: '9' }),
  post('registered-models/alias', { name: 'rain', alias: 'x', version: 'x' }),
  post('registered-models/alias', { name: 'rain', alias: '', version: '1' }),
  { method: 'DELETE', route: 'registered-models/alias', body: { name: 'rain', alias: 'none' } },
  post('registered-models/get-latest-versions', { name: 'rain' }),
  post('registered-models/get-latest-versions', { name: 'none' }),
  post('registered-models/get-latest-versions', { name: 'rain', stages: ['Nope'] }),
  post('registered-models/get-latest-versions', { name: 'rain', stages: ['production'] }),
  post('registered-models/get-latest-versions', {}),
  // Versions.
  ...['', "name = 'rain'", "name LIKE 'r%'", "name ILIKE 'R%'", "name != 'rain'", "name IN ('rain')", "run_id = 'x'", "run_id IN ('x','y')", 'run_id IN ()', "source_path = 's3://b/1'", "source_path LIKE 's3%'", 'version_number = 1', "version_number = '1'", 'version_number > 1', 'version_number IN (1)', "tags.n = '1'", "tags.n != '1'", "tags.`n` LIKE '%'", "status = 'READY'", "aliases = 'champion'", "current_stage = 'None'", 'creation_timestamp > 0', "name = 'rain' and version_number < 2"].map((filter) => versions(filter, '&order_by=name&order_by=version_number')), // prettier-ignore
  ...['&order_by=version_number', '&order_by=version_number%20DESC', '&order_by=name%20DESC&order_by=version_number', '&order_by=foo', '&order_by=run_id', '&max_results=1&order_by=version_number', '&max_results=0', '&max_results=200001', '&page_token=x'].map((more) => versions("name = 'rain'", more)), // prettier-ignore
  get('model-versions/get?name=rain&version=3'),
  get('model-versions/get?name=rain&version=x'),
  get('model-versions/get?name=rain'),
  get('model-versions/get?name=none&version=1'),
  get('model-versions/get?name=rain&version=0'),
  get('model-versions/get-download-uri?name=rain&version=1'),
  get('model-versions/get-download-uri?name=rain&version=9'),
  post('model-versions/create', { name: 'none', source: 's3://x/y' }),
  post('model-versions/create', { name: 'rain' }),
  post('model-versions/create', { name: 'rain', source: '' }),
  post('model-versions/create', { name: 'rain', source: 'runs:/{run:a}/m' }),
  post('model-versions/create', { name: 'rain', source: 'http://x/y' }),
  post('model-versions/create', { name: 'rain', source: '/etc' }),
  post('model-versions/create', { name: 'rain', source: 'file:///etc' }),
  post('model-versions/create', { name: 'rain', source: 's3://x/y', run_id: 'nope' }),
  post('model-versions/create', { name: 'rain', source: 'models:/none/1' }),
  post('model-versions/create', { name: 'rain', source: '../x' }),
  { method: 'PATCH', route: 'model-versions/update', body: { name: 'rain', version: '9', description: 'x' } },
  { method: 'DELETE', route: 'model-versions/delete', body: { name: 'rain', version: '3' } },
  post('model-versions/set-tag', { name: 'rain', version: '1', key: '', value: 'x' }),
  post('model-versions/set-tag', { name: 'rain', version: '9', key: 'a', value: 'x' }),
  { method: 'DELETE', route: 'model-versions/delete-tag', body: { name: 'rain', version: '1', key: 'none' } },
  post('model-versions/transition-stage', { name: 'rain', version: '1', stage: 'Nope' }),
  post('model-versions/transition-stage', { name: 'rain', version: '1', stage: 'staging' }),
  post('model-versions/transition-stage', { name: 'rain', version: '1' }),
  // Logged models.
  ...['', "name = 'm1'", "attributes.name = 'm1'", "name LIKE 'm%'", "model_type = 'tree'", "status = 'PENDING'", "status = 'READY'", "params.p = 'm1'", "param.p = 'm1'", "tags.t != 'm1'", "source_run_id = '{run:a}'", "name IN ('m1')", 'creation_time > 0', 'creation_timestamp > 0', "creation_time > 'x'", 'metrics.x > 0', 'metric.x > 0', "params.p IS NULL", "name = 'm1' OR name = 'm2'", "foo = 'x'", "experiment_id = '{exp:one}'"].map((filter) => logged(filter, { order_by: [{ field_name: 'name' }] })), // prettier-ignore
  ...[[{ field_name: 'name' }], [{ field_name: 'name', ascending: false }], [{ field_name: 'creation_time' }, { field_name: 'name' }], [{ field_name: 'foo' }], [{ field_name: 'metrics.x' }, { field_name: 'name' }], [{ field_name: 'params.p' }], [{}], ['name']].map((order_by) => logged('', { order_by })), // prettier-ignore
  ...[1, 0, 50, 51, -1].map((max_results) => logged('', { max_results, order_by: [{ field_name: 'name' }] })),
  logged('', { page_token: 'x' }),
  post('logged-models/search', {}),
  post('logged-models/search', { experiment_ids: ['424242'] }),
  get('logged-models/nope'),
  { method: 'PATCH', route: 'logged-models/{model:m1}', body: {} },
  { method: 'PATCH', route: 'logged-models/{model:m1}', body: { status: 'NOPE' } },
  { method: 'PATCH', route: 'logged-models/nope/tags', body: { tags: tags({ a: 'b' }) } },
  post('logged-models', { experiment_id: '424242', name: 'x' }),
  post('logged-models', { experiment_id: '{exp:one}', name: 'a/b' }),
  post('logged-models', { experiment_id: '{exp:one}', name: '' }),
  post('logged-models', {}),
  { method: 'DELETE', route: 'logged-models/{model:m1}/tags/none' },
  // What is no route.
  get('nope'),
  post('runs/get', {}),
  get('runs/create'),
];
