/** Ids of runs: `20261123-123456-789-k3f9`. UTC, so that they sort by time on every machine and become safe file names. */
import { randomInt } from 'node:crypto';

const RUN_ID = /^\d{8}-\d{6}-\d{3}-[a-z0-9]{4}$/;

export function isRunId(text: string): boolean {
  return RUN_ID.test(text);
}

const SUFFIXES = 36 ** 4;
let lastTime = 0;
let lastSuffix = 0;

function compose(time: number, suffix: number): string {
  return `${runIdPrefix(time)}-${suffix.toString(36).padStart(4, '0')}`;
}

/**
 * A new id. Ids made by one process sort in the order in which they were made, within one millisecond too. With a time
 * (ms since 1970) an id of that time, for runs that are brought in from elsewhere.
 */
export function newRunId(time?: number): string {
  if (time !== undefined) return compose(time, randomInt(SUFFIXES));
  const now = Date.now();
  if (now > lastTime) {
    lastTime = now;
    lastSuffix = randomInt(SUFFIXES / 2);
  } else if (++lastSuffix === SUFFIXES) {
    lastTime += 1;
    lastSuffix = 0;
  }
  return compose(lastTime, lastSuffix);
}

/** What the id of a run made at that time (ms since 1970) starts with. */
export function runIdPrefix(time: number): string {
  const iso = new Date(time).toISOString();
  return `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 10)}-${iso.slice(11, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}-${iso.slice(20, 23)}`;
}

/** When the run was made, in ms since 1970; `NaN` for what is not an id. */
export function runIdTime(id: string): number {
  if (!isRunId(id)) return NaN;
  return Date.UTC(
    Number(id.slice(0, 4)),
    Number(id.slice(4, 6)) - 1,
    Number(id.slice(6, 8)),
    Number(id.slice(9, 11)),
    Number(id.slice(11, 13)),
    Number(id.slice(13, 15)),
    Number(id.slice(16, 19)),
  );
}
