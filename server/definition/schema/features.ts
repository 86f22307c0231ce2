/** The schema of feature definition files. */
import { Type } from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import { hinted, key, oneOf, opt } from './hint.js';
import {
  anyKeyed,
  closed,
  column,
  duration,
  glob,
  listOrOne,
  named,
  prose,
  reference,
  scalar,
} from './pieces.js';
import { FEATURE_TYPES, tableOptions } from './table.js';

const tags = anyKeyed(scalar);
const owner = Type.String({ minLength: 1, 'x-modelyard': { names: 'owner', expects: 'a person or a team' } });

const entity = closed(
  {
    keys: key(Type.Array(column, { minItems: 1 }), 'The columns that together tell one from another.', [
      ['station_id'],
    ]),
    type: opt(oneOf(['string', 'integer', 'long']), 'The type of the keys.', ['string']),
    description: opt(prose, 'What it is.', ['A weather station.']),
    owner: opt(owner, 'Who answers for it.', ['weather-team']),
    tags: opt(tags, 'Tags, for filters and people.', [{ domain: 'weather' }]),
  },
  { title: 'Entity' },
);

const sourceLong = closed(
  {
    path: key(
      glob(),
      'The data: a CSV, Parquet or JSON-lines file, or a glob of them, relative to the project.',
      ['data/seattle-weather.csv', 'data/weather/*.parquet'],
    ),
    format: opt(oneOf(['csv', 'parquet', 'jsonl']), 'The format. Default: told by the extension.', ['csv']),
    // Not required here: `feature/missing-timestamp` knows better what to say.
    timestamp: opt(column, 'The column that says when the row was true.', ['observed_at']),
    created: opt(
      column,
      'The column that says when the row was loaded. With it, late data cannot leak into training.',
      ['loaded_at'],
    ),
    'field-mapping': opt(anyKeyed(Type.String()), 'New names for columns: name in the data → name here.', [
      { temp_max: 'temperature' },
    ]),
    ...tableOptions,
  },
  { title: 'Source' },
);

const severity = opt(
  oneOf(['warning', 'error']),
  'Whether a broken expectation is told, or fails.',
  ['warning'],
  {
    default: 'error',
  },
);

const featureExpectation = closed(
  {
    'not-null': opt(Type.Boolean(), 'No value is missing.', [true], { default: false }),
    unique: opt(Type.Boolean(), 'No value occurs twice.', [true], { default: false }),
    min: opt(Type.Number(), 'No value is lower.', [0]),
    max: opt(Type.Number(), 'No value is higher.', [100]),
    'one-of': opt(Type.Array(scalar), 'Every value is one of these.', [['sun', 'rain']]),
    pattern: opt(
      Type.String({ 'x-modelyard': { format: 'regex', expects: 'a regular expression' } }),
      'Every value matches this regular expression, anywhere in it.',
      ['^[A-Z]{2}$'],
    ),
    sql: opt(Type.String({ minLength: 1 }), 'A SQL predicate that holds for every row.', [
      'rain_7d <= rain_30d',
    ]),
    severity,
  },
  { title: 'Expectation of a feature' },
);

const viewExpectation = closed(
  {
    'row-count': opt(
      closed(
        {
          min: opt(Type.Integer({ minimum: 0 }), 'At least so many rows.', [1000]),
          max: opt(Type.Integer({ minimum: 0 }), 'At most so many rows.', [1_000_000]),
        },
        { title: 'Bounds' },
      ),
      'How many rows there are.',
      [{ min: 1000 }],
    ),
    freshness: opt(duration, 'The newest row is not older than this.', ['2d']),
    sql: opt(Type.String({ minLength: 1 }), 'A SQL predicate that holds for every row.', ['rain_7d >= 0']),
    severity,
  },
  { title: 'Expectation of a view' },
);

const FEATURE_TYPE_EXPECTS = 'the type of a feature';

const feature = Type.Union([
  hinted(oneOf(FEATURE_TYPES), { expects: FEATURE_TYPE_EXPECTS }),
  closed(
    {
      type: key(oneOf(FEATURE_TYPES), 'The type of its values.', ['double']),
      description: opt(prose, 'What it means, with its unit.', [
        'Mean precipitation of the last seven days (mm).',
      ]),
      tags: opt(tags, 'Tags, for filters and people.', [{ pii: false }]),
      expect: opt(featureExpectation, 'What holds for its values.', [{ 'not-null': true, min: 0 }]),
    },
    { title: 'Feature' },
  ),
]);

const view = closed(
  {
    entity: opt(reference('entity'), 'The entity its rows are about.', ['station']),
    entities: opt(listOrOne(reference('entity')), 'The entities, where there are several.', [
      ['station', 'sensor'],
    ]),
    source: key(sourceLong, 'Where its data comes from.', [
      { path: 'data/seattle-weather.csv', timestamp: 'observed_at', created: 'loaded_at' },
    ]),
    transform: opt(
      listOrOne(Type.String({ minLength: 1, 'x-modelyard': { prose: true, expects: 'a SQL query' } })),
      'A SQL query over `source`, or several, each over the one before. One SELECT each.',
      ['select *, avg(precipitation) over (order by observed_at rows 6 preceding) as rain_7d from source'],
    ),
    ttl: opt(duration, 'A value is used for so long after its timestamp. Default: for ever.', ['3d']),
    mode: opt(
      oneOf(['full', 'append']),
      '`append`: the source only grows, so only new rows are computed.',
      ['append'],
      {
        default: 'full',
      },
    ),
    features: key(
      anyKeyed(
        key(feature, 'A feature: its type, or a map with `type`, `description`, `tags`, `expect`.', [
          'double',
        ]),
      ),
      'The columns that are features.',
      [{ rain_7d: { type: 'double', description: 'Mean precipitation of the last seven days (mm).' } }],
    ),
    expect: opt(viewExpectation, 'What holds for the view as a whole.', [{ 'row-count': { min: 1000 } }]),
    online: opt(
      Type.Boolean(),
      'The latest values are kept for look-ups by a service. `false`: they are in none of the files of latest values.',
      [false],
      {
        default: true,
      },
    ),
    description: opt(prose, 'What it is about.', ['Daily weather per station.']),
    owner: opt(owner, 'Who answers for it.', ['weather-team']),
    tags: opt(tags, 'Tags, for filters and people.', [{ domain: 'weather' }]),
  },
  { title: 'Feature view' },
);

const featureList = Type.Array(reference('feature'), { minItems: 1 });

const service = Type.Union([
  featureList,
  closed(
    {
      features: key(featureList, 'Features as `view:feature`, or whole views by name.', [
        ['weather:rain_7d'],
      ]),
      description: opt(prose, 'Who uses it for what.', ['Features of the rain model.']),
      owner: opt(owner, 'Who answers for it.', ['weather-team']),
      tags: opt(tags, 'Tags, for filters and people.', [{ stage: 'production' }]),
    },
    { title: 'Feature service' },
  ),
]);

const ownerEntry = Type.Union([
  Type.String(),
  closed(
    {
      name: opt(Type.String(), 'The full name.', ['Weather team']),
      email: opt(Type.String(), 'Where to write to.', ['weather@example.org']),
      description: opt(prose, 'What they answer for.', ['Everything that falls from the sky.']),
    },
    { title: 'Owner' },
  ),
]);

export const featuresSchema = closed(
  {
    description: opt(prose, 'What the file is about, for people.', ['Features of the weather in Seattle.']),
    entities: opt(
      named(key(entity, 'An entity: what the features are about.', [{ keys: ['station_id'] }])),
      'What features are about, with the keys that tell one from another.',
      [{ station: { keys: ['station_id'] } }],
    ),
    views: opt(
      named(
        key(view, 'A feature view: a source, an optional transform and the features that come out.', [
          {
            entity: 'station',
            source: { path: 'data/weather.csv', timestamp: 'observed_at' },
            features: { rain_7d: 'double' },
          },
        ]),
      ),
      'Feature views.',
      [
        {
          weather: {
            entity: 'station',
            source: { path: 'data/weather.csv', timestamp: 'observed_at' },
            features: { rain_7d: 'double' },
          },
        },
      ],
    ),
    services: opt(
      named(key(service, 'A feature service: the features that one model needs.', [['weather:rain_7d']])),
      'Feature services: which features go together to a model.',
      [{ 'rain-v1': ['weather:rain_7d'] }],
    ),
    owners: opt(
      named(
        key(ownerEntry, 'An owner: an address, or a map with `name`, `email`, `description`.', [
          'weather@example.org',
        ]),
      ),
      'People and teams that `owner` names.',
      [{ 'weather-team': { email: 'weather@example.org' } }],
    ),
  },
  { title: 'Modelyard features', description: 'Feature definitions: entities, views and services.' },
);

/** A features file as it is written. */
export type FeaturesFile = Static<typeof featuresSchema>;
