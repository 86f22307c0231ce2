/** Of the cases of `npm run torture`: 1 is all of them, absent none. */
const SHARE = Number(process.env['MODELYARD_TORTURE'] ?? 0);

/**
 * How many generated cases a property is tried on: `quick` in `npm test`, `long` in `npm run torture`, which runs just the
 * test files that import this one, or with `--share` a part of these.
 */
export function cases(quick: number, long: number): number {
  return SHARE > 0 ? Math.max(quick, Math.ceil(long * SHARE)) : quick;
}
