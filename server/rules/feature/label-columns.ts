/** What the labels of training sets have to have: the column that is their time, and the keys of the entities. */
import type { ViewFacts } from '../../definition/known/feature-facts.js';
import { type FeatureUse, labelsOf } from '../../definition/mentions/features.js';
import { didYouMean, similar } from '../../definition/names/names.js';
import { mayMake, outputIndex, projectOutputs } from '../path/output-index.js';
import { normalizePath } from '../shared/paths.js';
import type { RuleContext } from '../rule.js';
import { reportUnknown } from '../shared/unknown.js';
import { catalog, usesOf } from './named.js';

/** Behind a message about a column of a file without any. */
export const NO_COLUMNS = ' It has none at all.';

/** A training set finds columns by their exact names, as here. */
export function checkLabels(context: RuleContext): void {
  for (const use of usesOf(context)) {
    const { labels, timestamp } = use;
    if (labels === undefined) continue;
    const names = labelFacts(context, use)?.result?.map(({ name }) => name);
    if (names === undefined) continue;
    const keys = keysOf(context, use).filter(({ key }) => !names.includes(key));
    const noTime = timestamp !== undefined && !names.includes(timestamp.value);
    for (const { key, entity } of keys) {
      const meant = didYouMean(similar(key, names));
      context.report({
        span: labels.span,
        message: `There is no column "${key}", a key of the entity "${entity}", in ${labels.value}.${meant}`,
      });
    }
    if (noTime) {
      reportUnknown(context, timestamp, names, {
        message: `There is no column "${timestamp.value}" in ${labels.value}.`,
        none: NO_COLUMNS,
      });
    }
  }
}

/** The keys by which the features are joined, of the views that are known. */
function keysOf(context: RuleContext, use: FeatureUse): { readonly key: string; readonly entity: string }[] {
  const { entities, services, views } = catalog(context);
  const service = use.service === undefined ? undefined : services.get(use.service.value)?.[0]?.item;
  const named = [...(service?.features ?? []), ...use.features].map(({ view }) => view.value);
  const wanted = new Set(
    [...new Set(named)].flatMap(
      (name) => views.get(name)?.[0]?.item.entities.map(({ value }) => value) ?? [],
    ),
  );
  return [...wanted].flatMap((entity) =>
    (entities.get(entity)?.[0]?.item.keys ?? []).map(({ value }) => ({ key: value, entity })),
  );
}

/** What is known of the labels; nothing of those that a task makes: what is there now is of the last run. */
export function labelFacts(context: RuleContext, use: FeatureUse): ViewFacts | undefined {
  const labels = labelsOf(use);
  const facts = labels && context.project.labelFacts?.(context.definition.path, labels);
  return labels === undefined || facts === undefined || isMade(context, labels.path) ? undefined : facts;
}

function isMade({ pipeline, project }: RuleContext, labels: string): boolean {
  const path = normalizePath(labels);
  if (path === undefined || pipeline === undefined) return true;
  return mayMake(outputIndex(pipeline), path) || mayMake(projectOutputs(project), path);
}
