/** What does not exist for DVC: its own folders, git's, and what `.dvcignore` names. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ignore from 'ignore';
import type { Ignore } from 'ignore';

const OWN = new Set(['.hg', '.git', '.dvc']);

export class IgnoredPaths {
  readonly #root: string;
  readonly #patterns: Ignore | undefined;
  /** Why nothing can be told. */
  readonly problem: string | undefined;

  /** @param root of the project, absolute */
  constructor(root: string) {
    this.#root = root;
    const lines = patternsOf(path.join(root, '.dvcignore'));
    if (lines.some((line) => line.startsWith('!')))
      this.problem = '.dvcignore takes patterns back with `!`, which Modelyard does not follow';
    this.#patterns = lines.length === 0 ? undefined : ignore().add(lines);
  }

  ignores(absolute: string, folder: boolean): boolean {
    const name = path.basename(absolute);
    if (OWN.has(name) && (folder || name === '.git')) return true;
    if (this.#patterns === undefined) return false;
    const relative = path.relative(this.#root, absolute).split(path.sep).join('/');
    if (relative === '' || relative.startsWith('..')) return false;
    return this.#patterns.ignores(folder ? `${relative}/` : relative);
  }

  /** Patterns in a folder of data have a say there, too. */
  isPatternFile(absolute: string): boolean {
    return path.basename(absolute) === '.dvcignore' && patternsOf(absolute).length > 0;
  }
}

function patternsOf(file: string): string[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
