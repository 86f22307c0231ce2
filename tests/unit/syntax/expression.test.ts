import assert from 'node:assert/strict';
import test from 'node:test';
import {
  bareExpression,
  expressionAt,
  parseExpression,
  printExpression,
  tokensOf,
  visitExpression,
} from '../../../server/syntax/expressions/expression.js';
import { parseYaml } from '../../../server/syntax/parse.js';
import { entryOf } from '../../../server/syntax/text.js';
import { lisp } from './print.js';

function check(source: string, expected: string, problem?: string): void {
  const { expression, problems } = parseExpression(source, 0);
  assert.equal(lisp(expression), expected, source);
  const shown = problems.map(({ span, message }) => `«${source.slice(span.start, span.end)}» ${message}`);
  assert.deepEqual(shown, problem === undefined ? [] : [problem], source);
}

const A_VALUE =
  "a value: a name such as `params.x`, a number, 'text', true, false, null, a function call, `!` or `(`";
const AN_OPERATOR =
  'Expected an operator (`==`, `!=`, `<`, `<=`, `>`, `>=`, `&&`, `||`) or the end of the expression, found';

test('literals', () => {
  check('1', '1');
  check('-1.5e3', '-1500');
  check('+2', '2');
  check('.5', '0.5');
  check('0x1F', '31');
  check('-0x10', '-16');
  check('0o17', '15');
  check('true', 'true');
  check('false', 'false');
  check('null', 'null');
  check("'it''s'", "'it's'");
  check("''", "''");
});

test('chains', () => {
  check('params.learning-rate', '(. params learning-rate)');
  check("params['learning rate']", "([] params 'learning rate')");
  check('matrix.a[0].b', '(. ([] (. matrix a) 0) b)');
  check('tasks.*.status', '(. (.* tasks) status)');
  check('tasks[*].status', '(. (.* tasks) status)');
  check('models.rain@production', '(@ (. models rain) production)');
  check('models.rain@3.uri', '(. (@ (. models rain) 3) uri)');
  check("format('{0}', a.b).c", "(. (format() '{0}' (. a b)) c)");
  check('a . b', '(. a b)');
});

test('operators by precedence', () => {
  check('a && b || c && d', '(|| (&& a b) (&& c d))');
  check('a == b && !c', '(&& (== a b) (! c))');
  check('!a.b == c', '(== (! (. a b)) c)');
  check('(a || b) && c', '(&& (|| a b) c)');
  check('a < b == c', '(== (< a b) c)');
  check('a || b || c', '(|| (|| a b) c)');
  check('a-b', 'a-b');
  check('a != -1', '(!= a -1)');
});

test('calls', () => {
  check('always()', '(always())');
  check("contains(params.list, 'a')", "(contains() (. params list) 'a')");
  check("contains(fromJSON('[1]'), 1)", "(contains() (fromJSON() '[1]') 1)");
});

test('half-written and mistaken text', () => {
  check('', '?', `«» Empty expression: expected ${A_VALUE}.`);
  check('  ', '?', `«  » Empty expression: expected ${A_VALUE}.`);
  check(
    'params.',
    '(. params )',
    '«.» Expected a name or `*` after the dot, found the end of the expression.',
  );
  check(
    'params.a.',
    '(. (. params a) )',
    '«.» Expected a name or `*` after the dot, found the end of the expression.',
  );
  check('params. == 1', '(== (. params ) 1)', '«.» Expected a name or `*` after the dot, found `==`.');
  check('a ==', '(== a ?)', `«==» Expected ${A_VALUE} after \`==\`, found the end of the expression.`);
  check('a && ', '(&& a ?)', `«&&» Expected ${A_VALUE} after \`&&\`, found the end of the expression.`);
  check('== b', '(== ? b)', `«==» Expected ${A_VALUE}, found \`==\`.`);
  check('(a', 'a', '«(» Expected `)` to close the parenthesis, found the end of the expression.');
  check('a[', '([] a ?)', `«[» Expected ${A_VALUE} after \`[\`, found the end of the expression.`);
  check("a['b'", "([] a 'b')", '«[» Expected `]` to close the bracket, found the end of the expression.');
  check(
    'f(a',
    '(f() a)',
    '«(» Expected `)` or `,` in the arguments of `f`, found the end of the expression.',
  );
  check('f(a,', '(f() a ?)', `«,» Expected ${A_VALUE} after \`,\`, found the end of the expression.`);
  check('f(a b)', '(f() a)', '«b» Expected `)` or `,` in the arguments of `f`, found `b`.');
  check('a b', 'a', `«b» ${AN_OPERATOR} \`b\`.`);
  check('a)', 'a', `«)» ${AN_OPERATOR} \`)\`.`);
  check(
    'models.rain@',
    '(@ (. models rain) )',
    '«@» Expected an alias or a version number after `@`, found the end of the expression.',
  );
  check("'abc", "'abc'", "«'abc» This text is never closed: a `'` is missing.");
  check('"abc"', "'abc'", '«"abc"» Strings in expressions take single quotes: write \'abc\'.');
  check('a = b', 'a', '«=» `=` does not compare: use `==`.');
  check('a === b', 'a', '«===» `===` is not an operator here: use `==`.');
  check('a & b', 'a', '«&» A single `&` means nothing here: use `&&`.');
  check('a | b', 'a', '«|» A single `|` means nothing here: use `||`.');
  check('a ? b : c', 'a', '«?» There is no `? :` here: write `condition && a || b`.');
  check('a and b', 'a', '«and» `and` is not an operator here: use `&&`.');
  check('a.b(c)', '(. a b)', '«(» Only a function name can be called, such as `contains(…)`.');
  check('params.2x', '(. params )', '«2x» `2x` is neither a number nor a name.');
  check(
    'params.2',
    '(. params )',
    "«.» Expected a name or `*` after the dot, found `2`. A name that starts with a digit is written as ['2'].",
  );
  check('${{ a }}', '?', '«$» An expression inside an expression needs no `${{ }}` of its own.');
  check('a § b', 'a', '«§» `§` has no place in an expression.');
});

test('calculating is answered with what to do instead', () => {
  for (const [source, operator] of [
    ['a + 1', '+'],
    ['a +1', '+'],
    ['1 - 2', '-'],
    ['a / 2', '/'],
    ['a % 2', '%'],
  ] as const) {
    const { problems } = parseExpression(source, 0);
    assert.equal(problems.length, 1, source);
    assert.match(
      problems[0]?.message ?? '',
      /^Expressions don't calculate, so `.` is not an operator here/,
      source,
    );
    assert.equal(source.charAt(problems[0]?.span.start ?? -1), operator);
  }
  check('a * 2', 'a', "«*» Expressions don't calculate: `*` only means all members, as in `a.*`.");
});

test('depth and length are bounded', () => {
  for (const source of [
    '('.repeat(100_000),
    '!'.repeat(100_000),
    'a['.repeat(100_000),
    'f('.repeat(100_000),
    `a${' && a'.repeat(100_000)}`,
    `a${'.b'.repeat(100_000)}`,
  ]) {
    const { expression, problems } = parseExpression(source, 0);
    assert.equal(problems.length, 1);
    let nodes = 0;
    visitExpression(expression, () => nodes++);
    assert.ok(nodes < 5_000);
    printExpression(expression);
  }
});

test('printing gives back what was meant', () => {
  const sources = [
    'a && b || c',
    '(a || b) && c',
    '!(a == b)',
    '!a.b',
    "f('it''s', 1)[0].*",
    "a['b-c'].d",
    'models.rain@3.uri',
    '(a || b) || c',
    'a || (b || c)',
    '(a == b) == c',
    'a == (b == c)',
    '(a || b).c',
    '-1 < x',
  ];
  for (const source of sources) {
    const { expression } = parseExpression(source, 0);
    const printed = printExpression(expression);
    assert.equal(lisp(parseExpression(printed, 0).expression), lisp(expression), `${source} → ${printed}`);
  }
  assert.equal(printExpression(parseExpression('  ( a||b )&&!c', 0).expression), '(a || b) && !c');
});

test('the trail to an offset', () => {
  const source = "contains(params.list, 'a')";
  const { expression } = parseExpression(source, 10);
  const kinds = (marked: number): string =>
    expressionAt(expression, 10 + marked)
      .map((node) => node.kind)
      .join(' ');
  assert.equal(kinds(source.indexOf('params') + 2), 'call member name');
  assert.equal(kinds(source.indexOf('list') + 2), 'call member');
  assert.equal(kinds(source.indexOf("'a'") + 1), 'call literal');
  assert.equal(kinds(3), 'call');
  assert.equal(kinds(-5), '');
});

test('bare expressions', () => {
  const text = "if: success() && params.x == 'a'\nq: 'params.y == ''b'''\n";
  const tree = parseYaml(text);
  for (const [key, tokens] of [
    ['if', ['success', 'params', 'x', "'a'"]],
    ['q', ['params', 'y', "''b''"]],
  ] as const) {
    const node = entryOf(tree.root, key)?.value;
    assert.ok(node?.kind === 'scalar');
    const { part, problems } = bareExpression(node, text);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      tokensOf(part).map(({ span }) => text.slice(span.start, span.end)),
      tokens,
    );
    assert.deepEqual(part.span, part.inner);
  }
});
