/**
 * Folders that are made from a listing (see hash.ts): the one way in which the cache, the registry, packages, releases and
 * imports put a folder onto the disk. A listing may come from anybody, so it is checked when it is taken in and again when it
 * is laid out:
 *
 * - every path is a plain one inside the folder, and each stands there once;
 * - nothing lies below a link or a file, so that no file is ever written through a link;
 * - a link's target is resolved component by component as the kernel does it: text that looks harmless may climb out once the
 *   links in it are followed. What leads out of the folder is refused, but for a file whose bytes the listing records.
 *
 * Laid out are folders first, then files, links last; each is created exclusively below a parent that was just looked at.
 */
import { chmodSync, lstatSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../base/defined.js';
import { unescapePath } from './hash.js';
import { errorCode } from '../disk/problem.js';
import type { ContentHash } from '../runs/document.js';

export type Entry =
  | { readonly kind: 'file'; readonly path: string; readonly hash: ContentHash }
  | { readonly kind: 'folder'; readonly path: string }
  /** `leads`: the hash of the file outside of the folder that it led to when the listing was made. */
  | { readonly kind: 'link'; readonly path: string; readonly target: string; readonly leads?: ContentHash };

export type FileEntry = Extract<Entry, { kind: 'file' }>;
export type LinkEntry = Extract<Entry, { kind: 'link' }>;

/** A listing that is not laid out; the message says which path and why. */
export class BadListing extends Error {}

export interface ListingRules {
  /** It comes from, or goes to, another machine: names have to be possible and different on every system. */
  readonly portable?: boolean;
  /** Links to files outside whose bytes are recorded are taken. Else no link may leave the folder. */
  readonly outside?: boolean;
}

const HASH = /^sha256:[0-9a-f]{64}$/;
const MAX_PATH_BYTES = 4096;
const MAX_DEPTH = 256;
/** What the kernel follows at most is 40 on Linux and 32 on macOS; a chain beyond this leads nowhere anywhere. */
const MAX_LINKS = 64;
const DEVICE_NAME = /^(?:con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³])(?:\..*)?$/i;

/** A path in a folder, `/` between names, that stays in it on every system. */
export function isInnerPath(name: string): boolean {
  if (name === '' || name.includes('\0') || path.isAbsolute(name) || path.win32.isAbsolute(name))
    return false;
  if (Buffer.byteLength(name) > MAX_PATH_BYTES) return false;
  const parts = name.split('/');
  return parts.length <= MAX_DEPTH && parts.every((part) => part !== '' && part !== '.' && part !== '..');
}

/** Whether Windows would take a name for something else: a device, a stream, a folder, or one without its last dot. */
function isUnportable(name: string): boolean {
  return name.split('/').some((part) => /[\\:]|[. ]$/.test(part) || DEVICE_NAME.test(part));
}

/** How file systems that fold case and composed letters know it. */
function folded(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

const foldsCase = process.platform === 'win32' || process.platform === 'darwin';

/** The lines of a listing. Throws `BadListing` for one that is none or breaks the rules. */
export function readListing(text: string, rules: ListingRules = {}): readonly Entry[] {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new BadListing('its listing is cut off');
  const entries = lines.map(readLine);
  checkEntries(entries, rules);
  return entries;
}

function readLine(line: string): Entry {
  const space = line.indexOf(' ');
  const head = space === -1 ? '' : line.slice(0, space);
  const name = unescapePath(line.slice(space + 1));
  if (head === 'folder:') return { kind: 'folder', path: name.replace(/\/$/, '') };
  if (HASH.test(head)) return { kind: 'file', path: name, hash: head };
  const link = /^link:([^@]*)(?:@(.*))?$/.exec(head);
  const target = link === null ? undefined : decoded(link[1] ?? '');
  const leads = link?.[2];
  if (target === undefined || (leads !== undefined && !HASH.test(leads))) {
    throw new BadListing(`its listing has a line that is none: ${shown(line.slice(0, 200))}`);
  }
  return { kind: 'link', path: name, target, ...defined({ leads }) };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function shown(name: string): string {
  return JSON.stringify(name);
}

/** Throws `BadListing` where entries of a folder, or the files of an archive, break the rules. */
export function checkEntries(entries: readonly Entry[], rules: ListingRules = {}): Tree {
  const portable = rules.portable === true || process.platform === 'win32';
  const fold = rules.portable === true || foldsCase ? folded : (name: string): string => name;
  const tree = new Tree(fold);
  for (const entry of entries) {
    if (!isInnerPath(entry.path)) {
      throw new BadListing(`${shown(entry.path)} leaves the folder that it is listed in`);
    }
    if (portable && isUnportable(entry.path)) {
      throw new BadListing(
        `${shown(entry.path)} is no name that every system takes (a device, a backslash, a colon, a dot or space at the end): rename it`,
      );
    }
    tree.add(entry);
  }
  for (const entry of entries) {
    if (entry.kind !== 'link') continue;
    if (tree.staysInside(entry)) continue;
    if (rules.outside === true && entry.leads !== undefined) continue;
    throw leadsOut(entry);
  }
  return tree;
}

function leadsOut(entry: LinkEntry): BadListing {
  return new BadListing(`${shown(entry.path)} is a link that leads out of its folder`);
}

/** What a listing has at each path, folders that are only in between included. */
class Tree {
  readonly #places = new Map<string, { readonly path: string; readonly entry: Entry | undefined }>();
  readonly #folded = new Map<string, LinkEntry>();
  readonly #fold: (name: string) => string;

  constructor(fold: (name: string) => string) {
    this.#fold = fold;
  }

  add(entry: Entry): void {
    const { path: name } = entry;
    for (let at = name.indexOf('/'); at !== -1; at = name.indexOf('/', at + 1)) {
      this.#between(name.slice(0, at), name);
    }
    const key = this.#fold(name);
    const there = this.#places.get(key);
    if (there !== undefined) {
      if (there.path !== name) throw collision(there.path, name);
      throw new BadListing(
        there.entry === undefined && entry.kind !== 'folder'
          ? `${shown(name)} is listed as a ${entry.kind} and as a folder`
          : `${shown(name)} is listed twice`,
      );
    }
    this.#places.set(key, { path: name, entry });
    if (entry.kind === 'link') this.#folded.set(folded(name), entry);
  }

  /** A folder that `below` lies in. */
  #between(folder: string, below: string): void {
    const key = this.#fold(folder);
    const there = this.#places.get(key);
    if (there === undefined) {
      this.#places.set(key, { path: folder, entry: undefined });
      return;
    }
    if (there.path !== folder) throw collision(there.path, folder);
    if (there.entry !== undefined && there.entry.kind !== 'folder') {
      throw new BadListing(`${shown(below)} lies below ${shown(folder)}, which is a ${there.entry.kind}`);
    }
  }

  /** Whether a link leads to something in the folder, or nowhere. Each link on the way is followed as the kernel would. */
  staysInside(link: LinkEntry): boolean {
    const at = link.path.split('/').slice(0, -1);
    const rest: string[] = [];
    let hops = 0;
    const follow = (target: string): boolean => {
      if (target === '' || target.includes('\0') || Buffer.byteLength(target) > MAX_PATH_BYTES) return false;
      if (path.isAbsolute(target) || path.win32.isAbsolute(target) || /^[a-z]:/i.test(target)) return false;
      hops += 1;
      // Backslashes separate on Windows, where such a link may be made.
      rest.push(...target.split(/[/\\]/).reverse());
      return true;
    };
    if (!follow(link.target)) return false;
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      if (part === '' || part === '.') continue;
      if (part === '..') {
        if (at.pop() === undefined) return false;
        continue;
      }
      at.push(part);
      const met = this.#folded.get(folded(at.join('/')));
      if (met === undefined) continue;
      // A circle, or a chain that no system follows: it leads nowhere.
      if (hops > MAX_LINKS) return true;
      at.pop();
      if (!follow(met.target)) return false;
    }
    return true;
  }
}

function collision(one: string, other: string): BadListing {
  return new BadListing(
    `${shown(one)} and ${shown(other)} are one path where case or accents don't count: rename one`,
  );
}

/**
 * A folder on its way onto the disk. Makes the folders at once; whoever made it then writes each of `files` to `place` of its
 * path, exclusively (`wx`, `COPYFILE_EXCL`), and calls `finish`. What was made when something throws is to be thrown away.
 */
export class NewFolder {
  readonly files: readonly FileEntry[];
  readonly #root: string;
  readonly #entries: readonly Entry[];
  readonly #tree: Tree;
  /** Those that were made, a folder before what is in it, each with its inode. */
  readonly #inodes = new Map<string, bigint>();

  /**
   * Throws `BadListing` and the system's error.
   * @param root absolute; does not exist, or is an empty folder
   */
  constructor(root: string, entries: readonly Entry[], rules: ListingRules = {}) {
    this.#root = root;
    this.#entries = entries;
    this.#tree = checkEntries(entries, rules);
    this.files = entries.filter((entry) => entry.kind === 'file');
    this.#create('');
    for (const entry of entries) this.#make(entry.kind === 'folder' ? entry.path : parentOf(entry.path));
  }

  /** The absolute path of something new, below a folder that is still the one that was made. */
  place(name: string): string {
    this.#look(parentOf(name));
    return this.#absolute(name);
  }

  /**
   * Makes the links, which nothing can be written through any more, and sets the folders' permissions.
   * @param outside whether a link out of the folder may be made; asked only where the rules take such links
   * @param modeOf permissions of folders (`''`: the folder itself) by path; default: the user's
   */
  finish(outside?: (entry: LinkEntry) => boolean, modeOf?: (name: string) => number | undefined): void {
    for (const entry of this.#entries) {
      if (entry.kind !== 'link') continue;
      if (!this.#tree.staysInside(entry) && outside?.(entry) !== true) throw leadsOut(entry);
      symlinkSync(entry.target, this.place(entry.path));
    }
    // Last, and from within: a folder that can't be written can't be filled.
    for (const name of [...this.#inodes.keys()].reverse()) {
      const mode = modeOf?.(name);
      if (mode !== undefined) chmodSync(this.#absolute(name), saneMode(mode));
    }
  }

  #absolute(name: string): string {
    return name === '' ? this.#root : path.join(this.#root, ...name.split('/'));
  }

  #make(name: string): void {
    if (this.#inodes.has(name)) return;
    this.#make(parentOf(name));
    this.#look(parentOf(name));
    this.#create(name);
  }

  #create(name: string): void {
    const folder = this.#absolute(name);
    try {
      mkdirSync(folder);
    } catch (error) {
      const there = name === '' && errorCode(error) === 'EEXIST' && lstatSync(folder).isDirectory();
      if (!there || readdirSync(folder).length > 0) throw error;
    }
    this.#inodes.set(name, lstatSync(folder, { bigint: true }).ino);
  }

  #look(name: string): void {
    const stat = lstatSync(this.#absolute(name), { bigint: true });
    if (!stat.isDirectory() || stat.ino !== this.#inodes.get(name)) {
      throw new BadListing(`${shown(name)} was replaced while the folder was made`);
    }
  }
}

/** Nothing but who may read, write and execute: no setuid, setgid or sticky bit. */
export function saneMode(mode: number): number {
  return mode & 0o777;
}

function parentOf(name: string): string {
  const slash = name.lastIndexOf('/');
  return slash === -1 ? '' : name.slice(0, slash);
}
