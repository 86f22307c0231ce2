/** The order of values of any kind, as sorted tables have it. */
import { type Json, display } from '../json.js';
import { compareNumbers, isNumber } from '../numeral.js';

/** Numbers before texts, NaN after all other numbers. */
export function compareValues(a: Json, b: Json): number {
  if (isNumber(a) && isNumber(b)) {
    const order = compareNumbers(a, b);
    return Number.isNaN(order) ? Number(Number.isNaN(a)) - Number(Number.isNaN(b)) : order;
  }
  if (isNumber(a) !== isNumber(b)) return isNumber(a) ? -1 : 1;
  const [left, right] = [display(a), display(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
