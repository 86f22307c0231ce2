/** What lineage is told of a project's releases, services and features. */
import { FeatureLineage } from '../features/lineage.js';
import type { LineageSources } from '../stores/lineage/sources.js';
import { listServices } from './services/read.js';
import { allReleases } from './releases/releases.js';

/** @param root absolute, of the project. Nothing is read yet; what never changes is read once. */
export function lineageSources(root: string): LineageSources {
  const features = new FeatureLineage(root);
  return {
    releases: () => allReleases(root),
    services: () =>
      listServices(root).services.map(({ name, environment, current, candidate }) => ({
        name,
        environment,
        releases: [current, candidate].flatMap((running) => running?.id ?? []),
      })),
    features: () => features.now(),
  };
}
