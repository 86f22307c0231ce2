/** Looks through a project's memory for anything that a fault may have left half done. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { pipesFolder } from '../../server/runner/executors/output-pipes.js';
import { isRunId } from '../../server/stores/runs/id.js';

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

interface Entry {
  readonly fingerprint: string;
  readonly outputs: readonly { readonly kind: string; readonly hash: string; readonly path: string }[];
}

/** Torn documents, cache objects whose bytes are not what their name says, entries without their objects. */
export function damageIn(root: string): string[] {
  const memory = path.join(root, '.modelyard');
  const damage: string[] = [];
  const parsed = (file: string): unknown => {
    try {
      return JSON.parse(readFileSync(file, 'utf8'));
    } catch {
      damage.push(`torn: ${path.relative(root, file)}`);
      return undefined;
    }
  };
  for (const file of filesIn(memory)) if (file.endsWith('.json')) parsed(file);
  for (const file of filesIn(path.join(memory, 'runs'))) {
    if (path.basename(file) !== 'events.ndjson') continue;
    const lines = readFileSync(file, 'utf8').split('\n');
    // The end may be cut off: what comes after the last line break.
    for (const line of lines.slice(0, -1)) {
      try {
        JSON.parse(line);
      } catch {
        damage.push(`torn line in ${path.relative(root, file)}: ${line.slice(0, 80)}`);
      }
    }
  }
  const objects = new Map<string, Buffer>();
  for (const file of filesIn(path.join(memory, 'cache', 'objects'))) {
    const bytes = readFileSync(file);
    if (sha256(bytes) !== path.basename(file)) damage.push(`not what its name says: ${file}`);
    objects.set(`sha256:${path.basename(file)}`, bytes);
  }
  for (const file of filesIn(path.join(memory, 'cache', 'entries'))) {
    if (!file.endsWith('.json')) continue;
    const entry = parsed(file) as Entry | undefined;
    for (const output of entry?.outputs ?? []) {
      const object = objects.get(output.hash);
      if (object === undefined) damage.push(`entry without the object of ${output.path}: ${file}`);
      else if (output.kind === 'folder') {
        for (const [hash] of object.toString('utf8').matchAll(/^sha256:[0-9a-f]{64}/gm)) {
          if (!objects.has(hash)) damage.push(`entry without a file of ${output.path}: ${file}`);
        }
      }
    }
  }
  return damage;
}

/** Locks, markers and pipes that are left although nothing runs. Temp files block nobody; they are swept when they are old. */
export function leftOver(root: string): string[] {
  const memory = path.join(root, '.modelyard');
  const live = path.join(memory, 'runs', 'live');
  return [
    ...filesIn(path.join(memory, 'locks')).filter((file) => !file.endsWith('.tmp')),
    ...(existsSync(live) ? readdirSync(live).filter(isRunId) : []),
    ...readdirSync(path.join(memory, 'runs'), { recursive: true, encoding: 'utf8' })
      .map((name) => pipesFolder(path.basename(name)))
      .filter((folder) => existsSync(folder)),
  ];
}

/** Live processes that a run's tasks have left. Linux only; elsewhere none are found. */
export function processesOf(runId: string): number[] {
  if (!existsSync('/proc/self/environ')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        if (readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ')) return false;
        return readFileSync(`/proc/${pid}/environ`, 'latin1')
          .split('\0')
          .includes(`MODELYARD_RUN_ID=${runId}`);
      } catch {
        return false;
      }
    });
}

/** Random numbers that can be had again (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
