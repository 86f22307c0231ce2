/**
 * Where the keys of a pipeline and of its tasks are written. Whoever reads a definition keeps the nodes here, so that
 * rules and the editor ask a task for the place of a key, and none of them knows how the file is laid out.
 */
import { entryOf } from '../syntax/text.js';
import type { MapEntry, SyntaxNode } from '../syntax/tree.js';
import type { Pipeline, Task } from './definition.js';

// Beside the definition, not in it: a definition is plain data that is written down and read again.
const nodes = new WeakMap<Pipeline | Task, SyntaxNode>();

/** Remembers what a pipeline or a task was read from, and gives it back. */
export function written<T extends Pipeline | Task>(read: T, node: SyntaxNode | null | undefined): T {
  if (node !== null && node !== undefined) nodes.set(read, node);
  return read;
}

/** Another form of what was read, with the same keys at the same places. */
export function rewritten<T extends Pipeline | Task>(before: T, now: T): T {
  return written(now, nodes.get(before));
}

/**
 * The entry of a key of a pipeline or of a task, or of one further in. `undefined` where it is not written, and for what
 * was not read from a text.
 */
export function keyOf(of: Pipeline | Task, ...keys: readonly [string, ...string[]]): MapEntry | undefined {
  let node = nodes.get(of) ?? null;
  let entry: MapEntry | undefined;
  for (const key of keys) {
    entry = entryOf(node, key);
    node = entry?.value ?? null;
  }
  return entry;
}

/** What stands under a key. */
export function valueAt(
  of: Pipeline | Task,
  ...keys: readonly [string, ...string[]]
): SyntaxNode | null | undefined {
  return keyOf(of, ...keys)?.value;
}

/** The first key of a task or a pipeline, and whether it stands between braces: where a new one goes in front. */
export function firstKeyOf(of: Pipeline | Task): { entry: MapEntry; flow: boolean } | undefined {
  const node = nodes.get(of);
  const entry = node?.kind === 'map' ? node.entries[0] : undefined;
  return node?.kind !== 'map' || entry === undefined ? undefined : { entry, flow: node.flow };
}
