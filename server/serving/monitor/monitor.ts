/** The monitor in a host: settings, samples, rules, alerts. */
import { defined } from '../../base/defined.js';
import { openDocument, readDocument } from '../../stores/disk/document.js';
import type { ServicePlaces } from '../places.js';
import { Alerts, callWebhook, type AlertEvent } from './alerts.js';
import { ofRelease, summarize, type DriftMeasures, type MetricsSummary } from './measures/bucket.js';
import { DriftRounds } from './drift-rounds.js';
import type { Recorder } from './recorder.js';
import { driftFeatures, evaluateRule, type RuleOutcome } from './rules.js';
import { Samples } from './measures/samples.js';
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
  readonly #rounds: DriftRounds;
  #settings: MonitorSettings;
  #ticks = 0;

  constructor(places: ServicePlaces, environment: string, service: string) {
    this.#places = places;
    this.samples = new Samples(places.samples);
    this.#rounds = new DriftRounds(this.samples);
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
    this.#rounds.restart();
  }

  /** The numbers of a window that ends now; of one release's own requests when one is named. */
  measure(recorder: Recorder, windowMs: number, release?: string): Measured {
    const buckets = recorder.window(windowMs);
    const summary = summarize(release === undefined ? buckets : ofRelease(buckets, release));
    // A gate asks for any of them, also for one that no request has had any more.
    const features = Object.keys(this.#settings.baseline);
    const drift = this.samples.drift(windowMs, { features, ...defined({ release }) });
    return { ...defined({ summary }), drift };
  }

  /** How the rules stand now. */
  evaluate(recorder: Recorder): RuleOutcome[] {
    const windows = new Map<number, MetricsSummary | undefined>();
    return this.#settings.rules.map((rule) => {
      const { overMs } = rule;
      // Looking through the samples costs more than all else: only for what a rule asks.
      const features = driftFeatures([rule]);
      if (features.length > 0) return evaluateRule(rule, undefined, this.samples.drift(overMs, { features }));
      if (!windows.has(overMs)) windows.set(overMs, summarize(recorder.window(overMs)));
      return evaluateRule(rule, windows.get(overMs), {});
    });
  }

  /** Once a second. Gives what was raised and cleared. */
  tick(recorder: Recorder, release: string | undefined): AlertEvent[] {
    const drift = this.#rounds.tick(this.#settings.rules);
    if (drift !== undefined) recorder.drifted(drift);
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
