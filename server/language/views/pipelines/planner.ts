/** The runner's plan, made in this process for views. */
import type { CancellationToken } from 'vscode-languageserver/node';
import { defined } from '../../../base/defined.js';
import type { Json, Task } from '../../../definition/definition.js';
import { similar } from '../../../definition/names/similar.js';
import type { PipelineDefinition, Project } from '../../../project/project.js';
import type { PlanResult } from '../../../protocol/index.js';
import { resolveParams } from '../../../runner/resolve/params.js';
import { planRun } from '../../../runner/plan/plan.js';
import { throwIfCancelled } from '../../guard.js';

/** Pipelines with more tasks, or paths, are not planned to fill a view: a person who wants to know asks for the plan. */
const MAX_TASKS = 500;
const MAX_PATHS = 5_000;

/** Makes a plan in this process: spawns nothing and hashes no big file. */
export type Planner = (
  project: Project,
  definition: PipelineDefinition,
  params?: Readonly<Record<string, Json>>,
  /** Default: that of this process. */
  environment?: NodeJS.ProcessEnv,
) => Promise<PlanResult>;

export const planner: Planner = async (project, { pipeline }, params, environment) => {
  const defaults: [string, Json][] = pipeline.params.flatMap(({ name, default: value }) =>
    value === undefined ? [] : [[name, value.value]],
  );
  const { tasks, estimate, problem } = await planRun(project.root, pipeline, {
    params: { ...Object.fromEntries(defaults), ...params },
    places: project.settings,
    glance: true,
    ...defined({ environment }),
  });
  return {
    pipeline: pipeline.name,
    tasks: tasks.map(({ id, decision, reasons, setsAside, tookMs }) => ({
      ...defined({ tookMs }),
      id,
      decision,
      reasons:
        setsAside === undefined
          ? reasons
          : [...reasons, `sets aside ${setsAside.join(', ')}: no run is known to have made it`],
    })),
    ...defined({ estimate, problem }),
  };
};

/** The plan for a view; nothing is known about pipelines that are too big for it. */
export const viewPlanner: Planner = (project, definition, params, environment) =>
  definition.pipeline.tasks.length > MAX_TASKS || pathsOf(definition.pipeline.tasks) > MAX_PATHS
    ? Promise.resolve({ pipeline: definition.pipeline.name, tasks: [] })
    : planner(project, definition, params, environment);

function pathsOf(tasks: readonly Task[]): number {
  return tasks.reduce((sum, { inputs, outputs }) => sum + inputs.length + outputs.length, 0);
}

/** A plan that a person asked for. */
export async function planOnce(
  project: Project,
  definition: PipelineDefinition,
  params: Readonly<Record<string, Json>>,
  environment: NodeJS.ProcessEnv,
  token: CancellationToken,
): Promise<PlanResult> {
  const { pipeline } = definition;
  try {
    const checked = Object.keys(params).length === 0 ? undefined : resolveParams(pipeline, params, similar);
    if (checked?.ok === false) {
      return { pipeline: pipeline.name, tasks: [], problem: checked.problems.join('\n') };
    }
    const plan = await planner(project, definition, checked?.values, environment);
    throwIfCancelled(token);
    return plan;
  } catch (error) {
    throwIfCancelled(token);
    const problem = error instanceof Error ? error.message : String(error);
    return { pipeline: pipeline.name, tasks: [], problem };
  }
}
