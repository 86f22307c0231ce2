/** Samples of requests and answers: a bounded file, and the values that drift is measured by. */
import { defined } from '../../../base/defined.js';
import { countNumbers, countValues } from '../../../features/statistics/measure.js';
import { type FeatureCounts, wholeDrift } from '../../../features/statistics/drift.js';
import { lineOf } from '../../../stores/disk/line-format.js';
import { RotatingLog } from '../../host/app/rotating-log.js';
import type { Exchanged } from '../../proxy/observer.js';
import { SERVICE_LINES } from '../../services/lines.js';
import type { DriftMeasures } from './bucket.js';
import type { SampleSink } from '../recorder.js';
import { rowsOfRequest, rowsOfResponse, type Row, type Scalar } from './rows.js';
import { LEAST_ROWS } from '../rules.js';
import { NOT_MONITORED, type BaselineFeature, type MonitorSettings } from '../settings.js';

const FILE_BYTES = 4 * 1024 * 1024;
/** The newest so many values of each feature. */
const MAX_VALUES = 10_000;
const REDACTED = '[redacted]';
const DEEPEST = 32;

interface Value {
  readonly at: number;
  /** `undefined`: the feature was not there. */
  readonly value: Scalar | undefined;
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
  /** Features that were there at least once, and those of answers among them. */
  readonly #seen = new Set<string>();
  readonly #answers = new Set<string>();
  /** Methods and paths of requests that have features. */
  readonly #places = new Set<string>();

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
      const answers = answered === undefined ? [] : rowsOfResponse(answered);
      this.#take(
        rowsOfRequest(asked),
        answers,
        { at: now, release },
        `${method} ${target.split('?')[0] ?? ''}`,
      );
    }
    this.#file.write(
      `${lineOf(SERVICE_LINES, {
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

  /**
   * Takes the values of one exchange. A feature that is in the answer is one of answers; every other one is to be in each row of the
   * request, as long as requests of that place had features at all.
   */
  #take(asked: readonly Row[], answered: readonly Row[], about: Omit<Value, 'value'>, place: string): void {
    const names = Object.keys(this.#settings.baseline);
    const has = (rows: readonly Row[], name: string): boolean => rows.some((row) => row.has(name));
    if (names.some((name) => has(asked, name) || has(answered, name))) this.#places.add(place);
    // Other things are asked for under other paths.
    else if (this.#places.size > 0 && !this.#places.has(place)) return;
    for (const name of names) {
      const rows = has(answered, name) || (this.#answers.has(name) && !has(asked, name)) ? answered : asked;
      if (rows === answered && has(answered, name)) this.#answers.add(name);
      if (has(rows, name)) this.#seen.add(name);
      let values = this.#values.get(name);
      if (values === undefined) this.#values.set(name, (values = []));
      for (const row of rows)
        values.push({ ...about, value: row.has(name) ? (row.get(name) ?? null) : undefined });
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

  /** Features with enough rows to say anything about them; of those that no request ever had, only the ones that are asked for. */
  measurable(asked: readonly string[] = []): string[] {
    return [...this.#values].flatMap(([name, values]) =>
      values.length >= LEAST_ROWS && (this.#seen.has(name) || asked.includes(name)) ? [name] : [],
    );
  }

  /**
   * How far the features of the last so many ms are from the baseline. Without `features`, those that no request ever had are left
   * out: a training set has columns that are none, as its keys.
   */
  drift(windowMs: number, { features, release }: DriftScope = {}, now = Date.now()): DriftMeasures {
    const measures: Record<string, DriftMeasures[string]> = {};
    for (const [name, baseline] of Object.entries(this.#settings.baseline)) {
      if (features === undefined ? !this.#seen.has(name) : !features.includes(name)) continue;
      const values = (this.#values.get(name) ?? []).flatMap((one) =>
        one.at > now - windowMs && (release === undefined || one.release === release) ? [one.value] : [],
      );
      if (values.length === 0) continue;
      const reference = countsOf(baseline);
      const counts =
        reference.kind === 'number'
          ? countNumbers(reference, values.map(asNumber))
          : countValues(reference, values);
      const { psi, p, measured } = wholeDrift(reference, counts);
      const absent = values.filter((value) => value === undefined).length;
      measures[name] = {
        kind: reference.kind,
        psi,
        ...(measured.ks === undefined ? {} : { ks: measured.ks.statistic }),
        ...defined({ js: measured.jensenShannon }),
        nulls: (counts.missing - absent) / values.length,
        missing: absent / values.length,
        p,
        rows: values.length,
      };
    }
    return measures;
  }

  close(): void {
    this.#file.close();
  }
}

function asNumber(value: Scalar | undefined): number | null {
  if (value === undefined) return null;
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value === null || value.trim() === '' ? null : Number(value);
}

function countsOf(baseline: BaselineFeature): FeatureCounts {
  return baseline.kind === 'number'
    ? { ...baseline, below: 0, above: 0 }
    : {
        kind: 'category',
        counts: new Map(baseline.values),
        others: baseline.others,
        missing: baseline.missing,
      };
}

/** A string, to be passed over, or a number that JSON has no word for. */
const NOT_JSON = /"(?:[^"\\]|\\.)*(?:"|$)|-?\b(?:NaN|Infinity)\b/g;

function parse(body: Buffer): unknown {
  try {
    // Python writes NaN and Infinity, which are values that a monitor is there for.
    const text = body.toString('utf8');
    return JSON.parse(
      /NaN|Infinity/.test(text)
        ? text.replace(NOT_JSON, (word) => (word.startsWith('"') ? word : 'null'))
        : text,
    ) as unknown;
  } catch {
    return undefined;
  }
}
