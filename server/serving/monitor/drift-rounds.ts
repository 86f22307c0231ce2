/** Drift over time: each feature is measured once a minute, one after the other, so that no request has to wait for it. */
import { defined } from '../../base/defined.js';
import { parseMonitorRule } from '../../definition/text/monitor-rule.js';
import type { DriftMeasures } from './measures/bucket.js';
import { LEAST_ROWS, type MonitorRule, driftFeatures } from './rules.js';
import type { Samples } from './measures/samples.js';

const EVERY_MS = 60_000;
/** What is looked back on where no rule says how far. */
export const DRIFT_WINDOW_MS = 10 * 60_000;
/** A round takes so many ticks at most. */
const TICKS = 30;

/** The window in which the drift of a feature is measured: the longest of its rules, so that both say the same. */
export function driftWindowMs(feature: string, rules: readonly MonitorRule[]): number {
  const windows = rules.flatMap(({ rule, overMs }) => {
    const parsed = parseMonitorRule(rule);
    return parsed.ok && parsed.rule.feature === feature ? [overMs] : [];
  });
  return windows.length === 0 ? DRIFT_WINDOW_MS : Math.max(...windows);
}

export class DriftRounds {
  readonly #samples: Samples;
  #next = 0;
  #left: string[] = [];
  #perTick = 1;
  #measured: Record<string, DriftMeasures[string]> = {};

  constructor(samples: Samples) {
    this.#samples = samples;
  }

  /** What is measured has changed: the next round begins as soon as there is anything to measure. */
  restart(): void {
    this.#next = 0;
    this.#left = [];
    this.#measured = {};
  }

  /** Once a second. Gives the measures of a round when it is over. */
  tick(rules: readonly MonitorRule[], now = Date.now()): DriftMeasures | undefined {
    if (this.#left.length === 0) {
      if (now < this.#next) return undefined;
      this.#left = this.#samples.measurable(driftFeatures(rules));
      if (this.#left.length === 0) return undefined;
      this.#perTick = Math.ceil(this.#left.length / TICKS);
      this.#next = now + EVERY_MS;
    }
    for (const feature of this.#left.splice(0, this.#perTick)) {
      const found = this.#samples.drift(driftWindowMs(feature, rules), { features: [feature] }, now)[feature];
      if (found !== undefined && found.rows >= LEAST_ROWS) this.#measured[feature] = rounded(found);
    }
    if (this.#left.length > 0) return undefined;
    const measured = this.#measured;
    this.#measured = {};
    return Object.keys(measured).length === 0 ? undefined : measured;
  }
}

function rounded(measure: DriftMeasures[string]): DriftMeasures[string] {
  const short = (value: number): number => Number(value.toPrecision(4));
  const { kind, psi, ks, js, nulls, missing, p, rows } = measure;
  return {
    ...defined({ kind }),
    psi: short(psi),
    ...(ks === undefined ? {} : { ks: short(ks) }),
    ...(js === undefined ? {} : { js: short(js) }),
    ...(nulls === undefined ? {} : { nulls: short(nulls) }),
    ...(missing === undefined ? {} : { missing: short(missing) }),
    p: short(p),
    rows,
  };
}
