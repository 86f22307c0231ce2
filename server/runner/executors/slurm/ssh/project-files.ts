/** What of a project is copied to where its tasks run: what is in git or could be, else everything that a person means. */
import { execFile } from 'node:child_process';
import { expandGlob } from '../../../../stores/content/linked-folders.js';
import { findProgram } from '../../../execute/shells.js';

const MOST_BYTES = 256 * 1024 * 1024;

/** @returns relative paths with `/` */
export async function projectFiles(root: string): Promise<readonly string[]> {
  const listed = await inGit(root);
  return (listed ?? expandGlob(root, '**')).filter((one) => !/^\.modelyard(?:\/|$)/.test(one));
}

function inGit(root: string): Promise<readonly string[] | undefined> {
  const git = findProgram('git', process.env);
  if (git === undefined) return Promise.resolve(undefined);
  const args = ['-C', root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  return new Promise((resolve) => {
    execFile(git, args, { maxBuffer: MOST_BYTES }, (error, out) => {
      resolve(error === null ? out.split('\0').filter((one) => one !== '') : undefined);
    });
  });
}
