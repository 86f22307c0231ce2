/** Watching a service for a while before a deployment goes on. */
import { askService, orderService, type ServiceAddress } from './client.js';
import { delay } from './delay.js';
import type { MetricsSummary } from './monitor/bucket.js';
import type { Measured } from './monitor/monitor.js';
import { evaluateRule, type MonitorRule, type RuleOutcome } from './monitor/rules.js';
import type { MonitorSettings } from './monitor/settings.js';
import { readService } from './read-service.js';
import type { ServiceCause } from './types.js';

const TICK_MS = 1_000;

export interface GateOptions {
  readonly forMs: number;
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

/**
 * Watches until the time is over, or until a rule of severity `error` is broken. A rule is held against what was
 * measured since the gate began, and only once its whole window is over: the first slow request is not a trend. It
 * also fails when the service ends, or goes back to another release by itself.
 */
export async function watchService(address: ServiceAddress, options: GateOptions): Promise<GateResult> {
  const { forMs, rules, minRequests, signal, onTick } = options;
  const began = Date.now();
  const release = readService(address.root, address.environment, address.name).service?.current?.id;
  let outcomes: readonly RuleOutcome[] = [];
  for (;;) {
    const elapsed = Date.now() - began;
    const over = elapsed >= forMs;
    const trouble = troubleOf(address, release);
    if (trouble !== undefined) return { passed: false, message: trouble, outcomes };
    const watched = await measure(address, rules, elapsed, forMs);
    if (watched === undefined) {
      return { passed: false, message: `${address.name} does not answer its monitor any more`, outcomes };
    }
    ({ outcomes } = watched);
    const { summary } = watched;
    onTick?.(outcomes, summary);
    const broken = outcomes.filter((outcome) => outcome.state === 'broken' && outcome.severity === 'error');
    const seen = summary === undefined ? {} : { summary };
    if (
      broken.length > 0 &&
      (over || watched.decided.some((rule) => broken.some((one) => one.rule === rule)))
    ) {
      return {
        passed: false,
        message: broken.map((one) => `${one.rule}: ${one.text}`).join('; '),
        outcomes,
        ...seen,
      };
    }
    if (over) {
      const requests = summary?.requests ?? 0;
      if (requests < minRequests) {
        const message = `only ${requests} requests came in ${Math.round(forMs / 1000)} s, and at least ${minRequests} are needed to tell`;
        return { passed: false, message, outcomes, ...seen };
      }
      return { passed: true, message: passedText(requests, outcomes), outcomes, ...seen };
    }
    await delay(Math.min(TICK_MS, forMs - elapsed), signal);
    if (signal?.aborted === true)
      return { passed: false, cancelled: true, message: 'nobody waited for the end', outcomes };
  }
}

function passedText(requests: number, outcomes: readonly RuleOutcome[]): string {
  const warned = outcomes.filter((outcome) => outcome.state === 'broken');
  const warning = warned.length === 0 ? '' : `; warnings: ${warned.map((one) => one.text).join('; ')}`;
  return `${requests} requests, ${
    outcomes
      .filter((one) => one.state !== 'unknown')
      .map((one) => one.text)
      .join('; ') || 'nothing broken'
  }${warning}`;
}

/** What ends a gate whatever its rules say. */
function troubleOf(address: ServiceAddress, release: string | undefined): string | undefined {
  const { service } = readService(address.root, address.environment, address.name);
  if (service === undefined) return `there is no service ${address.name} in ${address.environment}`;
  if (!service.hosted) return `${address.name} does not run`;
  if (service.status === 'crash-loop') return `${address.name} is in a crash loop: ${service.message ?? ''}`;
  if (service.current?.id !== release) {
    return `${release ?? 'the release'} does not serve any more; ${service.current?.id ?? 'nothing'} does${service.message === undefined ? '' : ` (${service.message})`}`;
  }
  return undefined;
}

async function measure(
  address: ServiceAddress,
  rules: readonly MonitorRule[],
  elapsedMs: number,
  forMs: number,
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
    const value = (await askService(address, 'measure', { windowMs })) as Measured | undefined;
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
