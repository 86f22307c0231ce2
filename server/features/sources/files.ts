/** The files of a source: a path or a glob of a definition, kept inside the project after links are followed. */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { compileGlob } from '../../definition/text/glob.js';
import { isGlob, isOutside, normalizePath } from '../../definition/text/paths.js';
import { expandGlob } from '../../stores/content/linked-folders.js';
import { statOf } from '../../stores/disk/folder.js';

export type SourceFiles =
  { readonly ok: true; readonly files: readonly string[] } | { readonly ok: false; readonly message: string };

/**
 * @param root absolute
 * @param source as written
 * @returns paths relative to the project, sorted; an error when there is none
 */
export function sourceFiles(root: string, source: string): SourceFiles {
  const bad = (why: string): SourceFiles => ({ ok: false, message: `The source "${source}" ${why}` });
  if (source.includes('\0') || path.isAbsolute(source))
    return bad('is absolute: paths are relative to the project.');
  const normal = normalizePath(source);
  if (isOutside(normal)) return bad('leaves the project.');
  let files = [normal];
  if (isGlob(normal)) {
    const compiled = compileGlob(normal);
    if (!compiled.ok) return { ok: false, message: compiled.message };
    files = expandGlob(root, normal);
    if (files.length === 0) return bad('matches no file. Make the files first, or mend the pattern.');
  }
  let realRoot: string;
  try {
    realRoot = realpathSync.native(root);
  } catch {
    return bad(`can't be read: the project ${root} is gone.`);
  }
  for (const file of files) {
    const absolute = path.join(root, file);
    const stat = statOf(absolute);
    if (stat === undefined)
      return bad(`does not exist: there is no ${file}. Make the file first, or mend the path.`);
    if (!stat.isFile())
      return bad(`is no file: ${file}. For the files of a folder, write a pattern as ${file}/*.parquet.`);
    const real = realpathSync.native(absolute);
    if (real !== realRoot && !real.startsWith(realRoot.endsWith(path.sep) ? realRoot : realRoot + path.sep))
      return bad(`leaves the project by a link: ${file}.`);
  }
  return { ok: true, files };
}
