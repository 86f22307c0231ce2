/** The releases behind a service's port: the one that serves, one beside it, and how the traffic is shared. */
import { describeSystemError, descriptorLimit, mostClients } from './app/descriptors.js';
import { type OpenPort, Proxy } from '../proxy/proxy.js';
import type { TrafficObserver } from '../proxy/observer.js';
import type { ServiceConfig } from '../types.js';
import type { ReleaseRun } from './release-run.js';

export class Rollout {
  readonly proxy: Proxy;
  #current: ReleaseRun | undefined;
  #candidate: ReleaseRun | undefined;
  #address: { readonly host: string; readonly port: number } | undefined;
  readonly #retiring = new Set<Promise<void>>();

  constructor(observer: TrafficObserver) {
    this.proxy = new Proxy(observer, mostClients(descriptorLimit()));
  }

  get current(): ReleaseRun | undefined {
    return this.#current;
  }

  /** One that is being made ready, or a canary. */
  get candidate(): ReleaseRun | undefined {
    return this.#candidate;
  }

  /** The candidate, as soon as it has a share of the traffic. */
  get canary(): ReleaseRun | undefined {
    return this.#candidate?.since === undefined ? undefined : this.#candidate;
  }

  get runs(): readonly ReleaseRun[] {
    return [this.#current, this.#candidate].flatMap((run) => run ?? []);
  }

  /** The public port; undefined as long as none was opened. */
  get port(): number | undefined {
    return this.#address?.port;
  }

  /** Hands requests to whatever is ready now. */
  route(): void {
    this.proxy.router.set(
      this.runs
        .filter((run) => run.since !== undefined)
        .map((run) => ({ weight: run.traffic, backends: run.backends })),
    );
  }

  /** Opens the public port, unless it is ours already. A text says why it can't be opened. */
  async open(config: ServiceConfig): Promise<OpenPort | undefined | string> {
    const { host, port } = config;
    if (this.#address?.host === host && this.#address.port === port) return undefined;
    try {
      const opened = await this.proxy.open(host, port);
      if (this.#address !== undefined) return opened;
      // The first one: from now on it says 503 rather than refusing connections.
      this.move(opened, host);
      return undefined;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EADDRINUSE') return `the port ${port} is in use on ${host}; choose another one`;
      if (code === 'EACCES') return `the port ${port} may not be listened on; choose one above 1023`;
      return `can't listen on ${host}:${port}: ${describeSystemError(error)}`;
    }
  }

  /** From now on this is the public port. */
  move(opened: OpenPort, host: string): void {
    opened.take();
    this.#address = { host, port: opened.port };
  }

  /** Takes over what ran under a host that is gone. */
  adopt(run: ReleaseRun, as: 'current' | 'candidate'): void {
    if (as === 'current') this.#current = run;
    else this.#candidate = run;
  }

  /** Puts a release beside the one that serves. */
  prepare(run: ReleaseRun): void {
    this.#candidate = run;
  }

  /** Takes the candidate out, without ending it. With `run`: only if it is the one. */
  withdraw(run = this.#candidate): ReleaseRun | undefined {
    if (run === undefined || this.#candidate !== run) return undefined;
    this.#candidate = undefined;
    return run;
  }

  /** Gives a release its share; the rest is the current one's. */
  split(run: ReleaseRun, traffic: number): void {
    run.traffic = traffic;
    run.since ??= new Date().toISOString();
    if (this.#current !== undefined) this.#current.traffic = 100 - traffic;
  }

  /** All traffic to this release; gives the one before, which is to be retired. */
  serve(run: ReleaseRun): ReleaseRun | undefined {
    const old = this.#current;
    this.#current = run;
    this.withdraw(run);
    run.traffic = 100;
    run.since = new Date().toISOString();
    this.route();
    return old;
  }

  /** All traffic back to the release that serves. */
  restore(): void {
    if (this.#current !== undefined) this.#current.traffic = 100;
  }

  /** Ends a release when its requests have. */
  retire(run: ReleaseRun): void {
    run.traffic = 0;
    const stopped = run.stop().finally(() => this.#retiring.delete(stopped));
    this.#retiring.add(stopped);
  }

  /** Ends everything: no new connections, requests under way to their end, then the processes. */
  async close(drainMs: number): Promise<void> {
    // A deployment that waits for its release gives up.
    if (this.canary === undefined) await this.#candidate?.stop(false);
    await this.proxy.close(drainMs);
    await Promise.all([...this.runs.map((run) => run.stop()), ...this.#retiring]);
  }

  /** Forgets the releases, once they have ended. */
  clear(): void {
    this.#current = undefined;
    this.#candidate = undefined;
  }
}
