/** Paths of a definition: relative to the project, `/` between names, case-sensitive. */

import type { TemplateText } from '../pieces.js';

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

/** Whether the path of an output is a glob. Brackets alone are no pattern there: `lr=[1,2].json` is the name of a file. */
export function isOutputGlob(path: string): boolean {
  return /(^|[^\\])[*?]/.test(path);
}

/** Whether an author wrote a glob, and one of which kind; values of expressions are paths, whatever characters they have. */
export function isWrittenGlob(
  { text, template }: TemplateText,
  as: 'input' | 'output' | 'never' = 'input',
): boolean {
  if (as === 'never') return false;
  const parts = template?.parts.flatMap((part) => (part.kind === 'text' ? [part.text] : [])) ?? [text];
  return parts.some(as === 'output' ? isOutputGlob : isGlob);
}

/** The path of an output that is no glob: only a star and a question mark have to be escaped to mean themselves. */
export function outputPath(written: string): string {
  return written.replace(/\\([*?])/g, '$1');
}

/** A text as a part of a glob that means itself. */
export function escapeGlob(text: string): string {
  return text.replace(/[*?[\]{}()\\!@+]/g, '\\$&');
}

/** What the key of a path takes beside plain paths. */
export type PathPatterns = 'none' | 'globs' | 'output-globs' | 'negated';

/**
 * What is wrong with a path as it is written, whatever is on the disk: the one check of every key that is a path.
 *
 * @returns the end of a sentence that begins with the path, and what to write instead where that is known
 */
export function pathProblem(
  written: string,
  patterns: PathPatterns,
): { readonly message: string; readonly instead?: string } | undefined {
  if (written.trim() === '') return { message: 'is empty. Name a file or folder.' };
  const negated = patterns === 'negated' && written.startsWith('!');
  const path = negated ? written.slice(1) : written;
  if (path.trim() === '') return { message: 'is empty after the "!". Name what is left out.' };
  const globs = patterns === 'globs' || patterns === 'negated';
  const backslash = globs ? /\\(?![*?[\]{}()!@+\\])/ : patterns === 'none' ? /\\/ : /\\(?![*?])/;
  if (backslash.test(path)) {
    return {
      message: 'has a backslash. Write "/" between names, on every system.',
      instead: written.replaceAll('\\', '/'),
    };
  }
  if (!negated && path.startsWith('!') && patterns !== 'none') {
    return {
      message:
        'begins with "!", which is known in the `inputs` of a task only. Use `exclude` where there is one.',
    };
  }
  if (patterns === 'none' && /[*?]/.test(path)) {
    return { message: 'is one path: globs are not matched here. Name the file or folder.' };
  }
  return undefined;
}

/** Folders that hold a path, the nearest first; neither the path nor the project itself. */
export function foldersOf(path: string): string[] {
  const folders: string[] = [];
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
    folders.push(path.slice(0, at));
  return folders;
}

/** The folder that a path lies in; `''` for what lies in the project itself. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** How a path is written from a folder; both relative to the project and normalized. */
export function pathFrom(folder: string, path: string): string {
  const from = folder === '' || folder === '.' ? [] : folder.split('/');
  const to = path.split('/');
  const other = from.findIndex((name, at) => name !== to[at]);
  const shared = other === -1 ? from.length : other;
  return [...from.slice(shared).map(() => '..'), ...to.slice(shared)].join('/') || '.';
}

/** Whether a path is a folder or lies in it; both normalized, `.` is the project. */
export function isWithin(path: string, folder: string): boolean {
  return folder === '.' || path === folder || path.startsWith(`${folder}/`);
}

/** Names of devices, whatever ending follows. Superscript digits count as digits. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])[ ]*(?:\.|:|$)/i;

/**
 * Why no file of Windows can have a path (Microsoft, "Naming Files, Paths, and Namespaces"), as the end of a sentence.
 *
 * @param path normalized
 */
export function windowsNameProblem(path: string): string | undefined {
  for (const name of path.split('/')) {
    if (name === '.' || name === '..') continue;
    const odd = /[<>:"|?*\\\p{Cc}]/u.exec(name)?.[0];
    if (odd !== undefined) return `"${name}" has ${odd < ' ' ? JSON.stringify(odd) : `"${odd}"`} in it`;
    if (DEVICE.test(name)) return `"${name}" is the name of a device there`;
    if (/[. ]$/.test(name)) return `"${name}" ends in a dot or a blank, which is dropped there`;
  }
  return undefined;
}
