/** The one metric that stands for a version where there is room for one. */
import { isNumber } from '../../base/numeral.js';
import type { Json } from '../../definition/definition.js';
import { betterDirection } from './compare.js';
import type { RegisteredModel } from './types.js';

/** A tag of a model with this key names its main metric. */
export const MAIN_METRIC_TAG = 'main-metric';

/** What people ask first, by the last part of a metric's name; before metrics that only tell which way is better. */
const ORDER = [
  'accuracy',
  'acc',
  'balanced_accuracy',
  'auc',
  'roc_auc',
  'auroc',
  'f1',
  'f1_score',
  'r2',
  'ndcg',
  'map',
  'score',
  'rmse',
  'mae',
  'mse',
  'log_loss',
  'logloss',
  'loss',
];

/** The same metrics, those that people ask for first coming first. */
export function inOrder(metrics: Readonly<Record<string, Json>>): Readonly<Record<string, Json>> {
  const ranked = Object.entries(metrics).map((entry, index) => ({ entry, index, rank: rank(entry[0]) }));
  ranked.sort((a, b) => a.rank - b.rank || a.index - b.index);
  return Object.fromEntries(ranked.map(({ entry }) => entry));
}

function rank(key: string): number {
  const own = key.slice(Math.max(key.lastIndexOf('.'), key.lastIndexOf('/')) + 1).toLowerCase();
  const known = ORDER.indexOf(own);
  if (known >= 0) return known;
  return betterDirection(key) === undefined ? ORDER.length + 1 : ORDER.length;
}

/**
 * The name of a model's main metric: the one its tag `main-metric` names, else told from what its newest version
 * measured. Ties go to the one that was written first. `undefined` when nothing that is a number was measured.
 */
export function mainMetricOf(model: RegisteredModel): string | undefined {
  const named = Object.hasOwn(model.tags, MAIN_METRIC_TAG) ? model.tags[MAIN_METRIC_TAG] : undefined;
  if (named !== undefined) return named;
  const newest = model.recent.find(({ deleted, metrics }) => deleted !== true && hasNumber(metrics));
  if (newest === undefined) return undefined;
  let best: string | undefined;
  for (const [key, value] of Object.entries(newest.metrics)) {
    if (!isNumber(value)) continue;
    if (best === undefined || rank(key) < rank(best)) best = key;
  }
  return best;
}

function hasNumber(metrics: Readonly<Record<string, Json>>): boolean {
  return Object.values(metrics).some(isNumber);
}
