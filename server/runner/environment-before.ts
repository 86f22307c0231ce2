/** Which environment a task is about that names none itself. */
import type { Instance } from '../model/graph.js';
import { environmentsOf, ownEnvironment, statedEnvironment } from '../model/task-environment.js';
import type { Lookup } from '../model/values.js';
import type { Session } from './session.js';
import { ancestorsOf } from './upstream.js';

/** That of the last task before it that has one, else the only one of its pipeline. */
export function environmentBefore(session: Session, instance: Instance): Lookup {
  const { pipeline } = session;
  const before = ancestorsOf(session, instance.id).findLast(({ task }) => ownEnvironment(task) !== undefined);
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
