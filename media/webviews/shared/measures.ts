/** Measured values for people, each in its unit. Pure. */
import { bytes, number } from '../../../server/base/format.js';

export type Unit = 'rate' | 'share' | 'ms' | 'bytes' | 'cores' | 'score';

function rounded(value: number, digits: number): string {
  return number(Number(value.toPrecision(digits)));
}

/** `12.3/s`, `0.4 %`, `38 ms`, `1.2 s`, `50 MiB`, `0.15 cores`, `0.31`. */
export function measureText(unit: Unit, value: number): string {
  switch (unit) {
    case 'rate':
      return `${rounded(value, value < 1000 ? 3 : 5)}/s`;
    case 'share': {
      const percent = value * 100;
      // What is nearly all must not be said to be all.
      const digits = percent > 99 && percent < 100 ? 5 : 3;
      return percent > 0 && percent < 0.01 ? '< 0.01 %' : `${rounded(percent, digits)} %`;
    }
    case 'ms':
      return value < 10_000 ? `${rounded(value, value < 1000 ? 3 : 4)} ms` : `${rounded(value / 1000, 3)} s`;
    case 'bytes':
      return bytes(value);
    case 'cores':
      return `${rounded(value, 2)} ${value === 1 ? 'core' : 'cores'}`;
    case 'score':
      return value === 0 ? '0' : value.toFixed(value < 10 ? 2 : 1);
  }
}

/** The same for an axis, where there is less room and the title says the unit. */
export function tickText(unit: Unit, value: number): string {
  return unit === 'cores' ? number(value) : measureText(unit, value);
}

/** Round values of an axis from 0, about so many; bytes in powers of two. */
export function valueTicks(unit: Unit, highest: number, count: number): readonly number[] {
  const scale = unit === 'bytes' ? 1024 ** Math.floor(Math.log(Math.max(1, highest)) / Math.log(1024)) : 1;
  const rough = highest / scale / Math.max(1, count);
  if (!(rough > 0) || !Number.isFinite(rough)) return [0];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((one) => one * power >= rough * 0.999) ?? 10) * power;
  return Array.from(
    { length: Math.floor(highest / scale / step + 1e-9) + 1 },
    (_, index) => Number((index * step).toPrecision(12)) * scale,
  );
}
