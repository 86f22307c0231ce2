import type { Rule } from '../rule.js';
import { catalog, usesOf } from './named.js';
import { reportUnknown } from '../shared/unknown.js';

const SERVICE =
  'entities:\n  station: { keys: [station_id] }\nviews:\n  weather:\n    entity: station\n    source: { path: data/weather.csv, timestamp: observed_at }\n    features: { rain: double }\nservices:\n  rain-v1: [weather]\n';

export const unknownService: Rule = {
  id: 'feature/unknown-service',
  severity: 'error',
  summary: 'A training set or a package names a feature service that no features file defines.',
  docs: `
A feature service says which features go to one model. It may be defined in any \`*.features.yaml\` of the project.

Nothing is said where the name is an expression.

**How to fix it:** Take the name that is suggested, or define the service under \`services\`.
`,
  needsWholeText: true,
  good: [
    {
      files: {
        'train.pipeline.yaml':
          'tasks:\n  join:\n    training-set: { labels: data/labels.csv, service: rain-v1, output: data/training.csv }\n',
        'weather.features.yaml': SERVICE,
      },
    },
  ],
  bad: [
    {
      files: {
        'train.pipeline.yaml':
          'tasks:\n  join:\n    training-set: { labels: data/labels.csv, service: «rain-v2», output: data/training.csv }\n',
        'weather.features.yaml': SERVICE,
      },
      also: ['feature/unused'],
      messages: ['There is no feature service "rain-v2" in this project. Did you mean "rain-v1"?'],
      fixed:
        'tasks:\n  join:\n    training-set: { labels: data/labels.csv, service: rain-v1, output: data/training.csv }\n',
    },
  ],
  check(context) {
    const services = usesOf(context).flatMap((use) => use.service ?? []);
    if (services.length === 0) return;
    const known = catalog(context);
    if (known.broken) return;
    for (const service of services) {
      if (known.services.has(service.value)) continue;
      reportUnknown(context, service, [...known.services.keys()], {
        message: `There is no feature service "${service.value}" in this project.`,
      });
    }
  },
};
