/** What is there of stages: `dvc.lock`, the values of their params, and what lies at their paths. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { equal } from '../../definition/dialects/dvc/equal.js';
import { type LockEntry, LockFile, type LockItem } from '../../definition/dialects/dvc/lock.js';
import { type ParamValues, paramValues } from '../../definition/dialects/dvc/resolve/param-values.js';
import { type Key, type Mapping, PythonTuple } from '../../definition/dialects/dvc/resolve/values.js';
import type { FileText } from '../../definition/text/file-text.js';
import type { StageFile, StageParams, StageSpec } from '../../definition/stage.js';
import { type FileHash, type FolderHash, type Hashes, NotTaken, inProject } from './hashes.js';
import type { DvcCache } from './objects.js';

export class StageFacts {
  readonly root: string;
  readonly cache: DvcCache;
  readonly hashes: Hashes;
  readonly #locks = new Map<string, LockFile>();
  /** What would be at paths of outputs if what a plan restores were restored. */
  readonly #restored = new Map<string, LockItem>();

  /** @param root absolute */
  constructor(root: string, cache: DvcCache, hashes: Hashes) {
    this.root = root;
    this.cache = cache;
    this.hashes = hashes;
  }

  /** For plans: from here on the outputs count as restored. */
  pretend(stage: StageSpec, from: LockEntry): void {
    for (const { path: written, file } of stage.outs) {
      const item = from.outs.get(written);
      if (item !== undefined) this.#restored.set(file, item);
    }
  }

  /** Reads what a stage reads and makes, with turns for others in between: to look at it then takes no time. */
  async readAll(stage: StageSpec): Promise<void> {
    const entry = this.entry(stage);
    const files = stage.deps.map((file) => ({ file, before: entry?.deps.get(file.path) }));
    const made = stage.outs.map((file) => ({ file, before: entry?.outs.get(file.path) }));
    for (const { file, before } of stage.frozen ? made : [...files, ...made]) {
      const absolute = path.join(this.root, file.file);
      try {
        const legacy = before?.legacy === true ? await this.hashes.read(absolute, true) : undefined;
        if (legacy === undefined || legacy.md5 !== before?.md5) await this.hashes.read(absolute);
      } catch {
        // Who looks says why it can't be read.
      }
    }
  }

  /** The values of its params, or why there are none. */
  params(
    stage: StageSpec,
  ):
    | { readonly ok: true; readonly values: readonly (readonly [StageParams, Mapping])[] }
    | { readonly ok: false; readonly message: string } {
    const values: (readonly [StageParams, Mapping])[] = [];
    for (const one of stage.params) {
      const read = this.paramsOf(one);
      if (!read.ok) return { ok: false, message: read.problem };
      if (read.missing.length > 0)
        return { ok: false, message: `${one.file} has no param ${read.missing.join(', ')}` };
      values.push([one, read.values]);
    }
    return { ok: true, values };
  }

  /** What is at a path: by the hash of DVC 2 where it was known by that and is the same. */
  now(
    { path: written, file }: StageFile,
    before: LockItem | undefined,
  ): { readonly item: LockItem; readonly hash: FileHash | FolderHash } | undefined {
    const restored = this.#restoredAt(file);
    if (restored !== undefined) return { item: { ...restored, path: written }, hash: NO_HASH };
    const absolute = path.join(this.root, file);
    const legacy = before?.legacy === true ? this.hashes.of(absolute, true) : undefined;
    const same = legacy !== undefined && legacy.md5 === before?.md5;
    const hash = same ? legacy : this.hashes.of(absolute);
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

  paramsOf(params: StageParams): ParamValues {
    return paramValues(params, (file) => textAt(path.join(this.root, file)));
  }

  entry({ definition, name }: StageSpec): LockEntry | undefined {
    const entry = this.lock(definition).entry(name);
    if (typeof entry === 'string')
      throw new Error(`${this.#shown(definition)}: the stage "${name}": ${entry}`);
    return entry;
  }

  #shown(definition: string): string {
    return inProject(this.root, this.lockPath(definition));
  }

  lockPath(definition: string): string {
    return path.join(this.root, definition.replace(/\.yaml$/, '.lock'));
  }

  /** Read each time: whoever else works on the project may have written it. */
  lock(definition: string): LockFile {
    const file = this.lockPath(definition);
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
export function changedKeys(
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
    // A tuple comes back from the lock as a list.
    return equal(now instanceof PythonTuple ? [...now] : now, old) ? [] : [[String(key), 'modified']];
  });
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
