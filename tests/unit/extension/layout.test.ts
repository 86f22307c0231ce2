import assert from 'node:assert/strict';
import test from 'node:test';
import { extent, scale, ticks } from '../../../media/webviews/shared/charts/axis.js';
import { layout, neighbour, pathOf, type Layout } from '../../../media/webviews/shared/charts/layout.js';
import { fc } from '../../support/generated/cases.js';

const OPTIONS = { direction: 'right', layerGap: 50, nodeGap: 20 } as const;

/** `a>b b>c` as nodes of one size and edges. */
function graph(text: string, options: { direction: 'right' | 'down' } = OPTIONS): Layout {
  const words = text.split(' ').filter((word) => word !== '');
  const edges = words.flatMap((word) => {
    const [from, to] = word.split('>');
    return from !== undefined && to !== undefined ? [{ from, to }] : [];
  });
  const ids = [...new Set(words.flatMap((word) => word.split('>')))];
  return layout(
    ids.map((id) => ({ id, width: 100, height: 40 })),
    edges,
    { ...OPTIONS, ...options },
  );
}

function overlaps(drawing: Layout): boolean {
  return drawing.nodes.some((a, index) =>
    drawing.nodes
      .slice(index + 1)
      .some(
        (b) =>
          a.x < b.x + b.width &&
          b.x < a.x + a.width &&
          a.y < b.y + b.height - 1e-6 &&
          b.y < a.y + a.height - 1e-6,
      ),
  );
}

test('a node comes after everything it depends on', () => {
  const check = (text: string, expected: Record<string, number>) => {
    const drawing = graph(text);
    assert.deepEqual(Object.fromEntries(drawing.nodes.map(({ id, layer }) => [id, layer])), expected);
  };
  check('a>b b>c', { a: 0, b: 1, c: 2 });
  check('a>b a>c b>d c>d a>d', { a: 0, b: 1, c: 1, d: 2 });
  check('a b', { a: 0, b: 0 });
  check('a>b b>a', { a: 0, b: 1 });
  check('a>a', { a: 0 });
});

test('nothing overlaps, all is inside, and the picture is always the same', () => {
  const anyGraph = fc
    .integer({ min: 1, max: 14 })
    .chain((count) =>
      fc.tuple(
        fc.constant(count),
        fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 30 }),
        fc.constantFrom('right' as const, 'down' as const),
      ),
    );
  fc.assert(
    fc.property(anyGraph, ([count, pairs, direction]) => {
      const text = [
        ...Array.from({ length: count }, (_, index) => `n${index}`),
        ...pairs.map(([from, to]) => `n${from}>n${to}`),
      ].join(' ');
      const drawing = graph(text, { direction });
      assert.equal(drawing.nodes.length, count);
      assert.ok(!overlaps(drawing));
      for (const node of drawing.nodes) {
        assert.ok(node.x >= -1e-6 && node.x + node.width <= drawing.width + 1e-6);
        assert.ok(node.y >= -1e-6 && node.y + node.height <= drawing.height + 1e-6);
      }
      assert.equal(drawing.edges.length, pairs.length);
      assert.deepEqual(graph(text, { direction }), drawing);
    }),
    { numRuns: 200 },
  );
});

test('edges that need not cross do not', () => {
  const drawing = graph('a>y b>x');
  const y = (id: string) => drawing.nodes.find((node) => node.id === id)?.y ?? Number.NaN;
  assert.ok((y('a') - y('b')) * (y('y') - y('x')) > 0);
});

test('a large graph is laid out without hanging', () => {
  const text = Array.from({ length: 1500 }, (_, index) => `n${index}>n${index + 1}`).join(' ');
  const begin = performance.now();
  assert.equal(graph(text).nodes.length, 1501);
  assert.ok(performance.now() - begin < 5000);
});

test('edges to nobody are left out, an empty graph is empty', () => {
  const drawing = layout([{ id: 'a', width: 10, height: 10 }], [{ from: 'a', to: 'ghost' }], OPTIONS);
  assert.deepEqual(drawing.edges, []);
  assert.deepEqual(layout([], [], OPTIONS), { nodes: [], edges: [], width: 0, height: 0 });
});

test('arrow keys go along edges and within layers', () => {
  const drawing = graph('a>b a>c b>d c>d');
  const check = (from: string, key: Parameters<typeof neighbour>[2], expected: string | undefined) =>
    assert.equal(neighbour(drawing, from, key, 'right'), expected);
  check('b', 'ArrowRight', 'd');
  check('b', 'ArrowLeft', 'a');
  check('d', 'ArrowRight', undefined);
  check('nobody', 'ArrowRight', undefined);
  const [top, bottom] = ['b', 'c'].sort(
    (one, other) =>
      (drawing.nodes.find(({ id }) => id === one)?.y ?? 0) -
      (drawing.nodes.find(({ id }) => id === other)?.y ?? 0),
  );
  check(top ?? '', 'ArrowDown', bottom);
  check(bottom ?? '', 'ArrowUp', top);
  check(top ?? '', 'ArrowUp', undefined);
});

test('paths of edges', () => {
  const points = [{ x: 0, y: 0 }, { x: 10, y: 20 }]; // prettier-ignore
  assert.equal(pathOf(points, 'right'), 'M0 0C5 0 5 20 10 20');
  assert.equal(pathOf(points, 'down'), 'M0 0C0 10 10 10 10 20');
  assert.equal(pathOf([], 'right'), '');
});

test('axes have round numbers within their bounds', () => {
  assert.deepEqual(ticks(0, 10, 5), [0, 2, 4, 6, 8, 10]);
  assert.deepEqual(ticks(0.12, 0.31, 4), [0.15, 0.2, 0.25, 0.3]);
  assert.deepEqual(ticks(1, 1, 4), []);
  assert.deepEqual(ticks(0, Number.POSITIVE_INFINITY, 4), []);
  assert.deepEqual(extent([], 0), [0, 1]);
  assert.deepEqual(extent([5], 0), [4.5, 5.5]);
  assert.deepEqual(extent([0, Number.NaN, 10], 0.1), [-1, 11]);
  assert.equal(scale(0, 10, 100, 200)(5), 150);
  assert.equal(scale(1, 1, 100, 200)(5), 100);
  fc.assert(
    fc.property(
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      (low, size) => {
        const marks = ticks(low, low + size, 5);
        assert.ok(marks.length <= 12);
        // Closer to a large number than this there is no other number.
        const nearest = Math.abs(low) * 2 ** -51;
        const slack = Math.max(size * 1e-6, nearest);
        for (const mark of marks) assert.ok(mark >= low - slack && mark <= low + size + slack);
      },
    ),
  );
});
