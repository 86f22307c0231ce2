/** Whether commands import MLflow, as far as that can be told by reading them and the scripts that they name. */
import path from 'node:path';
import { filesRead } from '../../definition/mentions/command-files.js';
import { statOf } from '../../stores/disk/folder.js';
import { readPlainText } from '../../stores/disk/plain-file.js';

const MOST_SCRIPTS = 20;
const MOST_BYTES = 512 * 1024;

/** At the beginning of a statement. */
const IMPORT = /(?:^|[\n;"'])[ \t]{0,200}(?:import|from)[ \t]{1,50}(?:[^\n;#]{0,200}[ \t,])?mlflow\b/;
const MODULE = /(?:^|\s)-m\s{1,50}([A-Za-z_][\w.]{0,200})/g;

/**
 * @param script the commands
 * @param folder absolute, in which they run
 */
export function importsMlflow(script: string, folder: string): boolean {
  if (IMPORT.test(script)) return true;
  const modules = [...script.matchAll(MODULE)].flatMap(([, name = '']) => {
    const file = name.replaceAll('.', '/');
    return [`${file}.py`, `${file}/__main__.py`];
  });
  const scripts = [...filesRead(script).files, ...modules].filter((file) => /\.pyw?$/.test(file));
  return scripts.slice(0, MOST_SCRIPTS).some((file) => IMPORT.test(textOf(path.resolve(folder, file))));
}

function textOf(file: string): string {
  if ((statOf(file)?.size ?? Infinity) > MOST_BYTES) return '';
  try {
    return readPlainText(file, true);
  } catch {
    // Not there, or not to be read: Python will say so.
    return '';
  }
}
