/** What DVC remembers of stages, `dvc.lock` and its cache, read and written as DVC does. */
import { existsSync, lstatSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import path from 'node:path';
import { asMapping, equal, sortedBy } from '../../definition/dialects/dvc/equal.js';
import { type LockEntry, LockFile, type LockItem, itemValue } from '../../definition/dialects/dvc/lock.js';
import type { Mapping, Value } from '../../definition/dialects/dvc/resolve/values.js';
import {
  NEVER_RUN,
  type StageFile,
  type StageOutput,
  type StageParams,
  type StageSpec,
  runsEachTime,
} from '../../definition/stage.js';
import { writeAtomic } from '../../stores/disk/atomic.js';
import type { DvcSettings } from './config.js';
import { StageFacts, changedKeys } from './facts.js';
import { type FileHash, type FolderHash, type Hashes, NotTaken } from './hashes.js';
import { unlinkFromCache } from './links.js';
import { DvcCache } from './objects.js';
import { ignoreOutputs, stage as stageInGit } from './traces.js';

export type Look =
  | { readonly kind: 'up-to-date' }
  /** Its outputs are in the cache, as this entry has them. */
  | { readonly kind: 'restore'; readonly from: LockEntry; readonly reasons: readonly string[] }
  /** What is there is to be kept, without a run. */
  | { readonly kind: 'take'; readonly reasons: readonly string[] }
  | { readonly kind: 'run'; readonly reasons: readonly string[] }
  /** It can't be brought up to date. */
  | { readonly kind: 'stuck'; readonly message: string };

export interface StageOptions {
  /** That may be read; what is beyond is not known. Default: all. */
  readonly mostBytes?: number;
  /** Whether what a stage came to earlier, for what it reads now, is taken from DVC's run cache. Default: yes. */
  readonly runCache?: boolean;
  /** Whether outputs go into DVC's cache. Default: yes. */
  readonly commit?: boolean;
  /** Whether data that is missing is no reason to run a stage that has not changed otherwise. Default: no. */
  readonly allowMissing?: boolean;
  /** All stages that may run: what they made lately is what those after them read. */
  readonly stages?: readonly StageSpec[];
}

export class StageMemory {
  readonly root: string;
  readonly cache: DvcCache;
  readonly #settings: DvcSettings;
  readonly #options: StageOptions;
  readonly facts: StageFacts;

  /** @param root absolute */
  constructor(root: string, settings: DvcSettings, hashes: Hashes, options: StageOptions = {}) {
    this.root = root;
    this.#options = options;
    this.#settings = settings;
    this.cache = new DvcCache(settings.cacheFolder, settings.links);
    this.facts = new StageFacts(root, this.cache, hashes);
  }

  /** What is to be done for a stage. @throws what keeps that from being told */
  look(stage: StageSpec, options: { readonly force: boolean }): Look {
    const entry = this.facts.entry(stage);
    const changed = options.force ? ['forced'] : this.#changes(stage, entry);
    if (changed.length === 0) return { kind: 'up-to-date' };
    if (stage.frozen) return this.#frozen(stage, changed);
    const from = options.force || this.#lacksInput(stage) ? undefined : this.#kept(stage, entry);
    return from === undefined
      ? { kind: 'run', reasons: changed }
      : { kind: 'restore', from, reasons: changed };
  }

  /** Whether there is nothing to do for a stage although data of it is missing. @throws what keeps that from being told */
  isDoneWithout(stage: StageSpec, force: boolean): boolean {
    if (this.#options.allowMissing !== true || force) return false;
    const entry = this.facts.entry(stage);
    const lacks = [...stage.deps, ...stage.outs].some((one) => !existsSync(path.join(this.root, one.file)));
    return lacks && this.#changes(stage, entry).length === 0;
  }

  /** A frozen stage does not run: what is there is taken for what it made. */
  #frozen({ name, outs }: StageSpec, changed: readonly string[]): Look {
    const lost = outs.find(({ file }) => !existsSync(path.join(this.root, file)));
    if (lost === undefined)
      return { kind: 'take', reasons: [...changed, 'frozen: what is there is taken for what it made'] };
    return {
      kind: 'stuck',
      message: `the stage is frozen, and its output ${lost.file} is missing: \`modelyard dvc checkout ${lost.file}\` brings it back, \`dvc unfreeze ${name}\` lets the stage run`,
    };
  }

  /** Whether what is at a path is what the lock says that a run made there; `undefined`: nobody has read it. */
  made({ definition, name }: StageSpec, { path: written, file }: StageOutput): boolean | undefined {
    const entry = this.facts.lock(definition).entry(name);
    const before = typeof entry === 'object' ? entry.outs.get(written) : undefined;
    if (before?.md5 === undefined) return false;
    const absolute = path.join(this.root, file);
    if (this.facts.hashes.isTooMuch(absolute, before.legacy)) return undefined;
    return this.facts.hashes.of(absolute, before.legacy)?.md5 === before.md5;
  }

  /** Puts the outputs of an entry where they belong. */
  async checkout(stage: StageSpec, from: LockEntry): Promise<void> {
    for (const { path: written, file } of stage.outs) {
      const item = from.outs.get(written);
      if (item?.md5 === undefined) throw new Error(`DVC’s cache does not say what ${file} was`);
      await this.cache.checkout(item.md5, path.join(this.root, file), {
        legacy: item.legacy,
        isexec: item.isexec === true,
      });
    }
  }

  /** A stage has come to its outputs: they go into the cache, and it into the lock. @returns what went wrong besides */
  async keep(stage: StageSpec): Promise<string | undefined> {
    const before = this.facts.entry(stage);
    const outs = stage.outs.map((out) => {
      if (this.#isForeignLink(path.join(this.root, out.file)))
        throw new NotTaken(`output ${out.file} is a link, which Modelyard does not put into DVC’s cache`);
      const item = this.facts.now(out, before?.outs.get(out.path));
      if (item === undefined) throw new Error(`output ${out.file} does not exist`);
      return { out, ...item };
    });
    const entry = this.#entryNow(
      stage,
      before,
      outs.map(({ item }) => item),
    );
    const kept = outs.filter(({ out }) => out.cache);
    const commits = this.#options.commit !== false;
    for (const { out, hash, item } of commits ? kept : [])
      if (!item.legacy) await this.#store(out, hash, true);
    const changed = this.#settings.noScm
      ? []
      : ignoreOutputs(
          this.root,
          kept.map(({ out }) => path.join(this.root, out.file)),
        );
    const lock = this.facts.lockPath(stage.definition);
    if (before === undefined || !equal(before.value, entry)) {
      writeAtomic(lock, this.facts.lock(stage.definition).with(stage.name, entry));
      changed.push(lock);
    }
    if (commits && isKnownByRun(stage) && outs.every(({ out }) => out.cache || out.role !== 'out')) {
      for (const { out, hash, item } of outs)
        if (!out.cache && !item.legacy) await this.#store(out, hash, false);
      this.cache.saveRun(entry);
    }
    return this.#settings.autostage ? stageInGit(this.root, changed) : undefined;
  }

  #store(out: StageOutput, hash: FileHash | FolderHash, link: boolean): Promise<void> {
    return this.cache.add(path.join(this.root, out.file), hash, link);
  }

  /** A link that is not one to the cache. */
  #isForeignLink(absolute: string): boolean {
    if (lstatSync(absolute, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return false;
    return !this.cache.holds(readlinkSync(absolute), path.dirname(absolute));
  }

  /** Before a command adds to an output that stays: what it writes must not go into the cache. @param file relative to the project */
  async release(file: string): Promise<void> {
    const absolute = path.join(this.root, file);
    const stat = statSync(absolute, { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) {
      for (const name of readdirSync(absolute)) await this.release(`${file}/${name}`);
    } else if (stat !== undefined) await unlinkFromCache(absolute);
  }

  #changes(stage: StageSpec, entry: LockEntry | undefined): string[] {
    if (entry === undefined) return [NEVER_RUN];
    const reasons = equal(entry.cmd, stage.cmd) ? [] : ['command changed'];
    if (!stage.frozen) {
      if (runsEachTime(stage))
        reasons.push(
          stage.alwaysChanged ? 'always_changed: true' : 'it depends on nothing and makes nothing',
        );
      for (const one of stage.deps) {
        const before = entry.deps.get(one.path);
        if (!this.#mayLack(one, before) || this.#madeAnew(one, before))
          reasons.push(...this.#change('input', one, before));
      }
      for (const one of stage.params) reasons.push(...this.#paramChanges(one, entry.params.get(one.path)));
    }
    for (const out of stage.outs) {
      const before = entry.outs.get(out.path);
      const kept = before?.md5 === undefined || !out.cache || this.cache.has(before.md5, before.legacy);
      if (this.#mayLack(out, before) || (!kept && this.#options.allowMissing === true)) continue;
      if (!kept) reasons.push(`output ${out.file} is not in DVC’s cache`);
      else reasons.push(...this.#change('output', out, before));
    }
    return reasons;
  }

  /** Where data may be missing, it is: what a stage came to earlier for it can't be looked up. */
  #lacksInput({ deps }: StageSpec): boolean {
    return (
      this.#options.allowMissing === true && deps.some(({ file }) => !existsSync(path.join(this.root, file)))
    );
  }

  /** Whether nothing has to be at a path that a stage has read or made before. */
  #mayLack({ file }: StageFile, before: LockItem | undefined): boolean {
    return (
      this.#options.allowMissing === true &&
      before?.md5 !== undefined &&
      lstatSync(path.join(this.root, file), { throwIfNoEntry: false }) === undefined
    );
  }

  /** Whether the stage that makes an input has come to something else since it was read. */
  #madeAnew({ file }: StageFile, before: LockItem | undefined): boolean {
    for (const stage of this.#options.stages ?? []) {
      const out = stage.outs.find((one) => one.file === file);
      if (out !== undefined && this.facts.entry(stage)?.outs.get(out.path)?.md5 !== before?.md5) return true;
    }
    return false;
  }

  #change(role: 'input' | 'output', file: StageFile, before: LockItem | undefined): string[] {
    const now = this.facts.now(file, before);
    if (now === undefined) return [`${role} ${file.file} is missing`];
    if (before?.md5 === undefined) return [`${role} ${file.file} is new`];
    return now.item.md5 === before.md5 ? [] : [`${role} ${file.file} changed`];
  }

  #paramChanges(params: StageParams, before: Mapping | undefined): string[] {
    const read = this.facts.paramsOf(params);
    if (!read.ok && read.lost) return [`${params.file} is missing`];
    if (!read.ok) throw new Error(read.problem);
    if (before === undefined) return [`params of ${params.file} are new`];
    const from = params.path === 'params.yaml' ? '' : `${params.path}:`;
    const told = { deleted: 'is missing', new: 'is new', modified: 'changed' };
    return changedKeys(params, read.values, before).map(([key, word]) => `param ${from}${key} ${told[word]}`);
  }

  /** What the cache has for what the stage reads now. */
  #kept(stage: StageSpec, entry: LockEntry | undefined): LockEntry | undefined {
    if (!isKnownByRun(stage)) return undefined;
    let from = entry;
    if (entry === undefined || !this.#sameWork(stage, entry)) {
      if (this.#options.runCache === false) return undefined;
      const outs = stage.outs.map(({ path: written }): LockItem => ({ path: written, legacy: false }));
      const value = this.cache.lastRun(this.#entryNow(stage, entry, outs));
      from = value === undefined ? undefined : entryOf(value);
    }
    if (from === undefined) return undefined;
    const { outs } = from;
    const whole = stage.outs.every(({ path: written }) => {
      const item = outs.get(written);
      return item?.md5 !== undefined && this.cache.has(item.md5, item.legacy);
    });
    return whole ? from : undefined;
  }

  /** Only outputs are not as they were. */
  #sameWork(stage: StageSpec, entry: LockEntry): boolean {
    return (
      equal(entry.cmd, stage.cmd) &&
      stage.deps.every((one) => this.#change('input', one, entry.deps.get(one.path)).length === 0) &&
      stage.params.every((one) => this.#paramChanges(one, entry.params.get(one.path)).length === 0) &&
      stage.outs.every(({ path: written }) => entry.outs.get(written)?.md5 !== undefined)
    );
  }

  /** The entry of a stage for what it reads now. @throws where something of that is missing */
  #entryNow(stage: StageSpec, before: LockEntry | undefined, outs: readonly LockItem[]): Mapping {
    const deps = stage.deps.map((one) => {
      const now = this.facts.now(one, before?.deps.get(one.path));
      if (now === undefined) throw new Error(`input ${one.file} does not exist`);
      return now.item;
    });
    const params = this.facts.params(stage);
    if (!params.ok) throw new Error(params.message);
    const sorted = sortedBy(params.values, ([one]) => one.path);
    const files = [
      ...sorted.filter(([one]) => one.path === 'params.yaml'),
      ...sorted.filter(([one]) => one.path !== 'params.yaml'),
    ].map(([one, values]) => [one.path, values] as const);
    const list = (items: readonly LockItem[]): Value | undefined =>
      items.length === 0 ? undefined : sortedBy(items, (one) => one.path).map(itemValue);
    return asMapping([
      ['cmd', stage.cmd],
      ['deps', list(deps)],
      ['params', files.length === 0 ? undefined : asMapping(files)],
      ['outs', list(outs)],
    ]);
  }
}

/** Whether DVC remembers what it came to for each set of dependencies. */
function isKnownByRun(stage: StageSpec): boolean {
  const { deps, params, outs } = stage;
  return (
    !runsEachTime(stage) &&
    deps.length + params.length > 0 &&
    outs.length > 0 &&
    outs.every(({ persist }) => !persist)
  );
}

function entryOf(value: Mapping): LockEntry | undefined {
  const entry = LockFile.of('run', value).entry('run');
  return typeof entry === 'object' ? entry : undefined;
}
