import { viewNamed } from '../../definition/known/feature-catalog.js';
import type { Rule } from '../rule.js';
import { catalog, referencesOf } from './named.js';
import { reportUnknown } from '../shared/unknown.js';

const WEATHER =
  'entities:\n  station: { keys: [station_id] }\nviews:\n  weather:\n    entity: station\n    source: { path: data/weather.csv, timestamp: observed_at }\n    features: { rain_7d: double, wind: double }\n';

export const unknownFeature: Rule = {
  id: 'feature/unknown-feature',
  severity: 'error',
  summary: 'A service or a training set names a feature that its feature view does not have.',
  docs: `
\`view:feature\` is a column that the view lists under \`features\`. A column of the source that is not listed there is no
feature: nothing says what it means, and no statistics are kept of it.

**How to fix it:** Take the name that is suggested, or list the column under the \`features\` of the view.
`,
  needsWholeText: true,
  good: [
    {
      files: {
        'weather.features.yaml': `${WEATHER}services:\n  rain-v1: ["weather:rain_7d", "weather:wind"]\n`,
      },
    },
  ],
  bad: [
    {
      files: { 'weather.features.yaml': `${WEATHER}services:\n  rain-v1: ["weather:«rain_7»"]\n` },
      also: ['feature/unused'],
      messages: ['There is no feature "rain_7" in the view "weather". Did you mean "rain_7d"?'],
      fixed: `${WEATHER}services:\n  rain-v1: ["weather:rain_7d"]\n`,
    },
    {
      files: {
        'train.pipeline.yaml':
          'tasks:\n  join:\n    training-set: { labels: data/labels.csv, features: ["weather:«snow»"], output: data/training.csv }\n',
        'weather.features.yaml': WEATHER,
      },
      also: ['feature/unused'],
      messages: ['There is no feature "snow" in the view "weather". Expected one of rain_7d or wind.'],
    },
  ],
  check(context) {
    const references = referencesOf(context);
    if (references.length === 0) return;
    const known = catalog(context);
    if (known.broken) return;
    for (const { view, feature } of references) {
      const found = viewNamed(known, view.value);
      if (feature === undefined || found === undefined) continue;
      const names = found.item.features.map(({ name }) => name);
      if (names.includes(feature.value)) continue;
      reportUnknown(context, feature, names, {
        message: `There is no feature "${feature.value}" in the view "${view.value}".`,
        related: [{ path: found.definition.path, span: found.item.nameSpan, message: 'The view is here.' }],
      });
    }
  },
};
