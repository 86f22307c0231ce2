/** Paths of a definition: relative to the project, `/` between names, case-sensitive. */

/**
 * `./a//b/../c/` → `a/c`; the project itself is `.`. What leads out of the project keeps its `..`, and an absolute path
 * its `/`.
 */
export function normalizePath(path: string): string {
  if (path !== '' && !path.includes('//') && !/(^|\/)\.{0,2}(\/|$)/.test(path)) return path;
  const absolute = path.startsWith('/');
  const kept: string[] = [];
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (name === '..' && kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (name !== '..' || !absolute) kept.push(name);
  }
  const joined = kept.join('/');
  return absolute ? `/${joined}` : joined === '' ? '.' : joined;
}

/** Whether a normalised path leads out of the project. */
export function isOutside(path: string): boolean {
  return path === '..' || path.startsWith('../') || path.startsWith('/') || /^[A-Za-z]:/.test(path);
}

/** Whether the text is a glob rather than a path. */
export function isGlob(path: string): boolean {
  return /[*?[\]{}]|[!@+]\(/.test(path);
}

/** Folders that hold a path, the nearest first; neither the path nor the project itself. */
export function foldersOf(path: string): string[] {
  const folders: string[] = [];
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
    folders.push(path.slice(0, at));
  return folders;
}
