/** `service.json`: read by everybody, written by the service's host. */
import { lstatSync } from 'node:fs';
import { isRecord } from '../../base/is-record.js';
import type { DocumentKind } from '../../stores/disk/document.js';
import { SERVICE_SCHEMA_VERSION } from '../types.js';
import type { ServiceDocument } from '../types.js';

/** A service as it is once nothing of it runs: what happened to its host and its processes is no longer said. */
export function stoppedService(service: ServiceDocument): ServiceDocument {
  const { schema, name, environment, config, current, previous, createdAt, updatedAt } = service;
  return {
    schema,
    name,
    environment,
    desired: 'stopped',
    status: 'stopped',
    config,
    ...(current === undefined ? {} : { current: { ...current, traffic: 0, replicas: [] } }),
    previous,
    createdAt,
    updatedAt,
  };
}

/** Of a service's folder, as its document names it. Absent: there is none. */
export function folderId(folder: string): string | undefined {
  return lstatSync(folder, { bigint: true, throwIfNoEntry: false })?.ino.toString();
}

/** Whether the document lies in another folder than the one that its host works in: with a part of another project's memory. */
export function wasCopied(service: ServiceDocument, folder: string): boolean {
  return service.folder !== undefined && service.folder !== folderId(folder);
}

export const serviceDocumentKind: DocumentKind<ServiceDocument> = {
  name: 'service',
  schema: SERVICE_SCHEMA_VERSION,
  migrations: {},
  check(value) {
    for (const key of ['name', 'environment', 'desired', 'status']) {
      if (typeof value[key] !== 'string') return `"${key}" is missing`;
    }
    const config = value['config'];
    if (!isRecord(config) || typeof config['port'] !== 'number' || !isRecord(config['probe'])) {
      return '"config" is missing';
    }
    if (!Array.isArray(value['previous'])) return '"previous" is missing';
    for (const key of ['current', 'candidate']) {
      const running = value[key];
      if (running === undefined) continue;
      if (!isRecord(running) || typeof running['id'] !== 'string' || !Array.isArray(running['replicas'])) {
        return `"${key}" is not a release`;
      }
    }
    return undefined;
  },
};
