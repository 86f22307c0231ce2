/** Answers to a run's questions: the rules, and two processes that answer at the same time. This file is also the second. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import test, { type TestContext } from 'node:test';
import {
  type NewAnswer,
  type Question,
  RunApprovals,
} from '../../../../server/stores/approvals/approvals.js';

const QUESTION: Question = {
  prompt: 'ok?',
  artifacts: [],
  metrics: [],
  who: [],
  count: 1,
  onTimeout: 'reject',
};
const HEAD = { run: 'r', pipeline: 'p', task: 'ask' };
const ADA: NewAnswer = { verdict: 'approved', by: 'ada', host: 'h' };

/** Answers what it is told to, one task a line, in step with another process. */
async function child(folder: string, by: string, verdict: NewAnswer['verdict']): Promise<void> {
  const approvals = new RunApprovals(folder);
  process.stdout.write('ready\n');
  for await (const task of createInterface({ input: process.stdin })) {
    const answered = approvals.answer(task, { verdict, by, host: 'h' });
    process.stdout.write(`${answered.ok ? 'counts' : answered.reason}\n`);
  }
}

const [, , role, ...rest] = process.argv;
if (role === 'answer') {
  const [folder = '', by = '', verdict = ''] = rest;
  void child(folder, by, verdict as NewAnswer['verdict']);
} else tests();

function fresh(t: TestContext): RunApprovals {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-approvals-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return new RunApprovals(folder);
}

function withoutTestContext(): NodeJS.ProcessEnv {
  const env = { ...process.env };
  delete env['NODE_TEST_CONTEXT'];
  return env;
}

function lines(process: ChildProcess): () => Promise<string> {
  assert.ok(process.stdout);
  const reader = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
  return async () => String((await reader.next()).value);
}

function tests(): void {
  test('a question that changes twice in one tick of the clock keeps what was asked before', (t) => {
    const approvals = fresh(t);
    const now = new Date();
    for (const prompt of ['one', 'two', 'three']) {
      assert.equal(approvals.ask(HEAD, { ...QUESTION, prompt }, now).request.prompt, prompt);
      assert.ok(approvals.answer('ask', ADA, now).ok);
    }
    assert.equal(approvals.ask(HEAD, { ...QUESTION, prompt: 'four' }, now).status, 'waiting');
  });

  test('one approval is enough, one rejection rejects, and who comes later is told', (t) => {
    const cases: [Partial<Question>, NewAnswer[], string, string[]][] = [
      [{}, [ADA], 'approved', ['counts']],
      [{}, [{ ...ADA, verdict: 'rejected' }, ADA], 'rejected', ['counts', 'late']],
      [{ count: 2 }, [ADA, ADA], 'waiting', ['counts', 'refused']],
      [{ count: 2 }, [ADA, { ...ADA, by: 'grace' }], 'approved', ['counts', 'counts']],
      [{ count: 2 }, [ADA, { ...ADA, by: 'x', verdict: 'rejected' }], 'rejected', ['counts', 'counts']],
      [{ who: ['grace'] }, [ADA, { ...ADA, by: 'grace' }], 'approved', ['refused', 'counts']],
      [{}, [{ ...ADA, comment: 'x'.repeat(10_001) }], 'waiting', ['refused']],
    ];
    for (const [question, answers, status, expected] of cases) {
      const approvals = fresh(t);
      approvals.ask(HEAD, { ...QUESTION, ...question });
      const outcomes = answers.map((answer) => approvals.answer('ask', answer));
      assert.deepEqual(
        outcomes.map((one) => (one.ok ? 'counts' : one.reason)),
        expected,
      );
      assert.equal(approvals.read('ask')?.status, status);
    }
  });

  test('nobody was asked', (t) => {
    const approvals = fresh(t);
    assert.equal(approvals.answer('ask', ADA).ok, false);
    assert.deepEqual(approvals.tasks(), []);
    assert.equal(approvals.expire('ask'), undefined);
  });

  test('time is up: the answer comes too late, and what was there before counts', (t) => {
    const approvals = fresh(t);
    const [asked, later] = [new Date(1_000_000), new Date(1_005_000)];
    approvals.ask(HEAD, { ...QUESTION, timeoutMs: 5_000 }, asked);
    assert.equal(approvals.read('ask', new Date(1_004_999))?.status, 'waiting');
    assert.equal(approvals.expire('ask', new Date(1_004_999))?.status, 'waiting');
    assert.equal(approvals.read('ask', later)?.status, 'expired');
    assert.equal(approvals.answer('ask', ADA, later).ok, false);
    assert.equal(approvals.expire('ask', later)?.status, 'timed-out');
    assert.equal(approvals.expire('ask', later)?.answers.length, 1);
    const before = fresh(t);
    before.ask(HEAD, { ...QUESTION, timeoutMs: 5_000 }, asked);
    assert.ok(before.answer('ask', ADA, new Date(1_001_000)).ok);
    assert.equal(before.expire('ask', later)?.status, 'approved');
  });

  test('what a clock asked that was ahead has its time from when that is noticed', (t) => {
    const approvals = fresh(t);
    const [ahead, now] = [new Date(86_400_000), new Date(1_000_000)];
    const question = { ...QUESTION, timeoutMs: 5_000 };
    approvals.ask(HEAD, question, ahead);
    // Looking changes nothing.
    assert.equal(approvals.read('ask', now)?.request.askedAt, ahead.toISOString());
    assert.equal(approvals.expire('ask', now)?.status, 'waiting');
    assert.equal(approvals.read('ask', new Date(1_004_999))?.status, 'waiting');
    assert.equal(approvals.read('ask', new Date(1_005_000))?.status, 'expired');
    const again = fresh(t);
    again.ask(HEAD, question, ahead);
    assert.equal(again.ask(HEAD, question, now).request.expiresAt, new Date(1_005_000).toISOString());
    // Clocks of two machines are never quite the same.
    assert.equal(again.ask(HEAD, question, new Date(990_000)).request.askedAt, now.toISOString());
    const answered = fresh(t);
    answered.ask(HEAD, question, ahead);
    assert.ok(answered.answer('ask', ADA, ahead).ok);
    assert.equal(answered.expire('ask', now)?.request.askedAt, ahead.toISOString());
  });

  test('the same question goes on, another one begins anew, hostile task names stay inside', (t) => {
    const approvals = fresh(t);
    const first = approvals.ask(HEAD, QUESTION, new Date(1_000));
    assert.equal(approvals.ask(HEAD, QUESTION, new Date(2_000)).request.askedAt, first.request.askedAt);
    assert.ok(approvals.answer('ask', ADA).ok);
    assert.equal(approvals.ask(HEAD, QUESTION).status, 'approved');
    assert.equal(approvals.ask(HEAD, { ...QUESTION, prompt: 'really?' }).status, 'waiting');
    assert.equal(approvals.read('ask')?.answers.length, 0);
    for (const task of ['../../x', 'a/b', '..', 'CON', 'a@ä-1', 'x'.repeat(300)]) {
      approvals.ask({ ...HEAD, task }, QUESTION);
      assert.ok(approvals.watchPath(task).startsWith(`${approvals.folder}${path.sep}`), task);
      assert.ok(approvals.answer(task, ADA).ok, task);
    }
    assert.equal(approvals.tasks().length, 7);
  });

  test('a broken answer is set aside and its number taken by the next one', (t) => {
    const approvals = fresh(t);
    approvals.ask(HEAD, QUESTION);
    writeFileSync(path.join(approvals.watchPath('ask'), '1.json'), '{"schema":1,"verdict":"perhaps"}');
    assert.equal(approvals.read('ask')?.status, 'waiting');
    assert.ok(approvals.answer('ask', ADA).ok);
    assert.equal(approvals.read('ask')?.status, 'approved');
  });

  test('an answer moves to the run that goes on', (t) => {
    const [old, now] = [fresh(t), fresh(t)];
    old.ask(HEAD, QUESTION);
    old.answer('ask', ADA);
    now.adopt('ask', old, QUESTION, 'r2');
    assert.equal(now.ask({ ...HEAD, run: 'r2' }, QUESTION).status, 'approved');
    const [rejected, again] = [fresh(t), fresh(t)];
    rejected.ask(HEAD, QUESTION);
    rejected.answer('ask', { ...ADA, verdict: 'rejected' });
    again.adopt('ask', rejected, QUESTION, 'r2');
    assert.equal(again.ask({ ...HEAD, run: 'r2' }, QUESTION).status, 'waiting');
  });

  test('of two processes that answer at once one counts and the other is told, fifty times', async (t) => {
    const approvals = fresh(t);
    const folder = path.dirname(approvals.folder);
    const start = (by: string, verdict: string): ChildProcess =>
      spawn(process.execPath, [__filename, 'answer', folder, by, verdict], {
        stdio: ['pipe', 'pipe', 'inherit'],
        env: withoutTestContext(),
      });
    const children = [start('ada', 'approved'), start('grace', 'rejected')];
    t.after(() => children.forEach((one) => one.kill()));
    const readers = children.map(lines);
    assert.deepEqual(await Promise.all(readers.map((read) => read())), ['ready', 'ready']);
    let first = 0;
    for (let round = 0; round < 50; round++) {
      const task = `ask-${round}`;
      approvals.ask({ ...HEAD, task }, QUESTION);
      for (const one of children) one.stdin?.write(`${task}\n`);
      const outcomes = await Promise.all(readers.map((read) => read()));
      assert.deepEqual([...outcomes].sort(), ['counts', 'late'], task);
      const verdict = outcomes[0] === 'counts' ? 'approved' : 'rejected';
      assert.equal(approvals.read(task)?.status, verdict);
      assert.equal(approvals.read(task)?.answers.length, 1);
      if (outcomes[0] === 'counts') first++;
    }
    t.diagnostic(`the first process was first ${first} times`);
  });
}
