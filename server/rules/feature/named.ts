/** What the feature rules share: where a definition names features, and what is said when there are none of that name. */
import type { FeaturesDefinition } from '../../model/analyze.js';
import type { Located } from '../../model/definition.js';
import { catalogOf } from '../../model/feature-catalog.js';
import type { FeatureCatalog } from '../../model/feature-catalog.js';
import { featureUsesOf } from '../../model/feature-uses.js';
import type { FeatureUse } from '../../model/feature-uses.js';
import type { FeatureReference } from '../../model/features.js';
import { alternatives, didYouMean, similar } from '../../model/names.js';
import type { Span } from '../../syntax/tree.js';
import { renames } from '../edits.js';
import type { Related, RuleContext } from '../rule.js';

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

/**
 * Reports that nothing has a name, with the names that may have been meant.
 *
 * @param thing with its article and, behind it, where it should be: `There is no <thing> "x"<where>.`
 */
export function reportUnknown(
  context: RuleContext,
  name: Located<string>,
  names: readonly string[],
  said: { readonly thing: string; readonly where: string; readonly related?: readonly Related[] },
): void {
  const candidates = similar(name.value, names);
  const help =
    candidates.length > 0
      ? didYouMean(candidates)
      : names.length > 0
        ? ` Expected one of ${alternatives(names)}.`
        : '';
  context.report({
    span: name.span,
    message: `There is no ${said.thing} "${name.value}"${said.where}.${help}`,
    related: said.related ?? [],
    fixes: renames(context, bare(context, name), candidates),
  });
}

/** The name without its quotes, so that a fix keeps them. */
export function bare({ definition }: RuleContext, { value, span }: Located<string>): Span {
  const { text } = definition.tree;
  const start = text.startsWith(value, span.start + 1) && /['"]/.test(text.charAt(span.start)) ? 1 : 0;
  return start === 0 ? span : { start: span.start + 1, end: span.start + 1 + value.length };
}
