/**
 * Links to folders are followed as `find -L` does: into everything but the folders that one is in already, told by device
 * and inode, so that a circle ends.
 */
import { type Dirent, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { NEVER_WALKED } from '../../base/never-walked.js';
import { compileGlob } from '../../definition/text/glob.js';

/** A folder on the way down, with those above it. */
export class WalkedFolder {
  readonly absolute: string;
  readonly #above: WalkedFolder | undefined;
  /** A link was followed on the way here: a folder below may be one that is above. */
  readonly #linked: boolean;
  #identity: string | undefined;

  constructor(absolute: string, above?: WalkedFolder, linked = false) {
    this.absolute = absolute;
    this.#above = above;
    this.#linked = linked || above?.isLinked === true;
  }

  get isLinked(): boolean {
    return this.#linked;
  }

  /** The folder of that name in it; nothing where it leads back to where the walk came from, or is none. */
  enter(absolute: string, isLink: boolean): WalkedFolder | undefined {
    // Without a link in the way a folder can't hold itself: most walks ask the system nothing.
    if (!isLink && !this.#linked) return new WalkedFolder(absolute, this);
    const identity = identityOf(absolute);
    if (identity === undefined || this.#holds(identity)) return undefined;
    return new WalkedFolder(absolute, this, true);
  }

  #holds(identity: string): boolean {
    this.#identity ??= identityOf(this.absolute) ?? '';
    if (this.#identity === identity) return true;
    return this.#above === undefined ? false : this.#above.#holds(identity);
  }
}

/** Device and inode of a folder, links followed; nothing where there is none. */
function identityOf(folder: string): string | undefined {
  try {
    const stat = statSync(folder, { bigint: true });
    return stat.isDirectory() ? `${stat.dev}:${stat.ino}` : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a link leads to a folder. */
export function leadsToFolder(link: string): boolean {
  return identityOf(link) !== undefined;
}

/** What of it a walk takes. */
export interface GlobWalk {
  /** Folders as `node_modules` are looked into as well. */
  readonly everything?: boolean;
  /** Whether a folder that the glob matches is taken with all that is in it. Default: files only. */
  readonly whole?: (folder: string) => boolean;
  /** What is left out, with all that is in it. What is left of a folder that is taken as a whole is named file by file. */
  readonly out?: (path: string) => boolean;
}

/** A name that only a glob matches that takes everything below a folder. */
const ANY_NAME = 'a\u0001b';

/**
 * Files that a glob matches, relative to the root, sorted. A link to a folder that the glob matches itself is one of them:
 * who reads it reads what is in there.
 *
 * @throws where the glob is one that can't be matched
 */
export function expandGlob(root: string, source: string, walk: GlobWalk = {}): string[] {
  const compiled = compileGlob(source);
  if (!compiled.ok) throw new Error(compiled.message);
  const { base, matches, mayMatchIn } = compiled.glob;
  const { out, whole } = walk;
  // A folder that nobody means is looked into where the glob names it.
  const skipped = new Set(
    walk.everything === true ? [] : [...NEVER_WALKED].filter((name) => !source.split('/').includes(name)),
  );
  const found: string[] = [];
  /** `all`: everything in the folder is meant. */
  const folders = [{ relative: base, folder: new WalkedFolder(path.join(root, base)), all: false }];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    const { folder, all } = next;
    for (const entry of entriesOf(folder.absolute)) {
      const relative = next.relative === '' ? entry.name : `${next.relative}/${entry.name}`;
      if (out?.(relative) === true) continue;
      const absolute = `${folder.absolute}/${entry.name}`;
      const isReal = entry.isDirectory();
      const isFolder = isReal || (entry.isSymbolicLink() && leadsToFolder(absolute));
      const meant = all || matches(relative);
      if (!isFolder) {
        if (meant) found.push(relative);
        continue;
      }
      const isWhole =
        meant &&
        (!isReal ||
          (!skipped.has(entry.name) && whole?.(relative) === true && !matches(`${relative}/${ANY_NAME}`)));
      if (isWhole && out === undefined) found.push(relative);
      else if (all || isWhole || (!skipped.has(entry.name) && mayMatchIn(relative))) {
        const entered = folder.enter(absolute, !isReal);
        if (entered !== undefined) folders.push({ relative, folder: entered, all: all || isWhole });
      }
    }
  }
  return found.sort();
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
