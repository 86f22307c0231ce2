/** Paths of DVC: relative to the folder of the file, or to the stage's `wdir`. */
import { normalizePath } from '../../text/paths.js';

/** Relative to the project, where the folder is; an absolute path stays one. */
export function within(folder: string, path: string): string {
  return normalizePath(path.startsWith('/') ? path : `${folder === '' ? '.' : folder}/${path}`);
}

/** Whether it is no path of the project: absolute, or of a remote. */
export function isAddress(path: string): boolean {
  return /^(?:\/|[A-Za-z]:[/\\]|[A-Za-z][A-Za-z0-9+.-]*:\/\/)/.test(path);
}
