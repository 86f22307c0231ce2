/** Where things of serving lie in a project's memory. */
import { sha256 } from '../stores/content/hash.js';
import path from 'node:path';
import { folderIn, layoutOf, safeFileName } from '../stores/layout.js';

const RELEASE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** Whether a text may be the id of a release: it becomes the name of a folder. */
export function isReleaseId(text: string): boolean {
  return RELEASE_ID.test(text) && !text.endsWith('.');
}

function fileName(name: string): string {
  return safeFileName(name, sha256);
}

/** `.modelyard/environments`: below it a folder per environment. */
export function environmentsFolder(root: string): string {
  return folderIn(layoutOf(root).memory, 'environments');
}

/** `.modelyard/environments/<environment>/releases` */
export function releasesFolder(root: string, environment: string): string {
  return path.join(environmentsFolder(root), fileName(environment), 'releases');
}

/** Folder of a release. @throws RangeError for an id that is none */
export function releaseFolder(root: string, environment: string, id: string): string {
  if (!isReleaseId(id)) throw new RangeError(`not the id of a release: ${JSON.stringify(id)}`);
  return path.join(releasesFolder(root, environment), id);
}

/** Absolute paths in a release's folder. */
export interface ReleasePlaces {
  readonly folder: string;
  /** The package's files; the entrypoint's working directory. */
  readonly app: string;
  /** Holds the model's file, or is the model's folder. */
  readonly model: string;
  readonly document: string;
}

/** @throws RangeError for an id that is none */
export function releasePlaces(root: string, environment: string, id: string): ReleasePlaces {
  const folder = releaseFolder(root, environment, id);
  return {
    folder,
    app: path.join(folder, 'app'),
    model: path.join(folder, 'model'),
    document: path.join(folder, 'release.json'),
  };
}

/** `.modelyard/services`: below it a folder per environment, and in that one per service. */
export function servicesFolder(root: string): string {
  return folderIn(layoutOf(root).memory, 'services');
}

/** Absolute paths of one service. Its host is the only writer. */
export interface ServicePlaces {
  readonly folder: string;
  readonly document: string;
  /** Held by the host as long as it lives. */
  readonly lock: string;
  /** Where the host listens for orders, and the token; readable for the user alone. */
  readonly control: string;
  readonly history: string;
  readonly logs: string;
  /** Output of the app, secrets masked. */
  readonly appLog: string;
  readonly hostLog: string;
  /** Pipes that carry the app's output; they outlive a host that is killed. */
  readonly pipes: string;
  /** Measurements in buckets of time. */
  readonly metrics: string;
  /** The same in longer ones, for long windows. */
  readonly coarseMetrics: string;
  /** What is watched. */
  readonly monitor: string;
  readonly alerts: string;
  readonly alertHistory: string;
  /** Requests and answers, sampled. */
  readonly samples: string;
}

export function servicePlaces(root: string, environment: string, name: string): ServicePlaces {
  const folder = path.join(servicesFolder(root), fileName(environment), fileName(name));
  const logs = path.join(folder, 'logs');
  return {
    folder,
    document: path.join(folder, 'service.json'),
    lock: path.join(folder, 'host.lock'),
    control: path.join(folder, 'control.json'),
    history: path.join(folder, 'history.ndjson'),
    logs,
    appLog: path.join(logs, 'app.log'),
    hostLog: path.join(logs, 'host.log'),
    pipes: path.join(folder, 'pipes'),
    metrics: path.join(folder, 'metrics.ndjson'),
    coarseMetrics: path.join(folder, 'metrics-5m.ndjson'),
    monitor: path.join(folder, 'monitor.json'),
    alerts: path.join(folder, 'alerts.json'),
    alertHistory: path.join(folder, 'alerts.ndjson'),
    samples: path.join(folder, 'samples.ndjson'),
  };
}
