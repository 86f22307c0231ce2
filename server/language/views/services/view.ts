/** Services and releases as the views show them, from what their hosts write. Nothing is asked of a process. */
import { defined } from '../../../base/defined.js';
import { usableModel } from '../../../definition/known/models.js';
import type { KnownModels } from '../../../definition/known/models.js';
import type {
  AlertItem,
  EnvironmentItem,
  ReleaseItem,
  RunningReleaseItem,
  ServiceHistoryEntry,
  ServiceItem,
  ServiceNumbers,
} from '../../../protocol/index.js';
import { serviceUrl } from '../../../serving/services/address.js';
import { alertHistory, readAlerts, type AlertEvent } from '../../../serving/monitor/alerts.js';
import { summarize } from '../../../serving/monitor/measures/bucket.js';
import { readMetrics } from '../../../serving/monitor/measures/metrics-files.js';
import { describeServiceEvent, readReleaseOf, readable, releaseNames } from '../../../serving/event-words.js';
import { servicePlaces } from '../../../serving/places.js';
import { serviceHistory, type ServiceView } from '../../../serving/services/read.js';
import type { ReleaseDocument, RunningRelease, ServiceEvent } from '../../../serving/types.js';
import { aliasesOf } from '../../../stores/registry/registry.js';
import { uriOfPath } from '../../documents.js';

/** What the numbers of a list are measured over. */
const WINDOW_MS = 60_000;

/** Older releases of an environment are counted, not listed. */
const MOST_RELEASES = 20;

/** Whose services they are, and what is known of its models. */
export interface ServicesOf {
  readonly root: string;
  readonly models: KnownModels;
  /** Where a rule of one of its services is written. */
  readonly placeOf?: (rule: {
    readonly environment: string;
    readonly service: string;
    readonly rule: string;
  }) => AlertItem['place'];
  /** Ids of the releases of their environment. */
  readonly releases?: readonly string[];
}

type HasModel = Pick<RunningRelease, 'id' | 'package' | 'model'>;

function modelPart(models: KnownModels, { model }: HasModel): Pick<ReleaseItem, 'model'> {
  if (model === undefined) return {};
  const known = usableModel(models, model.name);
  return {
    model: {
      name: model.name,
      version: model.version,
      ...defined({ alias: model.alias }),
      aliases: known === undefined ? [] : aliasesOf(known, model.version),
    },
  };
}

function packagePart({ package: { name, version } }: HasModel): Pick<ReleaseItem, 'package'> {
  return { package: { name, version } };
}

function releaseItem(models: KnownModels, release: ReleaseDocument): ReleaseItem {
  return {
    id: release.id,
    ...packagePart(release),
    ...modelPart(models, release),
    createdAt: release.createdAt,
    createdBy: release.createdBy,
    ...(release.run === undefined ? {} : { runId: release.run.id }),
  };
}

function runningItem(
  { root, models }: ServicesOf,
  environment: string,
  running: RunningRelease,
): RunningReleaseItem {
  const document = readReleaseOf(root, environment, running.id);
  const { id, since, traffic, replicas, restarts } = running;
  return {
    ...(document === undefined
      ? { id, ...packagePart(running), ...modelPart(models, running) }
      : releaseItem(models, document)),
    ...defined({ since }),
    traffic,
    ready: replicas.filter(({ ready }) => ready).length,
    replicas: replicas.length,
    restarts,
  };
}

/** Where a rollback would lead: the newest of before that is still there. */
function previousOf({ root, models }: ServicesOf, service: ServiceView): ReleaseItem | undefined {
  for (const id of service.previous) {
    const document = readReleaseOf(root, service.environment, id);
    if (document !== undefined) return releaseItem(models, document);
  }
  return undefined;
}

function numbersOf(file: string): ServiceNumbers | undefined {
  const sum = summarize(readMetrics(file, Date.now() - WINDOW_MS));
  if (sum === undefined) return undefined;
  const { seconds, requests, rate, errorRate, availability, p50, p95, p99, memoryBytes, cpu } = sum;
  return {
    seconds,
    requests,
    rate,
    ...defined({ errorRate, availability, p50, p95, p99, memoryBytes, cpu }),
  };
}

/** How the rules of a service stand. While no host lives nobody watches, and what fired last says nothing of now. */
export function alertItems(root: string, service: ServiceView): AlertItem[] {
  if (!service.hosted) return [];
  return readAlerts(servicePlaces(root, service.environment, service.name).alerts)
    .map(({ rule, severity, state, firing, since, text }) => ({ rule, severity, state, firing, since, text }))
    .sort((a, b) => Number(b.firing) - Number(a.firing));
}

/** One service with all that lists show of it. */
export function serviceItem(of: ServicesOf, service: ServiceView): ServiceItem {
  const { environment, name, status, desired, hosted, message, config, current, candidate } = service;
  const places = servicePlaces(of.root, environment, name);
  const numbers = hosted ? numbersOf(places.metrics) : undefined;
  const previous = previousOf(of, service);
  return {
    projectUri: uriOfPath(of.root),
    environment,
    name,
    status,
    desired,
    hosted,
    ...(message === undefined ? {} : { message: readable(of.root, environment, message, of.releases ?? []) }),
    url: serviceUrl(config),
    ...(current === undefined ? {} : { current: runningItem(of, environment, current) }),
    ...(candidate === undefined ? {} : { candidate: runningItem(of, environment, candidate) }),
    ...defined({ previous, numbers }),
    alerts: alertItems(of.root, service).map((alert) => {
      const place = of.placeOf?.({ environment, service: name, rule: alert.rule });
      return place === undefined ? alert : { ...alert, place };
    }),
    logUri: uriOfPath(places.appLog),
    hostLogUri: uriOfPath(places.hostLog),
    updatedAt: service.updatedAt,
  };
}

/** Environments that have services or releases, by name. */
export function environmentItems(
  of: ServicesOf,
  services: readonly ServiceView[],
  releases: readonly ReleaseDocument[],
): EnvironmentItem[] {
  const names = [...new Set([...services, ...releases].map(({ environment }) => environment))].sort();
  return names.map((environment) => {
    const here = services.filter((one) => one.environment === environment);
    const served = new Set(here.flatMap(({ current, candidate }) => [current?.id, candidate?.id]));
    const deployed = releases.filter((one) => one.environment === environment);
    const idle = deployed.filter(({ id }) => !served.has(id));
    const known = { ...of, releases: deployed.map(({ id }) => id) };
    return {
      projectUri: uriOfPath(of.root),
      environment,
      services: here.map((service) => serviceItem(known, service)),
      releases: idle.slice(0, MOST_RELEASES).map((release) => releaseItem(of.models, release)),
      releasesLeftOut: Math.max(0, idle.length - MOST_RELEASES),
    };
  });
}

function eventEntry(event: ServiceEvent, nameOf: (id: string) => string): ServiceHistoryEntry {
  const { at, kind, who, reason, release, from, run } = event;
  return {
    at,
    kind,
    text: describeServiceEvent(event, nameOf),
    ...defined({ who, reason, release, from }),
    ...(run === undefined ? {} : { runId: run.id }),
  };
}

function alertEntry({ at, kind, rule, severity, text, release }: AlertEvent): ServiceHistoryEntry {
  return {
    at,
    kind,
    text: kind === 'raised' ? `alert ${rule}: ${text}` : `alert ${rule} cleared: ${text}`,
    rule,
    severity,
    ...defined({ release }),
  };
}

/** What happened to a service and what was raised, newest first; one more than asked for says that there is more. */
export function historyEntries(root: string, service: ServiceView, limit: number): ServiceHistoryEntry[] {
  const { environment, name } = service;
  const alerts = alertHistory(servicePlaces(root, environment, name).alertHistory, limit + 1);
  const nameOf = releaseNames(root, environment);
  return [
    ...serviceHistory(root, environment, name, limit + 1).map((event) => eventEntry(event, nameOf)),
    ...alerts.map(alertEntry),
  ].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
}
