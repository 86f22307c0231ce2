/** Texts, icons and order of the trees; groups, filters and plans. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { rowsOf } from '../../../media/webviews/shared/comparison.js';
import { isTurned, turned, verdictSentence } from '../../../media/webviews/shared/version-comparison.js';
import {
  dayLabel,
  filterWords,
  groupRuns,
  isEmptyFilter,
  pageRequest,
} from '../../../extension/runs/grouping.js';
import { escapeMarkdown } from '../../../extension/parts/item-text.js';
import { memoryDetail, memoryItem, memoryNotice } from '../../../extension/project/memory-rows.js';
import {
  dvcDataItem,
  freshness,
  pipelineItem,
  projectItem,
  taskItem,
  taskState,
} from '../../../extension/pipelines/rows.js';
import { planText } from '../../../extension/pipelines/plan.js';
import {
  changesDetail,
  detailItem,
  progress,
  runDescription,
  runItem,
  taskDetails,
  taskRunItem,
} from '../../../extension/runs/rows.js';
import type {
  ArtifactView,
  ComparisonView,
  DvcDataItem,
  ForeignMemory,
  PipelineSummary,
  PipelineTaskSummary,
  RunListItem,
  TaskRunView,
} from '../../../server/protocol/index.js';

const NOW = new Date(2026, 10, 23, 12, 0, 0).getTime();
const before = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();
const RANGE = { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } };

function task(more: Partial<PipelineTaskSummary> = {}): PipelineTaskSummary {
  return {
    name: 'train',
    action: 'run',
    range: RANGE,
    needs: [],
    instances: 1,
    manual: false,
    staleness: 'fresh',
    reasons: [],
    ...more,
  };
}

function pipeline(more: Partial<PipelineSummary> = {}): PipelineSummary {
  return {
    name: 'rain',
    kind: 'model-build',
    uri: 'file:///p/rain.pipeline.yaml',
    path: 'rain.pipeline.yaml',
    projectUri: 'file:///p',
    range: RANGE,
    params: [],
    errors: 0,
    warnings: 0,
    tasks: [task()],
    ...more,
  };
}

function run(more: Partial<RunListItem> = {}): RunListItem {
  return {
    id: '20261123-110000-000-aaaa',
    projectUri: 'file:///p',
    pipeline: 'rain',
    path: 'rain.pipeline.yaml',
    status: 'succeeded',
    createdAt: before(60),
    endedAt: before(59),
    trigger: 'editor',
    counts: { succeeded: 2 },
    metrics: { 'train.accuracy': 0.8123456 },
    ...more,
  };
}

function taskRun(more: Partial<TaskRunView> = {}): TaskRunView {
  return {
    id: 'train',
    task: 'train',
    action: 'run',
    status: 'succeeded',
    reasons: [],
    attempts: 1,
    needs: [],
    metrics: {},
    artifacts: [],
    checks: [],
    ...more,
  };
}

test('a pipeline says how much of it is up to date', () => {
  const check = (stalenesses: readonly PipelineTaskSummary['staleness'][], expected: string) =>
    assert.equal(
      freshness(pipeline({ tasks: stalenesses.map((staleness) => task({ staleness })) })),
      expected,
    );
  check([], 'no tasks');
  check(['fresh', 'fresh'], 'up to date');
  check(['never-run', 'never-run'], 'never run');
  check(['never-run', 'always-runs'], 'never run');
  check(['always-runs', 'unknown'], '');
  check(['fresh', 'stale', 'never-run'], '2 of 3 to run');
  check(['fresh', 'unknown'], '');
});

test('a pipeline with errors says so first', () => {
  const item = pipelineItem(pipeline({ errors: 2, warnings: 1 }), NOW);
  assert.equal(item.description, '2 errors');
  assert.match(item.tooltip ?? '', /2 errors · 1 warning/);
  assert.match(item.spoken, /^Pipeline rain, model build, 2 errors, never run$/);
});

test('stages of DVC that we never ran may have been run by DVC', () => {
  const item = pipelineItem(
    pipeline({ kind: 'dvc', name: 'dvc.yaml', tasks: [task({ staleness: 'fresh' })] }),
    NOW,
  );
  assert.equal(item.icon, 'layers');
  assert.equal(item.description, 'up to date');
  assert.doesNotMatch(item.tooltip ?? '', /never run/i);
  assert.equal(item.spoken, 'Pipeline dvc.yaml, DVC pipeline, up to date');
  const icon = (more: Partial<PipelineTaskSummary>): string | undefined =>
    taskItem(pipeline({ kind: 'dvc' }), task(more)).icon;
  assert.equal(icon({ staleness: 'fresh' }), 'pass');
  assert.equal(icon({ staleness: 'stale', reasons: ['input a.py changed'] }), 'circle-outline');
  assert.equal(icon({ staleness: 'never-run' }), 'terminal');
});

test('a project says what it is about', () => {
  const project = { uri: 'file:///p', memoryUri: '', name: 'rain', description: 'Will it <b>rain</b>?' };
  const item = projectItem(project, 2);
  assert.deepEqual([item.label, item.description], ['rain', '2 pipelines']);
  assert.match(item.tooltip ?? '', /^\*\*rain\*\*\n\nWill it [^<]*$/);
});

test('a pipeline that runs spins, and is known to menus', () => {
  const item = pipelineItem(pipeline({ lastRun: { id: 'x', status: 'running', createdAt: before(1) } }), NOW);
  assert.equal(item.icon, 'sync~spin');
  assert.equal(item.context, 'pipeline.active');
  const waits = pipelineItem(
    pipeline({ lastRun: { id: 'x', status: 'waiting', createdAt: before(1) } }),
    NOW,
  );
  assert.deepEqual([waits.icon, waits.context], ['watch', 'pipeline.active']);
});

test('a task says what is going on, else why it would run', () => {
  const check = (more: Partial<PipelineTaskSummary>, expected: string) =>
    assert.equal(taskState(task(more)), expected);
  check({}, 'up to date');
  check({ staleness: 'stale', reasons: ['input a.py changed'] }, 'input a.py changed');
  check({ staleness: 'stale', reasons: ['one', 'two', 'three'] }, 'one (+2)');
  check({ staleness: 'stale', reasons: ['x'], lastStatus: 'failed' }, 'failed · x');
  check({ lastStatus: 'running', staleness: 'stale' }, 'running');
  check({ staleness: 'unknown' }, '');
});

test('names out of files can neither break lines nor become markup', () => {
  const evil = 'x](command:evil)\n\u001b[31m<img src=1> `y` $(zap)';
  const item = taskItem(pipeline(), task({ name: evil, description: evil, reasons: [evil] }));
  assert.doesNotMatch(item.label, /[^ -~]/);
  assert.doesNotMatch(item.tooltip ?? '', /\]\(command|<img|[^\\]\$\(zap/);
  assert.equal(escapeMarkdown('a_b*[c](d)<e>'), 'a\\_b\\*\\[c\\]\\(d\\)&lt;e\\>');
});

test('groups go by day, newest first, with words for the last days', () => {
  const runs = [
    run({ id: 'a' }),
    run({ id: 'b', createdAt: before(60 * 24) }),
    run({ id: 'c', createdAt: before(60 * 24) }),
    run({ id: 'd', createdAt: 'broken' }),
  ];
  assert.deepEqual(
    groupRuns(runs, 'day', NOW).map(({ label, runs: members }) => [label, members.map(({ id }) => id)]),
    [['Today', ['a']], ['Yesterday', ['b', 'c']], ['unknown day', ['d']]], // prettier-ignore
  );
  assert.equal(dayLabel('2026-11-20', NOW), 'Friday');
  assert.equal(dayLabel('2026-11-01', NOW), '2026-11-01');
  const two = [run({ pipeline: 'p' }), run({ pipeline: 'q' }), run({ pipeline: 'p' })];
  assert.deepEqual(groupRuns(two, 'pipeline', NOW).map(({ key, runs: members }) => `${key} ${members.length}`), ['p 2', 'q 1']); // prettier-ignore
});

test('filters become requests and words', () => {
  assert.ok(isEmptyFilter({ text: '', statuses: [] }));
  assert.deepEqual(pageRequest({ text: 'x', pipeline: 'p', statuses: ['failed'] }, 50, 'id'), { limit: 50, before: 'id', pipeline: 'p', statuses: ['failed'], text: 'x' }); // prettier-ignore
  assert.deepEqual(pageRequest({ statuses: [] }, 50), { limit: 50 });
  assert.equal(
    filterWords({ pipeline: 'p', statuses: ['failed', 'cancelled'], text: 'x' }),
    'p, failed or cancelled, “x”',
  );
});

test('a run says when, how long and what came out', () => {
  const check = (more: Partial<RunListItem>, expected: string) =>
    assert.equal(runDescription(run(more), NOW, 'pipeline'), expected);
  check({}, '1 h ago · 1 min · accuracy 0.81235');
  check({ status: 'failed', metrics: {} }, 'failed · 1 h ago · 1 min');
  const live = run({
    status: 'running',
    createdAt: before(2),
    counts: { succeeded: 1, cached: 1, running: 1, queued: 2 },
  });
  const going = { ...live, endedAt: undefined } as unknown as RunListItem;
  assert.equal(runDescription(going, NOW, 'day'), '2/5 · 2 min');
  assert.deepEqual(progress(going), { done: 2, total: 5 });
  assert.equal(runItem(going, NOW, 'day').context, 'run.active');
  assert.equal(runItem(run({ status: 'failed' }), NOW, 'day').context, 'run.ended.resumable');
  assert.equal(runItem(run({ counts: { cached: 3 } }), NOW, 'day').icon, 'archive');
});

test('below a task: error, metrics, checks, artifacts, log', () => {
  const artifact: ArtifactView = {
    name: 'model',
    kind: 'model',
    path: 'm.json',
    mime: 'application/json',
    bytes: 2048,
    hash: 'sha256:0',
    uri: 'file:///p/m.json',
    available: false,
  };
  const details = taskDetails(
    run(),
    taskRun({
      error: 'boom',
      metrics: { accuracy: 0.5 },
      checks: [{ text: 'a > b', passed: false, detail: '1 > 2' }],
      artifacts: [artifact],
      logUri: 'file:///log',
    }),
  );
  const items = details.map((detail, index) => detailItem('r', detail, index));
  assert.deepEqual(items.map(({ label }) => label), ['boom', 'accuracy', 'a > b', 'model', 'Log']); // prettier-ignore
  assert.equal(items[3]?.description, 'm.json · 2 KiB · overwritten since');
  assert.equal(items[3].context, 'artifact.gone');
  assert.equal(new Set(items.map(({ id }) => id)).size, items.length);
  assert.equal(taskRunItem('r', run(), taskRun(), NOW).children, 'none');
  assert.equal(
    taskRunItem('r', run(), taskRun({ status: 'failed', exitCode: 3, attempts: 2 }), NOW).description,
    'failed · 2 attempts · exit code 3',
  );
});

test('a task in a queue says why it waits, one that runs on which node, and both which job it is', () => {
  const job = { id: '12_3', executor: 'cluster', scriptUri: 'file:///job.sh' };
  const reasons = ['job 12_3 on cluster waits for nodes to become free (Resources), behind 2 other jobs'];
  const waits = taskRunItem('r', run(), taskRun({ status: 'waiting', job, reasons }), NOW);
  assert.equal(waits.description, 'waiting · for nodes to become free (Resources), behind 2 other jobs');
  assert.match(String(waits.tooltip), /job 12\\?_3 on cluster waits for nodes/);
  assert.equal(waits.context, 'taskRun.job.live');
  const running = taskRun({ status: 'running', job: { ...job, node: 'node7' }, logUri: 'file:///log' });
  const runs = taskRunItem('r', run(), running, NOW);
  assert.match(runs.description ?? '', /job 12_3 on cluster, node7/);
  assert.equal(runs.context, 'taskRun.log.job.live');
  // Its run goes on: the script is there, and nothing is left to be ended.
  const failed = taskRun({ status: 'failed', job });
  assert.equal(taskRunItem('r', run(), failed, NOW).context, 'taskRun.job');
  const over = { id: '12_3', executor: 'cluster', node: 'node7' };
  const ended = taskRunItem('r', run(), taskRun({ job: over }), NOW);
  assert.equal(ended.context, 'taskRun');
  assert.match(String(ended.tooltip), /job 12\\?_3 on cluster, node7/);
});

test('a plan reads as a table with reasons', () => {
  const text = planText({
    pipeline: 'rain',
    tasks: [
      { id: 'features', decision: 'up-to-date', reasons: [] },
      { id: 'train', decision: 'run', reasons: ['input a.py changed', 'param epochs changed'] },
    ],
  });
  assert.equal(
    text,
    [
      'Plan of rain: what a run would do now',
      '',
      '2 tasks: 1 run, 1 up to date.',
      '',
      '  ✓ features  up to date',
      '  ▶ train     run         input a.py changed',
      '                          param epochs changed',
      '',
    ].join('\n'),
  );
  const one = planText({ pipeline: 'p', tasks: [{ id: 'a@1', decision: 'run', reasons: [] }, { id: 'ab', decision: 'run', reasons: [] }] }, 'a'); // prettier-ignore
  assert.match(one, /1 task: 1 run/);
  assert.match(planText({ pipeline: 'p', tasks: [], problem: 'a cycle' }), /It can't run: a cycle/);
});

test('comparisons have a row for each name that any run has', () => {
  assert.deepEqual(
    rowsOf([
      { a: 1, b: 2 },
      { a: 1, c: [1] },
    ]),
    [
      { name: 'a', values: [1, 1], differs: false },
      { name: 'b', values: [2, undefined], differs: true },
      { name: 'c', values: [undefined, [1]], differs: true },
    ],
  );
});

test('a foreign memory says whose it is and what it holds, and its words are never links', () => {
  const memory = (more: Partial<ForeignMemory> = {}): ForeignMemory => ({
    projectUri: 'file:///home/a/wea%20ther',
    uri: 'file:///home/a/wea%20ther/.modelyard',
    id: 'x',
    canTrust: true,
    holds: ['runs', 'cached outputs', 'services'],
    message: '/home/a/[b](command:c) was not made here',
    ...more,
  });
  assert.equal(memoryItem(memory()).label, '.modelyard of wea ther');
  assert.deepEqual(
    [memoryItem(memory()).context, memoryItem(memory({ canTrust: false })).context],
    ['memory', 'memory.link'],
  );
  assert.doesNotMatch(memoryItem(memory()).tooltip ?? '', /[^\\]\[b\]\(/);
  assert.match(memoryNotice([memory()]), /^The \.modelyard of wea ther was not made on this machine\./);
  const hostile = memory({ projectUri: 'file:///a/%5Bx%5D(command:y)' });
  assert.doesNotMatch(memoryNotice([hostile]), /\]\(/);
  assert.match(memoryNotice([memory(), hostile]), /^The \.modelyard folders of wea ther and .* were not/);
  assert.match(memoryDetail(memory(), true), /holds runs, cached outputs and services\./);
  assert.doesNotMatch(memoryDetail(memory(), true), /Restricted/);
  assert.match(memoryDetail(memory(), false), /In Restricted Mode it can’t be trusted/);
  assert.equal(memoryDetail(memory({ canTrust: false, message: 'a link' }), true), 'a link');
  assert.match(memoryItem(memory({ projectUri: 'file:///a/%E0%A4' })).label, /%E0%A4/);
});

test('what has changed since a run began is named, and no more than can be read', () => {
  const files = Array.from({ length: 10 }, (_, index) => ({ path: `p${index}.yaml`, words: 'new: scan' }));
  const lines = changesDetail(files).split('\n');
  assert.equal(lines[0], 'p0.yaml (new: scan)');
  assert.equal(lines[8], 'and 2 more files');
  assert.match(lines.at(-1) ?? '', /definition that it began with/);
});

test('a comparison holds the new version against the one in use, whichever was named first', () => {
  const version = (number: string, at: string, aliases: readonly string[] = []) => ({
    model: 'rain',
    version: number,
    aliases,
    createdAt: `2026-01-0${at}T00:00:00Z`,
  });
  const [one, two, three] = [
    version('1', '1'),
    version('2', '2', ['production']),
    version('3', '3', ['candidate']),
  ];
  assert.deepEqual([isTurned(three, two), isTurned(two, three)], [true, false]);
  // Rolled back: the older one is the candidate then.
  assert.deepEqual([isTurned(one, two), isTurned(two, one)], [true, false]);
  assert.deepEqual([isTurned(three, one), isTurned(one, three)], [true, false]);
  assert.deepEqual([isTurned(version('9', '1'), version('10', '1')), isTurned(version('10', '1'), version('9', '1'))], [false, true]); // prettier-ignore
  assert.equal(isTurned({ ...three, model: 'snow', aliases: [] }, one), false);
  assert.equal(isTurned(three, { ...one, model: 'snow', aliases: ['Champion'] }), true);

  const rows = [
    { section: 'metrics', key: 'loss', a: 0.2, b: 0.3, differs: true, delta: 0.1, verdict: 'worse' },
    { section: 'metrics', key: 'auc', a: 0.9, b: 0.9, differs: false, delta: 0 },
    { section: 'params', key: 'lr', a: 1, differs: true },
  ] as const;
  const items = { a: three, b: two } as unknown as Pick<ComparisonView, 'a' | 'b'>;
  const other = turned({ ...items, rows });
  assert.deepEqual(other.rows, [
    { section: 'metrics', key: 'loss', a: 0.3, b: 0.2, differs: true, delta: -0.1, verdict: 'better' },
    { section: 'metrics', key: 'auc', a: 0.9, b: 0.9, differs: false, delta: 0 },
    { section: 'params', key: 'lr', b: 1, differs: true },
  ]);
  assert.deepEqual(turned(other), { ...items, rows });
  assert.equal(verdictSentence(other.rows, ['2', '3']), '3 is better than 2 on 1 metric.');
  assert.equal(verdictSentence(rows, ['3', '2']), '2 is worse than 3 on 1 metric.');
  assert.equal(verdictSentence([...rows, ...other.rows, ...other.rows], ['2', '3']), '3 is better than 2 on 2 metrics, and worse on 1.'); // prettier-ignore
  assert.equal(verdictSentence([], ['2', '3']), 'No metric says whether 3 or 2 is better.');
});

test('data of DVC: what is not as recorded is said first, and has its button', () => {
  const row = (more: Partial<DvcDataItem>): readonly (string | undefined)[] => {
    const item: DvcDataItem = {
      projectUri: 'file:///p',
      path: 'data/raw',
      uri: 'file:///p/data/raw',
      owner: 'data/raw.dvc',
      bytes: 2_048,
      state: 'same',
      ...more,
    };
    const { description, icon, context } = dvcDataItem(item);
    return [description, icon, context];
  };
  assert.deepEqual(row({}), ['2 KiB', 'file', 'dvcData.file']);
  assert.deepEqual(row({ files: 3 }), ['2 KiB · 3 files', 'folder', 'dvcData']);
  assert.deepEqual(row({ state: 'missing', files: 3 }), [
    'missing · 2 KiB · 3 files',
    'cloud-download',
    'dvcData.missing',
  ]);
  assert.deepEqual(row({ state: 'cached' }), ['not checked out · 2 KiB', 'circle-outline', 'dvcData.cached']);
  assert.deepEqual(row({ state: 'changed' }), ['changed · 2 KiB', 'diff-modified', 'dvcData.file']);
});
