/** The texts of the Features tree, and which rows of a long table are on the screen. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { featureItemText, nullWords, serviceItemText, viewItem } from '../../../extension/features/rows.js';
import {
  canvasHeight,
  firstRow,
  lastFirst,
  MOST_PIXELS,
  revealed,
  scrollTopOf,
} from '../../../media/webviews/shared/experiments/grid-window.js';
import type { FeatureItem, FeatureViewItem } from '../../../server/protocol/index.js';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const PLACE = {
  projectUri: 'file:///p',
  uri: 'file:///p/w.features.yaml',
  range: { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } },
};
const RAIN: FeatureItem = {
  ...PLACE,
  name: 'rain',
  view: 'weather',
  type: 'double',
  nulls: 0.125,
  broken: [],
};
const VIEW: FeatureViewItem = {
  ...PLACE,
  name: 'weather',
  entities: ['station'],
  features: [RAIN],
  freshness: 'fresh',
  current: {
    version: 2,
    at: '2026-01-01T10:00:00Z',
    rows: 1461,
    bytes: 2048,
    newest: '2025-12-31T00:00:00Z',
  },
  versions: [2, 1],
  broken: [],
  errors: 0,
};

test('views by how they stand', () => {
  const check = (
    view: Partial<FeatureViewItem>,
    description: string,
    icon: string,
    context = 'featureView.versions',
  ): void => {
    const item = viewItem('v', { ...VIEW, ...view }, NOW);
    assert.deepEqual([item.description, item.icon, item.context], [description, icon, context]);
  };
  check({}, '1,461 rows · 2 h ago', 'table');
  check(
    { freshness: 'stale', reason: 'its definition has changed' },
    'stale · 1,461 rows · 2 h ago',
    'history',
  );
  check({ freshness: 'failed' }, 'failed · 1,461 rows · 2 h ago', 'error');
  check({ broken: ['x'] }, '1 expectation broken · 1,461 rows · 2 h ago', 'warning');
  const { current, ...never } = VIEW;
  assert.equal(current?.version, 2);
  const item = viewItem('v', { ...never, freshness: 'never', versions: [] }, NOW);
  assert.deepEqual([item.description, item.context], ['not materialized', 'featureView.never']);
  const stale = viewItem('v', { ...VIEW, freshness: 'stale', reason: '[a](command:x) changed' }, NOW);
  assert.match(stale.tooltip ?? '', /\\\[a\\\]\\\(command\\:x\\\) changed/);
  assert.match(stale.spoken, /Feature view weather, stale, 1,461 rows/);
});

test('features and services', () => {
  assert.deepEqual([0, 0.0001, 0.125, 1].map(nullWords), [
    'no nulls',
    '< 0.1 % null',
    '13 % null',
    '100 % null',
  ]);
  assert.equal(featureItemText('f', RAIN).description, 'double · 13 % null');
  assert.equal(featureItemText('f', { ...RAIN, broken: ['no'] }).icon, 'warning');
  const service = serviceItemText('s', {
    ...PLACE,
    name: 'rain-v1',
    features: ['weather:rain'],
    usedBy: [{ kind: 'model', name: 'rain', version: '3' }],
  });
  assert.equal(service.description, '1 entry · used by 1');
});

test('a window on many rows', () => {
  const small = { rows: 100, rowHeight: 20, viewHeight: 400 };
  assert.deepEqual(
    [canvasHeight(small), lastFirst(small), firstRow(small, 0), firstRow(small, 1_600)],
    [2_000, 80, 0, 80],
  );
  const large = { rows: 3_000_000, rowHeight: 20, viewHeight: 400 };
  assert.equal(canvasHeight(large), MOST_PIXELS);
  assert.equal(firstRow(large, MOST_PIXELS - 400), 2_999_980);
  for (const first of [0, 1, 1_234_567, 2_999_980])
    assert.equal(firstRow(large, scrollTopOf(large, first)), first);
  assert.deepEqual(
    [revealed(small, 10, 5), revealed(small, 10, 29), revealed(small, 10, 30), revealed(small, 10, 99)],
    [5, 10, 11, 80],
  );
  const empty = { rows: 0, rowHeight: 20, viewHeight: 400 };
  assert.deepEqual([canvasHeight(empty), firstRow(empty, 10), scrollTopOf(empty, 0)], [400, 0, 0]);
});
