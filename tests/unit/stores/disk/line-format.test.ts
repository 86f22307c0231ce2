import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import {
  type LineFormat,
  lastVersion,
  lineOf,
  readLine,
  refusedLines,
} from '../../../../server/stores/disk/line-format.js';
import { MetricLog, readMetricLog, refusedMetrics } from '../../../../server/stores/runs/metric-log.js';
import { RunIndex } from '../../../../server/stores/runs/index/index.js';
import { RunStore, newRunId } from '../../../../server/stores/runs/runs.js';
import { TASKS, ended, header, newRunDocument, tempFolder } from '../support.js';

/** Version 1 had `name`, 2 calls it `id`, 3 adds `size`. Nothing makes 4 of it. */
const FORMAT: LineFormat = {
  name: 'the things',
  version: 3,
  migrations: {
    1: ({ name, ...rest }) => ({ ...rest, id: name }),
    2: (old) => ({ ...old, size: 0 }),
  },
};

test('lines say their version, and older ones are migrated step by step', () => {
  for (const [text, expected] of [
    ['{"name":"a"}', { id: 'a', size: 0 }],
    ['{"v":1,"name":"a","x":1}', { x: 1, id: 'a', size: 0 }],
    ['{"v":2,"id":"a"}', { id: 'a', size: 0 }],
    ['{"id":"a","v":3,"size":7}', { id: 'a', size: 7 }],
  ] as const) {
    const read = readLine(FORMAT, text);
    assert.deepEqual(read.state === 'ok' && read.value, expected, text);
  }
  for (const text of [
    '',
    '{',
    '[]',
    'null',
    '3',
    '{"v":0}',
    '{"v":"3"}',
    '{"v":2.5}',
    '{"v":null}',
    '{"v":-1}',
  ]) {
    assert.deepEqual(readLine(FORMAT, text), { state: 'broken' }, text);
  }
  assert.deepEqual(readLine(FORMAT, '{"v":4,"id":"a"}'), { state: 'newer', version: 4 });
  assert.deepEqual(
    readLine({ name: 'x', version: 2 }, '{"id":"a"}'),
    { state: 'broken' },
    'nothing migrates it',
  );
});

test('what is written is read as it was, empty or not', () => {
  for (const value of [{}, { id: 'a', size: 1 }, { text: 'a "b" {c}\n' }]) {
    const line = lineOf(FORMAT, value);
    assert.equal((JSON.parse(line) as { v: number }).v, 3);
    assert.deepEqual(readLine(FORMAT, line), { state: 'ok', value, version: 3 });
  }
});

test('the last whole line tells the version of a file', (t) => {
  const file = path.join(tempFolder(t), 'things.ndjson');
  assert.equal(lastVersion(FORMAT, file), undefined);
  assert.equal(refusedLines(FORMAT, file), undefined);
  for (const [text, version] of [
    ['', undefined],
    ['{"torn', undefined],
    ['{"name":"a"}\n', 1],
    ['{"name":"a"}\n{"v":3,"id":"b"}\n', 3],
    ['{"v":3,"id":"b"}\n{"name":"a"}\n{"tor', 1],
    ['{"v":9}\n{"torn', 9],
  ] as const) {
    writeFileSync(file, text);
    assert.equal(lastVersion(FORMAT, file), version, text);
  }
  const { message = '', path: named } = refusedLines(FORMAT, file) ?? {};
  assert.equal(named, file);
  assert.equal(
    message,
    `${file} was written by a newer Modelyard (version 9 of the things, this one knows 3). Update Modelyard to use it; it was left as it is.`,
  );
});

test('an index of a newer version is left alone, and the runs are told from their documents', (t) => {
  const root = tempFolder(t);
  const store = RunStore.open(root);
  const first = header();
  const writer = store.create(first, TASKS);
  writer.update(ended(newRunDocument(first, TASKS)), { durable: true });
  writer.close();
  const text = `${readFileSync(store.index.log, 'utf8')}{"id":"${newRunId()}","t":1,"v":3,"shape":"unknown"}\n`;
  writeFileSync(store.index.log, text);
  const again = RunStore.open(root);
  assert.deepEqual(
    again.list({ limit: 5 }).map(({ id }) => id),
    [first.id],
  );
  assert.match(
    again.problems[0]?.message ?? '',
    /index\.ndjson was written by a newer Modelyard \(version 3 /,
  );
  const second = header({ id: newRunId(Date.now() + 5) });
  const next = again.create(second, TASKS);
  next.update(ended(newRunDocument(second, TASKS)), { durable: true });
  next.close();
  again.maintain();
  assert.equal(again.rebuildIndex(), false);
  assert.equal(again.index.compact(), false);
  assert.equal(readFileSync(store.index.log, 'utf8'), text);
  assert.deepEqual(
    again.list({ limit: 5 }).map(({ id }) => id),
    [second.id, first.id],
  );
});

test('lines of the index that say no version are read, and made anew by the first who writes', (t) => {
  const root = tempFolder(t);
  const store = RunStore.open(root);
  const first = header();
  const writer = store.create(first, TASKS);
  writer.update(ended(newRunDocument(first, TASKS)), { durable: true });
  writer.close();
  const old = readFileSync(store.index.log, 'utf8').replaceAll('"v":2,', '');
  writeFileSync(store.index.log, old);
  const index = new RunIndex(store.layout.runs);
  assert.ok(index.isOld());
  assert.equal(index.newest({ limit: 1 })[0]?.id, first.id);
  assert.equal(RunStore.open(root).repairIndex(), true);
  assert.ok(!index.isOld());
  assert.match(index.dump(), new RegExp(`^\\{"id":"${first.id}","t":\\d+,"v":2,[^\\n]*\\n$`));
});

test('metrics of a newer version are refused; those of an older one are read', (t) => {
  const folder = tempFolder(t);
  const file = path.join(folder, 'metrics.ndjson');
  const log = new MetricLog(file);
  log.append('train', 'loss', 0.5, 1, '2026-01-01T00:00:00Z');
  log.close();
  const more = new MetricLog(file);
  more.append('train', 'loss', 0.25, 2, '2026-01-01T00:00:01Z');
  more.close();
  const text = readFileSync(file, 'utf8');
  assert.deepEqual(text.split('\n')[0], '{"v":1}');
  const values = (): readonly number[] =>
    readMetricLog(file).flatMap(({ points }) => points.map(({ value }) => value));
  assert.deepEqual(values(), [0.5, 0.25]);
  writeFileSync(file, text.slice(text.indexOf('\n') + 1));
  assert.deepEqual(values(), [0.5, 0.25]);
  assert.equal(refusedMetrics(file), undefined);
  writeFileSync(file, text.replace('{"v":1}', '{"v":2}'));
  assert.match(
    refusedMetrics(file)?.message ?? '',
    /version 2 of the logged metrics of a run, this one knows 1/,
  );
});
