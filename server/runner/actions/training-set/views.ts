/** The feature store as a run sees it: what the project's files define, and which versions there are. */
import { defined } from '../../../base/defined.js';
import type { FeaturesDefinition } from '../../../definition/read/analyze.js';
import { FeatureStore } from '../../../features/store.js';
import { type ChosenView, type Chosen, chooseFeatures } from '../../../features/training/choose.js';
import type { FingerprintPart } from '../../../stores/runs/document.js';
import type { TrainingSetTask } from './resolve.js';

export class FeatureViews {
  readonly store: FeatureStore;
  /** Every feature file of the project. */
  readonly files: readonly FeaturesDefinition[];
  readonly #chosen = new Map<string, Chosen<readonly ChosenView[]>>();

  /** @param root absolute, of the project. Nothing is read yet. */
  constructor(root: string, files: readonly FeaturesDefinition[]) {
    this.files = files;
    this.store = new FeatureStore(root);
  }

  /** The features of a training set, in the versions that are current now; `chosen` gives the same ones later. */
  choose(task: string, { service, features }: TrainingSetTask): Chosen<readonly ChosenView[]> {
    const chosen = chooseFeatures(this.files, this.store, {
      ...defined({ service }),
      features,
    });
    this.#chosen.set(task, chosen);
    return chosen;
  }

  /** What the fingerprint of the task was made with. */
  chosen(task: string): Chosen<readonly ChosenView[]> | undefined {
    return this.#chosen.get(task);
  }

  /** What of the feature store decides the content of a training set. */
  versionParts(views: readonly ChosenView[]): FingerprintPart[] {
    return views.flatMap(({ view, manifest, features }) => [
      { kind: 'features', name: `view ${view.name}`, value: `${manifest.version} ${manifest.hash}` },
      {
        kind: 'features',
        name: `features of ${view.name}`,
        value: JSON.stringify([features.map(({ name }) => name), view.ttlMs ?? null]),
      },
    ]);
  }
}
