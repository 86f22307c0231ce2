/**
 * Services and deployments of a memory that was copied: the processes that it names work for the folder that it was copied
 * from. They are forgotten, or stopping a service of the copy would end the original's.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { filesIn, foldersIn, isFolder, namesIn } from '../../stores/disk/folder.js';
import { openDocument, readDocument } from '../../stores/disk/document.js';
import { isReplicaId } from '../host/orphans.js';
import { environmentsFolder, servicesFolder } from '../places.js';
import { serviceDocumentKind, stoppedService, wasCopied } from './document.js';
import { CLAIMS } from '../releases/unfinished.js';

/** @throws the system's errors */
export function disownServices(root: string): void {
  for (const folder of foldersIn(servicesFolder(root)).flatMap(foldersIn)) disownService(folder);
}

/** The same for one service, if its folder alone was copied into a memory. @throws the system's errors */
export function disownCopiedService(folder: string): void {
  const loaded = readDocument(path.join(folder, 'service.json'), serviceDocumentKind);
  if (loaded.state === 'ok' && wasCopied(loaded.value, folder)) disownService(folder);
}

function disownService(folder: string): void {
  for (const name of ['host.lock', 'control.json']) rmSync(path.join(folder, name), { force: true });
  const pipes = path.join(folder, 'pipes');
  if (isFolder(pipes)) {
    for (const id of namesIn(pipes).filter(isReplicaId)) rmSync(path.join(pipes, id), { force: true });
  }
  const file = path.join(folder, 'service.json');
  const loaded = readDocument(file, serviceDocumentKind);
  if (loaded.state !== 'ok') return;
  openDocument(file, serviceDocumentKind, stoppedService(loaded.value)).low.write();
}

/** Claims on releases: whoever makes one makes it in the other folder. @throws the system's errors */
export function disownDeployments(root: string): void {
  const claims = foldersIn(environmentsFolder(root))
    .flatMap(foldersIn)
    .filter((folder) => path.basename(folder) === CLAIMS)
    .flatMap(filesIn);
  for (const file of claims.filter((one) => one.endsWith('.json'))) rmSync(file, { force: true });
}
