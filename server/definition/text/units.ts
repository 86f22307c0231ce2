/** Durations and sizes as people write them. */
import { bytes } from '../../base/format.js';

export const DURATION_PATTERN = '^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d|w))+$';
export const BYTES_PATTERN = '^[0-9]+(\\.[0-9]+)? ?([KMGTP]i?)?B?$';

export type UnitResult = { readonly ok: true; readonly value: number } | UnitFailure;

export interface UnitFailure {
  readonly ok: false;
  readonly message: string;
  /** What may have been meant, ready to be put in its place. */
  readonly candidates: readonly string[];
}

const DURATIONS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const LONG_DURATIONS: readonly (readonly [RegExp, string])[] = [
  [/^(milliseconds?|millis?|msecs?)$/, 'ms'],
  [/^(seconds?|secs?)$/, 's'],
  [/^(minutes?|mins?)$/, 'm'],
  [/^(hours?|hrs?)$/, 'h'],
  [/^days?$/, 'd'],
  [/^(weeks?|wks?)$/, 'w'],
];

const wellFormed = new RegExp(DURATION_PATTERN);

/** `90s`, `30m`, `1h30m`, `2d` → milliseconds. Units: ms s m h d w, the largest first, each at most once. */
export function parseDuration(text: string): UnitResult {
  const trimmed = text.trim();
  if (wellFormed.test(trimmed)) {
    let total = 0;
    let last = Infinity;
    for (const [, amount = '', , unit = ''] of trimmed.matchAll(/([0-9]+(\.[0-9]+)?)(ms|s|m|h|d|w)/g)) {
      const size = DURATIONS[unit] ?? 0;
      if (size >= last) return duration(text, []);
      last = size;
      total += Number(amount) * size;
    }
    const value = Math.round(total);
    return Number.isSafeInteger(value) ? { ok: true, value } : duration(text, []);
  }
  return duration(text, guessDurations(trimmed));
}

function duration(text: string, candidates: readonly string[]): UnitFailure {
  return {
    ok: false,
    message: `"${clip(text)}" is not a duration. Write a number and a unit (ms, s, m, h, d, w), the largest unit first: 90s, 30m, 1h30m, 2d.`,
    candidates,
  };
}

function guessDurations(text: string): string[] {
  if (/^[0-9]+(\.[0-9]+)?$/.test(text)) return [`${text}s`, `${text}m`, `${text}h`];
  const clock = /^([0-9]+):([0-9]{2})(?::([0-9]{2}))?$/.exec(text);
  if (clock !== null) {
    const [, hours = '0', minutes = '0', seconds = '0'] = clock;
    const value = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
    return value > 0 ? [formatDuration(value)] : [];
  }
  let result = '';
  const words = /(?<![0-9.])([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]+)/g;
  for (const [, amount = '', unit = ''] of text.matchAll(words)) {
    const lower = unit.toLowerCase();
    const short = lower in DURATIONS ? lower : LONG_DURATIONS.find(([long]) => long.test(lower))?.[1];
    if (short === undefined) return [];
    result += amount + short;
  }
  return result !== '' && parseDuration(result).ok ? [result] : [];
}

const SIZES = ['', 'K', 'M', 'G', 'T', 'P'];

/** `512MiB`, `2GiB`, `10GB`, `1024` → bytes. `K` is 1000, `Ki` is 1024, as the SI and IEC write them. */
export function parseBytes(text: string): UnitResult {
  const match = /^([0-9]+(?:\.[0-9]+)?) ?([KMGTP]?)(i?)B?$/.exec(text.trim());
  if (match !== null) {
    const [, amount = '', letter = '', binary = ''] = match;
    const value = Math.round(Number(amount) * (binary === '' ? 1000 : 1024) ** SIZES.indexOf(letter));
    if (Number.isSafeInteger(value) && !(letter === '' && binary !== '')) return { ok: true, value };
  }
  const loose = /^([0-9]+(?:\.[0-9]+)?)\s*([kmgtp])(i?)b?(ytes?)?$/i.exec(text.trim());
  const [, amount = '', letter = '', binary = ''] = loose ?? [];
  const candidates = loose === null ? [] : [`${amount}${letter.toUpperCase()}${binary === '' ? '' : 'i'}B`];
  return {
    ok: false,
    message: `"${clip(text)}" is not a size. Write a number and a unit: 512MiB, 2GiB, 10GB.`,
    candidates: candidates.filter((candidate) => candidate !== text),
  };
}

/** The shortest exact writing that `parseDuration` reads back: `5400000` → `1h30m`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds <= 0) return '0s';
  let rest = Math.round(milliseconds);
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const size = DURATIONS[unit] ?? 1;
    const amount = Math.floor(rest / size);
    if (amount > 0) text += `${amount}${unit}`;
    rest -= amount * size;
  }
  return text === '' ? '0s' : text;
}

/** For people, and for `parseBytes`: `1536` → `1.5KiB`. */
export function formatBytes(count: number): string {
  return bytes(count).replace(' ', '');
}

function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
