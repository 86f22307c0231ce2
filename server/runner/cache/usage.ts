/**
 * An estimate of what is in the cache, kept beside the other indexes: a run that stays within the bound by it neither
 * counts nor loads what counts.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { writeAtomic } from '../../stores/disk/atomic.js';
import type { Layout } from '../../stores/layout.js';
import { readPlainText } from '../../stores/disk/plain-file.js';

function usageFile(layout: Layout): string {
  return path.join(layout.index, 'cache-usage.json');
}

interface Usage {
  readonly bytes: number;
  /** When all was counted, in ms since 1970: what was too old went then. */
  readonly countedAt: number;
}

/** Nothing when it has to be counted. */
function readUsage(layout: Layout): Usage | undefined {
  try {
    const value: unknown = JSON.parse(readPlainText(usageFile(layout)));
    if (typeof value !== 'object' || value === null) return undefined;
    const { bytes, countedAt } = value as Partial<Record<keyof Usage, unknown>>;
    if (typeof bytes !== 'number' || typeof countedAt !== 'number') return undefined;
    return bytes >= 0 && countedAt <= Date.now() ? { bytes, countedAt } : undefined;
  } catch {
    return undefined;
  }
}

function write(layout: Layout, usage: Usage): void {
  try {
    writeAtomic(usageFile(layout), JSON.stringify(usage));
  } catch {
    // An estimate; counted again the next time.
  }
}

/** @param bytes as they were just counted; `undefined`: not known, counted the next time */
export function writeUsage(layout: Layout, bytes: number | undefined): void {
  if (bytes !== undefined) write(layout, { bytes, countedAt: Date.now() });
  else rmSync(usageFile(layout), { force: true });
}

/** Entries need not go at the very moment in which they are too old. */
const AGE_LOOK_MS = 24 * 60 * 60 * 1000;

/**
 * Adds what was stored to the estimate. False, and nothing is written, when a bound is passed or nobody knows whether it
 * is.
 *
 * @param wasEmpty there was no cache before, so that nothing has to be counted
 */
export function staysWithin(
  layout: Layout,
  { maxBytes = Infinity, maxAgeMs }: { readonly maxBytes?: number; readonly maxAgeMs?: number },
  storedBytes: number,
  wasEmpty = false,
): boolean {
  const before = readUsage(layout) ?? (wasEmpty ? { bytes: 0, countedAt: Date.now() } : undefined);
  if (before === undefined) return false;
  const bytes = before.bytes + storedBytes;
  const aged = maxAgeMs !== undefined && Date.now() - before.countedAt > Math.min(maxAgeMs, AGE_LOOK_MS);
  if (bytes > maxBytes || aged) return false;
  write(layout, { bytes, countedAt: before.countedAt });
  return true;
}
