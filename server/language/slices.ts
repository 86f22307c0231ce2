/** Long work in small pieces, so that requests are answered in between. */

/** Milliseconds of work before the event loop gets its turn. */
const SLICE_MS = 12;

/** Lets everything that waits in the event loop go first. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Runs a generator to its end, pausing between its steps whenever a slice of time is used up. */
export async function runSliced<T>(steps: Generator<void, T>): Promise<T> {
  let began = performance.now();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() - began > SLICE_MS) {
      await breathe();
      began = performance.now();
    }
  }
}

/**
 * Calls a function once for many calls that come close together.
 * @param quietMs how long nothing may have come.
 * @param atMostMs it is called after this time even when calls go on coming.
 */
export function coalesce(
  act: () => void,
  quietMs: number | (() => number),
  atMostMs = 1_000,
): { (): void; cancel(): void } {
  let timer: NodeJS.Timeout | undefined;
  let first = 0;
  const call = () => {
    const quiet = typeof quietMs === 'number' ? quietMs : quietMs();
    const now = performance.now();
    if (timer === undefined) first = now;
    else clearTimeout(timer);
    timer = setTimeout(
      () => {
        timer = undefined;
        act();
      },
      Math.max(0, Math.min(quiet, first + Math.max(atMostMs, quiet) - now)),
    );
    timer.unref();
  };
  call.cancel = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  return call;
}
