/** What DVC accepts is silent here, and what it refuses is refused: the real DVC says which is which. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { SEED, cases, fc } from '../../support/generated/cases.js';
import { withoutDvc } from '../../support/peers/peers.js';
import { PROJECTS } from './projects.js';
import { differences } from './verdict.js';

const skip = withoutDvc();

test('DVC accepts and refuses the same projects', { skip }, () => {
  assert.deepEqual(differences(PROJECTS), []);
});

/** Pieces of stages that may stand together, right ones and wrong ones. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  deps: ['[a]', '[out/x]', "['${n}']", "['${m.k}', b]", "['${nope}']", '[${n', '[3]', '[../o]', '[one]'],
  outs: [
    '[one]',
    '[out]',
    "['o-${n}']",
    '[{one: {cache: false}}]',
    '[{"${m.k}": {persist: true}}]',
    '[x, x]',
    '[out/y]',
  ],
  metrics: ['[m.json]', '[{m.json: {cache: false}}]', '[one]', "['m-${item}.json']"],
  params: ['[lr]', '[{p.json: [a]}]', '[{p.json: }]', "['${m.k}']", '[{p.json: a}]'],
  wdir: ['s', '.', "'${n}'", "'${l}'"],
  frozen: ['true', "'${n}'", 'on'],
  vars: [
    '[{v: 1}]',
    '[{n: 2}]',
    '[more.yaml]',
    '["more.yaml:q"]',
    '[none.yaml]',
    "[{v: '${n}'}]",
    '[{item: 1}]',
  ],
  desc: ['text', '1.5', "'${n}'", '2020-02-02', '1_0'],
  meta: ['{a: [1]}', "'${l[0]}'", "'${l[9]}'"],
};
const COMMANDS = [
  'x',
  'x ${n} ${m.k}',
  'x ${item}',
  'x ${item.k} ${key}',
  '[a, b]',
  "'x ${m}'",
  "'x ${l}'",
  'x \\${n}',
  'x ${v}',
];
const PARAMS = [
  'n: 3\nm: {k: q}\nl: [1, two]\n',
  'n: 1e-7\nm: {k: true}\nl: []\nitem: 5\n',
  'n: [1\n',
  '',
  'm: {k: 2020-01-01}\n',
];
const GROUPS = [
  '[1, 2]',
  '[{k: 1}, {k: 2}]',
  '${l}',
  '${m}',
  '{p: {k: 1}, q: {k: 2}}',
  '${n}',
  "[true, ~, 1.50, '${m.k}']",
];
const AXES = ['{k: [1, 2]}', '{k: "${l}", j: [x]}', '{k: [[1], {a: 2}]}', '{k: "${m}"}', '{}', '{k: abc}'];

const keys = fc
  .subarray(Object.keys(KEYS), { maxLength: 3 })
  .chain((names) =>
    fc.tuple(
      ...names.map((name) => fc.constantFrom(...(KEYS[name] ?? [])).map((value) => `${name}: ${value}`)),
    ),
  );

const body = fc.tuple(fc.constantFrom(...COMMANDS), keys).map(([cmd, more]) => [`cmd: ${cmd}`, ...more]);

const stage = fc.oneof(
  { weight: 4, arbitrary: body.map((lines) => lines.map((line) => `    ${line}`)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...GROUPS), body)
      .map(([group, lines]) => [`    foreach: ${group}`, '    do:', ...lines.map((line) => `      ${line}`)]),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...AXES), body)
      .map(([axes, lines]) => [`    matrix: ${axes}`, ...lines.map((line) => `    ${line}`)]),
  },
);

const project = fc
  .record({
    stages: fc.array(stage, { minLength: 1, maxLength: 3 }),
    params: fc.option(fc.constantFrom(...PARAMS), { nil: undefined, freq: 6 }),
    vars: fc.option(fc.constantFrom(...(KEYS['vars'] ?? [])), { nil: undefined, freq: 1 }),
  })
  .map(({ stages, params, vars }): Readonly<Record<string, string>> => ({
    'dvc.yaml': [
      ...(vars === undefined ? [] : [`vars: ${vars}`]),
      'stages:',
      ...stages.flatMap((lines, at) => [`  s${at}:`, ...lines]),
      '',
    ].join('\n'),
    'more.yaml': 'q: 1\nw: two\n',
    ...(params === undefined ? {} : { 'params.yaml': params }),
  }));

test(`and the same of any project (SEED=${SEED})`, { skip }, () => {
  const count = cases(60, 4_000);
  for (let at = 0; at < count; at += 500) {
    const some = fc.sample(project, { numRuns: Math.min(500, count - at), seed: SEED + at });
    assert.deepEqual(differences(some), []);
  }
});
