/** Files of another MLflow store. They are only read, and links are not followed. */
import path from 'node:path';
import { isFolder, namesIn, statOf } from '../../stores/disk/folder.js';
import { readPlainText } from '../../stores/disk/plain-file.js';

/** A link to a folder above would be walked without an end: so deep nobody nests folders. */
const DEEPEST = 50;

/** Files of a folder and of those in it, by their paths below it. */
export function* filesIn(
  folder: string,
  prefix = '',
  depth = 0,
): Generator<readonly [name: string, file: string]> {
  if (depth > DEEPEST || !isFolder(folder)) return;
  for (const name of namesIn(folder).sort()) {
    const file = path.join(folder, name);
    if (isFolder(file)) yield* filesIn(file, `${prefix}${name}/`, depth + 1);
    else if (statOf(file)?.isFile() === true) yield [`${prefix}${name}`, file];
  }
}

/** A text a file, by the names of the files. */
export function textsIn(folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...filesIn(folder)].flatMap(([name, file]) => {
      const text = textAt(file);
      return text === undefined ? [] : [[name, text] as const];
    }),
  );
}

/** Nothing where it can't be read. */
export function textAt(file: string): string | undefined {
  try {
    return readPlainText(file);
  } catch {
    return undefined;
  }
}
