/** A curve in one line of text. */

const BARS = '▁▂▃▄▅▆▇█';

/**
 * @param values in order; those that are not finite leave a gap
 * @param columns the most characters; of more values each character is the mean of several
 */
export function sparkline(values: readonly number[], columns: number): string {
  const count = Math.min(columns, values.length);
  const means = Array.from({ length: count }, (_, at) => {
    const part = values.slice(
      Math.floor((at * values.length) / count),
      Math.floor(((at + 1) * values.length) / count),
    );
    return part.reduce((sum, value) => sum + value / part.length, 0);
  });
  const finite = means.filter((value) => Number.isFinite(value));
  const least = Math.min(...finite);
  const most = Math.max(...finite);
  return means
    .map((value) => {
      if (!Number.isFinite(value)) return ' ';
      // Halves, because the difference of very large numbers is infinite.
      const share = most === least ? 0.5 : (value / 2 - least / 2) / (most / 2 - least / 2);
      return BARS.charAt(Math.min(BARS.length - 1, Math.floor(share * BARS.length)));
    })
    .join('');
}
