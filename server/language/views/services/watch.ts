/** Watches the services of projects: one that is started, stopped or measured in a terminal shows at once. */
import path from 'node:path';
import { servicePlaces, servicesFolder } from '../../../serving/places.js';
import { hostOf } from '../../../serving/services/read.js';
import { foldersIn } from '../../../stores/disk/folder.js';
import { folderIn, layoutOf } from '../../../stores/layout.js';
import { FilesWatch } from '../../watch/files-watch.js';

/** How soon it is seen that the host of a service was killed: nothing tells of that. */
const LIVENESS_MS = 2_000;

/** The folders of all services of a project. */
function serviceFolders(root: string): string[] {
  return foldersIn(servicesFolder(root)).flatMap(foldersIn);
}

/** Names of the files of a service that say something of it; the same below each of their folders. */
const WATCHED = (() => {
  const places = servicePlaces('', 'environment', 'name');
  const { document, lock, history, metrics, alerts } = places;
  return [document, lock, history, metrics, alerts].map((file) => path.basename(file));
})();

/** Folders that get new services and releases, and what is written of each. */
function* watchedFiles(root: string): Generator<string> {
  const services = servicesFolder(root);
  yield services + path.sep;
  for (const environment of foldersIn(services)) {
    yield environment + path.sep;
    for (const folder of foldersIn(environment)) for (const name of WATCHED) yield path.join(folder, name);
  }
  const environments = folderIn(layoutOf(root).memory, 'environments');
  yield environments + path.sep;
  // It gets a line when a release is whole.
  for (const folder of foldersIn(environments)) yield path.join(folder, 'history.ndjson');
}

export class ServicesWatch {
  readonly #files: FilesWatch;
  readonly #changed: (root: string) => void;
  readonly #hosts = new Map<string, string>();
  readonly #timer: NodeJS.Timeout;
  #roots: readonly string[] = [];

  /** @param changed called with the root of a project whose services changed, possibly several times for one change. */
  constructor(changed: (root: string) => void) {
    this.#changed = changed;
    this.#files = new FilesWatch(changed, watchedFiles);
    this.#timer = setInterval(() => this.#look(), LIVENESS_MS);
    this.#timer.unref();
  }

  /** Watches these projects and no others any more. */
  follow(roots: readonly string[]): void {
    this.#roots = roots;
    this.#files.follow(roots);
    for (const root of [...this.#hosts.keys()]) if (!roots.includes(root)) this.#hosts.delete(root);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#files.close();
  }

  #look(): void {
    for (const root of this.#roots) {
      const hosts = serviceFolders(root)
        .map((folder) => `${folder} ${hostOf(path.join(folder, 'host.lock'))?.pid ?? ''}`)
        .join('\n');
      const before = this.#hosts.get(root);
      this.#hosts.set(root, hosts);
      if (before !== undefined && before !== hosts) this.#changed(root);
    }
  }
}
