import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import test from 'node:test';
import { estimateWords } from '../../../server/base/format.js';
import { estimateOf, usualMs } from '../../../server/runner/plan/estimate.js';

test('what a task usually takes is the middle one of its times', () => {
  for (const [took, expected] of [
    [[], undefined],
    [[5], 5],
    [[900, 10, 20], 20],
    [[1, 4, 2, 3], 3],
  ] as const)
    assert.equal(usualMs(took), expected);
});

/** @param tasks `a 3 <- b`: what it took, `?` where it never ran, `-` where it would not run; what it waits for */
function check(tasks: readonly string[], expected: { ms: number; untimed: number } | undefined): void {
  const read = tasks.map((text) => {
    const [head = '', before = ''] = text.split(' <- ');
    const [id = '', took = ''] = head.split(' ');
    const timed = Number.isNaN(Number(took)) ? {} : { tookMs: Number(took) };
    return {
      id,
      decision: took === '-' ? 'up-to-date' : 'run',
      ...timed,
      before: before.split(' ').filter(Boolean),
    };
  });
  const incoming = (id: string) =>
    (read.find((task) => task.id === id)?.before ?? []).map((from) => ({ from, to: id, reasons: [] }));
  assert.deepEqual(estimateOf(read, { incoming }), expected, tasks.join('; '));
}

test('a run takes as long as the longest way through what would run', () => {
  check([], undefined);
  check(['a -'], undefined);
  check(['a ?'], undefined);
  check(['a 3'], { ms: 3, untimed: 0 });
  check(['a 3', 'b 4 <- a', 'c - <- b', 'd 5 <- c'], { ms: 12, untimed: 0 });
  check(['a 3', 'b ? <- a', 'c 4 <- b'], { ms: 7, untimed: 1 });
  // More than the machine can do at once takes turns.
  const many = Array.from({ length: 4 * availableParallelism() }, (_, at) => `t${at} 10`);
  check(many, { ms: 40, untimed: 0 });
});

test('an estimate has no more digits than it knows', () => {
  assert.equal(estimateWords({ ms: 400, untimed: 0 }), 'less than 1 s');
  assert.equal(estimateWords({ ms: 12_345, untimed: 0 }), 'about 12 s');
  assert.equal(estimateWords({ ms: 12_345, untimed: 2 }), 'about 12 s, and 2 tasks that never ran');
});
