/** Which files `from` names, and what a pipeline gets from them. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { display } from '../../../../server/base/json.js';
import { memoryProject } from '../../../support/project.js';

function paramsOf(from: string, files: Readonly<Record<string, string>>, more = ''): Record<string, string> {
  const project = memoryProject({
    'a.pipeline.yaml': `params:\n  from: ${from}\n${more}tasks: {}\n`,
    ...files,
  });
  const definition = project.definition('a.pipeline.yaml');
  assert.ok(definition.kind === 'pipeline');
  const problems = definition.problems.filter(({ code }) => code === 'param-file');
  const params = definition.pipeline.params.map(({ name, type, default: value }): [string, string] => [
    name,
    `${type} ${value === undefined ? 'required' : display(value.value)}`,
  ]);
  return Object.fromEntries([
    ...params,
    ...problems.map(({ message }, at): [string, string] => [`! ${at}`, message]),
  ]);
}

test('values are typed as they are written, and maps are groups', () => {
  const yaml =
    'a: 1\nb: 1.0\nc: "1"\nd: true\ne: [1]\nf: {}\ng: { h: { i: x } }\nj: ~\nk: { 0: 1 }\n"l m": 1\nn: 2024-01-01\n';
  assert.deepEqual(paramsOf('p.yaml', { 'p.yaml': yaml }), {
    a: 'integer 1',
    b: 'number 1.0',
    c: 'string 1',
    d: 'boolean true',
    e: 'list [1]',
    f: 'object {}',
    'g.h.i': 'string x',
    j: 'string null',
    k: 'object {"0":1}',
    n: 'string 2024-01-01',
  });
  const deep = 'a: { b: { c: { d: { e: { f: 1 } } } } }\n';
  assert.deepEqual(paramsOf('p.yaml', { 'p.yaml': deep }), { 'a.b.c.d.e': 'object {"f":1}' });
});

test('several files, prefixes, and params that the pipeline declares', () => {
  const files = { 'p.yaml': 'a: 1\n', 'q.toml': 'a = 2\n[b]\nc = "x"\n', 'r.json': '{"a": 3}' };
  assert.deepEqual(paramsOf('[p.yaml, { path: q.toml, prefix: q }, { path: ./r.json, prefix: r }]', files), {
    a: 'integer 1',
    'q.a': 'integer 2',
    'q.b.c': 'string x',
    'r.a': 'integer 3',
  });
  assert.deepEqual(paramsOf('{ path: q.toml, prefix: q }', files), {
    'q.a': 'integer 2',
    'q.b.c': 'string x',
  });
  assert.deepEqual(
    paramsOf(
      'p.yaml',
      { 'p.yaml': 'a: 1.50\nb: 2\nc: 5\n' },
      '  a: { type: string }\n  b: { minimum: 0 }\n  d: { type: integer }\n  c: { maximum: 4 }\n',
    ),
    {
      a: 'string 1.50',
      b: 'integer 2',
      d: 'integer required',
      c: 'integer 5',
      '! 0': '"c" at p.yaml:3 is 5, above the maximum 4.',
    },
  );
});

test('a name has one place', () => {
  const clash = (own: string, file: string): readonly string[] =>
    Object.entries(paramsOf('p.yaml', { 'p.yaml': file }, own)).flatMap(([name, text]) =>
      name.startsWith('!') ? [text] : [],
    );
  assert.deepEqual(clash('  a: 1\n', 'b: 1\na: 2\n'), [
    '"a" is set in the pipeline and at p.yaml:2: keep one of them.',
  ]);
  assert.equal(clash('  a: { b: 1 }\n', 'a: 2\n').length, 1);
  assert.equal(clash('  a: 1\n', 'a: { b: 2 }\n').length, 1);
  const both = paramsOf('[p.yaml, q.yaml]', { 'p.yaml': 'a: 1\n', 'q.yaml': 'a: 1\n' });
  assert.equal(both['! 0'], '"a" is set in p.yaml:1 and at q.yaml:1: keep one of them.');
});

test('what names no file is a param', () => {
  const rows: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['2024-01-01', { from: 'string 2024-01-01' }],
    ['[1, 2]', { from: 'list [1,2]' }],
    ['{ default: x.yaml }', { from: 'string x.yaml' }],
    ['{ a: 1 }', { 'from.a': 'integer 1' }],
    ['../x.yaml', { '! 0': '"../x.yaml" leaves the project: params are read from files in it.' }],
    [
      '[p.yaml, x.py]',
      {
        a: 'integer 1',
        '! 0':
          '"x.py" is no file of params: they are read from YAML, JSON and TOML (.yaml, .yml, .json, .toml).',
      },
    ],
    ['gone.toml', { '! 0': '"gone.toml" does not exist.' }],
  ];
  for (const [from, expected] of rows)
    assert.deepEqual(paramsOf(from, { 'p.yaml': 'a: 1\n' }), expected, from);
});

test("while a file can't be read, nothing is said of names that may stand in it", () => {
  const text = 'params: { from: p.yaml }\ntasks:\n  t:\n    run: echo ${{ params.a }}\n    cache: false\n';
  for (const broken of [undefined, 'a: [', '- 1\n']) {
    const project = memoryProject({
      'a.pipeline.yaml': text,
      ...(broken === undefined ? {} : { 'p.yaml': broken }),
    });
    assert.deepEqual(
      project.findings('a.pipeline.yaml').map(({ rule }) => rule),
      ['param/file'],
    );
  }
});
