/** What waits for people, in words: for whom, since when, by which numbers; and nothing of a file that does something. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  approvalDetailItem,
  approvalDetails,
  approvalItem,
  comparisonDetails,
  expiry,
  factsLine,
  noticeText,
  promptLine,
  summaryText,
  waitingBar,
  whom,
  whyNot,
} from '../../../extension/approvals/rows.js';
import type { ApprovalView, ArtifactView } from '../../../server/protocol/index.js';

const NOW = Date.parse('2026-11-23T12:00:00.000Z');
const at = (minutes: number): string => new Date(NOW + minutes * 60_000).toISOString();

function approval(more: Partial<ApprovalView> = {}): ApprovalView {
  return {
    projectUri: 'file:///p',
    run: '20261123-110000-000-aaaa',
    task: 'ask',
    pipeline: 'release',
    definitionUri: 'file:///p/release.pipeline.yaml',
    prompt: 'Ship **it**?',
    who: [],
    user: 'ada',
    mayAnswer: true,
    count: 1,
    missing: 1,
    askedAt: at(-5),
    attended: false,
    owner: '20261123-110000-000-aaaa',
    artifacts: [],
    metrics: [],
    answers: [],
    ...more,
  };
}

const COMPARISON: NonNullable<ApprovalView['comparison']> = {
  candidate: 'rain 4',
  current: 'rain 3',
  rows: [
    { metric: 'accuracy', current: 0.7, candidate: 0.81, verdict: 'better' },
    { metric: 'rows', current: 1200, candidate: 1200 },
    { metric: 'loss', candidate: 0.4 },
    { metric: 'old', current: 2 },
  ],
};

const ARTIFACT: ArtifactView = {
  name: 'report',
  kind: 'report',
  path: 'build/report.html',
  mime: 'text/html',
  bytes: 2048,
  hash: 'sha256:0',
  uri: 'file:///p/build/report.html',
  available: true,
};

const answer = (by: string, comment?: string): ApprovalView['answers'][number] => ({
  verdict: 'approved',
  by,
  at: at(-1),
  ...(comment === undefined ? {} : { comment }),
});

test('a row says for whom, since when and until when', () => {
  const check = (more: Partial<ApprovalView>, description: string, context = 'approval') => {
    const item = approvalItem(approval(more), NOW);
    assert.deepEqual([item.description, item.context], [description, context]);
  };
  check({}, 'for you · 5 min');
  check({ askedAt: at(0) }, 'for you · just now');
  check({ expiresAt: at(121) }, 'for you · 5 min · expires in 2 h 1 min');
  check({ count: 3, missing: 2, answers: [answer('eve')] }, 'for you · 5 min · 1 of 3 approvals');
  check(
    { mayAnswer: false, who: ['bob', 'eve'], count: 2, missing: 1, answers: [answer('bob')] },
    'for eve · 5 min · 1 of 2 approvals',
    'approval.others',
  );
  const { spoken, label, tooltip } = approvalItem(approval({ expiresAt: at(0.5) }), NOW);
  assert.equal(label, 'release › ask');
  assert.equal(spoken, 'Approval release › ask, waits for you, 5 min, expires within a minute');
  assert.match(tooltip ?? '', /resumed when it is answered/);
  assert.equal(expiry({}, NOW), undefined);
});

test('who may not answer is told why', () => {
  const check = (more: Partial<ApprovalView>, who: string, why: string | undefined) => {
    assert.deepEqual([whom(approval(more)), whyNot(approval(more))], [who, why]);
  };
  check({}, 'you', undefined);
  check({ mayAnswer: false, who: ['bob', 'eve'] }, 'bob or eve', 'ada may not answer ask: bob, eve may.');
  check(
    { mayAnswer: false, count: 2, answers: [answer('ada')] },
    'somebody else',
    'You have answered; 1 more answer is missing.',
  );
  check(
    { mayAnswer: false, count: 3, missing: 2, answers: [answer('ada')] },
    'somebody else',
    'You have answered; 2 more answers are missing.',
  );
});

test('the first line of a prompt, without marks', () => {
  const check = (prompt: string, expected: string) => assert.equal(promptLine(prompt), expected);
  check('Ship **it**?', 'Ship it?');
  check('\n---\n## Ship `rain 4` to _all_\nmore', 'Ship rain 4 to all');
  check('- see [the board](https://x.y/z) ![shot](a.png)', 'see the board shot');
  check('snake_case * 2', 'snake_case * 2');
  check('', '');
});

test('a notification has the numbers that are different, and no links', () => {
  assert.equal(factsLine(approval()), '');
  assert.equal(
    factsLine(approval({ comparison: COMPARISON, artifacts: [ARTIFACT], environment: 'production' })),
    'to production · rain 4 instead of rain 3 · accuracy 0.7 → 0.81 (better) · loss 0.4 · old 2 → – · 1 artifact',
  );
  assert.equal(
    factsLine(
      approval({
        metrics: [{ name: 'train.accuracy', value: 0.81234567 }],
        comparison: { candidate: 'rain 1', rows: [] },
      }),
    ),
    'rain 1 is the first',
  );
  assert.equal(
    noticeText(approval({ metrics: [{ name: 'train.accuracy', value: 0.81234567 }] })),
    'release › ask waits for you: Ship it? (train.accuracy 0.81235)',
  );
  const hostile = approval({
    prompt: '[[x](command:a)](command:workbench.action.quit)',
    task: '[y](command:b)',
  });
  assert.doesNotMatch(noticeText(hostile), /\]\(/);
  assert.doesNotMatch(summaryText([hostile, hostile]), /\]\(/);
  assert.equal(
    summaryText(['a', 'b', 'c', 'd'].map((task) => approval({ task }))),
    '4 approvals wait for you: release › a, release › b, release › c and 1 more.',
  );
});

test('below it: what is asked, the comparison, metrics, files, answers', () => {
  const full = approval({
    environment: 'production',
    comparison: COMPARISON,
    metrics: [{ name: 'train.accuracy', value: 0.8 }],
    artifacts: [ARTIFACT],
    answers: [answer('eve', 'looks good')],
  });
  const lines = (details: ReturnType<typeof approvalDetails>): readonly (readonly unknown[])[] =>
    details.map((detail) => {
      const { label, description = '', context, command } = approvalDetailItem(full, detail, NOW);
      return [label, description, context, ...(command === undefined ? [] : [command.id])];
    });
  assert.deepEqual(lines(approvalDetails(full)), [
    ['Ship it?', '', 'approvalDetail.prompt', 'modelyard.showApproval'],
    ['production', 'demands approval for what is deployed to it', 'approvalDetail.environment'],
    ['rain 4', 'compared with rain 3', 'approvalDetail.comparison'],
    ['train.accuracy', '0.8', 'metric'],
    ['report', 'build/report.html · 2 KiB', 'artifact', 'modelyard.openArtifact'],
    ['eve approved', 'looks good · 1 min ago', 'approvalDetail.answer'],
  ]);
  assert.deepEqual(lines(comparisonDetails(full)), [
    ['accuracy', '0.7 → 0.81 (better)', 'approvalDetail.row'],
    ['rows', '1200 as before', 'approvalDetail.row'],
    ['loss', '0.4', 'approvalDetail.row'],
    ['old', '2 → –', 'approvalDetail.row'],
  ]);
  const all = [...approvalDetails(full), ...comparisonDetails(full)];
  assert.equal(new Set(all.map((detail) => approvalDetailItem(full, detail, NOW).id)).size, all.length);
});

test('the status bar counts, and rings only where this person is asked', () => {
  assert.equal(waitingBar([]), undefined);
  const others = approval({ task: 'sign', mayAnswer: false, who: ['bob'] });
  assert.deepEqual(waitingBar([others]), {
    text: '$(bell) 1 approval',
    tooltip: 'release › sign waits for bob',
  });
  assert.deepEqual(waitingBar([approval(), others]), {
    text: '$(bell-dot) 2 approvals',
    tooltip: 'release › ask waits for you\nrelease › sign waits for bob',
  });
});

test('a question whose time is up waits for nobody, and says what to do', () => {
  const late = approval({ expired: true, mayAnswer: false, expiresAt: at(-1) });
  const row = approvalItem(late, NOW);
  assert.deepEqual(
    [row.description, row.context, row.icon],
    ['time is up', 'approval.expired', 'bell-slash'],
  );
  assert.match(whyNot(late) ?? '', /Resume the run/);
  assert.equal(waitingBar([late]), undefined);
  assert.match(waitingBar([late, approval()])?.text ?? '', /1 approval$/);
});

test('a question that is asked again says what is different', () => {
  const again = approval({ changed: ['m.txt is another one', 'tell was edited'] });
  assert.match(approvalItem(again, NOW).description ?? '', /^for you · 5 min · asked again/);
  assert.match(noticeText(again), /asked again: m\.txt is another one, tell was edited/);
  const rows = approvalDetails(again).map((detail) => approvalDetailItem(again, detail, NOW));
  assert.deepEqual(
    rows.map(({ label }) => label),
    ['Ship it?', 'm.txt is another one', 'tell was edited'],
  );
  assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length);
});
