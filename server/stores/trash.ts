/**
 * The project's trash: what runs found in the place of outputs and no run had made, what tasks left half made, and, while a
 * task works, the outputs that it had before. `.modelyard/trash/<run>/<number>/<path>`, and beside them `items.ndjson`, which
 * says what each is. A line is written before anything is moved, so that whoever comes after a runner that was killed knows
 * what to put back (`recoverTrash`).
 */
import { appendFileSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../base/defined.js';
import { withLock } from './disk/file-lock.js';
import { isFolder, namesIn, removeTree } from './disk/folder.js';
import type { Layout } from './layout.js';
import { type LineFormat, lineOf, refusedLines, valueOf } from './disk/line-format.js';
import { isInnerPath } from './content/listing.js';
import { type ProcessIdentity, isAlive, isElsewhere, ownIdentity } from './machine/liveness.js';
import { moveTree } from './disk/move.js';
import { isRunId, runIdTime } from './runs/id.js';
import { readPlainText } from './disk/plain-file.js';

/**
 * `before`: an output of an earlier run, put back unless the task succeeds. `found`: no run is known to have made it.
 * `half-made`: of a task that did not succeed.
 */
export type TrashReason = 'before' | 'found' | 'half-made';

/** Something that was set aside. */
export interface TrashItem {
  /** `<run>/<number>` */
  readonly id: string;
  readonly run: string;
  readonly task: string;
  /** Where it was, relative to the project. */
  readonly path: string;
  readonly reason: TrashReason;
  /** ISO. */
  readonly at: string;
  /** Absolute; where it is. */
  readonly file: string;
}

type Line =
  | ({ readonly kind: 'runner' } & ProcessIdentity)
  /** `held`: to be put back unless the task succeeds. Without `moved` nothing was there. */
  | {
      readonly kind: 'item';
      readonly n: number;
      readonly task: string;
      readonly path: string;
      readonly reason: TrashReason;
      readonly at: string;
      readonly held: boolean;
      readonly moved: boolean;
    }
  /** What became of what was held: `kept` in the trash, `done` with. */
  | { readonly kind: 'settled'; readonly n: number; readonly as: 'kept' | 'done' };

const ITEMS = 'items.ndjson';
const ITEMS_FORMAT: LineFormat = { name: 'what was set aside', version: 1, measured: true };
const LOCK_TIMEOUT_MS = 60_000;

/** What a task's output path held before, or that it held nothing, until it is known how the task ends. */
export interface Held {
  readonly n: number;
  readonly task: string;
  readonly path: string;
  readonly reason: TrashReason;
  readonly moved: boolean;
}

interface Known extends Held {
  readonly run: string;
  readonly at: string;
  readonly runner: ProcessIdentity | undefined;
  readonly state: 'held' | 'kept' | 'done';
}

function placeOf(layout: Layout, run: string, n: number, relative: string): string {
  return path.join(layout.setAside, run, String(n), ...relative.split('/'));
}

/** Whether a path of the trash lies there without a link on the way: what a link leads to is not ours. */
function isInside(layout: Layout, place: string): boolean {
  const parts = path.relative(layout.setAside, path.dirname(place)).split(path.sep);
  let at = layout.setAside;
  for (const part of ['', ...parts]) {
    at = path.join(at, part);
    if (lstatSync(at, { throwIfNoEntry: false })?.isDirectory() !== true) return false;
  }
  return true;
}

function exists(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** A line, whoever has written it; nothing for what is none. */
function readLine(text: string): Line | undefined {
  const value = valueOf(ITEMS_FORMAT, text);
  if (value === undefined) return undefined;
  const line: Partial<Record<string, unknown>> = value;
  const is = (types: Readonly<Record<string, string>>): boolean =>
    Object.entries(types).every(([key, type]) => typeof line[key] === type);
  switch (line['kind']) {
    case 'runner':
      return is({ pid: 'number' }) ? (value as unknown as Line) : undefined;
    case 'item': {
      const strings = { task: 'string', path: 'string', reason: 'string', at: 'string' };
      const file = line['path'];
      if (!is({ n: 'number', held: 'boolean', moved: 'boolean', ...strings })) return undefined;
      if (!Number.isSafeInteger(line['n']) || typeof file !== 'string' || !isInnerPath(file))
        return undefined;
      return /^\.(?:git|modelyard)(?:\/|$)/i.test(file) ? undefined : (value as unknown as Line);
    }
    case 'settled':
      return is({ n: 'number' }) && (line['as'] === 'kept' || line['as'] === 'done')
        ? (value as unknown as Line)
        : undefined;
    default:
      return undefined;
  }
}

/** What a run has set aside or holds, in that order. Lines that can't be read, cut off by a kill, are left out. */
function readItems(layout: Layout, run: string): Known[] {
  let text: string;
  try {
    text = readPlainText(path.join(layout.setAside, run, ITEMS));
  } catch {
    return [];
  }
  const items = new Map<number, Known>();
  let runner: ProcessIdentity | undefined;
  for (const written of text.split('\n')) {
    const line = readLine(written);
    if (line?.kind === 'runner') runner = line;
    else if (line?.kind === 'item') {
      const { n, task, path: file, reason, at, held, moved } = line;
      items.set(n, { n, run, task, path: file, reason, at, moved, runner, state: held ? 'held' : 'kept' });
    } else if (line !== undefined) {
      const item = items.get(line.n);
      if (item !== undefined) items.set(line.n, { ...item, state: line.as });
    }
  }
  return [...items.values()];
}

/** One run's part of the trash, as the run itself fills it. Touches nothing until something is taken. */
export class RunTrash {
  readonly #layout: Layout;
  readonly #run: string;
  #next = 0;
  #open = false;
  #kept = 0;

  constructor(layout: Layout, run: string) {
    this.#layout = layout;
    this.#run = run;
  }

  /** Whether something of this run stays in the trash. */
  get keptSomething(): boolean {
    return this.#kept > 0;
  }

  /**
   * Takes away what is at paths, which may be nothing, until it is known how the task ends. What is written down before stays
   * written down when the process is killed.
   */
  hold(task: string, paths: readonly { readonly path: string; readonly reason: TrashReason }[]): Held[] {
    const held = paths.map(({ path: file, reason }): Held => {
      const n = this.#number();
      return { n, task, path: file, reason, moved: exists(path.join(this.#layout.root, file)) };
    });
    const at = new Date().toISOString();
    this.#write(held.map((item) => ({ kind: 'item', at, held: true, ...item })));
    for (const { n, path: file, moved } of held) {
      if (moved) moveTree(path.join(this.#layout.root, file), placeOf(this.#layout, this.#run, n, file));
    }
    return held;
  }

  /** Takes over what a run whose runner is gone holds for a task that goes on all the same. */
  adopt(task: string, run: string): Held[] {
    const left = readItems(this.#layout, run).filter((item) => item.task === task && item.state === 'held');
    // A run that goes on as itself.
    if (run === this.#run) return left;
    const held = left.map((item): Held => {
      const place = placeOf(this.#layout, run, item.n, item.path);
      const moved = item.moved && exists(place) && isInside(this.#layout, place);
      const own: Held = { n: this.#number(), task, path: item.path, reason: item.reason, moved };
      this.#write([{ kind: 'item', at: item.at, held: true, ...own }]);
      if (moved) moveTree(place, placeOf(this.#layout, this.#run, own.n, item.path));
      settle(this.#layout, run, item.n);
      return own;
    });
    removeWhenDone(this.#layout, run);
    return held;
  }

  /** Sets something aside for good. Gives where it is now, relative to the project; nothing where nothing was there. */
  setAside(task: string, file: string, reason: TrashReason): string | undefined {
    const from = path.join(this.#layout.root, file);
    if (!exists(from)) return undefined;
    const n = this.#number();
    const at = new Date().toISOString();
    this.#write([{ kind: 'item', n, task, path: file, reason, at, held: false, moved: true }]);
    moveTree(from, placeOf(this.#layout, this.#run, n, file));
    this.#kept += 1;
    return this.#shown(n, file);
  }

  /**
   * The task has succeeded: what no run had made stays in the trash, the rest may go. Before anybody is told of the success;
   * `sweep` then frees the bytes.
   */
  settle(held: readonly Held[]): readonly { readonly path: string; readonly at: string }[] {
    const kept = held.filter(({ moved, reason }) => moved && reason === 'found');
    this.#write(
      held.map((item) => ({ kind: 'settled', n: item.n, as: kept.includes(item) ? 'kept' : 'done' })),
    );
    this.#kept += kept.length;
    return kept.map(({ n, path: file }) => ({ path: file, at: this.#shown(n, file) }));
  }

  /** Frees what a task that succeeded had put out before. */
  sweep(held: readonly Held[]): void {
    for (const { n, moved, reason } of held) {
      if (moved && reason !== 'found') removeTree(path.join(this.#layout.setAside, this.#run, String(n)));
    }
  }

  /** The task has not succeeded: everything is as it was before. The paths have to be free. */
  putBack(held: readonly Held[]): void {
    for (const { n, path: file, moved } of held) {
      if (!moved) continue;
      moveTree(placeOf(this.#layout, this.#run, n, file), path.join(this.#layout.root, file));
      removeTree(path.join(this.#layout.setAside, this.#run, String(n)));
    }
    this.#write(held.map(({ n }) => ({ kind: 'settled', n, as: 'done' })));
  }

  /** At the end of the run: nothing is left where nothing was kept. */
  close(): void {
    if (!this.#open) return;
    removeWhenDone(this.#layout, this.#run);
  }

  #shown(n: number, file: string): string {
    const place = placeOf(this.#layout, this.#run, n, file);
    return path.relative(this.#layout.root, place).split(path.sep).join('/');
  }

  /** The number of a new item. A run that goes on as itself, in another process, counts on. */
  #number(): number {
    if (!this.#open) {
      const folder = path.join(this.#layout.setAside, this.#run);
      mkdirSync(folder, { recursive: true });
      if (!isInside(this.#layout, folder)) throw new Error(`${this.#layout.setAside} is a link: remove it`);
      const refused = refusedLines(ITEMS_FORMAT, path.join(folder, ITEMS));
      if (refused !== undefined) throw new Error(refused.message);
      this.#next = Math.max(0, ...readItems(this.#layout, this.#run).map(({ n }) => n));
      this.#open = true;
      this.#write([{ kind: 'runner', ...ownIdentity() }]);
    }
    this.#next += 1;
    return this.#next;
  }

  #write(lines: readonly Line[]): void {
    if (lines.length === 0) return;
    // The break in front ends a line that a killed process left torn.
    const text = `\n${lines.map((line) => lineOf(ITEMS_FORMAT, line)).join('\n')}\n`;
    appendFileSync(path.join(this.#layout.setAside, this.#run, ITEMS), text);
  }
}

/**
 * What the trash holds, the newest first. What living runs hold is theirs and not listed.
 * @param of only what this run has set aside
 */
export function listTrash(layout: Layout, of?: string): readonly TrashItem[] {
  return itemsIn(layout, of)
    .filter((item) => item.state === 'kept' && item.moved)
    .map(({ n, run, task, path: file, reason, at }) => {
      return { id: `${run}/${n}`, run, task, path: file, reason, at, file: placeOf(layout, run, n, file) };
    })
    .filter((item) => exists(item.file) && isInside(layout, item.file))
    .sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
}

function itemsIn(layout: Layout, of?: string): Known[] {
  const runs = runsIn(layout).filter((run) => of === undefined || run === of);
  return runs.flatMap((run) => readItems(layout, run));
}

/** Runs whose part can be read: what a newer Modelyard has set aside is left as it is. */
function runsIn(layout: Layout): string[] {
  if (!isFolder(layout.setAside)) return [];
  return namesIn(layout.setAside).filter((name) => {
    const folder = path.join(layout.setAside, name);
    const ours = isRunId(name) && isFolder(folder);
    return ours && refusedLines(ITEMS_FORMAT, path.join(folder, ITEMS)) === undefined;
  });
}

/** What an id, a path where something was, or a file in a folder that was set aside, means: the newest of them. */
export function findInTrash(
  layout: Layout,
  word: string,
): { readonly item: TrashItem; readonly part: string } | undefined {
  for (const item of listTrash(layout)) {
    for (const name of [item.id, item.path]) {
      if (word === name) return { item, part: '' };
      if (!word.startsWith(`${name}/`)) continue;
      const part = word.slice(name.length + 1);
      const file = path.join(item.file, ...part.split('/'));
      if (isInnerPath(part) && exists(file) && isInside(layout, file)) return { item, part };
    }
  }
  return undefined;
}

/** Moves something out of the trash, or a part of it, to a place, absolute, that is free. Throws the system's error. */
export function takeFromTrash(layout: Layout, item: TrashItem, part: string, to: string): void {
  moveTree(part === '' ? item.file : path.join(item.file, ...part.split('/')), to);
  if (part === '') forget(layout, item);
}

/** Removes something from the trash for good. */
export function removeFromTrash(layout: Layout, item: TrashItem): void {
  removeTree(item.file);
  forget(layout, item);
}

function forget(layout: Layout, { id, run }: TrashItem): void {
  removeTree(path.join(layout.setAside, ...id.split('/')));
  const rest = readItems(layout, run).some(
    ({ n, path: file, state }) =>
      state === 'held' || (state === 'kept' && exists(placeOf(layout, run, n, file))),
  );
  if (!rest) removeTree(path.join(layout.setAside, run));
}

/** Bytes of a file or of all that is in a folder; links are not followed. */
export function bytesBelow(target: string): number {
  const stat = lstatSync(target, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.size;
  return namesIn(target).reduce((sum, name) => sum + bytesBelow(path.join(target, name)), 0);
}

export interface TrashBounds {
  readonly maxBytes?: number;
  readonly maxAgeMs?: number;
}

export const TRASH_BOUNDS = { maxBytes: 5 * 1024 ** 3, maxAgeMs: 30 * 24 * 60 * 60 * 1000 } as const;
/** Whoever sees in the morning what a run of the night has set aside has to find it, however large it is. */
const AT_LEAST_MS = 24 * 60 * 60 * 1000;

/** What goes by the bounds: what is too old, and the oldest until the rest fits. What is younger than a day stays. */
export function trashOverBounds(
  layout: Layout,
  bounds: TrashBounds,
  now = Date.now(),
): readonly (TrashItem & { readonly bytes: number })[] {
  const { maxBytes, maxAgeMs } = { ...TRASH_BOUNDS, ...bounds };
  let left = 0;
  return listTrash(layout).flatMap((item) => {
    const bytes = bytesBelow(item.file);
    left += bytes;
    const age = now - Date.parse(item.at);
    return age > maxAgeMs || (left > maxBytes && age > AT_LEAST_MS) ? [{ ...item, bytes }] : [];
  });
}

/** Whether looking for what goes by its age can be worth the while; costs reading one folder. */
export function hasOldTrash(layout: Layout, { maxAgeMs = TRASH_BOUNDS.maxAgeMs }: TrashBounds): boolean {
  return runsIn(layout).some((run) => Date.now() - runIdTime(run) > maxAgeMs);
}

/**
 * Where the outputs lie that runners that were killed had taken away, by their paths, until the next run puts them back;
 * nothing for a path that was empty. For those who only look.
 */
export function leftByKilled(layout: Layout): ReadonlyMap<string, string | undefined> {
  const left = itemsIn(layout).filter(
    ({ state, runner }) => state === 'held' && (runner === undefined || !isAlive(runner)),
  );
  return new Map(
    left.flatMap(({ run, n, path: file, moved }): [string, string | undefined][] => {
      const place = placeOf(layout, run, n, file);
      if (!moved) return [[file, undefined]];
      return exists(place) && isInside(layout, place) ? [[file, place]] : [];
    }),
  );
}

/** What a runner that was killed had taken away, and what became of it. */
export interface Recovered {
  readonly run: string;
  readonly task: string;
  readonly path: string;
  /** What lay there instead, half made, and is in the trash now; where that is, relative to the project. */
  readonly aside?: string;
  readonly putBack: boolean;
}

/**
 * Puts back what killed runners had taken away, and sets aside what their tasks were making. To be called by a run that holds
 * its locks, before it looks at any file.
 * @param mine whether this run alone may write a path: then nobody lives who could be at it, on whatever host it was
 * @param inProject whether a path stays in the project when links are followed
 * @param goesOn whether a task is done by somebody else, who outlives the runner: what is held for it stays so
 */
export function recoverTrash(
  layout: Layout,
  into: RunTrash,
  {
    mine,
    inProject,
    goesOn,
  }: {
    readonly mine: (path: string) => boolean;
    readonly inProject: (path: string) => boolean;
    readonly goesOn: (run: string, task: string) => boolean;
  },
): readonly Recovered[] {
  const isLeft = ({ state, runner, run, task, path: file }: Known): boolean =>
    state === 'held' &&
    inProject(file) &&
    !goesOn(run, task) &&
    (runner === undefined || !isAlive(runner) || (isElsewhere(runner) && mine(file)));
  if (!isFolder(layout.setAside)) return [];
  if (!itemsIn(layout).some(isLeft)) return [];
  const done: Recovered[] = [];
  mkdirSync(layout.locks, { recursive: true });
  withLock(path.join(layout.locks, 'trash.lock'), LOCK_TIMEOUT_MS, () => {
    for (const run of runsIn(layout)) {
      const left = readItems(layout, run).filter(isLeft);
      for (const item of left) done.push(recoverOne(layout, into, item));
      if (left.length > 0) removeWhenDone(layout, run);
    }
  });
  return done;
}

/** Nothing is left where nothing was kept. */
function removeWhenDone(layout: Layout, run: string): void {
  if (readItems(layout, run).every(({ state }) => state === 'done'))
    removeTree(path.join(layout.setAside, run));
}

function settle(layout: Layout, run: string, n: number): void {
  const line: Line = { kind: 'settled', n, as: 'done' };
  appendFileSync(path.join(layout.setAside, run, ITEMS), `\n${lineOf(ITEMS_FORMAT, line)}\n`);
}

function recoverOne(layout: Layout, into: RunTrash, item: Known): Recovered {
  const { run, n, task, path: file, moved } = item;
  const place = placeOf(layout, run, n, file);
  const told = { run, task, path: file };
  // Killed before it was taken away, or after it was put back.
  if (moved && !(exists(place) && isInside(layout, place))) {
    settle(layout, run, n);
    return { ...told, putBack: false };
  }
  const aside = into.setAside(task, file, 'half-made');
  if (moved) {
    moveTree(place, path.join(layout.root, file));
    rmSync(path.join(layout.setAside, run, String(n)), { recursive: true, force: true });
  }
  settle(layout, run, n);
  return { ...told, ...defined({ aside }), putBack: moved };
}
