/** What a project's files define of features, for the pipelines that need it; nobody else pays for reading them. */
import type { Pipeline } from '../model/definition.js';
import type { Features } from '../model/features.js';
import { readsViewSources } from '../model/view-sources.js';

/** @param root absolute, of the project */
export async function featureFilesFor(root: string, pipeline: Pipeline): Promise<readonly Features[]> {
  if (!readsViewSources(pipeline)) return [];
  const { Project } = await import('../project/project.js');
  return Project.open(root)
    .definitions()
    .flatMap((definition) => (definition.kind === 'features' ? [definition.features] : []));
}
