/** Texts, order and filters of the Models tree. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  arrangeModels,
  isEmptyModelFilter,
  modelFilterWords,
  modelsByProject,
  modelsMessage,
  NEWEST_FIRST,
  versionSortFrom,
  versionSorts,
  versionSortWords,
  type ModelFilter,
} from '../../../extension/models/filter.js';
import { groupRows, rowItem, versionRows } from '../../../extension/models/version-rows.js';
import { modelItemText, modelProblemItem, versionItemText } from '../../../extension/models/rows.js';
import { detailItem } from '../../../extension/runs/rows.js';
import type { ModelItem, VersionItem, VersionView } from '../../../server/protocol/index.js';

const NOW = Date.UTC(2026, 10, 23, 12);
const before = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();

function version(more: Partial<VersionItem> = {}): VersionItem {
  return {
    projectUri: 'file:///p',
    model: 'rain',
    version: '3',
    status: 'READY',
    createdAt: before(120),
    createdBy: 'ada@here',
    aliases: [],
    runId: '20261123-100000-000-aaaa',
    pipeline: 'train',
    mainMetric: { key: 'evaluate.accuracy', value: 0.8234567, better: 'higher' },
    metrics: { 'evaluate.accuracy': 0.8234567, loss: 0.4 },
    tags: {},
    bytes: 2048,
    ...more,
  };
}

function view(more: Partial<VersionView> = {}): VersionView {
  return {
    ...version(),
    updatedAt: before(120),
    description: '',
    params: { epochs: 3 },
    metadata: {},
    inputs: [],
    runKept: true,
    artifact: {
      hash: `sha256:${'a'.repeat(64)}`,
      path: 'models/rain.json',
      kind: 'model',
      mime: 'application/json',
      bytes: 2048,
    },
    purged: false,
    uri: 'models:/rain/3',
    usedBy: [],
    history: [],
    ...more,
  };
}

function model(more: Partial<ModelItem> = {}): ModelItem {
  return {
    projectUri: 'file:///p',
    model: 'rain',
    description: '',
    tags: {},
    aliases: {},
    createdAt: before(600),
    updatedAt: before(60),
    versions: 3,
    deletedVersions: 0,
    ...more,
  };
}

test('a version: its aliases first, then its main metric and age', () => {
  const check = (more: Partial<VersionItem>, expected: readonly (string | undefined)[]): void => {
    const { label, description, icon, context } = versionItemText(version(more), NOW);
    assert.deepEqual([label, description, icon, context], expected);
  };
  check({}, ['Version 3', 'accuracy 0.82346 · 2 h ago', 'git-commit', 'version.run']);
  check({ aliases: ['candidate', 'production'] }, [
    'Version 3',
    'candidate, production · accuracy 0.82346 · 2 h ago',
    'bookmark',
    'version.aliased.run',
  ]);
  check({ servedIn: ['production', 'staging'] }, [
    'Version 3',
    'serves in production, staging · accuracy 0.82346 · 2 h ago',
    'git-commit',
    'version.run',
  ]);
  check({ deleted: true }, [
    'Version 3',
    'deleted · accuracy 0.82346 · 2 h ago',
    'trash',
    'version.deleted.run',
  ]);
  check({ status: 'FAILED_REGISTRATION' }, [
    'Version 3',
    'registration failed · accuracy 0.82346 · 2 h ago',
    'error',
    'version.run',
  ]);
});

test('what people wrote does nothing in tooltips, and is said plainly', () => {
  const hostile = '[x](command:evil) <b>\u202e\u001b[31m';
  const item = versionItemText(
    version({ title: hostile, tags: { [hostile]: hostile }, aliases: [hostile] }),
    NOW,
  );
  const of = modelItemText(model({ model: hostile, description: hostile, aliases: { [hostile]: '3' } }), NOW);
  for (const text of [item, of]) {
    assert.doesNotMatch(text.tooltip ?? '', /[^\\]\[x\]\(command|<b>/);
    const said = [text.label, text.description, text.tooltip, text.spoken].join('');
    for (const control of ['\u202e', '\u001b']) assert.equal(said.includes(control), false);
  }
});

test('a model says where its aliases point, and to screen readers too', () => {
  const item = modelItemText(model({ aliases: { production: '1', candidate: '3' } }), NOW);
  assert.equal(item.description, 'candidate → 3, production → 1 · 3 versions');
  assert.equal(item.context, 'model.aliased');
  assert.equal(item.spoken, 'Model rain, 3 versions, candidate is version 3, production is version 1');
  const gone = modelItemText(model({ deleted: { at: before(5), by: 'ada@here' } }), NOW);
  assert.deepEqual([gone.description, gone.context, gone.children], ['deleted', 'model.deleted', 'none']);
});

test('below a version: metrics, params, artifact, run, uses', () => {
  const kinds = (one: VersionView): string[] =>
    versionRows(one).map((row) => (row.type === 'group' ? row.group : row.type));
  assert.deepEqual(kinds(view()), ['metrics', 'params', 'artifact', 'run', 'unused']);
  const used = view({ usedBy: [{ kind: 'task', runId: 'r', pipeline: 'p', task: 'evaluate' }] });
  assert.deepEqual(kinds(used), ['metrics', 'params', 'artifact', 'run', 'uses']);
  const failed = view({ status: 'FAILED_REGISTRATION', statusMessage: 'the disk is full' });
  assert.equal(kinds(failed)[0], 'problem');
  const say = (one: VersionView): string[] =>
    versionRows(one).map((row) => {
      const { label, description = '' } = rowItem('v', one, row, NOW);
      return `${label}: ${description}`;
    });
  assert.deepEqual(say(view()), [
    'Metrics: accuracy 0.82346, loss 0.4',
    'Params: epochs=3',
    'Artifact: models/rain.json · 2 KiB',
    'Run: train · 2 h ago',
    'Used by: nothing yet',
  ]);
  assert.ok(say(view({ runKept: false })).includes('Run: train · no longer kept'));
  assert.ok(say(view({ purged: true })).includes('Artifact: given up'));
  const ids = groupRows(used, 'uses').map((row) => rowItem('v/uses', used, row, NOW).id);
  assert.deepEqual(ids, ['v/uses/use/task:r/evaluate']);
});

test('an artifact of a run says which version it became', () => {
  const artifact = {
    name: 'model',
    kind: 'model',
    path: 'models/rain.json',
    mime: 'application/json',
    bytes: 1,
    hash: 'sha256:0',
    uri: 'file:///p/models/rain.json',
    available: true,
    versions: [{ model: 'rain', version: '3' }],
  } as const;
  const item = detailItem('t', { type: 'artifact', artifact }, 0);
  assert.deepEqual([item.description, item.context], ['models/rain.json · 1 B · rain 3', 'artifact.version']);
});

test('filters and order', () => {
  const models = [
    model({ model: 'cats', tags: { team: 'vision' }, updatedAt: before(5) }),
    model({ model: 'dogs', aliases: { production: '2' }, updatedAt: before(1) }),
    model({ model: 'old', deleted: { at: before(9), by: 'x' }, updatedAt: before(9) }),
    model({ model: 'rain', description: 'Tomorrow in Seattle', updatedAt: before(3) }),
  ];
  const check = (filter: ModelFilter, expected: string, sort: 'name' | 'changed' = 'name'): void => {
    assert.equal(
      arrangeModels(models, filter, sort)
        .map((one) => one.model)
        .join(' '),
      expected,
      JSON.stringify(filter),
    );
  };
  check({}, 'cats dogs rain');
  check({}, 'dogs rain cats', 'changed');
  check({ deleted: true }, 'cats dogs old rain');
  check({ text: 'VISION' }, 'cats');
  check({ text: 'seattle tomorrow' }, 'rain');
  check({ text: 'seattle vision' }, '');
  check({ aliases: ['production', 'staging'] }, 'dogs');
  check({ aliases: ['toString'] }, '');
  assert.equal(isEmptyModelFilter({ text: '' }), true);
  assert.equal(isEmptyModelFilter({ deleted: true }), false);
  assert.equal(
    modelFilterWords({ text: 'x', aliases: ['a', 'b'], deleted: true }),
    'Only with a or b, “x”; deleted ones, too',
  );
});

test('orders of versions say what comes first, and what was kept badly is the usual one', () => {
  const models = [
    model({ latest: version({ metrics: { loss: 0.4 } }) }),
    model({ latest: version({ metrics: { accuracy: 0.8, loss: 0.1 } }) }),
    model(),
  ];
  assert.deepEqual(versionSorts(models).map(versionSortWords), [
    'by age, newest first',
    'by age, oldest first',
    'by main metric, best first',
    'by accuracy, highest first',
    'by accuracy, lowest first',
    'by loss, highest first',
    'by loss, lowest first',
  ]);
  assert.equal(versionSorts([model()]).length, 2);
  for (const sort of versionSorts(models)) assert.deepEqual(versionSortFrom({ ...sort }), sort);
  for (const bad of [undefined, 'age', {}, { by: 'age', first: 'best' }, { by: 'x', first: 'best' }])
    assert.deepEqual(versionSortFrom(bad), NEWEST_FIRST);
  assert.equal(modelsMessage({}, NEWEST_FIRST), '');
  const loss = { by: 'metric', metric: 'loss', first: 'lowest' } as const;
  assert.equal(modelsMessage({}, loss), 'Versions by loss, lowest first');
  assert.equal(modelsMessage({ text: 'x' }, loss), 'Only “x”; versions by loss, lowest first');
  assert.match(versionItemText(version(), NOW, 'loss').description ?? '', /^loss 0\.4 · /);
  assert.match(versionItemText(version(), NOW, 'auc').description ?? '', /^no auc · /);
});

test('models of several projects stand under them, whether or not their names are known yet', () => {
  const models = [
    model({ projectUri: 'file:///w/b', model: 'x' }),
    model({ projectUri: 'file:///w/my%20a', model: 'y' }),
    model({ projectUri: 'file:///w/b', model: 'z' }),
  ];
  const check = (known: Parameters<typeof modelsByProject>[1], expected: string): void => {
    const shown = modelsByProject(models, known).map(
      ({ project, models: own }) => `${project.name}: ${own.map((one) => one.model).join(' ')}`,
    );
    assert.equal(shown.join('; '), expected);
  };
  check([], 'b: x z; my a: y');
  check([{ uri: 'file:///w/b', name: 'Bee', memoryUri: '' }], 'Bee: x z; my a: y');
});

test('a document that is broken is named, and a screen reader says so', () => {
  const item = modelProblemItem({
    projectUri: 'file:///p',
    path: '.modelyard/models/x',
    message: 'not JSON',
  });
  assert.deepEqual([item.label, item.description, item.icon], ['.modelyard/models/x', 'not JSON', 'warning']);
  assert.equal(item.spoken, 'Unreadable, .modelyard/models/x, not JSON');
});
