/** The grammar that says which runs are meant. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { compileFilter, namesIn, parseRunFilter, writtenName } from '../../../server/base/runs/filter.js';
import type { Json } from '../../../server/base/json.js';

const RUN: Readonly<Record<string, Json>> = {
  status: 'succeeded',
  pipeline: 'rain-train',
  created: '2026-11-23T10:00:00.000Z',
  time: 90,
  'metrics.accuracy': 0.85,
  'metrics.loss': -1.5e-3,
  'params.epochs': 100,
  'params.optimizer': 'adam',
  'params.shuffle': false,
  'params.note': "it's (new), or not",
  'params.version': '10',
  'params.nothing': null,
  'metrics.val/top-5 (%)': 91,
  'params.or': 1,
};

function holds(text: string): boolean | string {
  const parsed = parseRunFilter(text);
  if (!parsed.ok) return `${parsed.at}: ${parsed.message}`;
  return compileFilter<typeof RUN>(parsed.filter, (name) => (run) => run[name])(RUN);
}

test('comparisons, and, or, not and brackets', () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['metrics.accuracy > 0.8 and params.epochs < 300 or tag.keep', true],
    ['metrics.accuracy>0.8&&params.epochs<300', true],
    ['metrics.accuracy > 0.9 or params.epochs = 100', true],
    ['metrics.accuracy > 0.9 AND params.epochs = 100', false],
    // "and" binds before "or".
    ['params.epochs = 100 or params.epochs = 1 and status = failed', true],
    ['(params.epochs = 100 or params.epochs = 1) and status = failed', false],
    ['not status = failed', true],
    ['!(status = failed)', true],
    ['not not status = succeeded', true],
    ['status in (failed, succeeded)', true],
    ['status in (failed)', false],
    ['metrics.loss < 0', true],
    ['metrics.loss = -0.0015', true],
    ['metrics.loss >= -.0015', true],
    ['params.epochs == 1e2', true],
    ['params.epochs = "100"', true],
    ['params.epochs >= 100 and params.epochs <= 100', true],
    ['params.epochs != 100', false],
    ['time > 1m and time < 2min', true],
    ['time >= 90s', true],
    ['time > 0.5h', false],
    ['created >= 2026-11-23', true],
    ['created < 2026-11-23', false],
    ['created > 2026-11-01 and created < 2026-12-01', true],
    ['pipeline ~ TRAIN', true],
    ['pipeline !~ train', false],
    ['params.note ~ "(new), or"', true],
    ['params.note = "it\'s (new), or not"', true],
    ['params.optimizer = adam', true],
    ["params.optimizer != 'adam'", false],
    ['params.shuffle', false],
    ['params.shuffle = false', true],
    ['params.optimizer', true],
    ['params.version = 10', true],
    // What is not there is equal to nothing.
    ['tag.keep', false],
    ['not tag.keep', true],
    ['params.missing = 3', false],
    ['params.missing != 3', true],
    ['params.missing < 3', false],
    ['params.missing >= 3', false],
    ['params.nothing = null', true],
    ['params.nothing', false],
    // A number is neither above nor below a word.
    ['params.epochs > adam', false],
    ['params.epochs < adam', false],
    // Names that are no words.
    ['`metrics.val/top-5 (%)` > 90', true],
    ['`metrics.val/top-5 (%)` in (90, 92)', false],
    ['not `params.or` = 1', false],
  ];
  for (const [text, expected] of cases) assert.equal(holds(text), expected, text);
});

test('mistakes are told with their place', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['', '0: a name is missing, such as metrics.accuracy or status'],
    ['status =', '8: a value is missing after "="'],
    ['status = failed params.x = 1', '16: "and" or "or" is missing before "params.x"'],
    ['(status = failed', '16: a ")" is missing'],
    ['status = failed)', '15: "and" or "or" is missing before ")"'],
    ['status = "failed', '9: the text that begins with " does not end'],
    ['= 3', '0: a name is meant to be here, not "="'],
    ['"status" = 3', '0: a name is meant to be here, not a text'],
    ['status in failed', '10: "in" is followed by values in brackets: status in (failed, cancelled)'],
    ['status in (failed', '17: a ")" is missing'],
    ['a and', '5: a name is missing, such as metrics.accuracy or status'],
    ['a & b', '2: "&" means nothing here'],
    ['`a b > 3', '0: the text that begins with ` does not end'],
    ['a = `b`', '4: a value is missing after "="'],
    [`${'('.repeat(200)}a${')'.repeat(200)}`, '100: it is nested too deep'],
  ];
  for (const [text, expected] of cases) assert.equal(holds(text), expected, text);
});

test('the names that are asked for', () => {
  const parsed = parseRunFilter('a = 1 and (b or not c in (1, 2)) or a');
  assert.deepEqual(parsed.ok && namesIn(parsed.filter), ['a', 'b', 'c']);
});

test('any name can be written so that it is read again', () => {
  for (const name of ['metrics.accuracy', 'val/top-5 (%)', 'a b', 'or', 'AND', '']) {
    const parsed = parseRunFilter(`${writtenName(name)} = 1`);
    assert.deepEqual(parsed.ok && namesIn(parsed.filter), [name], name);
  }
});

test('a number takes a time in proportion to its length', () => {
  const parsed = parseRunFilter(`params.epochs > ${'1'.repeat(100_000)}x`);
  assert.ok(parsed.ok && !compileFilter(parsed.filter, () => () => 1)(undefined));
});
