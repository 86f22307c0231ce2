/** What a project's files define of features, for the pipelines that need it; nobody else pays for reading them. */
import type { Pipeline } from '../model/definition.js';
import type { Features } from '../model/features.js';

/** @param root absolute, of the project */
export async function featureFilesFor(root: string, pipeline: Pipeline): Promise<readonly Features[]> {
  if (!pipeline.tasks.some(({ action }) => action?.kind === 'materialize')) return [];
  const { Project } = await import('../project/project.js');
  return Project.open(root)
    .definitions()
    .flatMap((definition) => (definition.kind === 'features' ? [definition.features] : []));
}

/** Where views take their data from, by name. */
export function viewSources(files: readonly Features[]): ReadonlyMap<string, string> {
  return new Map(
    files.flatMap(({ views }) =>
      views.flatMap(({ name, source }): [string, string][] =>
        source?.path === undefined ? [] : [[name, source.path.value]],
      ),
    ),
  );
}
