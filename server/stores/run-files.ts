/** Small readings of the folders of runs: what is not there is empty. */
import { parseJson } from '../base/json.js';
import { readFileSync } from 'node:fs';

export function parsed(line: string): unknown[] {
  try {
    return [parseJson(line)];
  } catch {
    return [];
  }
}

export function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
