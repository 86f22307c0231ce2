/** What git's index says, read from the file: asking git would take longer than a run with nothing to do. */
import path from 'node:path';
import { readPlain, readPlainText } from './plain-file.js';
import { statOf } from './folder.js';

function textOf(file: string): string | undefined {
  try {
    return readPlainText(file, true);
  } catch {
    return undefined;
  }
}

/** The work tree that a folder lies in, and its git folder. */
function findWorkTree(folder: string): { readonly top: string; readonly git: string } | undefined {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    const candidate = path.join(at, '.git');
    const stat = statOf(candidate);
    if (stat?.isDirectory() === true) return { top: at, git: candidate };
    if (stat?.isFile() === true) {
      const target = /^gitdir: (.+)$/m.exec(textOf(candidate) ?? '')?.[1];
      return target === undefined ? undefined : { top: at, git: path.resolve(at, target.trim()) };
    }
    if (path.dirname(at) === at) return undefined;
  }
}

const SLASH = 0x2f;

/** Whether git tracks a file in this folder. A file that looks like it counts: better asked once too often. */
export function isTrackedByGit(folder: string): boolean {
  const tree = findWorkTree(path.dirname(folder));
  if (tree === undefined) return false;
  let index: Buffer;
  try {
    index = readPlain(path.join(tree.git, 'index'), true);
  } catch {
    return false;
  }
  const relative = `${path.relative(tree.top, folder).split(path.sep).join('/')}/`;
  // Version 4 leaves out what a path has in common with the one before.
  const packed = index.length > 8 && index.readUInt32BE(4) === 4;
  const wanted = packed ? `${path.basename(folder).slice(2)}/` : relative;
  for (let at = index.indexOf(wanted); at >= 0; at = index.indexOf(wanted, at + 1)) {
    if (packed || index[at - 1] !== SLASH) return true;
  }
  return false;
}
