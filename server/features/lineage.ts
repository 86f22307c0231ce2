/** The feature store as lineage asks for it. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { LineageFeatures, LineageTrainingSet, LineageViewVersion } from '../stores/lineage/sources.js';
import type { ContentHash } from '../stores/runs/document.js';
import { FeatureStore } from './store.js';
import { readTrainingSet } from './training/document.js';

/**
 * Versions and training sets never change once they are there, so each is read once; which ones there are is looked at
 * anew for each walk.
 */
export class FeatureLineage {
  readonly #store: FeatureStore;
  readonly #views = new Map<string, LineageViewVersion>();
  readonly #sets = new Map<ContentHash, LineageTrainingSet>();

  /** @param root absolute, of the project. Nothing is read yet. */
  constructor(root: string) {
    this.#store = new FeatureStore(root);
  }

  /** What there is now; looked at when it is first asked for. */
  now(): LineageFeatures {
    let views: readonly LineageViewVersion[] | undefined;
    let names: ReadonlySet<ContentHash> | undefined;
    let sets: readonly LineageTrainingSet[] | undefined;
    const allViews = (): readonly LineageViewVersion[] =>
      (views ??= this.#store
        .views()
        .flatMap((view) =>
          this.#store.versions(view).flatMap((version) => this.#version(view, version) ?? []),
        ));
    const allNames = (): ReadonlySet<ContentHash> => (names ??= this.#names());
    const allSets = (): readonly LineageTrainingSet[] =>
      (sets ??= [...allNames()].flatMap((hash) => this.#set(hash) ?? []));
    return {
      view: (view, version) => this.#version(view, version),
      viewsFrom: (source) => allViews().filter(({ sources }) => sources.some(({ hash }) => hash === source)),
      trainingSet: (hash) => (allNames().has(hash) ? this.#set(hash) : undefined),
      trainingSetsWith: (view, version) =>
        allSets().filter((set) => set.views.some((one) => one.view === view && one.version === version)),
      contentsOf: (file) =>
        [
          ...allViews().flatMap(({ sources }) => sources),
          ...allSets().flatMap((set) => [set, set.labels]),
        ].flatMap((one) => (one.path === file ? [one.hash] : [])),
      trainingSetsOf: (labels) => allSets().filter((set) => set.labels.hash === labels),
    };
  }

  #version(view: string, version: number): LineageViewVersion | undefined {
    const key = `${view}@${version}`;
    let known = this.#views.get(key);
    if (known === undefined) {
      const loaded = this.#store.manifest(view, version);
      if (loaded.state !== 'ok') return undefined;
      known = { view, version, sources: loaded.value.sources };
      this.#views.set(key, known);
    }
    return known;
  }

  #set(hash: ContentHash): LineageTrainingSet | undefined {
    let known = this.#sets.get(hash);
    if (known === undefined) {
      const loaded = readTrainingSet(this.#store.folder, hash);
      if (loaded.state !== 'ok') return undefined;
      const { path: file, labels, views } = loaded.value;
      known = { path: file, hash, labels, views };
      this.#sets.set(hash, known);
    }
    return known;
  }

  #names(): ReadonlySet<ContentHash> {
    try {
      const names = readdirSync(path.join(this.#store.folder, 'training-sets'));
      return new Set(
        names.flatMap((name) => (/^[0-9a-f]{64}\.json$/.test(name) ? [`sha256:${name.slice(0, 64)}`] : [])),
      );
    } catch {
      return new Set();
    }
  }
}
