/** What a service and an environment show below themselves in the Services tree. */
import { itemContext } from '../contributions/items.js';
import { ago, bytes, localDateTime, number, plain, plural } from '../../server/base/format.js';
import { hasCanary } from '../../media/webviews/shared/service-state.js';
import type {
  AlertItem,
  EnvironmentItem,
  ReleaseItem,
  ServiceHistoryEntry,
  ServiceItem,
  ServiceNumbers,
} from '../../server/protocol/index.js';
import { commas, dots, escapeMarkdown, type ItemText } from '../parts/item-text.js';
import { lines } from '../models/rows.js';
import { releaseItemText, type ReleaseRole } from './releases.js';
import { firingAlerts, msText, rateText, shareText } from './rows.js';

/** A row below a service. */
export type ServiceRow =
  | { readonly type: 'message'; readonly text: string }
  | { readonly type: 'alert'; readonly alert: AlertItem }
  | { readonly type: 'release'; readonly role: ReleaseRole; readonly release: ReleaseItem }
  | { readonly type: 'numbers'; readonly numbers: ServiceNumbers }
  | { readonly type: 'address' }
  | { readonly type: 'rules' }
  | { readonly type: 'history' }
  | { readonly type: 'event'; readonly index: number; readonly entry: ServiceHistoryEntry };

/** The rows of a service: what is wrong first, then what serves, how it does, and what happened. */
export function serviceRows(service: ServiceItem): readonly ServiceRow[] {
  const { message, status, current, candidate, previous, numbers, alerts, hosted } = service;
  const canary = hasCanary(service);
  return [
    ...(message === undefined || status === 'running' ? [] : [{ type: 'message' as const, text: message }]),
    ...firingAlerts(service).map((alert) => ({ type: 'alert' as const, alert })),
    ...(current === undefined ? [] : [release('current', current)]),
    ...(candidate === undefined ? [] : [release(canary ? 'canary' : 'starting', candidate)]),
    ...(previous === undefined ? [] : [release('previous', previous)]),
    ...(numbers === undefined ? [] : [{ type: 'numbers' as const, numbers }]),
    ...(hosted ? [{ type: 'address' as const }] : []),
    ...(alerts.every(({ firing }) => firing) ? [] : [{ type: 'rules' as const }]),
    { type: 'history' },
  ];
}

/** Rules that are watched and not broken now. */
export function restingRules({ alerts }: Pick<ServiceItem, 'alerts'>): readonly AlertItem[] {
  return alerts.filter(({ firing }) => !firing);
}

function release(role: ReleaseRole, one: ReleaseItem): ServiceRow {
  return { type: 'release', role, release: one };
}

export function serviceRowKey(parent: string, row: ServiceRow): string {
  switch (row.type) {
    case 'alert':
      return `${parent}/alert/${row.alert.rule}`;
    case 'release':
      return `${parent}/${row.role}`;
    case 'event':
      return `${parent}/event/${row.entry.at}/${row.index}`;
    default:
      return `${parent}/${row.type}`;
  }
}

const EVENT_ICONS: Readonly<Record<string, string>> = {
  started: 'debug-start',
  stopped: 'debug-stop',
  deploying: 'sync',
  deployed: 'rocket',
  refused: 'error',
  canary: 'beaker',
  promoted: 'arrow-up',
  aborted: 'circle-slash',
  'rolled-back': 'discard',
  restarted: 'debug-restart',
  crashed: 'flame',
  unhealthy: 'warning',
  recovered: 'pass',
  'crash-loop': 'error',
  adopted: 'plug',
  raised: 'bell-dot',
  cleared: 'bell',
};

export function eventIcon({ kind }: Pick<ServiceHistoryEntry, 'kind'>): string {
  return EVENT_ICONS[kind] ?? 'circle-small';
}

export function alertItemText(id: string, alert: AlertItem, now: number): ItemText {
  const { rule, severity, state, firing, since, text, place } = alert;
  const bad = severity === 'error' ? 'list.errorForeground' : 'list.warningForeground';
  const look = firing
    ? { icon: 'bell-dot', color: bad }
    : state === 'unknown'
      ? { icon: 'circle-outline', color: 'disabledForeground' }
      : { icon: 'pass', color: 'testing.iconPassed' };
  const word = firing ? 'broken' : state === 'unknown' ? 'nothing measured' : 'holds';
  return {
    id,
    label: plain(rule, 80),
    description: firing ? dots(plain(text, 120), ago(since, now)) : word,
    ...look,
    tooltip: lines(
      `**${escapeMarkdown(rule)}** · ${word}, since ${escapeMarkdown(localDateTime(since))}`,
      escapeMarkdown(text),
    ),
    context: itemContext('alert', firing && 'firing', place !== undefined && 'placed'),
    spoken: commas(
      firing ? `Alert ${plain(rule)}` : `Rule ${plain(rule)}`,
      word,
      firing ? plain(text) : undefined,
    ),
    children: 'none',
    ...(place === undefined ? {} : { command: { id: 'modelyard.showAlertRule', title: 'Show Rule' } }),
  };
}

function numbersItem(id: string, numbers: ServiceNumbers): ItemText {
  const { rate, requests, errorRate, p50, p95, p99, memoryBytes, cpu, seconds } = numbers;
  const latency = [
    p50 === undefined ? undefined : `p50 ${msText(p50)}`,
    p95 === undefined ? undefined : `p95 ${msText(p95)}`,
    p99 === undefined ? undefined : `p99 ${msText(p99)}`,
  ];
  const process = [
    memoryBytes === undefined ? undefined : bytes(memoryBytes),
    cpu === undefined ? undefined : `${number(Number(cpu.toPrecision(2)))} cores`,
  ];
  const traffic = [
    requests === 0 ? 'no requests' : rateText(rate),
    errorRate === undefined || errorRate === 0 ? undefined : `${shareText(errorRate)} errors`,
  ];
  const all = dots(...traffic, ...latency, ...process);
  return {
    id,
    label: 'Traffic',
    description: all,
    icon: 'graph-line',
    tooltip: `Over the last ${Math.round(seconds)} seconds: ${escapeMarkdown(all)}`,
    context: 'numbers',
    spoken: commas('Traffic', ...traffic, ...latency, ...process),
    children: 'none',
    command: { id: 'modelyard.openService', title: 'Open Service' },
  };
}

export function serviceRowItem(parent: string, service: ServiceItem, row: ServiceRow, now: number): ItemText {
  const id = serviceRowKey(parent, row);
  const base = { id, children: 'none' as const };
  switch (row.type) {
    case 'message':
      return {
        ...base,
        label: plain(row.text, 160),
        icon: service.status === 'stopped' ? 'info' : 'error',
        ...(service.status === 'stopped' ? {} : { color: 'list.errorForeground' }),
        tooltip: escapeMarkdown(row.text),
        context: 'message',
        spoken: plain(row.text),
      };
    case 'alert':
      return alertItemText(id, row.alert, now);
    case 'numbers':
      return numbersItem(id, row.numbers);
    case 'address':
      return {
        ...base,
        label: plain(service.url),
        icon: 'globe',
        tooltip: 'Where it answers, whichever release serves.',
        context: 'address',
        spoken: `Address ${plain(service.url)}`,
        command: { id: 'modelyard.openServiceInBrowser', title: 'Open in Browser' },
      };
    case 'rules': {
      const count = restingRules(service).length;
      const others = firingAlerts(service).length > 0;
      return {
        ...base,
        label: others ? 'Other rules' : 'Rules',
        description: `${count} not broken`,
        icon: 'checklist',
        tooltip: 'What a monitor task watches this service for.',
        context: 'rules',
        spoken: `${plural(count, others ? 'other rule' : 'rule')} not broken`,
        children: 'collapsed',
      };
    }
    case 'history':
      return {
        ...base,
        label: 'History',
        icon: 'history',
        context: 'serviceHistory',
        spoken: 'History',
        children: 'collapsed',
      };
    case 'event':
      return eventItem(id, row.entry, now);
    case 'release':
      return releaseItemText(id, row.release, row.role, now);
  }
}

function eventItem(id: string, entry: ServiceHistoryEntry, now: number): ItemText {
  const { at, who, text, reason, runId } = entry;
  return {
    id,
    label: plain(text, 160),
    description: dots(ago(at, now), reason === undefined ? undefined : `“${plain(reason, 80)}”`),
    icon: eventIcon(entry),
    tooltip: lines(
      escapeMarkdown(text),
      `$(calendar) ${escapeMarkdown(localDateTime(at))}${who === undefined ? '' : ` by ${escapeMarkdown(who)}`}`,
      reason === undefined ? '' : `“${escapeMarkdown(reason)}”`,
    ),
    context: runId === undefined ? 'event' : 'event.run',
    spoken: commas(plain(text), ago(at, now), reason === undefined ? undefined : plain(reason)),
    children: 'none',
    ...(runId === undefined ? {} : { command: { id: 'modelyard.showReleaseRun', title: 'Show Run' } }),
  };
}

export function releasesItem(id: string, { releases, releasesLeftOut }: EnvironmentItem): ItemText {
  const count = releases.length + releasesLeftOut;
  return {
    id,
    label: 'Releases',
    description: `${count} not served`,
    icon: 'archive',
    tooltip: 'Deployed and not served now: any of them can be, as it was made.',
    context: 'releases',
    spoken: `${plural(count, 'release')} not served`,
    children: 'collapsed',
  };
}
