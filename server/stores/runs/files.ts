/** Small readings of the folders of runs: what is not there is empty. */
import { parseJson } from '../../base/json.js';
import { readPlainText } from '../disk/plain-file.js';

export function parsed(line: string): unknown[] {
  try {
    return [parseJson(line)];
  } catch {
    return [];
  }
}

export function textOf(file: string): string {
  try {
    return readPlainText(file);
  } catch {
    return '';
  }
}
