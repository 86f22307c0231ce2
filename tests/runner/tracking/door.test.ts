/** The port that the editor has for MLflow clients, and the server that is started when one of them connects. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { Door } from '../../../extension/tracking/door.js';
import { placeOf } from '../../../extension/tracking/variables.js';
import { TestProject, builtCli, until } from '../../support/cli.js';

const TOKEN = 'of-the-test';

interface Case {
  readonly project: TestProject;
  readonly door: Door;
  readonly problems: readonly string[];
  readonly ask: (
    route: string,
    body?: object,
  ) => Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }>;
}

async function withDoor(
  options: { readonly idleMinutes: number; readonly port?: number },
  work: (one: Case) => Promise<void>,
): Promise<void> {
  const project = await TestProject.make();
  const problems: string[] = [];
  const door = await Door.open({
    ...{ root: project.root, port: 0, token: TOKEN, ...options },
    program: { command: process.execPath, module: await builtCli(), env: { MODELYARD_TRIGGER: 'editor' } },
    onChange: () => undefined,
    onProblem: (words) => problems.push(words),
  });
  const ask: Case['ask'] = async (route, body = {}) => {
    const answer = await fetch(`${door.uri}/api/2.0/mlflow/${route}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json', Connection: 'close' },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as Readonly<Record<string, unknown>> };
  };
  try {
    await work({ project, door, problems, ask });
  } finally {
    door.close();
  }
}

const isServing = (door: Door): boolean => door.pid !== undefined;
const runId = (body: Readonly<Record<string, unknown>>): string =>
  (body as { run: { info: { run_id: string } } }).run.info.run_id;

test('nothing runs until a client connects; after a stop and after a kill the next one is answered, and nothing is lost', async () => {
  await withDoor({ idleMinutes: 10 }, async ({ door, problems, ask }) => {
    assert.ok(!isServing(door));
    // Several at once start one server.
    const made = await Promise.all(['a', 'b', 'c'].map((name) => ask('runs/create', { run_name: name })));
    assert.deepEqual(
      made.map(({ status }) => status),
      [200, 200, 200],
    );
    assert.ok(isServing(door));
    const id = runId(made[0]?.body ?? {});
    await ask('runs/log-metric', { run_id: id, key: 'loss', value: 1, timestamp: 1, step: 1 });
    door.stop();
    assert.ok(!isServing(door));
    assert.equal(
      (await ask('runs/log-metric', { run_id: id, key: 'loss', value: 0.5, timestamp: 2, step: 2 })).status,
      200,
    );
    process.kill(door.pid ?? NaN, 'SIGKILL');
    await until('the end of the server to be seen', () => !isServing(door));
    assert.match(problems.join('\n'), /SIGKILL/);
    const found = await ask('runs/search', { experiment_ids: ['0'], filter: 'metrics.loss = 0.5' });
    assert.equal((found.body['runs'] as readonly unknown[]).length, 1);
  });
});

test('an idle server ends, one whose run goes on does not', async () => {
  await withDoor({ idleMinutes: 0.005 }, async ({ door, ask }) => {
    const id = runId((await ask('runs/create')).body);
    await new Promise((done) => setTimeout(done, 1_000));
    assert.ok(isServing(door));
    await ask('runs/update', { run_id: id, status: 'FINISHED' });
    await until('the server to end', () => !isServing(door));
    assert.equal((await ask('experiments/search', { max_results: 1 })).status, 200);
  });
});

test('a port that somebody else has is another one; a server that can’t start says why, and is not started at once again', async () => {
  const other = createServer();
  await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
  const address = other.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  await withDoor({ idleMinutes: 10, port }, async ({ project, door, problems, ask }) => {
    assert.notEqual(door.port, port);
    writeFileSync(path.join(project.root, '.modelyard'), 'a file');
    await assert.rejects(ask('runs/create'));
    await until('why', () => problems.join('\n').includes('.modelyard'));
    await assert.rejects(ask('runs/create'));
    assert.equal(problems.length, 1, problems.join('\n'));
  });
  other.close();
});

test('what authors say of MLflow counts', () => {
  const nothing = { environment: {}, terminals: {}, dotEnv: '' };
  const check = (
    tracking: Parameters<typeof placeOf>[0]['tracking'],
    given: Partial<typeof nothing>,
    expected: RegExp,
  ): void => {
    const place = placeOf(tracking === undefined ? {} : { tracking }, { ...nothing, ...given });
    assert.match(`${place.kind} ${'why' in place ? place.why : 'uri' in place ? place.uri : ''}`, expected);
  };
  const [name, set] = ['MLFLOW_TRACKING_URI', { MLFLOW_TRACKING_URI: 'http://x' }];
  check(undefined, {}, /^here/);
  check({ uri: 'https://mlflow.example' }, {}, /^server https:\/\/mlflow.example/);
  check(false, {}, /^none .*tracking: false/);
  check(undefined, { environment: set }, /^none .*environment of the editor/);
  check({ uri: 'https://mlflow.example' }, { terminals: set }, /^none .*terminals/);
  check(undefined, { terminals: { [name]: null } }, /^here/);
  check(undefined, { dotEnv: `A=1\n  export ${name} = http://x\n` }, /^none .*\.env/);
  check(undefined, { dotEnv: `# ${name}=http://x\nMY_${name}=1\n` }, /^here/);
});
