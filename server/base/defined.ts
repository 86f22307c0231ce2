/** What `defined` gives: keys whose value may be `undefined` are optional, and never hold it. */
export type Defined<T> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/**
 * The keys of an object that have a value: `{ ...defined({ unit }) }` has the key `unit` only where there is one. In
 * JSON, in `in`, in spreads and by `exactOptionalPropertyTypes` a key without a value is not the same as no key.
 */
export function defined<const T extends object>(values: T): Defined<T> {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(values)) if (value !== undefined) kept[key] = value;
  return kept as Defined<T>;
}
