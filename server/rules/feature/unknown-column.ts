import type { Located } from '../../definition/definition.js';
import { mappedColumns } from '../../definition/known/feature-facts.js';
import type { KnownColumn, ViewFacts } from '../../definition/known/feature-facts.js';
import type { FeatureView } from '../../definition/features.js';
import { didYouMean, similar } from '../../definition/names/names.js';
import type { Rule, RuleContext } from '../rule.js';
import { reportUnknown } from '../shared/unknown.js';
import { NO_COLUMNS, checkLabels } from './label-columns.js';
import { catalog, featuresOf } from './named.js';

const WEATHER: readonly KnownColumn[] = [
  { name: 'station_id', type: 'VARCHAR' },
  { name: 'observed_at', type: 'TIMESTAMP' },
  { name: 'rain', type: 'DOUBLE' },
];
const FACTS = { weather: { data: WEATHER, result: WEATHER } };
const text = (timestamp: string, feature: string) =>
  `entities:\n  station: { keys: [station_id] }\nviews:\n  weather:\n    entity: station\n    source: { path: data/weather.csv, timestamp: ${timestamp} }\n    features: { ${feature}: double }\n`;
const EVENINGS: readonly KnownColumn[] = [...WEATHER, { name: 'evening', type: 'TIMESTAMP' }];
const transformed = (timestamp: string) =>
  `entities:\n  station: { keys: [station_id] }\nviews:\n  weather:\n    entity: station\n    source: { path: data/weather.csv, timestamp: ${timestamp} }\n    transform: select *, observed_at + interval 18 hours as evening from source\n    features: { rain: double }\n`;

const SERVED = `${text('observed_at', 'rain_7d')}services:\n  rain-v1: [weather]\n`;
const LABELS: readonly KnownColumn[] = [{ name: 'station_id' }, { name: 'day' }, { name: 'rain' }];
const joined = (labels: string, timestamp: string) =>
  `tasks:\n  join:\n    training-set: { labels: ${labels}, timestamp: ${timestamp}, service: rain-v1, output: data/training.csv }\n`;

export const unknownColumn: Rule = {
  id: 'feature/unknown-column',
  severity: 'error',
  summary:
    'A timestamp, a key, a feature, a field mapping or a training set names a column that is not in the data.',
  docs: `
The columns are those of the source's files. With a \`transform\`, features, keys and the timestamp are taken from what the last
query gives. Columns are found by their exact names.

The labels of a training set have to have the keys of the entities whose features are joined, and the column that is named
under \`timestamp\`, written exactly so.

Nothing is said where the data can't be read: where no file is there yet, in Restricted Mode (of CSV files the header is read
all the same), and while a query is wrong, which \`feature/sql\` reports. Nor is it of labels that a task makes, because the
next run may write other columns.

**How to fix it:** Take the name that is suggested, or let the query give the column.
`,
  needsWholeText: true,
  good: [
    { files: { 'weather.features.yaml': text('observed_at', 'rain') }, facts: FACTS },
    // The query makes the timestamp.
    {
      files: { 'weather.features.yaml': transformed('evening') },
      facts: { weather: { data: WEATHER, result: EVENINGS } },
    },
    {
      files: { 'train.pipeline.yaml': joined('data/labels.csv', 'day'), 'weather.features.yaml': SERVED },
      labels: { 'data/labels.csv': { result: LABELS } },
    },
  ],
  bad: [
    {
      files: { 'weather.features.yaml': text('«observed»', 'rain') },
      facts: FACTS,
      messages: ['There is no column "observed" in data/weather.csv. Did you mean "observed_at"?'],
      fixed: text('observed_at', 'rain'),
    },
    {
      files: { 'weather.features.yaml': text('observed_at', '«Rain»') },
      facts: FACTS,
      messages: ['There is no column "Rain" in data/weather.csv. Did you mean "rain"?'],
      fixed: text('observed_at', 'rain'),
    },
    {
      files: { 'weather.features.yaml': text('observed_at', '«snow»') },
      facts: FACTS,
      messages: [
        'There is no column "snow" in data/weather.csv. Expected one of station_id, observed_at or rain.',
      ],
    },
    {
      files: { 'weather.features.yaml': transformed('«morning»') },
      facts: { weather: { data: WEATHER, result: EVENINGS } },
      messages: [
        'There is no column "morning" in what the transform of "weather" gives. Expected one of station_id, observed_at, rain or evening.',
      ],
    },
    {
      files: { 'train.pipeline.yaml': joined('data/labels.csv', '«at»'), 'weather.features.yaml': SERVED },
      labels: { 'data/labels.csv': { result: LABELS } },
      messages: ['There is no column "at" in data/labels.csv. Expected one of station_id, day or rain.'],
    },
    {
      files: { 'train.pipeline.yaml': joined('«data/labels.csv»', 'day'), 'weather.features.yaml': SERVED },
      labels: { 'data/labels.csv': { result: [{ name: 'station' }, { name: 'day' }] } },
      messages: [
        'There is no column "station_id", a key of the entity "station", in data/labels.csv. Did you mean "station"?',
      ],
    },
  ],
  check(context) {
    checkLabels(context);
    const own = featuresOf(context);
    for (const view of own?.features.views ?? []) {
      const facts = context.project.viewFacts?.(context.definition.path, view);
      if (facts !== undefined) checkView(context, view, facts);
    }
  },
};

function checkView(context: RuleContext, view: FeatureView, { data, result }: ViewFacts): void {
  const { source } = view;
  const file = source?.path?.value ?? 'the source';
  const times = [source?.timestamp, source?.created].filter((column) => column !== undefined);
  if (data !== undefined && source !== undefined) {
    for (const { from } of source.fieldMapping) missing(context, from, data, file);
    // A query may make them: then its result alone counts.
    if (view.transforms.length === 0) {
      const mapped = mappedColumns(view, data);
      for (const column of times) {
        if (!has(data, column.value)) missing(context, column, mapped, file);
      }
    }
  }
  if (result === undefined) return;
  const where = view.transforms.length === 0 ? file : `what the transform of "${view.name}" gives`;
  for (const { name, nameSpan } of view.features) {
    missing(context, { value: name, span: nameSpan }, result, where);
  }
  if (view.transforms.length > 0) {
    for (const column of times) {
      if (!has(result, nameOf(view, column.value))) missing(context, column, result, where);
    }
  }
  for (const entity of view.entities) {
    for (const key of catalog(context).entities.get(entity.value)?.[0]?.item.keys ?? []) {
      if (has(result, key.value)) continue;
      const candidates = similar(key.value, names(result));
      context.report({
        span: entity.span,
        message: `There is no column "${key.value}", a key of the entity "${entity.value}", in ${where}.${didYouMean(candidates)}`,
      });
    }
  }
}

/** The name that a column of the data has in the view. */
function nameOf(view: FeatureView, column: string): string {
  return view.source?.fieldMapping.find(({ from }) => from.value === column)?.to.value ?? column;
}

function has(columns: readonly KnownColumn[], name: string): boolean {
  return columns.some((column) => column.name === name);
}

function names(columns: readonly KnownColumn[]): string[] {
  return columns.map(({ name }) => name);
}

function missing(
  context: RuleContext,
  column: Located<string>,
  columns: readonly KnownColumn[],
  where: string,
): void {
  if (column.value === '' || has(columns, column.value)) return;
  reportUnknown(context, column, names(columns), {
    message: `There is no column "${column.value}" in ${where}.`,
    none: NO_COLUMNS,
  });
}
