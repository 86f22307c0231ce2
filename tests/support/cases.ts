/**
 * How many generated cases a property is tried on: `quick` in `npm test`, `long` in `npm run torture`, which runs just the
 * test files that import this one.
 */
export function cases(quick: number, long: number): number {
  return process.env['MODELYARD_TORTURE'] === '1' ? long : quick;
}
