/** Which files go into a package: by paths and globs, without what git ignores and without secrets. */
import { lstatSync, openSync, closeSync, readSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { compileGlob } from '../../../definition/text/glob.js';
import { isGlob, normalizePath } from '../../../definition/text/paths.js';
import { secretByContent, secretByName } from '../../../definition/text/secret-files.js';
import { diskFiles } from '../../../project/files.js';
import { GitIgnores } from '../../../project/git-ignore.js';
import type { PackageSource } from '../../../stores/packages/archive.js';
import type { Workspace } from '../../resolve/workspace.js';
import { statOf } from '../../../stores/disk/folder.js';

/** More files than any app has; an environment or a data set was caught by a glob. */
const MAX_FILES = 50_000;
/** Of larger files only the beginning is looked at for secrets. */
const SCANNED_BYTES = 1024 * 1024;
const NEVER = /^\.(git|modelyard)(\/|$)/;

export interface FileSelection {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Files that go in whatever they are called: paths. */
  readonly always: readonly string[];
  readonly allowSecretFiles: readonly string[];
}

export type SelectedFiles =
  | { readonly ok: true; readonly files: readonly PackageSource[] }
  | { readonly ok: false; readonly message: string };

/** Sorted by path. A path that is named without a glob goes in although git ignores it. */
export function selectFiles(workspace: Workspace, selection: FileSelection): SelectedFiles {
  const ignores = new GitIgnores(diskFiles, workspace.root);
  const paths = new Set<string>();
  for (const given of [...selection.include, ...selection.always]) {
    const found = expand(workspace, ignores, given);
    if (!found.ok) return found;
    for (const one of found.paths) paths.add(one);
    if (paths.size > MAX_FILES) {
      return bad(`more than ${MAX_FILES} files match: name less, or leave folders out with \`exclude\``);
    }
  }
  const excluded = matcher(selection.exclude);
  if (!excluded.ok) return excluded;
  const always = new Set(selection.always.map((one) => normalizePath(one)));
  const chosen = [...paths].filter((one) => !NEVER.test(one) && (always.has(one) || !excluded.matches(one)));
  if (chosen.length === 0) {
    return bad(`no file matches ${selection.include.join(', ')}: a package without files would be empty`);
  }
  const root = realpathSync.native(workspace.root);
  const files: PackageSource[] = [];
  for (const one of chosen.sort()) {
    const file = workspace.absolute(one);
    const why = whyNot(root, file);
    if (why !== undefined) return bad(`${one} ${why}`);
    files.push({ path: one, file });
  }
  return withoutSecrets(files, selection);
}

function bad(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}

function expand(
  workspace: Workspace,
  ignores: GitIgnores,
  given: string,
):
  | { readonly ok: true; readonly paths: readonly string[] }
  | { readonly ok: false; readonly message: string } {
  const checked = workspace.check(given, 'file');
  if (!checked.ok) return checked;
  // A file of that very name is meant, whatever characters it has: names come from expressions, too.
  if (isGlob(given) && !workspace.exists(checked.path)) {
    const compiled = compileGlob(checked.path);
    if (!compiled.ok) return bad(compiled.message);
    return { ok: true, paths: workspace.expand(checked.path).filter((one) => !ignores.ignores(one)) };
  }
  const stat = statOf(workspace.absolute(checked.path));
  if (stat === undefined) return bad(`${given} does not exist`);
  if (!stat.isDirectory()) return { ok: true, paths: [checked.path] };
  const all = workspace.expand(checked.path === '.' ? '**' : `${escaped(checked.path)}/**`);
  return { ok: true, paths: all.filter((one) => !ignores.ignores(one)) };
}

/** The name of a folder as a glob that means itself. */
function escaped(folder: string): string {
  return folder.replace(/[*?[\]{}\\!]/g, '\\$&');
}

/** What stays out: a glob, a file, or a folder with all that is in it. */
function matcher(
  globs: readonly string[],
):
  | { readonly ok: true; readonly matches: (file: string) => boolean }
  | { readonly ok: false; readonly message: string } {
  const tests: ((file: string) => boolean)[] = [];
  for (const given of globs) {
    const normal = normalizePath(given);
    if (isGlob(given)) {
      const compiled = compileGlob(normal);
      if (!compiled.ok) return bad(compiled.message);
      tests.push(compiled.glob.matches);
    } else tests.push((file) => file === normal || file.startsWith(`${normal}/`));
  }
  return { ok: true, matches: (file) => tests.some((test) => test(file)) };
}

/** A link is followed as long as it leads to a file of the project. */
function whyNot(root: string, file: string): string | undefined {
  let real: string;
  try {
    real = realpathSync.native(file);
  } catch {
    return 'is a link that leads nowhere';
  }
  if (!real.startsWith(root.endsWith(path.sep) ? root : root + path.sep)) {
    return 'is a link that leads out of the project';
  }
  const stat = lstatSync(real);
  if (stat.isDirectory()) return 'is a link to a folder: name the folder itself';
  return stat.isFile() ? undefined : 'is neither a file nor a folder';
}

function withoutSecrets(files: readonly PackageSource[], selection: FileSelection): SelectedFiles {
  const allowed = matcher(selection.allowSecretFiles);
  if (!allowed.ok) return allowed;
  const found = files.flatMap(({ path: one, file }) => {
    if (allowed.matches(one)) return [];
    const why = secretByName(one) ?? secretByContent(beginning(file));
    return why === undefined ? [] : [`${one} ${why}`];
  });
  const [first] = found;
  if (first === undefined) return { ok: true, files };
  const shown = found.slice(0, 5).join('; ') + (found.length > 5 ? '; …' : '');
  return bad(
    `${shown}. A package is copied to wherever it is deployed: leave it out with \`exclude\`, hand the value over by \`secrets\`, or, if it is none, name it under \`allow-secret-files\``,
  );
}

function beginning(file: string): string {
  const fd = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(SCANNED_BYTES);
    return buffer.toString('latin1', 0, readSync(fd, buffer, 0, SCANNED_BYTES, 0));
  } finally {
    closeSync(fd);
  }
}
