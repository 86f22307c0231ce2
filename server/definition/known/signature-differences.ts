/** Whether a model version is what an app expects. */

interface Column {
  readonly name: string;
  readonly type: string;
}

/** What an app expects of a model. */
export interface ExpectedSignature {
  readonly inputs: readonly Column[];
  readonly outputs: readonly Column[];
}

/** What a model takes and gives. */
export interface ModelSignature {
  readonly inputs: readonly (Column & { readonly required: boolean })[];
  readonly outputs: readonly Column[];
}

/** Types that programs don't tell apart when they hand numbers over. */
const FAMILIES: Readonly<Record<string, string>> = {
  integer: 'whole number',
  long: 'whole number',
  float: 'number',
  double: 'number',
  date: 'time',
  timestamp: 'time',
  datetime: 'time',
};

function family(type: string): string {
  return Object.hasOwn(FAMILIES, type) ? (FAMILIES[type] ?? type) : type;
}

/** In which way they differ, in words; empty when the app can serve the model. */
export function signatureDifferences(expected: ExpectedSignature, actual: ModelSignature): readonly string[] {
  const differences: string[] = [];
  for (const side of ['inputs', 'outputs'] as const) {
    const has = new Map(actual[side].map((column) => [column.name, column]));
    for (const { name, type } of expected[side]) {
      const column = has.get(name);
      if (column === undefined) differences.push(`the model has no ${side.slice(0, -1)} "${name}"`);
      else if (family(column.type) !== family(type)) {
        differences.push(`${side.slice(0, -1)} "${name}" is ${column.type}, and the app expects ${type}`);
      }
    }
  }
  if (expected.inputs.length > 0) {
    const known = new Set(expected.inputs.map(({ name }) => name));
    for (const { name, required } of actual.inputs) {
      if (required && !known.has(name))
        differences.push(`the model needs "${name}", which the app does not give`);
    }
  }
  return differences;
}
