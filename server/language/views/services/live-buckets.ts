/** Measurements by the second, as the hosts of services have them in memory: asked for once, and then only what is new. */
import type { ServiceAddress } from '../../../serving/services/address.js';
import { askService } from '../../../serving/services/client.js';
import type { MetricsBucket } from '../../../serving/monitor/measures/bucket.js';

/** What hosts keep. */
export const LIVE_MS = 10 * 60_000;
/** So many services are remembered: those of panels that are open. */
const MOST_SERVICES = 8;

export class LiveBuckets {
  readonly #known = new Map<string, readonly MetricsBucket[]>();

  /** Those since a time, the oldest first. `undefined`: no host answers, or it is older than this. */
  async since(address: ServiceAddress, from: number): Promise<readonly MetricsBucket[] | undefined> {
    const key = JSON.stringify([address.root, address.environment, address.name]);
    const before = this.#known.get(key) ?? [];
    const last = before.at(-1)?.at ?? from;
    const answer = await askService(address, 'buckets', { since: Math.max(last, from) });
    if (!Array.isArray(answer)) {
      this.#known.delete(key);
      return undefined;
    }
    // Somebody else may have asked meanwhile.
    const known = this.#known.get(key) ?? [];
    const newest = known.at(-1)?.at ?? 0;
    const oldest = Date.now() - LIVE_MS;
    const all = [...known, ...(answer as MetricsBucket[]).filter(({ at }) => at > newest)].filter(
      ({ at }) => at > oldest,
    );
    this.#known.delete(key);
    this.#known.set(key, all);
    const [first] = this.#known.keys();
    if (this.#known.size > MOST_SERVICES && first !== undefined) this.#known.delete(first);
    return all.filter(({ at }) => at > from);
  }
}
