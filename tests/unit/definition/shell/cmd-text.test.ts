/** Values in batch files, as text; what the real `cmd` makes of them is held by `tests/windows`. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Json } from '../../../../server/definition/definition.js';
import { renderTemplate } from '../../../../server/definition/expressions/evaluate.js';
import { scopeOf, templateOf } from '../helpers.js';

function check(text: string, value: Json, expected: string | RegExp): void {
  const template = templateOf(text.replaceAll('§', '${{ params.v }}'));
  const result = renderTemplate(template, scopeOf({ params: { v: value } }), 'cmd');
  if (typeof expected === 'string') assert.equal(result.kind === 'value' && result.value, expected);
  else
    assert.match(result.kind === 'error' ? result.message : `a value: ${JSON.stringify(result)}`, expected);
}

test('a value is one word, wherever it stands', () => {
  check('x §', "it's me & you", `x "it's me & you"`);
  check('x §', 'plain-1.0', 'x plain-1.0');
  check('x §', '', 'x ""');
  check('x §', '100%', 'x "100%%"');
  check('x §', 'a\\', 'x "a\\\\"');
  check('x "§"', 'a\\', 'x "a\\\\"');
  check('x "§b"', 'a\\', 'x "a\\b"');
  check('x §', ['a b', 'c'], 'x "a b" c');
  check('x §', [], 'x ');
  check('x ^\n §', 'a&b', 'x ^\n "a&b"');
  check('x %%§', 'a&b', 'x %%"a&b"');
  check('x %PATH% §', 'a%b', 'x %PATH% "a%%b"');
  check('x || y §', '100%', 'x || y "100%%"');
});

test('what no quoting holds is refused', () => {
  const unsafe = /can't be quoted safely for cmd/;
  for (const word of ['a"b', 'a\nb', 'a\rb', 'a\x1ab', 'a\uff02b', '\ud800']) check('x §', word, unsafe);
  check('x d:\\§', 'a b', unsafe);
  check('x "§', 'a\\', unsafe);
  check('x "a\\§"', '', unsafe);
  check('x §§', 'a b', unsafe);
  check('x ""§', 'a b', unsafe);
  check('x ^§', 'a b', unsafe);
  check('50% x §', 'a&b', unsafe);
});

test('what is read twice takes no value that would be expanded', () => {
  const twice = /read twice/;
  for (const script of ['x § | more', 'call x §', 'for %%i in (1 2) do x §', 'cmd /c x §', 'start x §'])
    check(script, 'a%b', twice);
  check('setlocal EnableDelayedExpansion\nx §', 'a!b', twice);
  check('call x §', 'a^b', twice);
  check('call x §', 'a&b', 'call x "a&b"');
});

test('a line that cmd would cut off is refused', () => {
  check('x §', 'a b'.repeat(3000), /longer than cmd can read \(8191 characters\)/);
  check('x §', 'a b'.repeat(2000), `x "${'a b'.repeat(2000)}"`);
});
