/**
 * The index behind lineage: who wrote and who read which content, and which version is made of it. Derived from the
 * documents of runs and the journals of models; brought up to date when it is asked, made again when it is missing.
 *
 * Lines of tab-separated fields in 256 files by the first byte of their key, which is the hash of a content or of a path:
 * a question reads the few files that it needs. Only appended to; a file that is not as it was left makes the index anew.
 */
import { sha256 } from '../content/hash.js';
import { appendFileSync, existsSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../base/defined.js';
import { writeAtomic } from '../disk/atomic.js';
import { withLock } from '../disk/file-lock.js';
import { fileStamp, namesIn } from '../disk/folder.js';
import type { Layout } from '../layout.js';
import { errorCode } from '../disk/problem.js';
import type { Registry } from '../registry/registry.js';
import type { ContentHash, RunDocument } from '../runs/document.js';
import { runIdPrefix, runIdTime } from '../runs/id.js';
import { LIVE_STATUSES } from '../runs/index/summary.js';
import type { RunStore } from '../runs/runs.js';
import { readPlain, readPlainText } from '../disk/plain-file.js';
import { foreignMemory } from '../trust.js';
import { forgetOldest, userCacheFolder } from '../machine/user-folders.js';

/** Raised when the lines change: an index of another format is made again. */
const FORMAT = 2;
/** Runs may come into the list of runs a little out of order. */
const LOOK_BACK_MS = 10 * 60 * 1000;
const FIRST_PAGE = 50;
const NEXT_PAGE = 2_000;

/** A task that read or wrote a content. */
export interface Use {
  readonly run: string;
  readonly pipeline: string;
  readonly task: string;
  readonly action: string;
  /** Of the content. */
  readonly path: string;
  /** Contents on the task's other side, hex digits: what it wrote when it read this, what it read when it wrote this. */
  readonly others: readonly string[];
}

/**
 * What the index says of a content, as it is written there. Rows are cut up only where they have to be: a question may
 * go over a hundred thousand of them.
 */
export const rows = {
  isRead: (row: string): boolean => row.charCodeAt(0) === 0x69 && row.charCodeAt(1) === 0x09,
  isWrite: (row: string): boolean => row.charCodeAt(0) === 0x6f && row.charCodeAt(1) === 0x09,
  isVersion: (row: string): boolean => row.charCodeAt(0) === 0x76 && row.charCodeAt(1) === 0x09,
  /** The same for all rows of one task of one run. */
  taskKey(row: string): string {
    const task = row.indexOf('\t', row.indexOf('\t', 2) + 1) + 1;
    return row.slice(2, row.indexOf('\t', task));
  },
  isOfRun: (row: string, run: string): boolean => row.startsWith(run, 2),
  others(row: string): readonly string[] {
    const text = row.slice(row.lastIndexOf('\t') + 1);
    return text === '' ? [] : text.split(',');
  },
  use(row: string): Use {
    const [, run = '', pipeline = '', task = '', action = '', path = ''] = row.split('\t');
    return {
      run,
      pipeline: unescape(pipeline),
      task: unescape(task),
      action: unescape(action),
      path: unescape(path),
      others: rows.others(row),
    };
  },
  /** The row that a task would have. */
  ofTask(use: Use, kind: 'read' | 'wrote'): string {
    const fields = [use.run, use.pipeline, use.task, use.action, use.path].map(escape);
    return [kind === 'read' ? 'i' : 'o', ...fields, use.others.join(',')].join('\t');
  },
  version(row: string): { readonly model: string; readonly version: string } {
    const [, model = '', version = ''] = row.split('\t');
    return { model, version };
  },
};

/** One row or several, by key. */
type Shard = ReadonlyMap<string, string | readonly string[]>;

interface State {
  readonly format: number;
  /** The newest run that was looked at. */
  readonly newest: string;
  /** Runs that had not ended then. */
  readonly open: readonly string[];
  /** Runs that are in but for lists that were lost: asked for again each time, so that it is said. */
  readonly lost?: readonly string[];
  /** Runs that are in, of the time that is looked at again. */
  readonly recent: readonly string[];
  /** Bytes of each model's journal that are in. */
  readonly models: Readonly<Record<string, number>>;
  /** What each file of lines was when this was written: one that was cut, lost or changed since makes all of it anew. */
  readonly shards: Readonly<Record<string, string>>;
}

const NOTHING: State = { format: FORMAT, newest: '', open: [], recent: [], models: {}, shards: {} };

/** In ASCII, so that a file of a hundred thousand lines is read without decoding. */
const escape = (text: string): string =>
  text.replace(/[^ -$&-~]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
const unescape = (text: string): string =>
  text.includes('%')
    ? text.replace(/%([0-9a-f]{4})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    : text;

const hexOf = (hash: ContentHash): string => hash.slice(hash.indexOf(':') + 1);

function keyOfPath(file: string): string {
  return sha256(`path\0${file}`);
}

/** More projects than somebody asks for lineage. */
const MOST_PROJECTS = 200;

/**
 * A folder in this user's cache, by where the memory is and which one it is: asking for lineage changes nothing in a
 * project. Where the cache can't be written, in the memory, if that was made here; `undefined`: nowhere.
 */
function placeOf({ memory, index }: Layout, foreign: boolean): string | undefined {
  const cache = userCacheFolder();
  const { dev, ino } = lstatSync(memory);
  const name = sha256(`${memory}\0${dev}\0${ino}`).slice(0, 32);
  try {
    if (cache !== undefined) {
      const place = path.join(cache, 'lineage', name);
      if (!existsSync(place)) {
        forgetOldest(path.dirname(place), MOST_PROJECTS);
        mkdirSync(place, { recursive: true, mode: 0o700 });
      }
      return place;
    }
  } catch {
    // See above.
  }
  return foreign ? undefined : index;
}

export class LineageIndex {
  readonly #memory: string;
  /** Nowhere until it is first brought up to date. */
  #folder = '';
  #lock = '';
  readonly #runs: RunStore;
  readonly #registry: Registry;
  /** Files that this instance has read, by the first byte of their keys: dropped when the index grows. */
  readonly #read = new Map<string, Shard>();

  constructor(runs: RunStore, registry: Registry) {
    this.#runs = runs;
    this.#registry = registry;
    this.#memory = runs.layout.memory;
  }

  /**
   * Brings the index up to date with runs that have ended and versions that were made since. When another process is at
   * it for longer than `timeoutMs`, it stays as it is. Throws the system's error (full disk).
   */
  sync(timeoutMs = 5_000): void {
    // A project without a memory has no lineage, and asking for it makes none.
    if (!existsSync(this.#memory)) return;
    const { layout } = this.#runs;
    const place = placeOf(layout, foreignMemory(layout) !== undefined);
    if (place === undefined) return;
    this.#choose(place);
    mkdirSync(this.#folder, { recursive: true });
    withLock(this.#lock, timeoutMs, () => {
      let state = this.#state();
      if (state === undefined) {
        rmSync(this.#folder, { recursive: true, force: true });
        mkdirSync(this.#folder, { recursive: true });
        state = NOTHING;
      }
      const lines = new LineBuffer(this.#folder);
      const read = { ...this.#addRuns(state, lines), models: this.#addVersions(state, lines) };
      const changed = lines.flush();
      const next: State = changed ? { ...read, shards: shardsIn(this.#folder) } : read;
      if (changed || JSON.stringify(next) !== JSON.stringify(state)) {
        writeAtomic(path.join(this.#folder, 'state.json'), JSON.stringify(next));
      }
      if (changed) this.#read.clear();
    });
  }

  #choose(place: string): void {
    const folder = path.join(place, 'lineage');
    if (folder !== this.#folder) this.#read.clear();
    this.#folder = folder;
    this.#lock = path.join(place, 'lineage.lock');
  }

  #state(): State | undefined {
    try {
      const value: unknown = JSON.parse(readPlainText(path.join(this.#folder, 'state.json')));
      const isOurs =
        typeof value === 'object' && value !== null && 'format' in value && value.format === FORMAT;
      if (!isOurs) return undefined;
      const state = value as State;
      const shards = shardsIn(this.#folder);
      const same = JSON.stringify(state.shards) === JSON.stringify(shards);
      return same ? state : undefined;
    } catch {
      // Missing or broken: all of it is made again.
      return undefined;
    }
  }

  #addRuns(state: State, lines: LineBuffer): State {
    const from = state.newest === '' ? '' : runIdPrefix(runIdTime(state.newest) - LOOK_BACK_MS);
    const known = new Set(state.recent);
    const open = new Set(state.open);
    const lostBefore = new Set(state.lost);
    const lost: string[] = [];
    const wanted = new Set([...state.open, ...lostBefore]);
    const seen: string[] = [];
    let before: string | undefined;
    for (let limit = FIRST_PAGE; ; limit = NEXT_PAGE) {
      const page = this.#runs.list({ limit, ...defined({ before }) });
      for (const { id } of page) {
        if (id <= from) break;
        seen.push(id);
        if (!known.has(id)) wanted.add(id);
      }
      before = page.at(-1)?.id;
      if (page.length < limit || before === undefined || before <= from) break;
    }
    for (const id of [...wanted].sort()) {
      const read = this.#runs.read(id);
      if (read.ok && LIVE_STATUSES.has(read.run.status)) {
        open.add(id);
        continue;
      }
      open.delete(id);
      known.add(id);
      if (!read.ok) continue;
      if (read.run.tasks.some((task) => task.lost !== undefined)) {
        lost.push(id);
        if (lostBefore.has(id)) continue;
      }
      addRun(read.run, lines);
    }
    const newest = [state.newest, ...seen].reduce((a, b) => (a > b ? a : b));
    const horizon = newest === '' ? '' : runIdPrefix(runIdTime(newest) - LOOK_BACK_MS);
    return {
      ...state,
      newest,
      open: [...open].sort(),
      lost,
      recent: [...known].filter((id) => id > horizon).sort(),
    };
  }

  #addVersions(state: State, lines: LineBuffer): Readonly<Record<string, number>> {
    const models: [string, number][] = [];
    for (const name of this.#registry.modelNames()) {
      const { journal } = this.#registry.store(name);
      const from = Object.hasOwn(state.models, name) ? (state.models[name] ?? 0) : 0;
      if (journal.size() <= from) {
        models.push([name, from]);
        continue;
      }
      const { entries, end } = journal.readFrom(from);
      for (const entry of entries) {
        if (entry.action !== 'version-created') continue;
        const { hash } = entry.document.artifact;
        lines.add(hexOf(hash), ['v', name, entry.version]);
      }
      models.push([name, end]);
    }
    return Object.fromEntries(models);
  }

  /** What is known of a content, by its hex digits: rows that begin with `i` (read), `o` (written) or `v` (version). */
  rowsOf(key: string): readonly string[] {
    const shard = key.slice(0, 2);
    let found = this.#read.get(shard);
    if (found === undefined) {
      found = readShard(path.join(this.#folder, `${shard}.tsv`));
      this.#read.set(shard, found);
    }
    const known = found.get(key);
    return known === undefined ? [] : typeof known === 'string' ? [known] : known;
  }

  /** The contents that were ever recorded under a path, the latest last. */
  contentsOf(file: string): readonly ContentHash[] {
    const found = new Set<string>();
    for (const row of this.rowsOf(keyOfPath(file))) {
      const [kind, at = '', hex = ''] = row.split('\t');
      if (kind === 'p' && unescape(at) === file && hex !== '') {
        found.delete(hex);
        found.add(hex);
      }
    }
    return [...found].map((hex) => `sha256:${hex}`);
  }
}

/** Lines on their way into the files. */
class LineBuffer {
  readonly #folder: string;
  readonly #byShard = new Map<string, string[]>();
  readonly #paths = new Set<string>();
  #texts = new Map<string, string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  add(key: string, fields: readonly string[]): void {
    if (!/^[0-9a-f]{64}$/.test(key)) return;
    const shard = key.slice(0, 2);
    const lines = this.#byShard.get(shard) ?? [];
    if (lines.length === 0) this.#byShard.set(shard, lines);
    lines.push(`${key}\t${fields.join('\t')}\n`);
  }

  /** Which content lay under a path: once for each pair, however many runs say so. */
  addPath(file: string, hash: ContentHash): void {
    const key = keyOfPath(file);
    const line = `${key}\tp\t${escape(file)}\t${hexOf(hash)}\n`;
    if (this.#paths.has(line)) return;
    this.#paths.add(line);
    const shard = key.slice(0, 2);
    let text = this.#texts.get(shard);
    if (text === undefined) {
      text = readText(path.join(this.#folder, `${shard}.tsv`));
      this.#texts.set(shard, text);
    }
    if (!text.includes(line)) this.add(key, ['p', escape(file), hexOf(hash)]);
  }

  /** Whether there was anything. */
  flush(): boolean {
    // The newline in front ends a line that a killed writer left torn.
    for (const [shard, lines] of this.#byShard) {
      appendFileSync(path.join(this.#folder, `${shard}.tsv`), `\n${lines.join('')}`);
    }
    this.#texts = new Map();
    return this.#byShard.size > 0;
  }
}

function addRun(run: RunDocument, lines: LineBuffer): void {
  for (const task of run.tasks) {
    if (task.status !== 'succeeded' && task.status !== 'cached') continue;
    const inputs = task.inputs.map(({ hash }) => hexOf(hash)).join(',');
    const outputs = task.outputs.map(({ hash }) => hexOf(hash)).join(',');
    const who = [run.id, escape(run.pipeline), escape(task.id), escape(task.action)];
    for (const { path: file, hash } of task.inputs) {
      lines.add(hexOf(hash), ['i', ...who, escape(file), outputs]);
      lines.addPath(file, hash);
    }
    for (const { path: file, hash } of task.outputs) {
      lines.add(hexOf(hash), ['o', ...who, escape(file), inputs]);
      lines.addPath(file, hash);
    }
  }
}

/** Size and time of each file of lines, in the order of their names. */
function shardsIn(folder: string): Readonly<Record<string, string>> {
  const names = namesIn(folder).filter((name) => name.endsWith('.tsv'));
  return Object.fromEntries(names.sort().map((name) => [name, fileStamp(path.join(folder, name))]));
}

function readText(file: string): string {
  try {
    return readPlain(file).toString('latin1');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return '';
    throw error;
  }
}

/** The rows of a file by key. What is no whole line is left out. */
function readShard(file: string): Shard {
  const found = new Map<string, string | string[]>();
  const text = readText(file);
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\n', at);
    if (end === -1) break;
    if (text.charCodeAt(at + 64) === 9 && isWhole(text, at + 65, end)) {
      const key = text.slice(at, at + 64);
      const row = text.slice(at + 65, end);
      const known = found.get(key);
      if (known === undefined) found.set(key, row);
      else if (typeof known === 'string') found.set(key, [known, row]);
      else known.push(row);
    }
    at = end + 1;
  }
  return found;
}

const FIELDS: Readonly<Record<string, number>> = { i: 7, o: 7, p: 3, v: 3 };

/** Whether a row has all of its fields: a kill may have torn it. */
function isWhole(text: string, from: number, end: number): boolean {
  let fields = 1;
  for (let at = text.indexOf('\t', from); at !== -1 && at < end; at = text.indexOf('\t', at + 1)) fields += 1;
  return FIELDS[text.charAt(from)] === fields;
}
