/** Watching a service for a while before a deployment goes on. */
import { defined } from '../../base/defined.js';
import type { ServiceAddress } from '../services/address.js';
import { askService, orderService } from '../services/client.js';
import { delay } from '../../base/delay.js';
import type { MetricsSummary } from '../monitor/measures/bucket.js';
import type { Measured } from '../monitor/monitor.js';
import { evaluateRule, type MonitorRule, type RuleOutcome } from '../monitor/rules.js';
import type { MonitorSettings } from '../monitor/settings.js';
import { readService, type ServiceView } from '../services/read.js';
import type { ServiceCause } from '../types.js';

const TICK_MS = 1_000;

/** Whose requests a gate is about: `canary`, those of the release on trial alone; `all`, every one. */
export type WatchedRequests = 'canary' | 'all';

export interface GateOptions {
  readonly forMs: number;
  /** Absent: the canary's where one has a share of the traffic, else all. */
  readonly requests?: WatchedRequests;
  readonly rules: readonly MonitorRule[];
  /** Fewer requests say nothing: the gate fails. */
  readonly minRequests: number;
  readonly signal?: AbortSignal;
  /** Each second: how the rules stand. */
  readonly onTick?: (outcomes: readonly RuleOutcome[], summary: MetricsSummary | undefined) => void;
}

export interface GateResult {
  readonly passed: boolean;
  /** Nobody waits for it any more. */
  readonly cancelled?: boolean;
  /** Why not, or what was seen. For a person. */
  readonly message: string;
  readonly outcomes: readonly RuleOutcome[];
  readonly summary?: MetricsSummary;
}

/** The release that gets a share of a service's traffic beside the one that serves. */
export function canaryOf(service: Pick<ServiceView, 'candidate'> | undefined): string | undefined {
  const candidate = service?.candidate;
  return candidate?.since === undefined ? undefined : candidate.id;
}

/** What runs while a gate watches. */
interface Watched {
  readonly current: string | undefined;
  /** The release whose own requests are measured. */
  readonly canary?: string;
}

/**
 * Watches until the time is over, or until a rule of severity `error` is broken. A rule is held against what was
 * measured since the gate began, and only once its whole window is over: the first slow request is not a trend. It
 * also fails when the service ends, or goes back to another release by itself. Where a canary is watched, rates, errors,
 * latencies and drift are those of its own requests: a share of ten percent would hide in the numbers of the whole.
 */
export async function watchService(address: ServiceAddress, options: GateOptions): Promise<GateResult> {
  const { forMs, rules, minRequests, signal, onTick } = options;
  const began = Date.now();
  let outcomes: readonly RuleOutcome[] = [];
  const { service } = readService(address.root, address.environment, address.name);
  const canary = options.requests === 'all' ? undefined : canaryOf(service);
  if (options.requests === 'canary' && canary === undefined && service !== undefined) {
    const message = `${address.name} has no canary to watch: a \`service\` task with \`traffic\` starts one`;
    return { passed: false, message, outcomes };
  }
  const watched: Watched = {
    current: service?.current?.id,
    ...defined({ canary }),
  };
  const of = canary === undefined ? '' : `the canary ${canary}: `;
  for (;;) {
    const elapsed = Date.now() - began;
    const over = elapsed >= forMs;
    const trouble = troubleOf(address, watched);
    if (trouble !== undefined) return { passed: false, message: trouble, outcomes };
    const seenNow = await measure(address, rules, elapsed, forMs, canary);
    if (seenNow === undefined) {
      return { passed: false, message: `${address.name} does not answer its monitor any more`, outcomes };
    }
    ({ outcomes } = seenNow);
    const { summary } = seenNow;
    onTick?.(outcomes, summary);
    const broken = outcomes.filter((outcome) => outcome.state === 'broken' && outcome.severity === 'error');
    const seen = summary === undefined ? {} : { summary };
    if (
      broken.length > 0 &&
      (over || seenNow.decided.some((rule) => broken.some((one) => one.rule === rule)))
    ) {
      return {
        passed: false,
        message: `${of}${broken.map((one) => `${one.rule}: ${one.text}`).join('; ')}`,
        outcomes,
        ...seen,
      };
    }
    if (over) {
      const requests = summary?.requests ?? 0;
      if (requests < minRequests) {
        const message = `${of}only ${requests} requests came in ${Math.round(forMs / 1000)} s, and at least ${minRequests} are needed to tell`;
        return { passed: false, message, outcomes, ...seen };
      }
      return { passed: true, message: `${of}${passedText(requests, outcomes)}`, outcomes, ...seen };
    }
    await delay(Math.min(TICK_MS, forMs - elapsed), signal);
    if (signal?.aborted === true)
      return { passed: false, cancelled: true, message: 'nobody waited for the end', outcomes };
  }
}

function passedText(requests: number, outcomes: readonly RuleOutcome[]): string {
  const warned = outcomes.filter((outcome) => outcome.state === 'broken');
  const warning = warned.length === 0 ? '' : `; warnings: ${warned.map((one) => one.text).join('; ')}`;
  // Rules of which nothing was measured are said, too: they did not fail, and nobody knows that they hold.
  return `${requests} requests, ${outcomes.map((one) => one.text).join('; ') || 'nothing broken'}${warning}`;
}

/** What ends a gate whatever its rules say. */
function troubleOf(address: ServiceAddress, { current, canary }: Watched): string | undefined {
  const { service } = readService(address.root, address.environment, address.name);
  if (service === undefined) return `there is no service ${address.name} in ${address.environment}`;
  if (!service.hosted) return `${address.name} does not run`;
  if (service.status === 'crash-loop') return `${address.name} is in a crash loop: ${service.message ?? ''}`;
  const why = service.message === undefined ? '' : ` (${service.message})`;
  // A canary that is promoted meanwhile goes on to be watched.
  if (canary !== undefined && service.current?.id === canary) return undefined;
  if (canary !== undefined && service.candidate?.id !== canary) {
    return `${canary} is no canary any more; ${service.current?.id ?? 'nothing'} serves${why}`;
  }
  if (service.current?.id !== current) {
    return `${current ?? 'the release'} does not serve any more; ${service.current?.id ?? 'nothing'} does${why}`;
  }
  return undefined;
}

async function measure(
  address: ServiceAddress,
  rules: readonly MonitorRule[],
  elapsedMs: number,
  forMs: number,
  release: string | undefined,
): Promise<
  | {
      readonly outcomes: RuleOutcome[];
      readonly summary: MetricsSummary | undefined;
      readonly decided: string[];
    }
  | undefined
> {
  const windows = new Map<number, Measured>();
  const all = Math.max(1, elapsedMs);
  const ask = async (windowMs: number): Promise<Measured | undefined> => {
    const known = windows.get(windowMs);
    if (known !== undefined) return known;
    const body = { windowMs, ...defined({ release }) };
    const value = (await askService(address, 'measure', body)) as Measured | undefined;
    if (value !== undefined) windows.set(windowMs, value);
    return value;
  };
  const outcomes: RuleOutcome[] = [];
  const decided: string[] = [];
  for (const rule of rules) {
    const windowMs = Math.min(rule.overMs, all);
    const measured = await ask(windowMs);
    if (measured === undefined) return undefined;
    outcomes.push(evaluateRule({ ...rule, overMs: windowMs }, measured.summary, measured.drift));
    if (elapsedMs >= Math.min(rule.overMs, forMs)) decided.push(rule.rule);
  }
  const whole = await ask(all);
  return whole === undefined ? undefined : { outcomes, summary: whole.summary, decided };
}

/** Sets what a service is watched for from now on. `undefined`: done; else why not. */
export async function setMonitor(
  address: ServiceAddress,
  settings: MonitorSettings,
  cause: ServiceCause,
): Promise<string | undefined> {
  const result = await orderService(address, 'monitor', { cause, settings });
  return result.ok ? undefined : result.message;
}
