/**
 * `modelyard tracking push`: runs and versions of one project at another server, each once. The server is ours; with
 * MODELYARD_REAL_MLFLOW=http://… it is MLflow's own.
 */
import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';
import { TrackingClient } from '../../support/tracking.js';

const REAL = process.env['MODELYARD_REAL_MLFLOW'];
const EXPERIMENT = `pushed-${process.pid}`;

type Body = Readonly<Record<string, unknown>>;

async function ask(uri: string, token: string, method: string, route: string, body?: object): Promise<Body> {
  const answer = await fetch(`${uri}/api/2.0/mlflow/${route}`, {
    method,
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  assert.equal(answer.status, 200, `${route}: ${String(answer.status)}`);
  return (await answer.json()) as Body;
}

/** Passes so many requests on, and then none. */
async function breaking(uri: string, most: number): Promise<{ readonly uri: string; close(): void }> {
  let left = most;
  const { hostname, port, host } = new URL(uri);
  const server = createServer((incoming, answer) => {
    if (left-- <= 0) {
      answer.writeHead(403, { 'Content-Type': 'text/html' }).end('<p>closed');
      return;
    }
    const onward = request(
      { hostname, port, method: incoming.method, path: incoming.url, headers: { ...incoming.headers, host } },
      (response) => {
        answer.writeHead(response.statusCode ?? 500, response.headers);
        response.pipe(answer);
      },
    );
    incoming.pipe(onward);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  const own = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return { uri: `http://127.0.0.1:${own}`, close: () => server.close() };
}

test('runs and versions are sent once, also when it was cut off', async () => {
  const [project, team] = [await TestProject.make(), await TestProject.make()];
  const source = await TrackingClient.start(project);
  const made = await source.expect('POST', 'experiments/create', { name: EXPERIMENT });
  const experiment = { experiment_id: made['experiment_id'] };
  const outer = await source.run({ ...experiment, run_name: 'outer', start_time: 1_000, user_id: 'ada' });
  const inner = await source.run({ ...experiment, run_name: 'inner', start_time: 2_000, tags: [{ key: 'mlflow.parentRunId', value: outer }] }); // prettier-ignore
  await source.run({ ...experiment, run_name: 'live' });
  await source.expect('POST', 'runs/log-batch', {
    run_id: outer,
    params: Array.from({ length: 100 }, (_, at) => ({ key: `p${at}`, value: String(at) })),
    metrics: Array.from({ length: 1_000 }, (_, step) => ({ key: 'loss', value: step === 3 ? 'NaN' : step / 4, step, timestamp: 5 + step })), // prettier-ignore
  });
  await source.expect('POST', 'runs/log-batch', { run_id: outer, params: [{ key: 'one-more', value: 'x' }], metrics: [{ key: 'loss', value: 9, step: 1_000, timestamp: 9_999 }] }); // prettier-ignore
  await source.put(
    `${String(made['experiment_id'])}/${outer}/artifacts/notes/${encodeURIComponent('ä b+c.txt')}`,
    'hello',
  );
  await source.put(`${String(made['experiment_id'])}/${outer}/artifacts/model/MLmodel`, 'flavors: {}\n');
  await source.expect('POST', 'registered-models/create', { name: EXPERIMENT, description: 'Says so.' });
  await source.expect('POST', 'model-versions/create', { name: EXPERIMENT, source: `runs:/${outer}/model`, run_id: outer, description: 'first' }); // prettier-ignore
  for (const run_id of [outer, inner])
    await source.expect('POST', 'runs/update', { run_id, status: 'FINISHED', end_time: 9_000 });
  await source.stop();

  const own = REAL === undefined ? await TrackingClient.start(team) : undefined;
  const there = { uri: own?.uri ?? REAL ?? '', token: own?.token ?? '' };
  const env = { MLFLOW_TRACKING_TOKEN: there.token };
  try {
    if (own !== undefined) {
      const refused = await project.expect(1, ['tracking', 'push', there.uri], {
        env: { MLFLOW_TRACKING_TOKEN: 'x' },
      });
      assert.match(refused.stderr, /UNAUTHENTICATED/);
    }
    for (const most of [3, 6, 9]) {
      const line = await breaking(there.uri, most);
      const cut = await project.expect(1, ['tracking', 'push', line.uri], { env });
      assert.match(cut.stderr, /status 403.*push again/s);
      line.close();
    }
    project.write({ 'modelyard.yaml': `tracking: { uri: '${there.uri}/' }\n` });
    const sent = await project.expect(0, ['tracking', 'push'], { env });
    assert.match(sent.stdout, /^sent 2 runs and 1 version of models to .*; 1 has not ended$/m);
    const again = await project.expect(0, ['tracking', 'push'], { env });
    assert.match(again.stdout, /^sent 0 runs to .*; 2 were there already; 1 has not ended$/m);

    const get = (route: string): Promise<Body> => ask(there.uri, there.token, 'GET', route);
    const { experiment: found } = (await get(`experiments/get-by-name?experiment_name=${EXPERIMENT}`)) as {
      experiment: { experiment_id: string };
    };
    const { runs } = (await ask(there.uri, there.token, 'POST', 'runs/search', {
      experiment_ids: [found.experiment_id],
      order_by: ['start_time'],
    })) as {
      runs: readonly {
        info: { run_id: string; run_name: string; status: string; end_time: number; artifact_uri: string };
        data: { params?: readonly unknown[]; tags: readonly { key: string; value: string }[] };
      }[];
    };
    assert.deepEqual(
      runs.map(({ info: { run_name, status } }) => `${run_name} ${status}`),
      ['outer FINISHED', 'inner FINISHED'],
    );
    const [first, second] = runs;
    assert.equal(first?.data.params?.length, 101);
    assert.equal(second?.data.tags.find(({ key }) => key === 'mlflow.parentRunId')?.value, first.info.run_id);
    const { metrics } = (await get(`metrics/get-history?run_id=${first.info.run_id}&metric_key=loss`)) as {
      metrics: readonly { value: unknown }[];
    };
    assert.deepEqual([metrics.length, metrics[3]?.value, metrics.at(-1)?.value], [1_001, 'NaN', 9]);
    const place = first.info.artifact_uri.replace('mlflow-artifacts:/', '');
    const file = await fetch(
      `${there.uri}/api/2.0/mlflow-artifacts/artifacts/${place}/notes/${encodeURIComponent('ä b+c.txt')}`,
      { headers: { Authorization: `Bearer ${there.token}` } },
    );
    assert.equal(await file.text(), 'hello');
    const { model_versions: versions } = (await get(
      `model-versions/search?filter=${encodeURIComponent(`name = '${EXPERIMENT}'`)}`,
    )) as { model_versions: readonly { version: string; description: string; run_id: string }[] };
    assert.deepEqual(
      versions.map(({ version, description, run_id }) => [version, description, run_id]),
      [['1', 'first', first.info.run_id]],
    );
  } finally {
    await own?.stop();
  }
});

test('wrong use of push is said', async () => {
  const project = await TestProject.make();
  assert.match((await project.expect(2, ['tracking', 'push'])).stderr, /tracking: \{ uri: https:/);
  assert.match(
    (await project.expect(2, ['tracking', 'push', 'databricks'])).stderr,
    /no address of a server/,
  );
});
