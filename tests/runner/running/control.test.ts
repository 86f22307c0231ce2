import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { TestProject, events, until } from '../../support/cli.js';

/** Waits in the shell for a file, without a clock of its own. */
const waitFor = (file: string): string => `while [ ! -e ${file} ]; do sleep 0.02; done`;

test('--jobs: two tasks that wait for each other need two at once', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  a: { run: "touch a.flag; ${waitFor('b.flag')}" }
  b: { run: "touch b.flag; ${waitFor('a.flag')}" }
`);
  await project.expect(0, ['run', '--jobs', '2']);
});

/** The most of these tasks that were between their start and their end at the same time. */
function mostAtOnce(stdout: string, ids: (id: string) => boolean): number {
  let now = 0;
  let most = 0;
  for (const event of events(stdout)) {
    if (!('id' in event) || !ids(event.id)) continue;
    if (event.type === 'task-started') most = Math.max(most, ++now);
    if (event.type === 'task-ended') now--;
  }
  return most;
}

test('resources, max-parallel, mutex and --jobs bound what runs at the same time', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  big: { run: sleep 0.1, matrix: { i: [1, 2, 3] }, resources: { cpus: 512 } }
  wide: { run: sleep 0.1, matrix: { i: [1, 2, 3, 4], max-parallel: 2 } }
  one: { run: sleep 0.1, matrix: { i: [1, 2, 3] }, mutex: gpu }
  free: { run: sleep 0.1, matrix: { i: [1, 2, 3, 4] } }
`);
  const at = async (jobs: string, task: string): Promise<number> => {
    const { stdout } = await project.expect(0, ['run', '--json', '--jobs', jobs, '--only', task]);
    return mostAtOnce(stdout, () => true);
  };
  assert.equal(await at('8', 'big'), 1);
  assert.equal(await at('8', 'wide'), 2);
  assert.equal(await at('8', 'one'), 1);
  assert.equal(await at('8', 'free'), 4);
  assert.equal(await at('1', 'free'), 1);
});

test('matrix: ids, include and exclude, values in commands and outputs, needs on all cells', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  train:
    matrix:
      seed: [1, 2]
      size: [s, m]
      exclude: [{ seed: 2, size: m }]
      include: [{ seed: 3, size: x }]
    run: echo \${{ matrix.seed }}\${{ matrix.size }} > out/\${{ matrix.seed }}-\${{ matrix.size }}.txt
    outputs: { o: "out/\${{ matrix.seed }}-\${{ matrix.size }}.txt" }
  all:
    needs: [train]
    run: cat out/*.txt > all.txt
    inputs: ["out/*.txt"]
    outputs: { o: all.txt }
`);
  await project.expect(0, ['run']);
  assert.deepEqual(project.statuses(), {
    'train@1-s': 'succeeded',
    'train@1-m': 'succeeded',
    'train@2-s': 'succeeded',
    'train@3-x': 'succeeded',
    all: 'succeeded',
  });
  assert.equal(project.read('all.txt'), '1m\n1s\n2s\n3x\n');
  assert.deepEqual(project.task('train@1-m').matrix, { seed: 1, size: 'm' });
});

test('matrix: the first failure stops the others, unless fail-fast is off', async () => {
  const project = await TestProject.make(`
kind: model-build
params: { fast: true }
tasks:
  fast:
    matrix: { i: [1, 2, 3] }
    run: if [ \${{ matrix.i }} = 1 ]; then ${waitFor('started.flag')}; exit 3; fi; touch started.flag; sleep 60
  slow:
    matrix: { i: [1, 2, 3], fail-fast: false }
    run: test \${{ matrix.i }} != 1
`);
  await project.expect(1, ['run', '--only', 'fast', '--jobs', '2']);
  assert.deepEqual(project.statuses(), { 'fast@1': 'failed', 'fast@2': 'cancelled', 'fast@3': 'skipped' });
  assert.equal(project.task('fast@1').exitCode, 3);
  await project.expect(1, ['run', '--only', 'slow', '--keep-going']);
  assert.deepEqual(project.statuses(), { 'slow@1': 'failed', 'slow@2': 'succeeded', 'slow@3': 'succeeded' });
});

test('after a failure: what depends on it is skipped, nothing new starts, --keep-going goes on', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  bad: { run: "echo the reason; exit 7" }
  after: { run: echo, needs: [bad] }
  later: { run: touch later.txt }
`);
  const { stdout } = await project.expect(1, ['run', '--jobs', '1']);
  assert.deepEqual(project.statuses(), { bad: 'failed', after: 'skipped', later: 'skipped' });
  assert.match(stdout, /bad failed: exit code 7\n.*│ the reason\n.*log: \.modelyard\/runs\/.*bad\.log/);
  assert.deepEqual(project.task('after').reasons, ['bad failed']);
  await project.expect(1, ['run', '--jobs', '1', '--keep-going']);
  assert.deepEqual(project.statuses(), { bad: 'failed', after: 'skipped', later: 'succeeded' });
});

test('if: success, failure, always, values; continue-on-error', async () => {
  const project = await TestProject.make(`
kind: model-build
params: { deploy: false }
tasks:
  bad: { run: exit 1 }
  on-failure: { run: touch on-failure, needs: [bad], if: failure() }
  on-success: { run: touch on-success, needs: [bad], if: success() }
  always: { run: touch always, needs: [on-success], if: "\${{ always() }}" }
  off: { run: echo, if: params.deploy }
  behind-off: { run: echo, needs: [off] }
  soft: { run: exit 2, continue-on-error: true }
  after-soft: { run: "true", needs: [soft], if: "tasks.soft.status == 'failed'" }
`);
  await project.expect(1, ['run', '--keep-going']);
  assert.deepEqual(project.statuses(), {
    bad: 'failed',
    'on-failure': 'succeeded',
    'on-success': 'skipped',
    always: 'succeeded',
    off: 'skipped',
    'behind-off': 'skipped',
    soft: 'failed',
    'after-soft': 'succeeded',
  });
  assert.equal(project.task('soft').tolerated, true);
  await project.expect(0, ['run', '--only', 'soft,after-soft']);
});

test('retries with growing pauses, and a timeout that ends the whole group', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  flaky:
    run: echo x >> tries; test $(wc -l < tries) -ge 3
    retries: { max: 3, delay: 10ms, max-delay: 15ms }
  hopeless: { run: "echo y >> hopeless; exit 4", retries: { max: 1, delay: 1ms } }
  slow: { run: "sleep 300 & sleep 300", timeout: 300ms }
`);
  const { stdout } = await project.expect(1, ['run', '--json', '--keep-going']);
  const pauses = events(stdout).flatMap((event) =>
    event.type === 'task-retrying' && event.id === 'flaky' ? [event.delayMs] : [],
  );
  assert.deepEqual(pauses, [10, 15]);
  assert.equal(project.task('flaky').status, 'succeeded');
  assert.equal(project.task('flaky').attempts, 3);
  assert.equal(project.task('flaky').error, undefined);
  assert.equal(project.task('hopeless').attempts, 2);
  assert.equal(project.read('hopeless'), 'y\ny\n');
  assert.match(project.task('slow').error ?? '', /timed out after 300ms/);
});

test('secrets are given, required, and masked everywhere, across chunks and lines', async () => {
  const secret = 'päss"word/+first\nsecond-line-of-it';
  const project = await TestProject.make(`
kind: model-build
secrets: [TOKEN]
tasks:
  leak:
    run:
      - printf 'a %s b\\n' "$TOKEN"
      - printf '%s' "$TOKEN" | head -c 9; sleep 0.1; printf '%s' "$TOKEN" | tail -c +10; echo
      - printf 'second-%s-of-it' line 1>&2
      - printf '%s' "$TOKEN" | base64 -w0
      - printf 'key %s' "$TOKEN" > out.txt; exit 5
    outputs: { o: out.txt }
`);
  const missing = await project.expect(2, ['run']);
  assert.match(missing.stderr, /the secret TOKEN is not set/);
  const result = await project.expect(1, ['run', '--json', 'main'], { env: { TOKEN: secret } });
  const everything = [
    result.stdout,
    result.stderr,
    project.log('leak').toString(),
    JSON.stringify(project.lastRun()),
  ].join('\n');
  assert.doesNotMatch(everything, /päss|second-line|cMOkc3M/);
  assert.match(project.log('leak').toString(), /^a \*\*\* b\n\*\*\*\n/);
  const plain = await project.expect(1, ['run'], { env: { TOKEN: secret } });
  assert.doesNotMatch(plain.stdout, /päss|second-line/);
});

test('a secret in a path or in the name of what was made fails the task, and is in no record', async () => {
  const secret = 'hush-hush-42';
  const project = await TestProject.make(`
secrets: [TOKEN]
tasks:
  named:
    env: { FILE: '\${{ secrets.TOKEN }}.txt' }
    run: echo x > "$FILE"
    outputs: { o: '\${{ env.FILE }}' }
  made:
    run: mkdir -p out; echo x > "out/a-$TOKEN"
    outputs: { o: 'out/*' }
  fine: { run: 'mkdir -p fine; echo x > fine/a', outputs: { o: 'fine/*' } }
`);
  const { stdout, stderr } = await project.expect(1, ['run', '-k'], { env: { TOKEN: secret } });
  assert.match(stdout, /the path of an output would hold a secret, and paths are shown and kept/);
  assert.match(stdout, /the name of a file that it made holds a secret, .*: out\/a-\*\*\*/);
  assert.deepEqual(project.statuses(), { named: 'failed', made: 'failed', fine: 'succeeded' });
  const kept = readdirSync(project.path('.modelyard/runs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'utf8'));
  for (const text of [stdout, stderr, ...kept]) assert.ok(!text.includes(secret));
});

test('a secret that no task asks for does not reach it', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  with: { run: 'printf %s "\${KEY-none}" > with.txt', secrets: [KEY], outputs: { o: with.txt } }
  without: { run: 'printf %s "\${KEY-none}" > without.txt', outputs: { o: without.txt } }
`);
  await project.expect(0, ['run'], { env: { KEY: 'abcdef' } });
  assert.equal(project.read('with.txt'), 'abcdef');
  assert.equal(project.read('without.txt'), 'none');
});

test('metrics are live while the task runs', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  train:
    run: |
      echo '{"key": "loss", "value": 0.5, "step": 1}' >> "$MODELYARD_METRICS"
      ${waitFor('go.flag')}
      echo 'no json' >> "$MODELYARD_METRICS"
      printf '{"key": "loss", "value": NaN, "step": 2}' >> "$MODELYARD_METRICS"
`);
  const running = project.start(['run', '--json']);
  await until('the first metric is there', () => running.output().includes('"metric-logged"'));
  await until('it is in the document', () => project.task('train').metrics['loss'] === 0.5);
  assert.equal(project.task('train').status, 'running');
  project.write({ 'go.flag': '' });
  assert.equal((await running.done).code, 0);
  assert.match(running.output(), /a line in MODELYARD_METRICS is not a line of JSON/);
  assert.deepEqual(project.task('train').metrics, { loss: 'NaN' });
});

test('binary output, long lines and 10,000 lines come through whole', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  binary: { run: "head -c 300000 /dev/urandom > b.bin; cat b.bin", outputs: { o: b.bin } }
  lines: { run: seq 1 10000 }
  long: { run: "head -c 500000 /dev/zero | tr '\\\\0' x" }
  both: { run: "seq 1 2000; seq 2001 4000 >&2" }
`);
  const { stdout } = await project.expect(0, ['run']);
  assert.deepEqual(
    project.log('binary'),
    Buffer.from(await import('node:fs').then((fs) => fs.readFileSync(project.path('b.bin')))),
  );
  assert.equal(
    project.log('lines').toString(),
    Array.from({ length: 10_000 }, (_, index) => `${index + 1}\n`).join(''),
  );
  assert.equal(
    stdout.split('\n').filter((line) => line.startsWith('[lines] ') && /\] \d+$/.test(line)).length,
    10_000,
  );
  assert.equal(project.log('long').length, 500_000);
  assert.equal(project.log('both').toString().trim().split('\n').length, 4_000);
});

test('terminal escapes of tasks do not reach plain output, the log keeps them', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  art: { run: "printf '\\\\033[2J\\\\033[31mred\\\\033[0m\\\\033]0;title\\\\007 1%%\\\\r 2%%\\\\n'" }
`);
  const { stdout } = await project.expect(0, ['run']);
  assert.match(stdout, /\[art\] {2}2%\n/);
  assert.ok(!stdout.includes('\u001b'));
  assert.ok(project.log('art').includes('\u001b[2J'));
  const coloured = await project.expect(0, ['run'], { env: { FORCE_COLOR: '1' } });
  assert.ok(coloured.stdout.includes('\u001b['));
  assert.ok(!coloured.stdout.includes('\u001b[2J'));
});

test('check: values, messages and data files, with the rows that failed', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': `
kind: model-build
params: { floor: 0.7 }
tasks:
  score: { run: "echo '{\\"acc\\": 0.6}' > m.json", metrics: m.json }
  values:
    check:
      - \${{ tasks.score.metrics.acc > 0 }}
      - that: tasks.score.metrics.acc >= params.floor
        message: too bad, \${{ tasks.score.metrics.acc }} it is
  data:
    check:
      - data: data.csv
        expect:
          row-count: { min: 4, max: 10 }
          exact-columns: [id, day, kind]
          columns:
            id: { type: integer, unique: true, not-null: true, min: 1 }
            day: { type: date }
            kind: { one-of: [a, b], pattern: "^[ab]$" }
            gone: { not-null: true }
  good:
    check:
      - data: good.jsonl
        expect: { row-count: { min: 2 }, columns: { x: { type: number, max: 3 } } }
      - data: good.json
        expect: { columns: { ok: { type: boolean } } }
      - data: good.tsv
        expect: { columns: { b: { min: 2 } } }
`,
    'data.csv': 'id,day,kind,more\n1,2024-02-29,a,x\n1,2023-02-29,c,"x, y"\n,2024-01-01,b,z\n',
    'good.jsonl': '{"x": 1}\n\n{"x": null}\n{"x": "2.5"}\n',
    'good.json': '[{"ok": true}, {"ok": "false"}]',
    'good.tsv': 'a\tb\n1\t2\n',
  });
  const { stdout } = await project.expect(1, ['run', '--keep-going']);
  assert.equal(project.task('good').status, 'succeeded');
  const values = project.task('values').checks ?? [];
  assert.deepEqual(
    values.map(({ passed }) => passed),
    [true, false],
  );
  assert.match(values[1]?.detail ?? '', /too bad, 0\.6 it is; tasks\.score\.metrics\.acc is 0\.6/);
  const failed = (project.task('data').checks ?? []).filter(({ passed }) => !passed);
  assert.deepEqual(
    failed.map(({ text, detail }) => `${text} | ${detail ?? ''}`),
    [
      'data.csv: at least 4 and at most 10 rows | it has 3',
      'data.csv: exactly the columns id, day, kind | not expected: more',
      'data.csv: id has a value | 1 failed: row 3 (no value)',
      'data.csv: id is unique | 1 failed: row 2 (1)',
      'data.csv: day is a date | 1 failed: row 2 (2023-02-29)',
      'data.csv: kind is one of a, b | 1 failed: row 2 (c)',
      'data.csv: kind matches ^[ab]$ | 1 failed: row 2 (c)',
      'data.csv: gone | there is no such column; there are: id, day, kind, more',
    ],
  );
  assert.match(stdout, /✗ data\.csv: id is unique — 1 failed: row 2 \(1\)/);
});

test('where there is no Slurm a task for it says so', async () => {
  const project = await TestProject.make({
    'modelyard.yaml': 'executors: { cluster: { type: slurm } }\n',
    'main.pipeline.yaml': 'kind: model-build\ntasks:\n  far: { run: "true", executor: cluster }\n',
  });
  const { stdout } = await project.expect(1, ['run'], { env: { PATH: '/nowhere' } });
  assert.match(stdout, /`sbatch` is not found in the PATH: this machine is no login node/);
});
