/** Whether a new model version keeps to its bounds, absolute ones and those against another version. */
import { jsonText } from '../../../base/json.js';
import { isNumber, toDouble } from '../../../base/numeral.js';
import type { Json, Threshold } from '../../../definition/definition.js';
import type { CheckOutcome } from '../../../base/runs/task-outcome.js';

/** The version that a new one has to stand up to. */
export interface Baseline {
  /** In words: `production (rain 3)`. */
  readonly name: string;
  readonly metrics: Readonly<Record<string, Json>>;
}

type Metrics = Readonly<Record<string, Json>>;

/** Rows of a comparison without bounds: enough to see, not a flood. */
const SHOWN_METRICS = 20;

/**
 * One outcome per bound, in the order of the definition.
 * @param baseline `undefined`: there is nothing to compare with yet
 */
export function judge(
  thresholds: readonly Threshold[],
  metrics: Metrics,
  baseline: Baseline | undefined,
): CheckOutcome[] {
  return thresholds.flatMap((threshold) => judgeOne(threshold, metrics, baseline));
}

function judgeOne(threshold: Threshold, metrics: Metrics, baseline: Baseline | undefined): CheckOutcome[] {
  const { metric, min, max, maxLoss, maxGain } = threshold;
  const value = numberOf(metrics, metric);
  if (value === undefined) {
    return [{ text: `${metric} is known`, passed: false, detail: missing(metric, metrics) }];
  }
  const outcomes: CheckOutcome[] = [];
  const add = (passed: boolean, text: string, detail: string): void => {
    outcomes.push({ text, passed, detail });
  };
  const is = `${metric} ${show(value)}`;
  if (min !== undefined) {
    const passed = value >= min;
    add(passed, `${metric} at least ${min}`, `${is} is ${passed ? 'not ' : ''}below ${min}`);
  }
  if (max !== undefined) {
    const passed = value <= max;
    add(passed, `${metric} at most ${max}`, `${is} is ${passed ? 'not ' : ''}above ${max}`);
  }
  if (baseline === undefined) return outcomes;
  const before = numberOf(baseline.metrics, metric);
  const against = (bound: number, loss: boolean): void => {
    const text = `${metric} at most ${bound} ${loss ? 'below' : 'above'} ${baseline.name}`;
    if (before === undefined) {
      add(true, text, `${baseline.name} has no ${metric} to compare with`);
      return;
    }
    // Rounded: 0.74 - 0.73 is 0.010000000000000009, and nobody means that by "no more than 0.01".
    const lost = Number((loss ? before - value : value - before).toPrecision(12));
    const passed = lost <= bound;
    const side = loss ? 'below' : 'above';
    add(
      passed,
      text,
      `${is} is ${passed ? 'not ' : ''}more than ${bound} ${side} ${baseline.name}: ${show(before)}`,
    );
  };
  if (maxLoss !== undefined) against(maxLoss, true);
  if (maxGain !== undefined) against(maxGain, false);
  return outcomes;
}

/** How the metrics that both have differ; for a comparison that sets no bounds. */
export function differences(metrics: Metrics, baseline: Baseline): CheckOutcome[] {
  const rows: CheckOutcome[] = [];
  for (const key of Object.keys(metrics)) {
    const [value, before] = [numberOf(metrics, key), numberOf(baseline.metrics, key)];
    if (value === undefined || before === undefined) continue;
    const delta = Number((value - before).toPrecision(6));
    const sign = delta > 0 ? '+' : '';
    rows.push({
      text: `${key} beside ${baseline.name}`,
      passed: true,
      detail: delta === 0 ? `${show(value)} in both` : `${show(value)} and ${show(before)}: ${sign}${delta}`,
    });
    if (rows.length === SHOWN_METRICS) break;
  }
  return rows;
}

function numberOf(metrics: Metrics, key: string): number | undefined {
  const value = Object.hasOwn(metrics, key) ? metrics[key] : undefined;
  return isNumber(value) && Number.isFinite(toDouble(value)) ? toDouble(value) : undefined;
}

function missing(metric: string, metrics: Metrics): string {
  const value = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
  if (value !== undefined) return `it is ${jsonText(value)}, which is not a number`;
  const known = Object.keys(metrics).slice(0, 20);
  return `no task before this one gave it; there are: ${known.length === 0 ? 'none' : known.join(', ')}`;
}

function show(value: number): string {
  return String(Number(value.toPrecision(6)));
}
