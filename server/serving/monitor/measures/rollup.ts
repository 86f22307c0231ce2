/** Buckets of five minutes beside those of ten seconds: what days and weeks are read from. */
import { lineOf } from '../../../stores/disk/line-format.js';
import { RotatingLog } from '../../host/app/rotating-log.js';
import { SERVICE_LINES } from '../../services/lines.js';
import { type MetricsBucket, mergeBuckets } from './bucket.js';
import { lastMetrics, readMetrics } from './metrics-files.js';

export const COARSE_MS = 5 * 60_000;
/** Weeks of a busy service, and as much in the file before. */
const FILE_BYTES = 4 * 1024 * 1024;
/** So far back a host that is new makes up for what an earlier one has not added up. */
const MAKE_UP_MS = 24 * 3_600_000;

const slotOf = (at: number): number => Math.floor((at - 1) / COARSE_MS);

/**
 * Adds up what is written to the fine file. A span is written when the next one begins, and not when the host ends: the
 * next host finds the rest in the fine file, whatever ended this one.
 */
export class Rollup {
  readonly #file: RotatingLog;
  #slot: number | undefined;
  #pending: MetricsBucket[] = [];

  constructor(fineFile: string, coarseFile: string, now = Date.now()) {
    this.#file = new RotatingLog(coarseFile, { maxBytes: FILE_BYTES, keep: 1 });
    const last = lastMetrics(coarseFile)?.at ?? 0;
    for (const bucket of readMetrics(fineFile, Math.max(last, now - MAKE_UP_MS))) this.add(bucket);
  }

  add(bucket: MetricsBucket): void {
    const slot = slotOf(bucket.at);
    if (this.#slot !== undefined && slot !== this.#slot) {
      const merged = mergeBuckets(this.#pending);
      if (merged !== undefined) this.#file.write(`${lineOf(SERVICE_LINES, merged)}\n`);
      this.#pending = [];
    }
    this.#slot = slot;
    this.#pending.push(bucket);
  }

  get file(): string {
    return this.#file.file;
  }

  close(): void {
    this.#file.close();
  }
}
