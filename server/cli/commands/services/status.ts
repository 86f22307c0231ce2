/** `modelyard service status`: how one service is, once or for as long as somebody looks. */
import { formatBytes } from '../../../definition/text/units.js';
import { serviceUrl } from '../../../serving/services/address.js';
import { delay } from '../../../base/delay.js';
import { releaseNames } from '../../../serving/event-words.js';
import { readAlerts, type AlertState } from '../../../serving/monitor/alerts.js';
import {
  mergeBuckets,
  summarize,
  type DriftMeasures,
  type MetricsSummary,
} from '../../../serving/monitor/measures/bucket.js';
import { readMetrics } from '../../../serving/monitor/measures/metrics-files.js';
import { servicePlaces } from '../../../serving/places.js';
import { readService, serviceHistory, type ServiceView } from '../../../serving/services/read.js';
import { madeOf } from '../../../serving/releases/releases.js';
import type { RunningRelease, ServiceEvent, ServiceStatus } from '../../../serving/types.js';
import { answer } from '../../answers.js';
import { JSON_FLAG, wholeNumber } from '../../args.js';
import { EXIT, stderr, stdout } from '../../output.js';
import type { Style } from '../../terminal/style.js';
import { tame } from '../../terminal/text.js';
import { ENVIRONMENT, type ServiceCall, type ServiceSubcommand, eventTexts, serviceNamed } from './shared.js';

const WINDOW_MS = 60_000;
/** Drift is measured once a minute, and written some seconds later. */
const DRIFT_MS = 3 * 60_000;
const MOST_FEATURES = 5;
/** Who follows something looks again so often. */
export const FOLLOW_MS = 200;
/** A screen is drawn anew so often: its numbers move all the time. */
const REDRAW_MS = 1_000;
/** To the upper left corner, and nothing below it. */
const CLEAR = '\u001b[H\u001b[J';

/** All that is said of a service. */
interface Seen {
  readonly service: ServiceView;
  readonly metrics: MetricsSummary | undefined;
  readonly drift: DriftMeasures;
  readonly alerts: readonly AlertState[];
  readonly events: readonly ServiceEvent[];
}

export const status: ServiceSubcommand = {
  usage: 'status [SERVICE] [--limit N] [--follow]',
  summary: 'A service: releases, processes, the last minute in numbers, rules it breaks, what happened last.',
  flags: {
    ...JSON_FLAG,
    ...ENVIRONMENT,
    limit: { type: 'string', value: 'N', help: 'At most so many events. Default: 5.' },
    follow: {
      type: 'boolean',
      short: 'f',
      help: 'Again whenever it changes, until interrupted; on a terminal each second.',
    },
  },
  least: 0,
  most: 1,
  async run(call) {
    const service = serviceNamed(call);
    const limit = wholeNumber('limit', call.args.text('limit') ?? '5', 0);
    const seen = look(call, service, limit);
    if (call.args.flag('follow')) return follow(call, seen, limit);
    show(call, seen);
    return EXIT.ok;
  },
};

function look({ root }: ServiceCall, service: ServiceView, limit: number): Seen {
  const { environment, name, hosted } = service;
  const places = servicePlaces(root, environment, name);
  return {
    service,
    metrics: summarize(readMetrics(places.metrics, Date.now() - WINDOW_MS)),
    drift: mergeBuckets(readMetrics(places.metrics, Date.now() - DRIFT_MS))?.drift ?? {},
    // What does not run is not measured: what its rules said last says nothing of now.
    alerts: hosted ? readAlerts(places.alerts) : [],
    events: serviceHistory(root, environment, name, limit),
  };
}

/** Shows it until it is interrupted, or the service is no more. */
async function follow(call: ServiceCall, first: Seen, limit: number): Promise<number> {
  const { environment, name } = first.service;
  const screen = process.stdout.isTTY && !call.json;
  let seen = first;
  let shown = '';
  for (;;) {
    const shape = shapeOf(seen);
    if (screen) stdout.write(CLEAR);
    else if (shape !== shown && shown !== '' && !call.json) stdout.line('');
    if (screen || shape !== shown) show(call, seen);
    shown = shape;
    await delay(screen ? REDRAW_MS : FOLLOW_MS);
    const { service } = readService(call.root, environment, name);
    if (service === undefined) {
      stderr.line(`modelyard: the service ${tame(`${environment}/${name}`, false)} is no more`);
      return EXIT.failed;
    }
    seen = look(call, service, limit);
  }
}

/** What tells one state from the next; numbers move each second. */
function shapeOf({ service, alerts, events }: Seen): string {
  const rest = { ...service, updatedAt: undefined };
  return JSON.stringify([rest, alerts.map(({ rule, state, firing }) => [rule, state, firing]), events]);
}

function show(call: ServiceCall, { service, metrics, drift, alerts, events }: Seen): void {
  const { style, root } = call;
  if (call.json) {
    const url = serviceUrl(service.config);
    answer('service status', { ...service, url, metrics: metrics ?? null, drift, alerts, events });
    return;
  }
  const nameOf = releaseNames(root, service.environment);
  const textOf = eventTexts(nameOf);
  const before = service.previous
    .slice(0, 5)
    .map((id) => (nameOf(id) === id ? id : `${id} (${nameOf(id)})`))
    .join(', ');
  const lines = [
    `${service.environment}/${service.name}  ${paint(style, service.status)(service.status)}`,
    ...(service.message === undefined ? [] : [`  ${service.message}`]),
    `  url        ${serviceUrl(service.config)}`,
    ...releaseLines('release', service.current),
    ...releaseLines('candidate', service.candidate),
    ...(before === '' ? [] : [`  before     ${before}`]),
    ...(metrics === undefined ? [] : metricLines(metrics)),
    ...driftLines(drift),
    ...alerts.filter(({ firing }) => firing).map((rule) => `  alert      ${ruleText(rule, style)}`),
    ...events.map((event) => style.dim(`  ${event.at}  ${textOf(event)}`)),
  ];
  for (const line of lines) stdout.line(tame(line, true));
}

export function paint(style: Style, status: ServiceStatus): (text: string) => string {
  if (status === 'running') return style.green;
  if (status === 'stopped') return style.dim;
  if (status === 'starting' || status === 'degraded' || status === 'stopping') return style.yellow;
  return style.red;
}

export function releaseText(run: RunningRelease): string {
  return `${run.id} (${madeOf(run)})`;
}

function releaseLines(label: string, run: RunningRelease | undefined): string[] {
  if (run === undefined) return [];
  const processes = run.replicas.map((replica) => `${replica.pid}${replica.ready ? '' : ' (not ready)'}`);
  return [
    `  ${label.padEnd(9)}  ${releaseText(run)}, ${run.traffic} % of the traffic`,
    ...(processes.length === 0
      ? []
      : [`  processes  ${processes.join(', ')}${run.restarts === 0 ? '' : `; restarts: ${run.restarts}`}`]),
  ];
}

function metricLines(metrics: MetricsSummary): string[] {
  const ms = (value: number | undefined): string => (value === undefined ? '–' : `${value.toFixed(1)} ms`);
  const percent = (value: number | undefined): string =>
    value === undefined ? '–' : `${(value * 100).toFixed(2)} %`;
  const memory = metrics.memoryBytes === undefined ? '–' : formatBytes(metrics.memoryBytes);
  return [
    `  last ${Math.round(metrics.seconds)} s  ${metrics.rate.toFixed(1)} requests/s, errors ${percent(metrics.errorRate)}, available ${percent(metrics.availability)}`,
    `  latency    p50 ${ms(metrics.p50)}, p95 ${ms(metrics.p95)}, p99 ${ms(metrics.p99)}`,
    `  memory     ${memory}, cpu ${metrics.cpu === undefined ? '–' : metrics.cpu.toFixed(2)}`,
  ];
}

/** The features that have moved most. */
function driftLines(drift: DriftMeasures): string[] {
  const sorted = Object.entries(drift).toSorted(([, a], [, b]) => b.psi - a.psi);
  if (sorted.length === 0) return [];
  const rest = sorted.length > MOST_FEATURES ? `, and ${sorted.length - MOST_FEATURES} more` : '';
  const most = sorted.slice(0, MOST_FEATURES).map(([name, { psi }]) => `${name} ${psi.toFixed(2)}`);
  return [`  drift      ${most.join(', ')}${rest} (PSI)`];
}

/** A rule, how it stands, and what was measured. */
export function ruleText({ rule, firing, severity, since, text, state }: AlertState, style: Style): string {
  const known = state === 'unknown' ? style.dim : style.green;
  const paintRule = firing ? (severity === 'error' ? style.red : style.yellow) : known;
  const silent = state === 'unknown' ? 'nothing measured' : undefined;
  const word = firing
    ? [`firing since ${since}`, ...(silent === undefined ? [] : [`${silent} now`])].join(', ')
    : (silent ?? 'holds');
  return `${paintRule(rule)}  ${word}: ${text}`;
}
