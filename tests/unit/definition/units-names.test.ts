import assert from 'node:assert/strict';
import test from 'node:test';
import { isValidName, similar, toValidName } from '../../../server/definition/names/names.js';
import {
  formatBytes,
  formatDuration,
  parseBytes,
  parseDuration,
} from '../../../server/definition/text/units.js';

test('durations', () => {
  const check = (text: string, expected: number | readonly string[]) => {
    const result = parseDuration(text);
    assert.deepEqual(result.ok ? result.value : result.candidates, expected, text);
  };
  check('90s', 90_000);
  check('30m', 1_800_000);
  check('1h30m', 5_400_000);
  check('2d', 172_800_000);
  check('1.5h', 5_400_000);
  check('250ms', 250);
  check('1w2d', 777_600_000);
  check('0s', 0);
  check('90', ['90s', '90m', '90h']);
  check('30 minutes', ['30m']);
  check('1 hour 30 min', ['1h30m']);
  check('00:30:00', ['30m']);
  check('30M', ['30m']);
  check('30m1h', []);
  check('1h1h', []);
  check('', []);
  check('soon', []);
  check('-5s', ['5s']);
  check('9'.repeat(400) + 's', []);
});

test('sizes', () => {
  const check = (text: string, expected: number | readonly string[]) => {
    const result = parseBytes(text);
    assert.deepEqual(result.ok ? result.value : result.candidates, expected, text);
  };
  check('512MiB', 512 * 1024 ** 2);
  check('2GiB', 2 * 1024 ** 3);
  check('10GB', 10_000_000_000);
  check('2 GiB', 2 * 1024 ** 3);
  check('1.5Ki', 1536);
  check('1024', 1024);
  check('7B', 7);
  check('2gb', ['2GB']);
  check('2gib', ['2GiB']);
  check('2 gigabytes', []);
  check('iB', []);
  check('2iB', []);
  check('much', []);
});

test('what is written is read back', () => {
  for (const value of [0, 1, 999, 1000, 60_000, 5_400_000, 90_061_001]) {
    assert.deepEqual(parseDuration(formatDuration(value)), { ok: true, value });
  }
  assert.equal(formatDuration(5_400_000), '1h30m');
  assert.equal(formatBytes(1536), '1.5KiB');
  assert.equal(formatBytes(2 * 1024 ** 3), '2GiB');
  assert.equal(formatBytes(12), '12B');
});

test('names that were meant', () => {
  const keys = ['run', 'needs', 'inputs', 'outputs', 'timeout', 'working-directory', 'continue-on-error'];
  const check = (word: string, ...expected: string[]) =>
    assert.deepEqual(similar(word, keys), expected, word);
  check('input', 'inputs');
  check('ouptuts', 'outputs');
  check('timeuot', 'timeout');
  check('workingDirectory', 'working-directory');
  check('continue_on_error', 'continue-on-error');
  check('Run', 'run');
  check('banana');
  check('');
  check('x'.repeat(5000));
});

test('thousands of wrong names among thousands of right ones take no time', () => {
  const names = Array.from({ length: 6000 }, (_, at) => `prepare-station-${at}`);
  assert.equal(similar('prepare-sttaion-4711', names)[0], 'prepare-station-4711');
  const started = process.cpuUsage();
  for (let at = 0; at < 6000; at++) similar(`prepare_satation-${at}x`, names);
  const { user, system } = process.cpuUsage(started);
  assert.ok((user + system) / 1000 < 1000);
  assert.deepEqual(
    similar('prepare-sttaion-4711', names)[0],
    'prepare-station-4711',
    'what was known is kept',
  );
});

test('valid names', () => {
  for (const name of ['train', 'train-2', '_x', 'A_b']) assert.ok(isValidName(name), name);
  for (const name of ['', '2a', 'a.b', 'a b', 'a@b', 'a/b', '../x', 'é', 'x'.repeat(101)])
    assert.ok(!isValidName(name), name);
  assert.equal(toValidName('2 große Töne!'), 'gro-e-To-ne');
  assert.equal(toValidName('…'), undefined);
});
