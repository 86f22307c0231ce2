/**
 * Which version a name stands for in a run: newest packages, aliases and newest versions of models are those of when the
 * run began. What its own tasks change, by registering, packaging or with a command, is seen by the tasks after them;
 * what others change meanwhile is not.
 */
import { PackageStore } from '../../stores/packages/store.js';
import { Registry } from '../../stores/registry/registry.js';
import type { BasisVersions } from '../../stores/runs/basis.js';

/** The key of a model's newest version beside its aliases, none of which may be called so. */
const LATEST = 'latest';

export class Versions {
  readonly #root: string;
  /** Called when names stand for something else, with what they stand for now. */
  readonly #changed: (versions: BasisVersions) => void;
  #versions: BasisVersions;

  /** @param begun what the run that is resumed began with; absent: what there is now */
  constructor(
    root: string,
    begun?: BasisVersions,
    changed: (versions: BasisVersions) => void = () => undefined,
  ) {
    this.#root = root;
    this.#versions = begun ?? versionsNow(root);
    this.#changed = changed;
  }

  get all(): BasisVersions {
    return this.#versions;
  }

  /** `undefined`: there was none; then it is whatever there is. */
  package(name: string): string | undefined {
    return own(this.#versions.packages, name);
  }

  /** @param alias `undefined`: the newest version */
  model(name: string, alias?: string): string | undefined {
    const known = own(this.#versions.models, name);
    return known === undefined ? undefined : own(known, alias ?? LATEST);
  }

  /** To be called when a task begins its work; what it gives, when the work has ended. */
  watch(): () => void {
    const before = versionsNow(this.#root);
    return () => {
      const after = versionsNow(this.#root);
      const packages = { ...this.#versions.packages, ...changes(before.packages, after.packages) };
      const models = { ...this.#versions.models };
      for (const [name, aliases] of Object.entries(after.models))
        models[name] = { ...models[name], ...changes(own(before.models, name) ?? {}, aliases) };
      const next = { packages, models };
      if (JSON.stringify(next) === JSON.stringify(this.#versions)) return;
      this.#versions = next;
      this.#changed(next);
    };
  }
}

function versionsNow(root: string): BasisVersions {
  const packages = PackageStore.open(root);
  const registry = Registry.open(root);
  return {
    packages: Object.fromEntries(
      packages.names().flatMap((name) => {
        const found = packages.version(name);
        return found.ok ? [[name, found.version.version]] : [];
      }),
    ),
    models: Object.fromEntries(
      registry.models().models.map(({ name, aliases }) => {
        const latest = registry.version(name, LATEST);
        return [name, { ...aliases, ...(latest.ok ? { [LATEST]: latest.version.version } : {}) }];
      }),
    ),
  };
}

function changes(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(after).filter(([key, value]) => own(before, key) !== value));
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
