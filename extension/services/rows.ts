/** Texts and icons of the Services tree: environments, services and their releases. */
import { type ItemContext, itemContext } from '../contributions/items.js';
import { defined } from '../../server/base/defined.js';
import { ago, bytes, number, plain, plural } from '../../server/base/format.js';
import { canGoBack, hasCanary } from '../../media/webviews/shared/service-state.js';
import type {
  AlertItem,
  EnvironmentItem,
  RunningReleaseItem,
  ServiceItem,
  ServiceNumbers,
  ServiceRef,
  ServicesResult,
  ServiceState,
} from '../../server/protocol/index.js';
import { commas, dots, escapeMarkdown, type ItemText } from '../parts/item-text.js';
import { lines } from '../models/rows.js';
import { aliasWords, releaseName } from './releases.js';

/** Keys that tell things of several projects apart. */
export function environmentKey(ref: Pick<ServiceRef, 'projectUri' | 'environment'>): string {
  return `environment:${ref.projectUri}#${ref.environment}`;
}

export function serviceKey(ref: ServiceRef): string {
  return `service:${ref.projectUri}#${ref.environment}/${ref.name}`;
}

/** `web in staging` */
export function serviceName({ environment, name }: Pick<ServiceRef, 'environment' | 'name'>): string {
  return `${plain(name, 60)} in ${plain(environment, 60)}`;
}

interface Look {
  readonly icon: string;
  readonly color?: string;
  /** Empty where nothing has to be said. */
  readonly word: string;
}

const WELL = 'testing.iconPassed';
const WARNING = 'list.warningForeground';
const BAD = 'list.errorForeground';

const LOOKS: Readonly<Record<ServiceState, Look>> = {
  starting: { icon: 'loading~spin', word: 'starting' },
  running: { icon: 'vm-running', color: WELL, word: '' },
  degraded: { icon: 'warning', color: WARNING, word: 'degraded' },
  unhealthy: { icon: 'error', color: BAD, word: 'unhealthy' },
  'crash-loop': { icon: 'error', color: BAD, word: 'crash loop' },
  stopping: { icon: 'loading~spin', word: 'stopping' },
  stopped: { icon: 'vm-outline', color: 'disabledForeground', word: 'stopped' },
  failed: { icon: 'error', color: BAD, word: 'failed' },
  lost: { icon: 'debug-disconnect', color: BAD, word: 'lost' },
};

const NEEDS_LOOK: ReadonlySet<ServiceState> = new Set<ServiceState>([
  'degraded',
  'unhealthy',
  'crash-loop',
  'failed',
  'lost',
]);

/** Whether somebody should look at it. */
export function isUnwell({ status }: Pick<ServiceItem, 'status'>): boolean {
  return NEEDS_LOOK.has(status);
}

export function firingAlerts({ alerts }: Pick<ServiceItem, 'alerts'>): readonly AlertItem[] {
  return alerts.filter(({ firing }) => firing);
}

/** How it is, in a word; `running` too. */
export function statusWord({ status }: Pick<ServiceItem, 'status'>): string {
  return LOOKS[status].word === '' ? status : LOOKS[status].word;
}

/** The icon of a service: how it is, else whether an alert fires. */
export function serviceLook(service: Pick<ServiceItem, 'status' | 'alerts'>): Look {
  const look = LOOKS[service.status];
  const firing = firingAlerts(service);
  if (service.status !== 'running' || firing.length === 0) return look;
  const grave = firing.some(({ severity }) => severity === 'error');
  return { icon: 'bell-dot', color: grave ? BAD : WARNING, word: '' };
}

export function msText(value: number): string {
  return value < 10
    ? `${value.toFixed(1)} ms`
    : value < 10_000
      ? `${Math.round(value)} ms`
      : `${number(value / 1000)} s`;
}

export function shareText(value: number): string {
  const percent = value * 100;
  return percent === 0 ? '0 %' : percent < 0.01 ? '< 0.01 %' : `${Number(percent.toPrecision(3))} %`;
}

export function rateText(rate: number): string {
  if (rate > 0 && rate < 0.05) return '< 0.1/s';
  return `${rate < 10 ? Number(rate.toFixed(1)) : Math.round(rate)}/s`;
}

/** `12/s, p95 38 ms`; `idle` without requests. */
export function trafficText(numbers: ServiceNumbers | undefined): string | undefined {
  if (numbers === undefined) return undefined;
  if (numbers.requests === 0) return 'idle';
  const errors = numbers.errorRate ?? 0;
  return [
    rateText(numbers.rate),
    ...(numbers.p95 === undefined ? [] : [`p95 ${msText(numbers.p95)}`]),
    ...(errors > 0 ? [`${shareText(errors)} errors`] : []),
  ].join(', ');
}

/** What goes on beside the release that serves: `canary 10 %`. */
export function splitText({ candidate }: ServiceItem): string | undefined {
  if (candidate === undefined) return undefined;
  if (candidate.since === undefined) return 'next release is made ready';
  return `canary ${candidate.traffic} %`;
}

export function environmentItemText(environment: EnvironmentItem): ItemText {
  const { services, releases, releasesLeftOut } = environment;
  const unwell = services.filter(isUnwell).length;
  const alerts = services.reduce((sum, service) => sum + firingAlerts(service).length, 0);
  const words = [
    services.length === 0 ? 'nothing is served' : plural(services.length, 'service'),
    unwell > 0 ? `${unwell} not well` : undefined,
    alerts > 0 ? plural(alerts, 'alert') : undefined,
  ];
  const name = plain(environment.environment);
  return {
    id: environmentKey(environment),
    label: name,
    description: dots(...words),
    icon: 'server-environment',
    context: 'environment',
    tooltip: lines(
      `**${escapeMarkdown(environment.environment)}** · environment`,
      dots(...words, `${plural(releases.length + releasesLeftOut, 'release')} not served`),
    ),
    spoken: commas(`Environment ${name}`, ...words),
    children: 'expanded',
  };
}

/** What menus of a service match: `service`, then what it can be asked for. */
export function serviceContext(service: ServiceItem): ItemContext {
  const { status, hosted, current, candidate } = service;
  return itemContext(
    'service',
    hosted || status === 'lost' ? 'up' : 'down',
    status === 'lost' && 'lost',
    hosted && current !== undefined && 'serving',
    hasCanary(service) ? 'canary' : candidate !== undefined && 'deploying',
    hosted && canGoBack(service) && 'back',
  );
}

export function serviceItemText(service: ServiceItem, now: number): ItemText {
  const look = serviceLook(service);
  const firing = firingAlerts(service).length;
  const alerts = firing === 0 ? undefined : plural(firing, 'alert');
  const { current } = service;
  const release = current === undefined ? undefined : releaseName(current);
  const traffic = trafficText(service.numbers);
  return {
    id: serviceKey(service),
    label: plain(service.name),
    description: dots(LOOKS[service.status].word, alerts, splitText(service), release, traffic),
    icon: look.icon,
    ...defined({ color: look.color }),
    tooltip: serviceTooltip(service, now),
    context: serviceContext(service),
    spoken: commas(
      `Service ${serviceName(service)}`,
      statusWord(service),
      alerts,
      splitText(service),
      release,
      current === undefined ? undefined : aliasWords(current),
      traffic,
    ),
    children: 'collapsed',
    command: { id: 'modelyard.openService', title: 'Open Service' },
  };
}

function numbersTable(numbers: ServiceNumbers): string {
  const { rate, errorRate, availability, p50, p95, p99, memoryBytes, cpu } = numbers;
  const rows: (readonly [string, string])[] = [
    ['requests', rateText(rate)],
    ...(errorRate === undefined ? [] : [['errors', shareText(errorRate)] as const]),
    ...(availability === undefined ? [] : [['available', shareText(availability)] as const]),
    ...(p50 === undefined ? [] : [['p50', msText(p50)] as const]),
    ...(p95 === undefined ? [] : [['p95', msText(p95)] as const]),
    ...(p99 === undefined ? [] : [['p99', msText(p99)] as const]),
    ...(memoryBytes === undefined ? [] : [['memory', bytes(memoryBytes)] as const]),
    ...(cpu === undefined ? [] : [['processor', `${number(Number(cpu.toPrecision(2)))} cores`] as const]),
  ];
  const body = rows.map(([key, value]) => `| ${key} | ${escapeMarkdown(value)} |`).join('\n');
  return `| last ${Math.round(numbers.seconds)} s | |\n|:--|--:|\n${body}`;
}

function serviceTooltip(service: ServiceItem, now: number): string {
  const { current, candidate, previous, numbers, message } = service;
  const running = (word: string, release: RunningReleaseItem | undefined): string =>
    release === undefined
      ? ''
      : `${word} ${escapeMarkdown(releaseName(release))}${release.since === undefined ? '' : `, ${escapeMarkdown(ago(release.since, now))}`}, ${release.traffic} % of the traffic`;
  return lines(
    `**${escapeMarkdown(service.name)}** in ${escapeMarkdown(service.environment)} · ${statusWord(service)}`,
    message === undefined || service.status === 'running' ? '' : `$(info) ${escapeMarkdown(message)}`,
    ...firingAlerts(service).map(({ text }) => `$(bell-dot) ${escapeMarkdown(text)}`),
    service.hosted ? `$(globe) ${escapeMarkdown(service.url)}` : '',
    running('$(rocket)', current),
    running('$(beaker)', candidate),
    previous === undefined ? '' : `$(discard) before: ${escapeMarkdown(releaseName(previous))}`,
    numbers === undefined ? '' : numbersTable(numbers),
  );
}

export function serviceProblemItem(problem: ServicesResult['problems'][number]): ItemText {
  return {
    id: `problem:${problem.projectUri}#${problem.path}`,
    label: plain(problem.path),
    description: plain(problem.message),
    icon: 'warning',
    color: WARNING,
    tooltip: lines(escapeMarkdown(problem.path), escapeMarkdown(problem.message)),
    context: 'problem',
    spoken: `Unreadable, ${plain(problem.path)}, ${plain(problem.message)}`,
    children: 'none',
  };
}
