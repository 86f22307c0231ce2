/** Everything that the features files of a project define, by name: features may be defined and used in different files. */
import { memo } from '../../base/memo.js';
import type { FeaturesDefinition } from '../read/analyze.js';
import type { Entity, FeatureOwner, FeatureReference, FeatureService, FeatureView } from '../features.js';

/** A definition with the file it stands in. */
export interface Defined<T> {
  readonly definition: FeaturesDefinition;
  readonly item: T;
}

type ByName<T> = ReadonlyMap<string, readonly Defined<T>[]>;

export interface FeatureCatalog {
  /** More than one where names clash; the first, by path, is the one that counts. */
  readonly entities: ByName<Entity>;
  readonly views: ByName<FeatureView>;
  readonly services: ByName<FeatureService>;
  readonly owners: ByName<FeatureOwner>;
  /** A file could not be read as YAML: what seems to be missing may stand in it. */
  readonly broken: boolean;
}

/** @param files the same array gives the same catalogue */
export const catalogOf = memo((files: readonly FeaturesDefinition[]): FeatureCatalog => ({
  entities: byName(files, ({ features }) => features.entities, nameOf),
  views: byName(files, ({ features }) => features.views, nameOf),
  services: byName(files, ({ features }) => features.services, nameOf),
  owners: byName(
    files,
    ({ features }) => features.owners,
    ({ value }) => value,
  ),
  broken: files.some(({ tree }) => tree.problems.some(({ code }) => code === 'yaml')),
}));

function nameOf({ name }: { readonly name: string }): string {
  return name;
}

function byName<T>(
  files: readonly FeaturesDefinition[],
  itemsOf: (definition: FeaturesDefinition) => readonly T[],
  name: (item: T) => string,
): ByName<T> {
  const found = new Map<string, Defined<T>[]>();
  for (const definition of files) {
    for (const item of itemsOf(definition)) {
      const same = found.get(name(item));
      if (same === undefined) found.set(name(item), [{ definition, item }]);
      else same.push({ definition, item });
    }
  }
  return found;
}

export function viewNamed(catalog: FeatureCatalog, name: string): Defined<FeatureView> | undefined {
  return catalog.views.get(name)?.[0];
}

/** The features that a reference stands for: one, or all of a view. Nothing where it can't be resolved. */
export function featuresOf(
  catalog: FeatureCatalog,
  reference: FeatureReference,
): { readonly view: string; readonly feature: string }[] {
  const view = reference.view.value;
  if (reference.feature !== undefined) return [{ view, feature: reference.feature.value }];
  return (viewNamed(catalog, view)?.item.features ?? []).map(({ name }) => ({ view, feature: name }));
}
