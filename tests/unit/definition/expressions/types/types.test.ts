import assert from 'node:assert/strict';
import test from 'node:test';
import {
  checkSite,
  constantValue,
  isHarmless,
} from '../../../../../server/definition/expressions/types/sites.js';
import {
  typeEnvironment,
  typeOfExpression,
} from '../../../../../server/definition/expressions/types/types.js';
import type { ExpressionPlace } from '../../../../../server/definition/definition.js';
import { expressionOf, pipelineOf } from '../../helpers.js';

const { pipeline } = pipelineOf(`
params:
  epochs: 200
  name: rain
  flag: true
  cols: [a, b]
  opts: { type: object, default: { a: 1 } }
  mode: { choices: [fast, slow], default: fast }
  size: { choices: [1, 2], default: 1 }
tasks:
  prepare:
    run: x
    outputs: { data: d.csv, half: }
  train:
    run: x
    matrix: { seed: [0, 1], opt: [adam, sgd] }
  grown:
    run: x
    matrix: { seed: [0], include: [{ extra: 1 }] }
  start:
    service: { name: rain }
  ship:
    deploy: { package: a, environment: b }
`);
const train = pipeline.tasks[1]!;

function problems(source: string, place: ExpressionPlace = 'command', task = train): string[] {
  const found = typeOfExpression(expressionOf(source), typeEnvironment(pipeline, task, place));
  return found.problems.map(
    ({ code, span, candidates }) =>
      `${code} ${source.slice(span.start, span.end)}${candidates === undefined ? '' : ` → ${candidates.join(' ')}`}`,
  );
}

test('what is right or cannot be known is silent', () => {
  const silent = [
    'params.epochs',
    'params.opts.whatever.deep',
    'params.cols[0]',
    'params[params.name]',
    'params.name == 5',
    'params.epochs == params.name',
    "params.name == 'x'",
    "params.mode == 'FAST'",
    "params.size == '2'",
    'params.epochs > 3',
    'params.flag == 1',
    'params.cols == null',
    "params.cols || 'none'",
    'env.ANYTHING',
    'secrets.X',
    'matrix.seed',
    "matrix.opt == 'adam'",
    'tasks.prepare.outputs.data',
    'tasks.prepare.outputs.half',
    'tasks.prepare.metrics.a.b',
    'tasks.prepare.metrics.accuracy >= 0.7',
    "tasks.prepare.status == 'succeeded'",
    'tasks.start.outputs.url',
    'tasks.start.outputs.release',
    'tasks.ship.outputs.release',
    'tasks.*.status',
    'tasks[params.name].outputs.x',
    'toJSON(params)',
    'run.id',
    'git.short-commit',
    'models.rain@production.version',
    'models.rain@3',
    'packages.app@1.path',
    'environment.url',
    "fromJSON('{}').x.y",
    "format('{0} {{1}}', 1)",
    "contains(params.cols, 'a')",
    'join(params.cols)',
    'params.flag && params.name || params.cols',
    '(params.flag && 1 || params.name).x',
  ];
  for (const source of silent) assert.deepEqual(problems(source), [], source);
  assert.deepEqual(problems('always() || failure()', 'if'), []);
  assert.deepEqual(problems('matrix.extra', 'command', pipeline.tasks[2]), []);
});

test('what is certainly wrong is found, at the token', () => {
  const cases: [string, ...string[]][] = [
    ['params.epoch', 'unknown-param epoch → epochs'],
    ["params['epoch']", "unknown-param 'epoch' → epochs"],
    ['params.zzz', 'unknown-param zzz'],
    ['tasks.prepar.outputs.x', 'unknown-task prepar → prepare'],
    ['tasks.prepare.outputs.dta', 'unknown-output dta → data'],
    ['tasks.prepare.output.data', 'unknown-context output → outputs'],
    ['matrix.seeds', 'unknown-matrix-key seeds → seed'],
    ['parms.epochs', 'unknown-context parms → params'],
    ['epochs', 'unknown-context epochs'],
    ['run.idd', 'unknown-context idd → id'],
    ['params.epochs.x', 'type x'],
    ['params.cols.x', 'type x'],
    ['params.cols == 1', 'type params.cols == 1'],
    ['params.cols > 1', 'type params.cols > 1'],
    ["params.mode == 'fsat'", "type params.mode == 'fsat'"],
    ["params.flag == 'true'", "type params.flag == 'true'"],
    ["params.epochs > 'many'", "type params.epochs > 'many'"],
    ["tasks.prepare.status == 'success'", "type tasks.prepare.status == 'success'"],
    ["matrix.opt != 'rmsprop'", "type matrix.opt != 'rmsprop'"],
    ["contain('a', 'b')", 'function contain → contains'],
    ["nope('a')", 'function nope'],
    ['success()', 'function success'],
    ["contains('a')", "arity contains('a')"],
    ["join('a', 'b', 'c')", "arity join('a', 'b', 'c')"],
    ["format('{0} {1}', 1)", "arity '{0} {1}'"],
    ["startsWith(params.cols, 'a')", 'type params.cols'],
    ['params.name@production', 'type production'],
  ];
  for (const [source, ...expected] of cases) assert.deepEqual(problems(source), expected, source);
});

test('contexts are legal in their places only', () => {
  assert.deepEqual(problems('tasks.prepare.status', 'matrix'), ['unknown-context tasks']);
  assert.deepEqual(problems('matrix.seed', 'mutex'), []);
  assert.deepEqual(problems('tasks.prepare.status', 'mutex'), ['unknown-context tasks']);
  assert.deepEqual(problems('secrets.X', 'if'), ['unknown-context secrets']);
  assert.deepEqual(problems('matrix.seed', 'command', pipeline.tasks[0]), ['unknown-matrix-key seed']);
  const outside = typeOfExpression(expressionOf('matrix.x'), typeEnvironment(pipeline, undefined, 'env'));
  assert.equal(outside.problems[0]?.code, 'unknown-context');
});

test('what a place needs', () => {
  const check = (line: string, expected: readonly string[]) => {
    const definition = pipelineOf(
      `params: { cols: [a], n: 1 }\ntasks:\n  t:\n    run: x\n    ${line}\n`,
    ).pipeline;
    const [task] = definition.tasks;
    const found = task!.expressions.flatMap((site) => checkSite(definition, task, site));
    assert.deepEqual(
      found.map((problem) => problem.code),
      expected,
      line,
    );
  };
  check('inputs: ["${{ params.cols }}"]', ['type']);
  check('inputs: ["${{ params.n }}.csv"]', []);
  check('matrix: { s: "${{ params.n }}" }', ['type']);
  check('matrix: { s: "${{ params.cols }}" }', []);
  check('matrix: { s: ["${{ params.n }}"] }', []);
});

test('conditions that cannot vary', () => {
  const check = (source: string, expected: unknown) =>
    assert.deepEqual(
      constantValue(expressionOf(source), typeEnvironment(pipeline, train, 'if')),
      expected,
      source,
    );
  check('true', true);
  check("'a' == 'b'", false);
  check('1 < 2 && 3', 3);
  check('false && params.flag', false);
  check('params.flag', undefined);
  check('params.flag || true', undefined);
  check('always()', undefined);
  check('always() && true', undefined);
  check("hashFiles('x')", undefined);
  check('params.cols', true);
});

test('what nobody else can choose', () => {
  const check = (source: string, expected: boolean) =>
    assert.equal(
      isHarmless(expressionOf(source), typeEnvironment(pipeline, train, 'command')),
      expected,
      source,
    );
  check("'x'", true);
  check('params.mode', true);
  check('params.epochs', true);
  check('params.flag', true);
  check('params.name', false);
  check('params.cols', false);
  check("params.flag && '--fast' || '--slow'", false);
  check('git.branch', false);
});

test('the metrics of a task with several cells are a list where they differ', () => {
  const { pipeline: sweep } = pipelineOf(`
params: { seeds: [1, 2] }
tasks:
  fit: { run: x, matrix: { seed: [0, 1] } }
  one: { run: x, matrix: { seed: [0] } }
  some: { run: x, matrix: { seed: [0, 1], exclude: [{ seed: 1 }] } }
  given: { run: x, matrix: { seed: "\${{ params.seeds }}" } }
  gate: { run: x }
`);
  const gate = sweep.tasks.at(-1)!;
  const found = (source: string, task = gate): string[] =>
    typeOfExpression(expressionOf(source), typeEnvironment(sweep, task, 'if')).problems.map(
      ({ message }) => message,
    );
  for (const source of [
    'tasks.fit.metrics.acc >= 0.2',
    "0.2 < tasks.fit.metrics['acc']",
    'tasks.fit.metrics.eval.acc < 1',
    'all(tasks.fit.metrics.acc > 0.2)',
  ]) {
    assert.match(
      found(source).join(),
      /is a list where the cells of the matrix have different values, .* Compare `max/,
      source,
    );
  }
  for (const source of [
    'max(tasks.fit.metrics.acc) >= 0.2',
    'tasks.fit.metrics.acc[0] >= 0.2',
    "tasks.fit.metrics['fit@seed-0.acc'] >= 0.2",
    'tasks.one.metrics.acc >= 0.2',
    // Of equal values it is that value.
    'tasks.fit.metrics.acc == 3',
    'tasks.some.metrics.acc >= 0.2',
    'tasks.given.metrics.acc >= 0.2',
    'tasks.gone.outputs.acc || tasks.fit.metrics.acc',
    'best(tasks.fit.metrics.acc, tasks.fit.outputs.x)',
  ]) {
    assert.doesNotMatch(found(source).join(), /list/, source);
  }
  assert.match(found("max('abc') > 1").join(), /takes numbers/);
  assert.match(found("best(1, 2, 'up')").join(), /third value/);
});
