/**
 * Services of a memory that was copied: the processes that it names serve for the folder that it was copied from. They are
 * forgotten, or stopping a service of the copy would end the original's.
 */
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { isFolder, namesIn } from '../stores/folder.js';
import { openDocument, readDocument } from '../stores/document.js';
import { isReplicaId } from './host/orphans.js';
import { servicesFolder } from './places.js';
import { serviceDocumentKind } from './service-document.js';

/** Folders alone: what a link leads to is not the memory's. */
function foldersIn(folder: string): string[] {
  if (!isFolder(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => path.join(folder, entry.name));
}

/** @throws the system's errors */
export function disownServices(root: string): void {
  for (const folder of foldersIn(servicesFolder(root)).flatMap(foldersIn)) {
    for (const name of ['host.lock', 'control.json']) rmSync(path.join(folder, name), { force: true });
    const pipes = path.join(folder, 'pipes');
    if (isFolder(pipes)) {
      for (const id of namesIn(pipes).filter(isReplicaId)) rmSync(path.join(pipes, id), { force: true });
    }
    const file = path.join(folder, 'service.json');
    const loaded = readDocument(file, serviceDocumentKind);
    if (loaded.state !== 'ok') continue;
    const { schema, name, environment, config, current, previous, createdAt, updatedAt } = loaded.value;
    openDocument(file, serviceDocumentKind, {
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
    }).low.write();
  }
}
