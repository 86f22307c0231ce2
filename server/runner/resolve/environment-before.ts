/** Which environment a task is about that names none itself. */
import type { Pipeline } from '../../definition/definition.js';
import type { Graph, Instance } from '../../definition/graph/graph.js';
import {
  environmentsOf,
  ownEnvironment,
  statedEnvironment,
} from '../../definition/expressions/types/task-environment.js';
import type { Lookup } from '../../definition/expressions/values.js';
import { ancestors } from '../plan/ancestors.js';

/** What has to be known of a run. */
interface Known {
  readonly pipeline: Pipeline;
  readonly graph: Graph;
  result(instance: Instance): { readonly outputs: Readonly<Record<string, string>> } | undefined;
}

/** That of the last task before it that has one, else the only one of its pipeline. */
export function environmentBefore(session: Known, instance: Instance): Lookup {
  const { pipeline } = session;
  const before = ancestors(session.graph, instance.id).findLast(
    ({ task }) => ownEnvironment(task) !== undefined,
  );
  if (before !== undefined) {
    const stated = statedEnvironment(pipeline, before.task);
    const value = stated ?? session.result(before)?.outputs['environment'];
    return value === undefined
      ? { kind: 'unknown', why: `which environment ${before.id} is about` }
      : { kind: 'value', value };
  }
  const stated = statedEnvironment(pipeline, instance.task);
  if (stated !== undefined) return { kind: 'value', value: stated };
  const { names } = environmentsOf(pipeline);
  const which =
    names.length === 0
      ? 'no task of the pipeline names one'
      : `the pipeline is about ${names.join(' and ')}: let the task follow the \`deploy\` that is meant`;
  return { kind: 'error', message: `environment: nothing tells which one is meant; ${which}.` };
}
