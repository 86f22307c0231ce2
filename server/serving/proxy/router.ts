/** Which process gets the next request: first the release, by its share of the traffic, then the least busy replica. */
import type { Backend } from './backend.js';

/** The processes of one release that are ready, and the release's share of the traffic in percent. */
export interface Route {
  readonly weight: number;
  readonly backends: readonly Backend[];
}

interface Entry extends Route {
  /** What it is owed. Shares are exact over any hundred requests, where drawing lots would only be so on average. */
  credit: number;
  next: number;
}

export class Router {
  #entries: readonly Entry[] = [];

  set(routes: readonly Route[]): void {
    this.#entries = routes
      .filter((route) => route.backends.length > 0)
      .map((route) => ({ ...route, credit: 0, next: 0 }));
  }

  get backends(): readonly Backend[] {
    return this.#entries.flatMap((entry) => entry.backends);
  }

  /** `except`: the one that has just failed; taken again only where there is no other. */
  pick(except?: Backend): Backend | undefined {
    const entry = this.#entries.length < 2 ? this.#entries[0] : this.#share();
    if (entry === undefined) return undefined;
    return leastBusy(entry, except) ?? leastBusy(entry, undefined);
  }

  /** Smooth weighted round robin. A release without weight is taken where no other is ready. */
  #share(): Entry | undefined {
    let total = 0;
    let best: Entry | undefined;
    for (const entry of this.#entries) {
      entry.credit += entry.weight;
      total += entry.weight;
      if (best === undefined || entry.credit > best.credit) best = entry;
    }
    if (best !== undefined) best.credit -= total;
    return best;
  }
}

function leastBusy(entry: Entry, except: Backend | undefined): Backend | undefined {
  const { backends } = entry;
  if (backends.length === 1) return backends[0] === except ? undefined : backends[0];
  let best: Backend | undefined;
  const start = entry.next;
  for (let step = 0; step < backends.length; step++) {
    const backend = backends[(start + step) % backends.length];
    if (backend === undefined || backend === except) continue;
    if (best === undefined || backend.inFlight < best.inFlight) best = backend;
  }
  entry.next = (start + 1) % backends.length;
  return best;
}
