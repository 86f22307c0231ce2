/** Reading what a service's host has measured and written down. */
import { valueOf } from '../../../stores/disk/line-format.js';
import { linesBackward } from '../../../stores/disk/lines.js';
import { SERVICE_LINES } from '../../services/lines.js';
import type { MetricsBucket } from './bucket.js';

/** Up to so long a window is read in buckets of ten seconds. */
export const FINE_MS = 6 * 3_600_000;

/** The buckets that a service has written since a time (ms since 1970), the oldest first; at most so many, the newest. */
export function readMetrics(file: string, since: number, most = 20_000): MetricsBucket[] {
  const buckets: MetricsBucket[] = [];
  for (const one of [file, `${file}.1`]) {
    for (const line of linesBackward(one)) {
      const bucket = parseBucket(line);
      if (bucket === undefined) continue;
      if (bucket.at <= since || buckets.length >= most) return buckets.reverse();
      buckets.push(bucket);
    }
  }
  return buckets.reverse();
}

/**
 * The same for long windows: buckets of minutes, and since the last of them those of seconds. Days then cost hundreds of
 * lines instead of ten thousands.
 */
export function readLongMetrics(
  places: { readonly metrics: string; readonly coarseMetrics: string },
  since: number,
): MetricsBucket[] {
  const coarse = readMetrics(places.coarseMetrics, since);
  return [...coarse, ...readMetrics(places.metrics, coarse.at(-1)?.at ?? since)];
}

/** The newest bucket, whenever that was; `undefined` when nothing was ever measured. */
export function lastMetrics(file: string): MetricsBucket | undefined {
  return readMetrics(file, 0, 1)[0];
}

function parseBucket(line: string): MetricsBucket | undefined {
  const value = valueOf(SERVICE_LINES, line);
  if (value === undefined || !('at' in value) || !('latency' in value)) return undefined;
  return value as unknown as MetricsBucket;
}
