/** The words of lineage: what is in its graph, and what can be asked about. */
import type { ContentHash } from '../runs/document.js';

/** `data`: nobody here made it. `training-set`: made by a task of that kind. */
export type LineageNode =
  | {
      readonly kind: 'data' | 'artifact' | 'training-set';
      readonly id: string;
      readonly path: string;
      readonly hash: ContentHash;
    }
  | {
      readonly kind: 'task';
      readonly id: string;
      readonly run: string;
      readonly pipeline: string;
      readonly task: string;
      readonly action: string;
    }
  /** A version of a feature view. */
  | { readonly kind: 'view'; readonly id: string; readonly view: string; readonly version: number }
  | { readonly kind: 'version'; readonly id: string; readonly model: string; readonly version: string }
  | {
      readonly kind: 'package';
      readonly id: string;
      readonly package: string;
      readonly version: string;
      /** The run that made it. */
      readonly run?: string;
    }
  | {
      readonly kind: 'release';
      readonly id: string;
      readonly environment: string;
      readonly release: string;
      /** The app in it, and the run that made that one. */
      readonly package: { readonly name: string; readonly version: string; readonly run?: string };
      readonly model?: { readonly name: string; readonly version: string };
      /** The run that deployed it. */
      readonly run?: string;
    }
  | {
      readonly kind: 'service';
      readonly id: string;
      readonly environment: string;
      readonly service: string;
    };

/** `to` was made from, or with, `from`. */
export interface LineageEdge {
  readonly from: string;
  readonly to: string;
}

export interface LineageGraph {
  /** The one that was asked for first, then by distance. */
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly LineageEdge[];
  /** Of everything that was found, also of what is left out because there is too much. */
  readonly counts: Readonly<Record<LineageNode['kind'], number>>;
  readonly truncated: boolean;
}

export type LineageTarget =
  | { readonly kind: 'version'; readonly model: string; /** Number or alias. */ readonly version: string }
  | { readonly kind: 'task'; readonly run: string; /** Absent: all of the run. */ readonly task?: string }
  | { readonly kind: 'package'; readonly package: string; readonly version: string }
  | { readonly kind: 'release'; readonly environment: string; readonly release: string }
  | { readonly kind: 'service'; readonly environment: string; readonly service: string }
  | { readonly kind: 'view'; readonly view: string; readonly version: number }
  /** A path means every content that was ever recorded there, a hash that content wherever it lay. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'file'; readonly hash: ContentHash };
