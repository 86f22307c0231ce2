/**
 * Services of all projects of this user on this machine. Each host says in the user's state folder where it serves, as long
 * as it lives, so that a service is found whose project nobody remembers.
 */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { writeAtomic } from '../../stores/disk/atomic.js';
import { holderOf } from '../../stores/disk/file-lock.js';
import { namesIn } from '../../stores/disk/folder.js';
import { sha256 } from '../../stores/content/hash.js';
import { isAlive, ownIdentity } from '../../stores/machine/liveness.js';
import type { ProcessIdentity } from '../../stores/machine/liveness.js';
import { machineServices } from '../../stores/machine/user-folders.js';
import type { ServiceAddress } from './address.js';
import { type ServiceView, readService } from './read.js';
import { misfit, text } from '../shapes.js';

type Entry = ServiceAddress & ProcessIdentity;

function readEntry(file: string): Entry | undefined {
  const value = holderOf(file);
  if (typeof value !== 'object') return undefined;
  return misfit({ ...value }, { root: text, environment: text, name: text }) === undefined
    ? (value as Entry)
    : undefined;
}

function entriesIn(folder: string): { readonly file: string; readonly entry: Entry | undefined }[] {
  return namesIn(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => path.join(folder, name))
    .map((file) => ({ file, entry: readEntry(file) }));
}

/** Says that this process is the host of a service, until the given function is called. Never throws: it serves all the same. */
export function announceHost({ root, environment, name }: ServiceAddress): () => void {
  const folder = machineServices();
  if (folder === undefined) return () => undefined;
  const key = sha256([root, environment, name].join('\0'));
  const file = path.join(folder, `${key.slice(0, 32)}.json`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Hosts that were killed could not take theirs back.
    for (const one of entriesIn(folder))
      if (one.entry !== undefined && !isAlive(one.entry)) rmSync(one.file, { force: true });
    writeAtomic(file, JSON.stringify({ ...ownIdentity(), root, environment, name }), { mode: 0o600 });
  } catch (error) {
    process.stderr.write(`can't write ${file}: ${String(error)}\n`);
  }
  return () => {
    try {
      rmSync(file, { force: true });
    } catch {
      // The next host takes it away.
    }
  };
}

/** A service with a host that lives. */
export interface ServiceElsewhere extends ServiceAddress {
  /** Of the host. */
  readonly pid: number;
  /** Absent: its project was moved since the host began, or is gone. */
  readonly service?: ServiceView;
}

/** Every service of this user that runs on this machine, by project. */
export function servicesOfAllProjects(): ServiceElsewhere[] {
  const folder = machineServices();
  if (folder === undefined) return [];
  return entriesIn(folder)
    .flatMap(({ entry }) => (entry !== undefined && isAlive(entry) ? [entry] : []))
    .map(({ root, environment, name, pid }) => {
      const { service } = readService(root, environment, name);
      return { root, environment, name, pid, ...(service?.owner?.pid === pid ? { service } : {}) };
    })
    .sort((a, b) => (a.root < b.root ? -1 : a.root > b.root ? 1 : a.name < b.name ? -1 : 1));
}
