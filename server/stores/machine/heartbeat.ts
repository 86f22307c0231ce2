/** The signs of life of this process for those who can't see it: files that it touches while it holds them. */
import { utimesSync } from 'node:fs';
import { BEAT_MS } from './liveness.js';

const held = new Map<string, number>();
let timer: NodeJS.Timeout | undefined;

function beat(): void {
  const now = new Date();
  for (const file of held.keys()) {
    try {
      utimesSync(file, now, now);
    } catch {
      // Taken away by somebody who was told to, or the disk is gone: whoever holds it finds out when it writes.
    }
  }
}

/** Touches a file every `BEAT_MS` until what is given back is called. Does not keep the process alive. */
export function keepTouched(file: string): () => void {
  held.set(file, (held.get(file) ?? 0) + 1);
  timer ??= setInterval(beat, BEAT_MS).unref();
  return () => {
    const left = (held.get(file) ?? 1) - 1;
    if (left > 0) held.set(file, left);
    else held.delete(file);
    if (held.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}
