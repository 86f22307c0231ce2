/** Paths of definitions: relative to the project, with `/` between names. */
import type { TemplateText } from '../model/definition.js';
import { isOutside, normalizePath as normalize } from '../model/paths.js';

/**
 * The path without `.`, `..`, doubled and trailing slashes; the project itself is `''`. `undefined` when it leaves the
 * project, or is absolute on any system.
 */
export function normalizePath(path: string): string | undefined {
  if (isAbsolute(path)) return undefined;
  const normal = normalize(path);
  if (isOutside(normal)) return undefined;
  return normal === '.' ? '' : normal;
}

export function isAbsolute(path: string): boolean {
  return /^(?:\/|\\(?![*?[\]{}()!@+])|[A-Za-z]:[/\\]|~(?:[/\\]|$)|[A-Za-z][A-Za-z0-9+.-]+:\/\/)/.test(path);
}

/** The folder a path lies in; `''` for the project itself. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** The folders that a path lies in, the nearest first, the project itself left out. */
export function* foldersOf(path: string): Generator<string> {
  for (let folder = folderOf(path); folder !== ''; folder = folderOf(folder)) yield folder;
}

/** Whether `path` is `folder` or lies in it; both normalised. */
export function isWithin(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}

/** The folder above everything that a pattern can match. */
export function globBase(pattern: string): string {
  const at = pattern.search(/[*?[\]{}!@+(\\]/);
  return at === -1 ? pattern : folderOf(pattern.slice(0, at));
}

/** What a text begins with, whatever its expressions give. */
export function literalPrefix(text: TemplateText): string {
  if (text.template === undefined) return text.text;
  const first = text.template.parts[0];
  return first?.kind === 'text' ? first.text : '';
}
