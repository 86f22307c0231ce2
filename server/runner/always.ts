/** Which tasks run each time, because nothing tells whether they are done. */
import type { ActionKind } from '../model/definition.js';
import type { Instance } from '../model/graph.js';

/** Actions without outputs that it can be told of whether they are done. */
const KNOWN_OTHERWISE: ReadonlySet<ActionKind | undefined> = new Set([
  'check',
  'register',
  'package',
  'materialize',
]);

/** Why a task runs each time; nothing when it need not. */
export function alwaysRuns({ task, outputs }: Pick<Instance, 'task' | 'outputs'>): string | undefined {
  if (!task.cache) return 'cache: false';
  const kind = task.action?.kind;
  if (kind === 'pipeline') return 'each of its tasks is looked at by itself';
  if (kind === 'deploy') return 'what is deployed is looked at in each run';
  if (kind === 'service' || kind === 'monitor') return 'what runs is looked at in each run';
  if (kind === 'approval') return 'people are asked in each run';
  if (outputs.length === 0 && !KNOWN_OTHERWISE.has(kind)) {
    return 'it has no outputs, so that nothing tells whether it is done';
  }
  return undefined;
}
