/**
 * Which content a file had when it last had this size, modification time, change time (ns) and inode: an unchanged file
 * is never read twice. Derived; when the file is missing or broken, hashes are computed anew.
 *
 * The modification time can be set, and tools that keep it do so (`cp -p`, `rsync -t`, `tar`): the change time tells
 * those edits. Links and permissions move it, too; so it doesn't count for files that share their bytes with the cache
 * and for the cache's own, which are linked and unlinked all the time.
 *
 * A file changed again within the file system's clock tick, to the same size, would look unchanged. So what was hashed
 * within a tick of its modification is not remembered, as git does with "racy" entries; `save` reads small ones of them
 * again, when the tick is over.
 */
import { mkdirSync, statSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import path from 'node:path';
import { delay } from '../../base/delay.js';
import { writeAtomic } from '../disk/atomic.js';
import { withLock } from '../disk/file-lock.js';
import type { Layout } from '../layout.js';
import { describeError } from '../disk/problem.js';
import type { StoreProblem } from '../disk/problem.js';
import type { ContentHash } from '../runs/document.js';
import { HASHES_FORMAT, SMALL_FILE, hashFile, hashFileSync, hashSteps, problemOf } from './hash.js';
import type { HashProblem, Hashed, Wanted } from './hash.js';
import { readPlainText } from '../disk/plain-file.js';
import { statOf } from '../disk/folder.js';

/** Linux stamps files with a clock that ticks every 1 to 10 ms. */
const TICK_NS = 20_000_000n;
/** File systems that keep whole seconds (FAT: two). */
const COARSE_TICK_NS = 2_000_000_000n;
/** A folder of many small files lets others have a turn after so long. */
const TURN_MS = 8;

function tickOf(time: bigint): bigint {
  return time % 1_000_000_000n === 0n ? COARSE_TICK_NS : TICK_NS;
}

/** 0 for files whose change time says nothing about their bytes. */
function changeTime(stat: BigIntStats, cached: boolean): bigint {
  return cached || stat.nlink > 1n ? 0n : stat.ctimeNs;
}

/** Whether the file may change from now on without its times telling. */
function isRacy(stat: BigIntStats, cached: boolean): boolean {
  const now = BigInt(Date.now()) * 1_000_000n;
  const changed = changeTime(stat, cached);
  return now < stat.mtimeNs + tickOf(stat.mtimeNs) || now < changed + tickOf(changed);
}

/** `<size> <mtime in ns> <inode> <ctime in ns>` */
function identityOf(stat: BigIntStats, cached: boolean): string {
  return `${stat.size} ${stat.mtimeNs} ${stat.ino} ${changeTime(stat, cached)}`;
}

export class HashIndex {
  readonly #root: string;
  readonly #prefix: string;
  readonly #memory: string;
  readonly #file: string;
  /** Path → `<hex> <size> <mtime> <inode> <ctime>`. */
  #known: Map<string, string> | undefined;
  readonly #changed = new Map<string, string>();
  readonly #racy = new Set<string>();

  /** Reads nothing yet. */
  constructor(layout: Layout) {
    this.#root = layout.root;
    this.#prefix = layout.root.endsWith(path.sep) ? layout.root : layout.root + path.sep;
    this.#memory = layout.memory + path.sep;
    this.#file = path.join(layout.index, 'hashes');
  }

  /** Hash of a file or folder, blocking until it is read. Never throws. */
  hash(target: string): Hashed {
    const steps = hashSteps(target);
    let step = steps.next();
    while (step.done !== true) step = steps.next(this.#hashNow(step.value));
    return step.value;
  }

  /** The same for what may be large: others get a turn, and it can be cancelled. Never throws. */
  async hashAsync(target: string, signal?: AbortSignal): Promise<Hashed> {
    const steps = hashSteps(target);
    let step = steps.next();
    let turn = performance.now();
    while (step.done !== true) {
      const { path: file, stat } = step.value;
      if (signal?.aborted === true) return cancelled(target);
      let hash: ContentHash | HashProblem | undefined = this.#lookup(file, stat);
      if (hash === undefined && stat.size <= SMALL_FILE) hash = this.#hashNow(step.value);
      hash ??= await this.#hashLarge(step.value, signal);
      step = steps.next(hash);
      if (performance.now() - turn > TURN_MS) {
        await new Promise((resolve) => setImmediate(resolve));
        turn = performance.now();
      }
    }
    return step.value;
  }

  /** Reads a file or folder again, whatever is known of it. */
  async rehash(target: string, signal?: AbortSignal): Promise<Hashed> {
    const steps = hashSteps(target);
    let step = steps.next();
    while (step.done !== true) step = steps.next(await this.#hashLarge(step.value, signal));
    return step.value;
  }

  /** The hash of a file that has not changed since it was hashed; `undefined` when it would have to be read. */
  known(file: string): { readonly hash: ContentHash; readonly bytes: number } | undefined {
    const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
    if (stat?.isFile() !== true) return undefined;
    const hash = this.#lookup(file, stat);
    return hash === undefined ? undefined : { hash, bytes: Number(stat.size) };
  }

  /**
   * How many bytes would have to be read to know the hash of a file or folder; 0 for what isn't there. Lets a plan
   * refuse to read gigabytes only to show something.
   */
  unknownBytes(target: string): number {
    let bytes = 0;
    const steps = hashSteps(target);
    let step = steps.next();
    while (step.done !== true) {
      const hash = this.#lookup(step.value.path, step.value.stat);
      if (hash === undefined) bytes += Number(step.value.stat.size);
      step = steps.next(hash ?? 'sha256:');
    }
    return bytes;
  }

  /** Tells the hash of a file that was just written or verified by other means. */
  remember(file: string, hash: ContentHash): void {
    const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
    if (stat?.isFile() === true) this.#remember(file, stat, hash, this.#isRacy(file, stat));
  }

  /** Relative to the project for what is in it, so that a project that is moved keeps its index. */
  #key(file: string): string {
    return file.startsWith(this.#prefix) ? file.slice(this.#prefix.length) : file;
  }

  #isCached(file: string): boolean {
    return file.startsWith(this.#memory);
  }

  #isRacy(file: string, stat: BigIntStats): boolean {
    return isRacy(stat, this.#isCached(file));
  }

  #lookup(file: string, stat: BigIntStats): ContentHash | undefined {
    const key = this.#key(file);
    const entry = this.#changed.get(key) ?? this.#load().get(key);
    if (entry?.slice(65) !== identityOf(stat, this.#isCached(file))) return undefined;
    return `sha256:${entry.slice(0, 64)}`;
  }

  #hashNow({ path: file, stat }: Wanted): ContentHash | HashProblem {
    const found = this.#lookup(file, stat);
    if (found !== undefined) return found;
    try {
      const racy = this.#isRacy(file, stat);
      const hash = hashFileSync(file, Number(stat.size));
      this.#remember(file, stat, hash, racy);
      return hash;
    } catch (error) {
      return problemOf(file, error);
    }
  }

  async #hashLarge({ path: file, stat }: Wanted, signal?: AbortSignal): Promise<ContentHash | HashProblem> {
    try {
      // Reading takes longer than waiting for the tick; afterwards the hash can be remembered.
      if (this.#isRacy(file, stat) && tickOf(stat.mtimeNs) === TICK_NS) {
        await delay(Number(TICK_NS / 1_000_000n) + 1);
      }
      const racy = this.#isRacy(file, stat);
      const hash = await hashFile(file, signal);
      this.#remember(file, stat, hash, racy);
      return hash;
    } catch (error) {
      return signal?.aborted === true ? cancelled(file) : problemOf(file, error);
    }
  }

  #remember(file: string, stat: BigIntStats, hash: ContentHash, racy: boolean): void {
    const key = this.#key(file);
    if (racy) {
      this.#changed.delete(key);
      this.#load().delete(key);
      this.#racy.add(key);
      return;
    }
    this.#racy.delete(key);
    this.#changed.set(key, `${hash.slice(7)} ${identityOf(stat, this.#isCached(file))}`);
  }

  #load(): Map<string, string> {
    this.#known ??= readIndex(this.#file);
    return this.#known;
  }

  /**
   * Writes what is new, merged with what others have written since. Does nothing when nothing is new. A problem only
   * costs time later: it is given, not thrown.
   */
  save(): StoreProblem | undefined {
    for (const key of this.#racy) {
      const file = path.resolve(this.#root, key);
      const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
      if (stat?.isFile() === true && stat.size <= SMALL_FILE && !this.#isRacy(file, stat)) {
        this.#hashNow({ path: file, stat });
      }
    }
    this.#racy.clear();
    if (this.#changed.size === 0) return undefined;
    return this.#write((all) => {
      for (const [key, entry] of this.#changed) all.set(key, entry);
    });
  }

  /** Forgets files that are gone. Looks at every file: for `gc`. */
  prune(): StoreProblem | undefined {
    return this.#write((all) => {
      for (const key of all.keys()) {
        if (statOf(path.resolve(this.#root, key)) === undefined) all.delete(key);
      }
    });
  }

  #write(change: (all: Map<string, string>) => void): StoreProblem | undefined {
    try {
      mkdirSync(path.dirname(this.#file), { recursive: true });
      withLock(`${this.#file}.lock`, 500, () => {
        const all = readIndex(this.#file);
        change(all);
        const lines = [HASHES_FORMAT];
        for (const [key, entry] of all) lines.push(`${entry} ${JSON.stringify(key)}`);
        writeAtomic(this.#file, `${lines.join('\n')}\n`);
        this.#known = all;
        this.#changed.clear();
      });
      return undefined;
    } catch (error) {
      const message = `Can't write ${this.#file}: ${describeError(error)}. Unchanged files will be read again next time.`;
      return { path: this.#file, message };
    }
  }
}

function cancelled(target: string): HashProblem {
  return { ok: false, reason: 'cancelled', path: target, message: `Reading ${target} was cancelled.` };
}

const ENTRY = /^([0-9a-f]{64} \d+ -?\d+ \d+ -?\d+) (".*")$/;

/** Anything that is not as it should be is left out: it will be hashed again. */
function readIndex(file: string): Map<string, string> {
  const known = new Map<string, string>();
  let text: string;
  try {
    text = readPlainText(file);
  } catch {
    return known;
  }
  if (!text.startsWith(`${HASHES_FORMAT}\n`)) return known;
  for (const line of text.split('\n')) {
    const match = ENTRY.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) continue;
    const quoted = match[2];
    if (!quoted.includes('\\')) {
      known.set(quoted.slice(1, -1), match[1]);
      continue;
    }
    try {
      known.set(String(JSON.parse(quoted)), match[1]);
    } catch {
      continue;
    }
  }
  return known;
}
