/** What the feature rules share: where a definition names features, and what there is. */
import type { FeaturesDefinition } from '../../definition/read/analyze.js';
import { catalogOf } from '../../definition/known/feature-catalog.js';
import type { FeatureCatalog } from '../../definition/known/feature-catalog.js';
import { featureUsesOf } from '../../definition/mentions/features.js';
import type { FeatureUse } from '../../definition/mentions/features.js';
import type { FeatureReference } from '../../definition/features.js';
import type { RuleContext } from '../rule.js';

export function featuresOf(context: RuleContext): FeaturesDefinition | undefined {
  return context.definition.kind === 'features' ? context.definition : undefined;
}

/** What the tasks of a pipeline use; nothing for other files, which then depend on no features file. */
export function usesOf(context: RuleContext): readonly FeatureUse[] {
  return context.definition.kind === 'pipeline' ? featureUsesOf(context.definition) : [];
}

export function catalog(context: RuleContext): FeatureCatalog {
  return catalogOf(context.project.features());
}

/** Every `view:feature` and every whole view in a list of features, wherever such a list may stand. */
export function referencesOf(context: RuleContext): readonly FeatureReference[] {
  return [
    ...(featuresOf(context)?.features.services ?? []).flatMap((service) => service.features),
    ...usesOf(context).flatMap((use) => use.features),
  ];
}
