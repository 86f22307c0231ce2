/** Questions in the terminal of the run: a real terminal, somebody who types, and what happens elsewhere meanwhile. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { TestProject } from '../../support/cli.js';
import type { Terminal } from '../../support/pty.js';

const PIPELINE = `name: ship
tasks:
  build:
    run: 'echo m > m.txt; echo "{\\"accuracy\\": 0.8}" > m.json'
    outputs: { model: m.txt }
    metrics: m.json
  ask:
    approval: { prompt: Ship it?, metrics: build }
  second:
    approval: { prompt: And this too? }
  ship:
    needs: [ask, second]
    run: 'echo \${{ tasks.ask.outputs.comment }} > shipped.txt'
`;

const QUESTION = 'Approve? [y]es, [n]o, Enter to leave it open: ';
const options = { skip: process.platform === 'win32' && 'there are no pseudo-terminals' };

async function begin(t: TestContext, pipeline = PIPELINE): Promise<{ made: TestProject; run: Terminal }> {
  const made = await TestProject.make({ 'ship.pipeline.yaml': pipeline });
  t.after(() => made.remove(''));
  return { made, run: made.terminal(['run', 'ship']) };
}

test('asked one after the other, each below what the last one set going', options, async (t) => {
  const { made, run } = await begin(t);
  await run.hears(QUESTION);
  run.types('yes');
  await run.hears('Comment (may be empty): ');
  run.types('');
  await run.hears('second: approved by');
  // Nothing is written into a question that stands there: what the first answer has done is told before the next one.
  await run.hears('done');
  await run.hears('build.accuracy = 0.8');
  await run.hears(QUESTION);
  run.types('maybe');
  await run.hears(QUESTION);
  run.types('y');
  await run.hears('Comment');
  run.types('fine by me');
  await run.hears('ship succeeded');
  assert.equal(await run.ends(), 0);
  assert.equal(made.read('shipped.txt'), 'fine by me\n');
});

test('left open, the runner leaves; rejected, the run fails', options, async (t) => {
  const { made, run } = await begin(t);
  await run.hears(QUESTION);
  run.types('');
  await run.hears(QUESTION);
  // The end of input says as much as Enter.
  run.keys('\u0004');
  await run.hears('ship waits for approval of');
  assert.equal(await run.ends(), 3);
  const again = made.terminal(['run', 'ship', '--resume']);
  await again.hears(QUESTION);
  again.types('n');
  await again.hears('Comment');
  again.types('not yet');
  assert.equal(await again.ends(), 1);
  assert.match(again.text, /rejected by .*: not yet/);
});

test('answered elsewhere, the question goes away and the other one is asked again', options, async (t) => {
  const { made, run } = await begin(t);
  await run.hears('And this too?');
  await run.hears(QUESTION);
  await made.expect(0, ['approve', made.lastRun().id, 'ask', '--comment', 'elsewhere']);
  await run.hears('(elsewhere)');
  await run.hears('And this too?');
  await run.hears(QUESTION);
  await made.expect(0, ['approve', made.lastRun().id, 'second']);
  await run.hears('ship succeeded');
  assert.equal(await run.ends(), 0);
});

test(
  'of several approvals this one is given, and the run leaves to wait for the others',
  options,
  async (t) => {
    const two = 'name: ship\ntasks:\n  ask: { approval: { prompt: Ship it?, count: 2 } }\n';
    const { made, run } = await begin(t, two);
    await run.hears(QUESTION);
    run.types('y');
    await run.hears('Comment');
    run.types('one of us');
    await run.hears('ship waits for approval of');
    assert.equal(await run.ends(), 3);
    // Whoever has answered is not asked again.
    const again = made.terminal(['run', 'ship', '--resume']);
    assert.equal(await again.ends(), 3);
    assert.equal(again.text.includes(QUESTION), false);
  },
);

test('Ctrl-C cancels; a window that is closed leaves the question open', options, async (t) => {
  const { made, run } = await begin(t);
  await run.hears(QUESTION);
  run.keys('\u0003');
  await run.hears('ship cancelled');
  assert.equal(await run.ends(), 130);
  const closed = made.terminal(['run', 'ship']);
  await closed.hears(QUESTION);
  closed.close();
  assert.equal(await closed.ends(), 128 + 1, 'it ends by the signal of the terminal, and does not crash');
  assert.equal(made.lastRun().status, 'waiting');
  const { stdout } = await made.expect(0, ['approvals']);
  assert.match(stdout, /ship › ask[^]*ship › second/);
  await made.expect(3, ['run', 'ship', '--resume', '--no-wait']);
});

test('a window that is closed over the question of a part leaves both runs waiting', options, async (t) => {
  const made = await TestProject.make({
    'ship.pipeline.yaml': PIPELINE,
    'all.pipeline.yaml':
      'name: all\ntasks:\n  call: { pipeline: ship }\n  after: { needs: [call], run: echo done > after.txt }\n',
  });
  t.after(() => made.remove(''));
  const run = made.terminal(['run', 'all']);
  await run.hears(QUESTION);
  run.close();
  assert.equal(await run.ends(), 128 + 1);
  assert.deepEqual(
    made.runs().map(({ pipeline, status }) => [pipeline, status]),
    [
      ['all', 'waiting'],
      ['ship', 'waiting'],
    ],
  );
  const again = made.terminal(['run', 'all', '--resume']);
  for (let questions = 0; questions < 2; questions++) {
    await again.hears(QUESTION);
    again.types('y');
    await again.hears('Comment');
    again.types('');
  }
  assert.equal(await again.ends(), 0);
  assert.equal(made.read('after.txt'), 'done\n');
});
