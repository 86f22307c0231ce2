/** Sums of doubles depend on the order of the threads in their last digits; statistics have to be the same each time. */
export function rounded(value: number): number {
  return Number(value.toPrecision(12));
}
