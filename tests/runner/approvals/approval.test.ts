/** Runs that wait for people: the runner leaves or stays, answers come from elsewhere, and nothing is done twice. */
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import type { RunStatus } from '../../../server/stores/runs/document.js';
import { TestProject, isAlive, until } from '../../support/cli.js';

/** `a` and what follows from the approval count their starts in files. */
function pipeline(approval: string, rest = ''): string {
  return `name: ship
tasks:
  a:
    run: echo x >> a.count; echo 0.8 > a.txt
    outputs: { a: a.txt }
  apart:
    run: echo x >> apart.count
    cache: false
  ask:
    needs: [a]
    approval: ${approval}
  after:
    needs: [ask]
    run: echo x >> after.count
${rest}`;
}

async function projectWith(t: TestContext, text: string): Promise<TestProject> {
  const project = await TestProject.make(text);
  t.after(() => project.remove(''));
  return project;
}

function counts(project: TestProject): string {
  return ['a', 'apart', 'after']
    .map((name) => (project.exists(`${name}.count`) ? project.read(`${name}.count`).length / 2 : 0))
    .join(' ');
}

async function statusInList(project: TestProject): Promise<RunStatus | undefined> {
  const { stdout } = await project.expect(0, ['runs', 'list', '--json']);
  return (JSON.parse(stdout) as { runs: { status: RunStatus }[] }).runs[0]?.status;
}

test('the runner leaves, an answer comes, the same run goes on and does nothing twice', async (t) => {
  const project = await projectWith(t, pipeline('{ prompt: "Ship **it** in run ${{ run.id }}?" }'));
  const left = await project.expect(3, ['run']);
  const { id } = project.lastRun();
  assert.match(left.stdout, new RegExp(`modelyard approve ${id} ask`));
  assert.match(left.stdout, new RegExp(`modelyard run ship --resume ${id}`));
  assert.deepEqual(project.statuses(), {
    a: 'succeeded',
    apart: 'succeeded',
    ask: 'waiting',
    after: 'queued',
  });
  assert.equal(project.lastRun().status, 'waiting');
  assert.equal(await statusInList(project), 'waiting');
  const { stdout } = await project.expect(0, ['approvals', '--json']);
  const { approvals } = JSON.parse(stdout) as {
    approvals: { task: string; prompt: string; attended: boolean }[];
  };
  const [waiting] = approvals;
  assert.deepEqual([waiting?.task, waiting?.attended], ['ask', false]);
  assert.equal(waiting?.prompt, `Ship **it** in run ${id}?`);

  const answered = await project.expect(0, ['approve', id, 'ask', '--comment', 'looks good']);
  assert.match(answered.stderr, new RegExp(`--resume ${id}`));
  const again = await project.expect(1, ['approve', id, 'ask']);
  assert.match(again.stderr, /ask was approved before by .* "looks good"/);
  assert.equal((await project.expect(0, ['approvals'])).stdout, 'Nothing waits for an approval.\n');

  const resumed = await project.expect(0, ['run', 'ship', '--resume', id]);
  assert.match(resumed.stdout, /approved by .*looks good/);
  assert.doesNotMatch(resumed.stdout, /waits for the approval/);
  assert.equal(counts(project), '1 1 1');
  assert.equal(project.runs().length, 1);
  const run = project.lastRun();
  assert.equal(run.status, 'succeeded');
  assert.deepEqual(project.statuses(), {
    a: 'succeeded',
    apart: 'succeeded',
    ask: 'succeeded',
    after: 'succeeded',
  });
  const [answer] = project.task('ask').approval?.answers ?? [];
  assert.deepEqual([answer?.verdict, answer?.comment], ['approved', 'looks good']);
  assert.ok((run.endedAt ?? '') > (answer?.at ?? ''));
  const over = await project.expect(2, ['run', 'ship', '--resume', id]);
  assert.match(over.stderr, /only what did not succeed can be resumed/);
  const gone = await project.expect(1, ['reject', id, 'ask']);
  assert.match(gone.stderr, /was approved before/);
});

test('a rejection fails the task, what cleans up runs, and a retry does not ask again', async (t) => {
  const rest =
    '  cleanup:\n    needs: [ask]\n    if: failure()\n    run: echo x >> cleanup.count\n    cache: false\n';
  const text = pipeline('{ prompt: ok }', rest).replace('approval: {', 'retries: 2\n    approval: {');
  const project = await projectWith(t, text);
  await project.expect(3, ['run']);
  const { id } = project.lastRun();
  const rejected = await project.expect(1, ['reject', '--comment', 'too slow', '--resume']);
  assert.match(rejected.stdout, /rejected by .*: too slow/);
  assert.deepEqual(project.statuses(), {
    a: 'succeeded',
    apart: 'succeeded',
    ask: 'failed',
    after: 'skipped',
    cleanup: 'succeeded',
  });
  assert.equal(project.lastRun().id, id);
  assert.equal(counts(project), '1 1 0');
  // Whoever tries again is asked again.
  await project.expect(3, ['run', 'ship', '--resume']);
  await project.expect(0, ['approve', '--resume']);
  assert.equal(counts(project), '1 1 1');
  assert.equal(project.runs().length, 2);
});

test('a runner that stays sees the answer at once, and uses no place meanwhile', async (t) => {
  const text = pipeline('{ prompt: ok }').replace('    needs: [a]\n    approval', '    approval');
  const project = await projectWith(t, text);
  const running = project.start(['run', '--wait', '--jobs', '1']);
  await until('it waits', () => project.runs()[0]?.status === 'waiting');
  assert.equal(counts(project), '1 1 0');
  const { id } = project.lastRun();
  const refused = await project.expect(2, ['run', '--resume', id]);
  assert.match(refused.stderr, /is still running, in process \d+/);
  const answered = await project.expect(0, ['approve', id, 'ask']);
  assert.equal(answered.stderr, '');
  const { code } = await running.done;
  assert.equal(code, 0);
  assert.equal(counts(project), '1 1 1');
  assert.equal(project.lastRun().status, 'succeeded');
});

test('a run that is killed while it waits waits on', async (t) => {
  const project = await projectWith(t, pipeline('{ prompt: ok }'));
  const running = project.start(['run', '--wait']);
  await until('it waits', () => project.runs()[0]?.status === 'waiting');
  running.child.kill('SIGKILL');
  await running.done;
  assert.ok(!isAlive(running.pid));
  assert.equal(await statusInList(project), 'waiting');
  // Another run cleans up behind the dead one and must not take it for interrupted.
  project.write({ 'other.pipeline.yaml': 'name: other\ntasks: { x: { run: "true", cache: false } }\n' });
  await project.expect(0, ['run', 'other']);
  assert.equal(project.runs()[0]?.status, 'waiting');
  await project.expect(0, ['approve', '--resume']);
  assert.deepEqual([counts(project), project.runs().length], ['1 1 1', 2]);
});

test('a terminal that goes away leaves the run waiting; a polite end cancels it', async (t) => {
  const project = await projectWith(t, pipeline('{ prompt: ok }'));
  const running = project.start(['run', '--wait']);
  await until('it waits', () => project.runs()[0]?.status === 'waiting');
  running.child.kill('SIGHUP');
  assert.equal((await running.done).code, 3);
  assert.equal(project.lastRun().status, 'waiting');
  const second = project.start(['run', '--wait', '--resume', project.lastRun().id]);
  await until('it is taken up', () => project.lastRun().pid === second.pid);
  await until('it asks again', () => project.task('ask').status === 'waiting');
  second.child.kill('SIGTERM');
  assert.equal((await second.done).code, 130);
  assert.equal(project.lastRun().status, 'cancelled');
  assert.equal(project.task('ask').status, 'cancelled');
  const late = await project.expect(1, ['approve', project.lastRun().id, 'ask']);
  assert.match(late.stderr, /has ended: it is cancelled/);
});

test('a run that nobody runs can be cancelled and deleted', async (t) => {
  const project = await projectWith(t, pipeline('{ prompt: ok }'));
  await project.expect(3, ['run']);
  const { id } = project.lastRun();
  for (const dry of [[], ['--dry']]) {
    const { stderr } = await project.expect(1, ['runs', 'delete', id, ...dry]);
    assert.match(stderr, /waits for people\. Cancel it first/);
  }
  await project.expect(0, ['runs', 'cancel']);
  assert.equal(await statusInList(project), 'cancelled');
  assert.deepEqual(project.statuses(), {
    a: 'succeeded',
    apart: 'succeeded',
    ask: 'cancelled',
    after: 'cancelled',
  });
  await project.expect(0, ['runs', 'delete', id]);
  assert.equal(project.runs().length, 0);
});

test('who may answer, and how many have to', async (t) => {
  const project = await projectWith(t, pipeline('{ prompt: ok, who: [nobody-like-that] }'));
  await project.expect(3, ['run']);
  const refused = await project.expect(1, ['approve']);
  assert.match(refused.stderr, /may not answer ask: nobody-like-that may/);
  project.write({ 'main.pipeline.yaml': pipeline('{ prompt: ok, count: 2 }') });
  await project.expect(3, ['run']);
  const { id } = project.lastRun();
  const first = await project.expect(0, ['approve', id, 'ask']);
  assert.match(first.stdout, /1 more has to approve/);
  assert.match((await project.expect(1, ['approve', id, 'ask'])).stderr, /has approved ask already/);
  await project.expect(3, ['run', 'ship', '--resume', id]);
  // As another user's process writes it.
  const folder = project.path('.modelyard', 'runs', id.slice(0, 6), id, 'approvals', 'ask');
  const second = { schema: 1, verdict: 'approved', by: 'grace', host: 'h', at: new Date().toISOString() };
  appendFileSync(`${folder}/2.json`, JSON.stringify(second));
  await project.expect(0, ['run', 'ship', '--resume', id]);
  assert.match(project.task('ask').note ?? '', /approved by .*, grace/);
  assert.equal(counts(project), '1 2 1');
});

test('more people than may answer are refused before anything waits', async (t) => {
  const project = await projectWith(t, pipeline('{ prompt: ok, who: [ada], count: 2 }'));
  assert.match((await project.expect(2, ['run'])).stderr, /approval\/nobody/);
  // Known only when it runs.
  const names = `{ prompt: ok, who: ["\${{ params.who }}", ada], count: 2 }`;
  project.write({ 'main.pipeline.yaml': `params: { who: ada }\n${pipeline(names)}` });
  const { stdout } = await project.expect(1, ['run']);
  assert.match(stdout, /2 people have to approve, and only ada may/);
});

test('times run out, also when nobody was there', async (t) => {
  const cases: [string, number, string, RegExp][] = [
    ['reject', 1, '1 1 0', /nobody answered in time .* which rejects/],
    ['approve', 0, '1 1 1', /nobody answered in time .* which approves/],
    ['fail', 1, '1 1 0', /nobody answered in time/],
  ];
  for (const [onTimeout, code, expected, words] of cases) {
    const project = await projectWith(t, pipeline(`{ prompt: ok, timeout: 1ms, on-timeout: ${onTimeout} }`));
    const { stdout } = await project.expect(code, ['run', '--wait']);
    assert.match(stdout, words);
    assert.equal(counts(project), expected, onTimeout);
  }
  const project = await projectWith(t, pipeline('{ prompt: ok, timeout: 1200ms }'));
  await project.expect(3, ['run']);
  const { id } = project.lastRun();
  const expires = Date.parse(project.task('ask').approval?.expiresAt ?? '');
  await until('its time is up', () => Date.now() > expires);
  const late = await project.expect(1, ['approve', id, 'ask']);
  assert.match(late.stderr, /The time to answer ask ended/);
  await project.expect(1, ['run', 'ship', '--resume', id]);
  assert.equal(project.task('ask').approval?.answers[0]?.verdict, 'timed-out');
});

test('a failure elsewhere withdraws the question', async (t) => {
  const text = pipeline('{ prompt: ok }').replace('echo x >> apart.count', 'echo x >> apart.count; false');
  const project = await projectWith(t, text);
  await project.expect(1, ['run']);
  assert.equal(project.lastRun().status, 'failed');
  assert.ok(['skipped', 'waiting'].includes(project.task('ask').status));
  await project.expect(3, ['run', '--keep-going']);
  const { id } = project.lastRun();
  assert.deepEqual(project.statuses(), { a: 'cached', apart: 'failed', ask: 'waiting', after: 'queued' });
  // What failed in this run has failed, and what its file says by now is for the next one.
  project.write({ 'main.pipeline.yaml': pipeline('{ prompt: ok }') });
  await project.expect(1, ['approve', id, 'ask', '--resume']);
  assert.equal(counts(project), '1 2 1');
  await project.expect(3, ['run']);
  assert.equal(counts(project), '1 3 1');
});

test('another question has to be answered anew', async (t) => {
  const text = pipeline('{ prompt: ok, artifacts: ["${{ tasks.a.outputs.a }}"] }');
  const project = await projectWith(
    t,
    text.replace('echo 0.8', 'cat acc.txt').replace('outputs: { a', 'inputs: [acc.txt]\n    outputs: { a'),
  );
  project.write({ 'acc.txt': '0.8' });
  await project.expect(3, ['run']);
  const { id } = project.lastRun();
  await project.expect(0, ['approve', id, 'ask']);
  project.write({ 'acc.txt': '0.9' });
  const { stdout } = await project.expect(3, ['run', 'ship', '--resume', id]);
  assert.match(stdout, /asked anew, because of what has changed: .*a was done anew/);
  assert.equal(counts(project), '2 1 0');
  await project.expect(0, ['approve', id, 'ask', '--resume']);
  assert.equal(counts(project), '2 1 1');
});

test('what is to be looked at is shown: metrics, artifacts, both versions of a model', async (t) => {
  const project = await projectWith(
    t,
    `name: ship
params: { accuracy: 0.8 }
tasks:
  train:
    run: 'echo model > m.txt; echo "{\\"accuracy\\": \${{ params.accuracy }}, \\"loss\\": 0.3}" > m.json'
    outputs: { model: m.txt }
    metrics: m.json
  register:
    register: { model: rain, from: "\${{ tasks.train.outputs.model }}", aliases: [candidate] }
  ask:
    approval:
      prompt: "Accuracy \${{ tasks.train.metrics.accuracy }}."
      metrics: [train.accuracy, train]
      artifacts: ["\${{ tasks.train.outputs.model }}"]
      compare: { model: rain@candidate, to: stable }
  promote:
    needs: [ask]
    run: modelyard-does-not-matter || true
    cache: false
`,
  );
  await project.expect(3, ['run']);
  const { stdout } = await project.expect(0, ['approvals']);
  assert.match(stdout, /train\.accuracy = 0\.8/);
  assert.match(stdout, /rain 1, the first one/);
  assert.match(stdout, /look at m\.txt/);
  await project.expect(0, ['approve', '--resume']);
  await project.expect(0, ['models', 'alias', 'rain@1', 'stable']);
  await project.expect(3, ['run', '--param', 'accuracy=0.9']);
  const next = await project.expect(0, ['approvals']);
  assert.match(next.stdout, /rain 2 against rain 1:/);
  assert.match(next.stdout, /accuracy: 0\.8 → 0\.9 better/);
  assert.match(next.stdout, /loss: 0\.3 → 0\.3$/m);
});

test('two runners can’t take up the same run', async (t) => {
  const text = pipeline('{ prompt: ok }').replace(
    'echo x >> after.count',
    'echo x >> after.count; sleep 0.3',
  );
  const project = await projectWith(t, text);
  await project.expect(3, ['run']);
  const { id } = project.lastRun();
  await project.expect(0, ['approve', id, 'ask']);
  const codes = await Promise.all(
    [1, 2, 3].map(async () => (await project.run(['run', 'ship', '--resume', id])).code),
  );
  assert.equal(codes.filter((code) => code === 0).length, 1, codes.join(' '));
  assert.equal(counts(project), '1 1 1');
});

test('a question of a run that was interrupted is answered once', async (t) => {
  const text = pipeline('{ prompt: ok }').replace(
    'echo x >> apart.count',
    'echo x >> apart.count; test -e go || sleep 600',
  );
  const project = await projectWith(t, text);
  const running = project.start(['run', '--wait']);
  await until('it asks', () => project.runs()[0]?.tasks.find(({ id }) => id === 'ask')?.status === 'waiting');
  const { id } = project.lastRun();
  running.child.kill('SIGKILL');
  await running.done;
  const refused = await project.expect(1, ['approve', id, 'ask']);
  assert.match(refused.stderr, /was interrupted\. Go on with it first/);
  project.write({ go: '' });
  await project.expect(3, ['run', 'ship', '--resume', id]);
  await project.expect(0, ['approve', '--resume']);
  assert.equal(counts(project), '1 2 1');
});
