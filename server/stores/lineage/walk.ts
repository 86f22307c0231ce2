/** The walk through lineage: from what was asked for, in one direction, to the end. */
import { defined } from '../../base/defined.js';
import type { Deployed } from './deployed.js';
import { rows } from './index.js';
import type { LineageIndex, Use } from './index.js';
import type { LineageFeatures, LineageRelease, LineageService, LineageTrainingSet } from './sources.js';
import type { LineageEdge, LineageGraph, LineageNode } from './types.js';
import type { Registry } from '../registry/registry.js';
import type { ContentHash, RunDocument, TaskRun } from '../runs/document.js';
import type { RunStore } from '../runs/runs.js';

/** What is at a place of the walk; made into a node only when it is given. */
type Place =
  | { readonly kind: 'content'; readonly hex: string; readonly path?: string; readonly run?: string }
  /** `made`: the contents, hex digits, on the way from which it was met. */
  | { readonly kind: 'task'; readonly row: string; readonly made?: readonly string[] }
  | { readonly kind: 'view'; readonly view: string; readonly version: number }
  | { readonly kind: 'version'; readonly model: string; readonly version: string }
  | { readonly kind: 'package'; readonly name: string; readonly version: string }
  | { readonly kind: 'release'; readonly release: LineageRelease }
  | { readonly kind: 'service'; readonly service: LineageService };

/** One way through the graph, breadth first. Places and edges are numbers: there may be a hundred thousand. */
export class Walk {
  readonly #index: LineageIndex;
  readonly #runs: RunStore;
  readonly #registry: Registry;
  readonly #deployed: Deployed;
  readonly #features: LineageFeatures | undefined;
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
    features: LineageFeatures | undefined,
    direction: 'up' | 'down',
  ) {
    this.#index = index;
    this.#runs = runs;
    this.#registry = registry;
    this.#deployed = deployed;
    this.#features = features;
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

  service(service: LineageService, near?: number): void {
    const key = `service\t${service.environment}\t${service.name}`;
    this.#add(key, near, () => ({ kind: 'service', service }));
  }

  view(view: string, version: number, near?: number): void {
    this.#add(`view\t${view}\t${version}`, near, () => ({ kind: 'view', view, version }));
  }

  /** A task as its run has it. */
  task(run: RunDocument, task: TaskRun, near?: number): void {
    const { id, action } = task;
    const others = (this.#up ? task.inputs : task.outputs).map(({ hash }) => hexOf(hash));
    const use: Use = { run: run.id, pipeline: run.pipeline, task: id, action, path: '', others };
    const row = rows.ofTask(use, this.#up ? 'wrote' : 'read');
    const made = task.outputs.map(({ hash }) => hexOf(hash));
    this.#add(rows.taskKey(row), near, () => ({ kind: 'task', row, made }));
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
        this.#followTask(place.row, place.made ?? [], number);
        return;
      case 'view':
        if (this.#up) this.#toSources(place.view, place.version, number);
        else this.#toTrainingSets(place.view, place.version, number);
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
      case 'service':
        if (this.#up)
          for (const release of this.#deployed.releasesOf(place.service)) this.release(release, number);
        return;
      case 'release': {
        if (!this.#up) {
          for (const service of this.#deployed.servicesOn(place.release)) this.service(service, number);
          return;
        }
        const { package: app, model } = place.release;
        this.package(app.name, app.version, number);
        if (model !== undefined) this.version(model.name, model.version, number);
        return;
      }
    }
  }

  #followTask(row: string, made: readonly string[], number: number): void {
    const run = this.#up ? { run: row.slice(2, row.indexOf('\t', 2)) } : {};
    for (const hex of rows.others(row)) this.#add(hex, number, () => ({ kind: 'content', hex, ...run }));
    // A version of a view is no file of the workspace: the training set itself knows which ones it was taken from.
    if (this.#up && isTrainingSet(row)) for (const hex of made) this.#toViews(hex, number);
    // A package is no file of the workspace: the run does not know it as an output.
    if (this.#up || !row.includes('\tpackage\t')) return;
    const { run: id, task } = rows.use(row);
    for (const { name, version } of this.#deployed.packagesOf(id, task)) this.package(name, version, number);
  }

  #toWriter({ hex, run }: { readonly hex: string; readonly run?: string }, number: number): void {
    const row = writerFor(this.#index.rowsOf(hex), run);
    if (row !== undefined) {
      this.#add(rows.taskKey(row), number, () => ({ kind: 'task', row, made: [hex] }));
      return;
    }
    // Made at a terminal, by no run.
    const labels = this.#toViews(hex, number)?.labels;
    if (labels !== undefined) this.content(labels.hash, { path: labels.path }, number);
  }

  /** From a training set to the versions that its features were taken from. */
  #toViews(hex: string, number: number): LineageTrainingSet | undefined {
    const made = this.#features?.trainingSet(`sha256:${hex}`);
    for (const { view, version } of made?.views ?? []) this.view(view, version, number);
    return made;
  }

  #toSources(view: string, version: number, number: number): void {
    for (const { path, hash } of this.#features?.view(view, version)?.sources ?? [])
      this.content(hash, { path }, number);
  }

  #toTrainingSets(view: string, version: number, number: number): void {
    for (const { hash, path } of this.#features?.trainingSetsWith(view, version) ?? []) {
      const writers = this.#index.rowsOf(hexOf(hash)).filter(rows.isWrite);
      if (writers.length === 0) this.content(hash, { path }, number);
      for (const writer of writers) {
        const row = rows.ofTask({ ...rows.use(writer), others: [hexOf(hash)] }, 'read');
        this.#add(rows.taskKey(row), number, () => ({ kind: 'task', row }));
      }
    }
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
    const content = `sha256:${hex}`;
    for (const { view, version } of this.#features?.viewsFrom(content) ?? [])
      this.view(view, version, number);
    for (const { hash, path } of this.#features?.trainingSetsOf(content) ?? []) {
      // Those of runs are found through their tasks.
      if (!this.#index.rowsOf(hexOf(hash)).some(rows.isWrite)) this.content(hash, { path }, number);
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
    const counts = {
      data: 0,
      view: 0,
      artifact: 0,
      'training-set': 0,
      task: 0,
      version: 0,
      package: 0,
      release: 0,
      service: 0,
    };
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
    if (writer !== undefined) return isTrainingSet(writer) ? 'training-set' : 'artifact';
    return this.#features?.trainingSet(`sha256:${hex}`) === undefined ? 'data' : 'training-set';
  }

  #nodeOf(place: Place): LineageNode {
    switch (place.kind) {
      case 'task': {
        const { run, pipeline, task, action } = rows.use(place.row);
        return { kind: 'task', id: `task:${run}/${task}`, run, pipeline, task, action };
      }
      case 'view': {
        const { view, version } = place;
        return { kind: 'view', id: `view:${view}@${version}`, view, version };
      }
      case 'service': {
        const { environment, name: service } = place.service;
        return { kind: 'service', id: `service:${environment}/${service}`, environment, service };
      }
      case 'version': {
        const { model, version } = place;
        return { kind: 'version', id: `version:${model}@${version}`, model, version };
      }
      case 'package': {
        const { name, version } = place;
        const run = this.#deployed.package(name, version)?.run?.id;
        const id = `package:${name}@${version}`;
        return { kind: 'package', id, package: name, version, ...defined({ run }) };
      }
      case 'release': {
        const { environment, id: release, run, package: app, model } = place.release;
        const made = this.#deployed.package(app.name, app.version)?.run?.id;
        return {
          kind: 'release',
          id: `release:${environment}/${release}`,
          environment,
          release,
          package: { name: app.name, version: app.version, ...defined({ run: made }) },
          ...(model === undefined ? {} : { model: { name: model.name, version: model.version } }),
          ...(run === undefined ? {} : { run: run.id }),
        };
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

export const hexOf = (hash: ContentHash): string => hash.slice(hash.indexOf(':') + 1);

/** Whether a row is of a task that makes a training set. */
const isTrainingSet = (row: string): boolean => row.includes('\ttraining-set\t');

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
