/** A definition as the pipeline that a run of it is; of a `dvc.yaml` its stages, and those of other files that they depend on. */
import type { Definition, DvcDefinition, PipelineDefinition } from '../../definition/read/analyze.js';
import { withUpstream } from '../../definition/dialects/dvc/graph.js';
import type { StageOf } from '../../definition/dialects/dvc/graph.js';
import { addressOf, pipelineOf } from '../../definition/dialects/dvc/pipeline.js';
import type { StagePipeline, Unrunnable } from '../../definition/dialects/dvc/pipeline.js';
import type { Resolved } from '../../definition/dialects/dvc/resolve/resolve.js';
import type { Task } from '../../definition/definition.js';
import { folderOf } from '../../definition/text/paths.js';
import type { Span } from '../../syntax/tree.js';
import type { ProjectView } from '../rule.js';
import { isDvc, resolvedOf } from './resolved.js';

type View = Pick<ProjectView, 'definitions' | 'text'>;

interface Made {
  readonly resolved: readonly Resolved[];
  readonly definition: PipelineDefinition;
  readonly problems: readonly Unrunnable[];
}

// The same object as long as nothing changed: plans and graphs are kept by it.
const known = new WeakMap<DvcDefinition, Made>();

/** All `dvc.yaml` of the project, the asked one as it was asked with: that may be newer. */
export function dvcFiles(definition: DvcDefinition, project: Pick<View, 'definitions'>): DvcDefinition[] {
  const others = project
    .definitions()
    .flatMap((one) => (isDvc(one) && one.path !== definition.path ? one : []));
  return [...others, definition].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/**
 * @param root absolute; DVC tells commands where it is
 * @param all the stages of all files are wanted, and not only what those of this one depend on
 */
export function stagesOf(definition: DvcDefinition, project: View, root: string, all = false): StagePipeline {
  const files = dvcFiles(definition, project);
  const stages = files.flatMap((file) =>
    resolvedOf(file, project).stages.map((stage): StageOf => ({
      stage,
      file: file.path,
      folder: folderOf(file.path),
    })),
  );
  const wanted = withUpstream(stages, ({ file }) => all || file === definition.path);
  return pipelineOf(definition.path, wanted, root);
}

/** Not to be run: a run is told where its project is, and refuses what has errors. `undefined` for what defines no tasks. */
export function runnableOf(definition: Definition, project: View): PipelineDefinition | undefined {
  if (definition.kind === 'pipeline') return definition;
  return isDvc(definition) ? madeOf(definition, project).definition : undefined;
}

/** A task as it is written: a group of stages is one. */
export interface WrittenTask {
  /** As a run's `--to` takes it. */
  readonly name: string;
  readonly nameSpan: Span;
  readonly tasks: readonly Task[];
}

/** The tasks that a file itself defines, in the order of the text. */
export function writtenTasks(definition: Definition, project: View): readonly WrittenTask[] {
  const tasks = runnableOf(definition, project)?.pipeline.tasks ?? [];
  if (!isDvc(definition))
    return tasks.map((task) => ({ name: task.name, nameSpan: task.nameSpan, tasks: [task] }));
  const written = definition.stages.map(({ name, nameSpan }) => ({
    name: addressOf(definition.path, name),
    nameSpan,
    tasks: [] as Task[],
  }));
  const byName = new Map(written.map((one) => [one.name, one] as const));
  for (const task of tasks) {
    const { name } = task;
    let found = byName.get(name);
    for (let at = name.indexOf('@'); found === undefined && at !== -1; at = name.indexOf('@', at + 1))
      found = byName.get(name.slice(0, at));
    found?.tasks.push(task);
  }
  return written;
}

/** Why Modelyard can't run stages of a file, by the names of their tasks. */
export function unrunnable(definition: Definition, project: View): ReadonlyMap<string, string> {
  const problems = isDvc(definition) ? madeOf(definition, project).problems : [];
  return new Map(problems.map(({ name, message }) => [name, message]));
}

function madeOf(definition: DvcDefinition, project: View): Made {
  const resolved = dvcFiles(definition, project).map((file) => resolvedOf(file, project));
  const before = known.get(definition);
  if (before?.resolved.length === resolved.length && resolved.every((one, at) => before.resolved[at] === one))
    return before;
  const { pipeline, problems } = stagesOf(definition, project, '');
  const { path, tree, syntaxProblems, problems: structural } = definition;
  const base = { path, tree, syntaxProblems, problems: structural };
  const made: Made = { resolved, definition: { ...base, kind: 'pipeline', pipeline }, problems };
  known.set(definition, made);
  return made;
}
