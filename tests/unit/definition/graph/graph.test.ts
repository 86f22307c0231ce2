import assert from 'node:assert/strict';
import test from 'node:test';
import { fc } from '../../../support/generated/cases.js';
import { buildGraph, redundantNeeds, taskOrder } from '../../../../server/definition/graph/graph.js';
import type { Graph } from '../../../../server/definition/graph/graph.js';
import { findCycles, topologicalOrder } from '../../../../server/definition/graph/order.js';
import { normalizePath } from '../../../../server/definition/text/paths.js';
import { pipelineOf } from '../helpers.js';

/** Tasks as `name: { … }` lines in flow style; `run: x` is added where they name no action. */
function graphOf(tasks: Record<string, string>, head = ''): Graph {
  const lines = Object.entries(tasks).map(([name, rest]) => {
    const action = /\b(?:check|training-set|register|package|approval|deploy|service|monitor):/.test(rest)
      ? []
      : ['run: x'];
    return `  ${name}: { ${[...action, rest].filter((part) => part !== '').join(', ')} }`;
  });
  const { pipeline, problems } = pipelineOf(`${head}tasks:\n${lines.join('\n')}\n`);
  assert.deepEqual(problems, []);
  return buildGraph(pipeline);
}

function check(tasks: Record<string, string>, expected: readonly string[], head = ''): void {
  const graph = graphOf(tasks, head);
  const edges = graph.edges.map(
    (edge) => `${edge.from}>${edge.to} ${edge.reasons.map((reason) => reason.kind).join('+')}`,
  );
  assert.deepEqual(edges, expected);
}

test('edges from paths', () => {
  check({ a: 'outputs: { o: data/x.csv }', b: 'inputs: [data/x.csv]' }, ['a>b path']);
  check({ a: 'outputs: { o: ./data//sub/../x.csv }', b: 'inputs: data/x.csv' }, ['a>b path']);
  check({ a: 'outputs: { o: data/X.csv }', b: 'inputs: [data/x.csv]' }, []);
  check({ a: 'metrics: m.json', b: 'inputs: [m.json]' }, ['a>b path']);
  check({ a: 'plots: [p.csv]', b: 'inputs: [p.csv]' }, ['a>b path']);
});

test('edges from the files that an action itself reads and writes', () => {
  check({ a: 'outputs: { o: data/x.csv }', b: 'check: [{ data: data/x.csv, expect: {} }]' }, ['a>b path']);
  check({ a: 'outputs: { o: "data/x[1].csv" }', b: 'check: [{ data: "data/x[1].csv", expect: {} }]' }, [
    'a>b path',
  ]);
  check({ a: 'training-set: { labels: l.csv, service: s, output: data/x.csv }', b: 'inputs: [data/x.csv]' }, [
    'a>b path',
  ]);
  check({ a: 'outputs: { o: l.csv }', b: 'training-set: { labels: l.csv, service: s, output: x.csv }' }, [
    'a>b path',
  ]);
});

test('edges from folders', () => {
  check({ a: 'outputs: { o: data }', b: 'inputs: [data/deep/x.csv]' }, ['a>b path']);
  check({ a: 'outputs: { o: data/x.csv }', b: 'inputs: [data]' }, ['a>b path']);
  check({ a: 'outputs: { o: data/ }', b: 'inputs: [data]' }, ['a>b path']);
  check({ a: 'outputs: { o: data }', b: 'inputs: [database/x.csv, data.csv]' }, []);
  check({ a: 'outputs: { o: x }', b: 'inputs: [.]' }, ['a>b path']);
});

test('edges from globs', () => {
  check({ a: 'outputs: { o: data/x.csv }', b: 'inputs: ["data/*.csv"]' }, ['a>b path']);
  check({ a: 'outputs: { o: data/deep/x.csv }', b: 'inputs: ["data/*.csv"]' }, []);
  check({ a: 'outputs: { o: data/deep/x.csv }', b: 'inputs: ["data/**/*.csv"]' }, ['a>b path']);
  check({ a: 'outputs: { o: data/parts }', b: 'inputs: ["data/parts/*.csv"]' }, ['a>b path']);
  check({ a: 'outputs: { o: data/parts }', b: 'inputs: ["data/**/*.csv"]' }, ['a>b path']);
  check({ a: 'outputs: { o: data/x.txt }', b: 'inputs: ["data/**/*.csv"]' }, []);
  check({ a: 'outputs: { o: x.csv }', b: 'inputs: ["*.csv"]' }, ['a>b path']);
});

test('edges from expressions and needs', () => {
  check({ a: 'outputs: { o: x }', b: 'env: { P: "${{ tasks.a.outputs.o }}" }' }, ['a>b expression']);
  check({ a: '', b: "if: tasks.a.status == 'failed'" }, ['a>b expression']);
  check({ a: '', b: 'env: { P: "${{ tasks[\'a\'].status }}" }' }, ['a>b expression']);
  check({ a: '', b: 'needs: [a]' }, ['a>b needs']);
  check({ a: '', b: 'needs: a' }, ['a>b needs']);
  check({ a: '', b: 'needs: [nope]' }, []);
  check({ a: 'outputs: { o: x }', b: 'inputs: ["${{ tasks.a.outputs.o }}"], needs: [a]' }, [
    'a>b path+expression+needs',
  ]);
  // A task's own output paths are known without waiting for itself.
  check({ a: 'outputs: { o: x }, env: { P: "${{ tasks.a.outputs.o }}" }' }, []);
});

test('edges from the names of packages, models, environments and services', () => {
  const pack = 'package: { name: app, include: "app/**", entrypoint: ./serve }';
  const deploy = (to: string, rest = ''): string =>
    `deploy: { package: app, environment: ${to} }${rest === '' ? '' : `, ${rest}`}`;
  const service = (rest: string): string => `service: { name: rain${rest} }`;
  const register = (aliases: string): string => `register: { model: rain, from: m, aliases: ${aliases} }`;
  const model = (version: string): string =>
    `deploy: { package: other, model: "rain@${version}", environment: e }`;
  check({ d: deploy('e'), p: pack }, ['p>d name']);
  check({ p: pack, d: 'deploy: { package: app@3, environment: e }' }, []);
  check({ p: pack, d: 'deploy: { package: app@latest, environment: e }' }, ['p>d name']);
  check({ r: register('[candidate]'), d: model('candidate') }, ['r>d name']);
  check({ r: register('[candidate]'), d: model('latest') }, ['r>d name']);
  check({ r: register('[candidate]'), d: model('production') }, []);
  check({ r: register('[candidate]'), d: model('1') }, []);
  check({ r: register('["${{ git.branch }}"]'), d: model('main') }, ['r>d name']);
  check(
    {
      r: register('[candidate]'),
      a: 'approval: { prompt: ok, compare: { model: rain@candidate } }',
    },
    ['r>a name'],
  );
  check({ d: deploy('e'), s: service('') }, ['d>s name']);
  check({ d: deploy('a'), e: deploy('b'), s: service(', environment: b') }, ['e>s name']);
  // Which of the two is meant has to be said.
  check({ d: deploy('a'), e: deploy('b'), s: service('') }, []);
  check({ d: deploy('a'), e: deploy('a'), s: `${service(', environment: a')}, needs: [d]` }, ['d>s needs']);
  check({ d: deploy('a'), s: `${service('')}, needs: [d]` }, ['d>s needs+name']);
  check({ s: service(', environment: e'), m: 'monitor: { service: rain, rules: p95 < 1s }' }, ['s>m name']);
  check(
    {
      s: service(', environment: a'),
      t: service(', environment: b'),
      m: 'monitor: { service: rain, environment: b, rules: p95 < 1s }',
    },
    ['t>m name'],
  );
  // What comes later by other means is not what is meant.
  check(
    {
      d: deploy('e'),
      s: service(', environment: e'),
      again: deploy('e', 'needs: [s]'),
      t: `${service(', environment: e')}, needs: [again]`,
    },
    ['s>again needs', 'again>t needs', 'd>s name'],
  );
});

test('params and matrix values in paths', () => {
  const head = 'params: { dir: out, seeds: [1, 2] }\n';
  check({ a: 'outputs: { o: "${{ params.dir }}/x" }', b: 'inputs: [out/x]' }, ['a>b path'], head);
  check(
    { a: 'matrix: { s: [1, 2] }, outputs: { o: "m/${{ matrix.s }}.json" }', b: 'inputs: [m/2.json]' },
    ['a@2>b path'],
    head,
  );
  check(
    { a: 'matrix: { s: "${{ params.seeds }}" }, outputs: { o: "m/${{ matrix.s }}.json" }', b: 'needs: [a]' },
    ['a@1>b needs', 'a@2>b needs'],
    head,
  );
  check({ a: 'outputs: { o: "${{ git.commit }}" }', b: 'inputs: ["${{ git.commit }}"]' }, []);
});

test('options give what is unknown otherwise', () => {
  const { pipeline } = pipelineOf(
    'params: { d: { type: string } }\ntasks:\n  a: { run: x, outputs: { o: "${{ params.d }}/${{ git.branch }}" } }\n',
  );
  assert.equal(buildGraph(pipeline).instances[0]?.outputs[0]?.path, undefined);
  const graph = buildGraph(pipeline, { params: { d: 'q' }, git: { branch: 'main' } });
  assert.equal(graph.instances[0]?.outputs[0]?.path, 'q/main');
});

test('outputs in each other’s way', () => {
  const same = graphOf({ a: 'outputs: { o: x }', b: 'outputs: { o: ./x }' });
  assert.deepEqual(
    same.duplicateOutputs.map((one) => [one.path, one.places.map((place) => place.task)]),
    [['x', ['a', 'b']]],
  );
  const cells = graphOf({ a: 'matrix: { s: [1, 2, 3] }, outputs: { o: x }' });
  assert.deepEqual(
    cells.duplicateOutputs.map((one) => one.places.map((place) => place.instance)),
    [['a@1', 'a@2']],
  );
  const metrics = graphOf({ a: 'outputs: { o: m.json }, metrics: m.json' });
  assert.deepEqual(metrics.duplicateOutputs, []);
  const twice = graphOf({ a: 'outputs: { o: x, p: x }' });
  assert.equal(twice.duplicateOutputs.length, 1);
  const nested = graphOf({
    a: 'outputs: { o: data }',
    b: 'outputs: { o: data/deep/x }',
    c: 'outputs: { o: datax }',
  });
  assert.deepEqual(
    nested.nestedOutputs.map((one) => [one.outer.task, one.inner.task]),
    [['a', 'b']],
  );
});

test('order and cycles', () => {
  const graph = graphOf({ d: 'needs: [c]', a: '', c: 'needs: [a, b]', b: '' });
  assert.deepEqual(graph.order, ['a', 'b', 'c', 'd']);
  assert.deepEqual(taskOrder(graph), ['a', 'b', 'c', 'd']);
  const knot = graphOf({ x: 'needs: [b]', a: 'needs: [c]', b: 'needs: [a]', c: 'needs: [b]', free: '' });
  assert.deepEqual(knot.cycles, [['a', 'b', 'c']]);
  assert.deepEqual(knot.order, ['free', 'x', 'a', 'b', 'c']);
  assert.deepEqual(graphOf({ a: 'needs: [a]' }).cycles, [['a']]);
  assert.deepEqual(graphOf({ a: 'inputs: [x], outputs: { o: x }' }).cycles, [['a']]);
  assert.deepEqual(graphOf({ a: 'inputs: [x], outputs: { o: { path: x, persist: true } }' }).cycles, []);
  assert.deepEqual(graphOf({ a: 'inputs: [data], outputs: { o: data/x } ' }).cycles, []);
});

test('redundant needs', () => {
  const names = (tasks: Record<string, string>) =>
    redundantNeeds(graphOf(tasks)).map((one) => `${one.task.name}:${one.name}`);
  assert.deepEqual(names({ a: 'outputs: { o: x }', b: 'inputs: [x], needs: [a]' }), ['b:a']);
  assert.deepEqual(names({ a: '', b: 'needs: [a]' }), []);
  assert.deepEqual(names({ a: '', b: 'needs: [a, a]' }), ['b:a']);
  assert.deepEqual(
    names({ a: 'matrix: { s: [1, 2] }, outputs: { o: "${{ matrix.s }}" }', b: 'inputs: ["1"], needs: [a]' }),
    [],
  );
});

test('paths are normalised', () => {
  const cases: [string, string][] = [
    ['./a//b/../c', 'a/c'],
    ['a/b', 'a/b'],
    ['a/', 'a'],
    ['.', '.'],
    ['a/..', '.'],
    ['../x', '../x'],
    ['a/../../x', '../x'],
    ['/abs/./x', '/abs/x'],
    ['/..', '/'],
    ['a.b/c..d', 'a.b/c..d'],
    ['...', '...'],
  ];
  for (const [path, expected] of cases) assert.equal(normalizePath(path), expected, path);
});

const random = fc.integer({ min: 1, max: 12 }).chain((size) =>
  fc.record({
    size: fc.constant(size),
    edges: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 30 }),
  }),
);

test('cycles are real, one per knot, and do not depend on the order of edges', () => {
  fc.assert(
    fc.property(random, fc.infiniteStream(fc.nat()), ({ size, edges }, noise) => {
      const ids = Array.from({ length: size }, (_, at) => `t${at}`);
      const next = (list: readonly (readonly [number, number])[]) => (id: string) =>
        list.filter(([from]) => `t${from}` === id).map(([, to]) => `t${to}`);
      const shuffled = edges
        .map((edge) => ({ edge, key: noise.next().value as number }))
        .sort((a, b) => a.key - b.key)
        .map(({ edge }) => edge);
      const cycles = findCycles(ids, next(edges));
      assert.deepEqual(findCycles(ids, next(shuffled)), cycles);
      for (const cycle of cycles) {
        for (const [at, id] of cycle.entries()) {
          assert.ok(next(edges)(id).includes(cycle[(at + 1) % cycle.length] ?? ''));
        }
        const indices = cycle.map((id) => Number(id.slice(1)));
        assert.equal(indices[0], Math.min(...indices));
      }
      const order = topologicalOrder(ids, next(edges));
      assert.deepEqual([...order].sort(), [...ids].sort());
      if (cycles.length === 0) {
        for (const [from, to] of edges) assert.ok(order.indexOf(`t${from}`) < order.indexOf(`t${to}`));
      } else {
        assert.ok(edges.some(([from, to]) => order.indexOf(`t${from}`) >= order.indexOf(`t${to}`)));
      }
    }),
    { numRuns: 500 },
  );
});

test('edges do not depend on the order in which inputs and outputs stand', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ ins: fc.uniqueArray(fc.nat(7)), outs: fc.uniqueArray(fc.nat(7), { maxLength: 3 }) }),
        { maxLength: 6 },
      ),
      (tasks) => {
        const text = (reverse: boolean) =>
          Object.fromEntries(
            tasks.map(({ ins, outs }, at) => {
              const order = (list: readonly number[]) => (reverse ? [...list].reverse() : list);
              const inputs = order(ins)
                .map((one) => `d/f${one}`)
                .join(', ');
              const outputs = order(outs)
                .map((one) => `o${one}: d/f${one}`)
                .join(', ');
              return [`t${at}`, `inputs: [${inputs}], outputs: { ${outputs} }`];
            }),
          );
        if (tasks.length === 0) return;
        const pairs = (graph: Graph) => graph.edges.map((edge) => `${edge.from}>${edge.to}`).sort();
        const a = graphOf(text(false));
        const b = graphOf(text(true));
        assert.deepEqual(pairs(a), pairs(b));
        assert.deepEqual(a.cycles, b.cycles);
        assert.deepEqual(a.order, b.order);
      },
    ),
    { numRuns: 200 },
  );
});
