/** Where an engine that only looks puts what it can't keep in memory. */
import { mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** The beginning of the name. */
const SCRATCH = 'modelyard-features-';

/** An empty folder outside of every project. Whoever asks for it removes it. Throws the system's error. */
export function scratchFolder(): string {
  return mkdtempSync(path.join(os.tmpdir(), SCRATCH));
}
