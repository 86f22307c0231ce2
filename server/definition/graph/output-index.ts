/** Outputs by path: who makes a file, what lies in a folder, what a glob matches, and which outputs are in each other's way. */
import type { DuplicateOutput, Instance, NestedOutput, OutputPlace, ResolvedOutput } from './types.js';
import { globOf, globsMeet } from '../text/glob.js';
import { folderOf, foldersOf, isWithin } from '../text/paths.js';

export interface FoundOutput {
  readonly path: string;
  readonly instance: Instance;
  readonly output: ResolvedOutput;
}

export class OutputIndex {
  private readonly byPath = new Map<string, FoundOutput[]>();
  private readonly globs: FoundOutput[] = [];
  /** Folders that an output lies in. */
  private readonly folders = new Set<string>();
  /** Of a folder: the outputs that are it or hold it. */
  private readonly holders = new Map<string, readonly FoundOutput[]>();
  /** Paths with a `/` at their end, sorted: what lies in a folder stands together behind it. */
  private sorted: readonly string[] | undefined;
  /** What was found for a glob: tasks that read the same files name the same one. */
  private readonly matched = new Map<string, readonly FoundOutput[]>();

  constructor(instances: readonly Instance[]) {
    for (const instance of instances) {
      for (const output of instance.outputs) {
        if (output.path === undefined) continue;
        const found = { path: output.path, instance, output };
        if (output.glob) this.globs.push(found);
        const list = this.byPath.get(output.path);
        if (list !== undefined) list.push(found);
        else {
          this.byPath.set(output.path, [found]);
          this.addFolders(output.path);
        }
      }
    }
  }

  /** Outputs that are this path, hold it, or lie in it. */
  touching(path: string): readonly FoundOutput[] {
    const found = this.touchingPaths(path);
    const globs = this.globs.filter((one) => {
      if (one.path === path) return false;
      const glob = globOf(one.path);
      return (
        [path, ...foldersOf(path)].some(glob.matches) || isWithin(glob.base, path) || glob.mayMatchIn(path)
      );
    });
    return globs.length === 0 ? found : [...found, ...globs];
  }

  private touchingPaths(path: string): readonly FoundOutput[] {
    const own = this.byPath.get(path) ?? NONE;
    const above = this.holding(folderOf(path));
    // Thousands of paths are asked for, and nearly all of them are one output and nothing else.
    if (above.length === 0 && path !== '.' && !this.folders.has(path)) return own;
    const found = [...own, ...above];
    for (const inner of this.below(path)) found.push(...(this.byPath.get(inner) ?? NONE));
    return found;
  }

  /** Outputs that a glob matches, and folders and globs that may hold such files. */
  matching(glob: string): readonly FoundOutput[] {
    let found = this.matched.get(glob);
    if (found === undefined) {
      const globs = this.globs.filter((one) => globsMeet(one.path, glob));
      found = [...this.matchingPaths(glob).filter((one) => !one.output.glob), ...globs];
      this.matched.set(glob, found);
    }
    return found;
  }

  private matchingPaths(glob: string): FoundOutput[] {
    const compiled = globOf(glob);
    const found: FoundOutput[] = [];
    const folder = compiled.base === '' ? '.' : compiled.base;
    if (folder !== '.') {
      found.push(...this.holding(folder));
    }
    for (const path of this.below(folder)) {
      if (compiled.matches(path) || (mayBeFolder(path) && compiled.mayMatchIn(path)))
        found.push(...(this.byPath.get(path) ?? NONE));
    }
    return found;
  }

  duplicates(): DuplicateOutput[] {
    const duplicates: DuplicateOutput[] = [];
    for (const [path, found] of this.byPath) {
      if (found.length < 2) continue;
      const places = distinct(found);
      if (places.length > 1) duplicates.push({ path, places: places.map(placeOf) });
    }
    return [...duplicates, ...this.takenByGlobs()];
  }

  /** Files of one task that a glob of another one matches: it would take them for its own. */
  private takenByGlobs(): DuplicateOutput[] {
    const matched: DuplicateOutput[] = [];
    const told = new Set<string>();
    for (const glob of this.globs) {
      for (const found of this.matchingPaths(glob.path)) {
        const { task } = found.instance;
        const key = `${task.name}\0${glob.instance.task.name}\0${found.path}`;
        if (task === glob.instance.task || found.output.glob || told.has(key)) continue;
        if (!globOf(glob.path).matches(found.path)) continue;
        told.add(key);
        matched.push({ path: found.path, places: [placeOf(found), placeOf(glob)] });
      }
    }
    return matched;
  }

  nested(): NestedOutput[] {
    const nested: NestedOutput[] = [];
    for (const [path, found] of this.byPath) {
      if (this.holding(folderOf(path)).length === 0) continue;
      for (const folder of foldersOf(path)) {
        const outer = this.byPath.get(folder)?.[0];
        const inner = found[0];
        if (outer !== undefined && inner !== undefined)
          nested.push({ outer: placeOf(outer), inner: placeOf(inner) });
      }
    }
    return nested;
  }

  private addFolders(path: string): void {
    for (let folder = folderOf(path); folder !== '' && !this.folders.has(folder); folder = folderOf(folder))
      this.folders.add(folder);
  }

  /** Outputs that are this folder or hold it, the nearest first; none for the project itself (`''`). */
  private holding(folder: string): readonly FoundOutput[] {
    if (folder === '') return NONE;
    let found = this.holders.get(folder);
    if (found === undefined) {
      const own = this.byPath.get(folder) ?? NONE;
      const above = this.holding(folderOf(folder));
      found = above.length === 0 ? own : [...own, ...above];
      this.holders.set(folder, found);
    }
    return found;
  }

  private below(folder: string): readonly string[] {
    this.sorted ??= [...this.byPath.keys()].map((path) => `${path}/`).sort();
    const { sorted } = this;
    const all = folder === '.';
    const prefix = all ? '' : `${folder}/`;
    let low = 0;
    for (let high = sorted.length; low < high;) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] ?? '') <= prefix) low = middle + 1;
      else high = middle;
    }
    const found: string[] = [];
    for (let path = sorted[low]; path?.startsWith(prefix) === true; path = sorted[++low]) {
      if (!all || !/^(\.{1,2})?\//.test(path)) found.push(path.slice(0, -1));
    }
    return found;
  }
}

const NONE: readonly FoundOutput[] = [];

/**
 * One place per declaration, and two of one declaration when several cells write it. A file that one task names as output
 * and as metrics or plot is one file.
 */
function distinct(found: readonly FoundOutput[]): FoundOutput[] {
  const result: FoundOutput[] = [];
  for (const one of found) {
    const sameRun = result.some(
      (other) => other.instance === one.instance && other.output.role !== one.output.role,
    );
    const told = result.filter((other) => other.output.text === one.output.text).length;
    if (!sameRun && told < (result.length === told ? 2 : 1)) result.push(one);
  }
  return result;
}

function placeOf(found: FoundOutput): OutputPlace {
  return {
    instance: found.instance.id,
    task: found.instance.task.name,
    path: found.path,
    span: found.output.text.span,
  };
}

/** An output without an extension may be a folder. */
function mayBeFolder(path: string): boolean {
  return !/.\.[A-Za-z0-9]+$/.test(path.slice(path.lastIndexOf('/') + 1));
}
