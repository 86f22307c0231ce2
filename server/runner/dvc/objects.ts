/** DVC's cache: objects by their MD5, listings of folders, and what stages came to for which dependencies. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { runSliced, runThrough } from '../../base/runs/steps.js';
import { pythonJson } from '../../definition/dialects/dvc/equal.js';
import { entryLines } from '../../definition/dialects/dvc/yaml-text.js';
import { isList, isMapping, type Mapping, type Value } from '../../definition/dialects/dvc/resolve/values.js';
import { LockFile } from '../../definition/dialects/dvc/lock.js';
import { sha256 } from '../../stores/content/hash.js';
import type { FileHash, FolderHash } from './hashes.js';
import { hashing } from './hashes.js';
import { DEFAULT_LINKS, isLinkedAs, letExecute, linksOutputs, type LinkType, putLink } from './links.js';

const READ_ONLY = 0o444;
/** What a `dvc.lock` or a listing says may be anything; only a hash leads into the cache. */
const MD5 = /^[0-9a-f]{32}(?:\.dir)?$/;
/** Left out where a stage is known by what it read and made. */
const UNCOUNTED = ['size', 'nfiles'];

interface Member {
  readonly md5: string;
  readonly relpath: string;
}

export class DvcCache {
  readonly #folder: string;
  readonly #links: readonly LinkType[];

  /** @param folder absolute; made when the first object needs it @param links how files come out of it */
  constructor(folder: string, links: readonly LinkType[] = DEFAULT_LINKS) {
    this.#folder = folder;
    this.#links = links;
  }

  /** Whether a link leads into it. @param to as it is written @param folder of the link */
  holds(to: string, folder: string): boolean {
    return path.resolve(folder, to).startsWith(`${this.#folder}${path.sep}`);
  }

  /** Where an object lies; those of DVC 2 lie elsewhere. */
  place(md5: string, legacy = false): string {
    const head = legacy ? this.#folder : path.join(this.#folder, 'files', 'md5');
    return path.join(head, md5.slice(0, 2), md5.slice(2));
  }

  /** Whether it has an object and, of a folder, all that is in it. One that may have been written to is read. */
  has(md5: string, legacy = false): boolean {
    if (!this.#isWhole(md5, legacy)) return false;
    if (!md5.endsWith('.dir')) return true;
    return this.members(md5, legacy)?.every((one) => this.#isWhole(one.md5, legacy)) ?? false;
  }

  /** Whether it has the object itself, of a folder its listing. */
  holdsObject(md5: string, legacy: boolean): boolean {
    return MD5.test(md5) && existsSync(this.place(md5, legacy));
  }

  #isWhole(md5: string, legacy: boolean): boolean {
    if (!MD5.test(md5)) return false;
    const stat = statSync(this.place(md5, legacy), { throwIfNoEntry: false });
    if (stat?.isFile() !== true) return false;
    if ((stat.mode & 0o777) === READ_ONLY || legacy) return true;
    return runThrough(hashing(this.place(md5))) === md5.replace(/\.dir$/, '');
  }

  /** What a folder holds; `undefined` where its listing can't be read. */
  members(md5: string, legacy = false): readonly Member[] | undefined {
    if (!MD5.test(md5)) return undefined;
    try {
      const list: unknown = JSON.parse(readFileSync(this.place(md5, legacy), 'utf8'));
      if (!Array.isArray(list)) return undefined;
      const members = (list as readonly Partial<Member>[]).map(({ md5: hash, relpath }) =>
        typeof hash === 'string' && typeof relpath === 'string' && isInside(relpath)
          ? { md5: hash, relpath }
          : undefined,
      );
      return members.includes(undefined) ? undefined : members.filter((one) => one !== undefined);
    } catch {
      return undefined;
    }
  }

  /**
   * Puts a file or a folder in that has just been hashed.
   *
   * @param link whether what is there becomes a link to it, where `cache.type` wants links @throws where it has changed since
   */
  async add(absolute: string, hash: FileHash | FolderHash, link: boolean): Promise<void> {
    const links = link && linksOutputs(this.#links);
    const hard = links && this.#links[0] === 'hardlink';
    if (hash.kind === 'file') {
      await this.#addFile(absolute, hash.md5, hard);
      if (!links) return;
      await this.#relink(hash.md5, absolute);
      if (hash.isexec) letExecute(absolute);
      return;
    }
    for (const { relative, md5 } of hash.files) {
      const file = `${absolute}/${relative}`;
      await this.#addFile(file, md5, hard);
      if (links && !isLinkedAs(file, this.place(md5), this.#links)) await this.#relink(md5, file);
    }
    // Last, so that who finds it finds all that it names.
    await this.#put(hash.md5, (place) => writeFileSync(place, hash.listing));
  }

  async #relink(md5: string, file: string): Promise<void> {
    await putLink(this.place(md5), file, this.#links);
  }

  /** @param hard the file itself becomes the object, where that can be */
  #addFile(absolute: string, md5: string, hard: boolean): Promise<void> {
    return this.#put(md5, async (place) => {
      const { mode } = statSync(absolute);
      await putLink(absolute, place, hard && !isLink(absolute) ? ['hardlink', 'copy'] : ['reflink', 'copy']);
      chmodSync(place, READ_ONLY);
      if ((await runSliced(hashing(place))) === md5) return;
      if (lstatSync(place).nlink > 1) chmodSync(absolute, mode & 0o777);
      throw new Error(`${absolute} was changed while it was put into DVC’s cache`);
    });
  }

  async #put(md5: string, write: (place: string) => void | Promise<void>): Promise<void> {
    if (this.#isWhole(md5, false)) return;
    const place = this.place(md5);
    mkdirSync(path.dirname(place), { recursive: true });
    const half = `${place}.${process.pid}.${String(Date.now())}.tmp`;
    try {
      await write(half);
      chmodSync(half, READ_ONLY);
      renameSync(half, place);
    } catch (error) {
      rmSync(half, { force: true });
      throw error;
    }
  }

  /** Puts an object where an output belongs; what lay there has been taken away. */
  async checkout(
    md5: string,
    absolute: string,
    options: { readonly legacy: boolean; readonly isexec: boolean },
  ): Promise<void> {
    const { legacy, isexec } = options;
    if (!md5.endsWith('.dir')) {
      await putLink(this.place(md5, legacy), absolute, this.#links);
      if (isexec) letExecute(absolute);
      return;
    }
    mkdirSync(absolute, { recursive: true });
    for (const { md5: one, relpath } of this.members(md5, legacy) ?? [])
      await putLink(this.place(one, legacy), path.join(absolute, relpath), this.#links);
  }

  /** What a stage came to the last time that it had these dependencies. */
  lastRun(entry: Mapping): Mapping | undefined {
    const folder = this.#runs(runKey(entry));
    if (!existsSync(folder)) return undefined;
    const found = readdirSync(folder).map((name) => {
      const file = path.join(folder, name);
      return { file, time: lstatSync(file).mtimeMs };
    });
    const newest = found.sort((a, b) => b.time - a.time)[0];
    if (newest === undefined) return undefined;
    const read = LockFile.read(
      `schema: '2.0'\nstages:\n  run:\n${readFileSync(newest.file, 'utf8').replace(/^(?=.)/gm, '    ')}`,
    );
    const kept = read.ok ? read.lock.entry('run') : undefined;
    return typeof kept === 'object' ? kept.value : undefined;
  }

  saveRun(entry: Mapping): void {
    const folder = this.#runs(runKey(entry));
    const place = path.join(folder, sha256(pythonJson(entry, UNCOUNTED)));
    if (existsSync(place)) return;
    mkdirSync(folder, { recursive: true });
    const half = path.join(folder, `.${process.pid}.tmp`);
    writeFileSync(
      half,
      [...entry].flatMap(([key, value]) => entryLines(String(key), value, '')).join('\n') + '\n',
    );
    renameSync(half, place);
  }

  #runs(key: string): string {
    return path.join(this.#folder, 'runs', key.slice(0, 2), key);
  }
}

function isLink(file: string): boolean {
  return lstatSync(file).isSymbolicLink();
}

/** A name in a listing must not lead anywhere else. */
function isInside(relpath: string): boolean {
  return !relpath.startsWith('/') && !relpath.split('/').includes('..');
}

function runKey(entry: Mapping): string {
  const outs = entry.get('outs');
  const paths: Value = isList(outs)
    ? outs.map((one) => (isMapping(one) ? (one.get('path') ?? null) : null))
    : [];
  return sha256(pythonJson(new Map([...entry, ['outs', paths]]), UNCOUNTED));
}
