import type { Located } from '../../definition/definition.js';
import type { FeatureCatalog } from '../../definition/known/feature-catalog.js';
import { renames } from '../shared/edits.js';
import type { Rule, RuleContext } from '../rule.js';
import { catalog, referencesOf, usesOf } from './named.js';
import { reportUnknown } from '../shared/unknown.js';

const WEATHER =
  'entities:\n  station: { keys: [station_id] }\nviews:\n  weather:\n    entity: station\n    source: { path: data/weather.csv, timestamp: observed_at }\n    features: { rain: double }\n';

export const unknownView: Rule = {
  id: 'feature/unknown-view',
  severity: 'error',
  summary:
    'A service, a training set or a `materialize` task names a feature view that no features file defines.',
  docs: `
Feature views may be defined in any \`*.features.yaml\` of the project. In lists of features, what stands before the colon is
the view (\`weather:rain_7d\`), and a name without a colon is a whole view.

Nothing is said where the name is an expression.

**How to fix it:** Take the name that is suggested, or define the view.
`,
  needsWholeText: true,
  good: [
    {
      files: {
        'train.pipeline.yaml':
          'tasks:\n  compute:\n    materialize: [weather]\n  join:\n    training-set: { labels: data/labels.csv, features: [weather], output: data/training.csv }\n',
        'weather.features.yaml': WEATHER,
      },
    },
  ],
  bad: [
    {
      files: {
        'train.pipeline.yaml': 'tasks:\n  compute:\n    materialize: [«wether»]\n',
        'weather.features.yaml': WEATHER,
      },
      also: ['feature/unused'],
      messages: ['There is no feature view "wether" in this project. Did you mean "weather"?'],
      fixed: 'tasks:\n  compute:\n    materialize: [weather]\n',
    },
    {
      files: { 'weather.features.yaml': `${WEATHER}services:\n  rain-v1: [«rain»]\n` },
      also: ['feature/unused'],
      messages: [
        'There is no feature view "rain" in this project. Features are named as `view:feature`: did you mean "weather:rain"?',
      ],
      fixed: `${WEATHER}services:\n  rain-v1: [weather:rain]\n`,
    },
  ],
  check(context) {
    const references = referencesOf(context);
    const materialized = usesOf(context).flatMap((use) => use.views);
    if (references.length + materialized.length === 0) return;
    const known = catalog(context);
    if (known.broken) return;
    const unknown = (name: Located<string>) => name.value !== '' && !known.views.has(name.value);
    for (const view of materialized) if (unknown(view)) report(context, known, view);
    for (const { view, feature } of references) {
      if (!unknown(view)) continue;
      if (feature !== undefined || !reportFeature(context, known, view)) report(context, known, view);
    }
  },
};

function report(context: RuleContext, known: FeatureCatalog, view: Located<string>): void {
  reportUnknown(context, view, [...known.views.keys()], {
    message: `There is no feature view "${view.value}" in this project.`,
  });
}

/** A feature that was named without its view. */
function reportFeature(context: RuleContext, known: FeatureCatalog, name: Located<string>): boolean {
  const candidates = [...known.views.values()].flatMap(([first]) =>
    first?.item.features.some((feature) => feature.name === name.value) === true
      ? [`${first.item.name}:${name.value}`]
      : [],
  );
  const [best] = candidates;
  if (best === undefined) return false;
  context.report({
    span: name.span,
    message: `There is no feature view "${name.value}" in this project. Features are named as \`view:feature\`: did you mean "${best}"?`,
    fixes: renames(context, name.span, candidates.slice(0, 3)),
  });
  return true;
}
