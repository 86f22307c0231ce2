/**
 * Where things come from and what became of them, across all runs: "what does production stand on?" and "what used this
 * file?". Contents are told apart by their hash, so that a file that was overwritten since is still the file that it was.
 */
import { Deployed } from './lineage-deployed.js';
import type { LineageRelease, LineageSources } from './lineage-deployed.js';
import { LineageIndex, rows } from './lineage-index.js';
import type { Use } from './lineage-index.js';
import { PackageStore } from './packages/store.js';
import { failure } from './registry/outcome.js';
import { Registry } from './registry/registry.js';
import type { Outcome } from './registry/types.js';
import type { ContentHash, RunDocument, TaskRun } from './run-document.js';
import { RunStore } from './runs.js';

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
      /** The run that deployed it. */
      readonly run?: string;
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
  /** A path means every content that was ever recorded there, a hash that content wherever it lay. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'file'; readonly hash: ContentHash };

export interface LineageOptions {
  /** So many nodes are given, releases, packages and model versions before others. Default 500. */
  readonly limit?: number;
}

type Direction = 'up' | 'down';

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
    direction: Direction,
    options: LineageOptions,
  ): Outcome<{ readonly graph: LineageGraph }> {
    this.#sync();
    const deployed = new Deployed(this.#packages, this.#sources);
    const walk = new Walk(this.index, this.#runs, this.#registry, deployed, direction);
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
        const hashes = 'hash' in target ? [target.hash] : this.index.contentsOf(target.path);
        if (hashes.length === 0 && 'path' in target) {
          return failure('RESOURCE_DOES_NOT_EXIST', `No run has read or written ${target.path}.`);
        }
        for (const hash of hashes) walk.content(hash, 'path' in target ? { path: target.path } : {});
      }
    }
    return { ok: true, graph: walk.finish(options.limit ?? 500) };
  }
}

/** What is at a place of the walk; made into a node only when it is given. */
type Place =
  | { readonly kind: 'content'; readonly hex: string; readonly path?: string; readonly run?: string }
  | { readonly kind: 'task'; readonly row: string }
  | { readonly kind: 'version'; readonly model: string; readonly version: string }
  | { readonly kind: 'package'; readonly name: string; readonly version: string }
  | { readonly kind: 'release'; readonly release: LineageRelease };

/** One way through the graph, breadth first. Places and edges are numbers: there may be a hundred thousand. */
class Walk {
  readonly #index: LineageIndex;
  readonly #runs: RunStore;
  readonly #registry: Registry;
  readonly #deployed: Deployed;
  readonly #up: boolean;
  readonly #numbers = new Map<string, number>();
  readonly #places: Place[] = [];
  /** Pairs: the place nearer to what was asked for, and the farther one. */
  readonly #edges: number[] = [];

  constructor(
    index: LineageIndex,
    runs: RunStore,
    registry: Registry,
    deployed: Deployed,
    direction: Direction,
  ) {
    this.#index = index;
    this.#runs = runs;
    this.#registry = registry;
    this.#deployed = deployed;
    this.#up = direction === 'up';
  }

  #add(key: string, near: number | undefined, place: () => Place): number {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#places.length;
      this.#numbers.set(key, number);
      this.#places.push(place());
    }
    if (near !== undefined) this.#edges.push(near, number);
    return number;
  }

  version(model: string, version: string, near?: number): number {
    return this.#add(`${model}@${version}`, near, () => ({ kind: 'version', model, version }));
  }

  package(name: string, version: string, near?: number): void {
    this.#add(`package\t${name}\t${version}`, near, () => ({ kind: 'package', name, version }));
  }

  release(release: LineageRelease, near?: number): void {
    const key = `release\t${release.environment}\t${release.id}`;
    this.#add(key, near, () => ({ kind: 'release', release }));
  }

  /** A task as its run has it. */
  task(run: RunDocument, task: TaskRun, near?: number): void {
    const { id, action } = task;
    const others = (this.#up ? task.inputs : task.outputs).map(({ hash }) => hexOf(hash));
    const use: Use = { run: run.id, pipeline: run.pipeline, task: id, action, path: '', others };
    const row = rows.ofTask(use, this.#up ? 'wrote' : 'read');
    this.#add(rows.taskKey(row), near, () => ({ kind: 'task', row }));
  }

  content(
    hash: ContentHash,
    context: { readonly path?: string; readonly run?: string },
    near?: number,
  ): void {
    const hex = hexOf(hash);
    this.#add(hex, near, () => ({ kind: 'content', hex, ...context }));
  }

  #follow(number: number): void {
    const place = this.#places[number];
    if (place === undefined) return;
    switch (place.kind) {
      case 'task':
        this.#followTask(place.row, number);
        return;
      case 'content':
        if (this.#up) this.#toWriter(place, number);
        else this.#toUsers(place.hex, number);
        return;
      case 'version':
        if (this.#up) this.#toArtifact(place.model, place.version, number);
        else this.#toReleases(this.#deployed.withModel(place.model, place.version), number);
        return;
      case 'package':
        if (this.#up) this.#toPackaged(place.name, place.version, number);
        else this.#toReleases(this.#deployed.withPackage(place.name, place.version), number);
        return;
      case 'release': {
        if (!this.#up) return;
        const { package: app, model } = place.release;
        this.package(app.name, app.version, number);
        if (model !== undefined) this.version(model.name, model.version, number);
        return;
      }
    }
  }

  #followTask(row: string, number: number): void {
    const run = this.#up ? { run: row.slice(2, row.indexOf('\t', 2)) } : {};
    for (const hex of rows.others(row)) this.#add(hex, number, () => ({ kind: 'content', hex, ...run }));
    // A package is no file of the workspace: the run does not know it as an output.
    if (this.#up || !row.includes('\tpackage\t')) return;
    const { run: id, task } = rows.use(row);
    for (const { name, version } of this.#deployed.packagesOf(id, task)) this.package(name, version, number);
  }

  #toWriter({ hex, run }: { readonly hex: string; readonly run?: string }, number: number): void {
    const row = writerFor(this.#index.rowsOf(hex), run);
    if (row !== undefined) this.#add(rows.taskKey(row), number, () => ({ kind: 'task', row }));
  }

  #toUsers(hex: string, number: number): void {
    const known = this.#index.rowsOf(hex);
    for (const row of known) {
      if (!rows.isVersion(row)) continue;
      const { model, version } = rows.version(row);
      if (this.#lives(model, version)) this.version(model, version, number);
    }
    for (const row of known) {
      if (rows.isRead(row)) this.#add(rows.taskKey(row), number, () => ({ kind: 'task', row }));
    }
  }

  #toArtifact(model: string, number: string, near: number): void {
    const found = this.#registry.version(model, number);
    if (!found.ok) return;
    const { artifact, inputs, ...version } = found.version;
    const run = version.run === undefined ? {} : { run: version.run.id };
    this.content(artifact.hash, { path: artifact.path, ...run }, near);
    if (this.#index.rowsOf(hexOf(artifact.hash)).some(rows.isWrite)) return;
    // Its run was deleted before it came into the index, or is elsewhere: what the version itself remembers.
    for (const { path, hash } of inputs) this.content(hash, { path, ...run }, near);
  }

  #toReleases(releases: readonly LineageRelease[], near: number): void {
    for (const release of releases) this.release(release, near);
  }

  #toPackaged(name: string, version: string, near: number): void {
    const found = this.#deployed.package(name, version);
    if (found === undefined) return;
    const read = found.run === undefined ? undefined : this.#runs.read(found.run.id);
    const task = read?.ok === true ? read.run.tasks.find(({ id }) => id === found.run?.task) : undefined;
    if (read?.ok === true && task !== undefined) {
      this.task(read.run, task, near);
      return;
    }
    // Its run is gone: what the package itself remembers. Its paths begin at the package's folder, those of runs at the project's.
    for (const { path, hash } of this.#deployed.filesOf(found)) {
      this.content(hash, this.#index.rowsOf(hexOf(hash)).length > 0 ? {} : { path }, near);
    }
  }

  finish(limit: number): LineageGraph {
    // Grows while it is walked.
    for (let number = 0; number < this.#places.length; number++) this.#follow(number);
    const kept = this.#places.length <= limit ? undefined : this.#choose(limit);
    const counts = { data: 0, artifact: 0, 'training-set': 0, task: 0, version: 0, package: 0, release: 0 };
    const nodes: LineageNode[] = [];
    const ids = new Map<number, string>();
    this.#places.forEach((place, number) => {
      if (kept?.has(number) === false) {
        counts[place.kind === 'content' ? this.#kindOf(place.hex) : place.kind] += 1;
        return;
      }
      const node = this.#nodeOf(place);
      counts[node.kind] += 1;
      ids.set(number, node.id);
      nodes.push(node);
    });
    const edges = new Map<string, LineageEdge>();
    for (let at = 0; at < this.#edges.length; at += 2) {
      const [near, far] = [ids.get(this.#edges[at] ?? -1), ids.get(this.#edges[at + 1] ?? -1)];
      if (near === undefined || far === undefined) continue;
      const edge = this.#up ? { from: far, to: near } : { from: near, to: far };
      edges.set(`${edge.from}\n${edge.to}`, edge);
    }
    return { nodes, edges: [...edges.values()], counts, truncated: kept !== undefined };
  }

  #kindOf(hex: string): 'data' | 'artifact' | 'training-set' {
    const writer = this.#index.rowsOf(hex).find(rows.isWrite);
    if (writer === undefined) return 'data';
    return writer.includes('\ttraining-set\t') ? 'training-set' : 'artifact';
  }

  #nodeOf(place: Place): LineageNode {
    switch (place.kind) {
      case 'task': {
        const { run, pipeline, task, action } = rows.use(place.row);
        return { kind: 'task', id: `task:${run}/${task}`, run, pipeline, task, action };
      }
      case 'version': {
        const { model, version } = place;
        return { kind: 'version', id: `version:${model}@${version}`, model, version };
      }
      case 'package': {
        const { name, version } = place;
        const run = this.#deployed.package(name, version)?.run?.id;
        const id = `package:${name}@${version}`;
        return { kind: 'package', id, package: name, version, ...(run === undefined ? {} : { run }) };
      }
      case 'release': {
        const { environment, id: release, run } = place.release;
        const id = `release:${environment}/${release}`;
        return { kind: 'release', id, environment, release, ...(run === undefined ? {} : { run: run.id }) };
      }
      case 'content': {
        const hash = `sha256:${place.hex}`;
        return {
          kind: this.#kindOf(place.hex),
          id: `content:${hash}`,
          path: place.path ?? this.#pathOf(place),
          hash,
        };
      }
    }
  }

  /** Where a content lay: for the run that it was met in, else for whoever wrote it, else for whoever read it first. */
  #pathOf({ hex, run }: { readonly hex: string; readonly run?: string }): string {
    const known = this.#index.rowsOf(hex).filter((row) => rows.isRead(row) || rows.isWrite(row));
    const row =
      known.find((one) => run !== undefined && rows.isOfRun(one, run)) ??
      known.find(rows.isWrite) ??
      known[0];
    return row === undefined ? '' : rows.use(row).path;
  }

  /** The places of versions, packages and releases with what lies between them and the target, then the nearest others. */
  #choose(limit: number): ReadonlySet<number> {
    const nearer = new Int32Array(this.#places.length).fill(-1);
    for (let at = 0; at < this.#edges.length; at += 2) {
      const [near = 0, far = 0] = [this.#edges[at], this.#edges[at + 1]];
      // The first edge to a place is the one that it was found by: it leads back to the target.
      if (nearer[far] === -1 && near < far) nearer[far] = near;
    }
    const kept = new Set<number>(this.#places.length === 0 ? [] : [0]);
    for (const [number, { kind }] of this.#places.entries()) {
      if (kind === 'content' || kind === 'task') continue;
      const trail: number[] = [];
      for (let at = number; at >= 0 && !kept.has(at); at = nearer[at] ?? -1) trail.push(at);
      if (kept.size + trail.length > limit) break;
      for (const one of trail) kept.add(one);
    }
    for (let number = 0; number < this.#places.length && kept.size < limit; number++) kept.add(number);
    return kept;
  }

  readonly #deleted = new Map<string, ReadonlySet<string>>();

  /** A version that was deleted uses nothing any more. */
  #lives(model: string, version: string): boolean {
    let deleted = this.#deleted.get(model);
    if (deleted === undefined) {
      const found = this.#registry.model(model);
      // Only as far as the model's own document tells: looking at each version would take too long.
      deleted = new Set(
        found.ok ? found.model.recent.flatMap((one) => (one.deleted === true ? [one.version] : [])) : [],
      );
      this.#deleted.set(model, deleted);
    }
    return !deleted.has(version);
  }
}

const hexOf = (hash: ContentHash): string => hash.slice(hash.indexOf(':') + 1);

/** Who wrote what a run read: a task of that run, else the last one before it, else the first that there was. */
function writerFor(known: readonly string[], run: string | undefined): string | undefined {
  let before: string | undefined;
  let first: string | undefined;
  for (const row of known) {
    if (!rows.isWrite(row)) continue;
    if (run !== undefined && rows.isOfRun(row, run)) return row;
    // Ids of runs sort by time, and come first in a row.
    if ((run === undefined || row.slice(2) < run) && (before === undefined || row > before)) before = row;
    if (first === undefined || row < first) first = row;
  }
  return before ?? first;
}
