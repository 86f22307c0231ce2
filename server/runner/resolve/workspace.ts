/** The project's files as tasks name them: kept inside the project, globs expanded, contents hashed. */
import { lstatSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { Instance } from '../../definition/graph/graph.js';
import { globOf } from '../../definition/text/glob.js';
import {
  escapeGlob,
  foldersOf,
  isOutside,
  isWithin,
  normalizePath,
  windowsNameProblem,
} from '../../definition/text/paths.js';
import { expandGlob } from '../../stores/content/linked-folders.js';
import type { FileRecord } from '../../stores/runs/document.js';
import type { HashIndex } from '../../stores/content/hash-index.js';
import { hashOf } from '../../stores/content/hash.js';
import { statOf } from '../../stores/disk/folder.js';

export type Checked =
  { readonly ok: true; readonly path: string } | { readonly ok: false; readonly message: string };

export interface TaskInputPath {
  readonly path: string;
  readonly glob: boolean;
  /** Globs and paths of what is left out of it. */
  readonly exclude: readonly ExcludedPath[];
  /** It may be missing, or match nothing. */
  readonly optional: boolean;
  /** Nobody says so: the last execution was seen to read it. */
  readonly seen?: true;
  /** Where the task itself puts something out: no folder there is one that its globs mean. */
  readonly own?: readonly string[];
}

export interface ExcludedPath {
  readonly path: string;
  readonly glob: boolean;
}

/** What an input came to: its files with their hashes, or why not. */
export type ReadInput =
  | { readonly ok: true; readonly records: readonly FileRecord[] }
  | { readonly ok: false; readonly reason: 'missing' | 'unreadable' | 'unknown'; readonly message: string };

/** How a path's content is asked for: read, or only looked up. */
export type Reader = (path: string) => ReadInput | Promise<ReadInput>;

/** Reading more than this only to show a plan is not worth it. */
export const PLAN_BYTES = 64 * 1024 * 1024;

export class Workspace {
  readonly root: string;
  readonly hashes: HashIndex;
  /** Where tasks of the pipeline put something out. */
  outputs: readonly string[] = [];
  readonly #realFolders = new Map<string, string | undefined>();
  readonly #absent = new Map<string, string | undefined>();
  readonly #realParents = new Map<string, string>();
  #realRoot: string | undefined;

  /** @param root absolute */
  constructor(root: string, hashes: HashIndex) {
    this.root = root;
    this.hashes = hashes;
  }

  /** @param relative in its normal form; joined by hand, because `path.join` normalises again, at ten times the cost */
  absolute(relative: string): string {
    return relative === '.' ? this.root : `${this.root}/${relative}`;
  }

  /**
   * A path of a definition in its normal form, if it stays in the project when links are followed.
   * @param what for the message: `input`, `output`, …
   */
  check(given: string, what: string): Checked {
    const bad = (why: string): Checked => ({ ok: false, message: `${what} "${given}" ${why}` });
    if (given.trim() === '') {
      return { ok: false, message: `${/^[aeiou]/.test(what) ? 'an' : 'a'} ${what} has an empty path` };
    }
    if (given.includes('\0')) return bad('holds a NUL character');
    if (path.isAbsolute(given)) return bad('is absolute: paths are relative to the project');
    const normal = normalizePath(given);
    if (isOutside(normal)) return bad('leaves the project');
    const problem =
      process.platform === 'win32' ? windowsNameProblem(normal.replace(/[*?]/g, 'x')) : undefined;
    if (problem !== undefined) return bad(`is no path on Windows: ${problem}`);
    this.#realRoot ??= realpathSync.native(this.root);
    const slash = normal.lastIndexOf('/');
    if (slash < 0) return { ok: true, path: normal };
    const real = this.#realFolder(this.absolute(normal.slice(0, slash)));
    if (real !== undefined && !isInside(this.#realRoot, real)) return bad('leaves the project by a link');
    return { ok: true, path: normal };
  }

  /** Where a path leads when the folders above it are followed; itself where it is a link. Absolute. */
  realPath(relative: string): string {
    const absolute = this.absolute(relative);
    const folder = path.dirname(absolute);
    let above = this.#realParents.get(folder);
    if (above === undefined) {
      above = realOf(folder);
      this.#realParents.set(folder, above);
    }
    return path.join(above, path.basename(absolute));
  }

  /** Where a folder, or what there is of it, really lies. */
  #realFolder(folder: string): string | undefined {
    if (this.#realFolders.has(folder)) return this.#realFolders.get(folder);
    if (this.#absent.has(folder)) return this.#absent.get(folder);
    let real: string | undefined;
    try {
      real = realpathSync.native(folder);
    } catch {
      real = folder === path.dirname(folder) ? undefined : this.#realFolder(path.dirname(folder));
      // A task may make the folder, or a link, later: remembered for this turn, in which thousands of paths are asked for.
      if (this.#absent.size === 0) setImmediate(() => this.#absent.clear()).unref();
      this.#absent.set(folder, real);
      return real;
    }
    this.#realFolders.set(folder, real);
    return real;
  }

  /**
   * Files that a glob matches, relative to the project, sorted.
   * @throws when the glob is one that can't be matched
   */
  expand(glob: string): string[] {
    return expandGlob(this.root, glob);
  }

  /**
   * What an input comes to: paths to be read. None where it is a glob that matches nothing, or all is left out. A folder that
   * a glob matches is read as a whole, but for one that tasks write into: it holds what is made later, too.
   */
  pathsOf({ path: given, glob, exclude, own = [] }: Omit<TaskInputPath, 'optional'>): string[] {
    const whole = (folder: string): boolean =>
      !own.some((one) => isWithin(folder, one)) &&
      !this.outputs.some((one) => one !== folder && isWithin(one, folder));
    if (exclude.length === 0) return glob ? expandGlob(this.root, given, { whole }) : [given];
    const tests = exclude.map((one) =>
      one.glob ? globOf(one.path).matches : (path: string) => path === one.path,
    );
    const out = (path: string): boolean =>
      [path, ...foldersOf(path)].some((one) => tests.some((test) => test(one)));
    if (glob) return expandGlob(this.root, given, { whole, out });
    if (statOf(this.absolute(given))?.isDirectory() !== true) return out(given) ? [] : [given];
    const everything = given === '.' ? '**' : `${escapeGlob(given)}/**`;
    return expandGlob(this.root, everything, { everything: true, out });
  }

  /** Whether a glob, which takes files as an output, matches a folder. */
  matchesFolder(glob: string): boolean {
    const all = expandGlob(this.root, glob, { whole: () => true });
    return all.some((one) => statOf(this.absolute(one))?.isDirectory() === true);
  }

  /** Hash and size of a file or folder as it is now. Large files are read with others getting a turn. */
  async read(relative: string, signal?: AbortSignal): Promise<ReadInput> {
    return this.#toInput(relative, await this.hashes.hashAsync(this.absolute(relative), signal));
  }

  /** The same, blocking: for what is small or has been read before. */
  readNow(relative: string): ReadInput {
    return this.#toInput(relative, this.hashes.hash(this.absolute(relative)));
  }

  /** The same for a plan: what would take long to read is unknown. */
  peek(relative: string): ReadInput {
    const bytes = this.hashes.unknownBytes(this.absolute(relative));
    if (bytes > PLAN_BYTES) {
      const message = `${relative} is large and was not read yet`;
      return { ok: false, reason: 'unknown', message };
    }
    return this.readNow(relative);
  }

  #toInput(relative: string, hashed: ReturnType<HashIndex['hash']>): ReadInput {
    if (hashed.ok) {
      const { hash, bytes } = hashed;
      const files = hashed.kind === 'folder' ? { files: hashed.files } : {};
      return { ok: true, records: [{ path: relative, hash, bytes, ...files }] };
    }
    return hashed.reason === 'missing'
      ? { ok: false, reason: 'missing', message: `${relative} does not exist` }
      : { ok: false, reason: 'unreadable', message: hashed.message };
  }

  exists(relative: string): boolean {
    return lstatSync(this.absolute(relative), { throwIfNoEntry: false }) !== undefined;
  }

  /** For `hashFiles(…)`: one hash over the names and contents of all files that match; empty when none does. */
  hashFiles(globs: readonly string[]): string {
    // What is there under that very name is meant, whatever characters it has: names come from expressions, too.
    const files = new Set(globs.flatMap((glob) => (this.exists(glob) ? [glob] : this.expand(glob))));
    if (files.size === 0) return '';
    const lines = [...files].sort().map((file) => {
      const read = this.readNow(file);
      if (!read.ok) throw new Error(read.message);
      return `${read.records[0]?.hash ?? ''} ${file}\n`;
    });
    return hashOf(lines.join('')).slice('sha256:'.length);
  }
}

/** Paths of outputs, and for globs the folder that they match in. */
export function outputPlaces({ outputs }: Pick<Instance, 'outputs'>): string[] {
  return outputs.flatMap(({ path, glob }) => (path === undefined ? [] : [glob ? globOf(path).base : path]));
}

/** Of what is not there the nearest folder that is, and the rest as it is written. */
function realOf(folder: string): string {
  try {
    return realpathSync.native(folder);
  } catch {
    const above = path.dirname(folder);
    return above === folder ? folder : path.join(realOf(above), path.basename(folder));
  }
}

function isInside(root: string, absolute: string): boolean {
  return absolute === root || absolute.startsWith(root.endsWith(path.sep) ? root : root + path.sep);
}
