/** Packaging and deploying on a full disk, and killed at random points: nothing half, and the next try is whole. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { TestProject } from '../support/cli.js';
import { damageIn, leftOver, randomFrom } from './memory.js';
import { SEED } from '../support/generated/cases.js';

const FILES = {
  'modelyard.yaml': 'name: test\nenvironments: { staging: {} }\n',
  'app.pipeline.yaml': `
name: app
kind: app-build
tasks:
  pack: { package: { name: web, include: [app], entrypoint: ./app/run, health: /health } }
`,
};

function releases(project: TestProject): string[] {
  const folder = project.path('.modelyard/environments/staging/releases');
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Files that packaging or deploying has begun and not ended. */
function halfDone(project: TestProject): string[] {
  const temp = project.path('.modelyard/packages/tmp');
  try {
    return readdirSync(temp);
  } catch {
    return [];
  }
}

test('a full disk: packaging and deploying say so, leave nothing, and do it when there is room', async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-disk-'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', folder]).status !== 0) {
    rmSync(folder, { recursive: true });
    t.skip('needs the right to mount a tmpfs');
    return;
  }
  t.after(() => {
    execFileSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true });
  });
  const project = await TestProject.make(FILES, folder);
  project.write({ 'app/run': 'true\n', 'app/data.bin': randomBytes(4_000_000) });
  const ballast = path.join(folder, 'ballast');
  writeFileSync(ballast, Buffer.alloc(61_000_000));
  const tight = await project.expect(1, ['run', 'app']);
  assert.match(tight.stdout + tight.stderr, /disk is full|No space left/);
  assert.match((await project.expect(0, ['packages', 'list'])).stdout, /no packages/i);
  rmSync(ballast);
  await project.expect(0, ['run', 'app']);

  writeFileSync(ballast, Buffer.alloc(40_000_000));
  const refused = await project.expect(1, ['deploy', 'web', '-e', 'staging']);
  assert.match(refused.stderr, /There is no room for the release: it needs .* and .* are free/);
  assert.deepEqual(releases(project), []);
  assert.deepEqual(damageIn(project.root), []);
  rmSync(ballast);
  await project.expect(0, ['deploy', 'web', '-e', 'staging']);
  assert.equal(releases(project).length, 1);
});

const ROUNDS = 12;

/** Kills a command at a random point of the time that it takes. */
async function killed(project: TestProject, args: readonly string[], after: number): Promise<void> {
  const running = project.start(args);
  await pause(after);
  running.child.kill('SIGKILL');
  await running.done;
}

async function large(t: TestContext): Promise<TestProject> {
  const project = await TestProject.make(FILES);
  t.after(() => project.remove(''));
  return project;
}

test(`killed ${ROUNDS} times while packaging and deploying (SEED=${SEED})`, async (t) => {
  const project = await large(t);
  const random = randomFrom(SEED);
  const contents = (round: number): Buffer => Buffer.alloc(8_000_000, `${round} `);
  project.write({ 'app/run': 'true\n', 'app/data.bin': contents(0) });
  const begun = performance.now();
  await project.expect(0, ['run', 'app']);
  const duration = performance.now() - begun;
  await project.expect(0, ['deploy', 'web', '-e', 'staging']);
  for (let round = 1; round <= ROUNDS; round++) {
    const when = `round ${round} of SEED=${SEED}`;
    project.write({ 'app/data.bin': contents(round) });
    await killed(project, ['run', 'app'], random() * duration);
    assert.deepEqual(damageIn(project.root), [], when);
    await project.expect(0, ['run', 'app']);
    await killed(project, ['deploy', 'web', '-e', 'staging'], random() * duration);
    assert.deepEqual(damageIn(project.root), [], when);
    await project.expect(0, ['deploy', 'web', '-e', 'staging']);
    const listed = await project.expect(0, ['releases', 'list', '--json']);
    const [newest] = (JSON.parse(listed.stdout) as { releases: { id: string }[] }).releases;
    assert.ok(newest !== undefined, when);
    const file = project.path('.modelyard/environments/staging/releases', newest.id, 'app/app/data.bin');
    assert.ok(readFileSync(file).equals(contents(round)), when);
  }
  assert.deepEqual(leftOver(project.root), []);
  // What a killed one has begun blocks nobody, and goes when it is old.
  const long = new Date('2000-01-01');
  for (const name of halfDone(project)) utimesSync(project.path('.modelyard/packages/tmp', name), long, long);
  await project.expect(0, ['gc', '--yes']);
  assert.deepEqual(halfDone(project), []);
  const documents = releases(project).filter(
    (id) =>
      !readdirSync(project.path('.modelyard/environments/staging/releases', id)).includes('release.json'),
  );
  assert.deepEqual(documents, [], 'half releases were swept');
});
