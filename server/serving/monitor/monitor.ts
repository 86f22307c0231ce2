/** The monitor in a host: settings, samples, rules, alerts. */
import { openDocument, readDocument } from '../../stores/document.js';
import type { ServicePlaces } from '../places.js';
import { Alerts, callWebhook, type AlertEvent } from './alerts.js';
import { summarize, type MetricsSummary } from './bucket.js';
import type { Recorder } from './recorder.js';
import { evaluateRule, type DriftMeasures, type RuleOutcome } from './rules.js';
import { Samples } from './samples.js';
import { NOT_MONITORED, monitorDocumentKind, type MonitorSettings } from './settings.js';

/** The rules are held against the numbers so often. */
const EVERY_TICKS = 2;

/** What a host says to whoever watches it. */
export interface Measured {
  readonly summary?: MetricsSummary;
  readonly drift: DriftMeasures;
}

export class Monitor {
  readonly samples: Samples;
  readonly #places: ServicePlaces;
  readonly #alerts: Alerts;
  #settings: MonitorSettings;
  #ticks = 0;

  constructor(places: ServicePlaces, environment: string, service: string) {
    this.#places = places;
    this.samples = new Samples(places.samples);
    this.#alerts = new Alerts({ environment, service, places });
    const loaded = readDocument(places.monitor, monitorDocumentKind);
    this.#settings = loaded.state === 'ok' ? loaded.value : NOT_MONITORED;
    this.samples.configure(this.#settings);
  }

  get settings(): MonitorSettings {
    return this.#settings;
  }

  /** Sets what is watched from now on, and keeps it. Throws the system's error. */
  configure(settings: MonitorSettings): void {
    const { low, adapter } = openDocument(this.#places.monitor, monitorDocumentKind, {
      schema: monitorDocumentKind.schema,
      ...settings,
    });
    adapter.durable = true;
    low.write();
    this.#settings = settings;
    this.samples.configure(settings);
  }

  /** The numbers of a window that ends now. */
  measure(recorder: Recorder, windowMs: number): Measured {
    const summary = summarize(recorder.window(windowMs));
    return { ...(summary === undefined ? {} : { summary }), drift: this.samples.drift(windowMs) };
  }

  /** How the rules stand now. */
  evaluate(recorder: Recorder): RuleOutcome[] {
    const windows = new Map<number, Measured>();
    return this.#settings.rules.map((rule) => {
      let measured = windows.get(rule.overMs);
      if (measured === undefined) windows.set(rule.overMs, (measured = this.measure(recorder, rule.overMs)));
      return evaluateRule(rule, measured.summary, measured.drift);
    });
  }

  /** Once a second. Gives what was raised and cleared. */
  tick(recorder: Recorder, release: string | undefined): AlertEvent[] {
    if (this.#ticks++ % EVERY_TICKS !== 0) return [];
    if (this.#settings.rules.length === 0 && this.#alerts.states.length === 0) return [];
    const messages = new Map(
      this.#settings.rules.flatMap(({ rule, message }) =>
        message === undefined ? [] : [[rule, message] as const],
      ),
    );
    const events = this.#alerts.update(this.evaluate(recorder), release, messages);
    const { webhook } = this.#settings;
    if (webhook !== undefined) {
      for (const event of events) {
        void callWebhook(webhook, event).then((problem) => {
          if (problem !== undefined) process.stderr.write(`${new Date().toISOString()} ${problem}\n`);
        });
      }
    }
    return events;
  }

  close(): void {
    this.samples.close();
  }
}
