/**
 * An estimate of what is in the cache, kept beside the other indexes: a run that stays within the bound by it neither
 * counts nor loads what counts.
 */
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { writeAtomic } from '../stores/atomic.js';
import type { Layout } from '../stores/layout.js';

function usageFile(layout: Layout): string {
  return path.join(layout.index, 'cache-usage.json');
}

/** Bytes; nothing when they have to be counted. */
function readUsage(layout: Layout): number | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(usageFile(layout), 'utf8'));
    if (typeof value !== 'object' || value === null || !('bytes' in value)) return undefined;
    return typeof value.bytes === 'number' ? value.bytes : undefined;
  } catch {
    return undefined;
  }
}

/** @param bytes `undefined`: not known; it is counted the next time */
export function writeUsage(layout: Layout, bytes: number | undefined): void {
  try {
    if (bytes === undefined) rmSync(usageFile(layout), { force: true });
    else writeAtomic(usageFile(layout), JSON.stringify({ bytes }));
  } catch {
    // An estimate; counted again the next time.
  }
}

/**
 * Adds what was stored to the estimate. False, and nothing is written, when the bound is passed or nobody knows whether
 * it is.
 *
 * @param wasEmpty there was no cache before, so that nothing has to be counted
 */
export function staysWithin(
  layout: Layout,
  maxBytes: number,
  storedBytes: number,
  wasEmpty = false,
): boolean {
  const before = readUsage(layout) ?? (wasEmpty ? 0 : undefined);
  if (before === undefined || before + storedBytes > maxBytes) return false;
  writeUsage(layout, before + storedBytes);
  return true;
}
