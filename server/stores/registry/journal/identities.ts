/** Which version holds given bytes made from a given fingerprint: a file each, so that asking costs the same for any number. */
import { sha256 } from '../../content/hash.js';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { isVersionNumber } from '../../../definition/names/registry-names.js';
import { writeAtomic } from '../../disk/atomic.js';
import { errorCode } from '../../disk/problem.js';
import type { ContentHash } from '../../runs/document.js';
import { readPlainText } from '../../disk/plain-file.js';

function fileOf(folder: string, hash: ContentHash, fingerprint: string | undefined): string {
  return path.join(folder, sha256(`${hash}\0${fingerprint ?? ''}`));
}

/** A number, or `undefined`. Only a hint: look at the version whether it is so. */
export function findIdentity(
  folder: string,
  hash: ContentHash,
  fingerprint: string | undefined,
): string | undefined {
  try {
    const text = readPlainText(fileOf(folder, hash, fingerprint)).trim();
    return isVersionNumber(text) ? text : undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

export function writeIdentity(
  folder: string,
  hash: ContentHash,
  fingerprint: string | undefined,
  version: string,
): void {
  mkdirSync(folder, { recursive: true });
  writeAtomic(fileOf(folder, hash, fingerprint), `${version}\n`);
}
