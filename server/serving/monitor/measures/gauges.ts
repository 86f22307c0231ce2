/** What the processes of releases are doing, from one look to the next. */
import { defined } from '../../../base/defined.js';
import type { ProcessGauges } from './bucket.js';

/** What the processes of one release are doing right now. */
export interface RunGauges {
  readonly id: string;
  readonly ready: number;
  readonly replicas: number;
  /** Since it was started. */
  readonly restarts: number;
  readonly memoryBytes?: number;
  /** Of the processes that live. */
  readonly cpuSeconds?: number;
}

export class ProcessTally {
  #last: ReadonlyMap<string, RunGauges> = new Map();
  /** Before that a release is made ready beside the one that serves, which is no lack of availability. */
  readonly #wasReady = new Set<string>();

  /** What each release's processes are like, and have come to in these seconds: of all, and of those that were ready once. */
  take(
    releases: readonly RunGauges[],
    seconds: number,
  ): { readonly all: readonly ProcessGauges[]; readonly served: Record<string, ProcessGauges> } {
    const now = new Map<string, RunGauges>();
    for (const one of releases) {
      const same = now.get(one.id);
      now.set(one.id, same === undefined ? one : together(same, one));
    }
    const measured = [...now].map(([id, gauges]): [string, ProcessGauges] => {
      const { ready, replicas, restarts, memoryBytes, cpuSeconds } = gauges;
      const before = this.#last.get(id);
      const spent =
        cpuSeconds === undefined || before?.cpuSeconds === undefined
          ? undefined
          : Math.max(0, cpuSeconds - before.cpuSeconds);
      return [
        id,
        {
          seconds,
          upSeconds: ready > 0 ? seconds : 0,
          restarts: Math.max(0, restarts - (before?.restarts ?? 0)),
          ...defined({ memoryBytes }),
          ...(spent === undefined ? {} : { cpu: spent / seconds }),
          ready,
          replicas,
        },
      ];
    });
    this.#last = now;
    for (const id of this.#wasReady) if (!now.has(id)) this.#wasReady.delete(id);
    for (const [id, { ready }] of measured) if (ready > 0) this.#wasReady.add(id);
    return {
      all: measured.map(([, gauges]) => gauges),
      served: Object.fromEntries(measured.filter(([id]) => this.#wasReady.has(id))),
    };
  }
}

function together(one: RunGauges, other: RunGauges): RunGauges {
  const sum = (key: 'memoryBytes' | 'cpuSeconds'): Partial<RunGauges> => {
    const [a, b] = [one[key], other[key]];
    return a === undefined || b === undefined ? {} : { [key]: a + b };
  };
  return {
    id: one.id,
    ready: one.ready + other.ready,
    replicas: one.replicas + other.replicas,
    restarts: one.restarts + other.restarts,
    ...sum('memoryBytes'),
    ...sum('cpuSeconds'),
  };
}
