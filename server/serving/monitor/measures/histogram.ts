/**
 * Latencies as a histogram with buckets of constant relative width, as HdrHistogram has them: any percentile to 1.6 %
 * from a microsecond to half an hour, in 7 kB, and histograms can be added up.
 */

/** Buckets per power of two. */
const SUB = 64;
const SUB_BITS = 6;
/** Below this, one bucket per microsecond. */
const LINEAR = SUB * 2;
const MAX_MICROS = 2 ** 31 - 1;
const SIZE = LINEAR + (31 - SUB_BITS - 1) * SUB;

function indexOf(micros: number): number {
  if (micros < LINEAR) return micros;
  const exponent = 31 - Math.clz32(micros);
  return LINEAR + (exponent - SUB_BITS - 1) * SUB + ((micros >> (exponent - SUB_BITS)) - SUB);
}

/** The highest value in a bucket, in µs. */
function upperOf(index: number): number {
  if (index < LINEAR) return index;
  const octave = Math.floor((index - LINEAR) / SUB);
  const sub = (index - LINEAR) % SUB;
  return (SUB + sub + 1) * 2 ** (octave + 1) - 1;
}

/** A histogram as it is written down: bucket, count, bucket, count, … */
export type SparseHistogram = readonly number[];

export class Histogram {
  readonly #counts = new Uint32Array(SIZE);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  /** One latency, in ms. */
  add(ms: number): void {
    const index = indexOf(Math.min(MAX_MICROS, Math.max(0, Math.round(ms * 1000))));
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total++;
  }

  addAll(sparse: SparseHistogram): void {
    for (let at = 0; at + 1 < sparse.length; at += 2) {
      const [index = 0, count = 0] = [sparse[at], sparse[at + 1]];
      if (index < 0 || index >= SIZE || !Number.isInteger(index) || !(count > 0)) continue;
      this.#counts[index] = (this.#counts[index] ?? 0) + count;
      this.#total += count;
    }
  }

  /** The latency in ms that so many percent (0 to 100) are at or below; `undefined` when there are none. */
  percentile(percent: number): number | undefined {
    if (this.#total === 0) return undefined;
    let left = Math.max(1, Math.ceil((percent / 100) * this.#total));
    for (let index = 0; index < SIZE; index++) {
      left -= this.#counts[index] ?? 0;
      if (left <= 0) return upperOf(index) / 1000;
    }
    return MAX_MICROS / 1000;
  }

  sparse(): SparseHistogram {
    const sparse: number[] = [];
    this.#counts.forEach((count, index) => {
      if (count > 0) sparse.push(index, count);
    });
    return sparse;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }
}
