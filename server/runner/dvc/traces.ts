/** What DVC leaves in git's files: lines of `.gitignore` for what its cache keeps, and what it stages. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findGitFolder } from '../../base/git-index.js';
import { diskFiles } from '../../project/files.js';
import { GitIgnores } from '../../project/git-ignore.js';
import { inProject } from './hashes.js';

/** Lets git ignore outputs that it does not ignore already. @returns the files that were changed, absolute */
export function ignoreOutputs(root: string, outputs: readonly string[]): string[] {
  if (findGitFolder(root) === undefined) return [];
  const changed: string[] = [];
  for (const absolute of outputs) {
    // Anew for each: a line for one may do for the next.
    if (new GitIgnores(diskFiles, root).ignores(inProject(root, absolute), isFolder(absolute))) continue;
    const file = path.join(path.dirname(absolute), '.gitignore');
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    const line = `/${path.basename(absolute).replace(/[[\]!*#?]/g, '\\$&')}`;
    if (text.split('\n').includes(line)) continue;
    writeFileSync(file, `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`);
    changed.push(file);
  }
  return changed;
}

function isFolder(absolute: string): boolean {
  return statSync(absolute, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** @returns what went wrong */
export function stage(root: string, files: readonly string[]): string | undefined {
  if (files.length === 0 || findGitFolder(root) === undefined) return undefined;
  const { status, stderr } = spawnSync('git', ['add', '--', ...files], { cwd: root, encoding: 'utf8' });
  return status === 0 ? undefined : `git add: ${stderr.trim()}`;
}
