/** Alerts: raised when a rule of a service is broken, cleared when it holds again. */
import { appendFileSync } from 'node:fs';
import { defined } from '../../base/defined.js';
import { writeAtomic } from '../../stores/disk/atomic.js';
import { lineOf, valueOf } from '../../stores/disk/line-format.js';
import { linesBackward } from '../../stores/disk/lines.js';
import type { ServicePlaces } from '../places.js';
import { SERVICE_LINES } from '../services/lines.js';
import type { RuleOutcome } from './rules.js';
import { readPlainText } from '../../stores/disk/plain-file.js';

/** How one rule stands. */
export interface AlertState extends RuleOutcome {
  /** Broken, and not known to hold again: with `state: unknown`, nothing is measured any more since it was raised. */
  readonly firing: boolean;
  /** Since when it is firing, or not. ISO 8601, UTC. */
  readonly since: string;
}

/** One line of a service's `alerts.ndjson`, and what a webhook gets. */
export interface AlertEvent {
  /** ISO 8601, UTC. */
  readonly at: string;
  /** `cleared`: it was measured and holds again, or the rule is not set any more, which `text` says. */
  readonly kind: 'raised' | 'cleared';
  readonly environment: string;
  readonly service: string;
  /** The release that served then, by its id. */
  readonly release?: string;
  /** As written: `p95 < 200ms`. */
  readonly rule: string;
  readonly severity: RuleOutcome['severity'];
  /** In the unit of the measure: ms, requests a second, a share, a count, bytes, a score. */
  readonly value?: number;
  /** For a person: `p95 is 312 ms, over 1m`. */
  readonly text: string;
  /** The `message` of the rule. */
  readonly message?: string;
}

export interface Alerting {
  readonly environment: string;
  readonly service: string;
  readonly places: ServicePlaces;
}

const WEBHOOK_MS = 5_000;

export class Alerts {
  readonly #about: Alerting;
  #states = new Map<string, AlertState>();
  #written = '';

  constructor(about: Alerting) {
    this.#about = about;
    // An alert that fired when the host was killed is not raised a second time.
    for (const state of readAlerts(about.places.alerts)) this.#states.set(state.rule, state);
  }

  get states(): readonly AlertState[] {
    return [...this.#states.values()];
  }

  /** Takes what the rules come to now. Gives what was raised and cleared. */
  update(
    outcomes: readonly RuleOutcome[],
    release: string | undefined,
    messages: ReadonlyMap<string, string>,
    now = new Date(),
  ): AlertEvent[] {
    const at = now.toISOString();
    const events: AlertEvent[] = [];
    const next = new Map<string, AlertState>();
    const event = (kind: AlertEvent['kind'], outcome: RuleOutcome): void => {
      const { rule, severity, value, text } = outcome;
      const message = messages.get(rule);
      events.push({
        at,
        kind,
        environment: this.#about.environment,
        service: this.#about.service,
        ...defined({ release }),
        rule,
        severity,
        ...defined({ value }),
        text,
        ...defined({ message }),
      });
    };
    for (const outcome of outcomes) {
      const before = this.#states.get(outcome.rule);
      // What is not measured has not recovered.
      const firing = outcome.state === 'unknown' ? before?.firing === true : outcome.state === 'broken';
      const changed = firing !== (before?.firing ?? false);
      if (changed) event(firing ? 'raised' : 'cleared', outcome);
      next.set(outcome.rule, {
        ...outcome,
        firing,
        since: changed || before === undefined ? at : before.since,
      });
    }
    for (const [rule, state] of this.#states) {
      if (state.firing && !next.has(rule))
        event('cleared', { ...state, text: 'the rule is not set any more' });
    }
    this.#states = next;
    this.#write(events);
    return events;
  }

  #write(events: readonly AlertEvent[]): void {
    const { places } = this.#about;
    try {
      for (const event of events) appendFileSync(places.alertHistory, `${lineOf(SERVICE_LINES, event)}\n`);
      const text = `${JSON.stringify({ schema: 1, alerts: this.states })}\n`;
      // The values change each second; the file only has to say what fires, and about how much.
      const shape = JSON.stringify(this.states.map(({ rule, state }) => [rule, state]));
      if (shape !== this.#written) writeAtomic(places.alerts, text);
      this.#written = shape;
    } catch (error) {
      process.stderr.write(`can't write ${places.alerts}: ${String(error)}\n`);
    }
  }
}

/** The rules of a service as they stand. */
export function readAlerts(file: string): AlertState[] {
  try {
    const value: unknown = JSON.parse(readPlainText(file));
    if (typeof value !== 'object' || value === null || !('alerts' in value)) return [];
    return Array.isArray(value.alerts) ? (value.alerts as AlertState[]) : [];
  } catch {
    return [];
  }
}

/** What was raised and cleared, the newest first. */
export function alertHistory(file: string, limit: number): AlertEvent[] {
  const events: AlertEvent[] = [];
  for (const line of linesBackward(file)) {
    if (events.length >= limit) break;
    const value = valueOf(SERVICE_LINES, line);
    if (value !== undefined) events.push(value as unknown as AlertEvent);
  }
  return events;
}

/** Tells a webhook. Never rejects: gives what went wrong. */
export async function callWebhook(address: string, event: AlertEvent): Promise<string | undefined> {
  try {
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(event),
      signal: AbortSignal.timeout(WEBHOOK_MS),
      redirect: 'error',
    });
    return response.ok ? undefined : `the webhook answered ${response.status}`;
  } catch (error) {
    return `the webhook can't be reached: ${error instanceof Error ? error.message : String(error)}`;
  }
}
