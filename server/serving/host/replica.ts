/**
 * One place in a release that a process fills: started, probed, started again when it ends, ever more slowly when it
 * ends again and again.
 */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../base/defined.js';
import { isOurs } from '../../stores/machine/liveness.js';
import { variableOf } from '../../stores/machine/proc.js';
import { delay } from '../../base/delay.js';
import { Backend } from '../proxy/backend.js';
import { proveFraming } from '../proxy/framing-proof.js';
import type { ProbeConfig, ReplicaState } from '../types.js';
import type { AppOutput, AppStream } from './app/output.js';
import { AppProcess, isReplica } from './app/process.js';
import { privatePort } from './ports.js';
import { probe } from './probe.js';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
/** A process that has lived so long starts with a clean record. */
const STABLE_MS = 60_000;
/** So many ends in a row are a crash loop. */
export const CRASH_LOOP = 5;
/** Pause between two questions while a process starts. */
const START_POLL_MS = 50;

export interface ReplicaOptions {
  readonly release: string;
  readonly command: string;
  readonly cwd: string;
  /** Without the port. */
  readonly env: Readonly<Record<string, string>>;
  readonly livePath: string | undefined;
  readonly readyPath: string | undefined;
  readonly probe: ProbeConfig;
  readonly graceMs: number;
  readonly drainMs: number;
  /** After SIGTERM. */
  readonly stopMs: number;
  readonly pipes: string;
  readonly output: AppOutput;
  /** Its state has changed: readiness, process. */
  readonly onChange: () => void;
  readonly onCrash: (message: string, loop: boolean) => void;
}

export type StartResult = { readonly ok: true } | { readonly ok: false; readonly why: string };

export class Replica {
  readonly #options: ReplicaOptions;
  readonly #stop = new AbortController();
  #app: AppProcess | undefined;
  #backend: Backend | undefined;
  #ready = false;
  #startedAt = '';
  #ran: Promise<void> = Promise.resolve();
  #output: AppStream;
  /** Ends in a row. */
  failures = 0;
  restarts = 0;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.#output = options.output.stream();
  }

  /** Where its requests go, when it is ready. */
  get backend(): Backend | undefined {
    return this.#ready ? this.#backend : undefined;
  }

  get looping(): boolean {
    return this.failures >= CRASH_LOOP;
  }

  /** Of its process's environment, as it was started; nothing where the system does not show it. */
  variable(name: string): string | undefined {
    const pid = this.#app?.identity.pid;
    return pid === undefined ? undefined : variableOf(pid, name);
  }

  get state(): ReplicaState | undefined {
    const app = this.#app;
    if (app?.alive !== true || this.#backend === undefined) return undefined;
    return {
      id: app.id,
      ...app.identity,
      port: this.#backend.port,
      ready: this.#ready,
      startedAt: this.#startedAt,
    };
  }

  /** Starts a process and waits until it is ready. When that fails, nothing of it is left and it is not tried again. */
  async start(): Promise<StartResult> {
    let result = await this.#startOnce();
    // A port that was free may be taken by the time the app wants it: once more, on another one.
    if (!result.ok && result.exited && !this.#stop.signal.aborted) result = await this.#startOnce();
    if (!result.ok) return result;
    this.#ran = this.#run();
    return { ok: true };
  }

  /** Takes over the process that another host has started, if it is well. */
  async adopt(state: ReplicaState): Promise<StartResult> {
    if (!isOurs(state)) return { ok: false, why: 'its process has ended' };
    if (!isReplica(state.pid, state.id)) return { ok: false, why: 'its process is not proven to be ours' };
    const asked = await probe(state.port, this.#options.readyPath, this.#options.probe.timeoutMs);
    if (!asked.ok) return asked;
    const identity = {
      pid: state.pid,
      ...defined({ processStart: state.processStart }),
    };
    this.#app = AppProcess.adopt(state.id, identity, this.#pipe(state.id), this.#output);
    this.#backend = new Backend(this.#options.release, state.port);
    this.#startedAt = state.startedAt;
    this.#become(true);
    this.#ran = this.#run();
    return { ok: true };
  }

  /** Starts anew until it is ready or told to stop: for a release that was ready before. */
  revive(): void {
    this.#ran = this.#run();
  }

  /** Asked again after each wait: the compiler would take the first answer for good. */
  #stopping(): boolean {
    return this.#stop.signal.aborted;
  }

  #pipe(id: string): string {
    return path.join(this.#options.pipes, id);
  }

  /** What the app printed last: the likeliest place to find out why it ended. */
  #lastWords(): string {
    const line = this.#output.lastLine;
    return line === undefined ? '' : `; its last words: ${line}`;
  }

  async #startOnce(): Promise<StartResult & { readonly exited?: boolean }> {
    const { command, cwd, env, graceMs, readyPath, probe: config } = this.#options;
    const output = this.#options.output.stream();
    this.#output = output;
    const id = randomBytes(8).toString('hex');
    let app: AppProcess;
    let port: number;
    try {
      port = await privatePort();
      app = await AppProcess.start({
        id,
        command,
        cwd,
        env: { ...env, PORT: String(port), HOST: '127.0.0.1' },
        pipe: this.#pipe(id),
        output,
      });
    } catch (error) {
      return {
        ok: false,
        why: `it could not be started: ${error instanceof Error ? error.message : String(error)}`,
      };
    }
    this.#app = app;
    this.#backend = new Backend(this.#options.release, port);
    this.#startedAt = new Date().toISOString();
    this.#options.onChange();
    const deadline = Date.now() + graceMs;
    let why = 'it was never asked';
    const exited = app.exited.then(({ how }) => how);
    while (!this.#stop.signal.aborted) {
      const left = deadline - Date.now();
      if (left <= 0) break;
      const asked = await Promise.race([probe(port, readyPath, Math.min(config.timeoutMs, left)), exited]);
      if (typeof asked === 'string' || !app.alive) {
        await this.#end(app);
        return {
          ok: false,
          why: `it ended with ${await exited} before it was ready${this.#lastWords()}`,
          exited: true,
        };
      }
      if (asked.ok) {
        this.#become(true);
        return { ok: true };
      }
      why = asked.why;
      await Promise.race([delay(START_POLL_MS, this.#stop.signal), exited]);
    }
    await this.#end(app);
    if (this.#stop.signal.aborted) return { ok: false, why: 'it was stopped before it was ready' };
    return { ok: false, why: `it was not ready within ${graceMs / 1000} s (${why})${this.#lastWords()}` };
  }

  async #end(app: AppProcess): Promise<void> {
    this.#become(false);
    await app.stop(this.#options.stopMs);
    rmSync(this.#pipe(app.id), { force: true });
    if (this.#app === app) {
      this.#app = undefined;
      this.#backend = undefined;
    }
    this.#options.onChange();
  }

  #become(well: boolean): void {
    // A probe that was under way when it was told to stop brings no requests back to it.
    const ready = well && !this.#stopping();
    if (this.#ready === ready) return;
    this.#ready = ready;
    if (ready) void this.#prove();
    this.#options.onChange();
  }

  /** Without a path that changes nothing there is nothing to ask, and the app is trusted with less. */
  async #prove(): Promise<void> {
    const backend = this.#backend;
    const { readyPath, probe: config } = this.#options;
    if (backend === undefined || readyPath === undefined || backend.proof.lengths) return;
    backend.proof = await proveFraming(backend.port, readyPath, config.timeoutMs);
  }

  /** Watches the process, and starts another one when it ends, until `stop`. */
  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      if (this.#app === undefined) {
        const began = await this.#startOnce();
        if (!began.ok) {
          await this.#failed(began.why);
          continue;
        }
      }
      const app = this.#app;
      if (app === undefined) continue;
      const since = Date.now();
      const why = await this.#watch(app);
      if (this.#stopping()) return;
      if (Date.now() - since >= STABLE_MS) this.failures = 0;
      const backend = this.#backend;
      this.#become(false);
      // What is under way at a process that hangs will not be answered any more.
      backend?.cut();
      await this.#end(app);
      this.restarts++;
      await this.#failed(why);
    }
  }

  async #failed(why: string): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.failures++;
    this.#options.onCrash(why, this.looping);
    await delay(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.failures - 1)), this.#stop.signal);
  }

  /** Probes until the process has ended or is to be ended. Gives why. */
  async #watch(app: AppProcess): Promise<string> {
    const { probe: config, livePath, readyPath } = this.#options;
    const { signal } = this.#stop;
    const exited = app.exited.then(({ how }) => how);
    let notLive = 0;
    let notReady = 0;
    const port = this.#backend?.port ?? 0;
    const since = Date.now();
    while (!signal.aborted) {
      const over = await Promise.race([delay(config.intervalMs, signal), exited]);
      if (typeof over === 'string' || !app.alive) return `it ended with ${await exited}${this.#lastWords()}`;
      if (this.#stopping()) break;
      if (Date.now() - since >= STABLE_MS) this.failures = 0;
      // A child of the app may hold its port still: once the app has ended, no answer makes it ready.
      const ready = await Promise.race([probe(port, readyPath, config.timeoutMs), exited]);
      if (typeof ready === 'string') continue;
      const live =
        livePath === readyPath
          ? ready
          : await Promise.race([probe(port, livePath, config.timeoutMs), exited]);
      if (typeof live === 'string') continue;
      notReady = ready.ok ? 0 : notReady + 1;
      notLive = live.ok ? 0 : notLive + 1;
      if (!live.ok && notLive >= config.failures) return `it is unhealthy: ${live.why}`;
      if (ready.ok) this.#become(true);
      else if (notReady >= config.failures) this.#become(false);
    }
    return 'it was stopped';
  }

  /** No new requests, those under way to their end, then the process. */
  async stop(drain = true): Promise<void> {
    this.#stop.abort();
    const backend = this.#backend;
    this.#become(false);
    if (drain && this.#app?.alive === true) await backend?.drain(this.#options.drainMs);
    else backend?.cut();
    const app = this.#app;
    if (app !== undefined) await this.#end(app);
    await this.#ran;
  }
}
