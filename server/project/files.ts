/**
 * The disk as a project sees it: a port, so that the editor can lay the texts of its open documents over the real files
 * and tests can do without a disk. Everything is synchronous: for many small files that is several times faster than
 * promises, and the language server slices the work itself.
 */
import {
  closeSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  realpathSync,
  statSync,
} from 'node:fs';

/** Definitions bigger than this are reported and not parsed. */
export const MAX_FILE_BYTES = 10 * 1024 * 1024;

/** How much of a file that is too big is looked at. */
export const HEAD_BYTES = 64 * 1024;

export interface EntryStat {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly bytes: number;
  /** Changes whenever the content may have changed. */
  readonly stamp: string;
}

export interface FolderEntry {
  readonly name: string;
  readonly kind: EntryStat['kind'];
}

export type ReadResult =
  | { readonly ok: true; readonly text: string; readonly stamp: string }
  | { readonly ok: false; readonly reason: 'missing' | 'unreadable'; readonly message: string }
  | {
      readonly ok: false;
      readonly reason: 'too-big';
      readonly bytes: number;
      readonly stamp: string;
      /** The beginning of the text: enough to tell whose file it is. */
      readonly head: string;
    };

/** All paths are absolute. Nothing throws. */
export interface FileSystem {
  /** The text without a byte order mark, as editors count it. */
  readText(path: string): ReadResult;
  /** What `readText` would give as the stamp, without reading; `undefined` where there is nothing to read. */
  stampOf(path: string): string | undefined;
  /** Follows links. `undefined`: there is nothing, or a link leads nowhere. `'denied'`: it can't be told. */
  stat(path: string): EntryStat | 'denied' | undefined;
  /** Doesn't follow a link at the path itself. */
  statLink(path: string): EntryStat | 'denied' | undefined;
  /** Names in the order of their code units. Empty when the folder can't be read. */
  readFolder(path: string): readonly FolderEntry[];
  /** The path with every link resolved; `undefined` when it can't be. */
  realPath(path: string): string | undefined;
}

function isAbsence(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'ENAMETOOLONG';
}

interface NodeEntry {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/** @throws the system's errors */
function headOf(path: string): string {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(HEAD_BYTES);
    return bytes.toString('utf8', 0, readSync(file, bytes, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(file);
  }
}

function kindOf(entry: NodeEntry): EntryStat['kind'] {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  return entry.isSymbolicLink() ? 'link' : 'other';
}

function statWith(stat: typeof statSync, path: string): EntryStat | 'denied' | undefined {
  try {
    const found = stat(path, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    return {
      kind: kindOf(found),
      bytes: found.size,
      stamp: `${found.size}:${found.mtimeMs}:${found.ino}:${found.ctimeMs}`,
    };
  } catch (error) {
    // A NUL in the path is the caller's text, not the disk's fault: nothing can stand there.
    return isAbsence(error) || error instanceof TypeError ? undefined : 'denied';
  }
}

/** The real disk. */
export const diskFiles: FileSystem = {
  readText(path) {
    try {
      const stat = statWith(statSync, path);
      if (stat === undefined) return { ok: false, reason: 'missing', message: `${path} does not exist` };
      if (stat === 'denied' || stat.kind !== 'file') {
        return { ok: false, reason: 'unreadable', message: `${path} is not a readable file` };
      }
      if (stat.bytes > MAX_FILE_BYTES) {
        return { ok: false, reason: 'too-big', bytes: stat.bytes, stamp: stat.stamp, head: headOf(path) };
      }
      const text = readFileSync(path, 'utf8');
      return { ok: true, text: text.startsWith('\uFEFF') ? text.slice(1) : text, stamp: stat.stamp };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { ok: false, reason: isAbsence(error) ? 'missing' : 'unreadable', message };
    }
  },
  stampOf(path) {
    const stat = statWith(statSync, path);
    return stat === undefined || stat === 'denied' ? undefined : stat.stamp;
  },
  stat: (path) => statWith(statSync, path),
  statLink: (path) => statWith(lstatSync, path),
  readFolder(path) {
    try {
      return readdirSync(path, { withFileTypes: true })
        .map((entry) => ({ name: entry.name, kind: kindOf(entry) }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch {
      return [];
    }
  },
  realPath(path) {
    try {
      return realpathSync.native(path);
    } catch {
      return undefined;
    }
  },
};

/** A text that stands in place of a file's: an editor's open document. */
export interface OverlayText {
  /** By absolute path. The stamp changes with every change of the text. */
  get(path: string): { readonly text: string; readonly stamp: string } | undefined;
}

/** A file system in which some files have another text, whether or not they exist on the disk below. */
export function overlay(base: FileSystem, texts: OverlayText): FileSystem {
  return {
    ...base,
    stampOf: (path) => texts.get(path)?.stamp ?? base.stampOf(path),
    readText(path) {
      const open = texts.get(path);
      if (open === undefined) return base.readText(path);
      // One code unit is at least one byte; a document of the editor is held in memory anyway.
      if (open.text.length > MAX_FILE_BYTES) {
        const head = open.text.slice(0, HEAD_BYTES);
        return { ok: false, reason: 'too-big', bytes: open.text.length, stamp: open.stamp, head };
      }
      return { ok: true, text: open.text, stamp: open.stamp };
    },
  };
}
