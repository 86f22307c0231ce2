/** A service: one public port, the releases behind it, and every change of them, one at a time. */
import { defined } from '../../base/defined.js';
import { readRelease } from '../releases/document.js';
import {
  type ServiceOrder,
  type ServiceRequest,
  DEFAULT_PORTS,
  mergeConfig,
  secretsOf,
} from '../services/config.js';
import { Masks } from '../../stores/masks.js';
import { describeError } from '../../stores/disk/problem.js';
import { delay } from '../services/delay.js';
import { servicePlaces, type ServicePlaces } from '../places.js';
import { type OpenPort, Proxy } from '../proxy/proxy.js';
import type { TrafficObserver } from '../proxy/observer.js';
import type {
  ReleaseDocument,
  RunningRelease,
  ServiceCause,
  ServiceConfig,
  ServiceDocument,
  ServiceEventKind,
  ServiceStatus,
} from '../types.js';
import type { AppOutput } from './app/output.js';
import type { MissingSecrets } from './control-server.js';
import { describeSystemError, descriptorLimit, mostClients } from './app/descriptors.js';
import { endOrphans } from './orphans.js';
import { freePortIn } from './ports.js';
import { ReleaseRun } from './release-run.js';
import type { ServiceState } from './state.js';
import { Turns, type Turn } from './turns.js';

/** What an order came to. */
export interface OrderResult {
  readonly ok: boolean;
  /** For a person. */
  readonly message: string;
  readonly value?: MissingSecrets;
}

const MAX_PREVIOUS = 20;
const ok = (message: string): OrderResult => ({ ok: true, message });
const refused = (message: string): OrderResult => ({ ok: false, message });

export interface ServiceHostOptions {
  readonly root: string;
  readonly environment: string;
  readonly name: string;
  readonly state: ServiceState;
  readonly output: AppOutput;
  readonly observer: TrafficObserver;
  /** What apps inherit. */
  readonly inherited: Readonly<Record<string, string>>;
}

export class ServiceHost {
  readonly proxy: Proxy;
  readonly #options: ServiceHostOptions;
  readonly #state: ServiceState;
  readonly #places: ServicePlaces;
  #secrets: Readonly<Record<string, string>> = {};
  #current: ReleaseRun | undefined;
  #candidate: ReleaseRun | undefined;
  #config: ServiceConfig | undefined;
  #address: { readonly host: string; readonly port: number } | undefined;
  readonly #turns = new Turns();
  #resumed = false;
  #stopping = false;
  #saving = false;
  /** The last word is written. */
  #ended = false;
  #message: string | undefined;
  #restarts = 0;
  readonly #retiring = new Set<Promise<void>>();

  constructor(options: ServiceHostOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#places = servicePlaces(options.root, options.environment, options.name);
    this.proxy = new Proxy(options.observer, mostClients(descriptorLimit()));
  }

  /** Whether there is anything to stay for. */
  get idle(): boolean {
    return this.#current === undefined && this.#candidate === undefined && this.#turns.current === undefined;
  }

  get runs(): readonly ReleaseRun[] {
    return [this.#current, this.#candidate].flatMap((run) => run ?? []);
  }

  /** How often processes ended that should not have, since the host began. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Starts the service, replaces its release, or brings back what ran before the host was killed. */
  async start(order: ServiceOrder): Promise<OrderResult> {
    const { wait = false } = order;
    return this.#exclusively({ what: 'a deployment', id: order.id, wait, replaces: true }, async () => {
      this.#learn(order.secretValues);
      if (!this.#resumed) await this.#resume(order.cause);
      const running = this.#current;
      const id = order.release ?? running?.release.id ?? this.#state.document.current?.id;
      if (id === undefined) {
        return refused(`the service ${this.#options.name} has no release yet: say which one to start`);
      }
      const newer = order.unlessNewer === true ? this.#newerThan(id) : undefined;
      if (newer !== undefined) {
        const { name } = this.#options;
        return refused(
          `${id} was superseded by ${newer}, a newer release of the same app that ${name} has by now`,
        );
      }
      const merged = mergeConfig(order, this.#config ?? this.#state.before?.config);
      if (running?.release.id === id && this.#candidate === undefined && !this.#differs(order, merged)) {
        const changed = this.#changedSecrets(running);
        const { port } = this.#config ?? { port: 0 };
        if (changed.length === 0) return ok(`${id} serves on port ${port} already`);
        const result = await this.#deploy(
          running.release,
          { ...merged, port },
          100,
          order.cause,
          'restarted',
        );
        return result.ok
          ? ok(
              `${id} was restarted on port ${port}: ${changed.join(', ')} ${changed.length === 1 ? 'has another value' : 'have other values'}`,
            )
          : result;
      }
      const release = this.#read(id);
      if (typeof release === 'string') return refused(release);
      const port = await this.#port(order, release, merged.host);
      if (typeof port === 'string') return refused(port);
      const traffic = running === undefined ? 100 : (order.traffic ?? 100);
      return this.#deploy(release, { ...merged, port }, traffic, order.cause, 'deployed');
    });
  }

  /** The newest of the releases here, where it is of the same app as this one, and newer. */
  #newerThan(id: string): string | undefined {
    const release = this.#read(id);
    if (typeof release === 'string') return undefined;
    return this.runs
      .map((run) => run.release)
      .filter((other) => other.id > id && other.package.name === release.package.name)
      .map((other) => other.id)
      .sort()
      .at(-1);
  }

  /** Whether an order asks for anything that the release which runs does not have already. */
  #differs(order: ServiceOrder, merged: Omit<ServiceConfig, 'port'>): boolean {
    const config = this.#config;
    if (config === undefined || (order.port !== undefined && order.port !== config.port)) return true;
    return JSON.stringify({ ...merged, port: config.port }) !== JSON.stringify(config);
  }

  /** Values of secrets that somebody has sent along. They stay in memory and are masked from now on. */
  #learn(values: Readonly<Record<string, string>>): void {
    this.#secrets = { ...this.#secrets, ...values };
    this.#options.output.mask(Object.values(this.#secrets));
  }

  async #exclusively(turn: Turn, work: () => Promise<OrderResult>): Promise<OrderResult> {
    const { name } = this.#options;
    if (this.#stopping) return refused(`${name} is being stopped`);
    const busy = this.#turns.current?.what ?? 'a change';
    const result = await this.#turns.take(turn, async () => {
      try {
        return this.#stopped() ? refused(`${name} is being stopped`) : await work();
      } finally {
        // At once: whoever gets the answer may look on the disk for what it says.
        this.#route();
      }
    });
    if (!this.#ended) this.#save();
    switch (result) {
      case 'busy':
        return refused(
          `${busy} of ${name} is under way; wait for it, or end it with \`modelyard service abort ${name}\``,
        );
      case 'superseded':
        return refused(`${turn.what} of ${name} was superseded by a newer one while it waited for its turn`);
      case 'cancelled':
        return refused(`${turn.what} of ${name} was called off before its turn`);
      case 'stopped':
        return refused(`${name} is being stopped`);
      default:
        return result;
    }
  }

  #read(id: string): ReleaseDocument | string {
    const { root, environment } = this.#options;
    try {
      const loaded = readRelease(root, environment, id);
      if (loaded.state === 'ok') return loaded.value;
      return loaded.state === 'missing'
        ? `there is no release ${id} in ${environment}; see \`modelyard service status ${this.#options.name}\``
        : loaded.problem.message;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async #port(order: ServiceRequest, release: ReleaseDocument, host: string): Promise<number | string> {
    const known = order.port ?? this.#address?.port ?? this.#portBefore();
    const wanted = known ?? release.port;
    if (wanted !== undefined) return wanted;
    const { from, to } = order.ports ?? DEFAULT_PORTS;
    try {
      const free = await freePortIn(host, from, to);
      return free ?? `every port from ${from} to ${to} is in use on ${host}`;
    } catch (error) {
      return describeError(error);
    }
  }

  /** What ran under the host before; a document of an older version lacks what there was not yet. */
  #before(): ServiceDocument | undefined {
    const { before } = this.#state;
    if (before === undefined) return undefined;
    const { config } = before;
    return { ...before, config: { ...mergeConfig({}, config), port: config.port } };
  }

  /** The port from before the host was started; 0 in a document of a service that never had one. */
  #portBefore(): number | undefined {
    const port = this.#state.before?.config.port;
    return port === 0 ? undefined : port;
  }

  /** Names of the secrets whose values are not those that its processes have. */
  #changedSecrets(run: ReleaseRun): readonly string[] {
    return Object.keys(run.secrets).filter((name) =>
      run.valuesOf(name).some((value) => value !== this.#secrets[name]),
    );
  }

  /** Names of secrets that nobody has sent along. */
  #missingSecrets(release: ReleaseDocument, config: ServiceConfig): readonly string[] {
    return secretsOf(release, config).filter((name) => !Object.hasOwn(this.#secrets, name));
  }

  #missingText(release: ReleaseDocument, missing: readonly string[]): string | undefined {
    return missing.length === 0
      ? undefined
      : `the release ${release.id} needs ${missing.join(', ')}: set ${missing.length === 1 ? 'it' : 'them'} in the environment of this command`;
  }

  #run(release: ReleaseDocument, config: ServiceConfig): ReleaseRun {
    const { root, name, inherited, output } = this.#options;
    const secrets = Object.fromEntries(
      secretsOf(release, config).map((secret) => [secret, this.#secrets[secret] ?? '']),
    );
    return new ReleaseRun({
      root,
      service: name,
      release,
      config,
      inherited,
      secrets,
      output,
      onChange: () => this.#changed(),
      onCrash: (run, message, loop) => this.#crashed(run, message, loop),
    });
  }

  #use(config: ServiceConfig): void {
    this.#config = config;
    this.proxy.limits = config.limits;
  }

  /** Makes a release ready beside the one that runs, and then moves the traffic to it, or a part of it. */
  async #deploy(
    release: ReleaseDocument,
    config: ServiceConfig,
    traffic: number,
    cause: ServiceCause,
    kind: ServiceEventKind,
  ): Promise<OrderResult> {
    const missingSecrets = this.#missingSecrets(release, config);
    const missing = this.#missingText(release, missingSecrets);
    if (missing !== undefined) return { ...this.#refuse(release, cause, missing), value: { missingSecrets } };
    // A canary of before makes room for the new one.
    const earlier = this.#candidate;
    this.#candidate = undefined;
    if (earlier !== undefined) this.#retire(earlier);
    const opened = await this.#open(config);
    if (typeof opened === 'string') return this.#refuse(release, cause, opened);
    const run = this.#run(release, config);
    this.#candidate = run;
    const short = Masks.warning(run.secrets);
    const warning = short === undefined ? {} : { message: short };
    this.#state.record({ kind: 'deploying', release: release.id, ...warning, ...cause });
    this.#changed();
    const result = await run.start();
    if (!result.ok || this.#stopped()) {
      if (this.#candidate === run) this.#candidate = undefined;
      opened?.cancel();
      const why = result.ok ? 'the service was stopped' : result.why;
      await run.stop(false);
      return this.#refuse(release, cause, `the release ${release.id} got no traffic: ${why}`);
    }
    opened?.take();
    if (opened !== undefined) this.#address = { host: config.host, port: opened.port };
    const port = this.#address?.port ?? config.port;
    this.#use({ ...config, port });
    this.#message = undefined;
    if (traffic < 100 && this.#current !== undefined) {
      this.#split(run, traffic);
      this.#state.record({ kind: 'canary', release: release.id, traffic, ...cause });
      return ok(`${release.id} gets ${traffic} % of the traffic on port ${port}`);
    }
    this.#serve(run, kind, cause);
    return ok(`${release.id} serves on port ${port}`);
  }

  /** Asked again after each wait: the compiler would take the first answer for good. */
  #stopped(): boolean {
    return this.#stopping;
  }

  #refuse(release: ReleaseDocument, cause: ServiceCause, message: string): OrderResult {
    this.#message = message;
    this.#state.record({ kind: 'refused', release: release.id, message, ...cause });
    return refused(message);
  }

  /** The public port, unless it is ours already. */
  async #open(config: ServiceConfig): Promise<OpenPort | undefined | string> {
    const { host, port } = config;
    if (this.#address?.host === host && this.#address.port === port) return undefined;
    try {
      const opened = await this.proxy.open(host, port);
      if (this.#address !== undefined) return opened;
      // The first one: from now on it says 503 rather than refusing connections.
      opened.take();
      this.#address = { host, port: opened.port };
      return undefined;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EADDRINUSE') return `the port ${port} is in use on ${host}; choose another one`;
      if (code === 'EACCES') return `the port ${port} may not be listened on; choose one above 1023`;
      return `can't listen on ${host}:${port}: ${describeSystemError(error)}`;
    }
  }

  #split(run: ReleaseRun, traffic: number): void {
    run.traffic = traffic;
    run.since ??= new Date().toISOString();
    if (this.#current !== undefined) this.#current.traffic = 100 - traffic;
    this.#changed();
  }

  /** All traffic to this release from now on. The one before ends when its requests have. */
  #serve(run: ReleaseRun, kind: ServiceEventKind, cause: ServiceCause): void {
    const old = this.#current;
    this.#current = run;
    if (this.#candidate === run) this.#candidate = undefined;
    run.traffic = 100;
    run.since = new Date().toISOString();
    this.#route();
    const { previous } = this.#state.document;
    const from = old?.release.id ?? this.#state.document.current?.id;
    const kept = previous.filter((id) => id !== run.release.id && id !== from);
    const next =
      kind === 'rolled-back' || from === undefined || from === run.release.id ? kept : [from, ...kept];
    this.#state.save({ desired: 'running', previous: next.slice(0, MAX_PREVIOUS) });
    this.#state.record({
      kind: old === undefined && kind === 'deployed' ? 'started' : kind,
      release: run.release.id,
      ...(from === undefined || from === run.release.id ? {} : { from }),
      ...cause,
    });
    if (old !== undefined) this.#retire(old);
    this.#changed();
  }

  #retire(run: ReleaseRun): void {
    run.traffic = 0;
    const stopped = run.stop().finally(() => this.#retiring.delete(stopped));
    this.#retiring.add(stopped);
  }

  #route(): void {
    this.proxy.router.set(
      this.runs
        .filter((run) => run.since !== undefined)
        .map((run) => ({
          weight: run.traffic,
          backends: run.backends,
        })),
    );
  }

  /** Something about a process has changed: who gets traffic, and what is written down. */
  #changed(): void {
    this.#route();
    if (this.#saving) return;
    this.#saving = true;
    setImmediate(() => {
      this.#saving = false;
      if (!this.#ended) this.#save();
    });
  }

  #save(): void {
    const { schema, name, environment, desired, config, previous, createdAt, updatedAt } =
      this.#state.document;
    const last = this.#state.document.current;
    const stopped = last === undefined ? undefined : { ...last, traffic: 0, replicas: [] };
    const current = this.#current?.state ?? stopped;
    this.#state.replace({
      schema,
      name,
      environment,
      desired,
      status: this.#status(),
      ...defined({ message: this.#message }),
      config: this.#config ?? config,
      previous,
      createdAt,
      updatedAt,
      ...defined({ current }),
      ...(this.#candidate === undefined ? {} : { candidate: this.#candidate.state }),
    });
  }

  #status(): ServiceStatus {
    if (this.#stopping) return 'stopping';
    const run = this.#current;
    if (run === undefined) {
      if (this.#turns.current !== undefined) return 'starting';
      return this.#message === undefined ? 'stopped' : 'failed';
    }
    const ready = run.backends.length;
    if (ready === run.replicas.length) return 'running';
    if (ready > 0) return 'degraded';
    return run.looping ? 'crash-loop' : 'unhealthy';
  }

  #crashed(run: ReleaseRun, message: string, loop: boolean): void {
    this.#restarts++;
    const release = run.release.id;
    const kind = message.startsWith('it is unhealthy') ? 'unhealthy' : 'crashed';
    this.#message = `a process of ${release}: ${message}`;
    this.#state.record({ kind, release, message });
    if (!loop) return;
    this.#state.record({ kind: 'crash-loop', release, message });
    const cause: ServiceCause = {
      who: 'the service host',
      reason: `${release} is in a crash loop: ${message}`,
    };
    if (!(this.#config?.rollbackOnFailure ?? false) || this.#turns.current !== undefined) return;
    if (run === this.#candidate) void this.abort(cause);
    else if (run === this.#current && this.#state.document.previous.length > 0) void this.rollback(cause);
  }

  /** New processes of the same release, without a request lost. */
  async restart(
    cause: ServiceCause,
    secrets: Readonly<Record<string, string>>,
    wait: boolean,
  ): Promise<OrderResult> {
    return this.#exclusively({ what: 'a restart', id: undefined, wait, replaces: false }, async () => {
      this.#learn(secrets);
      const [run, config] = [this.#current, this.#config];
      if (run === undefined || config === undefined) return refused(`${this.#options.name} does not run`);
      return this.#deploy(run.release, config, 100, cause, 'restarted');
    });
  }

  /** Ends a canary, or goes back to the release before. */
  async rollback(
    cause: ServiceCause,
    secrets: Readonly<Record<string, string>> = {},
    wait = false,
  ): Promise<OrderResult> {
    if (this.#candidate?.since !== undefined && this.#turns.current === undefined) return this.abort(cause);
    return this.#exclusively({ what: 'a rollback', id: undefined, wait, replaces: true }, async () => {
      this.#learn(secrets);
      const config = this.#config;
      if (this.#current === undefined || config === undefined)
        return refused(`${this.#options.name} does not run`);
      const problems: string[] = [];
      for (const id of this.#state.document.previous) {
        const release = this.#read(id);
        if (typeof release !== 'string') return this.#deploy(release, config, 100, cause, 'rolled-back');
        problems.push(release);
      }
      return refused(
        problems[0] ?? `${this.#options.name} has no release before ${this.#current.release.id}`,
      );
    });
  }

  /** The canary becomes the release that serves. */
  async promote(cause: ServiceCause, wait: boolean): Promise<OrderResult> {
    return this.#exclusively({ what: 'a promotion', id: undefined, wait, replaces: false }, async () => {
      const run = this.#canary();
      if (typeof run === 'string') return Promise.resolve(refused(run));
      this.#serve(run, 'promoted', cause);
      return Promise.resolve(ok(`${run.release.id} serves all traffic`));
    });
  }

  /** Another share of the traffic for the canary. */
  async traffic(percent: number, cause: ServiceCause, wait: boolean): Promise<OrderResult> {
    if (percent >= 100) return this.promote(cause, wait);
    return this.#exclusively(
      { what: 'a change of traffic', id: undefined, wait, replaces: false },
      async () => {
        const run = this.#canary();
        if (typeof run === 'string') return Promise.resolve(refused(run));
        this.#split(run, percent);
        this.#state.record({ kind: 'canary', release: run.release.id, traffic: percent, ...cause });
        return Promise.resolve(ok(`${run.release.id} gets ${percent} % of the traffic`));
      },
    );
  }

  #canary(): ReleaseRun | string {
    const run = this.#candidate;
    return run?.since === undefined ? `${this.#options.name} has no canary` : run;
  }

  /** Ends a canary, or a deployment that is under way; `id`: only that one, or calls it off while it waits. */
  async abort(cause: ServiceCause, id?: string): Promise<OrderResult> {
    if (id !== undefined && this.#turns.cancel(id))
      return ok('the deployment was called off before its turn');
    if (id !== undefined && this.#turns.current?.id !== id) return refused('that deployment is over');
    const run = this.#candidate;
    if (run === undefined)
      return refused(`${this.#options.name} has nothing to abort: no canary, no deployment`);
    const release = run.release.id;
    const drain = run.since !== undefined;
    this.#candidate = undefined;
    if (this.#current !== undefined) this.#current.traffic = 100;
    this.#state.record({ kind: 'aborted', release, ...cause });
    this.#changed();
    if (drain) this.#retire(run);
    else await run.stop(false);
    return ok(
      `${release} was ended${this.#current === undefined ? '' : `; ${this.#current.release.id} serves all traffic`}`,
    );
  }

  /** Brings back what ran under a host that is gone: what still lives is taken over, what nobody knows is ended. */
  async #resume(cause: ServiceCause): Promise<void> {
    this.#resumed = true;
    const before = this.#before();
    const keep: RunningRelease[] = [];
    if (before?.desired === 'running' && before.current !== undefined) {
      const opened = await this.#open(before.config);
      if (typeof opened === 'string') this.#message = opened;
      else {
        this.#use(before.config);
        await this.#bringBack(before.current, before.config, cause, (run) => {
          this.#current = run;
        });
        // Without `since` it was not ready yet: whoever asked for it is told by the host's end.
        if (before.candidate?.since !== undefined) {
          await this.#bringBack(before.candidate, before.config, cause, (run) => {
            this.#candidate = run;
          });
        }
      }
    }
    for (const run of this.runs) keep.push(run.state);
    await endOrphans(this.#places.folder, before, keep);
    this.#changed();
    if (this.#current !== undefined) {
      await this.#untilReady(this.#current, before?.config.graceMs ?? 0);
    }
  }

  async #bringBack(
    running: RunningRelease,
    config: ServiceConfig,
    cause: ServiceCause,
    take: (run: ReleaseRun) => void,
  ): Promise<void> {
    const release = this.#read(running.id);
    const problem =
      typeof release === 'string'
        ? release
        : this.#missingText(release, this.#missingSecrets(release, config));
    if (typeof release === 'string' || problem !== undefined) {
      this.#message = problem;
      this.#state.record({
        kind: 'refused',
        release: running.id,
        ...defined({ message: problem }),
        ...cause,
      });
      return;
    }
    const run = this.#run(release, config);
    run.traffic = running.traffic;
    run.since = running.since ?? new Date().toISOString();
    take(run);
    const adopted = await run.resume(running);
    this.#state.record({
      kind: adopted > 0 ? 'adopted' : 'started',
      release: release.id,
      message: `${adopted} of ${run.replicas.length} processes still ran`,
      ...cause,
    });
  }

  async #untilReady(run: ReleaseRun, graceMs: number): Promise<void> {
    const deadline = Date.now() + graceMs;
    while (run.backends.length === 0 && !run.looping && !this.#stopped() && Date.now() < deadline)
      await delay(50);
  }

  /**
   * Ends everything: no new connections, requests under way to their end, then the processes. `desired`: whether it
   * is to come back with the next start of the machine.
   */
  async stop(cause: ServiceCause, desired: 'running' | 'stopped'): Promise<OrderResult> {
    if (this.#stopping) return refused(`${this.#options.name} is being stopped already`);
    this.#stopping = true;
    this.#turns.stop();
    const drainMs = this.#config?.drainMs ?? 0;
    this.#save();
    // A deployment that waits for its release gives up.
    if (this.#candidate !== undefined && this.#candidate.since === undefined)
      await this.#candidate.stop(false);
    await this.proxy.close(drainMs);
    await Promise.all([...this.runs.map((run) => run.stop()), ...this.#retiring]);
    const [release, message] = [this.#current?.release.id, this.#message];
    this.#state.record({ kind: 'stopped', ...defined({ release }), ...cause });
    this.#stopping = false;
    const failed = desired === 'stopped' && this.#current === undefined && message !== undefined;
    this.#current = undefined;
    this.#candidate = undefined;
    if (!failed) this.#message = undefined;
    this.#save();
    this.#state.save({ desired });
    this.#stopping = true;
    this.#ended = true;
    return ok(`${this.#options.name} was stopped`);
  }
}
