/** What DVC remembers of stages, `dvc.lock` and its cache, read and written as DVC does. */
import { lstatSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { asMapping, equal, sortedBy } from '../../model/dialects/dvc/equal.js';
import { type LockEntry, LockFile, type LockItem, itemValue } from '../../model/dialects/dvc/lock.js';
import { type ParamValues, paramValues } from '../../model/dialects/dvc/param-values.js';
import type { Key, Mapping, Value } from '../../model/dialects/dvc/values.js';
import type { FileText } from '../../model/file-text.js';
import {
  NEVER_RUN,
  type StageFile,
  type StageOutput,
  type StageParams,
  type StageSpec,
  runsEachTime,
} from '../../model/stage.js';
import { writeAtomic } from '../../stores/atomic.js';
import type { DvcSettings } from './config.js';
import { type FileHash, type FolderHash, type Hashes, NotTaken, inProject } from './hashes.js';
import { DvcCache } from './objects.js';
import { ignoreOutputs, stage as stageInGit } from './traces.js';

export type Look =
  | { readonly kind: 'up-to-date' }
  /** Its outputs are in the cache, as this entry has them. */
  | { readonly kind: 'restore'; readonly from: LockEntry; readonly reasons: readonly string[] }
  | { readonly kind: 'run'; readonly reasons: readonly string[] }
  /** It can't be brought up to date. */
  | { readonly kind: 'stuck'; readonly message: string };

/** What is not as it was: of a file a word, of a file of params a word or one for each of its keys. */
type Words = string | Readonly<Record<string, string>>;

/** One line of `dvc status --json`. */
export type StageChange =
  | { readonly 'changed deps': Readonly<Record<string, Words>> }
  | { readonly 'changed outs': Readonly<Record<string, string>> }
  | 'always changed'
  | 'changed command';

export interface StageOptions {
  /** That may be read; what is beyond is not known. Default: all. */
  readonly mostBytes?: number;
  /** Whether what a stage came to earlier, for what it reads now, is taken from DVC's run cache. Default: yes. */
  readonly runCache?: boolean;
  /** Whether outputs go into DVC's cache. Default: yes. */
  readonly commit?: boolean;
}

export class StageMemory {
  readonly root: string;
  readonly cache: DvcCache;
  readonly #settings: DvcSettings;
  readonly #options: StageOptions;
  readonly #hashes: Hashes;
  readonly #locks = new Map<string, LockFile>();
  /** What would be at paths of outputs if what a plan restores were restored. */
  readonly #restored = new Map<string, LockItem>();

  /** @param root absolute */
  constructor(root: string, settings: DvcSettings, hashes: Hashes, options: StageOptions = {}) {
    this.root = root;
    this.#options = options;
    this.#settings = settings;
    this.#hashes = hashes;
    this.cache = new DvcCache(settings.cacheFolder);
  }

  /** What is to be done for a stage. @throws what keeps that from being told */
  look(stage: StageSpec, options: { readonly force: boolean }): Look {
    const entry = this.#entry(stage);
    const changed = options.force ? ['forced'] : this.#changes(stage, entry);
    if (changed.length === 0) return { kind: 'up-to-date' };
    if (stage.frozen)
      return {
        kind: 'stuck',
        message: `the stage is frozen, and what it made is not as dvc.lock has it (${changed.join('; ')}): \`dvc checkout\` or \`dvc commit\` it, or let it run: \`dvc unfreeze ${stage.name}\``,
      };
    const from = options.force ? undefined : this.#kept(stage, entry);
    return from === undefined
      ? { kind: 'run', reasons: changed }
      : { kind: 'restore', from, reasons: changed };
  }

  /** For plans: from here on the outputs count as restored. */
  pretend(stage: StageSpec, from: LockEntry): void {
    for (const { path: written, file } of stage.outs) {
      const item = from.outs.get(written);
      if (item !== undefined) this.#restored.set(file, item);
    }
  }

  /** Whether what is at a path is what the lock says that a run made there; `undefined`: nobody has read it. */
  made({ definition, name }: StageSpec, { path: written, file }: StageOutput): boolean | undefined {
    const entry = this.#lock(definition).entry(name);
    const before = typeof entry === 'object' ? entry.outs.get(written) : undefined;
    if (before?.md5 === undefined) return false;
    const absolute = path.join(this.root, file);
    if (this.#hashes.isTooMuch(absolute, before.legacy)) return undefined;
    return this.#hashes.of(absolute, before.legacy)?.md5 === before.md5;
  }

  /** What is not as `dvc.lock` has it, by the words of `dvc status`. @throws what keeps that from being told */
  status(stage: StageSpec): readonly StageChange[] {
    const entry = this.#entry(stage);
    const deps: [string, Words][] = [];
    if (!stage.frozen) {
      for (const one of stage.deps) deps.push(...this.#word(one, entry?.deps.get(one.path)));
      for (const one of stage.params) deps.push(...this.#paramWords(one, entry?.params.get(one.path)));
    }
    const outs = stage.outs.flatMap((one): readonly [string, Words][] => {
      const before = entry?.outs.get(one.path);
      const lost = before?.md5 !== undefined && one.cache && !this.cache.has(before.md5, before.legacy);
      return lost ? [[one.file, 'not in cache']] : this.#word(one, before);
    });
    return [
      ...(deps.length === 0 ? [] : [{ 'changed deps': Object.fromEntries(deps) }]),
      ...(outs.length === 0 ? [] : [{ 'changed outs': Object.fromEntries(outs) as Record<string, string> }]),
      ...(runsEachTime(stage) ? (['always changed'] as const) : []),
      ...(entry === undefined || equal(entry.cmd, stage.cmd) ? [] : (['changed command'] as const)),
    ];
  }

  #word(file: StageFile, before: LockItem | undefined): [string, string][] {
    const now = this.#now(file, before);
    if (now === undefined) return [[file.file, 'deleted']];
    return now.item.md5 === before?.md5 ? [] : [[file.file, 'modified']];
  }

  #paramWords(params: StageParams, before: Mapping | undefined): [string, Words][] {
    const read = this.#paramsOf(params);
    if (!read.ok && read.lost) return [[params.file, 'deleted']];
    if (!read.ok) throw new Error(read.problem);
    if (before === undefined) return [[params.file, 'new']];
    const words = changedKeys(params, read.values, before).map(([key, word]) => [key, word] as const);
    return words.length === 0 ? [] : [[params.file, Object.fromEntries(words)]];
  }

  /** What the lock says that a stage made. */
  recorded(stage: StageSpec): LockEntry | undefined {
    return this.#entry(stage);
  }

  /** The values of its params, or why there are none. */
  params(
    stage: StageSpec,
  ):
    | { readonly ok: true; readonly values: readonly (readonly [StageParams, Mapping])[] }
    | { readonly ok: false; readonly message: string } {
    const values: (readonly [StageParams, Mapping])[] = [];
    for (const one of stage.params) {
      const read = this.#paramsOf(one);
      if (!read.ok) return { ok: false, message: read.problem };
      if (read.missing.length > 0)
        return { ok: false, message: `${one.file} has no param ${read.missing.join(', ')}` };
      values.push([one, read.values]);
    }
    return { ok: true, values };
  }

  /** Puts the outputs of an entry where they belong. */
  checkout(stage: StageSpec, from: LockEntry): void {
    for (const { path: written, file } of stage.outs) {
      const item = from.outs.get(written);
      if (item?.md5 === undefined) throw new Error(`DVC’s cache does not say what ${file} was`);
      this.cache.checkout(item.md5, path.join(this.root, file), {
        legacy: item.legacy,
        isexec: item.isexec === true,
      });
    }
  }

  /** A stage has come to its outputs: they go into the cache, and it into the lock. @returns what went wrong besides */
  keep(stage: StageSpec): string | undefined {
    const before = this.#entry(stage);
    const outs = stage.outs.map((out) => {
      if (lstatSync(path.join(this.root, out.file), { throwIfNoEntry: false })?.isSymbolicLink() === true)
        throw new NotTaken(`output ${out.file} is a link, which Modelyard does not put into DVC’s cache`);
      const item = this.#now(out, before?.outs.get(out.path));
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
    for (const { out, hash, item } of commits ? kept : []) if (!item.legacy) this.#store(out, hash);
    const changed = this.#settings.noScm
      ? []
      : ignoreOutputs(
          this.root,
          kept.map(({ out }) => path.join(this.root, out.file)),
        );
    const lock = this.#lockPath(stage.definition);
    if (before === undefined || !equal(before.value, entry)) {
      writeAtomic(lock, this.#lock(stage.definition).with(stage.name, entry));
      changed.push(lock);
    }
    if (commits && isKnownByRun(stage) && outs.every(({ out }) => out.cache || out.role !== 'out')) {
      for (const { out, hash, item } of outs) if (!out.cache && !item.legacy) this.#store(out, hash);
      this.cache.saveRun(entry);
    }
    return this.#settings.autostage ? stageInGit(this.root, changed) : undefined;
  }

  #store(out: StageOutput, hash: FileHash | FolderHash): void {
    this.cache.add(path.join(this.root, out.file), hash);
  }

  #changes(stage: StageSpec, entry: LockEntry | undefined): string[] {
    if (entry === undefined) return [NEVER_RUN];
    const reasons = equal(entry.cmd, stage.cmd) ? [] : ['command changed'];
    if (!stage.frozen) {
      if (runsEachTime(stage))
        reasons.push(
          stage.alwaysChanged ? 'always_changed: true' : 'it depends on nothing and makes nothing',
        );
      for (const one of stage.deps) reasons.push(...this.#change('input', one, entry.deps.get(one.path)));
      for (const one of stage.params) reasons.push(...this.#paramChanges(one, entry.params.get(one.path)));
    }
    for (const out of stage.outs) {
      const before = entry.outs.get(out.path);
      if (before?.md5 !== undefined && out.cache && !this.cache.has(before.md5, before.legacy))
        reasons.push(`output ${out.file} is not in DVC’s cache`);
      else reasons.push(...this.#change('output', out, before));
    }
    return reasons;
  }

  #change(role: 'input' | 'output', file: StageFile, before: LockItem | undefined): string[] {
    const now = this.#now(file, before);
    if (now === undefined) return [`${role} ${file.file} is missing`];
    if (before?.md5 === undefined) return [`${role} ${file.file} is new`];
    return now.item.md5 === before.md5 ? [] : [`${role} ${file.file} changed`];
  }

  #paramChanges(params: StageParams, before: Mapping | undefined): string[] {
    const read = this.#paramsOf(params);
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
      const now = this.#now(one, before?.deps.get(one.path));
      if (now === undefined) throw new Error(`input ${one.file} does not exist`);
      return now.item;
    });
    const params = this.params(stage);
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

  /** What is at a path: by the hash of DVC 2 where it was known by that and is the same. */
  #now(
    { path: written, file }: StageFile,
    before: LockItem | undefined,
  ): { readonly item: LockItem; readonly hash: FileHash | FolderHash } | undefined {
    const restored = this.#restoredAt(file);
    if (restored !== undefined) return { item: { ...restored, path: written }, hash: NO_HASH };
    const absolute = path.join(this.root, file);
    const legacy = before?.legacy === true ? this.#hashes.of(absolute, true) : undefined;
    const same = legacy !== undefined && legacy.md5 === before?.md5;
    const hash = same ? legacy : this.#hashes.of(absolute);
    if (hash === undefined) return undefined;
    const more = hash.kind === 'folder' ? { nfiles: hash.files.length } : hash.isexec ? { isexec: true } : {};
    return { item: { path: written, md5: hash.md5, size: hash.size, ...more, legacy: same }, hash };
  }

  #restoredAt(file: string): LockItem | undefined {
    if (this.#restored.size === 0) return undefined;
    const whole = this.#restored.get(file);
    if (whole !== undefined) return whole;
    for (const [folder, { md5 = '', legacy }] of this.#restored) {
      if (folder.startsWith(`${file}/`)) throw new NotTaken(`${folder} in ${file} is not restored yet`);
      if (!file.startsWith(`${folder}/`)) continue;
      const inside = file.slice(folder.length + 1);
      const member = this.cache.members(md5, legacy)?.find(({ relpath }) => relpath === inside);
      if (member === undefined) throw new NotTaken(`${folder} is not restored yet`);
      return { path: file, md5: member.md5, legacy };
    }
    return undefined;
  }

  #paramsOf(params: StageParams): ParamValues {
    return paramValues(params, (file) => textAt(path.join(this.root, file)));
  }

  #entry({ definition, name }: StageSpec): LockEntry | undefined {
    const entry = this.#lock(definition).entry(name);
    if (typeof entry === 'string')
      throw new Error(`${this.#shown(definition)}: the stage "${name}": ${entry}`);
    return entry;
  }

  #shown(definition: string): string {
    return inProject(this.root, this.#lockPath(definition));
  }

  #lockPath(definition: string): string {
    return path.join(this.root, definition.replace(/\.yaml$/, '.lock'));
  }

  /** Read each time: whoever else works on the project may have written it. */
  #lock(definition: string): LockFile {
    const file = this.#lockPath(definition);
    const found = textAt(file);
    if (found.kind !== 'text' && found.kind !== 'missing')
      throw new Error(`${this.#shown(definition)} can’t be read`);
    const text = found.kind === 'text' ? found.text : '';
    const before = this.#locks.get(file);
    if (before?.text === text) return before;
    const read = LockFile.read(text, before);
    if (!read.ok) throw new Error(`${this.#shown(definition)} can’t be read: ${read.problem}`);
    this.#locks.set(file, read.lock);
    return read.lock;
  }
}

const NO_HASH: FileHash = { kind: 'file', md5: '', size: 0, isexec: false };

/** By the words of DVC. */
function changedKeys(
  params: StageParams,
  values: Mapping,
  before: Mapping,
): (readonly [string, 'deleted' | 'new' | 'modified'])[] {
  const keys: readonly Key[] =
    params.keys.length > 0 ? params.keys : [...new Set([...values.keys(), ...before.keys()])];
  return keys.flatMap((key): (readonly [string, 'deleted' | 'new' | 'modified'])[] => {
    const [now, old] = [values.get(key), before.get(key)];
    if (now === undefined) return [[String(key), 'deleted']];
    if (old === undefined) return [[String(key), 'new']];
    return equal(now, old) ? [] : [[String(key), 'modified']];
  });
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

function textAt(absolute: string): FileText {
  try {
    const text = readFileSync(absolute, 'utf8');
    return { kind: 'text', text: text.startsWith('\uFEFF') ? text.slice(1) : text };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
    return { kind: code === 'EISDIR' ? 'folder' : 'unknown' };
  }
}
