/** Work in steps: whoever has no hurry runs them in a row, a server lets others have their turn in between. */

/** Milliseconds of work before the event loop gets its turn. */
const SLICE_MS = 12;

/** Runs a generator to its end and gives what it returns. */
export function runThrough<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

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
