/** What reading a definition comes to. */
import type { Pipeline, ProjectSettings } from '../../definition/definition.js';
import type { RunSettings } from '../../runner/resolve/places.js';

export interface Compiled {
  readonly pipeline: Pipeline;
  /** `sha256:<hex>` of the definition's text. */
  readonly definitionHash: string;
  /** Bounds of the cache, as the project's settings have them. */
  readonly cache: ProjectSettings['cache'];
  readonly trash: ProjectSettings['trash'];
  /** Where to deploy to. */
  readonly places: RunSettings;
}

/** Texts that a definition was read from, by path: its own and that of the project's settings. */
export type Texts = Readonly<Record<string, string>>;

/** What an editor or a terminal shows of a finding. Lines and columns from 1. */
export interface Diagnostic {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly severity: 'error' | 'warning' | 'info' | 'hint';
  readonly message: string;
  readonly rule: string;
}

export type LoadResult =
  | { readonly ok: true; readonly compiled: Compiled; readonly texts: Texts }
  | { readonly ok: false; readonly message: string; readonly diagnostics: readonly Diagnostic[] };
