/** Work in steps: whoever has no hurry runs them in a row, a server lets others have their turn in between. */

/** Runs a generator to its end and gives what it returns. */
export function runThrough<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
