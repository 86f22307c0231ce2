/** Memories of other versions: one that Modelyard 0.1.0 has written, and files that a newer one may have. */
import assert from 'node:assert/strict';
import { appendFileSync, cpSync, readFileSync, readdirSync, utimesSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';

const FIXTURE = path.resolve('tests/runner/fixtures/kept-0.1.0');
const WAITING = '20261129-080936-669-egnd';
const LEFT = new Date('2026-11-29T08:10:00Z');

/** The project as 0.1.0 left it: five runs, two versions of a model, a feature view, a package, a question. */
async function kept(): Promise<TestProject> {
  const project = await TestProject.make({});
  cpSync(FIXTURE, project.root, { recursive: true });
  cpSync(path.join(FIXTURE, 'memory'), project.path('.modelyard'), { recursive: true });
  project.remove('memory');
  // A checkout makes the files of now; a run elsewhere that wrote a moment ago would count as one that is still running.
  for (const file of Object.keys(files(project.path('.modelyard'))))
    utimesSync(project.path('.modelyard', file), LEFT, LEFT);
  // It was made on another machine.
  await project.expect(0, ['trust']);
  return project;
}

function files(folder: string): Record<string, string> {
  const all = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  return Object.fromEntries(
    all.map((one) => {
      const file = path.join(one.parentPath, one.name);
      return [path.relative(folder, file), readFileSync(file, 'latin1')];
    }),
  );
}

test('a project of 0.1.0 is used as if it were of today', async () => {
  const project = await kept();
  const said = async (...args: string[]): Promise<string> => (await project.expect(0, args)).stdout;
  const list = await said('runs', 'list');
  assert.deepEqual(
    list
      .trim()
      .split('\n')
      .map((line) =>
        line
          .split(/\s{2,}/)
          .slice(1, 3)
          .join(' '),
      ),
    [
      'rain-deploy waiting',
      'rain-broken failed',
      'rain-app succeeded',
      'rain-train succeeded',
      'rain-train succeeded',
    ],
  );
  assert.equal(
    (await said('doctor'))
      .split('\n')
      .filter((line) => /^[!✗]/.test(line))
      .join('\n'),
    '',
  );
  assert.match(await said('approvals'), /Put it into staging\?/);
  assert.match(await said('models', 'show', 'rain'), /candidate/);
  assert.match(await said('models', 'list'), /rain +2 +2 +candidate → 2/);
  assert.match(await said('features', 'list'), /weather +version 1 +20 rows/);
  assert.match(await said('packages', 'list'), /rain-app +1 version/);
  assert.match(await said('plan', 'rain-train'), /5 tasks of 5 would run/);

  // The index is made anew by whoever clears up; what it tells stays.
  const index = project.path('.modelyard', 'runs', 'index.ndjson');
  assert.ok(!readFileSync(index, 'utf8').includes('"v":'));
  await said('doctor', '--fix');
  assert.equal(await said('runs', 'list'), list);
  const lines = readFileSync(project.path('.modelyard/runs/index.base.ndjson'), 'utf8').trim().split('\n');
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { v?: number }).v),
    [2, 2, 2, 2, 2],
  );

  // A question of 0.1.0 did not say what follows, so that its answer does not count: it is asked anew. The run goes on as
  // itself and deploys what 0.1.0 has registered and packaged.
  await said('approve', WAITING, 'review');
  const asked = await project.expect(3, ['run', 'rain-deploy', '--resume', WAITING]);
  assert.match(asked.stdout, /asked anew, because of what has changed: staging follows now/);
  await said('approve', WAITING, 'review');
  await said('run', 'rain-deploy', '--resume', WAITING);
  assert.match(await said('releases', 'list'), /rain-app@1 .*rain@2/s);
  const events = readFileSync(project.path('.modelyard/runs/202611', WAITING, 'events.ndjson'), 'utf8');
  const versions = events
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { v?: number }).v);
  assert.deepEqual([versions[0], versions.at(-1)], [undefined, 1]);

  await said('run', 'rain-train');
  assert.match(await said('models', 'list'), /rain +3 +3 +candidate → 3/);
  assert.equal(
    (await said('doctor'))
      .split('\n')
      .filter((line) => /^[!✗]/.test(line))
      .join('\n'),
    '',
  );
});

test('what a newer Modelyard has written is named and left as it is', async () => {
  const project = await kept();
  const memory = project.path('.modelyard');
  const newer = (file: string, line: string): string => {
    appendFileSync(path.join(memory, file), `${line}\n`);
    utimesSync(path.join(memory, file), LEFT, LEFT);
    return readFileSync(path.join(memory, file), 'latin1');
  };
  const index = newer('runs/index.ndjson', '{"id":"20261129-090000-000-aaaa","t":1795942800000,"v":3}');
  const list = await project.expect(0, ['runs', 'list']);
  assert.match(
    list.stderr,
    /index\.ndjson was written by a newer Modelyard \(version 3 of .* knows 2\)\. Update Modelyard/,
  );
  assert.equal(list.stdout.trim().split('\n').length, 5);
  await project.expect(0, ['doctor', '--fix']);

  const events = newer(`runs/202611/${WAITING}/events.ndjson`, '{"v":2,"type":"task-ended"}');
  const resumed = await project.expect(2, ['run', 'rain-deploy', '--resume', WAITING]);
  assert.match(
    resumed.stderr,
    /events\.ndjson was written by a newer Modelyard \(version 2 of the events of a run, this one knows 1\)/,
  );

  const history = newer('models/rain/history.ndjson', '{"v":2,"seq":9,"action":"archived"}');
  const tagged = await project.run(['models', 'tag', 'rain', 'a=b']);
  assert.notEqual(tagged.code, 0);
  assert.match(tagged.stderr, /history\.ndjson was written by a newer Modelyard \(version 2 of the history/);

  const states = newer(
    'index/tasks/pipelines_broken.pipeline.yaml~fea39d90df41.ndjson',
    '{"v":2,"id":"first"}',
  );
  const run = await project.expect(1, ['run', 'rain-broken']);
  assert.match(run.stdout + run.stderr, /fea39d90df41\.ndjson was written by a newer Modelyard/);

  const now = files(memory);
  assert.equal(now['runs/index.ndjson'], index);
  assert.equal(now[`runs/202611/${WAITING}/events.ndjson`], events);
  assert.equal(now['models/rain/history.ndjson'], history);
  assert.equal(now['index/tasks/pipelines_broken.pipeline.yaml~fea39d90df41.ndjson'], states);
});
