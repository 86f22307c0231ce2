/**
 * Where things come from and what became of them, across all runs: "what does production stand on?" and "what used this
 * file?". Contents are told apart by their hash, so that a file that was overwritten since is still the file that it was.
 */
import { Deployed } from './deployed.js';
import { LineageIndex, rows } from './index.js';
import type { LineageSources } from './sources.js';
import type { LineageGraph, LineageTarget } from './types.js';
import { Walk, hexOf } from './walk.js';
import { PackageStore } from '../packages/store.js';
import type { StoreProblem } from '../disk/problem.js';
import { failure } from '../registry/outcome.js';
import { Registry } from '../registry/registry.js';
import type { Outcome } from '../registry/types.js';
import type { ContentHash } from '../runs/document.js';
import { RunStore } from '../runs/runs.js';

export type { LineageEdge, LineageGraph, LineageNode, LineageTarget } from './types.js';

export interface LineageOptions {
  /** So many nodes are given, releases, packages and model versions before others. Default 500. */
  readonly limit?: number;
}

export class Lineage {
  readonly index: LineageIndex;
  readonly #runs: RunStore;
  readonly #registry: Registry;
  readonly #sources: LineageSources;
  readonly #packages: PackageStore;

  static open(root: string, sources: LineageSources = {}): Lineage {
    return new Lineage(RunStore.open(root), Registry.open(root), sources);
  }

  constructor(runs: RunStore, registry: Registry, sources: LineageSources = {}) {
    this.#runs = runs;
    this.#registry = registry;
    this.#sources = sources;
    this.#packages = PackageStore.open(registry.root);
    this.index = new LineageIndex(runs, registry);
  }

  /** What could not be read of the runs that were looked at. */
  get problems(): readonly StoreProblem[] {
    return this.#runs.problems;
  }

  /** What the target was made from, and that from, to the files that nobody here made. */
  upstream(target: LineageTarget, options: LineageOptions = {}): Outcome<{ readonly graph: LineageGraph }> {
    return this.#walk(target, 'up', options);
  }

  /** What was made from the target, and from that, to model versions, packages and the releases that they are on. */
  downstream(target: LineageTarget, options: LineageOptions = {}): Outcome<{ readonly graph: LineageGraph }> {
    return this.#walk(target, 'down', options);
  }

  /** Versions that are made of exactly these bytes and not deleted. */
  versionsOf(
    hashes: readonly ContentHash[],
  ): ReadonlyMap<ContentHash, readonly { readonly model: string; readonly version: string }[]> {
    this.#sync();
    const lives = ({ model, version }: { readonly model: string; readonly version: string }): boolean =>
      this.#registry.version(model, version).ok;
    return new Map(
      hashes.map((hash) => {
        const known = this.index.rowsOf(hexOf(hash)).filter(rows.isVersion);
        // A line may be there twice after a kill.
        return [hash, [...new Set(known)].map((row) => rows.version(row)).filter(lives)];
      }),
    );
  }

  #sync(): void {
    try {
      this.index.sync();
    } catch {
      // Read-only or full: what is in the index is answered from.
    }
  }

  #walk(
    target: LineageTarget,
    direction: 'up' | 'down',
    options: LineageOptions,
  ): Outcome<{ readonly graph: LineageGraph }> {
    this.#sync();
    const deployed = new Deployed(this.#packages, this.#sources);
    const features = this.#sources.features?.();
    const walk = new Walk(this.index, this.#runs, this.#registry, deployed, features, direction);
    switch (target.kind) {
      case 'version': {
        const found = this.#registry.version(target.model, target.version);
        if (!found.ok) return found;
        walk.version(found.version.name, found.version.version);
        break;
      }
      case 'package': {
        const found = this.#packages.version(target.package, target.version);
        if (!found.ok) return found;
        walk.package(found.version.name, found.version.version);
        break;
      }
      case 'release': {
        const { environment, release } = target;
        const found = deployed.release(environment, release);
        if (found === undefined) {
          return failure('RESOURCE_DOES_NOT_EXIST', `There is no release ${release} in ${environment}.`);
        }
        walk.release(found);
        break;
      }
      case 'service': {
        const { environment, service } = target;
        const found = deployed.service(environment, service);
        if (found === undefined) {
          return failure('RESOURCE_DOES_NOT_EXIST', `There is no service ${service} in ${environment}.`);
        }
        walk.service(found);
        break;
      }
      case 'view': {
        const { view, version } = target;
        if (features?.view(view, version) === undefined) {
          return failure(
            'RESOURCE_DOES_NOT_EXIST',
            `There is no version ${version} of the feature view ${view}.`,
          );
        }
        walk.view(view, version);
        break;
      }
      case 'task': {
        const read = this.#runs.read(target.run);
        if (!read.ok) return failure('RESOURCE_DOES_NOT_EXIST', read.problem.message);
        const { run } = read;
        const tasks = run.tasks.filter(({ id }) => target.task === undefined || id === target.task);
        if (tasks.length === 0) {
          return failure('RESOURCE_DOES_NOT_EXIST', `Run ${run.id} has no task ${String(target.task)}.`);
        }
        for (const task of tasks) walk.task(run, task);
        break;
      }
      case 'file': {
        const hashes =
          'hash' in target
            ? [target.hash]
            : [
                ...new Set([
                  ...this.index.contentsOf(target.path),
                  ...(features?.contentsOf(target.path) ?? []),
                ]),
              ];
        if (hashes.length === 0 && 'path' in target) {
          return failure(
            'RESOURCE_DOES_NOT_EXIST',
            `No run has read or written ${target.path}, nor has a feature view.`,
          );
        }
        for (const hash of hashes) walk.content(hash, 'path' in target ? { path: target.path } : {});
      }
    }
    return { ok: true, graph: walk.finish(options.limit ?? 500) };
  }
}
