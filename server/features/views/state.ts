/** What the store knows of a view, in the words of rules and hovers. */
import { defined } from '../../base/defined.js';
import type { ExpectationResult, FeatureGlance, ViewState } from '../../definition/known/feature-facts.js';
import type { Attempt, ExpectationOutcome, Manifest } from './manifest.js';
import { type FeatureStatistics, type Statistics, missingOf } from '../statistics/types.js';

/** What there is of a view: its current version, and the last try to make one. */
interface Memory {
  readonly manifest?: Manifest | undefined;
  readonly attempt?: Attempt | undefined;
}

/** Statistics of a manifest, when they are of a shape that we know. */
export function statisticsOf(manifest: Manifest): Statistics | undefined {
  const value = manifest.statistics as unknown;
  return typeof value === 'object' && value !== null && 'features' in value && Array.isArray(value.features)
    ? (value as Statistics)
    : undefined;
}

/** What of it does not hold, in words. */
export function brokenOf(expectations: readonly ExpectationOutcome[]): ExpectationResult[] {
  return expectations
    .filter(({ passed }) => !passed)
    .map(({ feature, expectation, text, severity, failures, detail }) => ({
      ...defined({ feature }),
      check: expectation,
      severity,
      message: `Does not hold: ${text}${detail === undefined ? (failures === undefined ? '' : ` (${failures} rows break it)`) : ` (${detail})`}.`,
    }));
}

/** What the last try has said of the expectations, or the current version when nothing was tried since. */
export function expectationsOf({ attempt, manifest }: Memory): readonly ExpectationOutcome[] {
  return attempt?.expectations ?? manifest?.expectations ?? [];
}

/**
 * What rules and hovers are told; nothing where the view was never materialized.
 * @param stale why it would be made again, where that is known
 */
export function stateOf(memory: Memory, stale?: string): ViewState | undefined {
  const { manifest } = memory;
  const broken = brokenOf(expectationsOf(memory));
  if (manifest === undefined && broken.length === 0) return undefined;
  return {
    version: String(manifest?.version ?? 0),
    at: manifest?.createdAt ?? '',
    rows: manifest?.rows ?? 0,
    ...(manifest?.range === undefined ? {} : { newest: manifest.range.to }),
    ...defined({ stale }),
    broken,
    features: manifest === undefined ? [] : (statisticsOf(manifest)?.features ?? []).map(glanceOf),
  };
}

function glanceOf(feature: FeatureStatistics): FeatureGlance {
  const { name, type, kind, count, distinct, numbers, categories } = feature;
  return {
    name,
    type,
    count,
    nulls: missingOf(feature),
    ...defined({ distinct }),
    ...(kind === 'time' ? { isTime: true } : {}),
    ...(numbers === undefined
      ? {}
      : {
          numbers: {
            min: numbers.min,
            max: numbers.max,
            mean: numbers.mean,
            histogram: numbers.histogram.counts,
          },
        }),
    ...(categories === undefined ? {} : { top: categories.top }),
  };
}
