/** The editor's settings, per resource. */
import type { RuleSeverity } from '../definition/definition.js';

export interface Settings {
  /** Severities that win over the project's own. The same map as long as the settings are the same. */
  readonly rules: ReadonlyMap<string, RuleSeverity>;
  /** Milliseconds without a keystroke before diagnostics are made. */
  readonly debounceMs: number;
  readonly codeLenses: boolean;
  readonly inlayHints: boolean;
}

const SEVERITIES: readonly string[] = ['error', 'warning', 'info', 'hint', 'off'] satisfies RuleSeverity[];

export const DEFAULT_SETTINGS: Settings = {
  rules: new Map(),
  debounceMs: 150,
  codeLenses: true,
  inlayHints: true,
};

function section(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function isSeverity(value: unknown): value is RuleSeverity {
  return typeof value === 'string' && SEVERITIES.includes(value);
}

/** Reads the section `modelyard`. What has the wrong type counts as not set: settings are typed by hand. */
export function readSettings(raw: unknown): Settings {
  const rules = section(raw, 'rules');
  const chosen = new Map<string, RuleSeverity>();
  if (typeof rules === 'object' && rules !== null) {
    for (const [id, severity] of Object.entries(rules)) if (isSeverity(severity)) chosen.set(id, severity);
  }
  const debounce = section(section(raw, 'lint'), 'debounce');
  const flag = (value: unknown, preset: boolean) => (typeof value === 'boolean' ? value : preset);
  return {
    rules: chosen.size === 0 ? DEFAULT_SETTINGS.rules : chosen,
    debounceMs:
      typeof debounce === 'number' && debounce >= 0 ? Math.min(debounce, 5_000) : DEFAULT_SETTINGS.debounceMs,
    codeLenses: flag(section(section(raw, 'codeLens'), 'enabled'), DEFAULT_SETTINGS.codeLenses),
    inlayHints: flag(section(section(raw, 'inlayHints'), 'enabled'), DEFAULT_SETTINGS.inlayHints),
  };
}

/** Settings by scope, asked for once and kept until they change. */
/** A client that does not answer for so long is not waited for: until it does, what was known counts. */
const ANSWER_MS = 2_000;

export class SettingsStore {
  readonly #ask: ((scopeUri: string | undefined) => Promise<unknown>) | undefined;
  readonly #scopes = new Map<string, Promise<Settings>>();
  /** What is known without waiting: the last answer of each scope. */
  readonly #known = new Map<string, Settings>();
  readonly #late: () => void;
  readonly #answerMs: number;
  #pushed: Settings;

  /**
   * @param ask gets the section from the client; absent when the client can't be asked.
   * @param initial the section as the client sent it on start, for clients that can't be asked.
   * @param late called when an answer came after others had to do without it.
   */
  constructor(
    ask: ((scopeUri: string | undefined) => Promise<unknown>) | undefined,
    initial: unknown,
    late: () => void = () => undefined,
    answerMs = ANSWER_MS,
  ) {
    this.#ask = ask;
    this.#late = late;
    this.#answerMs = answerMs;
    this.#pushed = readSettings(initial);
  }

  /** @param scope URI of the workspace folder, or of a document outside of all folders. */
  async of(scope: string | undefined): Promise<Settings> {
    if (this.#ask === undefined) return this.#pushed;
    const key = scope ?? '';
    let settings = this.#scopes.get(key);
    if (settings === undefined) {
      const asked = this.#ask(scope).then(readSettings, () => this.#known.get(key) ?? this.#pushed);
      const waited = this.#within(asked, () => this.#known.get(key) ?? this.#pushed);
      settings = waited;
      this.#scopes.set(key, waited);
      void asked.then((known) => {
        this.#known.set(key, known);
        // It may be asked for again by now.
        if (this.#scopes.get(key) === waited) this.#scopes.set(key, asked);
      });
    }
    return settings;
  }

  /** What is asked for, or what there is when the answer is long in coming; it counts from when it comes. */
  #within(asked: Promise<Settings>, otherwise: () => Settings): Promise<Settings> {
    return new Promise((resolve) => {
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        resolve(otherwise());
      }, this.#answerMs);
      void asked.then((settings) => {
        clearTimeout(timer);
        resolve(settings);
        if (late) this.#late();
      });
    });
  }

  /** The settings as far as they are known; for work that can't wait. */
  now(scope: string | undefined): Settings {
    return this.#known.get(scope ?? '') ?? this.#pushed;
  }

  /** @param pushed the section, from clients that send it along. */
  changed(pushed: unknown): void {
    this.#scopes.clear();
    if (pushed !== undefined && pushed !== null) this.#pushed = readSettings(pushed);
  }
}
