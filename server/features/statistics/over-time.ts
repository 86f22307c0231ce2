/** How many rows there are, and what they are like, from step to step of time. */
import type { Plain } from '../engine/messages.js';
import { list } from '../sql.js';
import { rounded } from './round.js';
import type { FeatureStatistics, OverTime } from './types.js';

const MOST_STEPS = 60;
const DAY = 86_400;
const STEPS = [
  ...[1, 5, 15, 30, 60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600],
  ...[1, 2, 7, 14, 28, 91, 182, 364].map((days) => days * DAY),
];

/** The shortest step, in seconds, that cuts a time of so many seconds into few pieces. */
export function stepFor(seconds: number): number {
  const fits = STEPS.find((step) => seconds / step < MOST_STEPS - 1);
  return fits ?? Math.ceil(seconds / (MOST_STEPS - 2) / (364 * DAY)) * 364 * DAY;
}

export interface TimePass {
  readonly time: OverTime;
  /** One for each column. */
  readonly features: readonly NonNullable<FeatureStatistics['overTime']>[];
}

/**
 * One look at the ends and one at what lies between. `undefined`: no row has a timestamp.
 * @param columns what is counted, and of numbers the expression whose mean is taken
 */
export async function overTime(
  ask: (sql: string) => Promise<readonly (readonly Plain[])[]>,
  relation: string,
  timestamp: string,
  columns: readonly { readonly value: string; readonly number?: string }[],
): Promise<TimePass | undefined> {
  const seconds = `(epoch_us(${timestamp}) // 1000000)`;
  const [[low, high] = []] = await ask(`SELECT min(${seconds}), max(${seconds}) FROM ${relation}`);
  if (low === undefined || low === null || high === undefined || high === null) return undefined;
  const [from, to] = [Number(low), Number(high)];
  const step = stepFor(to - from);
  const parts = columns.flatMap(({ value, number }) => [
    `count(*) - count(${value})`,
    number === undefined ? 'NULL' : `avg(${number})`,
  ]);
  const rows = await ask(
    `SELECT floor(${seconds} / ${step})::BIGINT AS s, ${list(['count(*)', ...parts])} FROM ${relation} WHERE ${timestamp} IS NOT NULL GROUP BY s ORDER BY s`,
  );
  return {
    time: {
      from: moment(from),
      to: moment(to),
      stepSeconds: step,
      starts: rows.map(([at]) => moment(Number(at) * step)),
      counts: rows.map(([, count]) => Number(count)),
    },
    features: columns.map(({ number }, index) => ({
      nulls: rows.map((row) => Number(row[2 + index * 2])),
      ...(number === undefined
        ? {}
        : {
            means: rows.map((row) => {
              const mean = row[3 + index * 2];
              return mean === null || mean === undefined ? null : rounded(Number(mean));
            }),
          }),
    })),
  };
}

/** Beyond the years that JavaScript knows the seconds themselves. */
function moment(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString();
}
