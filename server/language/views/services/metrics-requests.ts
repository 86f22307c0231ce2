/** The request of protocol/service-metrics.ts. Read from files; only short windows of a service that runs are asked of its host. */
import { defined } from '../../../base/defined.js';
import type { Project } from '../../../project/project.js';
import type { ServiceMetricsParams, ServiceMetricsRequests } from '../../../protocol/index.js';
import { releaseNames } from '../../../serving/event-words.js';
import type { MetricsBucket } from '../../../serving/monitor/measures/bucket.js';
import {
  FINE_MS,
  lastMetrics,
  readLongMetrics,
  readMetrics,
} from '../../../serving/monitor/measures/metrics-files.js';
import { COARSE_MS } from '../../../serving/monitor/measures/rollup.js';
import { stepOf } from '../../../serving/monitor/measures/series.js';
import { NOT_MONITORED, monitorDocumentKind } from '../../../serving/monitor/settings.js';
import { isReleaseId, servicePlaces, type ServicePlaces } from '../../../serving/places.js';
import { readService, serviceHistory, type ServiceView } from '../../../serving/services/read.js';
import { readRelease } from '../../../serving/releases/document.js';
import type { ReleaseDocument } from '../../../serving/types.js';
import { readDocument } from '../../../stores/disk/document.js';
import { placeOfRule } from '../../editor/alerts.js';
import { InvalidParams } from '../../guard.js';
import { LIVE_MS, LiveBuckets } from './live-buckets.js';
import { finite, text } from '../../params.js';
import { metricsView } from './metrics-view.js';

const MOST_POINTS = 200;
/** Longer than anything is kept. */
const LONGEST_MS = 90 * 24 * 3_600_000;
const SHORTEST_MS = 60_000;
/** What a line of a service's file covers. */
const FINE_STEP_MS = 10_000;
const MOST_EVENTS = 1_000;

export interface ServiceMetricsHost {
  readonly projectByUri: (uri: string) => Project | undefined;
  readonly trusted: () => boolean;
}

type Result = ServiceMetricsRequests['modelyard/serviceMetrics']['result'];
type Register = (
  method: 'modelyard/serviceMetrics',
  handle: (params: ServiceMetricsParams) => Promise<Result>,
) => void;

export class ServiceMetricsViews {
  readonly #host: ServiceMetricsHost;
  readonly #live = new LiveBuckets();

  constructor(host: ServiceMetricsHost) {
    this.#host = host;
  }

  register(on: Register): void {
    on('modelyard/serviceMetrics', (params) => this.#metrics(params));
  }

  async #metrics(params: ServiceMetricsParams): Promise<Result> {
    const [environment, name] = [text(params, 'environment'), text(params, 'name')];
    const windowMs = finite(params, 'windowMs');
    if (windowMs < SHORTEST_MS || windowMs > LONGEST_MS) {
      throw new InvalidParams('windowMs must be from a minute to 90 days');
    }
    const project = this.#host.projectByUri(text(params, 'projectUri'));
    if (project === undefined) {
      return { ok: false, message: `There is no open project at ${params.projectUri}.` };
    }
    const { root } = project;
    const { service, problem } = readService(root, environment, name);
    if (problem !== undefined) return { ok: false, message: problem.message };
    if (service === undefined) {
      return { ok: false, message: `There is no service ${name} in ${environment}.` };
    }
    const places = servicePlaces(root, environment, name);
    const { live, to } = endOf(service, places);
    const from = to - windowMs;
    const { buckets, stepMs } = await this.#read(root, service, places, from, to, windowMs);
    const settings = readDocument(places.monitor, monitorDocumentKind);
    const release = releaseOf(root, service);
    const metrics = metricsView({
      from,
      to,
      stepMs,
      live,
      buckets,
      events: serviceHistory(root, environment, name, MOST_EVENTS),
      settings: settings.state === 'ok' ? settings.value : NOT_MONITORED,
      ...defined({ release }),
      nameOf: releaseNames(root, environment),
      placeOf: (rule) => placeOfRule(project, { environment, service: name, rule }),
    });
    return { ok: true, metrics };
  }

  async #read(
    root: string,
    { environment, name, hosted }: ServiceView,
    places: ServicePlaces,
    from: number,
    to: number,
    windowMs: number,
  ): Promise<{ readonly buckets: readonly MetricsBucket[]; readonly stepMs: number }> {
    // Whom a folder that nobody trusts names as its service's host is not talked to.
    if (hosted && windowMs <= LIVE_MS && this.#host.trusted()) {
      const live = await this.#live.since({ root, environment, name }, from);
      if (live !== undefined) {
        const [first] = live;
        const begin = first === undefined ? to : first.at - first.seconds * 1000;
        // What an earlier host has measured; half a second for clocks that are set.
        const earlier = readMetrics(places.metrics, from).filter(({ at }) => at <= begin + 500);
        return {
          buckets: [...earlier, ...live],
          stepMs: stepOf(windowMs, MOST_POINTS),
        };
      }
    }
    const long = windowMs > FINE_MS;
    const buckets = long ? readLongMetrics(places, from) : readMetrics(places.metrics, from);
    return { buckets, stepMs: stepOf(windowMs, MOST_POINTS, long ? COARSE_MS : FINE_STEP_MS) };
  }
}

/** A window of a service that does not run ends with what was measured last: nobody looks for the empty hours since. */
function endOf(service: ServiceView, places: ServicePlaces): { readonly live: boolean; readonly to: number } {
  if (service.hosted) return { live: true, to: Date.now() };
  return { live: false, to: lastMetrics(places.metrics)?.at ?? Date.now() };
}

function releaseOf(root: string, { environment, current }: ServiceView): ReleaseDocument | undefined {
  if (current === undefined || !isReleaseId(current.id)) return undefined;
  const read = readRelease(root, environment, current.id);
  return read.state === 'ok' ? read.value : undefined;
}
