/** What a service has measured, as the Service panel draws it. From files and from what a live host has told; pure otherwise. */
import { defined } from '../../../base/defined.js';
import { parseMonitorRule } from '../../../definition/text/monitor-rule.js';
import type {
  DriftGap,
  DriftPoint,
  DriftSeries,
  MetricsNumbers,
  MetricsPoint,
  ReleaseMark,
  ReleasePoint,
  RuleLine,
  ServiceMetrics,
} from '../../../protocol/index.js';
import { describeServiceEvent, namesApart } from '../../../serving/event-words.js';
import { ofRelease, summarize, type MetricsBucket } from '../../../serving/monitor/measures/bucket.js';
import { driftWindowMs } from '../../../serving/monitor/drift-rounds.js';
import type { MonitorRule } from '../../../serving/monitor/rules.js';
import { sampled, type Sampled } from '../../../serving/monitor/measures/series.js';
import type { MonitorSettings } from '../../../serving/monitor/settings.js';
import type { ReleaseDocument, ServiceEvent, ServiceEventKind } from '../../../serving/types.js';

/** A service in a window, as it was read. */
export interface Measurements {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  readonly live: boolean;
  /** The oldest first. */
  readonly buckets: readonly MetricsBucket[];
  /** Newest first. */
  readonly events: readonly ServiceEvent[];
  readonly settings: MonitorSettings;
  /** That serves, or served last. */
  readonly release?: ReleaseDocument;
  /** What releases are called, by their ids. */
  readonly nameOf: (id: string) => string;
  /** Where a rule is written. */
  readonly placeOf: (rule: string) => RuleLine['place'];
}

/** Events after which something else runs. */
const CHANGES: ReadonlySet<ServiceEventKind> = new Set([
  'started',
  'deployed',
  'canary',
  'promoted',
  'aborted',
  'rolled-back',
  'restarted',
  'crash-loop',
  'stopped',
]);

const short = (value: number): number => Number(value.toPrecision(5));

function numbersOf(buckets: readonly MetricsBucket[]): MetricsNumbers | undefined {
  const sum = summarize(buckets);
  if (sum === undefined) return undefined;
  const { requests, errors, restarts, memoryBytes } = sum;
  const members = ['errorRate', 'p50', 'p95', 'p99', 'availability', 'cpu'] as const;
  return {
    requests,
    errors,
    rate: short(sum.rate),
    ...Object.fromEntries(
      members.flatMap((name) => (sum[name] === undefined ? [] : [[name, short(sum[name])]])),
    ),
    restarts,
    ...defined({ memoryBytes }),
  };
}

const OF_REQUESTS = ['errorRate', 'p50', 'p95', 'p99'] as const;
const OF_PROCESSES = ['availability', 'memoryBytes', 'cpu'] as const;

function releasePoints(bucket: MetricsBucket): ReleasePoint[] {
  const ids = [...new Set([...Object.keys(bucket.releases), ...Object.keys(bucket.processes ?? {})])].sort();
  return ids.flatMap((release) => {
    const numbers = numbersOf(ofRelease([bucket], release));
    if (numbers === undefined) return [];
    const { requests, rate } = numbers;
    // An older host has measured processes of the whole service only.
    const members = bucket.processes === undefined ? OF_REQUESTS : [...OF_REQUESTS, ...OF_PROCESSES];
    const shown = members.flatMap((name): [string, number][] => {
      const value = numbers[name];
      return value === undefined ? [] : [[name, value]];
    });
    return [{ release, requests, rate, ...Object.fromEntries(shown) }];
  });
}

function pointsOf(samples: readonly Sampled[]): MetricsPoint[] {
  const several = samples.some(({ bucket }) => Object.keys(bucket.releases).length > 1);
  return samples.flatMap(({ at, bucket }) => {
    const numbers = numbersOf([bucket]);
    if (numbers === undefined) return [];
    const releases = several ? releasePoints(bucket) : [];
    return [{ at, ...numbers, ...(releases.length === 0 ? {} : { releases }) }];
  });
}

function marksOf({ events, from, to, nameOf }: Measurements): ReleaseMark[] {
  return events
    .flatMap((event): ReleaseMark[] => {
      const at = Date.parse(event.at);
      // What ended the last measurement is written a moment after it.
      if (!CHANGES.has(event.kind) || !(at > from) || at > to + 30_000) return [];
      const { kind, release, who, reason } = event;
      return [
        {
          at,
          kind,
          text: describeServiceEvent(event, nameOf),
          ...defined({ release, who, reason }),
        },
      ];
    })
    .reverse();
}

function ruleLine(rule: MonitorRule, placeOf: Measurements['placeOf']): RuleLine {
  const parsed = parseMonitorRule(rule.rule);
  const place = placeOf(rule.rule);
  return {
    rule: rule.rule,
    severity: rule.severity,
    overMs: rule.overMs,
    ...(parsed.ok ? parsed.rule : {}),
    ...defined({ place }),
  };
}

function driftOf({ settings, release }: Measurements, samples: readonly Sampled[]): ServiceMetrics['drift'] {
  const features = Object.entries(settings.baseline).map(([feature, { kind }]): DriftSeries => {
    const points = samples.flatMap(({ at, bucket }): DriftPoint[] => {
      const measured = bucket.drift;
      const one = measured !== undefined && Object.hasOwn(measured, feature) ? measured[feature] : undefined;
      return one === undefined ? [] : [{ at, ...one }];
    });
    return { feature, kind, overMs: driftWindowMs(feature, settings.rules), points };
  });
  features.sort((a, b) => (a.feature < b.feature ? -1 : 1));
  const gap = gapOf(settings, release, features);
  return { ...defined({ gap }), features };
}

function gapOf(
  { samples }: MonitorSettings,
  release: ReleaseDocument | undefined,
  features: readonly DriftSeries[],
): DriftGap | undefined {
  if (features.some(({ points }) => points.length > 0)) return undefined;
  if (features.length > 0) return samples.share === 0 ? 'not-sampled' : 'too-few';
  if (release !== undefined && release.model === undefined) return 'no-model';
  if (release !== undefined && release.trainingSet === undefined) return 'no-training-set';
  return 'not-watched';
}

export function metricsView(measured: Measurements): ServiceMetrics {
  const { from, to, stepMs, live, buckets, settings, placeOf, nameOf } = measured;
  const samples = sampled(buckets, stepMs);
  const total = numbersOf(buckets);
  const points = pointsOf(samples);
  const releases = new Set(points.flatMap((point) => point.releases?.map(({ release }) => release) ?? []));
  return {
    from,
    to,
    stepMs,
    live,
    points,
    releaseNames: Object.fromEntries(namesApart(releases, nameOf)),
    ...defined({ total }),
    marks: marksOf(measured),
    rules: settings.rules.map((rule) => ruleLine(rule, placeOf)),
    drift: driftOf(measured, samples),
  };
}
