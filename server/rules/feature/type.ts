import { featureTypeOf, fitsType } from '../../definition/known/feature-facts.js';
import { sameColumn } from '../../definition/text/sql-words.js';
import { replacement } from '../shared/edits.js';
import type { Rule } from '../rule.js';
import { featuresOf } from './named.js';

const FACTS = {
  weather: {
    result: [
      { name: 'station_id', type: 'VARCHAR' },
      { name: 'observed_at', type: 'TIMESTAMP' },
      { name: 'rain', type: 'DOUBLE' },
    ],
  },
};
const text = (type: string) =>
  `entities:\n  station: { keys: [station_id] }\nviews:\n  weather:\n    entity: station\n    source: { path: data/weather.csv, timestamp: observed_at }\n    features: { rain: ${type} }\n`;

export const type: Rule = {
  id: 'feature/type',
  severity: 'error',
  summary: 'A feature is declared with another type than its column has.',
  docs: `
Values become what is declared where nothing is lost by it: whole numbers of any size fit \`integer\` and \`long\`, numbers of
every kind fit \`float\` and \`double\`, everything can be written as a \`string\`, and text is read as what it is to be. The
rest is refused when the view is materialized, and reported here before that.

Nothing is said where the data can't be read.

**How to fix it:** Declare the type that the column has, or let a \`transform\` cast it (\`rain::DOUBLE as rain\`).
`,
  needsWholeText: true,
  good: [{ files: { 'weather.features.yaml': text('float') }, facts: FACTS }],
  bad: [
    {
      files: { 'weather.features.yaml': text('«integer»') },
      facts: FACTS,
      messages: ['"rain" is declared as integer, and its column is DOUBLE.'],
      fixed: text('double'),
    },
  ],
  check(context) {
    for (const view of featuresOf(context)?.features.views ?? []) {
      const columns = context.project.viewFacts?.(context.definition.path, view)?.result ?? [];
      for (const { name, type: declared } of view.features) {
        const actual = columns.find((column) => sameColumn(column.name, name))?.type;
        if (declared === undefined || actual === undefined || fitsType(declared.value, actual)) continue;
        const best = featureTypeOf(actual);
        context.report({
          span: declared.span,
          message: `"${name}" is declared as ${declared.value}, and its column is ${actual}.`,
          fixes:
            best === undefined
              ? []
              : [replacement(context, `Change to "${best}"`, declared.span, best, false)],
        });
      }
    }
  },
};
