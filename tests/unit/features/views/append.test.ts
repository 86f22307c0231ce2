/** `mode: append`: only new rows are computed, and the result is that of computing everything. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { fc } from '../../../support/generated/cases.js';
import { FeatureProject } from '../../../support/features.js';

const view = (more = '', format = 'csv'): string => `entities:
  station: { keys: [station] }
views:
  weather:
    entity: station
    mode: append
    source: { path: "data/*.${format}", timestamp: at, created: loaded }
${more}    features: { rain: double, wet: boolean, note: string }
`;

const HEAD = 'station,at,loaded,rain,wet,note\n';
const ROW_WISE =
  '    transform: select * replace (rain * 2 as rain) from source where rain is null or rain < 90\n';

test('rows that are appended, and new files, are all that is computed', async (t) => {
  const project = await FeatureProject.make(t, {
    'f.features.yaml': view(ROW_WISE),
    'data/a.csv': `${HEAD}1,2024-01-01,2024-01-02,1.5,true,a\n`,
  });
  const check = async (outcome: string, rows: number, reason?: RegExp) => {
    project.log.length = 0;
    const result = await project.computed('weather');
    assert.deepEqual([result.outcome, result.manifest.rows], [outcome, rows], project.log.join('\n'));
    if (reason !== undefined) assert.match(project.log.join('\n'), reason);
    const full = await project.computed('weather', { full: true });
    assert.equal(full.manifest.hash, result.manifest.hash, 'computing everything gives the same');
  };
  await check('computed', 1);
  project.append('data/a.csv', '1,2024-01-03,2024-01-03,2,false,b\n2,2023-01-03,2024-01-03,,,\n');
  await check('appended', 3, /2 new rows/);
  project.write({ 'data/b.csv': `${HEAD}3,2024-01-01,2024-01-02,3,true,"x, y"\n` });
  project.append('data/a.csv', '1,2024-01-04,2024-01-04,99,true,too much\n');
  await check('appended', 4);
  project.append('data/b.csv', 'x,2024-01-01,2024-01-02,3,true,\n');
  await check(
    'computed',
    5,
    /everything is computed, because station was BIGINT, and the new rows have VARCHAR/,
  );
  project.write({ 'data/a.csv': `${HEAD}1,2024-01-01,2024-01-02,7,true,a\n` });
  await check('computed', 3, /a\.csv was changed, and not only appended to/);
});

test('where new rows are not made of new rows alone, everything is computed; what changes by itself is refused', async (t) => {
  const files = { 'data/a.csv': `${HEAD}1,2024-01-01,2024-01-02,1,true,a\n` };
  const window =
    '    transform: select * replace (sum(rain) over (partition by station order by "at" desc) as rain) from source\n';
  const project = await FeatureProject.make(t, { 'f.features.yaml': view(window), ...files });
  await project.computed('weather');
  project.append('data/a.csv', '1,2024-01-03,2024-01-03,2,false,b\n');
  const result = await project.computed('weather');
  assert.equal(result.outcome, 'computed');
  assert.match(result.manifest.notes.join(), /a transform looks at other rows/);
  assert.deepEqual(
    (await project.rows(t, 'weather')).map((row) => row[3]),
    [3, 2],
  );
  const volatile = '    transform: select * replace (random() as rain) from source\n';
  project.write({ 'f.features.yaml': view(volatile) });
  assert.match(
    (await project.refused('weather')).message,
    /`mode: append` needs the same rows each time, and random/,
  );
});

/** A cell of a column of doubles, booleans or texts that may turn out to be of another type than before. */
const cells = {
  station: fc.constantFrom('1', '2', '03', 'x', '9007199254740993'),
  at: fc.constantFrom('2024-01-01', '2024-01-02 10:00:00', '2024-03-31T01:30:00+02:00', '2023-12-31'),
  loaded: fc.constantFrom('2024-02-01', '2024-02-02', '2024-02-01 00:00:01'),
  rain: fc.constantFrom('', '1', '2.5', '-3', '1e3'),
  wet: fc.constantFrom('', 'true', 'false'),
  note: fc.constantFrom('', 'a', '"b, c"', '"say ""x"""', '12', '2024-01-01', '"line\nbreak"'),
};
const row = fc.record(cells).map((one) => Object.values(one).join(','));
const simple = fc
  .record({ ...cells, station: fc.constantFrom('1', '2'), at: fc.constantFrom('2024-01-01', '2024-01-02') })
  .map((one) => Object.values(one).join(','));
const batch = fc.array(fc.oneof({ weight: 4, arbitrary: simple }, { weight: 1, arbitrary: row }), {
  minLength: 1,
  maxLength: 4,
});
const steps = fc.array(fc.record({ file: fc.constantFrom('a', 'b', 'c'), rows: batch }), {
  minLength: 2,
  maxLength: 3,
});

/** Chance alone may make new types, or new files, in each of its few tries. */
const APPENDS = [
  { file: 'a', rows: ['1,2024-01-01,2024-02-01,1.5,true,a'] },
  { file: 'a', rows: ['2,2024-01-02,2024-02-02,2.5,false,a'] },
];

test('whatever is appended, the version is that of computing everything', async (t) => {
  let appended = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const project = await FeatureProject.make(t, { 'f.features.yaml': view(ROW_WISE) });
      const files = new Map<string, string>();
      for (const { file, rows } of all) {
        const name = `data/${file}.csv`;
        files.set(name, `${files.get(name) ?? HEAD}${rows.join('\n')}\n`);
        project.write(Object.fromEntries(files));
        const result = await project.materialize('weather');
        const full = await project.materialize('weather', { full: true });
        assert.equal(result.ok, full.ok, JSON.stringify([result, full]).slice(0, 500));
        if (!result.ok || !full.ok) continue;
        if (result.outcome === 'appended') appended++;
        assert.equal(result.manifest.hash, full.manifest.hash, project.log.join('\n'));
      }
    }),
    { numRuns: 8, endOnFailure: true, examples: [[APPENDS]] },
  );
  assert.ok(appended > 0, 'nothing was ever appended');
});

test('JSON lines append, too', async (t) => {
  const line = (station: number, rain: number | null) =>
    `${JSON.stringify({ station, at: `2024-01-0${station}`, loaded: '2024-02-01', rain, wet: true, note: 'n' })}\n`;
  const project = await FeatureProject.make(t, {
    'f.features.yaml': view(ROW_WISE, 'jsonl'),
    'data/a.jsonl': line(1, 1.5),
  });
  await project.computed('weather');
  project.append('data/a.jsonl', line(2, 2.5));
  project.write({ 'data/b.jsonl': line(3, 3.5) });
  const result = await project.computed('weather');
  assert.deepEqual([result.outcome, result.manifest.rows], ['appended', 3], project.log.join('\n'));
  assert.equal((await project.computed('weather', { full: true })).manifest.hash, result.manifest.hash);
});
