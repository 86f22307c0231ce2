/** Resolving a task whose expressions may ask for artifacts of the registry, which are checked before they are used. */
import type { Instance } from '../../definition/graph/graph.js';
import { type Resolution, type ResolvedTask, resolveTask } from './resolve.js';
import type { Session } from '../session.js';

export type { ResolvedTask };

/** As `resolveTask`; what expressions want of the registry's artifacts is checked, and they are evaluated again. */
export async function resolveFully(session: Session, instance: Instance): Promise<Resolution> {
  for (;;) {
    const resolution = resolveTask(session.pipeline, instance, session.facts, session.workspace);
    if (resolution.ok || !resolution.unknown || session.models === undefined) return resolution;
    if (!(await session.models.settle())) return resolution;
  }
}
