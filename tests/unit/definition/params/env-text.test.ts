/** `.env` files, as other tools read them. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { parseEnvText } from '../../../../server/definition/params/env-text.js';

test('variables as Docker Compose, python-dotenv and Node read them', () => {
  const rows: readonly (readonly [text: string, expected: Readonly<Record<string, string>>])[] = [
    ['A=1\nB = two words \n', { A: '1', B: 'two words' }],
    ['export A=1\r\nB=2\r\n', { A: '1', B: '2' }],
    ['# no\n\nA=x # why\nB=x#y\nC=#z\n', { A: 'x', B: 'x#y', C: '' }],
    ['A="x # y" # why\nB=\'$HOME \\n\'\n', { A: 'x # y', B: '$HOME \\n' }],
    ['A="l1\\nl2\\"q\\""\n', { A: 'l1\nl2"q"' }],
    ['A="l1\nl2"\nB=1\n', { A: 'l1\nl2', B: '1' }],
    ['A=\nB=""\n', { A: '', B: '' }],
    ['A=1\nA=2\n', { A: '2' }],
    ['\uFEFFA=a=b\n', { A: 'a=b' }],
    ['', {}],
  ];
  for (const [text, expected] of rows) {
    const parsed = parseEnvText(text);
    assert.deepEqual(parsed.ok ? Object.fromEntries(parsed.variables) : parsed, expected, text);
  }
});

test('what is no variable is told with its line', () => {
  const rows: readonly (readonly [text: string, line: number, words: RegExp])[] = [
    ['A=1\nB\n', 2, /no "="/],
    ['A B=1\n', 1, /can't be the name/],
    ['A=1\nB="x\n', 2, /never closed/],
    ['A="x" y\n', 1, /nothing may follow/],
  ];
  for (const [text, line, words] of rows) {
    const parsed = parseEnvText(text);
    assert.ok(!parsed.ok, text);
    assert.equal(parsed.line, line);
    assert.match(parsed.message, words);
  }
});
