import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { TestProject } from '../support/cli.js';
import { damageIn } from './memory.js';

/** A small file system of its own; nothing where that is not allowed. */
function smallDisk(
  megabytes: number,
  folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-disk-')),
): { folder: string; release(): void } | undefined {
  mkdirSync(folder, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
  if (mounted.status !== 0) {
    rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
  return {
    folder,
    release() {
      execFileSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

test('a full disk: a clear word, no torn document, no half cache entry, and all is well when there is room again', async (t) => {
  const disk = smallDisk(8);
  if (disk === undefined) {
    t.skip('needs the right to mount a tmpfs');
    return;
  }
  t.after(() => disk.release());
  const project = await TestProject.make(
    `
kind: model-build
tasks:
  small: { run: "echo small > small.txt", outputs: { o: small.txt } }
  big: { run: "head -c 3000000 /dev/urandom > big.bin", outputs: { o: big.bin }, needs: [small] }
`,
    disk.folder,
  );
  const ballast = path.join(disk.folder, 'ballast');
  // Room for the output but not for the cache's copy of it.
  writeFileSync(ballast, Buffer.alloc(3_500_000));
  const tight = await project.expect(0, ['run']);
  assert.match(tight.stdout, /could not be stored in the cache: the disk is full/);
  assert.equal(project.task('big').outputs[0]?.cached, false);
  assert.equal(statSync(project.path('big.bin')).size, 3_000_000);
  // No room for anything.
  spawnSync('sh', ['-c', `cat /dev/zero > ${path.join(disk.folder, 'more')}`]);
  const full = await project.run(['run', '--force']);
  assert.equal(full.code, 1, full.stdout + full.stderr);
  assert.match(full.stdout + full.stderr, /disk is full|No space left/);
  rmSync(ballast);
  rmSync(path.join(disk.folder, 'more'));
  for (const run of project.runs()) assert.equal(typeof run.status, 'string');
  await project.expect(0, ['run']);
  assert.equal(project.lastRun().status, 'succeeded');
  project.remove('big.bin', 'small.txt');
  await project.expect(0, ['run']);
  assert.equal(statSync(project.path('big.bin')).size, 3_000_000);
  assert.equal(project.read('small.txt'), 'small\n');
});

test('a task whose own write finds its disk full fails with its own words, and goes on when there is room', async (t) => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  big: { run: "set -e; if [ -e room ]; then echo 1 > small/big.bin; else head -c 20000000 /dev/zero > small/big.bin; fi", outputs: { o: small/big.bin } }
  after: { run: cat small/big.bin > after.txt, inputs: [small/big.bin], outputs: { o: after.txt } }
`);
  // Only the output lies there: the record has all the room it needs.
  const disk = smallDisk(2, project.path('small'));
  if (disk === undefined) {
    t.skip('needs the right to mount a tmpfs');
    return;
  }
  t.after(() => disk.release());
  const failed = await project.expect(1, ['run']);
  assert.match(failed.stdout, /No space left on device/);
  assert.deepEqual(project.statuses(), { big: 'failed', after: 'skipped' });
  assert.match(project.task('big').error ?? '', /exit code 1/);
  project.write({ room: '' });
  await project.expect(0, ['run', '--resume']);
  assert.equal(project.read('after.txt'), '1\n');
  // Restored over the border of two file systems, where no rename leads.
  project.remove('small/big.bin');
  await project.expect(0, ['run']);
  assert.deepEqual(project.statuses(), { big: 'cached', after: 'cached' });
  assert.equal(project.read('small/big.bin'), '1\n');
  assert.deepEqual(damageIn(project.root), []);
});

test('the disk fills up while a run is recorded: a clear error, nothing torn, and all is well afterwards', async (t) => {
  const disk = smallDisk(6);
  if (disk === undefined) {
    t.skip('needs the right to mount a tmpfs');
    return;
  }
  t.after(() => disk.release());
  const project = await TestProject.make(
    `
kind: model-build
params: { n: 0 }
tasks:
  first: { run: "echo \${{ params.n }} > first.txt", outputs: { o: first.txt } }
  flood: { run: "if [ -e room ]; then echo small; else yes | head -c 20000000; fi; cat first.txt > flood.txt", inputs: [first.txt], outputs: { o: flood.txt } }
  last: { run: cat flood.txt > last.txt, inputs: [flood.txt], outputs: { o: last.txt } }
`,
    disk.folder,
  );
  for (const n of ['1', '2', '3']) {
    project.remove('room');
    const full = await project.expect(1, ['run', '-p', `n=${n}`]);
    const words = full.stdout + full.stderr;
    assert.match(words, /the record of the run can't be written: the disk is full/);
    assert.deepEqual(damageIn(project.root), []);
    // Free what the log took: its run can be taken away although the disk is full.
    const { id } = project.lastRun();
    await project.expect(0, ['runs', 'list']);
    await project.expect(0, ['runs', 'delete', id]);
    project.write({ room: '' });
    await project.expect(0, ['run', '-p', `n=${n}`]);
    assert.equal(project.read('last.txt'), `${n}\n`);
    assert.equal(project.lastRun().status, 'succeeded');
    assert.deepEqual(damageIn(project.root), []);
  }
});
