/**
 * The registry as the language service sees it: read when it is asked, and remembered. What is remembered of a model
 * holds until `refresh` finds that its files have changed, so that a keystroke costs no read.
 */
import { defined } from '../../base/defined.js';
import type { AliasMoved, KnownModels, KnownVersionDetails } from '../../definition/known/models.js';
import { checkModelName } from '../../definition/names/registry-names.js';
import { fileStamp } from '../disk/folder.js';
import { moveFrom } from './journal/aliases.js';
import { mainMetricOf } from './main-metric.js';
import { Registry } from './registry.js';
import type { RegisteredModel } from './types.js';

interface Kept {
  readonly stamp: string;
  readonly model: RegisteredModel | 'unreadable' | undefined;
}

const NO_NAMES: readonly string[] = [];

export class KnownRegistry implements KnownModels {
  readonly registry: Registry;
  readonly #models = new Map<string, Kept>();
  readonly #versions = new WeakMap<object, Map<string, KnownVersionDetails | undefined>>();
  #names: readonly string[] | undefined;

  /** @param root absolute, of the project */
  constructor(root: string) {
    this.registry = Registry.open(root);
  }

  names(): readonly string[] {
    return (this.#names ??= this.#readNames());
  }

  model(name: string): RegisteredModel | 'unreadable' | undefined {
    let kept = this.#models.get(name);
    if (kept === undefined) {
      kept = this.#read(name);
      this.#models.set(name, kept);
    }
    return kept.model;
  }

  version(name: string, version: string): KnownVersionDetails | undefined {
    const model = this.model(name);
    if (model === undefined || model === 'unreadable') return undefined;
    // A version doesn't change without its model's document.
    const versions = this.#versions.get(model) ?? new Map<string, KnownVersionDetails | undefined>();
    this.#versions.set(model, versions);
    if (!versions.has(version)) {
      const found = this.registry.version(name, version, { includeDeleted: true });
      versions.set(version, found.ok ? found.version : undefined);
    }
    return versions.get(version);
  }

  mainMetric(name: string): string | undefined {
    const model = this.model(name);
    return model === undefined || model === 'unreadable' ? undefined : mainMetricOf(model);
  }

  moved(name: string, alias: string): AliasMoved | undefined {
    const found = this.registry.history(name, { alias, limit: 1 });
    const [entry] = found.ok ? found.entries : [];
    if (entry === undefined) return undefined;
    const { at, who, reason } = entry;
    return { at, who, from: moveFrom(alias, entry) ?? null, ...defined({ reason }) };
  }

  /**
   * Looks which models have come, changed or gone, and reads those. A generator that pauses after each model, so that it
   * can be run in slices.
   * @returns whether anything changed.
   */
  *refresh(): Generator<void, boolean> {
    const before = this.#names;
    const names = this.#readNames();
    let changed = before !== undefined && before.join('\n') !== names.join('\n');
    // The same list as long as it is the same: answers are told apart by identity.
    this.#names = before === undefined || changed ? names : before;
    const there = new Set(names);
    for (const name of [...this.#models.keys()]) {
      if (there.has(name)) continue;
      if (this.#models.get(name)?.model !== undefined) changed = true;
      this.#models.delete(name);
    }
    for (const name of names) {
      const kept = this.#models.get(name);
      if (kept?.stamp !== this.#stamp(name)) {
        const read = this.#read(name);
        // Read for the first time, it changes nobody's answer.
        if (kept !== undefined) changed = true;
        this.#models.set(name, read);
      }
      yield;
    }
    return changed;
  }

  #readNames(): readonly string[] {
    try {
      const names = this.registry.modelNames();
      return names.length === 0 ? NO_NAMES : [...names].sort();
    } catch {
      // Not to be read is not known.
      return NO_NAMES;
    }
  }

  #read(name: string): Kept {
    if (!checkModelName(name).ok) return { stamp: '', model: undefined };
    // Taken before the reading: what changes meanwhile is seen the next time.
    const stamp = this.#stamp(name);
    const found = this.registry.model(name, { includeDeleted: true });
    if (found.ok) return { stamp, model: found.model };
    const unknown =
      found.error.code === 'RESOURCE_DOES_NOT_EXIST' || found.error.code === 'INVALID_PARAMETER_VALUE';
    return { stamp, model: unknown ? undefined : 'unreadable' };
  }

  /** Of the journal, which every change appends to. */
  #stamp(name: string): string {
    return fileStamp(this.registry.store(name).places.journal);
  }
}
