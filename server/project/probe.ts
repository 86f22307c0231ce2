/** What stands at the paths that definitions name, remembered until the disk is said to have changed. */
import path from 'node:path';
import { compileGlob } from '../definition/text/glob.js';
import { secretByName } from '../definition/text/secret-files.js';
import type { Probe } from '../rules/rule.js';
import type { FileSystem } from './files.js';
import { GitIgnores } from './git-ignore.js';

/** More entries than this are not looked at for one glob: then it can't be told. */
const MAX_GLOB_ENTRIES = 5_000;

function isInside(root: string, absolute: string): boolean {
  return absolute === root || absolute.startsWith(root.endsWith(path.sep) ? root : root + path.sep);
}

/**
 * Asks the disk about paths relative to a root and remembers the answers, the real paths of folders too, so that a path
 * costs one `lstat` the first time and nothing after that.
 */
export class Prober {
  readonly #root: string;
  readonly #files: FileSystem;
  readonly #answers = new Map<string, Probe>();
  readonly #globs = new Map<string, boolean | undefined>();
  readonly #secrets = new Map<string, readonly string[] | undefined>();
  readonly #realFolders = new Map<string, string | undefined>();
  #realRoot: string | undefined;

  constructor(root: string, files: FileSystem) {
    this.#root = root;
    this.#files = files;
  }

  /** What stands at a `/`-separated path relative to the root. */
  probe(relative: string): Probe {
    let answer = this.#answers.get(relative);
    if (answer === undefined) {
      answer = this.#look(relative);
      this.#answers.set(relative, answer);
    }
    return answer;
  }

  /** Whether a glob matches a file; `undefined` when looking would take too long. */
  matches(glob: string): boolean | undefined {
    if (!this.#globs.has(glob)) this.#globs.set(glob, this.#search(glob));
    return this.#globs.get(glob);
  }

  /** The files that a glob matches and git does not ignore, and that look like secrets; `undefined` when looking would take too long. */
  secretFiles(glob: string): readonly string[] | undefined {
    if (!this.#secrets.has(glob)) {
      const found: string[] = [];
      const ignores = new GitIgnores(this.#files, this.#root);
      const all = this.#walk(glob, (relative) => {
        if (secretByName(relative) !== undefined && !ignores.ignores(relative)) found.push(relative);
        return false;
      });
      this.#secrets.set(glob, all === undefined ? undefined : found.sort());
    }
    return this.#secrets.get(glob);
  }

  /**
   * The disk changed.
   * @param absolutes where; absent: anywhere.
   * @returns whether any remembered answer was dropped.
   */
  forget(absolutes?: readonly string[]): boolean {
    const had = this.#answers.size + this.#globs.size + this.#secrets.size > 0;
    if (absolutes === undefined || absolutes.length > 200) {
      this.#answers.clear();
      this.#globs.clear();
      this.#secrets.clear();
      this.#realFolders.clear();
      this.#realRoot = undefined;
      return had;
    }
    let dropped =
      this.#globs.size + this.#secrets.size > 0 &&
      absolutes.some((absolute) => isInside(this.#root, absolute));
    if (dropped) {
      this.#globs.clear();
      this.#secrets.clear();
    }
    for (const absolute of absolutes) {
      for (const folder of this.#realFolders.keys()) {
        if (isInside(absolute, folder)) this.#realFolders.delete(folder);
      }
      for (const relative of this.#answers.keys()) {
        const asked = path.join(this.#root, relative);
        // A file that came may have brought its folders along; a folder that went took its files along.
        if (isInside(asked, absolute) || isInside(absolute, asked)) {
          this.#answers.delete(relative);
          dropped = true;
        }
      }
    }
    return dropped;
  }

  #look(relative: string): Probe {
    if (relative.includes('\0')) return 'missing';
    const absolute = path.resolve(this.#root, relative);
    if (!isInside(this.#root, absolute)) return 'outside';
    this.#realRoot ??= this.#files.realPath(this.#root);
    if (this.#realRoot === undefined) return 'unknown';
    if (absolute === this.#root) return 'folder';
    const folder = this.#realFolder(path.dirname(absolute));
    if (folder === undefined) return 'missing';
    if (!isInside(this.#realRoot, folder)) return 'outside';
    const here = this.#files.statLink(absolute);
    if (here === undefined) return 'missing';
    if (here === 'denied') return 'unknown';
    if (here.kind !== 'link') return here.kind === 'folder' ? 'folder' : 'file';
    const target = this.#files.realPath(absolute);
    if (target === undefined) return 'missing';
    if (!isInside(this.#realRoot, target)) return 'outside';
    const stat = this.#files.stat(target);
    if (stat === 'denied') return 'unknown';
    if (stat === undefined) return 'missing';
    return stat.kind === 'folder' ? 'folder' : 'file';
  }

  /** Where a folder really is; of one that isn't there, where its nearest ancestor is, when that is outside. */
  #realFolder(absolute: string): string | undefined {
    if (this.#realFolders.has(absolute)) return this.#realFolders.get(absolute);
    let real = this.#files.realPath(absolute);
    if (real === undefined && isInside(this.#root, path.dirname(absolute))) {
      const parent = this.#realFolder(path.dirname(absolute));
      if (parent !== undefined && this.#realRoot !== undefined && !isInside(this.#realRoot, parent)) {
        real = parent;
      }
    }
    this.#realFolders.set(absolute, real);
    return real;
  }

  #search(glob: string): boolean | undefined {
    return this.#walk(glob, () => true);
  }

  /**
   * Hands every file that a glob matches to `visit`, until that answers true.
   * @returns whether it did; `undefined` when not everything could be looked at.
   */
  #walk(glob: string, visit: (relative: string) => boolean): boolean | undefined {
    const compiled = compileGlob(glob);
    if (!compiled.ok) return undefined;
    const { base, matches } = compiled.glob;
    const start = this.probe(base === '' ? '.' : base);
    if (start === 'missing') return false;
    if (start !== 'folder') return undefined;
    const folders = [path.resolve(this.#root, base)];
    let looked = 0;
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for (const entry of this.#files.readFolder(folder)) {
        if (++looked > MAX_GLOB_ENTRIES) return undefined;
        const absolute = path.join(folder, entry.name);
        if (entry.kind === 'folder') folders.push(absolute);
        // What a link leads to is not searched, so that nothing is known about it.
        else if (entry.kind === 'link') return undefined;
        const relative = path.relative(this.#root, absolute).split(path.sep).join('/');
        if (matches(relative) && visit(relative)) return true;
      }
    }
    return false;
  }
}
