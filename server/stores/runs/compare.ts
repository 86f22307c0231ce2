/** Runs side by side: params, metrics, and the parts of fingerprints by which their tasks differ. */
import type { Json } from '../../definition/definition.js';
import { sameWritten } from '../../definition/expressions/values.js';
import type { RunDocument } from './document.js';
import { metricsOf } from './index/summary.js';

export interface RunComparisonRow {
  readonly section: 'run' | 'python' | 'params' | 'metrics' | 'fingerprints';
  /** Of a metric `task.key`; of a fingerprint the task, and what of it: `train: input data/raw.csv`. */
  readonly key: string;
  /** One for each run, in their order; null where it has none. */
  readonly values: readonly (Json | null)[];
  readonly differs: boolean;
}

/** Rows in the order of the sections. Of fingerprints only what differs. */
export function compareRuns(runs: readonly RunDocument[]): readonly RunComparisonRow[] {
  return [
    ...section('run', runs, (run) => [
      ['pipeline', run.pipeline],
      ['status', run.status],
      [
        'commit',
        run.git === undefined
          ? null
          : `${run.git.commit.slice(0, 7)}${run.git.dirty ? ', with changes' : ''}`,
      ],
      ['definition', run.definitionHash],
    ]),
    ...section('python', runs, pythonOf),
    ...section('params', runs, (run) => Object.entries(run.params)),
    ...section('metrics', runs, (run) => [...metricsOf(run)]),
    ...section('fingerprints', runs, (run) =>
      run.tasks.flatMap(({ id, fingerprint }) =>
        (fingerprint?.parts ?? []).map(({ kind, name, value }): readonly [string, Json] => [
          `${id}: ${kind}${name === '' ? '' : ` ${name}`}`,
          value,
        ]),
      ),
    ).filter(({ differs }) => differs),
  ];
}

/** Version, lock file and packages; where a run has more than one interpreter, each under its name. */
export function pythonOf({ python = [] }: Pick<RunDocument, 'python'>): (readonly [string, string])[] {
  return python.flatMap(({ name, version, packages, lock }) => {
    const prefix = python.length === 1 ? '' : `${name}: `;
    return [
      ...(version === undefined ? [] : ([[`${prefix}Python`, version]] as const)),
      ...(lock === undefined ? [] : ([[`${prefix}${lock.path}`, lock.hash]] as const)),
      ...Object.entries(packages).map(([key, value]) => [`${prefix}${key}`, value] as const),
    ] as const;
  });
}

function section(
  name: RunComparisonRow['section'],
  runs: readonly RunDocument[],
  valuesOf: (run: RunDocument) => readonly (readonly [string, Json | null])[],
): RunComparisonRow[] {
  const all = runs.map((run) => new Map(valuesOf(run)));
  const keys = new Set(all.flatMap((values) => [...values.keys()]));
  return [...keys].map((key) => {
    const values = all.map((one) => one.get(key) ?? null);
    const [first = null, ...others] = values;
    return { section: name, key, values, differs: others.some((value) => !sameWritten(value, first)) };
  });
}
