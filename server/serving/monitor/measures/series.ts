/** Measurements over time, thinned out for a chart: what is left is added up, so that percentiles stay those of requests. */
import { type MetricsBucket, mergeBuckets } from './bucket.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Spans that people count in. */
const STEPS = [
  ...[1, 2, 5, 10, 20, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 20, 30].map((count) => count * MINUTE),
  ...[1, 2, 4, 6, 12, 24].map((count) => count * HOUR),
];

/** The shortest span, of those that people count in, by which a window has at most so many points. Milliseconds. */
export function stepOf(windowMs: number, mostPoints: number, leastMs = SECOND): number {
  const wanted = Math.max(leastMs, windowMs / mostPoints);
  return STEPS.find((step) => step >= wanted) ?? Math.ceil(wanted / (24 * HOUR)) * 24 * HOUR;
}

/** One point of a chart. */
export interface Sampled {
  /** The end of its span. Milliseconds since 1970, a multiple of the step. */
  readonly at: number;
  /** Everything that was measured in it. */
  readonly bucket: MetricsBucket;
}

/**
 * Adds buckets up to one a span. Spans lie at multiples of the step, so that a point is the same whenever it is asked
 * for; those in which nothing was measured are left out.
 * @param buckets the oldest first
 */
export function sampled(buckets: readonly MetricsBucket[], stepMs: number): Sampled[] {
  const points: Sampled[] = [];
  let begin = 0;
  const slotOf = (bucket: MetricsBucket | undefined): number | undefined =>
    // A bucket is counted where most of it was measured.
    bucket === undefined ? undefined : Math.floor((bucket.at - (bucket.seconds * SECOND) / 2) / stepMs);
  for (let end = 1; end <= buckets.length; end++) {
    const slot = slotOf(buckets[begin]);
    if (slot === undefined || slotOf(buckets[end]) === slot) continue;
    const bucket = mergeBuckets(buckets.slice(begin, end));
    if (bucket !== undefined) points.push({ at: (slot + 1) * stepMs, bucket });
    begin = end;
  }
  return points;
}
