/**
 * Finding definition files below a folder. A generator that pauses after each folder, so that the command line can run
 * it through at once and the language server can slice it.
 */
import path from 'node:path';
import { NEVER_WALKED } from '../base/never-walked.js';
import type { FileSystem } from './files.js';
import { PROJECT_FILES } from './find-root.js';
import { GitIgnores, type IgnoredBy } from './git-ignore.js';

/** Folders that never hold definitions of ours but may hold very many files. */
const SKIPPED: ReadonlySet<string> = new Set([...NEVER_WALKED, 'dist', 'out']);

/** Deeper folders are not looked into: no project is so deep, and a path has to end somewhere. */
const MAX_DEPTH = 64;

/** A project below the folder that was walked: its root and the files that may be definitions. */
export interface FoundProject {
  /** Absolute. */
  readonly root: string;
  /** Relative to the root, `/` between names, every `.yaml` and `.yml` of it. */
  readonly files: string[];
}

/** Whether a name may be that of a definition: found by name or, later, by content. */
export function mayBeDefinition(name: string): boolean {
  return /\.ya?ml$/i.test(name);
}

/** Whether one of a path's folders (relative, `/`-separated) is one that is never looked into. */
export function isSkipped(relative: string): boolean {
  return relative.split('/').some((name) => SKIPPED.has(name));
}

/**
 * Walks a folder. A folder inside with its own `modelyard.yaml` is a project of its own, and its files belong to it
 * alone. The first project found is that of the folder itself. Links to folders are not followed (they may lead in
 * circles); links to files are, as long as there is a file.
 */
export function* walkProjects(files: FileSystem, folder: string): Generator<void, FoundProject[]> {
  const projects: FoundProject[] = [];
  const ignores = new GitIgnores(files, folder);
  const visit = function* (here: string, outer: FoundProject | undefined, depth: number): Generator<void> {
    const entries = files.readFolder(here);
    const names = new Set(entries.map((entry) => entry.name));
    let project = outer;
    if (project === undefined || PROJECT_FILES.some((name) => names.has(name))) {
      project = { root: here, files: [] };
      projects.push(project);
    }
    const folders: string[] = [];
    for (const { name, kind } of entries) {
      const absolute = path.join(here, name);
      const inside = path.relative(folder, absolute).split(path.sep).join('/');
      if (kind === 'folder') {
        if (!SKIPPED.has(name) && depth < MAX_DEPTH && !ignores.ignores(inside, true)) folders.push(absolute);
      } else if (mayBeDefinition(name) && !ignores.ignores(inside)) {
        if (kind === 'link') {
          const target = files.stat(absolute);
          if (target === undefined || target === 'denied' || target.kind !== 'file') continue;
        } else if (kind !== 'file') continue;
        project.files.push(path.relative(project.root, absolute).split(path.sep).join('/'));
      }
    }
    yield;
    for (const inner of folders) yield* visit(inner, project, depth + 1);
  };
  yield* visit(folder, undefined, 0);
  return projects;
}

/**
 * Whether a walk from the project's root would find a file: for one file that came or changed.
 * @param relative to the root, `/` between names.
 */
export function isListed(files: FileSystem, root: string, relative: string): boolean {
  if (isSkipped(relative) || !mayBeDefinition(relative)) return false;
  return !new GitIgnores(files, root).ignores(relative);
}

/** More entries than this are not looked at to find out what git hides. */
const MAX_HIDDEN_ENTRIES = 50_000;

/** The files that a walk would find if git did not ignore them, and what makes git do so. */
export function hiddenByGit(
  files: FileSystem,
  root: string,
): { readonly path: string; readonly by: IgnoredBy }[] {
  const ignores = new GitIgnores(files, root);
  const found: { readonly path: string; readonly by: IgnoredBy }[] = [];
  const folders = [''];
  let entries = 0;
  for (let here = folders.pop(); here !== undefined; here = folders.pop()) {
    for (const { name, kind } of files.readFolder(path.join(root, here))) {
      if (++entries > MAX_HIDDEN_ENTRIES) return found;
      const inside = here === '' ? name : `${here}/${name}`;
      if (kind === 'folder') {
        if (!SKIPPED.has(name) && inside.split('/').length < MAX_DEPTH) folders.push(inside);
      } else if (mayBeDefinition(name)) {
        const by = ignores.why(inside);
        if (by !== undefined) found.push({ path: inside, by });
      }
    }
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}
