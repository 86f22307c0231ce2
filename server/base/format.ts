/** How times, sizes, numbers and other people's text are written for people. */
import type { RunEstimate } from './runs/task-outcome.js';

/** Escape sequences of terminals: CSI, OSC (ended by BEL or ST), and the two-character ones. */
const ESCAPES =
  // eslint-disable-next-line no-control-regex -- terminal escapes are control characters
  /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[@-Z\\-_]|\u009b[0-?]*[ -/]*[@-~]/g;

/** C0 and C1 controls but tab and newline, and the marks that reorder the text around them (CVE-2021-42574). */
// eslint-disable-next-line no-control-regex -- these are what is taken out
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text of a log without terminal escapes; lines stay lines, and a line that was redrawn keeps its last state. */
export function plainLines(text: string): string {
  const stripped = text.replaceAll(ESCAPES, '').replaceAll('\r\n', '\n');
  const settled = stripped
    .split('\n')
    .map((line) => line.slice(line.lastIndexOf('\r', line.length - 2) + 1))
    .join('\n');
  return settled.replaceAll(CONTROLS, '');
}

/** One line for a label: no escapes, no controls, no newlines, at most `limit` characters. */
export function plain(text: string, limit = 200): string {
  const line = text.replaceAll(ESCAPES, '').replaceAll(/\s+/g, ' ').replaceAll(CONTROLS, '').trim();
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line;
}

/** `740 ms`, `12.3 s`, `4 min 5 s`, `2 h 3 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return '–';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 59.95) return `${seconds < 10 ? seconds.toFixed(1) : String(Math.round(seconds))} s`;
  const whole = Math.round(seconds);
  const two = (large: number, unit: string, small: number, smallUnit: string): string =>
    small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;
  if (whole < 3600) return two(Math.floor(whole / 60), 'min', whole % 60, 's');
  const minutes = Math.round(whole / 60);
  if (minutes < 1440) return two(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(minutes / 60);
  return two(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** Milliseconds between two ISO times, up to `now` when it hasn't ended. `undefined` when it hasn't started. */
export function elapsed(start: string | undefined, end: string | undefined, now: number): number | undefined {
  if (start === undefined) return undefined;
  const from = Date.parse(start);
  const to = end === undefined ? now : Date.parse(end);
  return Number.isNaN(from) || Number.isNaN(to) ? undefined : Math.max(0, to - from);
}

/** Whole days, hours or minutes that have passed; `undefined` for what isn't a time. */
export function age(
  iso: string,
  now: number,
): { readonly count: number; readonly unit: 'minute' | 'hour' | 'day' } | undefined {
  const minutes = Math.max(0, Math.floor((now - Date.parse(iso)) / 60_000));
  if (Number.isNaN(minutes)) return undefined;
  if (minutes < 60) return { count: minutes, unit: 'minute' };
  if (minutes < 1440) return { count: Math.floor(minutes / 60), unit: 'hour' };
  return { count: Math.floor(minutes / 1440), unit: 'day' };
}

const SHORT = { minute: 'min', hour: 'h', day: 'd' } as const;

/** `just now`, `5 min ago`, `3 h ago`, `2 d ago`, then the date. */
export function ago(iso: string, now: number): string {
  const found = age(iso, now);
  if (found === undefined) return '';
  const { count, unit } = found;
  if (unit === 'day' && count >= 7) return localDay(Date.parse(iso));
  return count === 0 ? 'just now' : `${count} ${SHORT[unit]} ago`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** `2026-11-23` in local time. */
export function localDay(at: number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** `14:03:59` in local time. */
export function localTime(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `2026-11-23 14:03:59` in local time; empty for what isn't a time. */
export function localDateTime(iso: string): string {
  const at = Date.parse(iso);
  return Number.isNaN(at) ? '' : `${localDay(at)} ${localTime(at)}`;
}

/** `512 B`, `1.5 KiB`, `20 MiB`. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = count;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits).replace(/\.0$/, '')} ${units[unit] ?? 'B'}`;
}

/** A number with at most five significant digits, without a tail of zeros. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
  const size = Math.abs(value);
  if (size >= 1e9 || size < 1e-4) return value.toExponential(3).replace(/\.?0+e/, 'e');
  return String(Number(value.toPrecision(5)));
}

/** A metric or param on one line. */
export function shown(value: unknown, limit = 200): string {
  if (typeof value === 'number') return number(value);
  if (typeof value === 'string') return plain(value, limit);
  if (value === undefined) return '';
  return plain(JSON.stringify(value), limit);
}

/** `1 error`, `3 errors`. */
export function plural(count: number, word: string, words = `${word}s`): string {
  return `${count} ${count === 1 ? word : words}`;
}

/** How long a run would take: `about 3 min, and 2 tasks that never ran`. */
export function estimateWords({ ms, untimed }: RunEstimate): string {
  // What is guessed has no tenths.
  const time =
    ms < 1000 ? 'less than 1 s' : `about ${duration(ms < 60_000 ? Math.round(ms / 1000) * 1000 : ms)}`;
  return untimed === 0 ? time : `${time}, and ${plural(untimed, 'task')} that never ran`;
}
