import type { Rule } from '../rule.js';
import { catalog, featuresOf } from './named.js';
import { reportUnknown } from '../shared/unknown.js';

export const unknownEntity: Rule = {
  id: 'feature/unknown-entity',
  severity: 'error',
  summary: 'A feature view is about an entity that no features file defines.',
  docs: `
The entity says which columns tell one row's subject from another's. Without it, labels and features can't be joined.
Entities may be defined in any \`*.features.yaml\` of the project.

**How to fix it:** Take the name that is suggested, or define the entity with its \`keys\`.
`,
  needsWholeText: true,
  good: [
    {
      files: {
        'weather.features.yaml':
          'views:\n  weather:\n    entity: station\n    source: { path: data/weather.csv, timestamp: observed_at }\n    features: { rain: double }\n',
        'entities.features.yaml': 'entities:\n  station: { keys: [station_id] }\n',
      },
    },
  ],
  bad: [
    {
      files: {
        'weather.features.yaml':
          'entities:\n  station: { keys: [station_id] }\nviews:\n  weather:\n    entity: «staton»\n    source: { path: data/weather.csv, timestamp: observed_at }\n    features: { rain: double }\n',
      },
      also: ['feature/unused'],
      messages: ['There is no entity "staton" in this project. Did you mean "station"?'],
      fixed:
        'entities:\n  station: { keys: [station_id] }\nviews:\n  weather:\n    entity: station\n    source: { path: data/weather.csv, timestamp: observed_at }\n    features: { rain: double }\n',
    },
  ],
  check(context) {
    const views = featuresOf(context)?.features.views ?? [];
    if (views.length === 0) return;
    const { entities, broken } = catalog(context);
    if (broken) return;
    for (const entity of views.flatMap((view) => view.entities)) {
      if (entity.value === '' || entities.has(entity.value)) continue;
      reportUnknown(context, entity, [...entities.keys()], {
        message: `There is no entity "${entity.value}" in this project.`,
      });
    }
  },
};
