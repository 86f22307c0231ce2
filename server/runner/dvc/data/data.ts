/** Outputs of stages and what `.dvc` files track, against DVC's cache: what `dvc status`, `checkout` and `commit` are about. */
import { existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { NEVER_WALKED } from '../../../base/never-walked.js';
import { type LockItem, trackedBy, withTracked } from '../../../definition/dialects/dvc/lock.js';
import { addressOf } from '../../../definition/dialects/dvc/pipeline.js';
import { within } from '../../../definition/dialects/dvc/paths.js';
import { folderOf, isWithin } from '../../../definition/text/paths.js';
import type { StageSpec } from '../../../definition/stage.js';
import { writeAtomic } from '../../../stores/disk/atomic.js';
import { HashIndex } from '../../../stores/content/hash-index.js';
import { layoutOf } from '../../../stores/layout.js';
import { ownPathProblem } from '../../plan/own-paths.js';
import { Workspace } from '../../resolve/workspace.js';
import { type Hashes, NotTaken } from '../hashes.js';
import type { IgnoredPaths } from '../ignored.js';
import type { StageMemory } from '../memory.js';
import type { OpenedMemory } from '../open.js';
import { type DataDiff, type DataState, type KeptFile, diffOf } from './diff.js';
import { LeftToDvc, NotThere } from './left.js';
import { commitOf, keptAt } from './revision.js';
import { type StageChange, stageStatus } from './status.js';

/** A file or folder that DVC keeps. */
interface Kept {
  /** The stage or the `.dvc` file, as DVC calls it. */
  readonly owner: string;
  /** Where it is written, relative to the project. */
  readonly definition: string;
  /** Relative to the project. */
  readonly file: string;
  readonly item: LockItem;
}

interface DataFile {
  /** The `.dvc` file, relative to the project. */
  readonly path: string;
  readonly text: string;
  readonly items: readonly LockItem[];
}

/** What would be put where, or why it can't be. */
export interface Checkout {
  readonly file: string;
  readonly change: 'added' | 'modified';
}

export interface CheckoutPlan {
  readonly changes: readonly (Checkout & { readonly item: LockItem })[];
  /** Whose objects the cache lacks. */
  readonly missing: readonly string[];
  /** What is there has no copy in the cache. */
  readonly unsaved: readonly string[];
}

export interface DataEntry {
  /** The stage or the `.dvc` file, as DVC calls it. */
  readonly owner: string;
  /** Relative to the project. */
  readonly file: string;
  /** As it is recorded. */
  readonly item: LockItem;
  readonly state: 'same' | 'changed' | 'cached' | 'missing' | 'unread';
}

export interface Committed {
  readonly owners: readonly string[];
  readonly problems: readonly string[];
}

export class DvcData {
  readonly #root: string;
  readonly #memory: StageMemory;
  readonly #hashes: Hashes;
  readonly #stages: readonly StageSpec[];
  readonly #files: readonly DataFile[];

  /** @param stages of all `dvc.yaml` of the project @throws LeftToDvc */
  constructor(root: string, { memory, hashes, ignored }: OpenedMemory, stages: readonly StageSpec[]) {
    this.#root = root;
    this.#memory = memory;
    this.#hashes = hashes;
    this.#stages = stages;
    const made = new Set(stages.flatMap(({ outs }) => outs.map(({ file }) => file)));
    this.#files = dataFiles(root, ignored, made);
    this.#guard();
  }

  /** A clone must not write where it likes: nothing of ours, of git's or of DVC's own, and nothing outside. */
  #guard(): void {
    const workspace = new Workspace(this.#root, new HashIndex(layoutOf(this.#root)));
    for (const { owner, definition, file } of this.#kept()) {
      const checked = workspace.check(file, 'output');
      const problem = !checked.ok
        ? checked.message
        : isWithin(checked.path, '.dvc')
          ? `output "${file}" would replace what DVC keeps in .dvc`
          : ownPathProblem(checked.path, false, definition, workspace);
      if (problem !== undefined) throw new LeftToDvc(`${owner}: ${problem}`);
    }
  }

  /** Names that may be asked for: stages, `.dvc` files, and what they keep. */
  unknown(targets: readonly string[]): string | undefined {
    return targets.find(
      (target) =>
        !this.#kept().some((one) => isNamed(one, target)) &&
        !this.#stages.some((stage) => isOwner(nameOf(stage), target)),
    );
  }

  /** By owner, as `dvc status --json` has it; what is as it was is left out. */
  status(targets: readonly string[] = []): Readonly<Record<string, readonly StageChange[]>> {
    const chosen = (owner: string, files: readonly string[]): boolean =>
      targets.length === 0 || targets.some((one) => isOwner(owner, one) || files.includes(one));
    const stages = this.#stages.flatMap((stage) => {
      const name = nameOf(stage);
      const files = stage.outs.map(({ file }) => file);
      return chosen(name, files) ? [[name, stageStatus(this.#memory.facts, stage)] as const] : [];
    });
    const files = this.#files.flatMap((file) => {
      const outs = file.items.map((item) => within(folderOf(file.path), item.path));
      return chosen(file.path, outs) ? [[file.path, this.#fileStatus(file)] as const] : [];
    });
    return Object.fromEntries([...stages, ...files].filter(([, changes]) => changes.length > 0));
  }

  /** The stages that `dvc.lock` does not know: of them `dvc status` says that all is new or has changed. */
  neverRun(): ReadonlySet<string> {
    const never = this.#stages.filter((stage) => this.#memory.facts.entry(stage) === undefined);
    return new Set(never.map(nameOf));
  }

  #fileStatus(file: DataFile): readonly StageChange[] {
    const changed = file.items.flatMap((item): readonly (readonly [string, string])[] => {
      const place = within(folderOf(file.path), item.path);
      if (item.md5 !== undefined && !this.#memory.cache.has(item.md5, item.legacy))
        return [[place, 'not in cache']];
      const now = this.#hashes.of(path.join(this.#root, place), item.legacy);
      if (now === undefined) return [[place, 'deleted']];
      return now.md5 === item.md5 ? [] : [[place, 'modified']];
    });
    return changed.length === 0 ? [] : [{ 'changed outs': Object.fromEntries(changed) }];
  }

  /**
   * What differs between two revisions of git, or one and what is there now.
   *
   * @param to absent: what is there now @throws LeftToDvc where a revision can't be read
   */
  diff(from: string, to: string | undefined, targets: readonly string[]): DataDiff {
    const [old, now] = [from, to].map((name) => (name === undefined ? undefined : this.#commit(name)));
    const none = { kept: [], members: () => [] };
    if (old === undefined || old === now) return diffOf(none, none, undefined);
    const { cache } = this.#memory;
    const within = this.#within(targets);
    const stateAt = (commit: string): DataState => ({
      kept: keptAt(this.#root, commit).filter(within),
      members: ({ md5 = '', legacy }) => cache.members(md5, legacy),
    });
    const before = stateAt(old);
    const after = now === undefined ? this.#present(within) : stateAt(now);
    const asked = targets.find((one) => ![...before.kept, ...after.kept].some(this.#within([one])));
    if (asked !== undefined) throw new NotThere(`nothing that DVC keeps lies at "${asked}"`);
    const inCache = ({ md5 = '', legacy = false }: KeptFile): boolean => cache.holdsObject(md5, legacy);
    return diffOf(before, after, now === undefined ? inCache : undefined);
  }

  #commit(name: string): string {
    const found = commitOf(this.#root, name);
    if (found === undefined) throw new NotThere(`git knows no revision "${name}" here`);
    return found;
  }

  #within(targets: readonly string[]): (kept: KeptFile) => boolean {
    return ({ file }) => targets.length === 0 || targets.some((one) => isWithin(file, one));
  }

  /** What is there now of all that DVC keeps. */
  #present(within: (kept: KeptFile) => boolean): DataState {
    const known = new Map(this.#kept().map(({ file, item }) => [file, item.legacy] as const));
    const made = this.#stages.flatMap(({ outs }) => outs.flatMap(({ file, cache }) => (cache ? [file] : [])));
    const files = [...new Set([...known.keys(), ...made])].filter((file) => within({ file }));
    const hashes = new Map(
      files.flatMap((file) => {
        const legacy = known.get(file) === true;
        const hash = this.#hashes.of(path.join(this.#root, file), legacy);
        return hash === undefined ? [] : [[file, { hash, legacy }] as const];
      }),
    );
    return {
      kept: [...hashes].map(([file, { hash, legacy }]) => ({ file, md5: hash.md5, legacy })),
      members: ({ file }) => {
        const hash = hashes.get(file)?.hash;
        return hash?.kind === 'folder'
          ? hash.files.map(({ relative, md5 }) => ({ relpath: relative, md5 }))
          : undefined;
      },
    };
  }

  /** All that is kept, by path. What is too large for the bytes that may be read is `unread`. */
  async list(): Promise<readonly DataEntry[]> {
    const found: DataEntry[] = [];
    for (const { owner, file, item } of this.#kept()) {
      if (item.md5 === undefined) continue;
      const state = await this.#stateOf(path.join(this.#root, file), item, item.md5);
      found.push({ owner, file, item, state });
    }
    return found.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0));
  }

  async #stateOf(absolute: string, { legacy }: LockItem, md5: string): Promise<DataEntry['state']> {
    if (!existsSync(absolute)) return this.#memory.cache.has(md5, legacy) ? 'cached' : 'missing';
    try {
      const now = await this.#hashes.read(absolute, legacy);
      return now?.md5 === md5 ? 'same' : 'changed';
    } catch (error) {
      if (error instanceof NotTaken) return 'unread';
      throw error;
    }
  }

  /** What has to be put where so that all is as the lock and the `.dvc` files have it. */
  planCheckout(targets: readonly string[]): CheckoutPlan {
    const changes: (Checkout & { readonly item: LockItem })[] = [];
    const missing: string[] = [];
    const unsaved: string[] = [];
    for (const one of this.#kept()) {
      const { file, item } = one;
      if (item.md5 === undefined || (targets.length > 0 && !targets.some((target) => isNamed(one, target))))
        continue;
      const now = this.#hashes.of(path.join(this.#root, file), item.legacy);
      if (now?.md5 === item.md5) continue;
      if (!this.#memory.cache.has(item.md5, item.legacy)) missing.push(file);
      else {
        const saved = now === undefined || this.#memory.cache.has(now.md5, item.legacy);
        if (!saved) unsaved.push(file);
        changes.push({ file, item, change: now === undefined ? 'added' : 'modified' });
      }
    }
    return { changes, missing, unsaved };
  }

  /** @param aside takes what is there away, and keeps it */
  async checkout({ changes }: CheckoutPlan, aside: (file: string) => void): Promise<void> {
    for (const { file, item } of changes) {
      const absolute = path.join(this.#root, file);
      if (lstatSync(absolute, { throwIfNoEntry: false }) !== undefined) aside(file);
      await this.#memory.cache.checkout(item.md5 ?? '', absolute, {
        legacy: item.legacy,
        isexec: item.isexec === true,
      });
    }
  }

  /** Takes what there is now for what was made. @returns the owners whose record has changed */
  async commit(targets: readonly string[]): Promise<Committed> {
    const changed = Object.keys(this.status(targets));
    const problems: string[] = [];
    for (const stage of this.#stages) {
      if (!changed.includes(nameOf(stage))) continue;
      const problem = await this.#memory.keep(stage);
      if (problem !== undefined) problems.push(problem);
    }
    for (const file of this.#files) if (changed.includes(file.path)) await this.#commitFile(file);
    return { owners: changed, problems };
  }

  async #commitFile({ path: file, text, items }: DataFile): Promise<void> {
    const now: LockItem[] = [];
    for (const item of items) {
      const place = path.join(this.#root, within(folderOf(file), item.path));
      const hash = this.#hashes.of(place);
      if (hash === undefined) throw new Error(`${file}: ${item.path} does not exist`);
      await this.#memory.cache.add(place, hash, true);
      const more = hash.kind === 'folder' ? { nfiles: hash.files.length } : {};
      now.push({ path: item.path, md5: hash.md5, size: hash.size, ...more, legacy: false });
    }
    const written = withTracked(text, now);
    if (written === undefined)
      throw new LeftToDvc(
        `${file} is written in a way that Modelyard does not change: use \`dvc commit ${file}\``,
      );
    writeAtomic(path.join(this.#root, file), written);
  }

  *#keptByStages(): Generator<Kept> {
    for (const stage of this.#stages) {
      const entry = this.#memory.facts.entry(stage);
      for (const { path: written, file, cache } of stage.outs) {
        const item = cache ? entry?.outs.get(written) : undefined;
        if (item !== undefined) yield { owner: nameOf(stage), definition: stage.definition, file, item };
      }
    }
  }

  #kept(): readonly Kept[] {
    const files = this.#files.flatMap(({ path: owner, items }) =>
      items.map((item): Kept => ({
        owner,
        definition: owner,
        file: within(folderOf(owner), item.path),
        item,
      })),
    );
    return [...this.#keptByStages(), ...files];
  }
}

function nameOf({ definition, name }: StageSpec): string {
  return addressOf(definition, name);
}

/** A group stands for its stages, a `dvc.yaml` for those in it. */
function isOwner(owner: string, target: string): boolean {
  return (
    owner === target ||
    owner.startsWith(`${target}@`) ||
    owner.startsWith(`${target}:`) ||
    (target === 'dvc.yaml' && !/\.yaml:|\.dvc$/.test(owner))
  );
}

function isNamed({ owner, file }: Kept, target: string): boolean {
  return isOwner(owner, target) || file === target;
}

/** All `.dvc` files of a project. What lies in an output is data. */
function dataFiles(root: string, ignored: IgnoredPaths, made: ReadonlySet<string>): DataFile[] {
  const found: DataFile[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
      const file = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (ignored.ignores(path.join(root, file), entry.isDirectory())) continue;
      if (entry.isDirectory()) {
        if (!NEVER_WALKED.has(entry.name) && !made.has(file) && !isOtherProject(root, file)) walk(file);
      } else if (entry.isFile() && entry.name.endsWith('.dvc') && entry.name !== '.dvc')
        found.push(readDataFile(root, file));
    }
  };
  walk('');
  return found.filter(({ path: file }) => ![...made].some((one) => isWithin(file, one)));
}

function isOtherProject(root: string, folder: string): boolean {
  return existsSync(path.join(root, folder, '.dvc'));
}

function readDataFile(root: string, file: string): DataFile {
  const text = readFileSync(path.join(root, file), 'utf8');
  const items = trackedBy(text);
  if (typeof items === 'string') throw new LeftToDvc(`${file}: ${items}: use \`dvc\` itself`);
  return { path: file, text, items };
}
