/** Calls that come close together, and waiting that has an end. */

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

/** Whether something comes about before a time is over. */
export async function isSoon(promise: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(resolve, ms, false)));
  const soon = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return soon;
}
