/** Content of files that are only in the copy of the project that a cluster has, as it was when they were last read there. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { isRecord } from '../../base/is-record.js';
import { writeAtomic } from '../disk/atomic.js';
import { readPlainText } from '../disk/plain-file.js';
import type { Layout } from '../layout.js';
import type { FileRecord } from '../runs/document.js';
import { sha256 } from './hash.js';

interface Known {
  /** As it was looked at when it was read. */
  readonly look: string;
  readonly record: FileRecord;
}

/** Derived: what is missing from it is read again. */
export class FarIndex {
  readonly #file: string;
  #known: Map<string, Known> | undefined;

  /** @param login, remoteDir as the executor has them */
  constructor(layout: Layout, login: string, remoteDir: string) {
    const name = sha256(`${login} ${remoteDir}`).slice(0, 16);
    this.#file = path.join(layout.index, 'copies', `${name}.hashes.json`);
  }

  /** @param file relative to the project */
  of(file: string): Known | undefined {
    return this.#load().get(file);
  }

  put(file: string, known: Known): void {
    this.#load().set(file, known);
  }

  save(): void {
    try {
      mkdirSync(path.dirname(this.#file), { recursive: true });
      writeAtomic(this.#file, JSON.stringify({ version: 1, files: Object.fromEntries(this.#load()) }));
    } catch {
      // A full disk hinders no run.
    }
  }

  #load(): Map<string, Known> {
    if (this.#known !== undefined) return this.#known;
    this.#known = new Map();
    try {
      const value: unknown = JSON.parse(readPlainText(this.#file));
      const files = isRecord(value) && value['version'] === 1 ? value['files'] : undefined;
      for (const [file, known] of Object.entries(isRecord(files) ? files : {}))
        if (isKnown(known)) this.#known.set(file, known);
    } catch {
      // None, or cut off.
    }
    return this.#known;
  }
}

function isKnown(value: unknown): value is Known {
  if (!isRecord(value)) return false;
  const { look, record } = value;
  if (typeof look !== 'string' || !isRecord(record)) return false;
  const { path: file, hash, bytes, files = 0 } = record;
  const isNumber = (one: unknown): boolean => typeof one === 'number';
  return typeof file === 'string' && typeof hash === 'string' && isNumber(bytes) && isNumber(files);
}
