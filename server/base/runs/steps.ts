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

let last: Promise<void> = Promise.resolve();

/**
 * Lets everything that waits in the event loop go first. Of several who pause, one goes on in each turn of the loop: who
 * asks for something waits for one slice, however many pieces of work there are.
 */
export function breathe(): Promise<void> {
  // Two turns: in the first a message comes in, in the second it is handled.
  last = last.then(() => new Promise((resolve) => setImmediate(() => setImmediate(resolve))));
  return last;
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

/** For work that awaits and never leaves the event loop: what it gives is awaited between two parts of it. */
export function pauses(): () => Promise<void> | undefined {
  let began = performance.now();
  return () =>
    performance.now() - began > SLICE_MS
      ? breathe().then(() => {
          began = performance.now();
        })
      : undefined;
}
