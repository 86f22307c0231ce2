/** What a project's files define of features, for the pipelines that need it; nobody else pays for reading them. */
import { factsOf } from '../../../definition/actions.js';
import type { FeaturesDefinition } from '../../../definition/read/analyze.js';
import type { Pipeline } from '../../../definition/definition.js';

/** Whether tasks of a pipeline take from the feature store, or fill it. */
export function usesFeatures({ tasks }: Pipeline): boolean {
  return tasks.some(({ action }) => {
    const keys = action === undefined ? undefined : factsOf(action).featureKeys;
    return keys?.views !== undefined || keys?.features !== undefined;
  });
}

/**
 * Every feature file of the project as it is now, or none for pipelines that need none. A run asks once: all of its
 * tasks, and the pipelines that it calls, see the same definitions.
 * @param root absolute, of the project
 */
export async function featureFilesFor(
  root: string,
  pipelines: readonly Pipeline[],
): Promise<readonly FeaturesDefinition[]> {
  if (!pipelines.some(usesFeatures)) return [];
  const { Project } = await import('../../../project/project.js');
  return Project.open(root)
    .definitions()
    .filter((definition) => definition.kind === 'features');
}
