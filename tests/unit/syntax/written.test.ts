/** Texts written into YAML are read back as what they were. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { parse } from 'yaml';
import { writtenText } from '../../../server/syntax/written.js';
import { cases, fc } from '../../support/generated/cases.js';

test('plain where YAML reads a text, else in quotes', () => {
  const plain = ['train.py', 'src/my-data.csv', './a', 'a b.csv', 'a@b', '2024.csv', '1_a', 'a#b'];
  const quoted = [
    '2024',
    'true',
    'null',
    '~',
    '1.0',
    '1e3',
    '0x10',
    'no',
    'On',
    '-',
    '- a',
    '@a',
    '*.csv',
    'a, b',
    'a: b',
    'a #b',
    '!a',
    '&a',
    ' a',
    'a ',
    '',
    "it's: x",
    '[a]',
    '{a}',
    '2024-01-01:',
  ];
  for (const text of plain) assert.equal(writtenText(text), text);
  for (const text of quoted) assert.match(writtenText(text), /^'.*'$/, text);
  for (const version of ['1.1', '1.2'] as const) {
    const read = (text: string): unknown =>
      (parse(`- [${writtenText(text)}]\n- ${writtenText(text)}\n`, { version }) as unknown[][])[0]?.[0];
    for (const text of [...plain, ...quoted].filter((one) => one !== ''))
      assert.equal(read(text), text, text);
  }
});

test('any text of one line is read back', () => {
  const line = fc.string({
    unit: fc.constantFrom(...Array.from('ab1.0-_\'"#:,[]{}&*!|>%@` ~?\\')),
    minLength: 1,
  });
  fc.assert(
    fc.property(line, (text) => {
      assert.deepEqual(parse(`- [${writtenText(text)}]\n- ${writtenText(text)}\n`), [[text], text]);
    }),
    { numRuns: cases(300, 20_000) },
  );
});
