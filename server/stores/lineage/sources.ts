/** What lineage is told by the parts of Modelyard that it does not know: deployment and the feature store. */
import type { RunReference } from '../registry/types.js';
import type { ContentHash } from '../runs/document.js';

/** What lineage has to know of a release. */
export interface LineageRelease {
  /** Unique in its environment. */
  readonly id: string;
  readonly environment: string;
  readonly package: { readonly name: string; readonly version: string };
  readonly model?: { readonly name: string; readonly version: string };
  /** That deployed it. */
  readonly run?: RunReference;
}

export interface LineageService {
  /** Unique in its environment. */
  readonly name: string;
  readonly environment: string;
  /** Ids of those that have its traffic or are made ready for it. */
  readonly releases: readonly string[];
}

interface Content {
  /** Relative to the project. */
  readonly path: string;
  readonly hash: ContentHash;
}

/** A version of a feature view. */
export interface LineageViewVersion {
  readonly view: string;
  readonly version: number;
  /** The files that it was computed from. */
  readonly sources: readonly Content[];
}

export interface LineageTrainingSet extends Content {
  readonly labels: Content;
  /** That its features were taken from. */
  readonly views: readonly { readonly view: string; readonly version: number }[];
}

/** The feature store at one moment. */
export interface LineageFeatures {
  /** A version that is there still. */
  view(view: string, version: number): LineageViewVersion | undefined;
  viewsFrom(source: ContentHash): readonly LineageViewVersion[];
  trainingSet(hash: ContentHash): LineageTrainingSet | undefined;
  trainingSetsWith(view: string, version: number): readonly LineageTrainingSet[];
  /** Contents that lay under a path when a view was computed from it, or a training set made from it or there. */
  contentsOf(path: string): readonly ContentHash[];
  /** Training sets for these labels. */
  trainingSetsOf(labels: ContentHash): readonly LineageTrainingSet[];
}

/** What other parts of Modelyard tell lineage, which does not know them. */
export interface LineageSources {
  /** Every release that there is now. Absent: nothing is known of releases. */
  readonly releases?: () => readonly LineageRelease[];
  readonly services?: () => readonly LineageService[];
  /** Asked once for each walk. */
  readonly features?: () => LineageFeatures;
}
