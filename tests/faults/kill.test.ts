/** The runner is killed at random points, its tasks left behind; nothing may be torn and the next run must end right. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { RunStore } from '../../server/stores/runs/runs.js';
import { TestProject, until } from '../support/cli.js';
import { damageIn, leftOver, processesOf, randomFrom } from './memory.js';
import { SEED, cases } from '../support/generated/cases.js';

const ROUNDS = cases(30, 200);
const PARTS = [1, 2, 3];

const PIPELINE = `
kind: model-build
params: { round: 0 }
tasks:
  split:
    matrix: { part: [1, 2, 3] }
    run: |
      set -e
      for i in 1 2 3; do
        mkdir -p parts/\${{ matrix.part }}/$i
        echo "\${{ params.round }} \${{ matrix.part }} $i" > parts/\${{ matrix.part }}/$i/x
        echo '{"key": "files", "value": '$i'}' >> "$MODELYARD_METRICS"
        sleep 0.01
      done
    outputs: { folder: "parts/\${{ matrix.part }}" }
  large:
    run: seq \${{ params.round }} 20000 > large.txt && printf '{"rows":%s}' $(wc -l < large.txt) > rows.json
    outputs: { rows: large.txt }
    metrics: rows.json
  count:
    matrix: { part: [1, 2, 3] }
    run: |
      set -e
      cat parts/\${{ matrix.part }}/*/x > counts/\${{ matrix.part }}.txt
      printf '{"lines":%s}' $(wc -l < counts/\${{ matrix.part }}.txt) > counts/\${{ matrix.part }}.json
    inputs: ["parts/\${{ matrix.part }}"]
    outputs: { text: "counts/\${{ matrix.part }}.txt" }
    metrics: "counts/\${{ matrix.part }}.json"
  join:
    run: echo working; cat counts/1.txt counts/2.txt counts/3.txt > all.txt && wc -l < large.txt >> all.txt
    inputs: [counts/1.txt, counts/2.txt, counts/3.txt, large.txt]
    outputs: { all: all.txt }
  gate:
    check: ["\${{ tasks.large.metrics.rows > 0 }}", "\${{ tasks.count.metrics.lines == 3 }}"]
    needs: [join]
`;

/** Everything that the pipeline makes, looked at byte by byte. */
function verify(project: TestProject, round: number, when: string): void {
  const lines = PARTS.flatMap((part) => [1, 2, 3].map((i) => `${round} ${part} ${i}\n`));
  assert.equal(project.read('all.txt'), `${lines.join('')}${20_000 - round + 1}\n`, when);
  const large = Array.from({ length: 20_000 - round + 1 }, (_, index) => `${round + index}\n`).join('');
  assert.equal(project.read('large.txt'), large, when);
  for (const part of PARTS) {
    assert.deepEqual(readdirSync(project.path('parts', String(part))).sort(), ['1', '2', '3'], when);
    for (const i of [1, 2, 3]) {
      const text = readFileSync(project.path('parts', String(part), String(i), 'x'), 'utf8');
      assert.equal(text, `${round} ${part} ${i}\n`, when);
    }
  }
}

test(`kill -9 of the runner at ${ROUNDS} points (SEED=${SEED})`, { timeout: ROUNDS * 20_000 }, async () => {
  const random = randomFrom(SEED);
  const project = await TestProject.make(PIPELINE);
  const store = RunStore.open(project.root);
  await project.expect(0, ['run', '-p', 'round=0', '-j', '4']);
  project.remove('.modelyard/cache', '.modelyard/index/tasks', 'all.txt');
  const begun = performance.now();
  const whole = await project.expect(0, ['run', '--json', '-p', 'round=0', '-j', '4', '--force']);
  const duration = performance.now() - begun;
  const lines = whole.stdout.split('\n').length;
  verify(project, 0, 'without a fault');

  let interrupted = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    const byEvent = random() < 0.6;
    const point = random();
    const where = byEvent ? `event ${Math.floor(point * lines)}` : `${Math.round(point * duration)} ms`;
    const when = `round ${round} of SEED=${SEED}, killed at ${where}`;
    const args = ['-p', `round=${round}`, '-j', '4'];
    const before = new Set(store.list({ limit: 1_000 }).map(({ id }) => id));
    const running = project.start(['run', '--json', ...args]);
    if (byEvent) {
      running.child.stdout?.on('data', () => {
        if (running.output().split('\n').length > point * lines) running.child.kill('SIGKILL');
      });
    } else {
      void pause(point * duration).then(() => running.child.kill('SIGKILL'));
    }
    // Its own end: the tasks that it leaves behind may hold the pipe open for longer.
    await new Promise((resolve) => running.child.once('exit', resolve));

    assert.deepEqual(damageIn(project.root), [], when);
    const made = store.list({ limit: 1_000 }).filter(({ id }) => !before.has(id));
    assert.ok(made.length <= 1, when);
    const [killed] = made;
    let next = args;
    if (killed?.status === 'interrupted') {
      interrupted++;
      const shown = store.read(killed.id);
      assert.ok(shown.ok && shown.run.status === 'interrupted', when);
      if (interrupted === 1) {
        const { stdout } = await project.expect(0, ['runs', 'list']);
        assert.match(stdout, new RegExp(`${killed.id} .* interrupted`), when);
      }
      if (round % 2 === 0) next = ['--resume', '-j', '4'];
    } else {
      assert.ok(killed === undefined || killed.status === 'succeeded', `${when}: ${killed?.status}`);
    }
    const after = await project.run(['run', ...next]);
    assert.equal(after.code, 0, `${when}\n${after.stdout}${after.stderr}`);
    if (killed !== undefined) assert.deepEqual(processesOf(killed.id), [], when);
    verify(project, round, when);
    assert.deepEqual(damageIn(project.root), [], when);
    assert.deepEqual(leftOver(project.root), [], when);
    const last = project.lastRun();
    assert.equal(last.status, 'succeeded', when);
    const statuses = last.tasks.map(({ id, status }) => `${id} ${status}`);
    assert.ok(
      statuses.every((status) => / (succeeded|cached)$/.test(status)),
      `${when}: ${statuses.join()}`,
    );
    if (round % 10 === 0) {
      await project.expect(0, ['run', ...args]);
      const again = project.lastRun().tasks.filter(({ status }) => status !== 'cached');
      assert.deepEqual(again, [], when);
      verify(project, round, when);
    }
  }
  assert.ok(interrupted > ROUNDS / 4, `only ${interrupted} runs were caught under way`);
  // The index says of every run what its document says.
  const listed = new Map(store.list({ limit: 1_000 }).map(({ id, status }) => [id, status]));
  for (const run of project.runs()) assert.equal(listed.get(run.id), run.status, run.id);
});

test('what a killed runner left running is ended before the next run touches its files', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  writer: { run: "if [ -e go ]; then echo right > out.txt; else touch began; while :; do echo wrong >> out.txt; sleep 0.01; done; fi", outputs: { o: out.txt } }
`);
  const running = project.start(['run']);
  await until('it writes', () => project.exists('began'));
  running.child.kill('SIGKILL');
  await new Promise((resolve) => running.child.once('exit', resolve));
  project.write({ go: '' });
  await project.expect(0, ['run', '--resume']);
  assert.equal(project.read('out.txt'), 'right\n');
});
