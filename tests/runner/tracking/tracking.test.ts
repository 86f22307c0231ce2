/** `modelyard tracking serve`: MLflow's wire, by hand, against the real command; and what the rest of Modelyard makes of it. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import test, { after, before } from 'node:test';
import { TestProject } from '../../support/cli.js';
import { TrackingClient } from '../../support/tracking.js';

let project: TestProject;
let client: TrackingClient;

before(async () => {
  project = await TestProject.make();
  client = await TrackingClient.start(project);
});
after(async () => {
  await client.stop();
});

interface Run {
  readonly info: Readonly<Record<string, unknown>>;
  readonly data: {
    readonly metrics?: readonly Readonly<Record<string, unknown>>[];
    readonly params?: readonly { readonly key: string; readonly value: string }[];
    readonly tags?: readonly { readonly key: string; readonly value: string }[];
  };
}

async function getRun(id: string): Promise<Run> {
  return ((await client.expect('GET', `runs/get?run_id=${id}`)) as { run: Run }).run;
}

async function search(body: object): Promise<readonly string[]> {
  const { runs = [] } = (await client.expect('POST', 'runs/search', body)) as { runs?: readonly Run[] };
  return runs.map(({ info }) => String(info['run_name']));
}

test('experiments: made, found, renamed, deleted, restored', async () => {
  const made = await client.expect('POST', 'experiments/create', {
    name: 'rain',
    tags: [{ key: 'a', value: 'b' }],
  });
  const id = String(made['experiment_id']);
  await client.refused('RESOURCE_ALREADY_EXISTS', 'POST', 'experiments/create', { name: 'rain' });
  const { experiment } = (await client.expect('GET', 'experiments/get-by-name?experiment_name=rain')) as {
    experiment: Record<string, unknown>;
  };
  assert.equal(experiment['experiment_id'], id);
  assert.equal(experiment['artifact_location'], `mlflow-artifacts:/${id}`);
  assert.deepEqual(experiment['tags'], [{ key: 'a', value: 'b' }]);
  await client.refused('RESOURCE_DOES_NOT_EXIST', 'GET', 'experiments/get-by-name?experiment_name=none');
  await client.refused('RESOURCE_DOES_NOT_EXIST', 'GET', 'experiments/get?experiment_id=99');
  await client.refused('INVALID_PARAMETER_VALUE', 'GET', 'experiments/get');
  await client.refused('INVALID_PARAMETER_VALUE', 'POST', 'experiments/create', { name: '' });
  await client.refused('INVALID_PARAMETER_VALUE', 'POST', 'experiments/create', {
    name: 'x',
    artifact_location: 'mlflow-artifacts:/../x',
  });
  await client.expect('POST', 'experiments/update', { experiment_id: id, new_name: 'hail' });
  await client.refused('RESOURCE_ALREADY_EXISTS', 'POST', 'experiments/update', {
    experiment_id: id,
    new_name: 'Default',
  });
  await client.expect('POST', 'experiments/set-experiment-tag', { experiment_id: id, key: 'k', value: '' });
  await client.expect('POST', 'experiments/delete-experiment-tag', { experiment_id: id, key: 'k' });
  await client.refused('RESOURCE_DOES_NOT_EXIST', 'POST', 'experiments/delete-experiment-tag', {
    experiment_id: id,
    key: 'k',
  });
  const run = await client.run({ experiment_id: id });
  await client.expect('POST', 'experiments/delete', { experiment_id: id });
  await client.refused('RESOURCE_DOES_NOT_EXIST', 'POST', 'experiments/delete', { experiment_id: id });
  await client.refused('INVALID_PARAMETER_VALUE', 'POST', 'runs/create', { experiment_id: id });
  assert.equal((await getRun(run)).info['lifecycle_stage'], 'deleted');
  const names = async (view: string): Promise<readonly unknown[]> => {
    const { experiments } = (await client.expect('POST', 'experiments/search', {
      max_results: 10,
      view_type: view,
    })) as {
      experiments: readonly { readonly name: string }[];
    };
    return experiments.map(({ name }) => name);
  };
  assert.deepEqual(await names('ACTIVE_ONLY'), ['Default']);
  assert.deepEqual(await names('DELETED_ONLY'), ['hail']);
  await client.expect('POST', 'experiments/restore', { experiment_id: id });
  assert.deepEqual(await names('ALL'), ['hail', 'Default']);
  assert.equal((await getRun(run)).info['lifecycle_stage'], 'active');
});

test('experiments are ordered by their numbers', async () => {
  for (let number = 0; number < 11; number++)
    await client.expect('POST', 'experiments/create', { name: `ordered ${number}` });
  const { experiments } = (await client.expect('POST', 'experiments/search', {
    max_results: 100,
    order_by: ['experiment_id ASC'],
  })) as { experiments: readonly { readonly experiment_id: string }[] };
  const ids = experiments.map(({ experiment_id }) => Number(experiment_id));
  assert.ok(ids.length > 11);
  assert.deepEqual(
    ids,
    ids.toSorted((one, other) => one - other),
  );
  const found = await client.expect('POST', 'experiments/search', {
    max_results: 100,
    filter: "experiment_id IN ('0', '10')",
  });
  assert.equal((found['experiments'] as unknown[]).length, 2);
});

test('a run: params that stay, metrics with steps, tags, its end', async () => {
  const id = await client.run({
    start_time: 1_234,
    user_id: 'ada',
    run_name: 'one',
    tags: [{ key: 'team', value: 'blue' }],
  });
  await client.expect('POST', 'runs/log-parameter', { run_id: id, run_uuid: id, key: 'lr', value: '0.1' });
  await client.expect('POST', 'runs/log-parameter', { run_uuid: id, key: 'lr', value: '0.1' });
  assert.match(
    await client.refused('INVALID_PARAMETER_VALUE', 'POST', 'runs/log-parameter', {
      run_id: id,
      key: 'lr',
      value: '0.2',
    }),
    /Changing param values is not allowed/,
  );
  const metric = { run_id: id, key: 'val/loss', value: 0.5, timestamp: 10, step: 3 };
  for (let time = 0; time < 3; time++) await client.expect('POST', 'runs/log-metric', metric);
  await client.expect('POST', 'runs/log-metric', { ...metric, value: 'NaN', step: 2 });
  await client.expect('POST', 'runs/log-metric', {
    ...metric,
    key: 'inf',
    value: '-Infinity',
    step: undefined,
  });
  const told = await getRun(id);
  assert.deepEqual(told.data.metrics, [
    { key: 'val/loss', value: 0.5, timestamp: 10, step: 3 },
    { key: 'inf', value: '-Infinity', timestamp: 10, step: 0 },
  ]);
  assert.deepEqual(told.data.params, [{ key: 'lr', value: '0.1' }]);
  assert.equal(told.info['start_time'], 1_234);
  assert.equal(told.info['artifact_uri'], `mlflow-artifacts:/0/${id}/artifacts`);
  // Told three times by a client that heard no answer: one point.
  const history = await client.expect('GET', `metrics/get-history?run_id=${id}&metric_key=val%2Floss`);
  assert.deepEqual(history['metrics'], [
    { key: 'val/loss', value: 'NaN', timestamp: 10, step: 2 },
    { key: 'val/loss', value: 0.5, timestamp: 10, step: 3 },
  ]);
  for (const bad of [
    { timestamp: -1 },
    { timestamp: undefined },
    { value: 'x' },
    { key: '../x' },
    { key: '' },
    { step: 'a' },
  ])
    await client.refused('INVALID_PARAMETER_VALUE', 'POST', 'runs/log-metric', { ...metric, ...bad });
  await client.expect('POST', 'runs/set-tag', { run_id: id, key: 'mlflow.runName', value: 'renamed' });
  await client.expect('POST', 'runs/delete-tag', { run_id: id, key: 'team' });
  assert.match(
    await client.refused('RESOURCE_DOES_NOT_EXIST', 'POST', 'runs/delete-tag', { run_id: id, key: 'team' }),
    /^No tag with name: team/,
  );
  const { run_info } = (await client.expect('POST', 'runs/update', {
    run_id: id,
    status: 'FINISHED',
    end_time: 2_345,
  })) as {
    run_info: Record<string, unknown>;
  };
  assert.deepEqual(
    [run_info['run_name'], run_info['status'], run_info['end_time']],
    ['renamed', 'FINISHED', 2_345],
  );
  await client.expect('POST', 'runs/delete', { run_id: id });
  await client.expect('POST', 'runs/delete', { run_id: id });
  assert.match(
    await client.refused('INVALID_PARAMETER_VALUE', 'POST', 'runs/log-metric', metric),
    /must be in the 'active' state/,
  );
  await client.expect('POST', 'runs/restore', { run_id: id });
  await client.expect('POST', 'runs/log-metric', { ...metric, step: 9 });
  assert.match(
    await client.refused('RESOURCE_DOES_NOT_EXIST', 'GET', 'runs/get?run_id=abc'),
    /Run 'abc' not found/,
  );
});

test('batches have bounds, and are taken as a whole or not at all', async () => {
  const id = await client.run();
  const metrics = (count: number): object[] =>
    Array.from({ length: count }, (_, step) => ({ key: 'm', value: step, timestamp: step, step }));
  const texts = (count: number): object[] =>
    Array.from({ length: count }, (_, at) => ({ key: `k${at}`, value: String(at) }));
  await client.expect('POST', 'runs/log-batch', {
    run_id: id,
    metrics: metrics(1_000),
    params: texts(100),
    tags: texts(100),
  });
  for (const over of [{ metrics: metrics(1_001) }, { params: texts(101) }, { tags: texts(101) }])
    await client.refused('INVALID_PARAMETER_VALUE', 'POST', 'runs/log-batch', { run_id: id, ...over });
  await client.refused('INVALID_PARAMETER_VALUE', 'POST', 'runs/log-batch', {
    run_id: id,
    metrics: [{ key: 'other', value: 1, timestamp: 1 }],
    params: [{ key: 'k0', value: 'changed' }],
  });
  await client.refused('INVALID_PARAMETER_VALUE', 'POST', 'runs/log-batch', {
    run_id: id,
    params: [{ key: 'p', value: '1' }, { key: 'p', value: '2' }], // prettier-ignore
  });
  const { data } = await getRun(id);
  assert.deepEqual(data.metrics, [{ key: 'm', value: 999, timestamp: 999, step: 999 }]);
  assert.equal(data.params?.length, 100);
  // Long values are cut, as by MLflow's server.
  await client.expect('POST', 'runs/set-tag', { run_id: id, key: 'long', value: 'x'.repeat(9_000) });
  assert.equal((await getRun(id)).data.tags?.find(({ key }) => key === 'long')?.value.length, 8_000);
  const page = await client.expect('GET', `metrics/get-history?run_id=${id}&metric_key=m&max_results=600`);
  const next = String(page['next_page_token']);
  const rest = await client.expect(
    'GET',
    `metrics/get-history?run_id=${id}&metric_key=m&max_results=600&page_token=${encodeURIComponent(next)}`,
  );
  assert.deepEqual(
    [(page['metrics'] as unknown[]).length, (rest['metrics'] as unknown[]).length],
    [600, 400],
  );
  const bulk = await client.expect(
    'GET',
    `metrics/get-history-bulk-interval?run_ids=${id}&metric_key=m&max_results=10&start_step=100`,
  );
  const steps = (bulk['metrics'] as { step: number; run_id: string }[]).map(({ step }) => step);
  assert.deepEqual([steps.length, steps[0], steps.at(-1)], [10, 100, 999]);
});

test('runs are searched, ordered and paged', async () => {
  const { experiment_id } = await client.expect('POST', 'experiments/create', { name: 'search' });
  const runs: readonly (readonly [name: string, loss: number | string | undefined, lr: string])[] = [
    ['a', 0.5, '10'],
    ['b', 0.1, '9'],
    ['c', 'NaN', '9'],
    ['d', undefined, '1'],
  ];
  for (const [at, [name, loss, lr]] of runs.entries()) {
    const id = await client.run({ experiment_id, run_name: name, start_time: 100 + at });
    await client.expect('POST', 'runs/log-batch', {
      run_id: id,
      params: [{ key: 'lr', value: lr }],
      ...(loss === undefined ? {} : { metrics: [{ key: 'loss', value: loss, timestamp: 1 }] }),
    });
    if (name === 'd') await client.expect('POST', 'runs/delete', { run_id: id });
  }
  const within = { experiment_ids: [experiment_id] };
  assert.deepEqual(await search(within), ['c', 'b', 'a']);
  assert.deepEqual(await search({ ...within, run_view_type: 'ALL' }), ['d', 'c', 'b', 'a']);
  assert.deepEqual(await search({ ...within, run_view_type: 'DELETED_ONLY' }), ['d']);
  assert.deepEqual(await search({ ...within, filter: "metrics.loss < 1 and params.lr != '9'" }), ['a']);
  assert.deepEqual(await search({ ...within, order_by: ['metrics.loss DESC'] }), ['a', 'b', 'c']);
  assert.deepEqual(await search({ ...within, order_by: ['params.lr'], run_view_type: 'ALL' }), [
    'd',
    'a',
    'c',
    'b',
  ]);
  assert.deepEqual(await search({}), []);
  assert.deepEqual(await search({ experiment_ids: ['99'] }), []);
  const first = await client.expect('POST', 'runs/search', { ...within, max_results: 2 });
  assert.deepEqual(await search({ ...within, max_results: 2, page_token: first['next_page_token'] }), ['a']);
  for (const max_results of [0, -1, 50_001])
    await client.refused('INVALID_PARAMETER_VALUE', 'POST', 'runs/search', { ...within, max_results });
  await client.refused('INVALID_PARAMETER_VALUE', 'POST', 'runs/search', { ...within, page_token: 'x' });
  await client.refused('INVALID_PARAMETER_VALUE', 'POST', 'runs/search', { ...within, filter: 'loss' });
});

test('artifacts are kept by content, listed, sent in pieces, deleted', async () => {
  const id = await client.run();
  const base = `0/${id}/artifacts`;
  assert.equal((await client.put(`${base}/notes/a%20%C3%A4+b.txt`, 'hello world')).status, 200);
  assert.equal((await client.put(`${base}/copy.txt`, 'hello world')).status, 200);
  assert.equal((await client.put(`${base}/notes/deep/empty.bin`, '')).status, 200);
  assert.deepEqual(await client.list(base), ['copy.txt', 'notes/']);
  assert.deepEqual(await client.list(`${base}/notes`), ['a ä+b.txt', 'deep/']);
  assert.deepEqual(await client.list(`${base}/nowhere`), []);
  const whole = await client.file(`${base}/notes/a%20%C3%A4+b.txt`);
  assert.equal(whole.text, 'hello world');
  assert.match(String(whole.headers['content-disposition']), /^attachment/);
  assert.equal(whole.headers['x-content-type-options'], 'nosniff');
  const part = await client.file(`${base}/copy.txt`, { Range: 'bytes=6-' });
  assert.deepEqual([part.status, part.text, part.headers['content-range']], [206, 'world', 'bytes 6-10/11']);
  assert.equal((await client.file(`${base}/copy.txt`, { Range: 'bytes=-5' })).text, 'world');
  assert.equal((await client.file(`${base}/copy.txt`, { Range: 'bytes=99-' })).status, 416);
  assert.equal((await client.file(`${base}/notes/deep/empty.bin`)).text, '');
  // A client may say nothing of the length.
  const chunked = await client.ask('PUT', `/api/2.0/mlflow-artifacts/artifacts/${base}/chunked`, {
    raw: 'x'.repeat(100_000),
    headers: { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' },
  });
  assert.equal(chunked.status, 200);
  assert.equal((await client.file(`${base}/chunked`)).text.length, 100_000);
  const objects = project.path('.modelyard', 'models', 'objects');
  const before = readdirSync(objects, { recursive: true }).length;
  assert.equal((await client.put(`${base}/again.txt`, 'hello world')).status, 200);
  assert.equal(readdirSync(objects, { recursive: true }).length, before, 'the same bytes are kept once');
  assert.equal((await client.put(`${base}/notes`, 'x')).status, 400, 'a folder');
  assert.equal((await client.put(`${base}/copy.txt/below`, 'x')).status, 400, 'below a file');
  assert.equal((await client.put(`${base}/`, 'x')).status, 400);
  assert.equal((await client.file(`${base}/none`)).status, 404);
  assert.equal((await client.file(`0/${'x'.repeat(300)}/artifacts/a`)).status, 404);
  const gone = await client.ask('DELETE', `/api/2.0/mlflow-artifacts/artifacts/${base}/notes`);
  assert.equal(gone.status, 200);
  assert.deepEqual(await client.list(base), ['again.txt', 'chunked', 'copy.txt']);
  assert.match(
    (
      await client.ask('POST', '/api/2.0/mlflow-artifacts/mpu/create/0', {
        body: { path: 'x', num_parts: 2 },
      })
    ).text,
    /Multipart upload is not supported/,
  );
});

test('paths lead nowhere else', async () => {
  const id = await client.run();
  const base = `0/${id}/artifacts`;
  const paths = [
    '../x',
    '..%2fx',
    '%2e%2e/x',
    'a/../../../x',
    'a//b',
    './x',
    '%00',
    'a%00b',
    '..%5cx',
    'C:%5cx',
    '%2fetc%2fpasswd/../x',
  ];
  for (const path of paths) {
    const put = await client.put(`${base}/${path}`, 'x');
    // What is only odd may be kept, as a key that is never a path of the disk.
    assert.ok([400, 404].includes(put.status), `${path}: ${put.status} ${put.text}`);
    const listed = await client.ask('GET', `/api/2.0/mlflow-artifacts/artifacts?path=${base}/${path}`);
    assert.ok([400, 404].includes(listed.status), `list ${path}: ${listed.text}`);
  }
  assert.equal((await client.put('%c3%28', 'x')).status, 400);
  for (const path of [
    '1/x/artifacts/a',
    'a',
    '',
    '..',
    'models/x',
    '0/models/m-1/artifacts/x',
    'registered/x/1/a',
  ])
    assert.ok((await client.put(path, 'x')).status >= 400, path);
  assert.deepEqual(await client.list(base), []);
});

test('logged models: pending, ready, searched, deleted', async () => {
  const run = await client.run();
  const made = (await client.expect('POST', 'logged-models', {
    experiment_id: '0',
    name: 'net',
    source_run_id: run,
    params: [{ key: 'depth', value: '3' }],
    tags: [{ key: 'a', value: 'b' }],
  })) as { model: { info: Record<string, string> } };
  const { model_id = '', artifact_uri = '', status } = made.model.info;
  assert.equal(status, 'LOGGED_MODEL_PENDING');
  assert.equal(artifact_uri, `mlflow-artifacts:/0/models/${model_id}/artifacts`);
  assert.equal(
    (await client.put(`0/models/${model_id}/artifacts/MLmodel`, 'flavors:\n  sklearn:\n    a: b\n')).status,
    200,
  );
  await client.expect('POST', 'runs/outputs', { run_id: run, models: [{ model_id, step: 1 }] });
  await client.expect('PATCH', `logged-models/${model_id}`, { model_id, status: 'LOGGED_MODEL_READY' });
  await client.expect('PATCH', `logged-models/${model_id}/tags`, { tags: [{ key: 'x y', value: '1' }] });
  await client.expect('POST', `logged-models/${model_id}/params`, { params: [{ key: 'p', value: '2' }] });
  await client.expect('POST', 'runs/log-metric', {
    ...{ run_id: run, key: 'acc', value: 0.9, timestamp: 1, step: 0, model_id },
    ...{ dataset_name: 'iris', dataset_digest: 'd1' },
  });
  const find = async (body: object): Promise<number> => {
    const { models = [] } = (await client.expect('POST', 'logged-models/search', {
      experiment_ids: ['0'],
      ...body,
    })) as {
      models?: unknown[];
    };
    return models.length;
  };
  assert.equal(await find({ filter: "name = 'net' AND metrics.acc > 0.5 AND params.p = '2'" }), 1);
  assert.equal(await find({ filter: `source_run_id = '${run}'`, datasets: [{ dataset_name: 'iris' }] }), 1);
  assert.equal(await find({ datasets: [{ dataset_name: 'iris', dataset_digest: 'other' }] }), 0);
  assert.equal(
    await find({ order_by: [{ field_name: 'metrics.acc', ascending: false, dataset_name: 'iris' }] }),
    1,
  );
  await client.refused('INVALID_PARAMETER_VALUE', 'POST', 'logged-models/search', {
    order_by: [{ field_name: 'params.p' }],
  });
  await client.expect('DELETE', `logged-models/${model_id}/tags/x%20y`);
  await client.refused('RESOURCE_DOES_NOT_EXIST', 'DELETE', `logged-models/${model_id}/tags/x%20y`);
  const { model } = (await client.expect('GET', `logged-models/${model_id}`)) as {
    model: { info: { tags: unknown }; data: { metrics: { dataset_name: string }[] } };
  };
  assert.deepEqual(model.info.tags, [{ key: 'a', value: 'b' }]);
  assert.equal(model.data.metrics[0]?.dataset_name, 'iris');
  await client.expect('DELETE', `logged-models/${model_id}`, { model_id });
  await client.refused('RESOURCE_DOES_NOT_EXIST', 'GET', `logged-models/${model_id}`);
});

test('registry: versions of the project’s own, aliases, tags, stages, search', async () => {
  const run = await client.run({ run_name: 'trainer' });
  await client.expect('POST', 'runs/log-metric', { run_id: run, key: 'acc', value: 0.9, timestamp: 1 });
  await client.put(
    `0/${run}/artifacts/model/MLmodel`,
    'flavors:\n  python_function: {}\n  sklearn:\n    a: b\n',
  );
  await client.put(`0/${run}/artifacts/model/data/weights.bin`, 'abc');
  await client.expect('POST', 'registered-models/create', {
    name: 'my model',
    description: 'words',
    tags: [{ key: 'a', value: 'b' }],
  });
  assert.match(
    await client.refused('RESOURCE_ALREADY_EXISTS', 'POST', 'registered-models/create', { name: 'my model' }),
    /Registered Model .* already exists/,
  );
  await client.refused('INVALID_PARAMETER_VALUE', 'POST', 'registered-models/create', { name: 'a/b' });
  const create = { name: 'my model', source: `runs:/${run}/model`, run_id: run };
  const { model_version: first } = (await client.expect('POST', 'model-versions/create', create)) as {
    model_version: Record<string, unknown>;
  };
  assert.deepEqual([first['version'], first['status'], first['run_id']], ['1', 'READY', run]);
  // The same bytes again are another version, as in MLflow.
  await client.expect('POST', 'model-versions/create', {
    ...create,
    source: `mlflow-artifacts:/0/${run}/artifacts/model`,
  });
  await client.expect('POST', 'model-versions/create', { name: 'my model', source: 'models:/my model/1' });
  await client.expect('POST', 'model-versions/create', { name: 'my model', source: 's3://bucket/model' });
  for (const source of [
    '/etc',
    'file:///etc',
    'http://127.0.0.1/x',
    '../x',
    `runs:/${run}/nothing`,
    'models:/none/1',
    'mlflow-artifacts:/../x',
  ])
    assert.notEqual(
      (await client.ask('POST', 'model-versions/create', { body: { ...create, source, run_id: undefined } }))
        .status,
      200,
      source,
    );
  await client.refused('INVALID_PARAMETER_VALUE', 'POST', 'model-versions/create', {
    ...create,
    run_id: 'other',
  });
  const version = { name: 'my model', version: '1' };
  await client.expect('POST', 'registered-models/alias', { ...version, alias: 'production' });
  for (const alias of ['latest', 'v1', 'a b'])
    await client.refused('INVALID_PARAMETER_VALUE', 'POST', 'registered-models/alias', { ...version, alias });
  const { model_version: aliased } = (await client.expect(
    'GET',
    'registered-models/alias?name=my+model&alias=production',
  )) as {
    model_version: Record<string, unknown>;
  };
  assert.deepEqual([aliased['version'], aliased['aliases']], ['1', ['production']]);
  await client.refused('INVALID_PARAMETER_VALUE', 'GET', 'registered-models/alias?name=my+model&alias=none');
  const at = await client.expect('GET', 'model-versions/get-download-uri?name=my+model&version=1');
  assert.equal(at['artifact_uri'], 'mlflow-artifacts:/registered/my model/1');
  assert.deepEqual(await client.list('registered/my model/1'), ['MLmodel', 'data/']);
  assert.equal((await client.file('registered/my%20model/1/data/weights.bin')).text, 'abc');
  assert.equal((await client.put('registered/my%20model/1/data/weights.bin', 'x')).status, 403);
  const far = await client.expect('GET', 'model-versions/get-download-uri?name=my+model&version=4');
  assert.equal(far['artifact_uri'], 's3://bucket/model');
  await client.expect('POST', 'model-versions/set-tag', { ...version, key: 'k', value: 'v' });
  await client.expect('PATCH', 'model-versions/update', { ...version, description: 'the first' });
  await client.expect('POST', 'model-versions/transition-stage', { ...version, stage: 'production' });
  await client.expect('POST', 'model-versions/transition-stage', {
    ...version,
    version: '2',
    stage: 'Production',
    archive_existing_versions: true,
  });
  await client.refused('INVALID_PARAMETER_VALUE', 'POST', 'model-versions/transition-stage', {
    ...version,
    stage: 'odd',
  });
  const latest = await client.expect('POST', 'registered-models/get-latest-versions', { name: 'my model' });
  assert.deepEqual(
    (latest['model_versions'] as { version: string; current_stage: string }[]).map((one) => [
      one.version,
      one.current_stage,
    ]),
    [['4', 'None'], ['2', 'Production'], ['1', 'Archived']], // prettier-ignore
  );
  const found = async (filter: string): Promise<readonly string[]> => {
    const { model_versions = [] } = (await client.expect(
      'GET',
      `model-versions/search?${new URLSearchParams({ filter, order_by: 'version_number ASC' }).toString()}`,
    )) as {
      model_versions?: { version: string }[];
    };
    return model_versions.map((one) => one.version);
  };
  assert.deepEqual(await found("name = 'my model' and version_number > 2"), ['3', '4']);
  assert.deepEqual(await found("tags.k = 'v'"), ['1']);
  assert.deepEqual(await found(`run_id IN ('${run}')`), ['1', '2', '3']);
  assert.deepEqual(await found("source_path LIKE 's3:%'"), ['4']);
  const models = await client.expect(
    'GET',
    `registered-models/search?${new URLSearchParams({ filter: "tag.`mlflow.prompt.is_prompt` != 'true'" }).toString()}`,
  );
  assert.equal((models['registered_models'] as unknown[]).length, 1);
  await client.expect('DELETE', 'model-versions/delete-tag', { ...version, key: 'none' });
  await client.refused('INVALID_PARAMETER_VALUE', 'GET', 'model-versions/get?name=my+model&version=x');
  await client.refused('RESOURCE_DOES_NOT_EXIST', 'GET', 'model-versions/get?name=my+model&version=99');
  await client.expect('DELETE', 'model-versions/delete', { ...version, version: '4' });
  await client.refused('NOT_IMPLEMENTED', 'POST', 'registered-models/rename', {
    name: 'my model',
    new_name: 'x',
  });
  // Modelyard's own word for all of that.
  const { stdout } = await project.expect(0, ['models', 'show', 'my model@production', '--json']);
  const shown = JSON.parse(stdout) as {
    run: { id: string };
    metrics: object;
    artifact: { framework: string };
  };
  assert.equal(shown.run.id, run);
  assert.deepEqual(shown.metrics, { acc: 0.9 });
  assert.equal(shown.artifact.framework, 'sklearn');
  await client.expect('DELETE', 'registered-models/alias', { name: 'my model', alias: 'none' });
  await client.expect('DELETE', 'registered-models/delete', { name: 'my model' });
  await client.refused('RESOURCE_DOES_NOT_EXIST', 'GET', 'registered-models/get?name=my+model');
  await client.expect('POST', 'registered-models/create', { name: 'my model' });
  const { registered_model } = (await client.expect('GET', 'registered-models/get?name=my+model')) as {
    registered_model: Record<string, unknown>;
  };
  assert.deepEqual(
    [registered_model['latest_versions'], registered_model['tags'], registered_model['description']],
    [undefined, undefined, ''],
  );
});

test('a copy of a version whose bytes are elsewhere leads there', async () => {
  for (const name of ['far', 'copy', 'copy again'])
    await client.expect('POST', 'registered-models/create', { name });
  await client.expect('POST', 'model-versions/create', { name: 'far', source: 's3://bucket/far' });
  await client.expect('POST', 'model-versions/create', { name: 'copy', source: 'models:/far/1' });
  await client.expect('POST', 'model-versions/create', { name: 'copy again', source: 'models:/copy/1' });
  for (const name of ['copy', 'copy+again']) {
    const at = await client.expect('GET', `model-versions/get-download-uri?name=${name}&version=1`);
    assert.equal(at['artifact_uri'], 's3://bucket/far');
  }
});

test('who has no token, or comes from a page, is served nothing', async () => {
  const path = 'experiments/get?experiment_id=0';
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
  const ask = async (headers: Record<string, string | undefined>): Promise<number> =>
    (await client.ask('GET', path, { headers })).status;
  assert.equal(await ask({ Authorization: basic(`anybody:${client.token}`) }), 200);
  for (const Authorization of [
    undefined,
    'Bearer',
    'Bearer x',
    `Bearer ${client.token}x`,
    basic('a:b'),
    client.token,
  ])
    assert.equal(await ask({ Authorization }), 401, Authorization);
  for (const Host of ['evil.example', `evil.example:${new URL(client.uri).port}`, '127.0.0.1', '127.0.0.1:1'])
    assert.equal(await ask({ Host }), 403, Host);
  assert.equal(await ask({ Host: `localhost:${new URL(client.uri).port}` }), 200);
  for (const Origin of ['https://evil.example', 'null', 'http://127.0.0.1:1'])
    assert.equal(await ask({ Origin }), 403, Origin);
  // What a page can send without being asked.
  const simple = await client.ask('POST', 'experiments/create', {
    raw: '{"name":"x"}',
    headers: { 'Content-Type': 'text/plain' },
  });
  assert.equal(simple.status, 400);
  assert.equal((await client.file('0/x/artifacts/y', { Authorization: undefined })).status, 401);
});

test('what is no request of MLflow’s is refused, and the server lives on', async () => {
  const create = 'experiments/create';
  const raw = async (body: string | Uint8Array, path = create): Promise<number> =>
    (await client.ask('POST', path, { raw: body })).status;
  for (const body of ['[]', '"x"', '1', 'null', '{', '{"name":', 'x', '{"name":"a","tags":{}}', '{"name":1}'])
    assert.equal(await raw(body), 400, body);
  assert.equal(await raw(`{"name":${'['.repeat(500_000)}${']'.repeat(500_000)}}`), 400, 'deep JSON');
  assert.equal(await raw(Buffer.alloc(17 * 1024 * 1024, ' ')), 413, 'a long body');
  assert.equal(await raw('{"__proto__":{"name":"x"}}'), 400);
  const id = await client.run();
  for (const key of ['__proto__', 'constructor', 'toString'])
    await client.expect('POST', 'runs/log-batch', {
      run_id: id,
      params: [{ key, value: '1' }],
      tags: [{ key, value: '1' }],
      metrics: [{ key, value: 1, timestamp: 1 }],
    });
  assert.deepEqual((await getRun(id)).data.metrics?.map(({ key }) => key), ['__proto__', 'constructor', 'toString']); // prettier-ignore
  const unknown = await client.ask('POST', 'traces', { body: {} });
  assert.deepEqual([unknown.status, unknown.body['error_code']], [404, 'ENDPOINT_NOT_FOUND']);
  assert.equal((await client.ask('GET', '/api/3.0/mlflow/traces/search')).status, 404);
  assert.equal((await client.ask('GET', create)).status, 404, 'another method');
  assert.equal((await client.ask('GET', '/api/3.0/mlflow/server-info')).status, 200);
  assert.deepEqual((await client.expect('GET', '/health'))['status'], 'OK');
});

test('such runs are runs: listed, shown, compared, deleted; their bytes go with them', async () => {
  const { experiment_id } = await client.expect('POST', 'experiments/create', { name: 'shown' });
  const ids: string[] = [];
  for (const [name, loss] of [
    ['one', 0.5],
    ['two', 0.25],
  ] as const) {
    const id = await client.run({ experiment_id, run_name: name, tags: [{ key: 'team', value: 'blue' }] });
    await client.expect('POST', 'runs/log-batch', {
      run_id: id,
      params: [{ key: 'lr', value: name }],
      metrics: [1, 2].map((step) => ({ key: 'loss', value: loss / step, timestamp: step, step })),
    });
    await client.put(`${String(experiment_id)}/${id}/artifacts/plots/${name}.txt`, `only of ${name}`);
    await client.expect('POST', 'runs/update', { run_id: id, status: 'FINISHED' });
    ids.push(id);
  }
  const [one = '', two = ''] = ids;
  const list = await project.expect(0, ['runs', 'list', '--source', 'tracking', '--pipeline', 'shown']);
  assert.match(list.stdout, /shown\/two +succeeded .*loss=0\.125 +lr=two/);
  const { stdout } = await project.expect(0, [
    'runs',
    'list',
    '--pipeline',
    'shown',
    '--sort',
    'loss:desc',
    '--json',
  ]);
  assert.deepEqual((JSON.parse(stdout) as { runs: { id: string }[] }).runs.map(({ id }) => id), [one, two]); // prettier-ignore
  assert.equal(
    (await project.expect(0, ['runs', 'list', '--source', 'pipeline'])).stdout.includes(one),
    false,
  );
  const show = (await project.expect(0, ['runs', 'show', one])).stdout;
  for (const words of [
    'shown / one',
    'tag team = blue',
    'param lr = "one"',
    'loss = 0.25',
    '2 points',
    'plots/one.txt',
  ])
    assert.ok(show.includes(words), `${words}\n${show}`);
  assert.match(
    (await project.expect(0, ['runs', 'compare', one, two])).stdout,
    /mlflow\.loss +0\.25 +0\.125/,
  );
  await project.expect(2, ['run', '--resume', one]);
  const live = await client.run({ experiment_id, run_name: 'live' });
  assert.match((await project.expect(1, ['runs', 'cancel', live])).stderr, /MLflow client/);
  await project.expect(1, ['runs', 'delete', live]);
  const kept = (): readonly string[] =>
    readdirSync(project.path('.modelyard', 'models', 'objects'), { recursive: true })
      .map((name) => project.path('.modelyard', 'models', 'objects', String(name)))
      .filter((file) => statSync(file).isFile())
      .map((file) => readFileSync(file, 'utf8'));
  assert.ok(kept().includes('only of one'));
  await project.expect(0, ['runs', 'delete', one]);
  await client.refused('RESOURCE_DOES_NOT_EXIST', 'GET', `runs/get?run_id=${one}`);
  assert.deepEqual(await search({ experiment_ids: [experiment_id] }), ['live', 'two']);
  await project.expect(0, ['gc']);
  // What was taken in within the hour stays in any case.
  assert.ok(kept().includes('only of two'));
  await client.expect('POST', 'runs/delete', { run_id: two });
  assert.equal((await project.expect(0, ['runs', 'list'])).stdout.includes(two), false);
});

test('what was answered is there after the server was killed, and goes on in the next', async () => {
  const own = await TestProject.make();
  let server = await TrackingClient.start(own);
  const id = await server.run({ run_name: 'killed' });
  await server.expect('POST', 'runs/log-batch', {
    run_id: id,
    params: [{ key: 'lr', value: '1' }],
    metrics: Array.from({ length: 500 }, (_, step) => ({ key: 'm', value: step, timestamp: step, step })),
  });
  await server.put(`0/${id}/artifacts/a.txt`, 'abc');
  server.running.child.kill('SIGKILL');
  await server.running.done;
  const read = JSON.parse((await own.expect(0, ['runs', 'show', id, '--json'])).stdout) as {
    status: string;
    params: object;
    tasks: { metrics: object }[];
  };
  assert.deepEqual(
    [read.status, read.params, read.tasks[0]?.metrics],
    ['interrupted', { lr: '1' }, { m: 499 }],
  );
  server = await TrackingClient.start(own);
  const history = await server.expect('GET', `metrics/get-history?run_id=${id}&metric_key=m`);
  assert.equal((history['metrics'] as unknown[]).length, 500);
  assert.equal((await server.file(`0/${id}/artifacts/a.txt`)).text, 'abc');
  await server.expect('POST', 'runs/update', { run_id: id, status: 'FINISHED' });
  await server.stop();
  assert.equal(own.lastRun().status, 'succeeded');
  rmSync(own.root, { recursive: true, force: true });
});

test('a run that several servers were told of goes on when one of them ends, however it ends', async () => {
  const own = await TestProject.make();
  const start = (): Promise<TrackingClient> => TrackingClient.start(own);
  const [stopped, killed, last] = await Promise.all([start(), start(), start()]);
  const id = await stopped.run({ run_name: 'shared' });
  // The one that ends is the one that wrote last.
  for (const server of [last, killed, stopped])
    await server.expect('POST', 'runs/log-metric', { run_id: id, key: 'm', value: 1, timestamp: 1 });
  await stopped.stop();
  assert.match((await own.expect(0, ['runs', 'list'])).stdout, /running/);
  await killed.expect('POST', 'runs/log-metric', { run_id: id, key: 'm', value: 2, timestamp: 2 });
  const end = async ({ running }: TrackingClient): Promise<void> => {
    running.child.kill('SIGKILL');
    await running.done;
  };
  await end(killed);
  assert.match((await own.expect(1, ['runs', 'delete', id])).stderr, /still going on/);
  await own.expect(0, ['gc']);
  assert.match((await own.expect(0, ['runs', 'show', id])).stdout, /running/);
  await end(last);
  assert.match((await own.expect(0, ['runs', 'show', id])).stdout, /interrupted/);
  await own.expect(0, ['runs', 'delete', id]);
  rmSync(own.root, { recursive: true, force: true });
});

test('wrong use is said', async () => {
  assert.equal(client.running.child.exitCode, null, client.running.output());
  await project.expect(2, ['tracking']);
  await project.expect(2, ['tracking', 'serve', '--port', 'x']);
  for (const token of ['two words', '$(id)', 'ä', 'x'.repeat(5_000)]) {
    const env = { MODELYARD_TRACKING_TOKEN: token };
    const refused = await project.expect(2, ['tracking', 'serve'], { env });
    assert.match(refused.stderr, /MODELYARD_TRACKING_TOKEN can't be a token/);
    assert.ok(!refused.stderr.includes(token), 'it is not printed');
  }
  const { stderr } = await project.expect(1, ['tracking', 'serve', '--port', new URL(client.uri).port]);
  assert.match(stderr, /port \d+ is taken/);
});
