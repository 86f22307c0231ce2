/** A memory that this machine has not made is shown, and nothing in it is run, restored, signalled or deleted. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { ownIdentity } from '../../server/stores/machine/liveness.js';
import { TestProject } from '../support/cli.js';

const PIPELINE = `
kind: model-build
tasks:
  a:
    run: cat in > out
    inputs: [in]
    outputs: { o: out }
`;

/** Every file below a folder, and when it was last changed. */
function snapshot(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true }).map((name) => {
      const { size, mtimeMs, ino } = lstatSync(path.join(folder, String(name)));
      return [String(name), `${size} ${mtimeMs} ${ino}`];
    }),
  );
}

async function original(): Promise<TestProject> {
  const project = await TestProject.make({ 'main.pipeline.yaml': PIPELINE, in: 'x' });
  await project.expect(0, ['run']);
  return project;
}

/** Another project with the memory of the first. */
async function copyOf(project: TestProject, without: readonly string[] = []): Promise<TestProject> {
  const copy = await TestProject.make({ 'main.pipeline.yaml': PIPELINE, in: 'x' });
  cpSync(project.path('.modelyard'), copy.path('.modelyard'), { recursive: true, preserveTimestamps: true });
  copy.remove(...without.map((name) => `.modelyard/${name}`));
  return copy;
}

const LOOKING = [
  ['runs', 'list'],
  ['runs', 'show'],
  ['doctor'],
  ['gc', '--dry'],
  ['service', 'list'],
  ['status'],
  ['trust', '--dry'],
];

const HOSTILE: Readonly<Record<string, readonly string[]>> = {
  'a copy': [],
  'a copy without its mark': ['marks'],
  'the cache alone': ['marks', 'runs', 'index', 'locks', 'version.json'],
};

for (const [what, without] of Object.entries(HOSTILE)) {
  test(`${what} is looked at, and used after one yes`, async () => {
    const first = await original();
    const copy = await copyOf(first, without);
    const before = snapshot(copy.root);
    for (const args of LOOKING) {
      const { stderr } = await copy.run(args);
      assert.doesNotMatch(stderr, /Please report/);
    }
    for (const args of [['run'], ['gc', '--yes', '--all'], ['doctor', '--fix']]) await copy.run(args);
    assert.deepEqual(snapshot(copy.root), before, 'nothing was changed');
    const refused = await copy.expect(1, ['run']);
    assert.match(refused.stderr, /was not made here.*modelyard trust/);
    assert.equal(copy.exists('out'), false);
    await copy.expect(0, ['trust']);
    await copy.expect(0, ['run']);
    assert.equal(copy.read('out'), 'x');
    await first.expect(0, ['run']);
  });
}

test('a folder that was moved keeps its memory', async () => {
  const first = await original();
  const moved = `${first.root}-moved`;
  assert.equal(spawnSync('mv', [first.root, moved]).status, 0);
  await first.expect(0, ['run', '--project', moved], { cwd: os.tmpdir() });
  spawnSync('mv', [moved, first.root]);
});

test('a memory that git tracks is asked for, though it was made here', async () => {
  const first = await original();
  const git = (...args: string[]): void =>
    assert.equal(spawnSync('git', args, { cwd: first.root }).status, 0);
  git('init', '-q');
  await first.expect(0, ['run']);
  git('add', '-f', '.modelyard');
  await first.expect(1, ['run']);
  await first.expect(0, ['trust']);
  await first.expect(0, ['run']);
});

test('MODELYARD_MEMORY_KEY carries a memory from machine to machine, and no other key does', async () => {
  const project = await TestProject.make({ 'main.pipeline.yaml': PIPELINE, in: 'x' });
  const env = (key: string, home: string) => ({
    env: { MODELYARD_MEMORY_KEY: key, XDG_STATE_HOME: project.path(home) },
  });
  await project.expect(0, ['run'], env('k', 'one'));
  const copy = await copyOf(project);
  await copy.expect(1, ['run'], env('z', 'two'));
  await copy.expect(0, ['run'], env('k', 'two'));
});

/** What says that a run, a deployment and a view are at work: by this process, which lives. */
function busy(project: TestProject): void {
  const me = ownIdentity();
  const since = new Date().toISOString();
  const held = { ...me, runId: '20261129-120000-aaaa', pipeline: 'main', writes: ['out'], reads: [], since };
  project.write({
    '.modelyard/locks/20261129-120000-aaaa.json': JSON.stringify(held),
    '.modelyard/locks/mutex-gpu.lock': JSON.stringify(me),
    '.modelyard/environments/staging/deploying/r9.json': JSON.stringify({ ...me, service: 'web' }),
    '.modelyard/features/views/w/lock': JSON.stringify(me),
  });
}

const HELD = [
  'locks/20261129-120000-aaaa.json',
  'locks/mutex-gpu.lock',
  'environments/staging/deploying/r9.json',
  'features/views/w/lock',
];

test('a copy waits for nobody who works in the original, with the key or after one yes', async () => {
  const env = { MODELYARD_MEMORY_KEY: 'k' };
  const project = await TestProject.make({ 'main.pipeline.yaml': PIPELINE, in: 'x' });
  await project.expect(0, ['run'], { env });
  busy(project);
  assert.match((await project.expect(1, ['run', '--force', '--no-wait'])).stderr, /20261129-120000-aaaa/);
  const there = (of: TestProject): string[] => HELD.filter((name) => of.exists(`.modelyard/${name}`));
  for (const keyed of [true, false]) {
    const copy = await copyOf(project);
    if (!keyed) await copy.expect(0, ['trust']);
    await copy.expect(0, ['run', '--force', '--no-wait'], keyed ? { env } : {});
    assert.deepEqual(there(copy), [], keyed ? 'with the key' : 'after one yes');
  }
  // The same folder, seen by somebody with another home (a container): it is no copy.
  const home = { env: { XDG_STATE_HOME: project.path('other-home') } };
  assert.match((await project.expect(1, ['run', '--force', '--no-wait'], home)).stderr, /was not made here/);
  await project.expect(0, ['trust'], home);
  assert.deepEqual(there(project), HELD);
});

test('what a copy links to is not looked through for locks', async (t) => {
  const outside = mkdtempSync(path.join(os.tmpdir(), 'modelyard-outside-'));
  t.after(() => rmSync(outside, { recursive: true, force: true }));
  for (const name of [
    'a.json',
    'mutex-a.lock',
    'lock',
    'deploying/r1.json',
    'w/lock',
    'e/deploying/r1.json',
  ]) {
    mkdirSync(path.dirname(path.join(outside, name)), { recursive: true });
    writeFileSync(path.join(outside, name), 'precious');
  }
  const before = snapshot(outside);
  for (const name of [
    'locks',
    'environments',
    'environments/e',
    'features',
    'features/views',
    'features/views/w',
  ]) {
    const project = await original();
    const copy = await copyOf(project);
    copy.remove(`.modelyard/${name}`);
    mkdirSync(path.dirname(copy.path('.modelyard', name)), { recursive: true });
    symlinkSync(outside, copy.path('.modelyard', name));
    await copy.run(['trust']);
    assert.deepEqual(snapshot(outside), before, name);
  }
});

test('the index of lineage that versions before kept in the memory is freed', async () => {
  const project = await original();
  project.write({ '.modelyard/index/lineage/state.json': '{}', '.modelyard/index/lineage/00': 'x' });
  await project.expect(0, ['gc', '--yes']);
  assert.ok(project.exists('.modelyard/index/lineage'), 'an older version may be at it');
  utimesSync(project.path('.modelyard/index/lineage/state.json'), 1, 1);
  await project.expect(0, ['gc', '--yes']);
  assert.equal(project.exists('.modelyard/index/lineage'), false);
});

test('a memory of an earlier version is known by the files that it has hashed', async () => {
  const first = await original();
  first.remove('.modelyard/marks');
  await first.expect(0, ['run']);
  assert.ok(first.exists('.modelyard/marks'));
});

test('what lies behind a link in the memory is neither read, written nor deleted', async (t) => {
  const outside = mkdtempSync(path.join(os.tmpdir(), 'modelyard-outside-'));
  t.after(() => rmSync(outside, { recursive: true, force: true }));
  for (const name of ['services', 'cache/objects', 'runs/trash']) {
    const project = await original();
    const victim = path.join(outside, name.replace('/', '-'), 'a');
    mkdirSync(victim, { recursive: true });
    writeFileSync(path.join(victim, 'service.json'), 'precious');
    const before = snapshot(outside);
    project.remove(`.modelyard/${name}`);
    mkdirSync(path.dirname(project.path('.modelyard', name)), { recursive: true });
    symlinkSync(path.dirname(victim), project.path('.modelyard', name));
    for (const args of [
      ['service', 'list'],
      ['gc', '--yes', '--all'],
      ['doctor', '--fix'],
    ]) {
      const { stderr } = await project.run(args);
      assert.doesNotMatch(stderr, /Please report/, `${name}: ${args.join(' ')}`);
    }
    const refused = await project.expect(1, ['run', '--force']);
    assert.match(refused.stderr, /is a link|not made here/, name);
    assert.deepEqual(snapshot(outside), before, name);
    assert.ok(existsSync(victim));
  }
});
