/** Two versions side by side: what differs, and for metrics by how much and whether that is good. */
import { defined } from '../../base/defined.js';
import { isNumber, toDouble } from '../../base/numeral.js';
import type { Json } from '../../definition/definition.js';
import { identity } from '../../definition/expressions/values.js';
import type { SignatureField, VersionDocument } from './types.js';

export type ComparisonSection = 'params' | 'metrics' | 'signature' | 'lineage' | 'artifact';

export interface ComparisonRow {
  readonly section: ComparisonSection;
  readonly key: string;
  /** Absent: this version has none. */
  readonly a?: Json;
  readonly b?: Json;
  readonly differs: boolean;
  /** Numbers only: b − a. */
  readonly delta?: number;
  /** Whether b is better, where the metric's name tells which way is up. */
  readonly verdict?: 'better' | 'worse';
}

export interface Comparison {
  readonly a: { readonly name: string; readonly version: string };
  readonly b: { readonly name: string; readonly version: string };
  /** By section; metrics and params also where they are the same. */
  readonly rows: readonly ComparisonRow[];
}

const LOWER_IS_BETTER =
  /(?:^|[._/-])(?:loss|logloss|error|err|rmse|rmsle|mse|mae|mape|smape|brier|perplexity|wer|cer|fpr|fnr|latency|duration|seconds|ms|bytes|eer|deviance|aic|bic)(?:$|[._/-])/;
const HIGHER_IS_BETTER =
  /(?:^|[._/-])(?:accuracy|acc|auc|auroc|auprc|roc|f1|f1score|fbeta|precision|recall|sensitivity|specificity|tpr|tnr|r2|score|ap|map|ndcg|mrr|bleu|rouge|iou|dice|kappa|mcc|gini|ks|throughput)(?:$|[._/-])/;

/** Which way a metric should go, told by its name; `undefined` on doubt. */
export function betterDirection(metric: string): 'higher' | 'lower' | undefined {
  const name = metric.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
  const lower = LOWER_IS_BETTER.test(name);
  // `accuracy_loss` is a loss.
  if (lower) return 'lower';
  return HIGHER_IS_BETTER.test(name) ? 'higher' : undefined;
}

/** The same, whatever the order of keys. */
function canonical(value: Json | undefined): string | undefined {
  return value === undefined ? undefined : identity(value);
}

function row(
  section: ComparisonSection,
  key: string,
  a: Json | undefined,
  b: Json | undefined,
): ComparisonRow {
  const differs = canonical(a) !== canonical(b);
  const base = {
    section,
    key,
    ...defined({ a, b }),
    differs,
  };
  if (!isNumber(a) || !isNumber(b)) return base;
  const delta = toDouble(b) - toDouble(a);
  const direction = section === 'metrics' ? betterDirection(key) : undefined;
  if (direction === undefined || delta === 0) return { ...base, delta };
  return { ...base, delta, verdict: delta > 0 === (direction === 'higher') ? 'better' : 'worse' };
}

function rowsOf(
  section: ComparisonSection,
  a: ReadonlyMap<string, Json>,
  b: ReadonlyMap<string, Json>,
): ComparisonRow[] {
  const keys = [...new Set([...a.keys(), ...b.keys()])].sort();
  return keys.map((key) => row(section, key, a.get(key), b.get(key)));
}

const mapOf = (record: Readonly<Record<string, Json>>): Map<string, Json> => new Map(Object.entries(record));

function signatureOf({ signature }: VersionDocument): Map<string, Json> {
  const fields = (side: string, list: readonly SignatureField[]): [string, Json][] =>
    list.map(({ name, type, required }) => [`${side} ${name}`, required ? type : `${type}, optional`]);
  if (signature === undefined) return new Map();
  return new Map([...fields('input', signature.inputs), ...fields('output', signature.outputs)]);
}

function lineageOf(version: VersionDocument): Map<string, Json> {
  const { run, git, features, fingerprint } = version;
  const rows: [string, Json | undefined][] = [
    ['run', run?.id],
    ['pipeline', run?.pipeline],
    ['task', run?.task],
    ['commit', git?.commit],
    ['branch', git?.branch],
    ['uncommitted changes', git?.dirty],
    ['feature service', features?.service],
    ['training set', features?.trainingSet?.hash],
    ['fingerprint', fingerprint],
    ...version.inputs.map(({ path, hash }): [string, Json] => [`input ${path}`, hash]),
  ];
  return new Map(rows.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])));
}

function artifactOf({ artifact }: VersionDocument): Map<string, Json> {
  const { hash, bytes, files, path, kind, framework } = artifact;
  const rows = Object.entries({ hash, bytes, files, path, kind, framework });
  return new Map(rows.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])));
}

/** Everything that can be compared of two versions, of one model or of two. */
export function compareVersions(a: VersionDocument, b: VersionDocument): Comparison {
  const onlyWhatDiffers = (rows: ComparisonRow[]): ComparisonRow[] => rows.filter(({ differs }) => differs);
  return {
    a: { name: a.name, version: a.version },
    b: { name: b.name, version: b.version },
    rows: [
      ...rowsOf('metrics', mapOf(a.metrics), mapOf(b.metrics)),
      ...rowsOf('params', mapOf(a.params), mapOf(b.params)),
      ...onlyWhatDiffers(rowsOf('signature', signatureOf(a), signatureOf(b))),
      ...onlyWhatDiffers(rowsOf('lineage', lineageOf(a), lineageOf(b))),
      ...onlyWhatDiffers(rowsOf('artifact', artifactOf(a), artifactOf(b))),
    ],
  };
}
