/** Small readings of the folders of runs: what is not there is empty. */
import { readFileSync } from 'node:fs';

export function parsed(line: string): unknown[] {
  try {
    return [JSON.parse(line)];
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
