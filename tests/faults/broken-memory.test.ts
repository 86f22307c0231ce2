/** A memory that was damaged from outside: a clear word, nothing lost, and the rest works. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { TestProject, builtCli, until } from '../support/cli.js';
import { damageIn } from './memory.js';

const PIPELINE = `
kind: model-build
params: { n: 1 }
tasks:
  one: { run: "echo one >> ran; echo \${{ params.n }} > one.txt", outputs: { o: one.txt } }
  two: { run: "echo two >> ran; mkdir dir && cat one.txt > dir/two.txt", inputs: [one.txt], outputs: { o: dir } }
  three: { run: "echo three >> ran; printf '{\\"n\\": 3}' > m.json", inputs: [dir], metrics: m.json }
`;

function runFolder(project: TestProject, id: string): string {
  return project.path('.modelyard', 'runs', id.slice(0, 6), id);
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

function listed(stdout: string): string[] {
  return stdout.split('\n').flatMap((line) => /^\d{8}-\d{6}-\S+/.exec(line)?.[0] ?? []);
}

test('a run document that is cut off, empty, rubbish or something else', async () => {
  const project = await TestProject.make(PIPELINE);
  const harms: readonly (readonly [what: string, harm: (file: string) => void])[] = [
    ['cut off', (file) => truncateSync(file, Math.floor(statSync(file).size / 2))],
    ['empty', (file) => truncateSync(file, 0)],
    ['zeros', (file) => writeFileSync(file, Buffer.alloc(300))],
    ['a list', (file) => writeFileSync(file, '[]')],
    [
      'no tasks',
      (file) =>
        writeFileSync(file, '{"schema":1,"id":"x","status":"failed","pipeline":"main","createdAt":"x"}'),
    ],
    ['binary', (file) => writeFileSync(file, Buffer.from([0xff, 0xfe, 0x00, 0x7b]))],
  ];
  for (const [what, harm] of harms) {
    await project.expect(0, ['run']);
    const { id } = project.lastRun();
    const file = path.join(runFolder(project, id), 'run.json');
    harm(file);
    const before = readFileSync(file);
    const shown = await project.expect(2, ['runs', 'show', id]);
    assert.match(shown.stderr, /The run document .*run\.json is broken: .* It was left as it is/, what);
    assert.ok(readFileSync(file).equals(before), what);
    await project.expect(0, ['doctor', '--fix']);
    assert.equal(existsSync(file), false);
    const [aside] = readdirSync(path.dirname(file)).filter((name) => name.includes('.broken-'));
    assert.ok(aside !== undefined && readFileSync(path.join(path.dirname(file), aside)).equals(before), what);
    // Its line, its log and everything else are still there.
    const list = await project.expect(0, ['runs', 'list']);
    assert.ok(listed(list.stdout).includes(id), what);
    await project.expect(0, ['run']);
    assert.deepEqual(project.statuses(), { one: 'cached', two: 'cached', three: 'cached' }, what);
    // It can be taken away like any other.
    await project.expect(0, ['runs', 'delete', id]);
    assert.ok(!listed((await project.expect(0, ['runs', 'list'])).stdout).includes(id), what);
  }
});

test('an index with torn lines and rubbish: the runs are still listed, and new ones are added', async () => {
  const project = await TestProject.make(PIPELINE);
  await project.expect(0, ['run']);
  const { id } = project.lastRun();
  const index = project.path('.modelyard', 'runs', 'index.ndjson');
  const whole = readFileSync(index, 'utf8');
  const [line = ''] = whole.trim().split('\n').slice(-1);
  for (const rubbish of [
    line.slice(0, line.length / 2),
    '\0\0\0\0',
    '{"id":"',
    `{"id":"${id}","t":99999999999999,`,
    `{"id":"20991231-235959-999-zzzz","t":4000000000000}`,
    `{"id":"20991231-235959-998-zzzz","t":4000000000000,"status":"failed","counts":null}`,
    '[1, 2, 3]',
    'null',
    'x'.repeat(3_000_000),
    Buffer.from([0xc3, 0x28, 0xff]).toString('latin1'),
  ]) {
    appendFileSync(index, `\n${rubbish}`);
    const list = await project.expect(0, ['runs', 'list']);
    assert.ok(listed(list.stdout).includes(id), rubbish.slice(0, 80));
    await project.expect(0, ['runs', 'list', '--json']);
  }
  await project.expect(0, ['run']);
  const newest = project.lastRun().id;
  assert.deepEqual(listed((await project.expect(0, ['runs', 'list'])).stdout), [newest, id]);
  await project.expect(0, ['gc', '--yes']);
  for (const name of ['index.ndjson', 'index.base.ndjson'])
    rmSync(project.path('.modelyard', 'runs', name), { force: true });
  assert.deepEqual(listed((await project.expect(0, ['runs', 'list'])).stdout), [newest, id], 'made again');
});

test('everything that is derived may be rubbish or gone: it costs time, and nothing else', async () => {
  const project = await TestProject.make(PIPELINE);
  await project.expect(0, ['run']);
  const index = project.path('.modelyard', 'index');
  for (const rubbish of [
    '',
    '{',
    '{}',
    'null',
    '[]',
    '\0\0\0',
    '{"id":"one"}\n{"id":"two","fingerprint":null}\n',
  ]) {
    for (const file of filesIn(index)) writeFileSync(file, rubbish);
    await project.expect(0, ['plan']);
    await project.expect(0, ['run', 'main']);
    assert.deepEqual(project.statuses(), { one: 'cached', two: 'cached', three: 'cached' }, rubbish);
  }
  rmSync(index, { recursive: true });
  await project.expect(0, ['run']);
  assert.deepEqual(project.statuses(), { one: 'cached', two: 'cached', three: 'cached' });
  assert.equal(project.read('ran'), 'one\ntwo\nthree\n');
});

test('a cache object with one byte flipped, cut off, or gone: the task runs again, and says why', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': `
kind: model-build
tasks:
  small: { run: "echo small >> ran; seq 1 2000 > small.txt", outputs: { o: small.txt } }
  large: { run: "echo large >> ran; seq 1 400000 > large.txt", outputs: { o: large.txt } }
  folder: { run: "echo folder >> ran; mkdir dir; seq 1 3000 > dir/x", outputs: { o: dir } }
`,
  });
  const seq = (to: number): string => Array.from({ length: to }, (_, index) => `${index + 1}\n`).join('');
  const flip = (file: string): void => {
    chmodSync(file, 0o644);
    const descriptor = openSync(file, 'r+');
    const byte = Buffer.alloc(1);
    const at = Math.floor(statSync(file).size / 2);
    readSync(descriptor, byte, 0, 1, at);
    byte[0] = (byte[0] ?? 0) ^ 1;
    writeSync(descriptor, byte, 0, 1, at);
    closeSync(descriptor);
  };
  const objectOf = (text: string): string => {
    const hash = createHash('sha256').update(text).digest('hex');
    return project.path('.modelyard', 'cache', 'objects', hash.slice(0, 1), hash);
  };
  const listing = `sha256:${createHash('sha256').update(seq(3_000)).digest('hex')} x\n`;
  const harms: readonly (readonly [task: string, object: string, harm: (file: string) => void])[] = [
    ['small', objectOf(seq(2_000)), flip],
    ['small', objectOf(seq(2_000)), (file) => truncateSync(file, 10)],
    ['small', objectOf(seq(2_000)), (file) => rmSync(file)],
    ['large', objectOf(seq(400_000)), flip],
    ['large', objectOf(seq(400_000)), (file) => rmSync(file)],
    ['folder', objectOf(seq(3_000)), flip],
    ['folder', objectOf(listing), flip],
    ['folder', objectOf(seq(3_000)), (file) => rmSync(file)],
  ];
  await project.expect(0, ['run']);
  for (const [at, [task, object, harm]] of harms.entries()) {
    const what = `harm ${at} to ${task}`;
    assert.ok(existsSync(object), what);
    harm(object);
    project.remove('small.txt', 'large.txt', 'dir', 'ran');
    const { stdout } = await project.expect(0, ['run']);
    assert.equal(project.read('small.txt'), seq(2_000), what);
    assert.equal(project.read('large.txt'), seq(400_000), what);
    assert.equal(project.read('dir/x'), seq(3_000), what);
    assert.equal(project.read('ran'), `${task}\n`, `${what}: only that one ran again`);
    if (harm === flip)
      assert.match(stdout, /The cache's copy of .* can't be used: its content was changed/, what);
    assert.deepEqual(damageIn(project.root), [], what);
    // And it is whole again.
    project.remove('small.txt', 'large.txt', 'dir', 'ran');
    await project.expect(0, ['run']);
    assert.equal(project.exists('ran'), false, what);
  }
});

test('a memory in which nothing may be written: refused with a word, and reading works', async (t) => {
  const project = await TestProject.make(PIPELINE);
  await project.expect(0, ['run']);
  // A superuser may write everywhere: then someone else has to try.
  const root = process.getuid?.() === 0;
  if (
    root &&
    spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'true']).status !== 0
  ) {
    t.skip('runs as root and can not become someone else (setpriv)');
    return;
  }
  const cli = await builtCli();
  const own = [...filesIn(project.root), project.root];
  for (const entry of readdirSync(project.root, { withFileTypes: true, recursive: true })) {
    if (entry.isDirectory()) own.push(path.join(entry.parentPath, entry.name));
  }
  if (root) for (const file of own) chownSync(file, 65534, 65534);
  const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } => {
    const command = root
      ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', process.execPath]
      : [process.execPath];
    const [program = '', ...rest] = [...command, cli, ...args];
    return spawnSync(program, rest, {
      cwd: project.root,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: project.path('home') },
    });
  };
  if (run('version').status !== 0) {
    t.skip('someone else may not read the program');
    return;
  }
  // Somebody else has made it.
  assert.equal(run('trust').status, 0);
  const memory = project.path('.modelyard');
  const folders = own.filter((file) => file.startsWith(memory) && statSync(file).isDirectory());
  for (const folder of folders) chmodSync(folder, 0o555);
  t.after(() => folders.forEach((folder) => chmodSync(folder, 0o755)));
  const refused = run('run');
  assert.equal(refused.status, 1, refused.stdout + refused.stderr);
  assert.match(refused.stderr, /Can't record the run in .*: permission was denied\./);
  assert.equal(run('runs', 'list').status, 0);
  assert.equal(run('plan').status, 0);
  // Only the cache is closed: the run goes on without it and says so.
  for (const folder of folders) if (!folder.includes('cache')) chmodSync(folder, 0o755);
  const uncached = run('run', '-p', 'n=2');
  assert.equal(uncached.status, 0, uncached.stdout + uncached.stderr);
  assert.match(
    uncached.stdout,
    /could not be stored in the cache: \S+\/\.modelyard\/cache\/\S+: permission was denied/,
  );
  assert.equal(project.read('dir/two.txt'), '2\n');
  // And when it's open again, so is everything.
  for (const folder of folders) chmodSync(folder, 0o755);
  assert.equal(run('run', '-p', 'n=3').status, 0);
  assert.deepEqual(damageIn(project.root), []);
});

test('the memory is deleted while a run goes on: a clear word, and the next run is a first one', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  wait: { run: "touch started; while [ ! -e go ]; do sleep 0.02; done; echo 1 > one.txt", outputs: { o: one.txt } }
  then: { run: cat one.txt > two.txt, inputs: [one.txt], outputs: { o: two.txt } }
`);
  const running = project.start(['run', '-j', '2']);
  await until('it works', () => project.exists('started'));
  renameSync(project.path('.modelyard'), project.path('away'));
  rmSync(project.path('away'), { recursive: true });
  project.write({ go: '' });
  const { code, stdout, stderr } = await running.done;
  assert.equal(code, 1, stdout + stderr);
  assert.match(stdout + stderr, /the record of the run can't be written: it does not exist/);
  project.remove('started');
  await project.expect(0, ['run']);
  assert.equal(project.read('two.txt'), '1\n');
  assert.equal(readFileSync(project.path('.modelyard', '.gitignore'), 'utf8').includes('*'), true);
  assert.deepEqual(damageIn(project.root), []);
  await project.expect(0, ['run']);
  assert.deepEqual(project.statuses(), { wait: 'cached', then: 'cached' });
});

test('what a newer version has written is left alone, and the word says so', async () => {
  const project = await TestProject.make(PIPELINE);
  await project.expect(0, ['run']);
  const { id } = project.lastRun();
  const file = path.join(runFolder(project, id), 'run.json');
  const newer = JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), schema: 99 });
  writeFileSync(file, newer);
  const shown = await project.expect(2, ['runs', 'show', id]);
  assert.match(shown.stderr, /written by a newer Modelyard \(schema 99/);
  assert.equal(readFileSync(file, 'utf8'), newer);
  await project.expect(0, ['run']);
  await project.expect(0, ['gc', '--yes', '--all']);
  assert.equal(readFileSync(file, 'utf8'), newer);
  // The whole layout.
  const version = project.path('.modelyard', 'version.json');
  writeFileSync(version, '{"layout":99}');
  const before = filesIn(project.path('.modelyard')).sort();
  const refused = await project.expect(1, ['run']);
  assert.match(
    refused.stderr,
    /made by a newer Modelyard \(layout 99, this one knows 1\)\. Update Modelyard/,
  );
  assert.deepEqual(filesIn(project.path('.modelyard')).sort(), before);
});

test('a live run of a newer version is nobody to clean up behind', async () => {
  const project = await TestProject.make({
    'a.pipeline.yaml': `
kind: model-build
tasks:
  hold: { run: "touch started; while [ ! -e go ]; do sleep 0.02; done; echo 1 > a.txt", outputs: { o: a.txt } }
`,
    'b.pipeline.yaml': `
kind: model-build
tasks:
  quick: { run: echo 1 > b.txt, outputs: { o: b.txt } }
`,
  });
  const running = project.start(['run', 'a']);
  await until('it works', () => project.exists('started'));
  const file = path.join(runFolder(project, project.lastRun().id), 'run.json');
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), schema: 99 }));
  await project.expect(0, ['run', 'b']);
  project.write({ go: '' });
  const { code, stdout } = await running.done;
  assert.equal(code, 0, stdout);
  assert.equal(project.read('a.txt'), '1\n');
});

test('locks and markers that are rubbish or of the dead block nobody', async () => {
  const project = await TestProject.make(PIPELINE);
  await project.expect(0, ['run']);
  const dead = {
    pid: 4_194_000,
    processStart: '1@x',
    since: '2020-01-01T00:00:00.000Z',
    runId: 'x',
    pipeline: 'main',
  };
  const locks = project.path('.modelyard', 'locks');
  mkdirSync(locks, { recursive: true });
  const live = project.path('.modelyard', 'runs', 'live');
  project.write({
    '.modelyard/locks/x.json': JSON.stringify({ ...dead, writes: ['one.txt', 'dir'], reads: [] }),
    '.modelyard/locks/y.json': '{"pid": 1',
    '.modelyard/locks/project.lock': JSON.stringify(dead),
    '.modelyard/locks/project.lock.break': JSON.stringify(dead),
    '.modelyard/index/hashes.lock': '',
    '.modelyard/runs/index.lock': JSON.stringify(dead),
    '.modelyard/runs/recover.lock': JSON.stringify(dead),
    '.modelyard/runs/live/20200101-000000-000-aaaa': '',
    '.modelyard/runs/live/20200101-000000-001-aaaa': JSON.stringify(dead),
  });
  // An empty lock file is one that is just being written; not so when it's old.
  utimesSync(project.path('.modelyard/index/hashes.lock'), 1, 1);
  await project.expect(0, ['run', '--force']);
  assert.deepEqual(readdirSync(live), []);
  assert.deepEqual(readdirSync(locks), []);
});
