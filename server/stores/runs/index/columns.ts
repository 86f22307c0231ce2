/** What filters, sorting and tables call the things that a run has: `status`, `params.epochs`, `metrics.accuracy:best`, `tag.keep`. */
import { isNumber, toDouble } from '../../../base/numeral.js';
import type { Json } from '../../../definition/definition.js';
import { betterDirection } from '../../registry/compare.js';
import type { RunSummary } from '../document.js';

/** What every run may have. `time` is in seconds. */
export const OWN_COLUMNS = [
  'id',
  'pipeline',
  'name',
  'status',
  'created',
  'ended',
  'time',
  'trigger',
  'source',
  'user',
  'commit',
  'star',
  'archived',
  'note',
  'tags',
] as const;
export type OwnColumn = (typeof OWN_COLUMNS)[number];

/** Which of the values of a metric. The best is the least or the greatest where its name tells which, else the last. */
export const METRIC_PARTS = ['last', 'best', 'min', 'max'] as const;
export type MetricPart = (typeof METRIC_PARTS)[number];

export type RunColumn =
  | { readonly kind: 'own'; readonly name: OwnColumn }
  | { readonly kind: 'param' | 'tag'; readonly name: string }
  /** Of several names, as tasks of different pipelines have them, the first that a run has. */
  | { readonly kind: 'metric'; readonly names: readonly string[]; readonly part: MetricPart };

/** Names that some runs have. Metrics with their task: `train.accuracy`. */
export interface RunNames {
  readonly params: ReadonlySet<string>;
  readonly metrics: ReadonlySet<string>;
}

export function namesOf(runs: readonly RunSummary[]): RunNames {
  return {
    params: new Set(runs.flatMap((run) => Object.keys(run.params ?? {}))),
    metrics: new Set(runs.flatMap((run) => Object.keys(run.metrics))),
  };
}

/**
 * The column that a name means. Metrics may be named without their task, both without `metrics.` and `params.`. Any tag
 * is one, also where no run has it: tags come and go.
 */
export function columnOf(name: string, { params, metrics }: RunNames): RunColumn | undefined {
  const own = OWN_COLUMNS.find((one) => one === name);
  if (own !== undefined) return { kind: 'own', name: own };
  if (name.startsWith('tag.')) return { kind: 'tag', name: name.slice('tag.'.length) };
  const param = name.startsWith('params.') ? name.slice('params.'.length) : undefined;
  if (param !== undefined && params.has(param)) return { kind: 'param', name: param };
  const metric = name.startsWith('metrics.') ? name.slice('metrics.'.length) : name;
  const whole = metricColumn(metric, 'last', metrics);
  if (whole !== undefined) return whole;
  const colon = metric.lastIndexOf(':');
  const part = METRIC_PARTS.find((one) => colon > 0 && one === metric.slice(colon + 1));
  const cut = part === undefined ? undefined : metricColumn(metric.slice(0, colon), part, metrics);
  if (cut !== undefined) return cut;
  return params.has(name) ? { kind: 'param', name } : undefined;
}

function metricColumn(name: string, part: MetricPart, metrics: ReadonlySet<string>): RunColumn | undefined {
  const names = metrics.has(name) ? [name] : [...metrics].filter((one) => one.endsWith(`.${name}`));
  return names.length === 0 ? undefined : { kind: 'metric', names, part };
}

/** What a run has in a column; `undefined`: nothing. */
export function valueIn(run: RunSummary, column: RunColumn): Json | undefined {
  switch (column.kind) {
    case 'own':
      return ownValue(run, column.name);
    case 'param':
      return ofKey(run.params ?? {}, column.name);
    case 'tag':
      return ofKey(run.marks?.tags ?? {}, column.name);
    case 'metric':
      for (const name of column.names) {
        const last = ofKey(run.metrics, name);
        if (last !== undefined) return metricPart(name, column.part, last, ofKey(run.ranges ?? {}, name));
      }
      return undefined;
  }
}

function ofKey<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** @param range the least and the greatest that was logged, where that is known */
export function metricPart(
  name: string,
  part: MetricPart,
  last: Json,
  range: readonly [number, number] | undefined,
): Json {
  // Anybody may have written the index.
  if (part === 'last' || !Array.isArray(range) || !isNumber(last)) return last;
  const wanted = part === 'best' ? BEST[betterDirection(name) ?? 'unknown'] : part;
  if (wanted === 'last') return last;
  const value = toDouble(last);
  // What was written in the end need not be among what was logged.
  if (wanted === 'min') return range[0] < value ? range[0] : last;
  return range[1] > value ? range[1] : last;
}

const BEST = { lower: 'min', higher: 'max', unknown: 'last' } as const satisfies Record<string, MetricPart>;

function ownValue(run: RunSummary, name: OwnColumn): Json | undefined {
  switch (name) {
    case 'created':
      return run.createdAt;
    case 'ended':
      return run.endedAt;
    case 'time':
      return secondsOf(run);
    case 'source':
      return run.source ?? 'pipeline';
    case 'star':
    case 'archived':
      return run.marks?.[name] === true;
    case 'note':
      return run.marks?.note;
    case 'tags':
      return tagText(run.marks?.tags ?? {});
    default:
      return run[name];
  }
}

/** `keep, owner=ada`; nothing for none. */
export function tagText(tags: Readonly<Record<string, string>>): string | undefined {
  const words = Object.entries(tags).map(([key, value]) => (value === '' ? key : `${key}=${value}`));
  return words.length === 0 ? undefined : words.join(', ');
}

/** How long a run took; `undefined` while it goes on. */
export function secondsOf({
  createdAt,
  endedAt,
}: Pick<RunSummary, 'createdAt' | 'endedAt'>): number | undefined {
  return endedAt === undefined ? undefined : (Date.parse(endedAt) - Date.parse(createdAt)) / 1_000;
}
