/** Masking belongs to whoever writes output; services write it, too. */
import { isNumeral } from '../../base/numeral.js';
import type { Masks } from '../../stores/masks.js';
import type { RunEvent } from '../../stores/runs/events.js';

export { Masks, StreamMask, wholeCharacters } from '../../stores/masks.js';

/** Texts that hold what a task or an expression said may hold a secret, too. (Output is masked as it comes.) */
export function maskedEvent(masks: Masks, event: RunEvent): RunEvent {
  return event.type === 'task-output' ? event : maskedIn(masks, event);
}

/** A value whose texts are masked. Keys stay: they are ours. */
export function maskedIn<T>(masks: Masks, given: T): T {
  if (masks.empty) return given;
  const mask = (value: unknown): unknown => {
    if (typeof value === 'string') return masks.text(value);
    if (Array.isArray(value)) return value.map(mask);
    if (typeof value !== 'object' || value === null) return value;
    if (isNumeral(value)) return masks.text(value.text) === value.text ? value : masks.text(value.text);
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, mask(one)]));
  };
  return mask(given) as T;
}

/** What a task has told by names of its own, which are masked, too. */
export function maskedRecord<T>(
  masks: Masks,
  record: Readonly<Record<string, T>>,
): Readonly<Record<string, T>> {
  if (masks.empty) return record;
  return Object.fromEntries(
    Object.entries(record).map(([key, value]) => [masks.text(key), maskedIn(masks, value)]),
  );
}
