import assert from 'node:assert/strict';
import test from 'node:test';
import { code, escapeMarkdown } from '../../../server/ide/hover/markdown.js';
import { plainMarkup } from '../../../server/language/markup.js';

test('Markdown as plain text', () => {
  const rows: [string, string][] = [
    ['**prep** · run', 'prep · run'],
    ['a _word_ and *another*', 'a word and another'],
    ['`a_b*c*` stays', 'a_b*c* stays'],
    ['``a`b``', 'a`b'],
    ['[text](https://example.com/a_b_c)', 'text'],
    ['```\nx **y**\n```\nz', 'x **y**\nz'],
    ['| key | value |\n| --- | --- |\n| `a` | **1** |', 'key  value\na  1'],
    ['a\n\n---\n\nb', 'a\n\nb'],
    ['- one\n- two', '- one\n- two'],
    ['snake_case_name and 2 * 3 * 4', 'snake_case_name and 2 * 3 * 4'],
    ['', ''],
    ['**', '**'],
    ['```', ''],
  ];
  for (const [markdown, plain] of rows) assert.equal(plainMarkup(markdown), plain, markdown);
});

test('texts of files come out as they went in', () => {
  for (const text of [
    'a*b*c',
    '[x](y)',
    '**not bold**',
    'back\\slash',
    '(each item)',
    '# no heading',
    '1. a',
    '<b>',
    'a_b_c',
    '`tick`',
    '|',
    '\\*',
  ]) {
    assert.equal(plainMarkup(`**${escapeMarkdown('k')}**: ${escapeMarkdown(text)}`), `k: ${text}`);
    assert.equal(plainMarkup(`see ${code(text)}.`), `see ${text}.`);
  }
});
