/** What stands behind an artifact in a run: the task that made it, and the metrics of everything before. */
import type { Json } from '../../definition/definition.js';
import type { Instance } from '../../definition/graph/graph.js';
import { ancestors } from './ancestors.js';
import { type Identity, short } from './identity.js';
import type { Session } from '../session.js';

/** The task instance whose output a path is, or lies in. */
export function producerOf(session: Session, path: string): Instance | undefined {
  let nearest: { readonly instance: Instance; readonly length: number } | undefined;
  for (const instance of session.graph.instances) {
    const known = Object.values(session.result(instance)?.outputs ?? {});
    for (const made of [...instance.outputs.map((output) => output.path), ...known]) {
      if (made === undefined || (made !== path && !path.startsWith(`${made}/`))) continue;
      if (nearest === undefined || made.length > nearest.length) nearest = { instance, length: made.length };
    }
  }
  return nearest?.instance;
}

/** Every instance that one depends on, in the order in which they ran. */
export function ancestorsOf(session: Session, id: string): readonly Instance[] {
  return ancestors(session.graph, id);
}

/**
 * Metrics of all tasks that one depends on, by key; those of the last task, mostly an evaluation, first. Where several tasks have a key, the last one before it counts, and
 * each is there as `<task>.<key>` besides. Of a matrix that the artifact comes from, only its own cell counts.
 */
export function upstreamMetrics(
  session: Session,
  id: string,
  producer: Instance | undefined,
): Record<string, Json> {
  let metrics: Record<string, Json> = {};
  const owners = new Map<string, { readonly id: string; readonly value: Json }[]>();
  for (const instance of ancestorsOf(session, id)) {
    if (instance !== producer && instance.task === producer?.task) continue;
    const own = Object.entries(session.result(instance)?.metrics ?? {});
    metrics = { ...Object.fromEntries(own), ...without(metrics, own) };
    for (const [key, value] of own) {
      owners.set(key, [...(owners.get(key) ?? []), { id: instance.id, value }]);
    }
  }
  for (const [key, list] of owners) {
    if (list.length > 1) for (const one of list) metrics[`${one.id}.${key}`] = one.value;
  }
  return metrics;
}

function without(
  metrics: Readonly<Record<string, Json>>,
  own: readonly (readonly [string, Json])[],
): Record<string, Json> {
  const keys = new Set(own.map(([key]) => key));
  return Object.fromEntries(Object.entries(metrics).filter(([key]) => !keys.has(key)));
}

/** @param made what it has come to by itself */
export function identityOf(session: Session, { id }: Instance, made: string): Identity {
  const upstream = upstreamOf(session, id);
  return { made, upstream, identity: short(`${made} ${upstream}`) };
}

/** What an instance depends on has come to this; empty where it depends on nothing. */
export function upstreamOf(session: Session, id: string): string {
  const before = upstreamParts(session, id);
  return before.length === 0 ? '' : short(JSON.stringify(before));
}

/** The same, task by task: what each of those that it directly depends on has come to. */
export function upstreamParts(
  session: Session,
  id: string,
): readonly (readonly [id: string, made: string])[] {
  return session.graph
    .incoming(id)
    .flatMap(({ from }): (readonly [string, string])[] => {
      const instance = session.graph.byId.get(from);
      const result = instance === undefined ? undefined : session.result(instance);
      return result === undefined ? [] : [[from, result.identity]];
    })
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
