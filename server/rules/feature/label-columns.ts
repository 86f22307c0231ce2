/** What the labels of training sets have to have: the column that is their time, and the keys of the entities. */
import type { FeatureUse } from '../../model/feature-uses.js';
import { didYouMean, similar } from '../../model/names.js';
import { mayMake, outputIndex, projectOutputs } from '../path/output-index.js';
import { normalizePath } from '../paths.js';
import type { RuleContext } from '../rule.js';
import { reportUnknown } from '../unknown.js';
import { catalog, usesOf } from './named.js';

/** Behind a message about a column of a file without any. */
export const NO_COLUMNS = ' It has none at all.';

/** A training set finds columns by their exact names, as here. */
export function checkLabels(context: RuleContext): void {
  for (const use of usesOf(context)) {
    const { labels, timestamp } = use;
    if (labels === undefined) continue;
    const columns = context.project.labelColumns?.(context.definition.path, labels.value);
    if (columns === undefined) continue;
    const names = columns.map(({ name }) => name);
    const keys = keysOf(context, use).filter(({ key }) => !names.includes(key));
    const noTime = timestamp !== undefined && !names.includes(timestamp.value);
    // What is there now is of the last run: the next one may write other columns.
    if ((keys.length === 0 && !noTime) || isMade(context, labels.value)) continue;
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

function isMade({ pipeline, project }: RuleContext, labels: string): boolean {
  const path = normalizePath(labels);
  if (path === undefined || pipeline === undefined) return true;
  return mayMake(outputIndex(pipeline), path) || mayMake(projectOutputs(project), path);
}
