/** The packages as the language service sees them: read when they are asked for, and remembered until `refresh`. */
import type { KnownPackage, KnownPackages } from '../../definition/known/packages.js';
import { checkServingName } from '../../definition/names/package-names.js';
import { fileStamp } from '../disk/folder.js';
import { PackageStore } from './store.js';

interface Kept {
  readonly stamp: string;
  readonly known: KnownPackage | undefined;
}

export class KnownPackageStore implements KnownPackages {
  readonly #store: PackageStore;
  readonly #kept = new Map<string, Kept>();
  #names: readonly string[] | undefined;

  /** @param root absolute, of the project */
  constructor(root: string) {
    this.#store = PackageStore.open(root);
  }

  names(): readonly string[] {
    return (this.#names ??= this.#readNames());
  }

  package(name: string): KnownPackage | undefined {
    let kept = this.#kept.get(name);
    if (kept === undefined) {
      kept = this.#read(name);
      this.#kept.set(name, kept);
    }
    return kept.known;
  }

  /**
   * Looks which packages have come, changed or gone. A generator that pauses after each, so that it can be run in slices.
   * @returns whether an answer is another one now
   */
  *refresh(): Generator<void, boolean> {
    let changed = false;
    for (const [name, kept] of [...this.#kept]) {
      if (this.#stamp(name) !== kept.stamp) {
        this.#kept.set(name, this.#read(name));
        changed = true;
      }
      yield;
    }
    const before = this.#names;
    if (before === undefined) return changed;
    const names = this.#readNames();
    if (names.join('\n') === before.join('\n')) return changed;
    this.#names = names;
    return true;
  }

  #readNames(): readonly string[] {
    try {
      return this.#store.names().filter((name) => {
        return this.package(name)?.versions.some(({ deleted }) => deleted === undefined) === true;
      });
    } catch {
      // Not to be read is not known.
      return [];
    }
  }

  #read(name: string): Kept {
    if (!checkServingName(name, 'package').ok) return { stamp: '', known: undefined };
    // Taken before the reading: what changes meanwhile is seen the next time.
    const stamp = this.#stamp(name);
    const found = this.#store.package(name);
    return { stamp, known: found.ok ? found.package : undefined };
  }

  /** Of the journal, which every change appends to. */
  #stamp(name: string): string {
    if (!checkServingName(name, 'package').ok) return '';
    return fileStamp(this.#store.historyPath(name));
  }
}
