/** What DVC keeps at a revision of git: its `dvc.yaml`, `dvc.lock` and `.dvc` files, read from git's objects. */
import { spawnSync } from 'node:child_process';
import { LockFile, trackedBy } from '../../../definition/dialects/dvc/lock.js';
import { within } from '../../../definition/dialects/dvc/paths.js';
import { resolvedBy } from '../../../definition/dialects/dvc/resolve/resolved.js';
import { define } from '../../../definition/read/analyze.js';
import type { FileText } from '../../../definition/text/file-text.js';
import { folderOf } from '../../../definition/text/paths.js';
import { LeftToDvc } from './left.js';
import type { KeptFile } from './diff.js';

const MOST_BYTES = 1 << 28;

/** The commit that a name means; `undefined`: there is none. @throws LeftToDvc where there is no git */
export function commitOf(root: string, name: string): string | undefined {
  // What begins with a dash would be a flag.
  const found = git(root, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]);
  return found?.toString('utf8').trim();
}

/** @param commit of `commitOf` @throws LeftToDvc where something of it can't be read */
export function keptAt(root: string, commit: string): readonly KeptFile[] {
  const revision = new Revision(root, commit);
  const kept = new Map<string, KeptFile>();
  for (const path of revision.paths) for (const one of keptBy(path, revision)) kept.set(one.file, one);
  return [...kept.values()];
}

function keptBy(path: string, revision: Revision): readonly KeptFile[] {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (path.startsWith('.dvc/')) return [];
  const folder = folderOf(path);
  if (name.endsWith('.dvc') && name !== '.dvc') {
    const items = trackedBy(revision.text(path));
    if (typeof items === 'string')
      throw new LeftToDvc(`${path} of ${revision.shown}: ${items}: use \`dvc diff\``);
    return items.map(({ path: file, md5, legacy }) => keptFile(within(folder, file), md5, legacy));
  }
  if (name !== 'dvc.yaml') return [];
  const definition = define(revision.text(path), path, 'dvc');
  if (definition.kind !== 'dvc') return [];
  const [wrong] = [...definition.syntaxProblems, ...definition.problems];
  const { stages, problems } = resolvedBy(definition, (file) => revision.read(file));
  const message = wrong?.message ?? problems[0]?.message;
  if (message !== undefined) throw new LeftToDvc(`${path} of ${revision.shown} is not valid: ${message}`);
  const lockPath = path.replace(/\.yaml$/, '.lock');
  const lock = LockFile.read(revision.has(lockPath) ? revision.text(lockPath) : '');
  if (!lock.ok) throw new LeftToDvc(`${lockPath} of ${revision.shown} can’t be read: ${lock.problem}`);
  return stages.flatMap(({ name: stage, work }) => {
    const entry = lock.lock.entry(stage);
    if (typeof entry === 'string')
      throw new LeftToDvc(`${lockPath} of ${revision.shown}: the stage "${stage}": ${entry}`);
    return work.outs.flatMap(({ path: written, file, cache }) => {
      if (!cache || file === undefined) return [];
      const item = entry?.outs.get(written);
      return [keptFile(file, item?.md5, item?.legacy === true)];
    });
  });
}

function keptFile(file: string, md5: string | undefined, legacy: boolean): KeptFile {
  return md5 === undefined ? { file } : { file, md5, legacy };
}

/** The files of a commit, below the folder of the project. */
class Revision {
  readonly #root: string;
  readonly shown: string;
  readonly #objects: ReadonlyMap<string, string>;

  constructor(root: string, commit: string) {
    this.#root = root;
    this.shown = commit.slice(0, 7);
    const listed = git(root, ['ls-tree', '-r', '-z', commit])?.toString('utf8') ?? '';
    this.#objects = new Map(
      listed.split('\0').flatMap((line): readonly (readonly [string, string])[] => {
        const tab = line.indexOf('\t');
        const [mode = '', kind, object = ''] = line.slice(0, Math.max(0, tab)).split(' ');
        // A link has no text of its own.
        return kind === 'blob' && mode !== '120000' ? [[line.slice(tab + 1), object]] : [];
      }),
    );
  }

  get paths(): Iterable<string> {
    return this.#objects.keys();
  }

  has(path: string): boolean {
    return this.#objects.has(path);
  }

  read(path: string): FileText {
    return this.has(path) ? { kind: 'text', text: this.text(path) } : { kind: 'missing' };
  }

  text(path: string): string {
    const bytes = git(this.#root, ['cat-file', 'blob', this.#objects.get(path) ?? '']);
    return (bytes?.toString('utf8') ?? '').replace(/^\uFEFF/, '');
  }
}

/** What git answers; `undefined`: it refuses. */
function git(root: string, args: readonly string[]): Buffer | undefined {
  const { status, stdout, error } = spawnSync('git', ['--no-optional-locks', ...args], {
    cwd: root,
    env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
    maxBuffer: MOST_BYTES,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (error !== undefined) throw new LeftToDvc(`git can't be asked: ${error.message}`);
  return status === 0 ? stdout : undefined;
}
