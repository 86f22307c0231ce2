/**
 * Finding definition files below a folder. A generator that pauses after each folder, so that the command line can run
 * it through at once and the language server can slice it.
 */
import path from 'node:path';
import ignore from 'ignore';
import type { Ignore } from 'ignore';
import type { FileSystem } from './files.js';
import { PROJECT_FILES, findGitRoot } from './find-root.js';

/** Folders that never hold definitions of ours but may hold very many files. */
const SKIPPED = new Set([
  'node_modules',
  '.git',
  '.hg',
  '.svn',
  '.modelyard',
  '.venv',
  'venv',
  '__pycache__',
  'dist',
  'out',
]);

/** Deeper folders are not looked into: no project is so deep, and a path has to end somewhere. */
const MAX_DEPTH = 64;

interface Matcher {
  /** The absolute folder that the patterns are relative to. */
  readonly base: string;
  readonly patterns: Ignore;
}

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

function matcherOf(files: FileSystem, base: string): Matcher | undefined {
  const read = files.readText(path.join(base, '.gitignore'));
  if (!read.ok) return undefined;
  return { base, patterns: ignore().add(read.text) };
}

/** The `.gitignore` files above a folder that git would honour in it, the outermost first. */
function inherited(files: FileSystem, folder: string): Matcher[] {
  const top = findGitRoot(folder);
  const found: Matcher[] = [];
  if (top === undefined) return found;
  for (let here = folder; here !== top;) {
    here = path.dirname(here);
    const matcher = matcherOf(files, here);
    if (matcher) found.unshift(matcher);
  }
  return found;
}

/** As git decides: the innermost `.gitignore` with an opinion wins. */
function isIgnored(matchers: readonly Matcher[], absolute: string, folder: boolean): boolean {
  for (const { base, patterns } of matchers.toReversed()) {
    const relative = path.relative(base, absolute).split(path.sep).join('/');
    const result = patterns.test(folder ? `${relative}/` : relative);
    if (result.ignored) return true;
    if (result.unignored) return false;
  }
  return false;
}

/**
 * Walks a folder. A folder inside with its own `modelyard.yaml` is a project of its own, and its files belong to it
 * alone. The first project found is that of the folder itself. Links to folders are not followed (they may lead in
 * circles); links to files are, as long as there is a file.
 */
export function* walkProjects(files: FileSystem, folder: string): Generator<void, FoundProject[]> {
  const projects: FoundProject[] = [];
  const visit = function* (
    here: string,
    outer: FoundProject | undefined,
    above: readonly Matcher[],
    depth: number,
  ): Generator<void> {
    const entries = files.readFolder(here);
    const names = new Set(entries.map((entry) => entry.name));
    let project = outer;
    if (project === undefined || PROJECT_FILES.some((name) => names.has(name))) {
      project = { root: here, files: [] };
      projects.push(project);
    }
    const own = names.has('.gitignore') ? matcherOf(files, here) : undefined;
    const matchers = own ? [...above, own] : above;
    const folders: string[] = [];
    for (const { name, kind } of entries) {
      const absolute = path.join(here, name);
      if (kind === 'folder') {
        if (!SKIPPED.has(name) && depth < MAX_DEPTH && !isIgnored(matchers, absolute, true))
          folders.push(absolute);
      } else if (mayBeDefinition(name) && !isIgnored(matchers, absolute, false)) {
        if (kind === 'link') {
          const target = files.stat(absolute);
          if (target === undefined || target === 'denied' || target.kind !== 'file') continue;
        } else if (kind !== 'file') continue;
        project.files.push(path.relative(project.root, absolute).split(path.sep).join('/'));
      }
    }
    yield;
    for (const inner of folders) yield* visit(inner, project, matchers, depth + 1);
  };
  yield* visit(folder, undefined, inherited(files, folder), 0);
  return projects;
}

/**
 * Whether git ignores a file of a project, as its `.gitignore` files say. For many files of one project: what was read
 * is remembered.
 */
export class GitIgnores {
  readonly #files: FileSystem;
  readonly #root: string;
  readonly #above: readonly Matcher[];
  readonly #own = new Map<string, Matcher | undefined>();
  readonly #ignored = new Map<string, boolean>();

  /** @param root absolute */
  constructor(files: FileSystem, root: string) {
    this.#files = files;
    this.#root = root;
    this.#above = inherited(files, root);
  }

  /** @param relative to the root, `/` between names */
  ignores(relative: string): boolean {
    return this.#isIgnored(relative, false);
  }

  #isIgnored(relative: string, folder: boolean): boolean {
    const known = this.#ignored.get(relative);
    if (known !== undefined) return known;
    const slash = relative.lastIndexOf('/');
    const parent = slash === -1 ? '' : relative.slice(0, slash);
    const ignored =
      (parent !== '' && this.#isIgnored(parent, true)) ||
      isIgnored(this.#matchers(parent), path.join(this.#root, relative), folder);
    if (folder) this.#ignored.set(relative, ignored);
    return ignored;
  }

  #matchers(folder: string): readonly Matcher[] {
    const names = folder === '' ? [] : folder.split('/');
    const folders = names.map((_, at) => names.slice(0, at + 1).join('/'));
    return [...this.#above, ...['', ...folders].flatMap((one) => this.#matcher(one) ?? [])];
  }

  #matcher(folder: string): Matcher | undefined {
    if (!this.#own.has(folder)) this.#own.set(folder, matcherOf(this.#files, path.join(this.#root, folder)));
    return this.#own.get(folder);
  }
}

/**
 * Whether a walk from the project's root would find a file: for one file that came or changed.
 * @param relative to the root, `/` between names.
 */
export function isListed(files: FileSystem, root: string, relative: string): boolean {
  if (isSkipped(relative) || !mayBeDefinition(relative)) return false;
  return !new GitIgnores(files, root).ignores(relative);
}

/** Runs a generator to its end and gives what it returns. */
export function runThrough<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
