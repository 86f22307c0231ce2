/** What the editor knows in features files, and of features in pipelines. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { completion } from '../../../server/ide/complete/completion.js';
import { hover } from '../../../server/ide/hover/hover.js';
import { documentLinks } from '../../../server/ide/navigate/links.js';
import { definitionsAt, highlightsAt, referencesAt } from '../../../server/ide/navigate/navigation.js';
import { prepareRename, rename } from '../../../server/ide/navigate/rename.js';
import { documentSymbols, workspaceSymbols } from '../../../server/ide/navigate/symbols.js';
import type { OutlineSymbol } from '../../../server/ide/types.js';
import { applied, CURSOR, type Fixture, open, place, textOf } from './fixture.js';

const FEATURES = `entities:
  station: { keys: [station_id], description: A weather station., owner: weather-team }
views:
  weather:
    entity: station
    source: { path: data/weather.csv, timestamp: observed_at, created: loaded_at }
    transform: |
      select *, avg(rain) over (order by observed_at rows 6 preceding) as rain_7d
      from source -- rain_7d
    ttl: 3d
    owner: weather-team
    features:
      rain_7d: { type: double, description: Mean of seven days (mm)., expect: { min: 0, sql: rain_7d < 500 } }
      wind: double
services:
  rain-v1:
    features: ["weather:rain_7d", 'weather:wind']
    owner: ml
owners:
  weather-team: weather@example.org
`;
const PIPELINE = `name: train
tasks:
  compute:
    materialize: [weather]
  join:
    training-set:
      labels: data/labels.csv
      service: rain-v1
      features: ["weather:rain_7d"]
      output: data/training.csv
  app:
    package: { name: app, include: [app], entrypoint: ./app, feature-service: rain-v1 }
`;
const FILES = { 'w.features.yaml': FEATURES, 't.pipeline.yaml': PIPELINE };

/** The project with the cursor inside the `nth` occurrence of a text of one of its files. */
function at(text: string, nth = 1, path: keyof typeof FILES = 'w.features.yaml'): Fixture {
  const source = FILES[path];
  let found = -1;
  for (let count = 0; count < nth; count++) found = source.indexOf(text, found + 1);
  assert.notEqual(found, -1, text);
  const marked = `${source.slice(0, found + 1)}${CURSOR}${source.slice(found + 1)}`;
  return open({
    [path]: marked,
    ...Object.fromEntries(Object.entries(FILES).filter(([name]) => name !== path)),
  });
}

test('definitions, from services, tasks and views', () => {
  const check = (fixture: Fixture, expected: string): void => {
    const [target, ...more] = definitionsAt(fixture.context, fixture.offset);
    assert.ok(target !== undefined && more.length === 0, expected);
    assert.equal(place(fixture, target.path, target.span), expected);
  };
  check(at('station\n'), 'w.features.yaml:2 «station»');
  check(at('weather:rain_7d'), 'w.features.yaml:4 «weather»');
  check(at('rain_7d", '), 'w.features.yaml:13 «rain_7d»');
  check(at('weather-team\n', 1), 'w.features.yaml:20 «weather-team»');
  check(at('weather]', 1, 't.pipeline.yaml'), 'w.features.yaml:4 «weather»');
  check(at('rain-v1\n', 1, 't.pipeline.yaml'), 'w.features.yaml:16 «rain-v1»');
  check(at('rain-v1 }', 1, 't.pipeline.yaml'), 'w.features.yaml:16 «rain-v1»');
  check(at('rain_7d"', 1, 't.pipeline.yaml'), 'w.features.yaml:13 «rain_7d»');
});

test('references and highlights', () => {
  const places = (fixture: Fixture): string[] =>
    referencesAt(fixture.context, fixture.offset).map(({ path, span }) => place(fixture, path, span));
  assert.deepEqual(places(at('rain_7d: {')), [
    'w.features.yaml:13 «rain_7d»',
    'w.features.yaml:17 «rain_7d»',
    't.pipeline.yaml:9 «rain_7d»',
  ]);
  assert.deepEqual(places(at('rain-v1:')), [
    'w.features.yaml:16 «rain-v1»',
    't.pipeline.yaml:8 «rain-v1»',
    't.pipeline.yaml:12 «rain-v1»',
  ]);
  const view = at('weather]', 1, 't.pipeline.yaml');
  assert.deepEqual(
    highlightsAt(view.context, view.offset).map(({ kind }) => kind),
    ['read', 'read'],
  );
  assert.equal(places(at('weather-team', 1)).length, 3);
});

function renamed(fixture: Fixture, newName: string, path = fixture.context.definition.path): string {
  const target = prepareRename(fixture.context, fixture.offset);
  assert.ok(target.ok, target.ok ? '' : target.message);
  const result = rename(fixture.context, fixture.offset, newName);
  assert.ok(result.ok, result.ok ? '' : result.message);
  return applied(fixture, result.edits, path);
}

test('rename reaches every file', () => {
  const service = at('rain-v1:');
  assert.equal(renamed(service, 'wet'), FEATURES.replace('rain-v1', 'wet'));
  assert.equal(renamed(service, 'wet', 't.pipeline.yaml'), PIPELINE.replaceAll('rain-v1', 'wet'));
  const view = at('weather]', 1, 't.pipeline.yaml');
  assert.equal(renamed(view, 'sky'), PIPELINE.replaceAll(/weather(?=[\]:])/g, 'sky'));
  assert.equal(
    renamed(view, 'sky', 'w.features.yaml'),
    FEATURES.replaceAll(/weather(?=:(?! weather))/g, 'sky'),
  );
  assert.equal(renamed(at('station:'), 'place'), FEATURES.replaceAll(/station(?=[:\n])/g, 'place'));
  assert.equal(renamed(at('weather-team:'), 'sky'), FEATURES.replaceAll('weather-team', 'sky'));
});

test('rename of a feature renames the column that the query makes', () => {
  const feature = at('rain_7d: {');
  assert.equal(
    renamed(feature, 'rain_week'),
    FEATURES.replaceAll('rain_7d', 'rain_week').replace('-- rain_week', '-- rain_7d'),
  );
  assert.equal(renamed(feature, 'rain_week', 't.pipeline.yaml'), PIPELINE.replace('rain_7d', 'rain_week'));
  const mapped = at('wind: double');
  assert.equal(
    renamed(mapped, 'gust'),
    FEATURES.replace(/wind(?=[:'])/g, 'gust')
      .replace('weather:wind', 'weather:gust')
      .replace('loaded_at }', 'loaded_at, field-mapping: { wind: gust } }'),
  );
});

test('rename of a column in queries over queries', () => {
  const view = (source: string, transform: string, name: string): string =>
    `views:\n  v:\n    source:\n${source}    transform: ${transform}\n    features: { ${name}: double }\n`;
  const check = (source: string, transform: string, expectedSource: string, expected: string): void => {
    const fixture = open({ 'v.features.yaml': view(source, transform, '¦a') });
    assert.equal(renamed(fixture, 'b'), view(expectedSource, expected, 'b'));
  };
  const file = '      path: x.csv\n      timestamp: t\n';
  check(
    file,
    '["select x as a from source", "select a, a.a, a(1) from source"]',
    file,
    '["select x as b from source", "select b, b.b, a(1) from source"]',
  );
  check(file, "'select sum(a) as a, ''a'' from source'", file, "'select sum(a) as b, ''a'' from source'");
  check(
    `${file}      field-mapping: { raw: a }\n`,
    '"select a from source"',
    `${file}      field-mapping: { raw: b }\n`,
    '"select b from source"',
  );
  check(file, 'select "a" from source', `${file}      field-mapping: { a: b }\n`, 'select "b" from source');
});

test('rename refuses', () => {
  const refuse = (fixture: Fixture, newName: string, pattern: RegExp): void => {
    const result = rename(fixture.context, fixture.offset, newName);
    assert.ok(!result.ok, newName);
    assert.match(result.message, pattern);
  };
  refuse(at('rain_7d: {'), 'wind', /already is a feature of the view "weather" called "wind"/);
  refuse(at('rain_7d: {'), 'a-b', /can't be the name of a feature: it is a column/);
  refuse(at('weather:\n'), 'a b', /can't be the name of a feature view/);
});

test('hover', () => {
  const check = (fixture: Fixture, patterns: readonly RegExp[]): void => {
    const found = hover(fixture.context, fixture.offset);
    for (const pattern of patterns) assert.match(found?.markdown ?? '', pattern);
  };
  check(at('rain_7d", '), [
    /\*\*weather:rain\\_7d\*\* · feature · double/,
    /Mean of seven days/,
    /ttl 3d/,
    /owner weather\\-team/,
    /in `rain-v1`, used by `train › join`/,
  ]);
  check(at('weather:\n'), [
    /feature view/,
    /about `station`/,
    /from `data\/weather.csv`/,
    /created `loaded_at`/,
  ]);
  check(at('station\n'), [/entity/, /A weather station/, /keys `station_id`/, /views `weather`/]);
  check(at('rain-v1\n', 1, 't.pipeline.yaml'), [
    /feature service/,
    /\| `weather:wind` \| double \|/,
    /owner ml/,
  ]);
  check(at('weather-team:'), [/owner/, /weather@example\.org/, /answers for `station`, `weather`/]);
  const told = FEATURES.replace(
    'weather-team: weather@example.org',
    'weather-team: { name: The weather team, email: w@example.org, description: All that falls. }',
  );
  const tags = 'tags: { domain: sky }, owner: weather-team }';
  const pointed = (word: string): Fixture =>
    open({
      'w.features.yaml': told.replace('owner: weather-team }', tags).replace(word, `${CURSOR}${word}`),
    });
  check(pointed('weather-team: {'), [/\*\*The weather team\*\* · owner/, /All that falls/, /w@example\.org/]);
  check(pointed('station: {'), [/tags `domain: sky`/]);
  check(at('ttl'), [/used for so long/]);
});

/** Labels offered at the cursor of a features file, all of them or at least these. */
function offers(
  text: string,
  expected: readonly string[],
  mode: '=' | '+' = '=',
  path = 'x.features.yaml',
): void {
  const fixture = open({ [path]: text, ...FILES });
  const labels = completion(fixture.context, fixture.offset).items.map(({ label }) => label);
  if (mode === '=') assert.deepEqual(labels.toSorted(), expected.toSorted(), text);
  else
    for (const label of expected)
      assert.ok(labels.includes(label), `${text}: ${label} in ${labels.join(' ')}`);
}

test('completion of names', () => {
  offers('views:\n  v:\n    entity: ¦\n', ['station']);
  offers('views:\n  v:\n    entities: [¦]\n', ['station']);
  offers('views:\n  v:\n    owner: ¦\n', ['weather-team', 'ml']);
  offers('services:\n  s: [¦]\n', ['weather', 'weather:rain_7d', 'weather:wind']);
  offers('services:\n  s: ["weather:¦"]\n', ['weather:rain_7d', 'weather:wind'], '+');
  offers('services:\n  s:\n    features:\n      - weather:¦\n', ['weather:rain_7d', 'weather:wind'], '+');
  offers('services:\n  s:\n    features:\n      - weather:wind\n      - ¦\n', ['weather', 'weather:rain_7d']);
  const pipeline = (text: string): string => `tasks:\n  t:\n    ${text}\n`;
  offers(pipeline('materialize: ¦'), ['weather', '${{ }}'], '=', 'x.pipeline.yaml');
  offers(pipeline('training-set: { service: ¦ }'), ['rain-v1', '${{ }}'], '=', 'x.pipeline.yaml');
  offers(pipeline('training-set: { features: [weather:w¦] }'), ['weather:wind'], '+', 'x.pipeline.yaml');
  offers(pipeline('package: { feature-service: ¦ }'), ['rain-v1'], '+', 'x.pipeline.yaml');
});

test('completion of whole definitions', () => {
  offers('¦', ['entities', 'views', 'services', 'features: entity, view and service'], '+');
  offers('entities:\n  ¦\n', ['entity']);
  offers('views:\n  ¦\n', ['view', 'view: window over time', 'view: append']);
  offers('services:\n  ¦\n', ['service']);
  offers('views:\n  v:\n    ¦\n', ['entity', 'source', 'transform', 'ttl', 'features'], '+');
});

test('outline and symbols of the workspace', () => {
  const fixture = at('station');
  const shown = (symbols: readonly OutlineSymbol[], depth = 0): string[] =>
    symbols.flatMap((symbol) => [
      `${' '.repeat(depth)}${symbol.kind} ${symbol.name}${symbol.detail === undefined ? '' : ` (${symbol.detail})`}`,
      ...shown(symbol.children, depth + 1),
    ]);
  assert.deepEqual(shown(documentSymbols(fixture.context)), [
    'section entities',
    ' entity station (station_id)',
    'section views',
    ' view weather (station)',
    '  feature rain_7d (double)',
    '  feature wind (double)',
    'section services',
    ' feature-service rain-v1 (weather:rain_7d, weather:wind)',
    'section owners',
    ' owner weather-team',
  ]);
  assert.deepEqual(
    workspaceSymbols(fixture.context.project, 'rain').map(({ kind, name }) => `${kind} ${name}`),
    ['feature rain_7d', 'feature-service rain-v1', 'pipeline train'],
  );
});

test('links on sources', () => {
  const fixture = open({ 'w.features.yaml': FEATURES }, { disk: ['data/weather.csv'] });
  assert.deepEqual(
    documentLinks(fixture.context).map(({ span, path }) => [
      textOf(fixture, 'w.features.yaml').slice(span.start, span.end),
      path,
    ]),
    [['data/weather.csv', 'data/weather.csv']],
  );
});
