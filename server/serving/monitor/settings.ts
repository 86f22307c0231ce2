/** What a service is watched for: `monitor.json`, set by a `monitor` task, kept by the host. */
import type { DocumentKind } from '../../stores/document.js';
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

export const monitorDocumentKind: DocumentKind<MonitorDocument> = {
  name: 'monitor',
  schema: 1,
  migrations: {},
  check(value) {
    if (!Array.isArray(value['rules'])) return '"rules" is missing';
    if (typeof value['samples'] !== 'object' || value['samples'] === null) return '"samples" is missing';
    if (typeof value['baseline'] !== 'object' || value['baseline'] === null) return '"baseline" is missing';
    return undefined;
  },
};
