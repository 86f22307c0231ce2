/** Values of several runs in rows. Pure. */

export interface Row {
  readonly name: string;
  /** One a run; `undefined` where a run has none. */
  readonly values: readonly unknown[];
  readonly differs: boolean;
}

/** One row for each name that any of them has, in the order in which names appear. */
export function rowsOf(records: readonly Readonly<Record<string, unknown>>[]): readonly Row[] {
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))];
  return names.map((name) => {
    const values = records.map((record) => (Object.hasOwn(record, name) ? record[name] : undefined));
    return { name, values, differs: new Set(values.map((value) => JSON.stringify(value))).size > 1 };
  });
}
