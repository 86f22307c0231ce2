/** MLflow clients in tasks of a run, by hand: `tests/mlflow/task.test.ts` has the real one. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import test from 'node:test';
import { TestProject, until } from '../../support/cli.js';
import type { RunDocument } from '../../../server/stores/runs/document.js';

/** What scripts below import: the wire, as the client speaks it. */
const CLIENT = `
export const { MLFLOW_TRACKING_URI: uri, MLFLOW_TRACKING_TOKEN: token, MLFLOW_RUN_ID: run } = process.env;
export async function send(method, path, body, authorization = 'Bearer ' + token, type = 'application/json') {
  const response = await fetch(uri + path, { method, headers: { authorization, 'content-type': type }, body });
  const text = await response.text();
  return { status: response.status, ...JSON.parse(text) };
}
export async function ask(method, path, body) {
  const got = await send(method, '/api/2.0/mlflow/' + path, body === undefined ? undefined : JSON.stringify(body));
  if (got.status !== 200) throw new Error(path + ': ' + JSON.stringify(got));
  return got;
}
`;

function pipeline(task: string): string {
  return `tasks:\n  train:\n    run: node train.mjs\n    tracking: true\n    cache: false\n${task}`;
}

async function projectOf(script: string, files: Readonly<Record<string, string>> = {}): Promise<TestProject> {
  return TestProject.make({
    'client.mjs': CLIENT,
    'train.mjs': `import { ask, run, send, token, uri } from './client.mjs';\n${script}`,
    'main.pipeline.yaml': pipeline(''),
    ...files,
  });
}

function tracked(project: TestProject): readonly RunDocument[] {
  return project.runs().filter(({ source }) => source === 'tracking');
}

function ofPipeline(project: TestProject): RunDocument {
  const [run] = project.runs().filter(({ source }) => source === undefined);
  assert.ok(run);
  return run;
}

/** One that nobody listened at a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  server.close();
  await once(server, 'close');
  return address.port;
}

test('a client goes on with the run of its task, and others are parts of it', async () => {
  const project = await projectOf(`
const { run: { info } } = await ask('GET', 'runs/get?run_id=' + run);
if (info.status !== 'RUNNING' || info.run_id !== run) throw new Error(JSON.stringify(info));
await ask('POST', 'runs/update', { run_id: run, status: 'RUNNING', run_name: 'lr' });
await ask('POST', 'runs/log-parameter', { run_id: run, key: 'lr', value: '0.1' });
for (const step of [0, 2, 1]) await ask('POST', 'runs/log-metric', { run_id: run, key: 'loss', value: step, step, timestamp: 1000 + step });
await ask('POST', 'runs/set-tag', { run_id: run, key: 'team', value: 'rain' });
await send('PUT', '/api/2.0/mlflow-artifacts/artifacts/' + info.experiment_id + '/' + run + '/artifacts/a/b.txt', 'hi', undefined, 'text/plain');
const { run: inner } = await ask('POST', 'runs/create', { experiment_id: 'task', run_name: 'inner', tags: [{ key: 'mlflow.parentRunId', value: run }] });
await ask('POST', 'runs/log-metric', { run_id: inner.info.run_id, key: 'of-inner', value: 1, timestamp: 1 });
await ask('POST', 'runs/create', { experiment_id: 'task', run_name: 'second' });
const { runs } = await ask('POST', 'runs/search', { experiment_ids: ['task'] });
if (runs.length !== 3) throw new Error(JSON.stringify(runs));
await ask('POST', 'runs/update', { run_id: run, status: 'FINISHED', end_time: Date.now() });
`);
  await project.expect(0, ['run']);
  const above = ofPipeline(project);
  const [task] = above.tasks;
  // The newest point is the one with the greatest step, and no other run's metrics are the task's.
  assert.deepEqual(task?.metrics, { loss: 2 });
  const runs = tracked(project);
  assert.deepEqual(
    runs.map(({ tracking, status, pipeline: experiment }) => [tracking?.name, status, experiment]).sort(),
    [
      ['inner', 'succeeded', 'main'],
      ['lr', 'succeeded', 'main'],
      ['second', 'succeeded', 'main'],
    ],
  );
  const own = runs.find(({ tracking }) => tracking?.name === 'lr');
  assert.ok(own && task);
  assert.deepEqual(own.parent, { run: above.id, task: 'train' });
  assert.deepEqual(runs.find(({ tracking }) => tracking?.name === 'inner')?.parent, {
    run: own.id,
    task: 'mlflow',
  });
  assert.deepEqual([...(task.clientRuns ?? [])].sort(), runs.map(({ id }) => id).sort());
  const { stdout } = await project.expect(0, ['runs', 'show', above.id]);
  assert.match(stdout, /loss = 2/);
  assert.match(stdout, /param lr = "0\.1"/);
  assert.match(stdout, /tag team = rain/);
  assert.match(stdout, /a\/b\.txt/);
  assert.match(stdout, /loss .* 3 points/);
});

test('the experiment that a script chooses is that of the run it goes on with', async () => {
  const project = await projectOf(`
const { experiment_id } = await ask('POST', 'experiments/create', { name: 'rain' });
await ask('GET', 'experiments/get?experiment_id=' + experiment_id);
const { run: { info } } = await ask('GET', 'runs/get?run_id=' + run);
if (info.experiment_id !== experiment_id) throw new Error(JSON.stringify(info));
`);
  await project.expect(0, ['run']);
  assert.deepEqual(
    tracked(project).map(({ pipeline: experiment }) => experiment),
    ['rain'],
  );
});

test('a task that uses no client gets no run; one that fails ends those that it has begun', async () => {
  const quiet = await projectOf('if (!uri) throw new Error("no uri");');
  await quiet.expect(0, ['run']);
  assert.deepEqual(tracked(quiet), []);
  assert.equal(quiet.exists('.modelyard/tracking'), false);
  const failing = await projectOf(`await ask('GET', 'runs/get?run_id=' + run);\nprocess.exit(3);`);
  await failing.expect(1, ['run']);
  assert.deepEqual(
    tracked(failing).map(({ status }) => status),
    ['failed'],
  );
});

test('each attempt has a run of its own', async () => {
  const project = await projectOf(
    `import { existsSync, writeFileSync } from 'node:fs';
await ask('POST', 'runs/log-parameter', { run_id: run, key: 'n', value: String(existsSync('again')) });
if (!existsSync('again')) { writeFileSync('again', ''); process.exit(1); }`,
    { 'main.pipeline.yaml': pipeline('    retries: { max: 1, delay: 1ms }\n') },
  );
  await project.expect(0, ['run']);
  assert.deepEqual(
    tracked(project).map(({ status, params }) => [status, params['n']]),
    [
      ['failed', 'false'],
      ['succeeded', 'true'],
    ],
  );
});

test('secrets of the run are masked in what its clients tell', async () => {
  const project = await projectOf(
    `
const secret = process.env.KEY;
await ask('POST', 'runs/log-batch', { run_id: run, params: [{ key: 'url', value: 'https://u:' + secret + '@h' }], tags: [{ key: 'a', value: secret }], metrics: [{ key: 'm', value: 1, timestamp: 1 }] });
await ask('POST', 'runs/update', { run_id: run, run_name: 'with ' + secret });
const deep = '{"run_id":"x","params":' + '['.repeat(100000) + ']'.repeat(100000) + '}';
const { status } = await send('POST', '/api/2.0/mlflow/runs/log-batch', deep);
if (status !== 400) throw new Error('deep: ' + status);
`,
    { 'main.pipeline.yaml': `secrets: [KEY]\n${pipeline('')}` },
  );
  await project.expect(0, ['run'], { env: { KEY: 'hunter2-hunter2' } });
  const [run] = tracked(project);
  assert.ok(run);
  assert.deepEqual(run.params, { url: 'https://u:***@h' });
  assert.equal(run.tracking?.name, 'with ***');
  assert.doesNotMatch(
    project.read(`.modelyard/runs/${run.id.slice(0, 6)}/${run.id}/events.ndjson`),
    /hunter2/,
  );
});

const MLMODEL = `flavors:
  sklearn:
    x: 1
signature:
  inputs: '[{"type": "double", "name": "a"}]'
`;
const LOG_MODEL = `
const { model } = await ask('POST', 'logged-models', { experiment_id: 'task', name: 'net', source_run_id: run });
const { model_id, artifact_uri } = model.info;
const put = async (name, text) => {
  const at = artifact_uri.replace('mlflow-artifacts:/', '');
  const { status } = await send('PUT', '/api/2.0/mlflow-artifacts/artifacts/' + at + '/' + name, text, undefined, 'text/plain');
  if (status !== 200) throw new Error(name + ': ' + status);
};
await put('MLmodel', ${JSON.stringify(MLMODEL)});
await put('data/weights.bin', 'weights');
`;
const READY = `await ask('PATCH', 'logged-models/' + model_id, { model_id, status: 'LOGGED_MODEL_READY' });
const { run: { info } } = await ask('GET', 'runs/get?run_id=' + run);
await send('PUT', '/api/2.0/mlflow-artifacts/artifacts/' + info.experiment_id + '/' + run + '/artifacts/plots/a.txt', 'hi', undefined, 'text/plain');
`;

test('what a client logs is an output where the task says so: registered, cached and restored', async () => {
  const outputs = 'outputs: { net: { path: models/net, kind: model, mlflow: net }, plot: { path: a.txt, mlflow: plots/a.txt } }'; // prettier-ignore
  const definition = `tasks:
  train:
    run: node train.mjs
    ${outputs}
  register:
    register: { model: rain, from: '\${{ tasks.train.outputs.net }}' }
`;
  const project = await projectOf(LOG_MODEL + READY, { 'main.pipeline.yaml': definition });
  await project.expect(0, ['run']);
  assert.deepEqual([project.read('models/net/data/weights.bin'), project.read('a.txt')], ['weights', 'hi']);
  const { stdout } = await project.expect(0, ['models', 'show', 'rain@1', '--json']);
  const shown = JSON.parse(stdout) as { signature?: object; run?: { task: string }; artifact: object };
  assert.match(JSON.stringify(shown), /"source":"mlflow"/);
  assert.match(JSON.stringify(shown), /"framework":"sklearn"/);
  project.remove('models/net');
  project.remove('a.txt');
  const again = await project.expect(0, ['run']);
  assert.match(again.stdout, /train.*(restored|cached)/);
  assert.equal(project.read('models/net/data/weights.bin'), 'weights');
  // One that is not whole is none.
  project.write({ 'train.mjs': project.read('train.mjs').replace(/await ask\('PATCH[^]*/, '') });
  const half = await project.expect(1, ['run', '--force']);
  assert.match(half.stdout + half.stderr, /output models\/net is missing: no MLflow client has logged net/);
  project.write({ 'main.pipeline.yaml': definition.replace('run: node', 'tracking: false\n    run: node'), 'train.mjs': '' }); // prettier-ignore
  const off = await project.expect(1, ['run', '--force']);
  assert.match(off.stdout + off.stderr, /output models\/net is missing: `tracking: false` keeps/);
});

test('no other token is answered, nor one that has ended', async () => {
  const project = await projectOf(
    `
for (const given of ['', 'Bearer x', 'Bearer ' + token + 'x', 'Basic ' + btoa('a:b')]) {
  const { status } = await send('GET', '/api/2.0/mlflow/runs/get?run_id=' + run, undefined, given);
  if (status !== 401) throw new Error(given + ': ' + status);
}
const basic = 'Basic ' + btoa('modelyard:' + token);
const { status } = await send('GET', '/api/2.0/mlflow/experiments/get?experiment_id=0', undefined, basic);
if (status !== 200) throw new Error('basic: ' + status);
const fs = await import('node:fs');
fs.writeFileSync('token', token);
`,
    {
      'late.mjs': `
import { readFileSync } from 'node:fs';
import { run, send } from './client.mjs';
const old = 'Bearer ' + readFileSync('token', 'utf8');
const { status, message } = await send('GET', '/api/2.0/mlflow/runs/get?run_id=' + run, undefined, old);
if (status !== 403 || !/has ended/.test(message)) throw new Error(status + message);
`,
      'main.pipeline.yaml': `${pipeline('')}  late:\n    needs: train\n    run: node late.mjs\n    tracking: true\n    cache: false\n`,
    },
  );
  const { stdout, stderr } = await project.expect(0, ['run']);
  assert.match(`${stdout}${stderr}`, /train: one of its MLflow clients logs although it has ended/);
});

test('what the author says of MLflow counts, and `tracking: false` keeps clients out', async () => {
  const script = `
const fs = await import('node:fs');
const own = Object.entries(process.env).filter(([name]) => name.startsWith('MLFLOW_')).map(([name]) => name);
fs.writeFileSync('seen', JSON.stringify({ names: own.sort(), uri }));
`;
  const project = await projectOf(script);
  const seen = async (
    files: Readonly<Record<string, string>>,
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly names: readonly string[]; readonly uri?: string; readonly said: string }> => {
    project.write({ 'modelyard.yaml': 'name: test\n', 'main.pipeline.yaml': pipeline(''), ...files });
    const { stdout, stderr } = await project.expect(0, ['run'], { env });
    return {
      ...(JSON.parse(project.read('seen')) as { names: string[]; uri?: string }),
      said: stdout + stderr,
    };
  };
  const all = ['MLFLOW_EXPERIMENT_ID', 'MLFLOW_REGISTRY_URI', 'MLFLOW_RUN_ID', 'MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT',
    'MLFLOW_TRACKING_TOKEN', 'MLFLOW_TRACKING_URI']; // prettier-ignore
  assert.deepEqual((await seen({})).names, all);
  const off = pipeline('').replace('tracking: true', 'tracking: false');
  assert.deepEqual((await seen({ 'main.pipeline.yaml': off })).names, []);
  const unsaid = pipeline('').replace('    tracking: true\n', '');
  assert.deepEqual((await seen({ 'main.pipeline.yaml': unsaid })).names, [], 'node is no Python');
  assert.deepEqual((await seen({ 'main.pipeline.yaml': `tracking: true\n${unsaid}` })).names, all);
  assert.deepEqual(
    (await seen({ 'main.pipeline.yaml': unsaid, 'modelyard.yaml': 'tracking: true\n' })).names,
    all,
  );
  assert.deepEqual(
    (await seen({ 'main.pipeline.yaml': `tracking: false\n${unsaid}`, 'modelyard.yaml': 'tracking: true\n' }))
      .names,
    [],
  );
  const imports = pipeline('').replace('run: node train.mjs', `run: "node train.mjs; : 'import mlflow'"`);
  const theirs = await seen({ 'main.pipeline.yaml': imports }, { MLFLOW_TRACKING_URI: 'http://mlflow.test' });
  assert.match(theirs.said, /train: MLFLOW_TRACKING_URI is set already/);
  assert.deepEqual([theirs.names, theirs.uri], [['MLFLOW_TRACKING_URI'], 'http://mlflow.test']);
  const own = await seen({}, { MLFLOW_EXPERIMENT_NAME: 'mine' });
  assert.deepEqual(own.names, ['MLFLOW_EXPERIMENT_NAME', ...all.slice(1)]);
  const server = await seen({
    'modelyard.yaml': 'tracking: { uri: "https://mlflow.test", experiment: rain }\n',
  });
  assert.equal(server.uri, 'https://mlflow.test');
  assert.deepEqual(server.names, ['MLFLOW_EXPERIMENT_NAME', 'MLFLOW_REGISTRY_URI', 'MLFLOW_TRACKING_URI']);
  const port = await freePort();
  const fixed = await seen({ 'modelyard.yaml': `tracking: { enabled: true, port: ${port} }\n` });
  assert.equal(fixed.uri, `http://127.0.0.1:${port}`);
  assert.deepEqual((await seen({ 'main.pipeline.yaml': unsaid, 'modelyard.yaml': 'tracking: { enabled: false }\n' })).names, []); // prettier-ignore
  const basic = await seen({}, { MLFLOW_TRACKING_USERNAME: 'ada', MLFLOW_TRACKING_PASSWORD: 'x' });
  assert.match(basic.uri ?? '', /^http:\/\/modelyard:[\w-]+@127\.0\.0\.1:\d+$/);
});

test('a run inside a task answers its own clients', async () => {
  const project = await projectOf(
    `import { execFileSync } from 'node:child_process';
await ask('GET', 'runs/get?run_id=' + run);
execFileSync(process.execPath, [process.env.CLI, 'run', 'inner'], { stdio: 'inherit' });`,
    {
      'inner.pipeline.yaml': pipeline('').replace('train.mjs', 'inner.mjs').replace('train:', 'below:'),
      'inner.mjs': `import { ask, run } from './client.mjs';\nawait ask('GET', 'runs/get?run_id=' + run);`,
    },
  );
  const { builtCli } = await import('../../support/cli.js');
  await project.expect(0, ['run', 'main'], { env: { CLI: await builtCli() } });
  assert.deepEqual(
    tracked(project)
      .map(({ parent }) => parent?.task)
      .sort(),
    ['below', 'train'],
  );
});

test('what was answered is there after the runner was killed', async () => {
  const project = await projectOf(`
import { writeFileSync } from 'node:fs';
for (let step = 0; step < 100; step++)
  await ask('POST', 'runs/log-metric', { run_id: run, key: 'loss', value: step, step, timestamp: 1000 + step });
writeFileSync('logged', '');
try {
  for (;;) await ask('GET', 'runs/get?run_id=' + run);
} catch {
  // The runner is gone, and so is what has answered.
}
`);
  const running = project.start(['run']);
  await until('100 points are logged', () => {
    assert.equal(running.child.exitCode, null, running.output());
    return project.exists('logged');
  });
  running.child.kill('SIGKILL');
  await running.done;
  const [own] = tracked(project);
  assert.ok(own);
  const { stdout } = await project.expect(0, ['runs', 'show', own.id, '--json']);
  const told = JSON.parse(stdout) as RunDocument;
  assert.equal(told.status, 'interrupted');
  assert.deepEqual(told.tasks[0]?.metrics, { loss: 99 });
  const { stdout: shown } = await project.expect(0, ['runs', 'show', own.id]);
  assert.match(shown, /loss .*100 points/);
});

test('clients that are slow, silent or rude end with the run', async () => {
  const project = await projectOf(`
import net from 'node:net';
const { port } = new URL(uri);
const open = (text) => new Promise((done) => {
  const socket = net.connect(Number(port), '127.0.0.1', () => { socket.write(text); done(socket); });
  socket.on('error', () => undefined);
  socket.unref();
});
await open('');
await open('POST /api/2.0/mlflow/runs/log-metric HTTP/1.1\\r\\nHost: 127.0.0.1:' + port + '\\r\\nAuthorization: Bearer ' + token + '\\r\\nContent-Type: application/json\\r\\nContent-Length: 100\\r\\n\\r\\n{');
await open('GET / HTTP/1.1\\r\\nHost: evil.test\\r\\n\\r\\n');
await open('\\x00\\x01');
for (const [path, body, wanted] of [
  ['runs/log-metric', '{"run_id":"../../x","key":"a","value":1,"timestamp":1}', 404],
  ['runs/log-metric', '['.repeat(100000), 400],
  ['runs/log-parameter', JSON.stringify({ run_id: run, key: '../x', value: '1' }), 400],
]) {
  const { status } = await send('POST', '/api/2.0/mlflow/' + path, body);
  if (status !== wanted) throw new Error(path + ': ' + status);
}
const { status } = await send('PUT', '/api/2.0/mlflow-artifacts/artifacts/0/' + run + '/artifacts/..%2f..%2fx', 'hi');
if (status < 400) throw new Error('traversal: ' + status);
process.exit(0);
`);
  await project.expect(0, ['run']);
  assert.equal(project.exists('x'), false);
});
