/** Runs in groups, as the Runs tree shows them. */
import { defined } from '../../server/base/defined.js';
import { localDay } from '../../server/base/format.js';
import type { RunListItem, RunsParams, RunStatus } from '../../server/protocol/index.js';

export type GroupBy = 'day' | 'pipeline' | 'none';

export interface RunGroup {
  /** Stable: the day's date or the pipeline's name. */
  readonly key: string;
  readonly label: string;
  readonly runs: readonly RunListItem[];
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** `Today`, `Yesterday`, `Friday` within a week, then the date. */
export function dayLabel(day: string, now: number): string {
  const date = new Date(now);
  const daysAgo = (days: number): string =>
    localDay(new Date(date.getFullYear(), date.getMonth(), date.getDate() - days, 12).getTime());
  if (day === daysAgo(0)) return 'Today';
  if (day === daysAgo(1)) return 'Yesterday';
  for (let days = 2; days < 7; days++) {
    if (day === daysAgo(days))
      return DAYS[new Date(date.getFullYear(), date.getMonth(), date.getDate() - days).getDay()] ?? day;
  }
  return day;
}

/** Groups in the order of their newest run; runs keep their order. */
export function groupRuns(runs: readonly RunListItem[], by: GroupBy, now: number): readonly RunGroup[] {
  const groups = new Map<string, RunListItem[]>();
  for (const run of runs) {
    const at = Date.parse(run.createdAt);
    const key = by === 'pipeline' ? run.pipeline : Number.isNaN(at) ? 'unknown day' : localDay(at);
    const group = groups.get(key);
    if (group) group.push(run);
    else groups.set(key, [run]);
  }
  return [...groups].map(([key, members]) => ({
    key,
    label: by === 'pipeline' ? key : dayLabel(key, now),
    runs: members,
  }));
}

/** What the Runs tree is narrowed to. */
export interface RunFilter {
  readonly text?: string;
  readonly pipeline?: string;
  readonly statuses?: readonly RunStatus[];
}

/** Whether a filter lets everything through. */
export function isEmptyFilter(filter: RunFilter): boolean {
  return (filter.text ?? '') === '' && filter.pipeline === undefined && (filter.statuses?.length ?? 0) === 0;
}

/** A filter in words, for the view's message. */
export function filterWords(filter: RunFilter): string {
  const parts = [
    filter.pipeline,
    filter.statuses?.join(' or '),
    (filter.text ?? '') === '' ? undefined : `“${filter.text ?? ''}”`,
  ];
  return parts.filter((part) => part !== undefined && part !== '').join(', ');
}

/** The request for a page of runs. */
export function pageRequest(filter: RunFilter, limit: number, before?: string): RunsParams {
  return {
    limit,
    ...defined({ before, pipeline: filter.pipeline }),
    ...(filter.statuses === undefined || filter.statuses.length === 0 ? {} : { statuses: filter.statuses }),
    ...((filter.text ?? '') === '' ? {} : { text: filter.text ?? '' }),
  };
}
