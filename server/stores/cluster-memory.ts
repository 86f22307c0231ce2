/** What the project's cluster had when a run last asked it: for whoever looks, and can't ask it himself. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { KnownCluster, NodeGroup } from '../definition/known/cluster.js';
import { writeAtomic } from './disk/atomic.js';
import { fileStamp } from './disk/folder.js';
import { type Layout, layoutOf } from './layout.js';
import { readPlainText } from './disk/plain-file.js';

const VERSION = 1;

const fileOf = ({ index }: Layout): string => path.join(index, 'cluster.json');

/** Written by each process once in a while; nobody waits for it, and a disk that is full hinders no run. */
export function keepCluster(layout: Layout, cluster: KnownCluster): void {
  if (written.get(layout.index) === cluster.at) return;
  written.set(layout.index, cluster.at);
  try {
    mkdirSync(layout.index, { recursive: true });
    writeAtomic(fileOf(layout), JSON.stringify({ version: VERSION, ...cluster }));
  } catch {
    // It is asked again.
  }
}

/** When what was written last was asked, by folder. */
const written = new Map<string, string>();

export function readCluster(layout: Layout): KnownCluster | undefined {
  try {
    const value = JSON.parse(readPlainText(fileOf(layout))) as Partial<Record<string, unknown>> | null;
    if (value?.['version'] !== VERSION) return undefined;
    const { at, groups } = value;
    const isWhole = typeof at === 'string' && !Number.isNaN(Date.parse(at));
    return isWhole && Array.isArray(groups) && groups.every(isGroup) ? { at, groups } : undefined;
  } catch {
    return undefined;
  }
}

function isGroup(value: unknown): value is NodeGroup {
  if (typeof value !== 'object' || value === null) return false;
  const {
    partition,
    isDefault,
    timeMs = 0,
    defaultMs = 0,
    ...numbers
  } = value as Partial<Record<keyof NodeGroup, unknown>>;
  const { nodes, cpus, memoryBytes, gpus } = numbers;
  return (
    typeof partition === 'string' &&
    typeof isDefault === 'boolean' &&
    [nodes, cpus, memoryBytes, gpus, timeMs, defaultMs].every(Number.isFinite)
  );
}

/** The same answer until the file is another one. @param root of the project */
export function clusterBefore(root: string): () => KnownCluster | undefined {
  const layout = layoutOf(root);
  let known: { readonly stamp: string; readonly cluster: KnownCluster | undefined } | undefined;
  return () => {
    const stamp = fileStamp(fileOf(layout));
    if (known?.stamp !== stamp) known = { stamp, cluster: readCluster(layout) };
    return known.cluster;
  };
}
