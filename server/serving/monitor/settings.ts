/** What a service is watched for: `monitor.json`, set by a `monitor` task, kept by the host. */
import { isRecord } from '../../base/is-record.js';
import type { DocumentKind } from '../../stores/disk/document.js';
import { is, list, mapOf, milliseconds, misfit, number, record, text, whole, type Check } from '../shapes.js';
import type { MonitorRule } from './rules.js';

/** What a feature was like in the training set, as counts. */
export type BaselineFeature =
  | {
      readonly kind: 'number';
      /** The smallest value; absent in what older versions have set. */
      readonly from?: number;
      /** Upper ends of bins, increasing. */
      readonly edges: readonly number[];
      readonly counts: readonly number[];
      readonly missing: number;
    }
  | {
      readonly kind: 'category';
      readonly values: readonly (readonly [string, number])[];
      readonly others: number;
      readonly missing: number;
    };

export type Baseline = Readonly<Record<string, BaselineFeature>>;

export interface SampleSettings {
  /** The share of JSON requests that is kept, 0 to 1. 0: none. */
  readonly share: number;
  /** Fields that are never kept, at any depth. */
  readonly redact: readonly string[];
}

export interface MonitorSettings {
  readonly rules: readonly MonitorRule[];
  /** Gets each alert as JSON. */
  readonly webhook?: string;
  readonly samples: SampleSettings;
  readonly baseline: Baseline;
}

export interface MonitorDocument extends MonitorSettings {
  readonly schema: number;
}

export const NOT_MONITORED: MonitorSettings = {
  rules: [],
  samples: { share: 0, redact: [] },
  baseline: {},
};

const count = whole(0, Number.MAX_SAFE_INTEGER);
const finite = number(-Number.MAX_VALUE, Number.MAX_VALUE);

const isNumbers: Check = (value) =>
  isRecord(value) &&
  misfit(
    value,
    { kind: is('number'), edges: list(finite), counts: list(count), missing: count },
    { from: finite },
  ) === undefined &&
  Array.isArray(value['edges']) &&
  Array.isArray(value['counts']) &&
  value['edges'].length === value['counts'].length &&
  value['edges'].every((edge, at, edges) => at === 0 || edge >= edges[at - 1]);

const isCategories: Check = record({
  kind: is('category'),
  values: list((pair) => Array.isArray(pair) && pair.length === 2 && text(pair[0]) && count(pair[1])),
  others: count,
  missing: count,
});

/** What settings hold, also those that another version has sent or written. */
export const MONITOR_SETTINGS: {
  readonly needed: Readonly<Record<keyof Omit<MonitorSettings, 'webhook'>, Check>>;
  readonly optional: Readonly<Record<'webhook', Check>>;
} = {
  needed: {
    rules: list(
      record({ rule: text, overMs: milliseconds, severity: is('warning', 'error') }, { message: text }),
    ),
    samples: record({ share: number(0, 1), redact: list(text) }),
    baseline: mapOf((value) => isNumbers(value) || isCategories(value)),
  },
  optional: { webhook: text },
};

export const monitorDocumentKind: DocumentKind<MonitorDocument> = {
  name: 'monitor',
  schema: 1,
  migrations: {},
  check(value) {
    const bad = misfit(value, MONITOR_SETTINGS.needed, MONITOR_SETTINGS.optional);
    if (bad === undefined) return undefined;
    return value[bad] === undefined ? `"${bad}" is missing` : `"${bad}" is not what it should be`;
  },
};
