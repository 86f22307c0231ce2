/** Order and cycles of a graph given by its nodes in the order of the definition and their successors. */

import type { Edge, Graph, Instance } from './types.js';

type Next = (id: string) => readonly string[];

const NONE: readonly string[] = [];

/** The order and the cycles of a graph. */
export function orderOf(
  instances: readonly Instance[],
  edges: readonly Edge[],
): Pick<Graph, 'order' | 'cycles'> {
  const ids = instances.map((instance) => instance.id);
  const position = new Map<string, number>();
  for (const [at, id] of ids.entries()) position.set(id, at);
  // Most pipelines are written in the order in which they run.
  if (edges.every((edge) => (position.get(edge.from) ?? 0) < (position.get(edge.to) ?? 0)))
    return { order: ids, cycles: [] };
  const successors = new Map<string, string[]>();
  for (const { from, to } of edges) {
    const known = successors.get(from);
    if (known === undefined) successors.set(from, [to]);
    else known.push(to);
  }
  const next = (id: string): readonly string[] => successors.get(id) ?? NONE;
  return { order: topologicalOrder(ids, next), cycles: findCycles(ids, next) };
}

/** Kahn's algorithm with the earliest definition first; nodes in or behind a cycle come last, in their own order. */
export function topologicalOrder(ids: readonly string[], next: Next): string[] {
  const position = new Map(ids.map((id, index) => [id, index]));
  const waiting = new Array<number>(ids.length).fill(0);
  for (const id of ids) {
    for (const other of next(id)) {
      const at = position.get(other);
      if (at !== undefined) waiting[at] = (waiting[at] ?? 0) + 1;
    }
  }
  const ready = new Heap();
  for (const [index, count] of waiting.entries()) if (count === 0) ready.push(index);
  const order: string[] = [];
  const done = new Set<string>();
  for (let index = ready.pop(); index !== undefined; index = ready.pop()) {
    const id = ids[index];
    if (id === undefined) continue;
    order.push(id);
    done.add(id);
    for (const other of next(id)) {
      const at = position.get(other);
      if (at === undefined) continue;
      const left = (waiting[at] ?? 0) - 1;
      waiting[at] = left;
      if (left === 0) ready.push(at);
    }
  }
  return order.length === ids.length ? order : [...order, ...ids.filter((id) => !done.has(id))];
}

/** Smallest number first. */
class Heap {
  private readonly items: number[] = [];

  push(value: number): void {
    const { items } = this;
    let at = items.push(value) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((items[parent] ?? 0) <= value) break;
      items[at] = items[parent] ?? 0;
      at = parent;
    }
    items[at] = value;
  }

  pop(): number | undefined {
    const { items } = this;
    const [top] = items;
    const last = items.pop();
    if (top === undefined || last === undefined || items.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && (items[child + 1] ?? 0) < (items[child] ?? 0)) child++;
      if ((items[child] ?? 0) >= last) break;
      items[at] = items[child] ?? 0;
      at = child;
    }
    items[at] = last;
    return top;
  }
}

/**
 * One cycle per knot (strongly connected component): the shortest through the knot's member that is defined first, ties
 * going to what is defined first. It depends on the graph alone, not on the order of edges.
 */
export function findCycles(ids: readonly string[], next: Next): string[][] {
  const position = new Map(ids.map((id, index) => [id, index]));
  const sorted = (id: string): string[] =>
    next(id)
      .filter((other) => position.has(other))
      .sort((a, b) => (position.get(a) ?? 0) - (position.get(b) ?? 0));
  const cycles: string[][] = [];
  for (const knot of knots(ids, next, position)) {
    const members = new Set(knot);
    const start = knot.reduce((a, b) => ((position.get(a) ?? 0) <= (position.get(b) ?? 0) ? a : b));
    const cycle = shortestCycle(start, members, sorted);
    if (cycle !== undefined) cycles.push(cycle);
  }
  return cycles.sort((a, b) => (position.get(a[0] ?? '') ?? 0) - (position.get(b[0] ?? '') ?? 0));
}

function shortestCycle(start: string, members: ReadonlySet<string>, next: Next): string[] | undefined {
  const from = new Map<string, string>();
  let level = [start];
  while (level.length > 0) {
    const following: string[] = [];
    for (const id of level) {
      for (const other of next(id)) {
        if (other === start) {
          const trail = [id];
          for (let at = id; at !== start;) {
            at = from.get(at) ?? start;
            trail.push(at);
          }
          return trail.reverse();
        }
        if (!members.has(other) || from.has(other)) continue;
        from.set(other, id);
        following.push(other);
      }
    }
    level = following;
  }
  return undefined;
}

/** Tarjan's strongly connected components without recursion; only those that hold a cycle. */
function knots(ids: readonly string[], next: Next, position: ReadonlyMap<string, number>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const onStack = new Set<string>();
  const stack: string[] = [];
  const found: string[][] = [];
  for (const root of ids) {
    if (index.has(root)) continue;
    const work: { id: string; targets: readonly string[]; at: number }[] = [];
    const open = (id: string): void => {
      index.set(id, index.size);
      low.set(id, index.size - 1);
      stack.push(id);
      onStack.add(id);
      work.push({ id, targets: next(id), at: 0 });
    };
    open(root);
    for (let frame = work.at(-1); frame !== undefined; frame = work.at(-1)) {
      const target = frame.targets[frame.at++];
      if (target !== undefined) {
        if (!position.has(target)) continue;
        if (!index.has(target)) open(target);
        else if (onStack.has(target)) lower(low, frame.id, index.get(target) ?? 0);
        continue;
      }
      work.pop();
      const parent = work.at(-1);
      if (parent !== undefined) lower(low, parent.id, low.get(frame.id) ?? 0);
      if (low.get(frame.id) !== index.get(frame.id)) continue;
      const members: string[] = [];
      for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
        onStack.delete(member);
        members.push(member);
        if (member === frame.id) break;
      }
      if (members.length > 1 || next(frame.id).includes(frame.id)) found.push(members);
    }
  }
  return found;
}

function lower(low: Map<string, number>, id: string, value: number): void {
  if (value < (low.get(id) ?? 0)) low.set(id, value);
}
