/** Where a project begins. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';

/** The names under which a project's settings may lie in its root; the first that exists counts. */
export const PROJECT_FILES: readonly string[] = ['modelyard.yaml', 'modelyard.yml'];

/** Whether a folder is a project's root by its own word. */
export function holdsProjectFile(folder: string): boolean {
  return PROJECT_FILES.some((name) => existsSync(path.join(folder, name)));
}

/** The nearest folder from `folder` upwards for which `wanted` holds. */
function nearest(folder: string, wanted: (folder: string) => boolean): string | undefined {
  for (let here = path.resolve(folder); ; here = path.dirname(here)) {
    if (wanted(here)) return here;
    if (path.dirname(here) === here) return undefined;
  }
}

/** The nearest folder from `folder` upwards that holds `modelyard.yaml`. */
export function findMarkedRoot(folder: string): string | undefined {
  return nearest(folder, holdsProjectFile);
}

/** The root of the git work tree that `folder` lies in. In a linked work tree `.git` is a file, which counts too. */
export function findGitRoot(folder: string): string | undefined {
  return nearest(folder, (here) => existsSync(path.join(here, '.git')));
}

/**
 * The root of the project that a file or folder belongs to, as the command line sees it: the nearest ancestor with
 * `modelyard.yaml`, else the git work tree, else `current` when that is an ancestor, else the folder itself.
 */
export function findProjectRoot(start: string, current?: string): string {
  const absolute = path.resolve(start);
  const folder =
    statSync(absolute, { throwIfNoEntry: false })?.isFile() === true ? path.dirname(absolute) : absolute;
  const marked = findMarkedRoot(folder) ?? findGitRoot(folder);
  if (marked !== undefined) return marked;
  if (current === undefined) return folder;
  const above = path.resolve(current);
  return nearest(folder, (here) => here === above) ?? folder;
}

/** The root that somebody names: of the project around it, else that very folder, as an editor's workspace folder is. */
export function namedProjectRoot(folder: string): string {
  return findMarkedRoot(folder) ?? path.resolve(folder);
}
