/** The clusters that this process has to do with: here, and behind login nodes. */
import type { SlurmExecutor } from '../../../definition/definition.js';
import type { Layout } from '../../../stores/layout.js';
import { SlurmClient, slurmHere } from './client.js';
import type { JobEntry, RemotePlace } from './entry.js';
import { SlurmQueue } from './queue.js';
import { SshConnection } from './ssh/connection.js';
import { RemoteProject, findPlace } from './ssh/remote-project.js';
import type { Trouble } from './ssh/trouble.js';

export interface Cluster {
  readonly client: SlurmClient;
  readonly queue: SlurmQueue;
  /** Absent: this machine is a login node. */
  readonly connection?: SshConnection;
}

const HERE: Cluster = { client: slurmHere, queue: new SlurmQueue(slurmHere) };
const behind = new Map<string, Cluster>();

/** @param login absent: of this machine */
export function clusterAt(login: string | undefined): Cluster {
  if (login === undefined) return HERE;
  const known = behind.get(login);
  if (known !== undefined) return known;
  const connection = new SshConnection(login);
  const client = new SlurmClient(connection);
  const cluster = { client, queue: new SlurmQueue(client), connection };
  behind.set(login, cluster);
  return cluster;
}

const projects = new Map<string, RemoteProject>();

/** The project on the other side; nothing where a job sees it as it lies here. */
export function remoteOf(layout: Layout, { remote }: Pick<JobEntry, 'remote'>): RemoteProject | undefined {
  return remote === undefined ? undefined : projectAt(layout, remote);
}

function projectAt(layout: Layout, place: RemotePlace): RemoteProject | undefined {
  const { connection } = clusterAt(place.login);
  if (connection === undefined) return undefined;
  const key = JSON.stringify([layout.root, place]);
  const project = projects.get(key) ?? new RemoteProject(connection, layout, place);
  projects.set(key, project);
  return project;
}

export type Site =
  { readonly ok: true; readonly project?: RemoteProject } | { readonly ok: false; readonly trouble: Trouble };

/** Finds out, once for an executor, where the project lies for its jobs. */
export function siteFinder(layout: Layout, settings: SlurmExecutor): () => Promise<Site> {
  let found: Promise<Site> | undefined;
  return async () => {
    const { connection } = clusterAt(settings.login);
    if (connection === undefined) return { ok: true };
    found ??= findPlace(connection, layout, settings).then((answer): Site => {
      if (!answer.ok) return answer;
      const project = projectAt(layout, answer.place);
      return project === undefined ? { ok: true } : { ok: true, project };
    });
    const site = await found;
    if (!site.ok) found = undefined;
    return site;
  };
}
