/** What the disk says about services, held against what really runs. Takes no lock, starts nothing. */
import path from 'node:path';
import { defined } from '../../base/defined.js';
import { readDocument } from '../../stores/disk/document.js';
import { foldersIn } from '../../stores/disk/folder.js';
import { isAlive, isOurs, signIn } from '../../stores/machine/liveness.js';
import type { ProcessIdentity } from '../../stores/machine/liveness.js';
import type { StoreProblem } from '../../stores/disk/problem.js';
import { valueOf } from '../../stores/disk/line-format.js';
import { linesBackward } from '../../stores/disk/lines.js';
import { layoutOf } from '../../stores/layout.js';
import { foreignMemory } from '../../stores/trust.js';
import { servicePlaces, servicesFolder } from '../places.js';
import { serviceDocumentKind, wasCopied } from './document.js';
import { SERVICE_LINES } from './lines.js';
import type { ServiceDocument, ServiceEvent, ServiceStatus } from '../types.js';
import { readPlainText } from '../../stores/disk/plain-file.js';

/** A service as it is now. */
export interface ServiceView extends ServiceDocument {
  /** The host lives and can be given orders. */
  readonly hosted: boolean;
}

export interface ServiceList {
  readonly services: readonly ServiceView[];
  readonly problems: readonly StoreProblem[];
}

/** Who holds a service's lock, if that process lives. */
export function hostOf(lock: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(readPlainText(lock));
    if (typeof value !== 'object' || value === null || !('pid' in value)) return undefined;
    const identity = value as ProcessIdentity;
    return isAlive(identity, signIn(lock)) ? identity : undefined;
  } catch {
    return undefined;
  }
}

/** The document with what a host that is gone could not write any more. */
function truth(document: ServiceDocument, folder: string, foreign: boolean): ServiceView {
  // The host of the project that this one was copied from is that project's.
  const copied = foreign || wasCopied(document, folder);
  const hosted = !copied && hostOf(path.join(folder, 'host.lock')) !== undefined;
  if (hosted) return { ...document, hosted };
  const status: ServiceStatus =
    document.desired === 'running' ? 'lost' : document.status === 'failed' ? 'failed' : 'stopped';
  const message =
    status === 'lost'
      ? `its host is gone; \`modelyard service start ${document.name}\` brings it back`
      : document.message;
  const { current } = document;
  const { schema, name, environment, desired, config, previous, createdAt, updatedAt } = document;
  return {
    schema,
    name,
    environment,
    desired,
    status,
    ...defined({ message }),
    config,
    ...(current === undefined ? {} : { current: { ...current, replicas: current.replicas.filter(isOurs) } }),
    previous,
    createdAt,
    updatedAt,
    hosted,
  };
}

/** One service; `undefined` when there is none of that name in the environment. */
export function readService(
  root: string,
  environment: string,
  name: string,
): { readonly service?: ServiceView; readonly problem?: StoreProblem } {
  const places = servicePlaces(root, environment, name);
  const loaded = readDocument(places.document, serviceDocumentKind);
  if (loaded.state === 'ok')
    return { service: truth(loaded.value, places.folder, foreignMemory(layoutOf(root)) !== undefined) };
  return loaded.state === 'missing' ? {} : { problem: loaded.problem };
}

/** Every service of a project, by environment and name. */
export function listServices(root: string): ServiceList {
  const services: ServiceView[] = [];
  const problems: StoreProblem[] = [];
  const foreign = foreignMemory(layoutOf(root)) !== undefined;
  for (const environment of foldersIn(servicesFolder(root)).sort()) {
    for (const folder of foldersIn(environment).sort()) {
      const loaded = readDocument(path.join(folder, 'service.json'), serviceDocumentKind);
      if (loaded.state === 'ok') services.push(truth(loaded.value, folder, foreign));
      else if (loaded.state !== 'missing') problems.push(loaded.problem);
    }
  }
  return { services, problems };
}

/** What happened to a service, the newest first. */
export function serviceHistory(
  root: string,
  environment: string,
  name: string,
  limit: number,
): ServiceEvent[] {
  const events: ServiceEvent[] = [];
  for (const line of linesBackward(servicePlaces(root, environment, name).history)) {
    if (events.length >= limit) break;
    const value = valueOf(SERVICE_LINES, line);
    if (value !== undefined && 'kind' in value) events.push(value as unknown as ServiceEvent);
  }
  return events;
}
