/** Which keys of a task count for its fingerprint: with another value of one that counts, the task runs again. */
import type { FileKind } from '../definition.js';
import { actionSchemas } from './actions/actions.js';
import type { pipelineSchema, taskOptionSchemas } from './pipeline.js';

/** `where used`: for the tasks in whose texts its value stands. */
export type Counts = 'yes' | 'no' | 'where used';

/**
 * Every key beside the action, which always counts. What doesn't count says when, where and how often a task runs, and not
 * what comes out of it. Values of a matrix count where they are used.
 */
export const TASK_KEY_COUNTS: Readonly<Record<keyof typeof taskOptionSchemas, boolean>> = {
  description: false,
  needs: false,
  if: false,
  env: true,
  'env-file': true,
  'params-file': true,
  secrets: true,
  inputs: true,
  outputs: true,
  metrics: true,
  plots: true,
  matrix: false,
  'cell-name': false,
  'working-directory': true,
  shell: true,
  python: true,
  tracking: false,
  resources: false,
  executor: false,
  timeout: false,
  retries: false,
  'continue-on-error': false,
  cache: false,
  mutex: false,
};

/** Keys of a pipeline. */
export const PIPELINE_KEY_COUNTS: Readonly<
  Record<Exclude<keyof typeof pipelineSchema.properties, 'tasks'>, Counts>
> = {
  name: 'no',
  kind: 'no',
  description: 'no',
  params: 'where used',
  env: 'yes',
  'env-file': 'yes',
  secrets: 'yes',
  shell: 'yes',
  executor: 'no',
  python: 'where used',
  tracking: 'no',
};

/** Keys of an output: which files under which name and kind, and not how they are kept. */
export const OUTPUT_KEY_COUNTS: Readonly<
  Record<'path' | 'kind' | 'optional' | 'cache' | 'persist' | 'mlflow' | 'description', Counts>
> = {
  path: 'yes',
  kind: 'yes',
  optional: 'no',
  cache: 'no',
  persist: 'no',
  mlflow: 'yes',
  description: 'no',
};

/**
 * Whether another value of a key makes tasks run again. `undefined` where that is not asked: in other files, and below keys
 * that count as a whole.
 *
 * @param path keys from the root of the file; any name for those of tasks and outputs
 */
export function countsAt(kind: FileKind | 'params', path: readonly (string | number)[]): Counts | undefined {
  if (kind !== 'pipeline') return undefined;
  const [top, task, key, output, setting] = path;
  if (path.length === 1) return lookUp(PIPELINE_KEY_COUNTS, top);
  if (top !== 'tasks' || task === undefined) return undefined;
  if (path.length === 3) {
    if (key === 'matrix') return 'where used';
    const option = lookUp(TASK_KEY_COUNTS, key);
    if (option !== undefined) return option ? 'yes' : 'no';
    return lookUp(actionSchemas, key) === undefined ? undefined : 'yes';
  }
  const ofOutput = key === 'outputs' && output !== undefined && path.length === 5;
  return ofOutput ? lookUp(OUTPUT_KEY_COUNTS, setting) : undefined;
}

function lookUp<T>(table: Readonly<Record<string, T>>, key: string | number | undefined): T | undefined {
  return typeof key === 'string' && Object.hasOwn(table, key) ? table[key] : undefined;
}

/** As a sentence for people. */
export const COUNTS_WORDS: Readonly<Record<Counts, string>> = {
  yes: 'Counts for the cache: with another value the task runs again.',
  no: 'Does not count for the cache: another value makes nothing run again.',
  'where used': 'Counts for the cache where its value is used.',
};
