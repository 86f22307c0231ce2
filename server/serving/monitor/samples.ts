/** Samples of requests and answers: a bounded file, and the values that drift is measured by. */
import { countNumbers, countValues } from '../../features/statistics/measure.js';
import { type FeatureCounts, drift } from '../../features/statistics/drift.js';
import { RotatingLog } from '../host/rotating-log.js';
import type { Exchanged } from '../proxy/observer.js';
import type { DriftMeasures } from './bucket.js';
import type { SampleSink } from './recorder.js';
import { rowsOfRequest, rowsOfResponse, type Row, type Scalar } from './rows.js';
import { LEAST_ROWS } from './rules.js';
import { NOT_MONITORED, type BaselineFeature, type MonitorSettings } from './settings.js';

const FILE_BYTES = 4 * 1024 * 1024;
/** The newest so many values of each feature. */
const MAX_VALUES = 10_000;
const REDACTED = '[redacted]';
const DEEPEST = 32;

interface Value {
  readonly at: number;
  readonly value: Scalar;
  /** That it was sent to, or that it comes from. */
  readonly release: string;
}

/** What drift is measured of. */
export interface DriftScope {
  /** Only these; absent: all that have a baseline. */
  readonly features?: readonly string[];
  /** Only requests that this release has answered. */
  readonly release?: string;
}

export class Samples implements SampleSink {
  readonly #file: RotatingLog;
  readonly #random: () => number;
  #settings: MonitorSettings = NOT_MONITORED;
  #redact: ReadonlySet<string> = new Set();
  readonly #values = new Map<string, Value[]>();

  constructor(file: string, random: () => number = Math.random) {
    this.#file = new RotatingLog(file, { maxBytes: FILE_BYTES, keep: 1 });
    this.#random = random;
  }

  /** New settings. Values of features that have a baseline still are kept. */
  configure(settings: MonitorSettings): void {
    this.#settings = settings;
    this.#redact = new Set(settings.samples.redact);
    for (const name of this.#values.keys())
      if (!Object.hasOwn(settings.baseline, name)) this.#values.delete(name);
  }

  wants(): boolean {
    const { share } = this.#settings.samples;
    return share > 0 && (share >= 1 || this.#random() < share);
  }

  keep({ release, method, target, status, ms, request, response }: Exchanged): void {
    const [asked, answered] = [parse(request), parse(response)];
    if (asked === undefined) return;
    const now = Date.now();
    // What failed says nothing of what the model is asked.
    if (status < 400) {
      for (const row of [
        ...rowsOfRequest(asked),
        ...(answered === undefined ? [] : rowsOfResponse(answered)),
      ]) {
        this.#take(row, now, release);
      }
    }
    this.#file.write(
      `${JSON.stringify({
        at: new Date(now).toISOString(),
        release,
        method,
        // A query may hold what the body has been freed of.
        path: target.split('?')[0],
        status,
        ms: Math.round(ms * 1000) / 1000,
        request: this.#redacted(asked, 0),
        ...(answered === undefined ? {} : { response: this.#redacted(answered, 0) }),
      })}\n`,
    );
  }

  #take(row: Row, at: number, release: string): void {
    for (const name of Object.keys(this.#settings.baseline)) {
      const value = row.get(name);
      if (value === undefined) continue;
      let values = this.#values.get(name);
      if (values === undefined) this.#values.set(name, (values = []));
      values.push({ at, value, release });
      if (values.length > MAX_VALUES * 1.2) values.splice(0, values.length - MAX_VALUES);
    }
  }

  #redacted(value: unknown, depth: number): unknown {
    if (this.#redact.size === 0 || typeof value !== 'object' || value === null) return value;
    if (depth > DEEPEST) return REDACTED;
    if (Array.isArray(value)) return value.map((item) => this.#redacted(item, depth + 1));
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        this.#redact.has(key) ? REDACTED : this.#redacted(item, depth + 1),
      ]),
    );
  }

  /** Features with enough values to say anything about them. */
  measurable(): string[] {
    return [...this.#values].flatMap(([name, values]) => (values.length >= LEAST_ROWS ? [name] : []));
  }

  /** How far the features of the last so many ms are from the baseline. Features without a value are left out. */
  drift(windowMs: number, { features, release }: DriftScope = {}, now = Date.now()): DriftMeasures {
    const measures: Record<string, DriftMeasures[string]> = {};
    for (const [name, baseline] of Object.entries(this.#settings.baseline)) {
      if (features?.includes(name) === false) continue;
      const values = (this.#values.get(name) ?? []).flatMap((one) =>
        one.at > now - windowMs && (release === undefined || one.release === release) ? [one.value] : [],
      );
      if (values.length === 0) continue;
      const reference = countsOf(baseline);
      const measured = drift(
        reference,
        reference.kind === 'number'
          ? countNumbers(reference, values.map(asNumber))
          : countValues(reference, values),
      );
      if (measured.psi === undefined) continue;
      const p = measured.ks?.p ?? measured.chiSquare?.p ?? 1;
      measures[name] = {
        psi: measured.psi,
        ...(measured.ks === undefined ? {} : { ks: measured.ks.statistic }),
        p,
        rows: measured.rows.current,
      };
    }
    return measures;
  }

  close(): void {
    this.#file.close();
  }
}

function asNumber(value: Scalar): number | null {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value === null || value.trim() === '' ? null : Number(value);
}

function countsOf(baseline: BaselineFeature): FeatureCounts {
  return baseline.kind === 'number'
    ? { ...baseline, above: 0 }
    : {
        kind: 'category',
        counts: new Map(baseline.values),
        others: baseline.others,
        missing: baseline.missing,
      };
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
