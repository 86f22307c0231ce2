/** What the tasks of pipelines make, so that it can be asked whether a path comes from one of them. */
import type { Json, Pipeline } from '../../model/definition.js';
import { graphOf } from '../context.js';
import { foldersOf, globBase, literalPrefix, normalizePath } from '../paths.js';
import type { ProjectView } from '../rule.js';

export interface OutputIndex {
  /** Paths of outputs. */
  readonly paths: ReadonlySet<string>;
  /** Folders that an output lies in. */
  readonly folders: ReadonlySet<string>;
  /** What paths begin with that are only known at run time. */
  readonly prefixes: readonly string[];
}

// A pipeline is a value: its outputs are the same as long as it lives.
const indexes = new WeakMap<Pipeline, OutputIndex>();

export function outputIndex(pipeline: Pipeline): OutputIndex {
  let index = indexes.get(pipeline);
  if (index === undefined) {
    index = build(pipeline);
    indexes.set(pipeline, index);
  }
  return index;
}

function build(pipeline: Pipeline): OutputIndex {
  const paths = new Set<string>();
  const folders = new Set<string>();
  const prefixes = new Set<string>();
  const add = (text: string) => {
    const path = normalizePath(text);
    if (path === undefined) return;
    paths.add(path);
    for (const folder of foldersOf(path)) {
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  };
  const addTrainingSet = (config: Json) => {
    const output =
      typeof config === 'object' && config !== null && 'output' in config ? config['output'] : undefined;
    if (typeof output !== 'string') return;
    if (output.includes('${{')) prefixes.add('');
    else add(output);
  };
  for (const instance of graphOf(pipeline).instances) {
    for (const output of instance.outputs) {
      if (output.glob) prefixes.add(globBase(output.path ?? ''));
      else if (output.path !== undefined) add(output.path);
      // A param can be another one in the next run, so its default says only how the path begins.
      if (output.path === undefined || output.text.template !== undefined) {
        prefixes.add(normalizePath(literalPrefix(output.text).replace(/[^/]*$/, '')) ?? '');
      }
    }
  }
  for (const task of pipeline.tasks) {
    if (task.action?.kind === 'training-set') addTrainingSet(task.action.config);
  }
  return { paths, folders, prefixes: [...prefixes] };
}

/** Whether a task may make something at the path, above it or below it. */
export function mayMake(index: OutputIndex, path: string): boolean {
  if (index.paths.has(path) || index.folders.has(path)) return true;
  for (const folder of foldersOf(path)) if (index.paths.has(folder)) return true;
  // The prefixes are whole folders: the rest of the name is the expression's.
  return index.prefixes.some(
    (prefix) =>
      prefix === '' || path === prefix || path.startsWith(`${prefix}/`) || prefix.startsWith(`${path}/`),
  );
}

/** Whether a task of another pipeline may make it; of any one where there is no `own`. */
export function madeElsewhere(project: ProjectView, own: Pipeline | undefined, path: string): boolean {
  return project
    .definitions()
    .some(
      (definition) =>
        definition.kind === 'pipeline' &&
        definition.pipeline !== own &&
        mayMake(outputIndex(definition.pipeline), path),
    );
}
