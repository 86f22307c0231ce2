/** Where versions of models are deployed, and which services serve them. */
import { listServices } from '../services/read.js';
import { allReleases, referenceOf } from './releases.js';

/** A release with a model version. */
export interface Deployment {
  readonly environment: string;
  readonly release: string;
  /** `rain-app@2` */
  readonly package: string;
  /** `rain@5` */
  readonly model: string;
  /** Names of the services that serve it or try it now. */
  readonly services: readonly string[];
}

/** Every release of a project that has a model, the newest of each environment first. */
export function deploymentsOf(root: string): readonly Deployment[] {
  const { services } = listServices(root);
  return allReleases(root).flatMap(({ id, environment, package: app, model }) =>
    model === undefined
      ? []
      : [
          {
            environment,
            release: id,
            package: referenceOf(app),
            model: referenceOf(model),
            services: services
              .filter(
                (one) =>
                  one.hosted &&
                  one.environment === environment &&
                  (one.current?.id === id || one.candidate?.id === id),
              )
              .map(({ name }) => name),
          },
        ],
  );
}

/** For each `model@version` the environments in which it is served now. */
export function servedVersions(root: string): ReadonlyMap<string, readonly string[]> {
  const served = new Map<string, Set<string>>();
  for (const { hosted, environment, current, candidate } of listServices(root).services) {
    for (const release of hosted ? [current, candidate] : []) {
      if (release?.model === undefined) continue;
      const key = referenceOf(release.model);
      served.set(key, (served.get(key) ?? new Set()).add(environment));
    }
  }
  return new Map([...served].map(([key, environments]) => [key, [...environments].sort()]));
}
