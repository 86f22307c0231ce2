import assert from 'node:assert/strict';
import test from 'node:test';
import { summarize } from '../../../server/serving/monitor/measures/bucket.js';
import { sampled, stepOf } from '../../../server/serving/monitor/measures/series.js';
import { bucketOf } from '../../support/recorded.js';
import { fc } from '../../support/generated/cases.js';

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];

test('a window gets the shortest span that people count in and that few enough points have', () => {
  const check = (windowMs: number, leastMs: number, expected: number): void =>
    assert.equal(stepOf(windowMs, 200, leastMs), expected, `${windowMs}`);
  check(MINUTE, SECOND, SECOND);
  check(5 * MINUTE, SECOND, 2 * SECOND);
  check(5 * MINUTE, 10 * SECOND, 10 * SECOND);
  check(HOUR, 10 * SECOND, 20 * SECOND);
  check(6 * HOUR, 10 * SECOND, 2 * MINUTE);
  check(24 * HOUR, 5 * MINUTE, 10 * MINUTE);
  check(7 * 24 * HOUR, 5 * MINUTE, HOUR);
  check(90 * 24 * HOUR, 5 * MINUTE, 12 * HOUR);
  check(1000 * 24 * HOUR, 5 * MINUTE, 5 * 24 * HOUR);
});

test('a point is what all its requests come to, and is the same whenever it is asked for', () => {
  const bucket = fc.array(fc.integer({ min: 1, max: 60_000 }), { maxLength: 20 });
  fc.assert(
    fc.property(
      fc.array(bucket, { minLength: 1, maxLength: 60 }),
      fc.constantFrom(10, 20, 30, 60, 600),
      fc.integer({ min: 0, max: 59 }),
      (spans, stepSeconds, cut) => {
        const start = 1_000_000 * MINUTE;
        const buckets = spans.map((latencies, index) =>
          bucketOf(start + (index + 1) * 10 * SECOND, 10, { r1: { latencies } }),
        );
        const points = sampled(buckets, stepSeconds * SECOND);
        assert.equal(
          points.reduce((sum, { bucket: { requests } }) => sum + requests, 0),
          spans.flat().length,
        );
        for (const { at, bucket: found } of points) {
          assert.equal(at % (stepSeconds * SECOND), 0);
          const own = spans.filter(
            (_latencies, index) =>
              start + index * 10 * SECOND >= at - stepSeconds * SECOND && start + index * 10 * SECOND < at,
          );
          const sorted = own.flat().sort((a, b) => a - b);
          const exact = sorted[Math.ceil(0.95 * sorted.length) - 1];
          const p95 = summarize([found])?.p95;
          if (exact === undefined) assert.equal(p95, undefined);
          else assert.ok(Math.abs(p95! - exact) <= exact * 0.016 + 0.001, `${p95} for ${exact}`);
        }
        // Whatever has left the window, the points that are whole stay as they were.
        const later = sampled(buckets.slice(cut), stepSeconds * SECOND);
        assert.deepEqual(later.slice(1), points.slice(points.length - Math.max(0, later.length - 1)));
      },
    ),
    { numRuns: 60 },
  );
});

test('spans in which nothing was measured are left out', () => {
  const start = 1_000_000 * MINUTE;
  const at = (seconds: number) => bucketOf(start + seconds * SECOND, 10, {});
  assert.deepEqual(
    sampled([at(10), at(20), at(130)], MINUTE).map((point) => (point.at - start) / SECOND),
    [60, 180],
  );
  assert.deepEqual(sampled([], MINUTE), []);
});
