/** Writes the params that a task gets in a file. A file that Modelyard has not written is never overwritten. */
import { existsSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { jsonText } from '../../base/json.js';
import type { Json } from '../../definition/definition.js';
import { nestedParams } from '../../definition/params/values.js';
import { writeAtomic } from '../../stores/disk/atomic.js';
import { hashOf } from '../../stores/content/hash.js';
import { folderIn, type Layout } from '../../stores/layout.js';

export interface ParamsFile {
  /** Relative to the project. */
  readonly path: string;
  readonly text: string;
}

/** Params as expressions know them, those of groups below their group. @param flat those of groups as `group.name` */
export function paramsText(flat: Iterable<readonly [string, Json]>): string {
  return `${jsonText(nestedParams(flat), { indent: 2, spelling: 'value' })}\n`;
}

/** @returns why it was not written */
export function writeParamsFile(layout: Layout, { path: relative, text }: ParamsFile): string | undefined {
  const file = path.join(layout.root, ...relative.split('/'));
  const note = path.join(folderIn(layout.index, 'params-files'), hashOf(relative).slice(7, 39));
  try {
    const stat = lstatSync(file, { throwIfNoEntry: false });
    if (stat !== undefined) {
      const now = stat.isFile() ? readFileSync(file, 'utf8') : undefined;
      if (now === text) return undefined;
      const own = existsSync(note) ? readFileSync(note, 'utf8') : '';
      if (now === undefined || hashOf(now) !== own) {
        return `params-file: ${relative} is there already, and Modelyard has not written it: move it away, or name another path`;
      }
    }
    mkdirSync(path.dirname(note), { recursive: true });
    mkdirSync(path.dirname(file), { recursive: true });
    // First the note: what is written after it is known whenever the power goes.
    writeAtomic(note, hashOf(text));
    writeAtomic(file, text);
    return undefined;
  } catch (error) {
    return `params-file: ${relative} can't be written: ${error instanceof Error ? error.message : String(error)}`;
  }
}
