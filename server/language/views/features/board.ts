/** How the feature views of a project stand: which version is current, whether it is stale, what the last try has said. */
import path from 'node:path';
import { defined } from '../../../base/defined.js';
import type { Attempt, ExpectationOutcome, Manifest } from '../../../features/views/manifest.js';
import { sourceFiles } from '../../../features/sources/files.js';
import { FeatureStore } from '../../../features/store.js';
import { expectationsOf, stateOf } from '../../../features/views/state.js';
import { definitionHash, resolveView } from '../../../features/views/view.js';
import type { ViewState } from '../../../definition/known/feature-facts.js';
import type { Project } from '../../../project/project.js';
import type { ViewFreshness } from '../../../protocol/index.js';
import { HashIndex } from '../../../stores/content/hash-index.js';
import { layoutOf } from '../../../stores/layout.js';
import { statOf } from '../../../stores/disk/folder.js';

/** More files of a source than this are not looked at to tell whether they have changed. */
const MANY_FILES = 2_000;

export interface Standing {
  readonly freshness: ViewFreshness;
  readonly reason?: string;
  readonly manifest?: Manifest;
  readonly attempt?: Attempt;
  /** The newest first. */
  readonly versions: readonly number[];
  /** Of the last try, or of the current version. */
  readonly expectations: readonly ExpectationOutcome[];
}

type Freshness = Pick<Standing, 'freshness' | 'reason'>;

interface Kept {
  readonly manifest: Manifest | undefined;
  readonly attempt: Attempt | undefined;
  readonly versions: readonly number[];
}

export class FeatureBoard {
  readonly store: FeatureStore;
  readonly #root: string;
  readonly #project: () => Project | undefined;
  readonly #kept = new Map<string, Kept>();
  readonly #sources = new Map<string, Freshness>();
  readonly #states = new Map<
    string,
    { readonly standing: Standing; readonly state: ViewState | undefined }
  >();
  readonly #standings = new Map<string, { readonly version: number; readonly standing: Standing }>();
  #hashes: HashIndex | undefined;

  constructor(root: string, project: () => Project | undefined) {
    this.#root = root;
    this.#project = project;
    this.store = new FeatureStore(root);
  }

  /** The store changed. */
  storeChanged(): void {
    this.#kept.clear();
    this.diskChanged();
  }

  /** Files of sources may have changed. */
  diskChanged(): void {
    this.#sources.clear();
    this.#standings.clear();
    this.#hashes = undefined;
  }

  /** Cheap when nothing changed since it was asked last. */
  standing(view: string): Standing {
    const version = this.#project()?.version ?? 0;
    const known = this.#standings.get(view);
    if (known?.version === version) return known.standing;
    const kept = this.#keptOf(view);
    const { manifest, attempt, versions } = kept;
    const standing: Standing = {
      ...this.#freshness(view, kept),
      versions,
      expectations: expectationsOf(kept),
      ...defined({ manifest, attempt }),
    };
    this.#standings.set(view, {
      version,
      standing: same(known?.standing, standing) ? known.standing : standing,
    });
    return this.#standings.get(view)?.standing ?? standing;
  }

  /** The same for rules and hovers; nothing where the view was never materialized. */
  state(view: string): ViewState | undefined {
    const standing = this.standing(view);
    const known = this.#states.get(view);
    if (known?.standing === standing) return known.state;
    const state = stateOf(standing, stalenessOf(standing));
    this.#states.set(view, { standing, state });
    return state;
  }

  #keptOf(view: string): Kept {
    let kept = this.#kept.get(view);
    if (kept === undefined) {
      const current = this.store.current(view);
      const attempt = this.store.attempt(view);
      kept = {
        manifest: current.state === 'ok' ? current.value : undefined,
        attempt: attempt.state === 'ok' ? attempt.value : undefined,
        versions: this.store.versions(view),
      };
      this.#kept.set(view, kept);
    }
    return kept;
  }

  #freshness(view: string, { manifest, attempt }: Kept): Freshness {
    if (attempt?.ok === false && (manifest === undefined || attempt.at >= manifest.createdAt)) {
      return { freshness: 'failed', ...defined({ reason: attempt.message }) };
    }
    if (manifest === undefined) return { freshness: 'never' };
    const project = this.#project();
    const files =
      project
        ?.view()
        .features()
        .map(({ features }) => features) ?? [];
    const resolved = resolveView(files, view);
    if (!resolved.ok) return { freshness: 'stale', reason: resolved.message };
    if (definitionHash(resolved.value) !== manifest.definition) {
      return { freshness: 'stale', reason: 'its definition has changed' };
    }
    let sources = this.#sources.get(view);
    if (sources === undefined) {
      sources = this.#sourcesOf(resolved.value.path, manifest);
      this.#sources.set(view, sources);
    }
    return sources;
  }

  #sourcesOf(written: string, manifest: Manifest): Freshness {
    const found = sourceFiles(this.#root, written);
    if (!found.ok) return { freshness: 'stale', reason: found.message };
    const before = new Map(manifest.sources.map((source) => [source.path, source]));
    const added = found.files.find((file) => !before.has(file));
    if (added !== undefined) return { freshness: 'stale', reason: `${added} is new` };
    const gone = manifest.sources.find(({ path: file }) => !found.files.includes(file));
    if (gone !== undefined) return { freshness: 'stale', reason: `${gone.path} is gone` };
    if (found.files.length > MANY_FILES) return { freshness: 'unknown' };
    this.#hashes ??= new HashIndex(layoutOf(this.#root));
    let told = true;
    for (const { path: file, bytes, hash } of manifest.sources) {
      const absolute = path.join(this.#root, file);
      const stat = statOf(absolute);
      const known = this.#hashes.known(absolute);
      if (stat?.size !== bytes || (known !== undefined && known.hash !== hash)) {
        return { freshness: 'stale', reason: `${file} has changed` };
      }
      // Touched since, and nobody has read it again yet.
      if (known === undefined && stat.mtimeMs > Date.parse(manifest.createdAt)) told = false;
    }
    return { freshness: told ? 'fresh' : 'unknown' };
  }
}

function same(before: Standing | undefined, now: Standing): before is Standing {
  return (
    before?.freshness === now.freshness &&
    before.reason === now.reason &&
    before.manifest === now.manifest &&
    before.attempt === now.attempt
  );
}

/** Why it would be made again, in words. */
function stalenessOf({ freshness, reason }: Standing): string | undefined {
  return freshness === 'stale' || freshness === 'failed' ? (reason ?? 'the last try failed') : undefined;
}
