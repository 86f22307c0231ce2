/** Metrics files: one reader for JSON, YAML and TOML, and what it can't keep is said. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { jsonText, parseJson } from '../../../server/base/json.js';
import { readMetricsFile } from '../../../server/cli/load/read-metrics.js';
import { parseMetricLine } from '../../../server/runner/record/metrics.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-metrics-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function read(name: string, text: string): Promise<{ metrics: string; lost: readonly string[] }> {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  const { metrics, lost } = await readMetricsFile(file);
  const record = jsonText(metrics);
  // What the record gives back is what this run sees.
  assert.deepEqual(parseJson(record), metrics);
  return { metrics: record, lost };
}

test('values are the same whatever the format, and as the record keeps them', async () => {
  const json =
    '{"up": Infinity, "down": -Infinity, "nan": NaN, "far": 1e400, "id": 9007199254740993, "acc": 0.90}';
  const yaml = 'up: .inf\ndown: -.inf\nnan: .nan\nfar: 1e400\nid: 9007199254740993\nacc: 0.90\n';
  const expected =
    '{"up":"Infinity","down":"-Infinity","nan":"NaN","far":"Infinity","id":9007199254740993,"acc":0.9}';
  assert.deepEqual(await read('m.json', json), { metrics: expected, lost: [] });
  assert.deepEqual(await read('m.yaml', yaml), { metrics: expected, lost: [] });
  const toml = 'up = inf\ndown = -inf\nnan = nan\nfar = inf\nid = 9007199254740993\nacc = 0.90\n';
  assert.deepEqual(await read('m.toml', toml), { metrics: expected, lost: [] });
  await assert.rejects(read('bad.toml', 'a = 1\nb = \n'), /^Error: line 2: This is no TOML/);
  assert.deepEqual(await read('q.yaml', "text: '.inf'\n"), { metrics: '{"text":".inf"}', lost: [] });
});

test('a file with one value is called by its name', async () => {
  assert.deepEqual(await read('accuracy.json', '0.5\n'), { metrics: '{"accuracy":0.5}', lost: [] });
  assert.deepEqual(await read('loss.yaml', '0.25\n'), { metrics: '{"loss":0.25}', lost: [] });
});

test('what can not be kept is said', async () => {
  assert.deepEqual(await read('c.json', '{"a.b": 1, "a": {"b": 2}}'), {
    metrics: '{"a.b":1}',
    lost: ['"a.b" is there more than once; the first value is kept'],
  });
  assert.deepEqual(await read('d.yaml', 'a: 1\na: 2\n'), {
    metrics: '{"a":2}',
    lost: ['"a" is there twice; the last value is kept'],
  });
  const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, index) => [`k${index}`, index]));
  assert.deepEqual((await read('n.json', JSON.stringify(many))).lost, [
    'it has 1001 values; the first 1000 are kept',
  ]);
  assert.deepEqual((await read('t.json', JSON.stringify({ t: 'x'.repeat(201) }))).lost, [
    'the text of "t" is cut to 200 characters',
  ]);
});

test('no key is special', async () => {
  assert.equal((await read('p.json', '{"__proto__": 1, "": 2}')).metrics, '{"__proto__":1,"":2}');
  assert.equal((await read('p.yaml', '__proto__: { a: 1 }\n')).metrics, '{"__proto__.a":1}');
});

test('documents of YAML', async () => {
  assert.equal((await read('s.yaml', '---\na: 1\n---\n')).metrics, '{"a":1}');
  await assert.rejects(read('two.yaml', 'a: 1\n---\nb: 2\n'), {
    message: 'line 2: a second YAML document starts here; a metrics file holds one',
  });
});

test('counters that are logged keep their digits', () => {
  const point = parseMetricLine('{"key": "rows", "value": 9007199254740993}');
  assert.ok(typeof point === 'object');
  assert.equal(String(point.exact), '9007199254740993');
  assert.deepEqual(parseMetricLine('{"key": "a", "value": 0.50, "step": 2}'), {
    key: 'a',
    value: 0.5,
    step: 2,
  });
});
