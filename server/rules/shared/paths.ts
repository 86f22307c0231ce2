/** Paths of definitions: relative to the project, with `/` between names. */
import type { TemplateText } from '../../definition/definition.js';
import {
  folderOf,
  isOutside,
  isWithin as isIn,
  normalizePath as normalize,
} from '../../definition/text/paths.js';

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

/** Whether `path` is `folder` or lies in it; both normalised here, so that the project is `''`. */
export function isWithin(path: string, folder: string): boolean {
  return isIn(path, folder === '' ? '.' : folder);
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
