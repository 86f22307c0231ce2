/** What the language server finds out about the data of feature views, with a real engine. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import test from 'node:test';
import type { CompletionList, Diagnostic, Hover, MarkupContent } from 'vscode-languageserver/node';
import { Project } from '../../../server/project/project.js';
import { materialize } from '../../../server/features/views/materialize.js';
import type {
  Answer,
  FeaturesResult,
  RowsPage,
  VersionsDrift,
  ViewProfile,
} from '../../../server/protocol/index.js';
import { HashIndex } from '../../../server/stores/content/hash-index.js';
import { layoutOf } from '../../../server/stores/layout.js';
import { builtBundle, position, positionOf, textAt, until, uri } from '../../support/lsp-client.js';
import type { ClientOptions } from '../../support/lsp-client.js';
import { client, folder, type TestLike } from '../fixture.js';

const DATA = [
  'station_id,observed_at,rain,sky',
  ...Array.from(
    { length: 40 },
    (_, day) =>
      `s${day % 2},2024-01-${String((day >> 1) + 1).padStart(2, '0')},${day / 2},${day % 3 === 0 ? 'sun' : 'rain'}`,
  ),
].join('\n');
const FEATURES = `entities:
  station: { keys: [station_id] }
views:
  weather:
    entity: station
    source: { path: data/weather.csv, timestamp: observed_at }
    transform: |
      select *,
        rain > 5 as wet
      from source
    ttl: 3d
    features:
      rain: { type: double, description: Rain of the day (mm)., expect: { max: 100 } }
      wet: boolean
      sky: string
services:
  rain-v1: [weather]
`;
const PIPELINE =
  'name: train\ntasks:\n  join:\n    training-set: { labels: data/l.csv, service: rain-v1, output: t.csv }\n';

async function started(t: TestLike, options: Partial<ClientOptions> = {}) {
  const root = folder(t, {
    'modelyard.yaml': 'name: rain\n',
    'weather.features.yaml': FEATURES,
    'train.pipeline.yaml': PIPELINE,
    'data/weather.csv': `${DATA}\n`,
  });
  await builtBundle('features.js');
  const lsp = await client(t, root, { initializationOptions: { trusted: true }, ...options });
  return { root, lsp, file: `${root}/weather.features.yaml` };
}

/** The words of a diagnostic: ours are plain text. */
function said({ message }: Diagnostic): string {
  return typeof message === 'string' ? message : message.value;
}

/** Materializes as the command line does. */
async function computed(root: string): Promise<void> {
  const files = Project.open(root)
    .view()
    .features()
    .map(({ features }) => features);
  const hashes = new HashIndex(layoutOf(root));
  const program = await builtBundle('features.js');
  const made = await materialize({ root, files, view: 'weather', hashes, engine: { program } });
  assert.ok(made.ok, made.ok ? '' : made.message);
  hashes.save();
}

test('columns, types and SQL, found out beside the typing', async (t) => {
  const { lsp, file } = await started(t);
  await lsp.open(file, FEATURES);
  const found = async (text: string, rule: string): Promise<Diagnostic> => {
    await lsp.replace(file, text);
    return until(rule, async () => (await lsp.diagnostics(file)).find(({ code }) => code === rule));
  };
  const wrong = FEATURES.replace('rain > 5', 'rian > 5');
  const sql = await found(wrong, 'feature/sql');
  assert.equal(textAt(wrong, sql.range), 'rian');
  assert.match(said(sql), /"rian" not found/);

  const column = FEATURES.replace('      sky: string', '      skye: string');
  const unknown = await found(column, 'feature/unknown-column');
  assert.equal(textAt(column, unknown.range), 'skye');
  assert.match(said(unknown), /what the transform of "weather" gives\. Did you mean "sky"\?/);

  const typed = FEATURES.replace('wet: boolean', 'wet: double');
  const type = await found(typed, 'feature/type');
  assert.equal(said(type), '"wet" is declared as double, and its column is BOOLEAN.');

  const refused = FEATURES.replace('from source', "from read_csv('/etc/passwd')");
  assert.match(said(await found(refused, 'feature/sql')), /read_csv/);

  await lsp.replace(file, FEATURES);
  await until('silence', async () =>
    (await lsp.diagnostics(file)).every(({ code }) => !String(code).startsWith('feature/')),
  );
  const complete = async (marked: string): Promise<string[]> => {
    const offset = marked.indexOf('¦');
    await lsp.replace(file, marked.replace('¦', ''));
    const list = await lsp.ask<CompletionList>('completion', file, position(marked.replace('¦', ''), offset));
    return list.items.map(({ label, detail }) => `${label} ${detail ?? ''}`);
  };
  const timestamps = await complete(FEATURES.replace('timestamp: observed_at', 'timestamp: ¦'));
  assert.ok(timestamps.includes('observed_at DATE'), timestamps.join(', '));
  const inSql = await complete(FEATURES.replace('rain > 5', 'ra¦ > 5'));
  assert.ok(inSql.includes('rain DOUBLE'), inSql.join(', '));
});

test('columns of labels, by the header and by the engine', async (t) => {
  const { root, lsp } = await started(t);
  const file = `${root}/train.pipeline.yaml`;
  const text = PIPELINE.replace('data/l.csv', 'data/labels.csv, timestamp: att');
  writeFileSync(`${root}/data/labels.csv`, 'station_id,at,rained\ns1,2024-01-03,1\n');
  await lsp.open(file, text);
  await lsp.watched([{ file: `${root}/data/labels.csv`, type: 'created' }]);
  const unknown = await until('the column', async () =>
    (await lsp.diagnostics(file)).find(({ code }) => code === 'feature/unknown-column'),
  );
  assert.equal(said(unknown), 'There is no column "att" in data/labels.csv. Did you mean "at"?');
  const asked = text.replace('timestamp: att', 'timestamp: ');
  await lsp.replace(file, asked);
  const items = await until('the types', async () => {
    const at = position(asked, asked.indexOf('timestamp: ') + 11);
    const list = await lsp.ask<CompletionList>('completion', file, at);
    return list.items.some(({ detail }) => detail === 'DATE') && list.items;
  });
  assert.deepEqual(
    items.map(({ label, detail }) => `${label} ${detail ?? ''}`),
    ['station_id VARCHAR', 'at DATE', 'rained BIGINT'],
  );
});

test('without trust the header is read and no SQL is run', async (t) => {
  const { lsp, file } = await started(t, { initializationOptions: {} });
  const text = FEATURES.replace('rain > 5', 'rian > 5');
  const mapped = 'timestamp: observed_at, field-mapping: { snow: flakes }';
  await lsp.open(file, text.replace('timestamp: observed_at', mapped));
  const rules = await until('the header', async () => {
    const found = await lsp.rules(file);
    return found.includes('feature/unknown-column') && found;
  });
  assert.ok(!rules.includes('feature/sql'));
  const rows = await lsp.request<Answer>('modelyard/viewRows', {
    projectUri: uri(file),
    view: 'weather',
    offset: 0,
    limit: 1,
    filters: [],
  });
  assert.equal(rows.ok, false);
  // Trusted later, it is looked at.
  await lsp.replace(file, text);
  await lsp.notify('modelyard/trusted', {});
  await until('the engine', async () => (await lsp.rules(file)).includes('feature/sql'));
});

test('the tree, profiles, rows and drift of what was materialized', async (t) => {
  const { root, lsp, file } = await started(t);
  const projectUri = uri(root);
  const features = () => lsp.request<FeaturesResult>('modelyard/features', {});
  const before = await until('the index', async () => {
    const result = await features();
    return result.views.length > 0 && result;
  });
  assert.equal(before.views[0]?.freshness, 'never');
  assert.deepEqual(
    before.entities.map(({ name, keys }) => [name, keys]),
    [['station', ['station_id']]],
  );
  assert.deepEqual(
    before.services.map(({ name, features: listed, usedBy }) => [
      name,
      listed,
      usedBy.map((user) => `${user.kind} ${user.name}`),
    ]),
    [['rain-v1', ['weather'], ['pipeline train']]],
  );
  await computed(root);
  const [view] = await until('the version', async () => {
    const { views } = await features();
    return views[0]?.freshness === 'fresh' && views;
  });
  assert.equal(view?.current?.rows, 40);
  assert.deepEqual(
    view.features.map(({ name, nulls }) => [name, nulls]),
    [
      ['rain', 0],
      ['wet', 0],
      ['sky', 0],
    ],
  );

  await lsp.open(file, FEATURES);
  const hover = await lsp.ask<Hover>('hover', file, positionOf(FEATURES, 'rain: {', 1, 1));
  assert.match((hover.contents as MarkupContent).value, /40 rows · materialized just now/);
  const lenses = await lsp.ask<{ command: { title: string; command: string; arguments: unknown[] } }[]>(
    'codeLens',
    file,
  );
  assert.deepEqual(
    lenses.map(({ command }) => command.title),
    ['$(play) Materialize', 'Preview', 'Profile', '$(pass) fresh just now, 40 rows'],
  );
  assert.deepEqual(lenses[1]?.command.arguments, [projectUri, 'weather']);

  const ref = { projectUri, view: 'weather' };
  const profile = await lsp.request<Answer<{ profile: ViewProfile }>>('modelyard/viewProfile', ref);
  assert.ok(profile.ok);
  const rain = profile.profile.features.find(({ name }) => name === 'rain');
  assert.equal(rain?.description, 'Rain of the day (mm).');
  assert.equal(rain.numbers?.max, 19.5);
  assert.ok(rain.overTime !== undefined && profile.profile.time !== undefined);

  const rows = async (more: object): Promise<RowsPage> => {
    const answer = await lsp.request<Answer<RowsPage>>('modelyard/viewRows', {
      ...ref,
      offset: 0,
      limit: 3,
      filters: [],
      ...more,
    });
    assert.ok(answer.ok, answer.ok ? '' : answer.message);
    return answer;
  };
  const all = await rows({});
  assert.deepEqual(
    all.columns.map(({ name, role }) => `${name} ${role}`),
    ['station_id key', 'observed_at timestamp', 'rain feature', 'wet feature', 'sky feature'],
  );
  assert.deepEqual([all.total, all.rows.length], [40, 3]);
  const sorted = await rows({
    sort: { column: 'rain', descending: true },
    filters: [{ column: 'sky', text: 'su' }],
  });
  assert.deepEqual([sorted.total, sorted.rows.map((row) => row[2])], [14, [19.5, 18, 16.5]]);
  const bad = await lsp.request<Answer>('modelyard/viewRows', {
    ...ref,
    offset: 0,
    limit: 3,
    filters: [{ column: 'rain', text: '> wet' }],
  });
  assert.deepEqual(bad, { ok: false, message: '"rain" holds numbers, and "wet" is none.' });

  writeFileSync(`${root}/data/weather.csv`, `${DATA}\ns1,2024-02-01,99,sun\n`);
  await lsp.notify('workspace/didChangeWatchedFiles', {
    changes: [{ uri: uri(`${root}/data/weather.csv`), type: 2 }],
  });
  await until('stale', async () => {
    const [first] = (await features()).views;
    return first?.freshness === 'stale' && first.reason === 'data/weather.csv has changed';
  });
  await computed(root);
  await until('two versions', async () => (await features()).views[0]?.versions.length === 2);
  const drift = await lsp.request<Answer<VersionsDrift>>('modelyard/viewDrift', { ...ref, against: 1 });
  assert.ok(drift.ok);
  assert.deepEqual(
    drift.drift.map(({ name, drifted }) => [name, drifted]),
    [
      ['rain', false],
      ['wet', false],
      ['sky', false],
    ],
  );
  assert.equal(drift.reference.version.rows, 40);

  const draft = await lsp.request<Answer<{ fileName: string; text: string }>>('modelyard/draftFeatures', {
    uri: uri(`${root}/data/weather.csv`),
  });
  assert.ok(draft.ok, draft.ok ? '' : draft.message);
  assert.equal(draft.fileName, 'weather-2.features.yaml');
  assert.match(draft.text, /^views:\n {2}weather:\n/);
  assert.match(draft.text, /timestamp: observed_at\n/);
  assert.match(draft.text, /rain: \{ type: double, expect: \{ not-null: true, min: 0 \} \}/);
});
