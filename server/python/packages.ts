/** What is installed for an interpreter, by the names of the folders that say so: nothing is started, no file is read. */
import { readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Python, libraryFolders, minorOf, realPath, venvConfig } from './python.js';

/** A package's name as PyPI normalises it → its version, sorted by name. */
export type PythonPackages = Readonly<Record<string, string>>;

/** More than anybody installs. */
const MOST_PACKAGES = 10_000;

export function packagesOf(python: Python): PythonPackages {
  const found = new Map<string, string>();
  for (const folder of siteFolders(python)) {
    for (const name of entriesOf(folder)) {
      const one = packageIn(name);
      // Folders that come first hide what is in later ones.
      if (one !== undefined && !found.has(one.name) && found.size < MOST_PACKAGES)
        found.set(one.name, one.version);
    }
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `scikit_learn` and `Scikit.Learn` are `scikit-learn`. */
export function normalised(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

function packageIn(entry: string): { readonly name: string; readonly version: string } | undefined {
  const match =
    /^([A-Za-z0-9][A-Za-z0-9._]*)-([^-]+)(?:\.dist-info|(?:-py\d[^-]*)?(?:-[^-]+)?\.egg-info)$/.exec(entry);
  const [, name, version] = match ?? [];
  return name === undefined || version === undefined ? undefined : { name: normalised(name), version };
}

/** Sorted, so that of two versions of one package the same counts each time. */
function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** In the order in which Python looks. */
function siteFolders({ path: file, kind, prefix, version }: Python): string[] {
  if (kind === 'plain' || prefix === undefined) return installedFolders(realPath(file), version);
  const own = [
    ...libraryFolders(prefix).map((folder) => path.join(folder, 'site-packages')),
    path.join(prefix, 'Lib', 'site-packages'),
  ];
  const config = kind === 'venv' ? venvConfig(prefix) : undefined;
  const home = config?.get('home');
  if (config?.get('include-system-site-packages')?.toLowerCase() !== 'true' || home === undefined) return own;
  return [...own, ...installedFolders(path.join(home, 'python3'), version)];
}

function installedFolders(file: string, version: string | undefined): string[] {
  const prefix = path.dirname(path.dirname(file));
  const libraries = libraryFolders(prefix).filter(
    (folder) =>
      version === undefined || path.basename(folder).replace(/t$/, '') === `python${minorOf(version)}`,
  );
  const user =
    version === undefined ? [] : [path.join(os.homedir(), '.local/lib', `python${minorOf(version)}`)];
  return [
    ...user.map((folder) => path.join(folder, 'site-packages')),
    ...libraries.flatMap((folder) => [
      path.join(folder, 'dist-packages'),
      path.join(folder, 'site-packages'),
    ]),
    // Debian: what `pip` puts there, and what the system brings.
    ...(version === undefined || prefix !== '/usr'
      ? []
      : [`/usr/local/lib/python${minorOf(version)}/dist-packages`, '/usr/lib/python3/dist-packages']),
    path.join(path.dirname(file), 'Lib', 'site-packages'),
  ];
}
