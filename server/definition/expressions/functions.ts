/** The functions of expressions: signatures and documentation. What they do stands in `function-calls.ts`. */
import type { ExpressionPlace } from '../definition.js';
import { PLACES } from './contexts.js';

export interface FunctionInfo {
  readonly name: string;
  readonly signature: string;
  readonly doc: string;
  readonly example: string;
  readonly minArgs: number;
  /** `Infinity` when any number is taken. */
  readonly maxArgs: number;
  readonly places: readonly ExpressionPlace[];
}

const everywhere = PLACES;
const conditions: readonly ExpressionPlace[] = ['if'];

export const FUNCTIONS: readonly FunctionInfo[] = [
  {
    name: 'contains',
    signature: 'contains(search, item)',
    doc: 'Whether a text holds another one, case ignored; or a list an item.',
    example: "contains(git.branch, 'release')",
    minArgs: 2,
    maxArgs: 2,
    places: everywhere,
  },
  {
    name: 'startsWith',
    signature: 'startsWith(text, start)',
    doc: 'Whether a text begins with another one, case ignored.',
    example: "startsWith(git.branch, 'release/')",
    minArgs: 2,
    maxArgs: 2,
    places: everywhere,
  },
  {
    name: 'endsWith',
    signature: 'endsWith(text, end)',
    doc: 'Whether a text ends with another one, case ignored.',
    example: "endsWith(params.file, '.csv')",
    minArgs: 2,
    maxArgs: 2,
    places: everywhere,
  },
  {
    name: 'format',
    signature: 'format(pattern, …values)',
    doc: 'The pattern with `{0}`, `{1}`, … replaced by the values; `{{` and `}}` mean braces.',
    example: "format('models/{0}-{1}.json', params.name, matrix.seed)",
    minArgs: 1,
    maxArgs: Infinity,
    places: everywhere,
  },
  {
    name: 'join',
    signature: "join(list, separator = ',')",
    doc: 'The items of a list as one text.',
    example: "join(params.columns, ' ')",
    minArgs: 1,
    maxArgs: 2,
    places: everywhere,
  },
  {
    name: 'toJSON',
    signature: 'toJSON(value)',
    doc: 'A value as JSON text.',
    example: 'toJSON(params)',
    minArgs: 1,
    maxArgs: 1,
    places: everywhere,
  },
  {
    name: 'fromJSON',
    signature: 'fromJSON(text)',
    doc: 'The value of a JSON text.',
    example: "fromJSON('[1, 2, 3]')",
    minArgs: 1,
    maxArgs: 1,
    places: everywhere,
  },
  {
    name: 'hashFiles',
    signature: 'hashFiles(glob, …globs)',
    doc: 'One SHA-256 over the content of all files that match, in hex; empty when none does.',
    example: "hashFiles('src/**/*.py')",
    minArgs: 1,
    maxArgs: Infinity,
    places: everywhere,
  },
  {
    name: 'semver',
    signature: 'semver(a, b)',
    doc: 'Compares two versions part by part: -1 when the first is older, 0 when they are the same, 1 when it is newer. `3.9` is older than `3.10`, `2.0.0-rc.1` than `2.0.0`; what follows a `+` is left out.',
    example: "semver(matrix.python, '3.10') >= 0",
    minArgs: 2,
    maxArgs: 2,
    places: everywhere,
  },
  {
    name: 'max',
    signature: 'max(list, …more)',
    doc: 'The greatest of some numbers, or of the numbers in lists: of the values that the cells of a matrix gave, say. What is empty is left out; with a NaN among them it is NaN.',
    example: 'max(tasks.train.metrics.accuracy) >= 0.9',
    minArgs: 1,
    maxArgs: Infinity,
    places: everywhere,
  },
  {
    name: 'min',
    signature: 'min(list, …more)',
    doc: 'The least of some numbers, or of the numbers in lists. What is empty is left out; with a NaN among them it is NaN.',
    example: 'min(tasks.train.metrics.accuracy) >= 0.7',
    minArgs: 1,
    maxArgs: Infinity,
    places: everywhere,
  },
  {
    name: 'mean',
    signature: 'mean(list, …more)',
    doc: 'The arithmetic mean of some numbers, or of the numbers in lists. What is empty is left out.',
    example: 'mean(tasks.train.metrics.accuracy) >= 0.8',
    minArgs: 1,
    maxArgs: Infinity,
    places: everywhere,
  },
  {
    name: 'any',
    signature: 'any(list, …more)',
    doc: 'Whether at least one value is true: neither `false`, `0`, empty nor `null`. Of an empty list: false.',
    example: 'any(tasks.train.metrics.converged)',
    minArgs: 1,
    maxArgs: Infinity,
    places: everywhere,
  },
  {
    name: 'all',
    signature: 'all(list, …more)',
    doc: 'Whether every value is true: neither `false`, `0`, empty nor `null`. Of an empty list: true.',
    example: 'all(tasks.train.metrics.converged)',
    minArgs: 1,
    maxArgs: Infinity,
    places: everywhere,
  },
  {
    name: 'best',
    signature: "best(numbers, items, order = 'max')",
    doc: 'The item that stands where the greatest number stands, or with `min` the least; the first of equal ones. With metrics and outputs of a matrix it is what the best cell made.',
    example: "best(tasks.train.metrics.loss, tasks.train.outputs.model, 'min')",
    minArgs: 2,
    maxArgs: 3,
    places: everywhere,
  },
  {
    name: 'raw',
    signature: 'raw(value)',
    doc: 'In a command: the value as it is, not quoted. Only for text that nobody else can choose.',
    example: 'raw(params.flags)',
    minArgs: 1,
    maxArgs: 1,
    places: everywhere,
  },
  {
    name: 'success',
    signature: 'success()',
    doc: 'True when everything that the task depends on has succeeded and the run is not ending: false when a task before it failed, was skipped or was cancelled, or when a failure elsewhere stops the run.',
    example: 'success()',
    minArgs: 0,
    maxArgs: 0,
    places: conditions,
  },
  {
    name: 'failure',
    signature: 'failure()',
    doc: 'True when something that the task depends on has failed.',
    example: 'failure()',
    minArgs: 0,
    maxArgs: 0,
    places: conditions,
  },
  {
    name: 'cancelled',
    signature: 'cancelled()',
    doc: 'True when the run was cancelled.',
    example: 'cancelled()',
    minArgs: 0,
    maxArgs: 0,
    places: conditions,
  },
  {
    name: 'always',
    signature: 'always()',
    doc: 'True, whatever happened before.',
    example: 'always()',
    minArgs: 0,
    maxArgs: 0,
    places: conditions,
  },
];

const byName = new Map(FUNCTIONS.map((info) => [info.name, info]));

export function functionOf(name: string): FunctionInfo | undefined {
  return byName.get(name);
}

export const STATUS_FUNCTIONS: ReadonlySet<string> = new Set(['success', 'failure', 'cancelled', 'always']);
