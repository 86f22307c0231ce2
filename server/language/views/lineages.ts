/** The lineage of each project, kept so that its index is read once. */
import { lineageSources } from '../../serving/lineage-sources.js';
import { Lineage } from '../../stores/lineage/lineage.js';
import type { Histories } from './runs/history.js';
import { registryOf } from './models/registry-of.js';

export class Lineages {
  readonly #histories: Histories;
  readonly #byRoot = new Map<string, Lineage>();

  constructor(histories: Histories) {
    this.#histories = histories;
  }

  of(root: string): Lineage {
    let lineage = this.#byRoot.get(root);
    if (lineage === undefined) {
      lineage = new Lineage(this.#histories.of(root).store, registryOf(root), lineageSources(root));
      this.#byRoot.set(root, lineage);
    }
    return lineage;
  }

  /** Forgets projects that are no more. */
  keep(roots: readonly string[]): void {
    for (const root of [...this.#byRoot.keys()]) if (!roots.includes(root)) this.#byRoot.delete(root);
  }
}
