/** Round times for the axis of a chart, in the time of whoever looks. Pure. */
import { localDay, localTime } from '../../../../server/base/format.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 28].map((count) => count * DAY),
];

export interface TimeTick {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly label: string;
}

/** What the clocks here are ahead of UTC, in ms. */
const offsetAt = (at: number): number => -new Date(at).getTimezoneOffset() * MINUTE;

/**
 * Times between two moments, at most so many, where a clock shows round numbers.
 * @param offset what the clocks are ahead of UTC, in ms
 */
export function timeTicks(
  from: number,
  to: number,
  most: number,
  offset: (at: number) => number = offsetAt,
): readonly TimeTick[] {
  if (!(to > from)) return [];
  const step = STEPS.find((one) => (to - from) / one <= most) ?? Math.ceil((to - from) / most / DAY) * DAY;
  const ahead = offset(to);
  const ticks: TimeTick[] = [];
  for (let at = Math.ceil((from + ahead) / step) * step - ahead; at <= to; at += step) {
    ticks.push({ at, label: label(at, step, ahead) });
  }
  return ticks;
}

function label(at: number, step: number, ahead: number): string {
  const shown = new Date(at + ahead).toISOString();
  if (step < MINUTE) return shown.slice(11, 19);
  const time = shown.slice(11, 16);
  if (step < DAY) return time === '00:00' ? shown.slice(5, 10) : time;
  return shown.slice(5, 10);
}

/** A moment, as exactly as a point of a chart stands for one: `14:03:20`, `11-23 14:00`. */
export function momentText(at: number, stepMs: number): string {
  if (stepMs < MINUTE) return localTime(at);
  return `${localDay(at).slice(5)} ${localTime(at).slice(0, 5)}`;
}
