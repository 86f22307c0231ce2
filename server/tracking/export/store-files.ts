/** Files of MLflow's file store, as it reads them. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isInnerPath } from '../../stores/content/listing.js';

/** A `meta.yaml`: JSON is YAML. */
export async function writeMeta(folder: string, values: Readonly<Record<string, unknown>>): Promise<void> {
  const lines = Object.entries(values).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'meta.yaml'), lines.join(''));
}

/**
 * A text a file, by its key, which may go through folders.
 * @throws where a key is no such name, or one is a folder of another: MLflow's file store has no place for both
 */
export async function writeTexts(
  folder: string,
  texts: Iterable<readonly [key: string, text: string]>,
): Promise<void> {
  // MLflow takes a run without one of its folders for none.
  await mkdir(folder, { recursive: true });
  for (const [key, text] of texts) {
    if (!isInnerPath(key)) throw new Error(`${JSON.stringify(key.slice(0, 80))} is no name of a file`);
    const file = path.join(folder, ...key.split('/'));
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text, { flag: 'wx' });
  }
}

/** As MLflow calls a dataset. */
export function datasetId(name: string, digest: string): string {
  return md5(name, digest);
}

export function md5(...parts: readonly string[]): string {
  return createHash('md5').update(parts.join('')).digest('hex');
}

/** As Python reads it. */
export function pythonNumber(value: number): string {
  return Number.isNaN(value) ? 'nan' : String(value).replace('Infinity', 'inf');
}
