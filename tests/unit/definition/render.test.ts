import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { fc } from '../../support/generated/cases.js';
import type { Json } from '../../../server/definition/definition.js';
import { evaluateText, renderTemplate } from '../../../server/definition/expressions/evaluate.js';
import { quoteWord } from '../../../server/definition/shell/shell.js';
import { shellOf } from '../../../server/definition/shell/shells.js';
import { shellArguments } from '../../../server/runner/execute/shells.js';
import { scopeOf, templateOf } from './helpers.js';

function shell(text: string, value: Json): string {
  const result = renderTemplate(templateOf(text), scopeOf({ params: { v: value } }), 'shell');
  return result.kind === 'value' ? result.value : `<${result.kind}>`;
}

/** Shells that are here; they have to agree. */
const SHELLS = (['sh', 'bash', 'zsh'] as const).filter(
  (name) => spawnSync(name, ['-c', ':'], { stdio: 'ignore' }).error === undefined,
);

function output(command: string): string {
  const [first, ...others] = SHELLS.map((name) => {
    const { args } = shellArguments(shellOf(name), command, () => assert.fail('it is short'));
    const { stdout, status, stderr } = spawnSync(name, args, { encoding: 'utf8' });
    assert.equal(status, 0, `${name}: ${command}\n${stderr}`);
    return stdout;
  });
  for (const other of others) assert.equal(other, first, command);
  return first ?? assert.fail('there is no shell');
}

const V = '${{ params.v }}';
const NASTY = [
  '',
  '-rf',
  '--',
  "it's",
  '"quoted"',
  '$(touch /tmp/modelyard-pwned)',
  '`id`',
  '${HOME}',
  '$HOME',
  '; exit 3',
  'a && exit 3',
  '\\',
  "\\'",
  'two  words',
  '*',
  '~',
  '#no comment',
  '!x',
  'line\nbreak',
  'tab\there',
  'grüße 🌧',
  'if',
  'FOO=bar',
  '%s%d',
  "'; exit 3; '",
  '"; exit 3; "',
  "'''",
  'trailing\\',
];

test('plain texts keep types when they are one expression', () => {
  const scope = scopeOf({ params: { n: 3, list: [1, 'a'], none: null } });
  const check = (text: string, expected: Json) => {
    const result = evaluateText(templateOf(text), scope);
    assert.deepEqual(result.kind === 'value' ? result.value : result, expected);
  };
  check('${{ params.n }}', 3);
  check('${{ params.list }}', [1, 'a']);
  check('x${{ params.n }}', 'x3');
  check('a-${{ params.list }}', 'a-[1,"a"]');
  check('a${{ params.none }}b', 'ab');
  check('nothing', 'nothing');
});

test('words of the shell', () => {
  const check = (value: Json, expected: string) => assert.equal(shell(`x ${V}`, value), `x ${expected}`);
  check('plain', 'plain');
  check('a/b-c.d:e', 'a/b-c.d:e');
  check('', "''");
  check(null, "''");
  check(true, 'true');
  check(3.5, '3.5');
  check('a b', "'a b'");
  check("it's", "'it'\\''s'");
  check(['a', 'b c', ''], "a 'b c' ''");
  check([], '');
  check({ a: 1 }, `'{"a":1}'`);
  assert.equal(shell('echo ${{ raw(params.v) }}', 'a b; c'), 'echo a b; c');
  assert.equal(shell(`echo ${V}>out`, 2), "echo '2'>out");
  assert.equal(quoteWord('-n'), '-n');
});

test('what comes out of a real shell is what went in, wherever it stands', () => {
  const places: [string, (value: string) => string][] = [
    [`printf '[%s]' ${V}`, (v) => `[${v}]`],
    [`printf '[%s]' x${V}y`, (v) => `[x${v}y]`],
    [`printf '[%s]' "x ${V} y"`, (v) => `[x ${v} y]`],
    [`printf '[%s]' 'x ${V} y'`, (v) => `[x ${v} y]`],
    [`printf '[%s]' "$(printf '%s.' ${V})"`, (v) => `[${v}.]`],
    [`printf '[%s]' "$(printf '%s.' "${V}")"`, (v) => `[${v}.]`],
    [`(printf '[%s]' ${V}) # ${V}\n# don't\nprintf '{%s}' ${V}`, (v) => `[${v}]{${v}}`],
    [`cat <<EOF\n<${V}>\nEOF\nprintf '[%s]' ${V}`, (v) => `<${v}>\n[${v}]`],
    [`cat <<'EOF'\n<${V}>\nEOF\nprintf '[%s]' ${V}`, (v) => `<${v}>\n[${v}]`],
    [`cat <<-E\n\t<${V}>\n\tE\nprintf '[%s]' "${V}"`, (v) => `<${v}>\n[${v}]`],
    [`case ${V} in x) printf no;; *) printf '[%s]' ${V};; esac`, (v) => `[${v}]`],
  ];
  for (const value of NASTY) {
    for (const [text, expected] of places) assert.equal(output(shell(text, value)), expected(value), text);
  }
});

test('where no quoting is safe, only harmless values go in', () => {
  const places = [
    `echo \`echo ${V}\``,
    `echo "\`echo ${V}\`"`,
    `echo \${x:-${V}}`,
    `echo $(( ${V} + 1 ))`,
    `echo "\\${V}"`,
    `echo $${V}`,
    `echo "$${V}"`,
    `echo $'a${V}'`,
    `cat <<EOF\n$(echo ${V})\nEOF`,
    `cat <<${V}\n`,
    `(( x << 2 ))\necho ${V} ))`,
    `x="$(case a in a) echo ${V};; esac)"`,
  ];
  for (const place of places.slice(0, -2)) {
    assert.equal(shell(place, '1; touch x'), '<error>', place);
    assert.notEqual(shell(place, 12), '<error>', place);
  }
  assert.equal(shell(places.at(-1) ?? '', '1; touch x'), '<error>');
  assert.equal(output(shell(`echo $(( ${V} + 1 ))`, 41)), '42\n');
});

test('a value cannot end a here-document', () => {
  assert.equal(shell(`cat <<EOF\n${V}\nEOF\n`, 'EOF'), '<error>');
  assert.equal(shell(`cat <<'EOF'\n${V}\nEOF\n`, 'a\nEOF\nexit 3'), '<error>');
  assert.equal(shell(`cat <<EOF\nE${V}\nEOF\n`, 'OF'), '<error>');
  assert.equal(shell(`cat <<-EOF\n\t${V}\nEOF\n`, 'a\n\tEOF\nb'), '<error>');
  assert.notEqual(shell(`cat <<EOF\n${V}\nEOF\n`, 'EOF '), '<error>');
});

test('NUL is refused, and no text is too hostile', () => {
  assert.equal(shell(`echo ${V}`, 'a\0b'), '<error>');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (text, value) => {
      renderTemplate(
        templateOf(`${text.replaceAll('${{', '')}${V}`),
        scopeOf({ params: { v: value } }),
        'shell',
      );
    }),
    { numRuns: 300 },
  );
});

test('random values survive the shell in random quoting', () => {
  const pieces = fc.array(fc.constantFrom(V, `"${V}"`, `'${V}'`, `"$(printf %s ${V})"`, ' ', 'a'), {
    maxLength: 5,
  });
  const chars = fc.string({
    unit: fc.constantFrom(...'ab \'"\\$`(){};&|<>*?~#!=%\n-éß'.split('')),
    maxLength: 12,
  });
  const cases = fc.sample(fc.tuple(pieces, chars), { numRuns: 150, seed: 7 });
  for (const [parts, drawn] of cases) {
    // A substitution drops line breaks at the end.
    const value = `${drawn}.`;
    const literal = `printf '<%s>' ${parts.join('')}`;
    const command = shell(literal, value);
    const expected = shellWords(parts, value);
    assert.equal(
      output(command),
      expected.length === 0 ? '<>' : expected.map((word) => `<${word}>`).join(''),
      command,
    );
  }
});

/** The words that the parts above make. */
function shellWords(parts: readonly string[], value: string): string[] {
  const words: string[] = [];
  let current: string | undefined;
  for (const part of parts) {
    if (part === ' ') {
      if (current !== undefined) words.push(current);
      current = undefined;
    } else current = (current ?? '') + (part === 'a' ? 'a' : value);
  }
  return current === undefined ? words : [...words, current];
}
