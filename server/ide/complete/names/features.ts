/** Names of entities, views, features, services and owners, with what is known of them. */
import { featureUsesOf } from '../../../definition/mentions/features.js';
import type { FeatureReference, FeatureView } from '../../../definition/features.js';
import {
  catalog,
  entitySummary,
  featureSummary,
  ownerSummary,
  serviceSummary,
  viewSummary,
} from '../../hover/features.js';
import { shortValue } from '../../hover/markdown.js';
import { type Name, unique } from './name.js';
import type { Slot } from '../slot.js';
import type { IdeContext } from '../../types.js';

export type FeatureTarget = 'entity' | 'view' | 'feature' | 'feature-service' | 'owner';

/** Documentation costs; a list longer than this is not read but typed into. */
const DOCUMENTED = 200;

export function featureNames(context: IdeContext, slot: Slot, target: FeatureTarget): Name[] {
  const known = catalog(context);
  const first = <T>(map: ReadonlyMap<string, readonly { readonly item: T }[]>): T[] =>
    [...map.values()].flatMap((defined) => defined.slice(0, 1).map(({ item }) => item));
  switch (target) {
    case 'entity':
      return first(known.entities).map((entity) => ({
        name: entity.name,
        detail: entity.keys.map(({ value }) => value).join(', '),
        documentation: entitySummary(context, entity),
      }));
    case 'view':
      return viewNames(context, first(known.views), listedIn(context, slot));
    case 'feature': {
      const views = first(known.views);
      const taken = listedIn(context, slot);
      // Behind `weather:` the view is said; before that its features would be in the way of other views.
      const features = featuresOf(context, views, taken);
      return slot.typed.includes(':') ? features : [...viewNames(context, views, taken), ...features];
    }
    case 'feature-service':
      return first(known.services).map((service) => ({
        name: service.name,
        detail: `${service.features.length} ${service.features.length === 1 ? 'entry' : 'entries'}`,
        documentation: serviceSummary(context, service),
      }));
    case 'owner':
      return ownerNames(context);
  }
}

function viewNames(context: IdeContext, views: readonly FeatureView[], taken: ReadonlySet<string>): Name[] {
  return views
    .filter(({ name }) => !taken.has(name))
    .map((view) => ({
      name: view.name,
      detail: `view of ${view.entities.map(({ value }) => value).join(', ') || 'no entity'}`,
      documentation: viewSummary(context, view),
    }));
}

function featuresOf(context: IdeContext, views: readonly FeatureView[], taken: ReadonlySet<string>): Name[] {
  const pairs = views.flatMap((view) => view.features.map((feature) => ({ view, feature })));
  return pairs
    .map(({ view, feature }) => ({ view, feature, name: `${view.name}:${feature.name}` }))
    .filter(({ name }) => !taken.has(name))
    .map(({ view, feature, name }) => ({
      name,
      detail: [feature.type?.value ?? '', shortValue(feature.description ?? '', 40)]
        .filter((part) => part !== '')
        .join(' · '),
      ...(pairs.length > DOCUMENTED ? {} : { documentation: featureSummary(context, view, feature) }),
    }));
}

/** What the list at the cursor has already, but for what is being written. */
function listedIn({ definition }: IdeContext, slot: Slot): ReadonlySet<string> {
  const references: readonly FeatureReference[] =
    definition.kind === 'features'
      ? (definition.features.services.find(({ name }) => name === slot.path[1])?.features ?? [])
      : definition.kind === 'pipeline'
        ? featureUsesOf(definition)
            .filter(({ task }) => task === slot.path[1])
            .flatMap((use) => [...use.features, ...use.views.map((view) => ({ span: view.span, view }))])
        : [];
  return new Set(
    references
      .filter(({ span }) => span.end < slot.word.start || span.start > slot.word.end)
      .map(({ view, feature }) => (feature === undefined ? view.value : `${view.value}:${feature.value}`)),
  );
}

/** Those that the project lists, then those that are named all the same. */
function ownerNames(context: IdeContext): Name[] {
  const files = context.project.features();
  const listed = files.flatMap(({ features }) => features.owners.map(({ value }) => value));
  const used = files.flatMap(({ features }) =>
    [...features.entities, ...features.views, ...features.services].flatMap(
      ({ owner }) => owner?.value ?? [],
    ),
  );
  return unique([...listed, ...used].map((name) => ({ name, documentation: ownerSummary(context, name) })));
}
