/** What the Service panel shows of a service's measurements: charts, figures, drift, and words where there is nothing. Pure. */
import { defined } from '../../../server/base/defined.js';
import type {
  DriftGap,
  DriftSeries,
  MetricsPoint,
  ReleasePoint,
  RuleLine,
  ServiceItem,
  ServiceMetrics,
} from '../../../server/protocol/index.js';
import { ago, plain, plural } from '../../../server/base/format.js';
import { measureText, type Unit } from './measures.js';
import type { PanelOrder } from './messages/service.js';
import { canGoBack, hasCanary } from './service-state.js';

export interface ChartPoint {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly value: number;
}

export interface ChartLine {
  readonly name: string;
  /** 0 … 5: a colour of the theme. */
  readonly color: number;
  /** 0 … 2: whole, dashed, dotted. What colours say is said by this, too. */
  readonly dash: number;
  readonly points: readonly ChartPoint[];
}

export interface Threshold {
  readonly rule: string;
  readonly bound: number;
  readonly firing: boolean;
}

export interface ChartModel {
  readonly key: string;
  readonly title: string;
  readonly unit: Unit;
  readonly lines: readonly ChartLine[];
  readonly thresholds: readonly Threshold[];
  /** The least that the axis reaches up to. */
  readonly atLeast: number;
  /** Instead of lines. */
  readonly empty?: string;
}

/** Windows that can be chosen, in ms. */
export const WINDOWS: readonly { readonly ms: number; readonly label: string; readonly words: string }[] = [
  { ms: 300_000, label: '5 min', words: 'the last five minutes' },
  { ms: 3_600_000, label: '1 h', words: 'the last hour' },
  { ms: 6 * 3_600_000, label: '6 h', words: 'the last six hours' },
  { ms: 24 * 3_600_000, label: '24 h', words: 'the last day' },
  { ms: 7 * 24 * 3_600_000, label: '7 d', words: 'the last week' },
];

type Value = (point: MetricsPoint) => number | undefined;
type ReleaseValue = (point: ReleasePoint) => number | undefined;

function lineOf(name: string, color: number, dash: number, points: readonly ChartPoint[]): ChartLine {
  return { name, color, dash, points };
}

function pointsOf({ points }: ServiceMetrics, value: Value): ChartPoint[] {
  return points.flatMap((point) => {
    const found = value(point);
    return found === undefined ? [] : [{ at: point.at, value: found }];
  });
}

/** Releases that had requests at the same time as others, the oldest first. */
export function releasesApart({ points }: ServiceMetrics): readonly string[] {
  return [...new Set(points.flatMap(({ releases = [] }) => releases.map(({ release }) => release)))].sort();
}

type Runs = Pick<ServiceItem, 'current' | 'candidate'>;

/** A release as people speak of it now. */
function roleOf(
  release: string,
  { current, candidate }: Runs,
  { releaseNames }: Pick<ServiceMetrics, 'releaseNames'>,
): string {
  if (release === current?.id) return 'serves';
  return release === candidate?.id ? 'canary' : plain(releaseNames[release] ?? release, 60);
}

function releaseLines(
  metrics: ServiceMetrics,
  runs: Runs,
  value: Value,
  ofRelease: ReleaseValue,
): ChartLine[] {
  const lines = releasesApart(metrics).map((release, index) =>
    lineOf(
      roleOf(release, runs, metrics),
      (index + 1) % 6,
      index % 3,
      metrics.points.flatMap(({ at, releases = [] }) => {
        const point = releases.find((one) => one.release === release);
        const found = point === undefined ? undefined : ofRelease(point);
        return found === undefined ? [] : [{ at, value: found }];
      }),
    ),
  );
  return [lineOf('all', 0, 0, pointsOf(metrics, value)), ...lines];
}

function thresholdsOf(
  { rules }: ServiceMetrics,
  { alerts }: Pick<ServiceItem, 'alerts'>,
  measures: readonly RuleLine['measure'][],
): Threshold[] {
  return rules.flatMap(({ rule, measure, bound }) =>
    measure !== undefined && bound !== undefined && measures.includes(measure)
      ? [{ rule, bound, firing: alerts.some((alert) => alert.rule === rule && alert.firing) }]
      : [],
  );
}

/** @param apart each release on its own where several had requests */
export function chartsOf(
  metrics: ServiceMetrics,
  service: Pick<ServiceItem, 'alerts' | 'url'> & Runs,
  apart: boolean,
): readonly ChartModel[] {
  const split = apart && releasesApart(metrics).length > 0;
  const quiet = noTraffic(metrics, service);
  const one = (value: Value, ofRelease: ReleaseValue): ChartLine[] =>
    split
      ? releaseLines(metrics, service, value, ofRelease)
      : [lineOf('all', 0, 0, pointsOf(metrics, value))];
  const limits = (...measures: RuleLine['measure'][]): Threshold[] =>
    thresholdsOf(metrics, service, measures);
  const models: ChartModel[] = [
    {
      key: 'rate',
      title: 'Requests a second',
      unit: 'rate',
      lines: one(
        ({ rate }) => rate,
        ({ rate }) => rate,
      ),
      thresholds: limits('rate'),
      atLeast: 0.1,
    },
    {
      key: 'errors',
      title: 'Errors',
      unit: 'share',
      lines: one(
        ({ errorRate }) => errorRate,
        ({ errorRate }) => errorRate,
      ),
      thresholds: limits('error-rate'),
      atLeast: 0.01,
      ...defined({ empty: quiet }),
    },
    {
      key: 'latency',
      title: split ? 'Latency, p95' : 'Latency',
      unit: 'ms',
      lines: split
        ? one(
            ({ p95 }) => p95,
            ({ p95 }) => p95,
          )
        : [
            lineOf(
              'p50',
              2,
              2,
              pointsOf(metrics, ({ p50 }) => p50),
            ),
            lineOf(
              'p95',
              0,
              0,
              pointsOf(metrics, ({ p95 }) => p95),
            ),
            lineOf(
              'p99',
              1,
              1,
              pointsOf(metrics, ({ p99 }) => p99),
            ),
          ],
      thresholds: split ? limits('p95') : limits('p50', 'p95', 'p99'),
      atLeast: 1,
      ...defined({ empty: quiet }),
    },
    {
      key: 'availability',
      title: 'Available',
      unit: 'share',
      lines: one(
        ({ availability }) => availability,
        ({ availability }) => availability,
      ),
      thresholds: limits('availability'),
      atLeast: 1,
    },
    {
      key: 'memory',
      title: 'Memory',
      unit: 'bytes',
      lines: one(
        ({ memoryBytes }) => memoryBytes,
        ({ memoryBytes }) => memoryBytes,
      ),
      thresholds: limits('memory'),
      atLeast: 1024 * 1024,
    },
    {
      key: 'cpu',
      title: 'Processor, cores',
      unit: 'cores',
      lines: one(
        ({ cpu }) => cpu,
        ({ cpu }) => cpu,
      ),
      thresholds: [],
      atLeast: 0.1,
    },
  ];
  return models.map((model) =>
    model.empty === undefined && model.lines.every(({ points }) => points.length === 0)
      ? { ...model, empty: 'The system does not tell.' }
      : model,
  );
}

function noTraffic({ total, live }: ServiceMetrics, { url }: Pick<ServiceItem, 'url'>): string | undefined {
  if (total === undefined || total.requests > 0) return undefined;
  return live ? `No traffic yet: nothing came to ${url} in this window.` : 'No request came in this window.';
}

export interface OrderButton {
  readonly order: PanelOrder;
  readonly icon: string;
  readonly label: string;
}

/** What can be done to a service now, as it stands: bring it back, decide on its canary, go back. */
export function ordersOf(
  service: Pick<ServiceItem, 'hosted' | 'current' | 'candidate' | 'previous'>,
): readonly OrderButton[] {
  if (!service.hosted) return [{ order: 'start', icon: 'play', label: 'Start Service' }];
  if (service.current === undefined) return [];
  if (hasCanary(service)) {
    return [
      { order: 'promote', icon: 'arrow-up', label: 'Promote…' },
      { order: 'rollBack', icon: 'discard', label: 'End Canary…' },
    ];
  }
  return canGoBack(service) ? [{ order: 'rollBack', icon: 'discard', label: 'Roll Back…' }] : [];
}

export interface Notice {
  readonly icon: string;
  readonly grave: boolean;
  readonly text: string;
}

/** What has to be known before the charts are read: that it does not run, or that there is nothing to see. */
export function noticesOf(
  { points, live, to }: ServiceMetrics,
  { status, message, hosted }: Pick<ServiceItem, 'status' | 'message' | 'hosted'>,
  now: number,
): readonly Notice[] {
  const notices: Notice[] = [];
  const grave =
    status !== 'running' && status !== 'starting' && status !== 'stopping' && status !== 'stopped';
  if (message !== undefined)
    notices.push({ icon: grave ? 'error' : 'info', grave, text: plain(message, 600) });
  if (!hosted) {
    const when = ago(new Date(to).toISOString(), now);
    const word = status === 'lost' ? 'Lost' : status === 'failed' ? 'Failed' : 'Stopped';
    notices.push({
      icon: 'debug-stop',
      grave: false,
      text:
        points.length === 0
          ? `${word}. Nothing was measured: the service has not run long enough, or its measurements are gone.`
          : `${word}: measured last ${when}. The charts end there.`,
    });
  } else if (points.length === 0) {
    notices.push({
      icon: 'info',
      grave: false,
      text: live
        ? 'Nothing is measured yet. The first figures come in a few seconds.'
        : 'Nothing was measured.',
    });
  }
  return notices;
}

/** Figures of the whole window: name and value. */
export function figuresOf({ total }: ServiceMetrics): readonly (readonly [string, string])[] {
  if (total === undefined) return [];
  const value = (unit: Unit, found: number | undefined): string =>
    found === undefined ? '–' : measureText(unit, found);
  return [
    ['Requests', total.requests.toLocaleString('en-US')],
    ['Rate', value('rate', total.rate)],
    ['Errors', value('share', total.errorRate)],
    ['p50', value('ms', total.p50)],
    ['p95', value('ms', total.p95)],
    ['p99', value('ms', total.p99)],
    ['Available', value('share', total.availability)],
    ['Restarts', String(total.restarts)],
  ];
}

/** `moved`: far from the training set; `chance`: as far, but so few values differ by chance. */
export type DriftVerdict = 'moved' | 'shifted' | 'steady' | 'chance' | 'unknown';

export interface DriftRow {
  readonly feature: string;
  readonly kind: DriftSeries['kind'];
  readonly overMs: number;
  readonly points: DriftSeries['points'];
  readonly latest?: DriftSeries['points'][number];
  /** That it has to stay below: of its rule, else what is usual. */
  readonly bound: number;
  /** The rule, when there is one. */
  readonly rule?: string;
  readonly verdict: DriftVerdict;
  /** Of the verdict. */
  readonly words: string;
}

/** The usual marks of PSI: from 0.1 worth a look, from 0.2 one to act on. */
export const USUAL_BOUND = 0.2;
const LOOK_FROM = 0.1;
const CHANCE = 0.05;

function verdictOf(latest: DriftRow['latest'], bound: number): readonly [DriftVerdict, string] {
  if (latest === undefined) return ['unknown', 'too few values'];
  if (latest.psi < Math.min(LOOK_FROM, bound)) return ['steady', 'as in training'];
  if (latest.p > CHANCE) return ['chance', 'may be chance'];
  return latest.psi >= bound ? ['moved', 'has drifted'] : ['shifted', 'somewhat different'];
}

/** Features, those that have moved most first. */
export function driftRows({ drift: { features }, rules }: ServiceMetrics): readonly DriftRow[] {
  return features
    .map(({ feature, kind, overMs, points }): DriftRow => {
      const rule = rules.find((one) => one.measure === 'drift' && one.feature === feature);
      const bound = rule?.bound ?? USUAL_BOUND;
      const latest = points.at(-1);
      const [verdict, words] = verdictOf(latest, bound);
      return {
        feature,
        kind,
        overMs,
        points,
        ...defined({ latest }),
        bound,
        ...defined({ rule: rule?.rule }),
        verdict,
        words,
      };
    })
    .sort((a, b) => (b.latest?.psi ?? -1) - (a.latest?.psi ?? -1) || (a.feature < b.feature ? -1 : 1));
}

/** The same in a sentence, for who can't see the table at a glance. */
export function driftSummary(rows: readonly DriftRow[]): string {
  const moved = rows.filter(({ verdict }) => verdict === 'moved');
  const measured = rows.filter(({ latest }) => latest !== undefined).length;
  if (measured === 0) return '';
  if (moved.length === 0) return `None of ${plural(measured, 'feature')} has drifted.`;
  const names = moved.slice(0, 3).map(({ feature }) => plain(feature, 40));
  const more = moved.length > names.length ? ` and ${moved.length - names.length} more` : '';
  return `${moved.length} of ${plural(measured, 'feature')} ${moved.length === 1 ? 'has' : 'have'} drifted: ${names.join(', ')}${more}.`;
}

const GAPS: Readonly<Record<DriftGap, string>> = {
  'no-model': 'This release serves no model, so there is no training set that requests could drift from.',
  'no-training-set':
    'Nothing tells what the model was trained on, so there is no drift. A model that is trained from a “training-set” task knows its training set; “drift: { against: … }” of a monitor names another one.',
  'not-watched':
    'No monitor asks for drift. A “monitor” task with “drift” or a rule such as drift.rain_7d < 0.2 compares requests with the training set.',
  'not-sampled': 'No requests are kept, so there is no drift: “drift: { sample: … }” of the monitor is 0.',
  'too-few': 'Too few requests for drift in this window: at least 20 values of a feature are needed to tell.',
};

export function gapText(gap: DriftGap): string {
  return GAPS[gap];
}
