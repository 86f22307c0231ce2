/** What the table of experiments is narrowed to. Pure. */
import type { ExperimentQuery, ExperimentSort, RunStatus } from '../../../../server/protocol/index.js';
import { RUN_STATUSES } from '../status.js';

export interface Narrowing {
  /** An expression; empty: none. */
  readonly filter: string;
  readonly text: string;
  readonly pipeline: string | undefined;
  /** Empty: any. */
  readonly statuses: readonly RunStatus[];
  /** Only runs that began in the last so many hours. */
  readonly within: number | undefined;
  /** Also archived runs. */
  readonly archived: boolean;
}

export const EVERYTHING: Narrowing = {
  filter: '',
  text: '',
  pipeline: undefined,
  statuses: [],
  within: undefined,
  archived: false,
};

/** Times to choose from, in hours. */
export const TIMES: readonly (readonly [string, number | undefined])[] = [
  ['Any Time', undefined],
  ['Last Hour', 1],
  ['Last 24 Hours', 24],
  ['Last 7 Days', 24 * 7],
  ['Last 30 Days', 24 * 30],
];

function isStatus(value: unknown): value is RunStatus {
  return RUN_STATUSES.some((one) => one === value);
}

/** What a page was narrowed to before it was loaded again, as far as it is that. */
export function readNarrowing(kept: unknown): Narrowing {
  if (typeof kept !== 'object' || kept === null) return EVERYTHING;
  const { filter, text, pipeline, statuses, within, archived } = kept as Readonly<Record<string, unknown>>;
  return {
    filter: typeof filter === 'string' ? filter : '',
    text: typeof text === 'string' ? text : '',
    pipeline: typeof pipeline === 'string' ? pipeline : undefined,
    statuses: Array.isArray(statuses) ? statuses.filter(isStatus) : [],
    within: TIMES.map(([, hours]) => hours).find((hours) => hours === within),
    archived: archived === true,
  };
}

const MINUTE_MS = 60_000;

/** The question to the server. Times are told to the minute, so that all pages of one table are asked for alike. */
export function queryOf(
  { filter, text, pipeline, statuses, within, archived }: Narrowing,
  sort: readonly ExperimentSort[],
  now: number,
): ExperimentQuery {
  const minute = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  return {
    ...(filter === '' ? {} : { filter }),
    ...(text.trim() === '' ? {} : { text }),
    ...(pipeline === undefined ? {} : { pipeline }),
    ...(within === undefined ? {} : { since: new Date(minute - within * 60 * MINUTE_MS).toISOString() }),
    statuses,
    archived,
    sort,
  };
}
