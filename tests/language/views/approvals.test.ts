/** Questions of runs in the editor: listed with what is to be looked at, answered, told to whoever comes second. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import type { AnswerParams, AnswerResult, ApprovalView, Requests } from '../../../server/protocol/index.js';
import type { CodeLens } from 'vscode-languageserver';
import { until, uri } from '../../support/lsp-client.js';
import { modelyard } from '../../support/modelyard.js';
import { client, folder } from '../fixture.js';

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
  const lsp = await client(t, root, { initializationOptions: { trusted: true } });
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
  const [artifact] = view.artifacts;
  assert.deepEqual(
    [artifact?.name, artifact?.uri, artifact?.kind, artifact?.available],
    ['model', uri(path.join(root, 'm.txt')), 'model', true],
  );
  // What was written over since is shown as it was when it was asked.
  writeFileSync(path.join(root, 'm.txt'), 'another one');
  const kept = (await ask())[0]?.artifacts[0];
  assert.equal(kept?.available, true);
  assert.equal(readFileSync(fileURLToPath(kept.uri), 'utf8'), 'm\n');

  const lenses = async (): Promise<readonly (readonly [string, string, unknown])[]> =>
    (
      await lsp.request<readonly CodeLens[]>('textDocument/codeLens', {
        textDocument: { uri: view.definitionUri },
      })
    ).flatMap(({ command }) =>
      /pprov|eject/.test(command?.command ?? '')
        ? [[command?.title.replace(/asked .*/, 'asked') ?? '', command?.command ?? '', command?.arguments]]
        : [],
    );
  await lsp.open(path.join(root, 'ship.pipeline.yaml'), PIPELINE);
  const about = [view.projectUri, view.run, 'ask'];
  const shown = await until('the lenses', async () => {
    const all = await lenses();
    return all.length === 4 && all;
  });
  assert.deepEqual(shown, [
    ['$(bell-dot) waits for you, asked', 'modelyard.showApproval', about],
    ['Approve…', 'modelyard.approve', about],
    ['Reject…', 'modelyard.reject', about],
    [
      '$(bell-dot) waits for others, asked',
      'modelyard.showApproval',
      [view.projectUri, view.run, 'elsewhere'],
    ],
  ]);

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
  assert.deepEqual(
    (await lenses()).map(([title]) => title),
    ['$(bell-dot) waits for others, asked'],
  );
  await assert.rejects(answer({ verdict: 'maybe' as 'approved' }), /verdict must be/);
  assert.match(JSON.stringify(await answer({ run: '../../etc' })), /There is no run/);

  // A run that nobody runs is cancelled, too.
  const ref = { projectUri: view.projectUri, id: view.run };
  assert.deepEqual(await lsp.request('modelyard/cancelRun', ref), { ok: true });
  await until('nothing waits', async () => (await ask()).length === 0);
});

test('cancelling a run that waits runs what cleans up behind it', async (t) => {
  const root = folder(t, {
    'modelyard.yaml': 'name: a\n',
    'ship.pipeline.yaml': `name: ship
tasks:
  up: { run: echo up }
  ask: { approval: { prompt: ok }, needs: [up] }
  down: { run: echo x >> down, needs: [ask], if: always() }
  not: { run: echo x >> not, needs: [ask] }
`,
  });
  const lsp = await client(t, root, { initializationOptions: { trusted: true } });
  assert.equal((await modelyard(root, 'run', 'ship')).code, 3);
  const { approvals } = await lsp.request<{ approvals: readonly ApprovalView[] }>('modelyard/approvals', {});
  const [view] = approvals;
  assert.ok(view);
  const ref = { projectUri: view.projectUri, id: view.run };
  assert.deepEqual(await lsp.request('modelyard/cancelRun', ref), { ok: true });
  assert.equal(readFileSync(path.join(root, 'down'), 'utf8'), 'x\n');
  assert.equal(existsSync(path.join(root, 'not')), false);
  const again = await lsp.request<{ ok: boolean; message?: string }>('modelyard/cancelRun', ref);
  assert.match(again.message ?? '', /has ended already: cancelled/);
});

test('a run that is part of another one is resumed with that one', async (t) => {
  const root = folder(t, {
    'modelyard.yaml': 'name: a\n',
    'ask.pipeline.yaml': 'name: ask\nkind: deployment\ntasks: { sign: { approval: { prompt: ok } } }\n',
    'all.pipeline.yaml': 'name: all\nkind: deployment\ntasks: { below: { pipeline: ask } }\n',
  });
  const lsp = await client(t, root, { initializationOptions: { trusted: true } });
  assert.equal((await modelyard(root, 'run', 'all')).code, 3);
  const { approvals } = await lsp.request<{ approvals: readonly ApprovalView[] }>('modelyard/approvals', {});
  const [view] = approvals;
  assert.equal(view?.pipeline, 'ask');
  const { projectUri, run, task } = view;
  const answered = await lsp.request<AnswerResult>('modelyard/answer', {
    projectUri,
    run,
    task,
    verdict: 'approved',
  });
  assert.ok(answered.ok && answered.resume);
  assert.equal(answered.resume.definitionUri, uri(path.join(root, 'all.pipeline.yaml')));
  assert.equal(view.owner, answered.resume.run);
  const { code, output } = await modelyard(root, 'run', 'all', '--resume', answered.resume.run);
  assert.equal(code, 0, output);
  assert.match(output, /all succeeded/);
});

test('what changes while a run waits is told, and what its question stands for when it is asked again', async (t) => {
  const root = folder(t, { 'modelyard.yaml': 'name: a\n', 'ship.pipeline.yaml': PIPELINE });
  const lsp = await client(t, root, { initializationOptions: { trusted: true } });
  const ask = async (): Promise<ApprovalView> => {
    const { approvals } = await lsp.request<{ approvals: ApprovalView[] }>('modelyard/approvals', {});
    const view = approvals.find(({ task }) => task === 'ask');
    assert.ok(view);
    return view;
  };
  assert.equal((await modelyard(root, 'run', 'ship')).code, 3);
  const { projectUri, run: id, owner, changed } = await ask();
  assert.deepEqual([owner, changed], [id, undefined]);
  type Changes = Requests['modelyard/runChanges']['result'];
  const changes = (run: string) => lsp.request<Changes>('modelyard/runChanges', { projectUri, id: run });
  assert.deepEqual(await changes(id), { ok: true, files: [] });
  const file = path.join(root, 'ship.pipeline.yaml');
  // A change of the layout alone is none.
  writeFileSync(file, `# a word\n${PIPELINE}`);
  assert.deepEqual(await changes(id), { ok: true, files: [] });
  const edited = `${PIPELINE}  tell: { needs: [ask], run: echo }\n`;
  writeFileSync(file, edited);
  assert.deepEqual(await changes(id), {
    ok: true,
    files: [
      { path: 'ship.pipeline.yaml', uri: uri(file), words: 'new: tell', before: PIPELINE, deleted: false },
    ],
  });
  rmSync(file);
  const gone = await changes(id);
  assert.deepEqual(gone.ok && gone.files.map(({ words, deleted }) => [words, deleted]), [['deleted', true]]);
  assert.equal((await changes('20200101-000000-000-aaaa')).ok, false);

  // A new run puts the same question, but other things follow from the answer.
  writeFileSync(file, edited);
  assert.equal((await modelyard(root, 'runs', 'cancel', id)).code, 0);
  assert.equal((await modelyard(root, 'run', 'ship', '--resume', id)).code, 3);
  assert.deepEqual((await ask()).changed, ['tell follows now']);
});

test('a question that nobody answered in time is shown until the run is resumed', async (t) => {
  const ask = '  ask: { approval: { prompt: Ship it?, timeout: 1s, on-timeout: approve } }\n';
  const text = `name: late\nkind: deployment\ntasks:\n${ask}`;
  const root = folder(t, { 'modelyard.yaml': 'name: a\n', 'late.pipeline.yaml': text });
  const lsp = await client(t, root, { initializationOptions: { trusted: true } });
  assert.equal((await modelyard(root, 'run', 'late')).code, 3);
  const late = await until('the time to be up', async () => {
    const { approvals } = await lsp.request<{ approvals: ApprovalView[] }>('modelyard/approvals', {});
    return approvals.find(({ expired }) => expired);
  });
  assert.deepEqual([late.mayAnswer, late.attended, late.owner], [false, false, late.run]);
  assert.equal((await modelyard(root, 'run', 'late', '--resume', late.owner)).code, 0);
  assert.deepEqual(await lsp.request('modelyard/approvals', {}), { approvals: [] });
});
