import fc from 'fast-check';

/** Of the cases of `npm run torture`: 1 is all of them, absent none. */
const SHARE = Number(process.env['MODELYARD_TORTURE'] ?? 0);

/**
 * How many generated cases a property is tried on: `quick` in `npm test`, `long` in `npm run torture`, which runs just the
 * test files that import this one, or with `--share` a part of these.
 */
export function cases(quick: number, long: number): number {
  return SHARE > 0 ? Math.max(quick, Math.ceil(long * SHARE)) : quick;
}

/**
 * The seed of all that is generated. `npm test` takes the same one each time, so that a red run is about the change and not
 * about luck; `npm run torture` takes a new one. Tests name it in their titles; `SEED=… ` in the environment repeats one.
 */
export const SEED = Number(
  process.env['SEED'] ?? (SHARE > 0 ? Math.floor(Math.random() * 2 ** 31) : 20_261_129),
);

fc.configureGlobal({ seed: SEED });

export { fc };
