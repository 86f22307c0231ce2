/** Where things lie in a project's memory, `.modelyard/`, and how it comes into being. */
import { existsSync, lstatSync, mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { writeAtomic } from './disk/atomic.js';
import { isFolder } from './disk/folder.js';
import { describeError, errorCode } from './disk/problem.js';
import type { StoreProblem } from './disk/problem.js';
import { isRunId } from './runs/id.js';
import { foreignMemory, hasOwnMark, markMemory, NOT_A_FOLDER } from './trust.js';
import { readPlainText } from './disk/plain-file.js';

/** Raised when the layout itself changes in a way that older versions would damage. */
export const LAYOUT_VERSION = 1;

/** Absolute paths of one project. */
export interface Layout {
  readonly root: string;
  /** `.modelyard` */
  readonly memory: string;
  readonly runs: string;
  /** One marker per run that has not ended; what a killed runner leaves behind is found here. */
  readonly live: string;
  /** Runs on their way out. */
  readonly trash: string;
  readonly objects: string;
  readonly entries: string;
  /** Derived data: may be deleted at any time. */
  readonly index: string;
  readonly locks: string;
  /** On the same file system as the cache; everything in it may be deleted once its writer is gone. */
  readonly temp: string;
  /** What runs found in the place of outputs and did not make: trash.ts. */
  readonly setAside: string;
  /** Jobs of executors that outlive the runner, a folder each, until a run has taken their end. */
  readonly jobs: string;
}

/**
 * A folder of the memory. Where a link lies in its place, a path that can neither be there nor be made: what it leads to is
 * not the memory's, and is neither read nor written nor deleted.
 */
export function folderIn(parent: string, name: string): string {
  const folder = path.join(parent, name);
  return isLink(folder) ? path.join(process.execPath, 'link', name) : folder;
}

function isLink(target: string): boolean {
  try {
    return lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  } catch {
    // Below a file, or not to be seen: whoever uses it is told.
    return false;
  }
}

/** Names of the memory's folders. */
const FOLDERS = [
  'runs',
  'cache',
  'index',
  'locks',
  'tmp',
  'models',
  'packages',
  'environments',
  'services',
  'features',
  'marks',
  'trash',
  'jobs',
  'tracking',
];

/** Says which folder of the memory is a link, for whoever wants to write. */
function strayFolder({ memory }: Layout): StoreProblem | undefined {
  const inner = ['cache/objects', 'cache/entries', 'runs/live', 'runs/trash', 'index/tasks'];
  for (const name of [...FOLDERS, ...inner]) {
    const folder = path.join(memory, name);
    if (!isLink(folder)) continue;
    const message = `${folder} is a link. Modelyard does not follow links out of its memory; put a folder there, or mount the other disk in its place.`;
    return { path: folder, message };
  }
  return undefined;
}

export function layoutOf(root: string): Layout {
  const absolute = path.resolve(root);
  const memory = folderIn(absolute, '.modelyard');
  const runs = folderIn(memory, 'runs');
  const cache = folderIn(memory, 'cache');
  return {
    root: absolute,
    memory,
    runs,
    live: folderIn(runs, 'live'),
    trash: folderIn(runs, 'trash'),
    objects: folderIn(cache, 'objects'),
    entries: folderIn(cache, 'entries'),
    index: folderIn(memory, 'index'),
    locks: folderIn(memory, 'locks'),
    temp: folderIn(memory, 'tmp'),
    setAside: folderIn(memory, 'trash'),
    jobs: folderIn(memory, 'jobs'),
  };
}

/** Folder of a run, sharded by month so that no folder grows without bound. The id is checked: it becomes a path. */
export function runFolder(layout: Layout, id: string): string {
  if (!isRunId(id)) throw new RangeError(`not a run id: ${JSON.stringify(id)}`);
  return path.join(layout.runs, id.slice(0, 6), id);
}

const PLAIN_NAME = /^[a-z0-9][a-z0-9._@-]{0,99}$/;
const DEVICE_NAME = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:$|[.@])/;

/** A name for a file that stands for `name` on every file system, different for different names. */
export function safeFileName(name: string, hash: (text: string) => string): string {
  if (PLAIN_NAME.test(name) && !DEVICE_NAME.test(name)) return name;
  const readable = name.replace(/[^A-Za-z0-9._@-]+/g, '_').replace(/^[._]+/, '');
  return `${readable.slice(0, 60)}~${hash(name).slice(0, 12)}`;
}

/**
 * Why nothing of a memory is used: a newer Modelyard has laid it out in another way, it was not made here, or it leads
 * elsewhere. Changes nothing.
 */
export function memoryProblem(layout: Layout): StoreProblem | undefined {
  const versionFile = versionFileOf(layout);
  try {
    const found = readVersion(versionFile);
    if (found !== undefined && found > LAYOUT_VERSION) {
      return {
        path: versionFile,
        message: `${layout.memory} was made by a newer Modelyard (layout ${found}, this one knows ${LAYOUT_VERSION}). Update Modelyard; nothing was changed.`,
      };
    }
    return foreignMemory(layout) ?? strayFolder(layout);
  } catch (error) {
    const message = `Can't use ${layout.memory}: ${describeError(error)}.`;
    return foreignMemory(layout) ?? strayFolder(layout) ?? { path: versionFile, message };
  }
}

const versionFileOf = ({ memory }: Layout): string => path.join(memory, 'version.json');

/**
 * Makes `.modelyard/` if it isn't there, with a `.gitignore` that keeps all of it out of git. Refuses one that has a
 * problem. Cheap when it exists.
 */
export function ensureMemory(layout: Layout): { ok: true } | { ok: false; problem: StoreProblem } {
  const versionFile = versionFileOf(layout);
  try {
    const problem = memoryProblem(layout);
    if (problem !== undefined) {
      const message = `Can't write to ${layout.memory}: it ${NOT_A_FOLDER}`;
      return { ok: false, problem: isFolder(layout.memory) ? problem : { ...problem, message } };
    }
    if (readVersion(versionFile) !== undefined) {
      if (!hasOwnMark(layout)) markMemory(layout, false);
      return { ok: true };
    }
    mkdirSync(layout.memory, { recursive: true });
    // Derived before there was a memory, by whom can't be told: it is derived anew.
    if (existsSync(layout.index)) renameSync(layout.index, `${layout.index}.before-${Date.now()}`);
    writeAtomic(
      path.join(layout.memory, '.gitignore'),
      '# Made by Modelyard: this project’s runs and cache. Not for git.\n*\n',
    );
    markMemory(layout, false);
    writeAtomic(versionFile, `${JSON.stringify({ layout: LAYOUT_VERSION })}\n`);
    return { ok: true };
  } catch (error) {
    return {
      ok: false,
      problem: { path: layout.memory, message: `Can't write to ${layout.memory}: ${describeError(error)}.` },
    };
  }
}

/** `undefined`: there is none, or it says nothing that can be read, and it is written anew. */
function readVersion(file: string): number | undefined {
  let text: string;
  try {
    text = readPlainText(file);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('layout' in value)) return undefined;
    return typeof value.layout === 'number' ? value.layout : undefined;
  } catch {
    return undefined;
  }
}
