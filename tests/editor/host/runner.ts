/**
 * A test runner of a hundred lines for the extension host, where `node --test` can't be started. It writes its results
 * after every test, because a host that dies looks like one that has succeeded.
 */
import { writeFileSync } from 'node:fs';

interface Registered {
  readonly name: string;
  readonly work: () => Promise<void>;
  readonly timeoutMs: number;
}

export interface TestResult {
  readonly name: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly error?: string;
}

export interface Results {
  readonly planned: number;
  readonly passed: number;
  readonly failed: number;
  readonly tests: readonly TestResult[];
  /** Measurements worth printing, by name. */
  readonly notes: Readonly<Record<string, string>>;
  readonly finished: boolean;
}

const registered: Registered[] = [];
const notes: Record<string, string> = {};

/** Registers a test; they run one after the other in the order in which they were registered. */
export function test(name: string, work: () => Promise<void>, { timeoutMs = 300_000 } = {}): void {
  registered.push({ name, work, timeoutMs });
}

/** A measurement that the driver prints. */
export function note(name: string, value: string): void {
  notes[name] = value;
}

async function within(ms: number, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`not done after ${String(ms / 1000)} s`));
    }, ms);
  });
  try {
    await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again until `probe` answers something true. */
export async function until<T>(
  what: string,
  probe: () => T | false | undefined | Promise<T | false | undefined>,
  patience = 60_000,
): Promise<T> {
  const end = performance.now() + patience;
  for (;;) {
    const answer = await probe();
    if (answer !== false && answer !== undefined) return answer;
    if (performance.now() > end) throw new Error(`waited ${String(patience / 1000)} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Runs what was registered and fits `pattern`; throws when something failed, so that the host ends with an error. */
export async function runAll(resultsFile: string, pattern: string): Promise<void> {
  const chosen = registered.filter(({ name }) => new RegExp(pattern, 'i').test(name));
  const tests: TestResult[] = [];
  const write = (finished: boolean): Results => {
    const passed = tests.filter(({ ok }) => ok).length;
    const failed = tests.length - passed;
    const results = { planned: chosen.length, passed, failed, tests, notes, finished };
    writeFileSync(resultsFile, JSON.stringify(results, null, 2));
    return results;
  };
  write(false);
  for (const { name, work, timeoutMs } of chosen) {
    const start = performance.now();
    try {
      await within(timeoutMs, work);
      tests.push({ name, ok: true, ms: performance.now() - start });
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      tests.push({ name, ok: false, ms: performance.now() - start, error: text });
    }
    write(false);
  }
  const { failed } = write(true);
  if (failed > 0) throw new Error(`${String(failed)} tests failed`);
}
