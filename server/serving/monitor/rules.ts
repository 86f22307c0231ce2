/** Whether a rule such as `p95 < 200ms` holds for what was measured. */
import { parseMonitorRule, type ParsedMonitorRule } from '../../definition/text/monitor-rule.js';
import { formatBytes, formatDuration } from '../../definition/text/units.js';
import type { DriftMeasures, MetricsSummary } from './measures/bucket.js';

/** A rule as it is set on a service. */
export interface MonitorRule {
  /** As written. */
  readonly rule: string;
  /** The window that is looked at, in ms. */
  readonly overMs: number;
  readonly severity: 'warning' | 'error';
  /** What is said when it is broken. */
  readonly message?: string;
}

export interface RuleOutcome {
  readonly rule: string;
  readonly severity: MonitorRule['severity'];
  /** `unknown`: nothing was measured that it could be held against. */
  readonly state: 'holds' | 'broken' | 'unknown';
  /** In the unit of the measure: ms, requests a second, a share, a count, bytes, a score. */
  readonly value?: number;
  /** For a person: `p95 is 312 ms, over 1m`. */
  readonly text: string;
}

/** Fewer values than this say nothing about a distribution. */
export const LEAST_ROWS = 20;
/** Of so many differences one is taken for drift although it is chance. */
const CHANCE = 0.05;

/** Holds one rule against the numbers of its window. */
export function evaluateRule(
  rule: MonitorRule,
  summary: MetricsSummary | undefined,
  drift: DriftMeasures,
): RuleOutcome {
  const base = { rule: rule.rule, severity: rule.severity };
  const parsed = parseMonitorRule(rule.rule);
  if (!parsed.ok) return { ...base, state: 'unknown', text: parsed.message };
  const { measure, feature, operator, bound } = parsed.rule;
  const name = feature === undefined ? measure : `${measure}.${feature}`;
  const over = `over ${formatDuration(rule.overMs)}`;
  if (feature !== undefined) {
    const measured = Object.hasOwn(drift, feature) ? drift[feature] : undefined;
    if (measured === undefined || measured.rows < LEAST_ROWS) {
      return { ...base, state: 'unknown', text: `${name}: too few values to tell, ${over}` };
    }
    return { ...base, ...ofFeature(measure, feature, measured, { operator, bound, name, over }) };
  }
  const value = summary === undefined ? undefined : valueOf(measure, summary);
  if (value === undefined) return { ...base, state: 'unknown', text: `${name}: no requests, ${over}` };
  const holds = compare(value, operator, bound);
  return {
    ...base,
    state: holds ? 'holds' : 'broken',
    value,
    text: `${name} is ${show(measure, value)}, ${over}`,
  };
}

type Measure = ParsedMonitorRule['measure'];

/** What one feature comes to. */
function ofFeature(
  measure: Measure,
  feature: string,
  measured: DriftMeasures[string],
  {
    operator,
    bound,
    name,
    over,
  }: Pick<ParsedMonitorRule, 'operator' | 'bound'> & { readonly name: string; readonly over: string },
): Pick<RuleOutcome, 'state' | 'value' | 'text'> {
  const { rows, kind, nulls = 0, missing = 0 } = measured;
  const value = featureValue(measure, measured);
  if (value === undefined) {
    const other = measure === 'ks' ? 'category' : 'number';
    if (kind === other || kind === undefined)
      return {
        state: 'unknown',
        text: `${name}: ${feature} is ${kind === undefined ? 'not measured so' : `a ${kind}`}, ${over}`,
      };
    // There is nothing that could be near to what the model has learned from.
    return { state: 'broken', text: `${name}: ${feature} has no value in ${rows} rows, ${over}` };
  }
  // A few values look different from many by chance alone; a share is what it is.
  const chance = measure !== 'nulls' && measure !== 'missing' && measured.p > CHANCE;
  const state = compare(value, operator, bound) || chance ? 'holds' : 'broken';
  const without =
    nulls + missing > 0 && measure === 'drift' ? `, ${show('nulls', nulls + missing)} without a value` : '';
  return { state, value, text: `${name} is ${show(measure, value)} (${rows} values${without}, ${over})` };
}

function featureValue(
  measure: Measure,
  { psi, ks, js, nulls, missing }: DriftMeasures[string],
): number | undefined {
  switch (measure) {
    case 'ks':
      return ks;
    case 'js':
      return js;
    case 'nulls':
      return nulls;
    case 'missing':
      return missing;
    default:
      return psi;
  }
}

function valueOf(measure: Measure, summary: MetricsSummary): number | undefined {
  switch (measure) {
    case 'p50':
    case 'p95':
    case 'p99':
      return summary[measure];
    case 'rate':
      return summary.rate;
    case 'error-rate':
      return summary.errorRate;
    case 'availability':
      return summary.availability;
    case 'restarts':
      return summary.restarts;
    case 'memory':
      return summary.memoryBytes;
    case 'drift':
    case 'ks':
    case 'js':
    case 'nulls':
    case 'missing':
      return undefined;
  }
}

function compare(value: number, operator: ParsedMonitorRule['operator'], bound: number): boolean {
  switch (operator) {
    case '<':
      return value < bound;
    case '<=':
      return value <= bound;
    case '>':
      return value > bound;
    case '>=':
      return value >= bound;
  }
}

function show(measure: Measure, value: number): string {
  switch (measure) {
    case 'p50':
    case 'p95':
    case 'p99':
      return `${value.toFixed(1)} ms`;
    case 'rate':
      return `${value.toFixed(1)}/s`;
    case 'error-rate':
    case 'availability':
    case 'nulls':
    case 'missing':
      return `${Number((value * 100).toFixed(3))} %`;
    case 'restarts':
      return String(value);
    case 'memory':
      return formatBytes(value);
    case 'drift':
    case 'ks':
    case 'js':
      return String(Number(value.toPrecision(3)));
  }
}

/** The features whose drift some rules ask for. */
export function driftFeatures(rules: readonly MonitorRule[]): string[] {
  return [
    ...new Set(
      rules.flatMap(({ rule }) => {
        const parsed = parseMonitorRule(rule);
        return parsed.ok && parsed.rule.feature !== undefined ? [parsed.rule.feature] : [];
      }),
    ),
  ];
}
