/** What is known of the models and app packages of all projects: kept in memory, brought up to date when they change. */
import { KnownPackageStore } from '../../../stores/packages/known.js';
import { KnownRegistry } from '../../../stores/registry/known.js';
import type { Log } from '../../guard.js';
import { runSliced } from '../../../base/runs/steps.js';
import { coalesce } from '../../slices.js';

/** A change is several writes, and a run may register many models. */
const QUIET_MS = 50;

class Followed {
  readonly known: KnownRegistry;
  readonly packages: KnownPackageStore;
  readonly look: ReturnType<typeof coalesce>;
  #looking = false;
  #again = false;
  #closed = false;

  /** @param act called after changes were read */
  constructor(root: string, log: Log, act: () => void) {
    this.known = new KnownRegistry(root);
    this.packages = new KnownPackageStore(root);
    this.look = coalesce(() => void this.#refresh(root, log, act), QUIET_MS);
    // Reads what is there beforehand, so that the first completion needn't.
    this.look();
  }

  async #refresh(root: string, log: Log, act: () => void): Promise<void> {
    this.#again = this.#looking;
    if (this.#looking) return;
    this.#looking = true;
    try {
      const models = await runSliced(this.known.refresh());
      const packages = await runSliced(this.packages.refresh());
      if ((models || packages) && !this.#closed) act();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      log.error(`The models or packages of ${root} can't be read: ${why}`);
    } finally {
      this.#looking = false;
    }
    if (this.#again && !this.#closed) this.look();
  }

  close(): void {
    this.#closed = true;
    this.look.cancel();
  }
}

export class Registries {
  readonly #log: Log;
  readonly #changed: (root: string) => void;
  readonly #byRoot = new Map<string, Followed>();

  /** @param changed called with the root of a project whose models or packages are not what they were when somebody asked */
  constructor(log: Log, changed: (root: string) => void) {
    this.#log = log;
    this.#changed = changed;
  }

  /** The registry of the project with that root. */
  of(root: string): KnownRegistry {
    return this.#follow(root).known;
  }

  /** Its app packages. */
  packagesOf(root: string): KnownPackageStore {
    return this.#follow(root).packages;
  }

  #follow(root: string): Followed {
    let followed = this.#byRoot.get(root);
    if (followed === undefined) {
      followed = new Followed(root, this.#log, () => this.#changed(root));
      this.#byRoot.set(root, followed);
    }
    return followed;
  }

  /** The registry or the packages of a project may have changed: looks, in a moment and in slices. */
  look(root: string): void {
    this.#byRoot.get(root)?.look();
  }

  /** Forgets projects that are no more. */
  keep(roots: readonly string[]): void {
    for (const [root, followed] of [...this.#byRoot]) {
      if (roots.includes(root)) continue;
      followed.close();
      this.#byRoot.delete(root);
    }
  }
}
