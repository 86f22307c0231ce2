/** Questions of runs in the editor: listed with what is to be looked at, answered, told to whoever comes second. */
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import type { AnswerParams, AnswerResult, ApprovalView } from '../../server/protocol.js';
import { until, uri } from '../support/lsp-client.js';
import { modelyard } from '../support/modelyard.js';
import { client, folder } from './fixture.js';

const PIPELINE = `name: ship
kind: deployment
tasks:
  train:
    run: 'echo m > m.txt; echo "{\\"accuracy\\": 0.8}" > m.json'
    outputs: { model: m.txt }
    metrics: m.json
  ask:
    approval:
      prompt: Ship **it**?
      artifacts: ["\${{ tasks.train.outputs.model }}"]
      metrics: train
  elsewhere:
    approval: { prompt: no, who: [nobody-like-that] }
`;

test('questions are listed, answered once, and the run that is to be resumed is named', async (t) => {
  const root = folder(t, { 'modelyard.yaml': 'name: a\n', 'ship.pipeline.yaml': PIPELINE });
  const lsp = await client(t, root);
  const ask = async (): Promise<readonly ApprovalView[]> =>
    (await lsp.request<{ approvals: readonly ApprovalView[] }>('modelyard/approvals', {})).approvals;
  assert.deepEqual(await ask(), []);
  assert.equal((await modelyard(root, 'run', 'ship')).code, 3);
  const waiting = await ask();
  assert.deepEqual(
    waiting.map(({ task, mayAnswer, attended, missing }) => [task, mayAnswer, attended, missing]),
    [
      ['ask', true, false, 1],
      ['elsewhere', false, false, 1],
    ],
  );
  const [view] = waiting;
  assert.ok(view);
  assert.deepEqual(
    [view.prompt, view.definitionUri, view.metrics],
    ['Ship **it**?', uri(path.join(root, 'ship.pipeline.yaml')), [{ name: 'train.accuracy', value: 0.8 }]],
  );
  assert.equal(view.artifacts[0]?.uri, uri(path.join(root, 'm.txt')));

  const answer = (params: Partial<AnswerParams>): Promise<AnswerResult> =>
    lsp.request<AnswerResult>('modelyard/answer', {
      projectUri: view.projectUri,
      run: view.run,
      task: 'ask',
      verdict: 'approved',
      ...params,
    });
  const refused = await answer({ task: 'elsewhere' });
  assert.match(refused.ok ? '' : refused.message, /may not answer elsewhere: nobody-like-that may/);
  assert.deepEqual(await answer({ comment: 'fine' }), {
    ok: true,
    decided: 'approved',
    missing: 0,
    resume: { definitionUri: view.definitionUri, run: view.run },
  });
  const second = await answer({ verdict: 'rejected' });
  assert.match(second.ok ? '' : second.message, /ask was approved before by .* "fine"/);
  assert.deepEqual(
    (await ask()).map(({ task }) => task),
    ['elsewhere'],
  );
  await assert.rejects(answer({ verdict: 'maybe' as 'approved' }), /verdict must be/);
  assert.match(JSON.stringify(await answer({ run: '../../etc' })), /There is no run/);

  // A run that nobody runs is cancelled without a process.
  const ref = { projectUri: view.projectUri, id: view.run };
  assert.deepEqual(await lsp.request('modelyard/cancelRun', ref), { ok: true });
  await until('nothing waits', async () => (await ask()).length === 0);
});
