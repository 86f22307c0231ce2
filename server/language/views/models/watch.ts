/** Watches the models and packages of projects: a run in a terminal that makes one, or another editor, shows at once. */
import path from 'node:path';
import { PackageStore } from '../../../stores/packages/store.js';
import { Registry } from '../../../stores/registry/registry.js';
import { FilesWatch } from '../../watch/files-watch.js';

/** @param changed called with the root of a project whose models or packages changed, possibly several times for one change. */
export function watchModels(changed: (root: string) => void): FilesWatch {
  return new FilesWatch(changed, watchedFiles);
}

/** The folders that get what is new, and the journal of each model and package, which gets a line for each change. */
function* watchedFiles(root: string): Generator<string> {
  const registry = Registry.open(root);
  for (const folder of registry.watchPaths) yield folder + path.sep;
  try {
    for (const name of registry.modelNames()) yield registry.store(name).places.journal;
  } catch {
    // It can't be read: whoever asks for the models is told so.
  }
  const packages = PackageStore.open(root);
  for (const folder of packages.watchPaths) yield folder + path.sep;
  try {
    for (const name of packages.names()) yield packages.historyPath(name);
  } catch {
    // The same.
  }
}
