/**
 * Long lists of files in records: kept once, by their content, in `runs/lists/`, and named in a record by their hash. A run
 * that reads 40,000 files then records them in a line, and runs that read the same ones share the list.
 */
import { mkdirSync, rmSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { jsonText, parseJson } from '../../base/json.js';
import { writeAtomic } from '../disk/atomic.js';
import { namesIn, statOf } from '../disk/folder.js';
import { hashOf } from './hash.js';
import { readPlainText } from '../disk/plain-file.js';
import type { ContentHash, LostList } from '../runs/document.js';

/** Shorter lists stay where they are. */
const LONG = 200;
/** Lists that were read last, by their files: many records share one. */
const KEPT = 4;
/** A list that no record names yet may be that of a run which is about to write its record. */
const GRACE_MS = 24 * 60 * 60 * 1000;

type List = readonly unknown[];
type Fields = Readonly<Record<string, unknown>>;

/** In the place of a list, the only element. */
interface Reference {
  readonly list: ContentHash;
  readonly count: number;
}

const written = new WeakMap<List, List>();
const read = new Map<string, List>();

/** The folder of the lists of a project, from its `runs/`. */
export function listsFolder(runs: string): string {
  return path.join(runs, 'lists');
}

/**
 * A run, an event or the state of a task with its long lists (files that it read and put out, parts of fingerprints) put
 * away. What can't be put away stays in it.
 */
export function withoutLists<T extends object>(record: T, folder: string): T {
  return mapLists(record, (list) => put(list, folder)) as T;
}

/**
 * The same with its lists back. Of one that is lost nothing is known: it is empty, and what held it says so (`lost`).
 */
export function withLists<T extends object>(
  record: T,
  folder: string,
): T & { readonly lost?: readonly LostList[] } {
  return mapLists(record, (list) => get(list, folder)) as T;
}

/** @param change gives nothing of a list that is lost */
function mapLists(record: object, change: (list: List) => List | undefined): object {
  const fields = record as Fields;
  const { tasks, inputs, outputs, fingerprint } = fields;
  const changed: Record<string, unknown> = {};
  const lost: LostList[] = [];
  const changedList = (name: LostList, list: List): List => {
    const mapped = change(list);
    if (mapped === undefined) lost.push(name);
    return mapped ?? list.filter((one) => !isReference(one));
  };
  if (Array.isArray(tasks)) {
    const all = tasks as List;
    const mapped = all.map((task) => (isObject(task) ? mapLists(task, change) : task));
    if (mapped.some((task, at) => task !== all[at])) changed['tasks'] = mapped;
  }
  for (const [name, list] of [
    ['inputs', inputs],
    ['outputs', outputs],
  ] as const) {
    const mapped = Array.isArray(list) ? changedList(name, list) : list;
    if (mapped !== list) changed[name] = mapped;
  }
  if (isObject(fingerprint)) {
    const { parts } = fingerprint as Fields;
    const mapped = Array.isArray(parts) ? changedList('fingerprint', parts) : parts;
    if (mapped !== parts) changed['fingerprint'] = { ...fingerprint, parts: mapped };
  }
  if (lost.length > 0) changed['lost'] = lost;
  return Object.keys(changed).length === 0 ? record : { ...record, ...changed };
}

function put(list: List, folder: string): List {
  if (list.length <= LONG) return list;
  const known = written.get(list);
  if (known !== undefined) return known;
  // Commands and params change more often than files do, so they stay beside the list.
  const first = list.findIndex(isFile);
  const after = list.findIndex((one, at) => at > first && !isFile(one));
  const end = after < 0 ? list.length : after;
  if (first < 0 || end - first <= LONG) return list;
  const files = list.slice(first, end);
  const text = jsonText(files);
  const hash = hashOf(text);
  const file = fileOf(hash, folder);
  try {
    if (statOf(file) === undefined) {
      mkdirSync(folder, { recursive: true });
      writeAtomic(file, text, { durable: true });
    } else utimesSync(file, new Date(), new Date());
  } catch {
    return list;
  }
  const reference: Reference = { list: hash, count: files.length };
  const short = [...list.slice(0, first), reference, ...list.slice(end)];
  written.set(list, short);
  return short;
}

/** A file that was read or put out, or such a part of a fingerprint. */
function isFile(one: unknown): boolean {
  return isObject(one) && (!('kind' in one) || one.kind === 'input' || 'mime' in one);
}

function get(list: List, folder: string): List | undefined {
  if (!list.some(isReference)) return list;
  const whole: unknown[] = [];
  for (const one of list) {
    const found = isReference(one) ? contentOf(one.list, folder) : [one];
    if (found === undefined) return undefined;
    for (const each of found) whole.push(each);
  }
  return whole;
}

function isReference(one: unknown): one is Reference {
  return (
    isObject(one) && 'list' in one && typeof one.list === 'string' && /^sha256:[0-9a-f]{64}$/.test(one.list)
  );
}

function fileOf(hash: ContentHash, folder: string): string {
  return path.join(folder, `${hash.slice('sha256:'.length)}.json`);
}

function contentOf(hash: ContentHash, folder: string): List | undefined {
  const file = fileOf(hash, folder);
  const known = read.get(file);
  if (known !== undefined) return known;
  try {
    const text = readPlainText(file);
    // Neither cut nor changed: it has the name of its content.
    if (hashOf(text) !== hash) return undefined;
    const list = parseJson(text) as unknown;
    if (!Array.isArray(list)) return undefined;
    if (read.size >= KEPT) read.delete(read.keys().next().value ?? '');
    read.set(file, list as List);
    return list as List;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/**
 * Removes lists that no record names and that nobody has put away of late.
 *
 * @param records texts of the records; asked for only where something is old enough
 */
export function sweepLists(folder: string, records: () => Iterable<string>): void {
  const limit = Date.now() - GRACE_MS;
  const old = namesIn(folder).filter(
    (name) =>
      /^[0-9a-f]{64}\.json$/.test(name) && (statOf(path.join(folder, name))?.mtimeMs ?? limit) < limit,
  );
  if (old.length === 0) return;
  const named = new Set<string>();
  for (const text of records()) {
    for (const [, hash = ''] of text.matchAll(/"list":"sha256:([0-9a-f]{64})"/g)) named.add(`${hash}.json`);
  }
  for (const name of old) if (!named.has(name)) rmSync(path.join(folder, name), { force: true });
}
