/** Values in programs of Python and JavaScript: what the real interpreter sees is what went in. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import type { Json } from '../../../../server/definition/definition.js';
import { renderTemplate } from '../../../../server/definition/expressions/evaluate.js';
import { type ScriptLanguage, shebangOf, shellOf } from '../../../../server/definition/shell/shells.js';
import { cases, fc } from '../../../support/generated/cases.js';
import { scopeOf, templateOf } from '../helpers.js';

function render(language: ScriptLanguage, text: string, values: readonly Json[]): string | undefined {
  let at = 0;
  const numbered = text.replaceAll('§', () => `\${{ params.v[${at++}] }}`);
  const result = renderTemplate(templateOf(numbered), scopeOf({ params: { v: values } }), language);
  return result.kind === 'value' ? result.value : undefined;
}

interface Place {
  /** `§` is where a value stands. An expression, whose value is written down. */
  readonly text: string;
  readonly sees: (value: Json) => Json;
}

const text = (value: Json): string =>
  typeof value === 'string'
    ? value
    : value === null
      ? ''
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value);

const PYTHON: readonly Place[] = [
  { text: '§', sees: (v) => v },
  { text: '[§, 1][0]', sees: (v) => v },
  { text: "'<§>'", sees: (v) => `<${text(v)}>` },
  { text: '"<§>"', sees: (v) => `<${text(v)}>` },
  { text: "'''<§\n>'''", sees: (v) => `<${text(v)}\n>` },
  { text: '"""\n§."""', sees: (v) => `\n${text(v)}.` },
  { text: "f'{1 + 1}{{§}}'", sees: (v) => `2{${text(v)}}` },
  { text: `f"{ 'x'.upper() }" "§"`, sees: (v) => `X${text(v)}` },
  { text: "b'§'.decode('latin-1')", sees: (v) => text(v) },
  { text: '1 # §\n', sees: () => 1 },
  { text: "len('it\\'s' '#') # it's", sees: () => 5 },
];

const JAVASCRIPT: readonly Place[] = [
  { text: '§', sees: (v) => v },
  { text: '[§, 1][0]', sees: (v) => v },
  { text: "'<§>'", sees: (v) => `<${text(v)}>` },
  { text: '"<§>"', sees: (v) => `<${text(v)}>` },
  { text: '`<§\n>`', sees: (v) => `<${text(v)}\n>` },
  { text: "`${ 'a' + `${ 1 + {a: 2}.a }` }§`", sees: (v) => `a3${text(v)}` },
  { text: "'it`s'.replace(/['\"/]/g, '§').length", sees: () => 4 },
  { text: '8 / 2 / 2 // §\n', sees: () => 2 },
  { text: '3 /* § */', sees: () => 3 },
];

const hostile = fc.string({
  unit: fc.constantFrom(...'ab1 \'"\\`${}(){}[];#/*\n\r\0\u2028\t%nué🌧\ud800'.split(/(?:)/u)),
  maxLength: 10,
});
const value: fc.Arbitrary<Json> = fc.oneof(
  { weight: 5, arbitrary: hostile },
  fc.constantFrom<Json>('', "'", "\\'", '"""', "'''", '${x}', '*/', '//', '\\', 'True', '-1', '\\N{DASH}'),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((one) => !Object.is(one, -0)),
  fc.boolean(),
  fc.constant(null),
  fc.array(hostile, { maxLength: 3 }),
  fc.dictionary(fc.oneof(hostile, fc.constant('__proto__')), hostile, { maxKeys: 2, noNullPrototype: true }),
);

/** One program with all of them, one after the other; what is refused is left out. */
function tryAll(
  language: 'python' | 'javascript',
  places: readonly Place[],
  wrap: (expression: string) => string,
  run: (program: string) => string,
): void {
  const drawn = fc.sample(fc.tuple(fc.constantFrom(...places), value), {
    numRuns: cases(400, 20_000),
    seed: 11,
  });
  const kept = drawn.filter(([place, one]) => render(language, wrap(place.text), [one]) !== undefined);
  assert.ok(kept.length > drawn.length * 0.7, `${kept.length} of ${drawn.length} were taken`);
  // Halves of characters can't be read back as they are.
  const fair = kept.filter(([, one]) => !/[\ud800-\udfff]/u.test(JSON.stringify(one)));
  for (let at = 0; at < fair.length; at += 500) {
    const some = fair.slice(at, at + 500);
    const program = render(
      language,
      some.map(([place]) => wrap(place.text)).join('\n'),
      some.flatMap(([place, one]) => (place.text.includes('§') ? [one] : [])),
    );
    assert.ok(program !== undefined);
    const seen = run(program).trim().split('\n');
    for (const [index, [place, one]] of some.entries()) {
      assert.deepEqual(
        JSON.parse(seen[index] ?? 'null'),
        place.sees(one),
        `${place.text} of ${JSON.stringify(one)}`,
      );
    }
  }
}

function run(program: string, args: readonly string[], input: string): string {
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    input,
    maxBuffer: 1 << 28,
    env: { ...process.env, PYTHONIOENCODING: 'utf-8' },
  });
  assert.equal(status, 0, `${stderr.slice(0, 4000)}\n${input.slice(0, 4000)}`);
  return stdout;
}

test('what Python sees is what went in', () => {
  const head = 'import json\ndef out(x): print(json.dumps(x))\n';
  tryAll(
    'python',
    PYTHON,
    (one) => `out(${one}\n)`,
    (program) => run('python3', ['-'], head + program),
  );
});

test('what JavaScript sees is what went in', () => {
  const head = 'const out = (x) => console.log(JSON.stringify(x));\n';
  tryAll(
    'javascript',
    JAVASCRIPT,
    (one) => `out(${one}\n);`,
    (program) => run('node', ['-'], head + program),
  );
});

test('where nothing is known, only harmless values go in', () => {
  for (const place of ["r'§'", "f'{§}'", 'x = y§', "'\\§'", 'rb"§"']) {
    assert.equal(render('python', place, ["'; import os; '"]), undefined, place);
    assert.notEqual(render('python', place, [12]), undefined, place);
  }
  for (const place of ['String.raw`§`', 'a = b§', "'\\§'", 'x = (1) / 2 + "/§"', '/a§/']) {
    assert.equal(render('javascript', place, ['`; x("']), undefined, place);
    assert.notEqual(render('javascript', place, [12]), undefined, place);
  }
  for (const place of ['x = §', '"§"']) {
    assert.equal(render('other', place, ['"; system("x']), undefined, place);
    for (const bad of ['a b', '--x', 'a//b', '$x', ''])
      assert.equal(render('other', place, [bad]), undefined, bad);
    for (const good of ['0.1', 'data/x-1.csv', -3, true]) {
      assert.equal(render('other', place, [good]), place.replace('§', String(good)));
    }
  }
});

test('words of PowerShell', () => {
  const power = (place: string, one: Json): string | undefined => render('powershell', place, [one]);
  assert.equal(power('x §', "it's a ’b"), "x 'it''s a ’’b'");
  assert.equal(power('$x = §', true), '$x = $true');
  assert.equal(power('$x=§', 3), '$x=3');
  assert.equal(power("x '§'", "a'b"), "x 'a''b'");
  assert.equal(power('x "§"', 'a"$b`'), 'x "a`"`$b``"');
  assert.equal(power("x # it's\ny §", 'a b'), "x # it's\ny 'a b'");
  for (const place of ['x --n=§', 'x a§', 'x §b', '@"\n§\n"@', '"$(§)"', 'x --% §', 'x `§']) {
    assert.equal(power(place, "a'; rm b"), undefined, place);
    assert.notEqual(power(place, 7), undefined, place);
  }
});

test('what runs a script is told by its name, its command or its first line', () => {
  const of = (written: string) => {
    const { language, stops, pipefail, programs } = shellOf(written);
    return [programs[0], language, stops, pipefail];
  };
  assert.deepEqual(of('bash'), ['bash', 'shell', true, true]);
  assert.deepEqual(of('bash -el {0}'), ['bash', 'shell', true, false]);
  assert.deepEqual(of('uv run python {0}'), ['uv', 'python', true, true]);
  assert.deepEqual(of('/usr/bin/perl {0}'), ['/usr/bin/perl', 'other', true, true]);
  assert.deepEqual(shellOf('"/opt/my shell/sh" -c {0}').programs, ['/opt/my shell/sh']);
  const first = (script: string) => {
    const found = shebangOf(script);
    return found === undefined ? undefined : [found.programs[0], found.language, found.args.join(' ')];
  };
  assert.deepEqual(first('#!/bin/sh\nx'), ['/bin/sh', 'shell', '-e {0}']);
  assert.deepEqual(first('#! /usr/bin/env python3\r\nx'), ['/usr/bin/env', 'python', 'python3 {0}']);
  assert.deepEqual(first('#!/usr/bin/env -S python3 -u\nx'), ['/usr/bin/env', 'python', '-S python3 -u {0}']);
  assert.equal(first('echo\n#!/bin/sh'), undefined);
});
