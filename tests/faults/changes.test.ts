/** Files that change under a run's feet, or behind its back. */
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, renameSync, statSync, utimesSync, writeSync } from 'node:fs';
import test from 'node:test';
import { TestProject, until } from '../support/cli.js';
import { damageIn } from './memory.js';

const COPY = `
kind: model-build
tasks:
  copy: { run: cat in.txt > out.txt, inputs: [in.txt], outputs: { o: out.txt } }
`;

/** Other bytes of the same number, in the same file, with the same modification time. */
function editUnseen(file: string, text: string): void {
  const { atime, mtime, size } = statSync(file);
  assert.equal(Buffer.byteLength(text), size);
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, text);
  closeSync(descriptor);
  utimesSync(file, atime, mtime);
  assert.equal(statSync(file).mtimeMs, mtime.getTime());
}

test('edits of the same size that keep the modification time are noticed', async () => {
  const project = await TestProject.make({ 'main.pipeline.yaml': COPY, 'in.txt': 'one' });
  // A whole millisecond, so that setting it back is exact; long ago, so that nothing is in doubt because it is new.
  utimesSync(project.path('in.txt'), 1_000_000_000.5, 1_000_000_000.5);
  await project.expect(0, ['run']);
  await project.expect(0, ['run']);
  assert.deepEqual(project.statuses(), { copy: 'cached' });
  editUnseen(project.path('in.txt'), 'two');
  assert.deepEqual(await project.plan(), { copy: 'run: input in.txt changed' });
  await project.expect(0, ['run']);
  assert.equal(project.read('out.txt'), 'two');
  utimesSync(project.path('out.txt'), 1_000_000_000.5, 1_000_000_000.5);
  await project.expect(0, ['run']);
  editUnseen(project.path('out.txt'), 'bad');
  await project.expect(0, ['run']);
  assert.equal(project.read('out.txt'), 'two');
});

test('edits right after a run, within a tick of the clock, are noticed', async () => {
  const project = await TestProject.make({ 'main.pipeline.yaml': COPY, 'in.txt': '00' });
  for (let number = 10; number < 22; number++) {
    project.write({ 'in.txt': String(number) });
    await project.expect(0, ['run']);
    assert.equal(project.read('out.txt'), String(number));
  }
});

test('a clock that jumps: files from the future and from before 1970', async () => {
  const project = await TestProject.make({ 'main.pipeline.yaml': COPY, 'in.txt': 'now' });
  for (const [text, time] of [
    ['fut', 4_000_000_000],
    ['fux', 4_000_000_000],
    ['old', -5_000],
    ['olx', -5_000],
    ['nul', 0],
  ] as const) {
    project.write({ 'in.txt': text });
    utimesSync(project.path('in.txt'), time, time);
    await project.expect(0, ['run']);
    assert.equal(project.read('out.txt'), text);
    await project.expect(0, ['run']);
    assert.deepEqual(project.statuses(), { copy: 'cached' });
  }
});

test('a file that is put in the place of another with the same size and time is noticed', async () => {
  const project = await TestProject.make({ 'main.pipeline.yaml': COPY, 'in.txt': 'one', other: 'two' });
  for (const name of ['in.txt', 'other']) utimesSync(project.path(name), 1_000_000_000, 1_000_000_000);
  await project.expect(0, ['run']);
  await project.expect(0, ['run']);
  renameSync(project.path('other'), project.path('in.txt'));
  await project.expect(0, ['run']);
  assert.equal(project.read('out.txt'), 'two');
});

test('an input that is edited while its task runs: said, not cached, and made again', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': `
kind: model-build
tasks:
  slow:
    run: cat src/*.txt > out.txt; touch started; while [ ! -e go ]; do sleep 0.02; done
    inputs: [src]
    outputs: { o: out.txt }
  after: { run: cat out.txt > after.txt, inputs: [out.txt], outputs: { o: after.txt } }
`,
    'src/a.txt': 'a',
  });
  const running = project.start(['run']);
  await until('it has read its input', () => project.exists('started'));
  project.write({ 'src/b.txt': 'b', go: '' });
  const { code, stdout } = await running.done;
  assert.equal(code, 0, stdout);
  assert.match(stdout, /slow: input src changed while it ran; its result is not cached/);
  assert.equal(project.task('slow').outputs[0]?.cached, false);
  project.remove('started');
  await project.expect(0, ['run']);
  assert.deepEqual(project.statuses(), { slow: 'succeeded', after: 'succeeded' });
  assert.equal(project.read('after.txt'), 'ab');
  // Back to how it was: what was made of the mixture must not be taken for it.
  project.remove('src/b.txt', 'out.txt', 'after.txt');
  await project.expect(0, ['run']);
  assert.equal(project.read('after.txt'), 'a');
  assert.deepEqual(damageIn(project.root), []);
});

test('an input that goes away while its task runs', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': COPY.replace('cat in.txt', 'cat in.txt; rm in.txt; echo x'),
    'in.txt': 'one',
  });
  const { stdout } = await project.expect(0, ['run']);
  assert.match(stdout, /input in\.txt went away while it ran; its result is not cached/);
  const again = await project.expect(1, ['run']);
  assert.match(again.stdout, /in\.txt does not exist/);
});

test('outputs that were deleted, edited, or replaced by a folder or a link: put right by the next run', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': `
kind: model-build
tasks:
  file: { run: echo file >> ran; echo right > file.txt, outputs: { o: file.txt } }
  folder: { run: "echo folder >> ran; mkdir -p dir/sub; echo right > dir/sub/x", outputs: { o: dir } }
`,
    elsewhere: 'precious',
  });
  await project.expect(0, ['run']);
  const harms: readonly (readonly [what: string, harm: () => void])[] = [
    ['deleted', () => project.remove('file.txt', 'dir')],
    ['edited', () => project.write({ 'file.txt': 'wrong\n', 'dir/sub/x': 'wrong\n' })],
    ['more', () => project.write({ 'file.txt': 'right\nmore\n', 'dir/more': '' })],
    ['less', () => project.remove('dir/sub/x')],
    [
      'other kinds',
      () => {
        project.remove('file.txt', 'dir');
        project.write({ 'file.txt/x': 'a folder now', dir: 'a file now' });
      },
    ],
  ];
  for (const [what, harm] of harms) {
    harm();
    const { stdout } = await project.expect(0, ['run', '--json']);
    assert.match(stdout, /output file\.txt (is missing|was changed)|output dir was changed/, what);
    assert.equal(project.read('file.txt'), 'right\n', what);
    assert.equal(project.read('dir/sub/x'), 'right\n', what);
    assert.equal(project.exists('dir/more'), false, what);
    assert.deepEqual(project.statuses(), { file: 'cached', folder: 'cached' }, what);
  }
  assert.equal(project.read('ran').trim().split('\n').length, 2, 'restored, never run again');
  assert.equal(project.read('elsewhere'), 'precious');
});

test('outputs so large that they share their bytes with the cache: a task that writes them in place does not change it', async () => {
  const project = await TestProject.make(`
kind: model-build
params: { n: 1 }
tasks:
  large:
    run: head -c 67108864 /dev/zero > large.bin && echo \${{ params.n }} >> large.bin
    outputs: { o: large.bin }
  kept:
    run: test -e kept.bin || head -c 67108864 /dev/zero > kept.bin; echo \${{ params.n }} >> kept.bin
    outputs: { o: { path: kept.bin, persist: true } }
`);
  const end = (name: string): string => {
    const bytes = readFileSync(project.path(name));
    return bytes.subarray(67_108_864).toString();
  };
  await project.expect(0, ['run']);
  project.remove('large.bin', 'kept.bin');
  await project.expect(0, ['run']);
  assert.deepEqual(project.statuses(), { large: 'cached', kept: 'cached' });
  assert.deepEqual([end('large.bin'), end('kept.bin')], ['1\n', '1\n']);
  await project.expect(0, ['run', '-p', 'n=2']);
  assert.deepEqual([end('large.bin'), end('kept.bin')], ['2\n', '1\n2\n']);
  assert.deepEqual(damageIn(project.root), []);
  await project.expect(0, ['run', '-p', 'n=1']);
  assert.equal(end('large.bin'), '1\n');
  assert.deepEqual(damageIn(project.root), []);
  project.remove('.modelyard', 'large.bin', 'kept.bin');
});
