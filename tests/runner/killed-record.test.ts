/**
 * Runs whose process was killed between two writes of their record: what their events say counts, whatever the document
 * has come to.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import type { RunDocument } from '../../server/stores/run-document.js';
import { TestProject } from '../support/cli.js';

const PIPELINE = `name: p
tasks:
  a: { run: echo x >> a.count }
  ask: { approval: { prompt: go } , needs: [a] }
  after: { run: echo x >> after.count, needs: [ask] }
`;

/** A run that waits, with a document that has come no further than a part of its events. */
async function waitingRun(t: TestContext, document: (run: RunDocument) => RunDocument): Promise<TestProject> {
  const project = await TestProject.make(PIPELINE);
  t.after(() => project.remove(''));
  await project.expect(3, ['run']);
  const run = project.lastRun();
  const { pid, processStart, host, place, id } = run;
  const file = path.join('.modelyard', 'runs', id.slice(0, 6), id, 'run.json');
  project.write({
    [file]: JSON.stringify(document(run)),
    [path.join('.modelyard', 'runs', 'live', id)]: JSON.stringify({ pid, processStart, host, place }),
  });
  return project;
}

const untouched = (run: RunDocument, status: RunDocument['status']): RunDocument => ({
  ...run,
  status,
  tasks: run.tasks.map((task) => ({ ...task, status: 'queued' as const })),
});

for (const status of ['queued', 'running'] as const) {
  test(`a run that was killed as it began to wait is resumed as itself: ${status}`, async (t) => {
    const project = await waitingRun(t, (run) => untouched(run, status));
    const { id } = project.lastRun();
    await project.expect(3, ['run', '--resume', id]);
    assert.deepEqual(
      project.runs().map((run) => [run.id, run.status]),
      [[id, 'waiting']],
    );
    await project.expect(0, ['approve', '--resume']);
    assert.deepEqual(project.statuses(), { a: 'succeeded', ask: 'succeeded', after: 'succeeded' });
    assert.equal(project.read('a.count'), 'x\n');
  });
}
