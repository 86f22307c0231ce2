/** What `modelyard.yaml` and a task's keys say is what happens, and every key of a task says whether it counts. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  OUTPUT_KEY_COUNTS,
  PIPELINE_KEY_COUNTS,
  TASK_KEY_COUNTS,
  countsAt,
} from '../../../server/definition/schema/counts.js';
import type { taskOptionSchemas } from '../../../server/definition/schema/pipeline.js';
import { TestProject } from '../../support/cli.js';

test('a secret is read from its variable, and an optional one may be missing', async () => {
  const project = await TestProject.make({
    'modelyard.yaml':
      'name: test\nsecrets:\n  API: { env: MY_REAL_API }\n  TOK: { optional: true }\n  NEED: { description: x }\n',
    'main.pipeline.yaml':
      'secrets: [TOK]\ntasks:\n  t: {run: \'echo "$API,${TOK-none},${MY_REAL_API-hidden}" | tr a-z A-Z > o\', secrets: [API], outputs: {o: o}}\n  other: {run: \'echo "${API-hidden}" > p\', outputs: {p: p}}\n',
    'two.pipeline.yaml': 'tasks:\n  t: {run: echo, secrets: [NEED, API]}\n',
    'three.pipeline.yaml': 'tasks:\n  t: {pipeline: two}\n',
  });
  await project.expect(0, ['run', 'main'], { env: { MY_REAL_API: 'abc', API: undefined, TOK: undefined } });
  assert.equal(project.read('o'), 'ABC,NONE,HIDDEN\n');
  assert.equal(project.read('p'), 'hidden\n');
  const { stderr } = await project.expect(2, ['run', 'two'], {
    env: { MY_REAL_API: undefined, NEED: undefined },
  });
  assert.match(
    stderr,
    /the secrets NEED, API \(from MY_REAL_API\) are not set: .* modelyard run\. NEED: x$/m,
  );
  const { stdout } = await project.expect(1, ['run', 'three'], {
    env: { MY_REAL_API: 'x', NEED: undefined },
  });
  assert.match(stdout, /the secret NEED is not set/);
});

test('the executor local bounds what runs at once', async () => {
  const tasks = (more: string): string =>
    `tasks:\n${[1, 2, 3].map((at) => `  t${at}: {run: 'mkdir busy && sleep 0.1 && rmdir busy', cache: false${more}}\n`).join('')}`;
  for (const [bounds, more] of [
    ['jobs: 1', ''],
    ['cpus: 1', ''],
    ['memory: 1GiB', ', resources: {memory: 600MiB}'],
    ['gpus: 1', ', resources: {gpus: 1}'],
  ] as const) {
    const project = await TestProject.make({
      'modelyard.yaml': `name: test\nexecutors: { local: { type: local, ${bounds} } }\n`,
      'main.pipeline.yaml': tasks(more),
    });
    const { stdout } = await project.expect(0, ['run', ...(bounds === 'jobs: 1' ? [] : ['-j', '3'])]);
    assert.doesNotMatch(stdout, /it runs all the same/, bounds);
  }
});

test('a known pipeline wins over a file of its name', async () => {
  const project = await TestProject.make({
    'train.pipeline.yaml': "tasks:\n  t: {run: 'echo x > train', outputs: {o: train}}\n",
  });
  for (const command of ['run', 'plan', 'graph', 'run']) await project.expect(0, [command, 'train']);
  assert.equal(project.statuses()['t'], 'cached');
});

test('a variable of the outside that is named counts, with its default', async () => {
  const project = await TestProject.make(
    'env: { LEVEL: { from-environment: true, default: 3 } }\ntasks:\n' +
      "  t: {run: 'echo $MODE$LEVEL > o', env: {MODE: {from-environment: true}}, outputs: {o: o}}\n",
  );
  const env = (MODE: string | undefined, LEVEL?: string) => ({ env: { MODE, LEVEL } });
  await project.expect(0, ['run'], env('dev'));
  assert.equal(project.read('o'), 'dev3\n');
  await project.expect(0, ['run'], env('dev', '3'));
  assert.equal(project.statuses()['t'], 'cached');
  await project.expect(0, ['run'], env('prod', '4'));
  assert.equal(project.read('o'), 'prod4\n');
  await project.expect(0, ['run'], env(undefined));
  assert.equal(project.read('o'), '3\n');
  await project.expect(0, ['run'], env('dev'));
  assert.equal(project.read('o'), 'dev3\n');
});

test('each key of a task says whether it counts, and does', async () => {
  const flips: Record<keyof typeof taskOptionSchemas, string> = {
    description: 'description: other',
    needs: 'needs: [base]',
    if: 'if: always()',
    env: 'env: { A: 1 }',
    'env-file': 'env-file: few.env',
    'params-file': 'params-file: work/params.json',
    secrets: 'secrets: [S]',
    inputs: 'inputs: [in]',
    outputs: 'outputs: { o: o }',
    metrics: 'metrics: m.json',
    plots: 'plots: p.csv',
    matrix: 'matrix: { x: [1] }',
    'cell-name': 'matrix: { x: [1] }\n    cell-name: x-${{ matrix.x }}',
    'working-directory': 'working-directory: sub',
    shell: 'shell: bash',
    python: 'python: python3',
    tracking: 'tracking: false',
    resources: 'resources: { cpus: 2 }',
    executor: 'executor: local',
    timeout: 'timeout: 1h',
    retries: 'retries: 2',
    'continue-on-error': 'continue-on-error: true',
    cache: 'cache: false',
    mutex: 'mutex: m',
  };
  const keys = Object.entries(flips);
  const project = await TestProject.make(
    `tasks:\n  base:\n    run: echo 1\n  changed:\n    run: echo 2\n${keys.map(([, text], at) => `  t${at}:\n    run: echo 1\n    ${text}\n`).join('')}`,
  );
  project.write({ in: '1', 'sub/x': '', 'few.env': 'A=1\n' });
  const { stdout } = await project.run(['run', '--json', '--keep-going'], { env: { S: '1' } });
  const hashes = new Map<string, string>();
  for (const line of stdout.split('\n')) {
    if (!line.includes('"task-planned"')) continue;
    const event = JSON.parse(line) as { id: string; fingerprint?: { hash: string } };
    if (event.fingerprint !== undefined) hashes.set(event.id.replace(/@.*/, ''), event.fingerprint.hash);
  }
  assert.equal(hashes.size, keys.length + 2, stdout);
  assert.notEqual(hashes.get('changed'), hashes.get('base'));
  for (const [at, [key]] of keys.entries()) {
    // These commands have no outputs, so that they are effects: what they depend on counts for them.
    const counts = key === 'needs' || TASK_KEY_COUNTS[key as keyof typeof TASK_KEY_COUNTS];
    assert.equal(hashes.get(`t${at}`) !== hashes.get('base'), counts, key);
  }
});

test('each key of a pipeline and of an output says whether it counts, and does', async () => {
  const pipelineOf = (top: string, output: string, file = 'o') =>
    `${top}\nparams: { unused: 1 }\ntasks:\n  t: { run: echo 1 > ${file}, outputs: { o: ${output} } }\n`;
  const base = pipelineOf('', '{ path: o }');
  const project = await TestProject.make({
    'modelyard.yaml': 'name: test\nexecutors: { small: { type: local } }\n',
    'main.pipeline.yaml': base,
    'few.env': 'A=1\n',
  });
  await project.expect(0, ['run']);
  const flips: Readonly<Record<string, string>> = {
    name: pipelineOf('name: other', '{ path: o }'),
    kind: pipelineOf('kind: app-build', '{ path: o }'),
    description: pipelineOf('description: other', '{ path: o }'),
    params: base.replace('unused: 1', 'unused: 2'),
    env: pipelineOf('env: { A: 1 }', '{ path: o }'),
    'env-file': pipelineOf('env-file: few.env', '{ path: o }'),
    secrets: pipelineOf('secrets: [S]', '{ path: o }'),
    shell: pipelineOf('shell: bash', '{ path: o }'),
    python: pipelineOf('python: python3', '{ path: o }'),
    tracking: pipelineOf('tracking: false', '{ path: o }'),
    executor: pipelineOf('executor: small', '{ path: o }'),
    'tasks.t.outputs.o.path': pipelineOf('', '{ path: p }'),
    'tasks.t.outputs.o.kind': pipelineOf('', '{ path: o, kind: model }'),
    'tasks.t.outputs.o.optional': pipelineOf('', '{ path: o, optional: true }'),
    'tasks.t.outputs.o.cache': pipelineOf('', '{ path: o, cache: false }'),
    'tasks.t.outputs.o.persist': pipelineOf('', '{ path: o, persist: true }'),
    'tasks.t.outputs.o.mlflow': pipelineOf('', '{ path: o, mlflow: net }'),
    'tasks.t.outputs.o.description': pipelineOf('', '{ path: o, description: other }'),
  };
  const keys = [...Object.keys(PIPELINE_KEY_COUNTS), ...Object.keys(OUTPUT_KEY_COUNTS).map((key) => `tasks.t.outputs.o.${key}`)]; // prettier-ignore
  assert.deepEqual(Object.keys(flips).sort(), keys.sort());
  for (const [key, text] of Object.entries(flips)) {
    project.write({ 'main.pipeline.yaml': text });
    const { stdout } = await project.expect(0, ['plan', '--json'], { env: { S: '1' } });
    const runs = /"decision":\s*"run"/.test(stdout);
    assert.equal(runs, countsAt('pipeline', key.split('.')) === 'yes', `${key}: ${stdout}`);
  }
});
