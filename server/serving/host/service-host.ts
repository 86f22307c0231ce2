/** A service: one public port, the releases behind it, and every change of them, one at a time. */
import { defined } from '../../base/defined.js';
import { readRelease } from '../releases/document.js';
import { type ServiceOrder, type ServiceRequest, DEFAULT_PORTS, mergeConfig } from '../services/config.js';
import { Masks } from '../../stores/masks.js';
import { describeError } from '../../stores/disk/problem.js';
import { delay } from '../../base/delay.js';
import { servicePlaces, type ServicePlaces } from '../places.js';
import type { Proxy } from '../proxy/proxy.js';
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
import { endOrphans } from './orphans.js';
import { freePortIn } from './ports.js';
import { ReleaseRun } from './release-run.js';
import { Rollout } from './rollout.js';
import { HostSecrets } from './secrets.js';
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

/**
 * How far a host is. `new`: what ran under the host before has not been looked at; `open`: orders are carried out;
 * `stopping`: no order is taken any more; `stopped`: the last word is written, and nothing is written after it.
 */
type Phase = 'new' | 'open' | 'stopping' | 'stopped';

export class ServiceHost {
  readonly #options: ServiceHostOptions;
  readonly #state: ServiceState;
  readonly #places: ServicePlaces;
  readonly #rollout: Rollout;
  readonly #secrets = new HostSecrets();
  readonly #turns = new Turns();
  #phase: Phase = 'new';
  #config: ServiceConfig | undefined;
  #message: string | undefined;
  #restarts = 0;
  #saveIsDue = false;

  constructor(options: ServiceHostOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#places = servicePlaces(options.root, options.environment, options.name);
    this.#rollout = new Rollout(options.observer);
  }

  get proxy(): Proxy {
    return this.#rollout.proxy;
  }

  /** Whether there is anything to stay for. */
  get idle(): boolean {
    return this.runs.length === 0 && this.#turns.current === undefined;
  }

  get runs(): readonly ReleaseRun[] {
    return this.#rollout.runs;
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
      if (this.#phase === 'new') await this.#resume(order.cause);
      const running = this.#rollout.current;
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
      if (
        running?.release.id === id &&
        this.#rollout.candidate === undefined &&
        !this.#differs(order, merged)
      ) {
        const changed = this.#secrets.changedSince(running);
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
    this.#options.output.mask(this.#secrets.learn(values));
  }

  async #exclusively(turn: Turn, work: () => Promise<OrderResult>): Promise<OrderResult> {
    const { name } = this.#options;
    if (this.#closing()) return refused(`${name} is being stopped`);
    const busy = this.#turns.current?.what ?? 'a change';
    const result = await this.#turns.take(turn, async () => {
      try {
        return this.#closing() ? refused(`${name} is being stopped`) : await work();
      } finally {
        // At once: whoever gets the answer may look on the disk for what it says.
        this.#rollout.route();
      }
    });
    if (this.#phase !== 'stopped') this.#save();
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
    const known = order.port ?? this.#rollout.port ?? this.#portBefore();
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

  #run(release: ReleaseDocument, config: ServiceConfig): ReleaseRun {
    const { root, name, inherited, output } = this.#options;
    return new ReleaseRun({
      root,
      service: name,
      release,
      config,
      inherited,
      secrets: this.#secrets.of(release, config),
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
    const rollout = this.#rollout;
    const missing = this.#secrets.missing(release, config);
    if (missing !== undefined)
      return { ...this.#refuse(release, cause, missing.message), value: { missingSecrets: missing.names } };
    // A canary of before makes room for the new one.
    const earlier = rollout.withdraw();
    if (earlier !== undefined) rollout.retire(earlier);
    const opened = await rollout.open(config);
    if (typeof opened === 'string') return this.#refuse(release, cause, opened);
    const run = this.#run(release, config);
    rollout.prepare(run);
    const short = Masks.warning(run.secrets);
    const warning = short === undefined ? {} : { message: short };
    this.#state.record({ kind: 'deploying', release: release.id, ...warning, ...cause });
    this.#changed();
    const result = await run.start();
    if (!result.ok || this.#closing()) {
      rollout.withdraw(run);
      opened?.cancel();
      const why = result.ok ? 'the service was stopped' : result.why;
      await run.stop(false);
      return this.#refuse(release, cause, `the release ${release.id} got no traffic: ${why}`);
    }
    if (opened !== undefined) rollout.move(opened, config.host);
    const port = rollout.port ?? config.port;
    this.#use({ ...config, port });
    this.#message = undefined;
    if (traffic < 100 && rollout.current !== undefined) {
      this.#split(run, traffic);
      this.#state.record({ kind: 'canary', release: release.id, traffic, ...cause });
      return ok(`${release.id} gets ${traffic} % of the traffic on port ${port}`);
    }
    this.#serve(run, kind, cause);
    return ok(`${release.id} serves on port ${port}`);
  }

  /** Asked again after each wait: the compiler would take the first answer for good. */
  #closing(): boolean {
    return this.#phase === 'stopping' || this.#phase === 'stopped';
  }

  #refuse(release: ReleaseDocument, cause: ServiceCause, message: string): OrderResult {
    this.#message = message;
    this.#state.record({ kind: 'refused', release: release.id, message, ...cause });
    return refused(message);
  }

  #split(run: ReleaseRun, traffic: number): void {
    this.#rollout.split(run, traffic);
    this.#changed();
  }

  /** All traffic to this release from now on. The one before ends when its requests have. */
  #serve(run: ReleaseRun, kind: ServiceEventKind, cause: ServiceCause): void {
    const old = this.#rollout.serve(run);
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
    if (old !== undefined) this.#rollout.retire(old);
    this.#changed();
  }

  /** Something about a process has changed: who gets traffic, and what is written down. */
  #changed(): void {
    this.#rollout.route();
    if (this.#saveIsDue) return;
    this.#saveIsDue = true;
    setImmediate(() => {
      this.#saveIsDue = false;
      if (this.#phase !== 'stopped') this.#save();
    });
  }

  #save(): void {
    const { schema, name, environment, desired, config, previous, createdAt, updatedAt } =
      this.#state.document;
    const last = this.#state.document.current;
    const stopped = last === undefined ? undefined : { ...last, traffic: 0, replicas: [] };
    const { candidate } = this.#rollout;
    const current = this.#rollout.current?.state ?? stopped;
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
      ...defined({ candidate: candidate?.state }),
    });
  }

  #status(): ServiceStatus {
    if (this.#phase === 'stopping') return 'stopping';
    const run = this.#rollout.current;
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
    if (run === this.#rollout.candidate) void this.abort(cause);
    else if (run === this.#rollout.current && this.#state.document.previous.length > 0)
      void this.rollback(cause);
  }

  /** New processes of the same release, without a request lost. */
  async restart(
    cause: ServiceCause,
    secrets: Readonly<Record<string, string>>,
    wait: boolean,
  ): Promise<OrderResult> {
    return this.#exclusively({ what: 'a restart', id: undefined, wait, replaces: false }, async () => {
      this.#learn(secrets);
      const [run, config] = [this.#rollout.current, this.#config];
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
    if (this.#rollout.canary !== undefined && this.#turns.current === undefined) return this.abort(cause);
    return this.#exclusively({ what: 'a rollback', id: undefined, wait, replaces: true }, async () => {
      this.#learn(secrets);
      const [current, config] = [this.#rollout.current, this.#config];
      if (current === undefined || config === undefined) return refused(`${this.#options.name} does not run`);
      const problems: string[] = [];
      for (const id of this.#state.document.previous) {
        const release = this.#read(id);
        if (typeof release !== 'string') return this.#deploy(release, config, 100, cause, 'rolled-back');
        problems.push(release);
      }
      return refused(problems[0] ?? `${this.#options.name} has no release before ${current.release.id}`);
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
    return this.#rollout.canary ?? `${this.#options.name} has no canary`;
  }

  /** Ends a canary, or a deployment that is under way; `id`: only that one, or calls it off while it waits. */
  async abort(cause: ServiceCause, id?: string): Promise<OrderResult> {
    if (id !== undefined && this.#turns.cancel(id))
      return ok('the deployment was called off before its turn');
    if (id !== undefined && this.#turns.current?.id !== id) return refused('that deployment is over');
    const rollout = this.#rollout;
    const drain = rollout.canary !== undefined;
    const run = rollout.withdraw();
    if (run === undefined)
      return refused(`${this.#options.name} has nothing to abort: no canary, no deployment`);
    const release = run.release.id;
    rollout.restore();
    this.#state.record({ kind: 'aborted', release, ...cause });
    this.#changed();
    if (drain) rollout.retire(run);
    else await run.stop(false);
    return ok(
      `${release} was ended${rollout.current === undefined ? '' : `; ${rollout.current.release.id} serves all traffic`}`,
    );
  }

  /** Brings back what ran under a host that is gone: what still lives is taken over, what nobody knows is ended. */
  async #resume(cause: ServiceCause): Promise<void> {
    this.#phase = 'open';
    const before = this.#before();
    const keep: RunningRelease[] = [];
    if (before?.desired === 'running' && before.current !== undefined) {
      const opened = await this.#rollout.open(before.config);
      if (typeof opened === 'string') this.#message = opened;
      else {
        this.#use(before.config);
        await this.#bringBack(before.current, before.config, cause, 'current');
        // Without `since` it was not ready yet: whoever asked for it is told by the host's end.
        if (before.candidate?.since !== undefined)
          await this.#bringBack(before.candidate, before.config, cause, 'candidate');
      }
    }
    for (const run of this.runs) keep.push(run.state);
    await endOrphans(this.#places.folder, before, keep);
    this.#changed();
    const { current } = this.#rollout;
    if (current !== undefined) await this.#untilReady(current, before?.config.graceMs ?? 0);
  }

  async #bringBack(
    running: RunningRelease,
    config: ServiceConfig,
    cause: ServiceCause,
    as: 'current' | 'candidate',
  ): Promise<void> {
    const release = this.#read(running.id);
    const problem = typeof release === 'string' ? release : this.#secrets.missing(release, config)?.message;
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
    this.#rollout.adopt(run, as);
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
    while (run.backends.length === 0 && !run.looping && !this.#closing() && Date.now() < deadline)
      await delay(50);
  }

  /**
   * Ends everything: no new connections, requests under way to their end, then the processes. `desired`: whether it
   * is to come back with the next start of the machine.
   */
  async stop(cause: ServiceCause, desired: 'running' | 'stopped'): Promise<OrderResult> {
    if (this.#closing()) return refused(`${this.#options.name} is being stopped already`);
    this.#phase = 'stopping';
    this.#turns.stop();
    this.#save();
    await this.#rollout.close(this.#config?.drainMs ?? 0);
    const [release, message] = [this.#rollout.current?.release.id, this.#message];
    this.#state.record({ kind: 'stopped', ...defined({ release }), ...cause });
    const failed = desired === 'stopped' && release === undefined && message !== undefined;
    this.#rollout.clear();
    if (!failed) this.#message = undefined;
    this.#phase = 'stopped';
    this.#save();
    this.#state.save({ desired });
    return ok(`${this.#options.name} was stopped`);
  }
}
