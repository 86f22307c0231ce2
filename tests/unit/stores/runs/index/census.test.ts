/** Counts of all runs, against a plain look at the whole index. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import test from 'node:test';
import { localDay } from '../../../../../server/base/format.js';
import { RunCensus } from '../../../../../server/stores/runs/index/census.js';
import type { RunStatus, RunSummary } from '../../../../../server/stores/runs/document.js';
import { runIdTime } from '../../../../../server/stores/runs/id.js';
import { RunIndex } from '../../../../../server/stores/runs/index/index.js';
import { fc } from '../../../../support/generated/cases.js';
import { tempFolder } from '../../support.js';

const STATUSES: readonly RunStatus[] = ['succeeded', 'failed', 'running'];

/** One run each three hours. */
function idOf(number: number): string {
  const text = new Date(Date.UTC(2026, 9, 1) + number * 3 * 3_600_000).toISOString();
  const [, date = '', time = ''] = /^(.*)T(.*)Z$/.exec(text.replaceAll(/[-:]/g, '')) ?? [];
  return `${date}-${time.replace('.', '-')}-${number.toString(36).padStart(4, '0')}`;
}

function summary(number: number, pipeline: string, status: RunStatus): RunSummary {
  const id = idOf(number);
  return {
    ...{ id, pipeline, path: `${pipeline}.yaml`, status, createdAt: new Date(runIdTime(id)).toISOString() },
    ...{ pid: 1, trigger: 'terminal', counts: {}, metrics: {} },
  };
}

function plainly(index: RunIndex, pipeline?: string, statuses?: readonly RunStatus[]) {
  const [byPipeline, byDay] = [new Map<string, number>(), new Map<string, number>()];
  let total = 0;
  for (const run of index.all().values()) {
    if (pipeline !== undefined && run.pipeline !== pipeline) continue;
    if (statuses !== undefined && !statuses.includes(run.status)) continue;
    total += 1;
    byPipeline.set(run.pipeline, (byPipeline.get(run.pipeline) ?? 0) + 1);
    const day = localDay(Date.parse(run.createdAt));
    byDay.set(day, (byDay.get(day) ?? 0) + 1);
  }
  return { total, byPipeline: Object.fromEntries(byPipeline), byDay: Object.fromEntries(byDay) };
}

const STEPS = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({ run: fc.nat(60), pipeline: fc.nat(9), status: fc.constantFrom(...STATUSES) }),
    },
    { weight: 2, arbitrary: fc.record({ gone: fc.nat(60) }) },
    { weight: 1, arbitrary: fc.constant('compact' as const) },
    { weight: 2, arbitrary: fc.constant('look' as const) },
  ),
  { maxLength: 60 },
);

test('counts follow the index over changes, deletions and compactions', (t) => {
  const root = tempFolder(t);
  let round = 0;
  fc.assert(
    fc.property(STEPS, (steps) => {
      const folder = `${root}/${round++}`;
      mkdirSync(folder);
      const index = new RunIndex(folder);
      const census = new RunCensus(index);
      for (const step of [...steps, 'look' as const]) {
        if (step === 'compact') index.compact();
        else if (step !== 'look') {
          if ('gone' in step) index.appendGone(idOf(step.gone));
          // A run keeps its pipeline.
          else index.append(summary(step.run, `p${step.run % 10}`, step.status));
        } else {
          census.refresh();
          assert.deepEqual(census.counts(), plainly(index));
          assert.deepEqual(census.counts({ pipeline: 'p3' }), plainly(index, 'p3'));
          assert.deepEqual(census.counts({ statuses: ['failed'] }), plainly(index, undefined, ['failed']));
          const ids = [...index.all().values()]
            .filter(({ pipeline }) => pipeline === 'p3')
            .map(({ id }) => id);
          assert.deepEqual(census.newestOf('p3', 2), ids.sort().reverse().slice(0, 2));
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('runs of MLflow clients: what they delete is not counted, and none is a run of a pipeline', (t) => {
  const index = new RunIndex(tempFolder(t));
  const census = new RunCensus(index);
  const tracked: RunSummary = { ...summary(2, 'rain', 'succeeded'), source: 'tracking', name: 'one' };
  const look = () => {
    census.refresh();
    const { total, byPipeline } = census.counts();
    return [total, byPipeline['rain'] ?? 0, census.newestOf('rain', 5)];
  };
  index.append(summary(1, 'rain', 'failed'));
  index.append(tracked);
  assert.deepEqual(look(), [2, 2, [idOf(1)]]);
  index.append({ ...tracked, deleted: true });
  assert.deepEqual(look(), [1, 1, [idOf(1)]]);
  index.append(tracked);
  assert.deepEqual(look(), [2, 2, [idOf(1)]]);
});
