/** What happens to files at the paths of outputs: nothing is removed that no run is known to have made. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { trackedAt } from '../../../server/base/git-index.js';
import { TestProject } from '../../support/cli.js';
import { inProcess } from '../../support/in-process.js';

/** Contents of all files in the trash, by their names. */
function trashed(project: TestProject): Record<string, string> {
  const folder = project.path('.modelyard/trash');
  if (!existsSync(folder)) return {};
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'items.ndjson')
      .map((entry) => [entry.name, readFileSync(path.join(entry.parentPath, entry.name), 'utf8')]),
  );
}

const CLEAN = `
kind: model-build
tasks:
  clean:
    run: mkdir -p data; echo done > data/done
    outputs: { d: data }
`;

test('files that were there before are set aside, said by plan and run, and can be had back', async () => {
  const project = await TestProject.make({ 'main.pipeline.yaml': CLEAN, 'data/raw.csv': 'raw' });
  const plan = await project.expect(0, ['plan']);
  assert.match(plan.stdout, /sets aside data: no run is known to have made it/);
  const ran = await project.expect(0, ['run']);
  assert.match(
    ran.stdout,
    /what was at data was made by no run that is known; it is set aside in .modelyard\/trash/,
  );
  assert.deepEqual(trashed(project), { 'raw.csv': 'raw' });
  assert.ok(!existsSync(project.path('data/raw.csv')));
  const listed = await project.expect(0, ['trash', 'list']);
  assert.match(listed.stdout, /\/1 {2}data {2}.*made by no run that is known, set aside for clean/);
  const { items } = JSON.parse((await project.expect(0, ['trash', 'list', '--json'])).stdout) as {
    items: { id: string }[];
  };
  const [item] = items;
  await project.expect(1, ['trash', 'restore', 'data']);
  const dry = await project.expect(0, ['trash', 'restore', 'data/raw.csv', '--dry']);
  assert.match(dry.stdout, /would put data\/raw.csv back/);
  assert.ok(!existsSync(project.path('data/raw.csv')));
  await project.expect(0, ['trash', 'restore', 'data/raw.csv']);
  assert.equal(project.read('data/raw.csv'), 'raw');
  await project.expect(2, ['trash', 'list', '--to', 'x']);
  await project.expect(2, ['trash', 'restore', 'nothing']);
  const unasked = await project.expect(1, ['trash', 'empty']);
  assert.match(unasked.stderr, /say --yes/);
  assert.match((await project.expect(0, ['trash', 'empty', '--dry'])).stdout, /would remove 1 item/);
  await project.expect(0, ['trash', 'empty', item!.id, '--yes']);
  assert.match((await project.expect(0, ['trash', 'list'])).stdout, /empty/);
  assert.ok(!existsSync(project.path('.modelyard/trash', item!.id)));
});

test('what a run made goes without a word, however often it runs', async () => {
  const project = await TestProject.make({ 'main.pipeline.yaml': CLEAN });
  await project.expect(0, ['run']);
  const again = await project.expect(0, ['run', '--force']);
  assert.doesNotMatch(again.stdout, /set aside/);
  assert.deepEqual(trashed(project), {});
  project.write({ 'data/note.txt': 'mine' });
  // Restored from the cache, and a file left beside outputs is not lost by that.
  await project.expect(0, ['run']);
  assert.deepEqual(project.statuses(), { clean: 'cached' });
  assert.equal(trashed(project)['note.txt'], 'mine');
});

test('a task that fails leaves its outputs as they were, without the cache, too', async () => {
  const project = await TestProject.make(`
kind: model-build
params: { fail: false }
tasks:
  make:
    run: "echo half > o.txt; echo half > new.txt; test \${{ params.fail }} = false; echo whole > o.txt"
    outputs: { o: { path: o.txt, cache: false }, n: new.txt }
  use: { run: cat o.txt > u.txt, inputs: [o.txt], outputs: { u: u.txt } }
`);
  await project.expect(0, ['run', '--only', 'make']);
  await project.expect(1, ['run', '--only', 'make', '-p', 'fail=true']);
  assert.equal(project.read('o.txt'), 'whole\n');
  assert.equal(trashed(project)['o.txt'], 'half\n');
  await project.expect(0, ['run', '--only', 'use', '-p', 'fail=true']);
  assert.equal(project.read('u.txt'), 'whole\n');
});

test('what a first try half made is no output for others', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  make: { run: echo half > o.txt; exit 1, outputs: { o: o.txt } }
  use: { run: cat o.txt > u.txt, inputs: [o.txt], outputs: { u: u.txt } }
`);
  await project.expect(1, ['run']);
  assert.ok(!existsSync(project.path('o.txt')));
  await project.expect(1, ['run', '--only', 'use']);
  assert.equal(trashed(project)['o.txt'], 'half\n');
});

for (const before of [true, false]) {
  test(`a runner that is killed: the next start puts back what was there (${before ? 'an output' : 'nothing'})`, async () => {
    const project = await TestProject.make(`
kind: model-build
params: { kill: true }
tasks:
  make:
    run: "echo half > o.txt; if [ \${{ params.kill }} = true ]; then kill -9 $PPID; sleep 60; fi; echo whole > o.txt"
    outputs: { o: { path: o.txt, cache: false } }
  use: { run: cat o.txt > u.txt, inputs: [o.txt], outputs: { u: u.txt } }
`);
    if (before) await project.expect(0, ['run', '--only', 'make', '-p', 'kill=false']);
    await project.run(['run', '--only', 'make']);
    assert.equal(project.read('o.txt'), 'half\n', 'the runner could do nothing');
    const code = before ? 0 : 1;
    const next = await project.expect(code, ['run', '--only', 'use']);
    assert.match(next.stdout, /was killed: what make half made of o.txt is set aside/);
    if (before) assert.equal(project.read('u.txt'), 'whole\n');
    else assert.ok(!existsSync(project.path('o.txt')));
    assert.equal(trashed(project)['o.txt'], 'half\n');
  });
}

test('a link of the user in the place of an output is set aside, what it leads to is not touched', async () => {
  const project = await TestProject.make({ 'main.pipeline.yaml': CLEAN, 'big/kept.csv': 'kept' });
  symlinkSync('big', project.path('data'));
  await project.expect(0, ['run']);
  assert.equal(project.read('big/kept.csv'), 'kept');
  const [run] = readdirSync(project.path('.modelyard/trash'));
  assert.equal(readlinkSync(project.path('.modelyard/trash', run ?? '', '1', 'data')), 'big');
});

test('an empty folder or file is nothing to keep', async () => {
  const project = await TestProject.make({ 'main.pipeline.yaml': CLEAN });
  mkdirSync(project.path('data/empty'), { recursive: true });
  await project.expect(0, ['run']);
  assert.deepEqual(trashed(project), {});
});

test('permissions of outputs come back, and no output is read-only, however large', async () => {
  const project = await TestProject.make(`
kind: model-build
tasks:
  make:
    run: "umask 022; mkdir o; echo key > o/a; chmod 600 o/a; chmod 750 o; head -c 70000000 /dev/zero > big.bin"
    outputs: { o: o, b: big.bin }
  tune: { run: "cp big.bin t.bin; printf x >> t.bin", inputs: [big.bin], outputs: { t: t.bin } }
`);
  await project.expect(0, ['run']);
  const modes = (): string[] =>
    ['o', 'o/a', 'big.bin'].map((one) => (statSync(project.path(one)).mode & 0o777).toString(8));
  assert.deepEqual(modes(), ['750', '600', '644']);
  project.remove('o', 'big.bin');
  await project.expect(0, ['run']);
  assert.deepEqual(project.statuses(), { make: 'cached', tune: 'cached' });
  assert.deepEqual(modes(), ['750', '600', '644']);
  writeFileSync(project.path('big.bin'), 'mine');
});

test('what git tracks is no output: lint says so, and nothing is started; as git itself lists it', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': `
kind: model-build
params: { to: made }
tasks:
  make: { run: "touch started", outputs: { o: "\${{ params.to }}" } }
`,
    'src/a.py': 'a',
    'src/deep/b.py': 'b',
    'ümlaut/c': 'c',
    '$(touch started)/d': 'd',
    free: '',
  });
  const git = (...args: string[]): string =>
    spawnSync('git', ['-c', 'core.quotePath=false', ...args], { cwd: project.root, encoding: 'utf8' }).stdout;
  git('init', '-q');
  git('add', 'src', 'ümlaut', '$(touch started)');
  for (const version of ['2', '4']) {
    git('update-index', `--index-version=${version}`);
    for (const file of git('ls-files').trim().split('\n')) assert.equal(trackedAt(project.root, file), file);
    assert.match(trackedAt(project.root, 'src') ?? '', /^src\//);
    assert.equal(trackedAt(path.join(project.root, 'src'), 'deep'), 'deep/b.py');
    for (const file of ['free', 'sr', 'src/a', 'made'])
      assert.equal(trackedAt(project.root, file), undefined);
  }
  const refused = await project.expect(2, ['run', '-p', 'to=src']);
  assert.match(refused.stderr, /git tracks its output src \(src\/a.py\), which a run would replace/);
  assert.ok(!existsSync(project.path('started')));
  assert.equal(project.read('src/a.py'), 'a');
  project.write({ 'main.pipeline.yaml': 'tasks: { make: { run: touch started, outputs: { o: src } } }' });
  assert.match(
    (await project.expect(1, ['lint'])).stdout,
    /Git tracks "src\/a.py" in the output "src".*path\/output-tracked/,
  );
  await project.expect(2, ['run']);
  assert.ok(!existsSync(project.path('started')));
  // What is proposed is pasted into a shell.
  const outputs = '{ o: $(touch started) }';
  project.write({ 'main.pipeline.yaml': `tasks: { make: { run: 'true', outputs: ${outputs} } }` });
  const { stdout } = await project.expect(1, ['lint']);
  const command = /git rm -r --cached .*(?=\. \[| \[|\.$)/m.exec(stdout)?.[0].replace(/\.?$/, '') ?? '';
  spawnSync('sh', ['-c', command], { cwd: project.root });
  assert.ok(!existsSync(project.path('started')), command);
  assert.ok(!git('ls-files').includes('touch'), command);
});

const WRITES = (dir: string): string =>
  `tasks:\n  clean: { run: 'mkdir -p ${dir}; echo x > ${dir}/raw.csv', outputs: { d: '${dir}' } }\n`;

const READERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'another task of it': {
    'main.pipeline.yaml': `${WRITES('data')}  train: { run: cat data/raw.csv, inputs: [data/raw.csv], cache: false }\n`,
  },
  'a glob of another pipeline': {
    'main.pipeline.yaml': WRITES('data'),
    'b.pipeline.yaml': "tasks:\n  b: { run: 'true', inputs: ['data/*.csv'], cache: false }\n",
  },
  'a feature view': {
    'main.pipeline.yaml': WRITES('data'),
    'f.features.yaml':
      'entities: { e: { keys: [id] } }\nviews:\n  v: { entity: e, source: { path: data/raw.csv, timestamp: ts }, features: { x: double } }\n',
  },
  'the labels of a training set': {
    'main.pipeline.yaml': WRITES('data'),
    'f.features.yaml':
      'entities: { e: { keys: [id] } }\nviews:\n  v: { entity: e, source: { path: v.csv, timestamp: ts }, features: { x: double } }\n',
    'b.pipeline.yaml':
      'tasks:\n  t: { training-set: { labels: data/raw.csv, features: v, output: t.csv } }\n',
  },
  'an app package': {
    'main.pipeline.yaml': WRITES('data'),
    'b.pipeline.yaml':
      "tasks:\n  pack: { package: { name: app, include: ['data/**'], entrypoint: python3 data/raw.csv } }\n",
  },
  'a working directory': {
    'main.pipeline.yaml': WRITES('data'),
    'b.pipeline.yaml': 'tasks:\n  b: { run: ls, working-directory: data, cache: false }\n',
  },
};

for (const [who, files] of Object.entries(READERS)) {
  test(`an output that holds what ${who} reads is refused while no run has made it`, async () => {
    const project = await TestProject.make({ ...files, 'data/raw.csv': 'raw' });
    const lint = await project.run(['lint', 'main.pipeline.yaml']);
    assert.match(lint.stdout, /The output "data" holds "data\/.*no run has made.*path\/output-holds-sources/);
    await project.expect(2, ['run', 'main', '--only', 'clean']);
    assert.equal(project.read('data/raw.csv'), 'raw');
    project.remove('data');
    await project.expect(0, ['run', 'main', '--only', 'clean']);
    const after = await project.run(['lint', 'main.pipeline.yaml']);
    assert.doesNotMatch(after.stdout, /output-holds-sources/);
  });
}

test('outputs whose memory was deleted are not taken for sources that were made: moved away, they are made again', async (t) => {
  const project = await TestProject.make(`tasks:
  make: { run: 'mkdir -p data; echo raw > data/raw.csv', outputs: { d: data } }
  use: { run: 'cat data/raw.csv > o', inputs: [data/raw.csv], outputs: { o: o } }
`);
  t.after(() => project.remove(''));
  await project.expect(0, ['run']);
  project.remove('.modelyard');
  const why =
    /holds "data\/raw.csv", which "use" reads and no run has made, as far as \.modelyard knows\. .*move data away first: it is made again/;
  assert.match((await project.expect(1, ['lint'])).stdout, why);
  for (const command of ['plan', 'run']) assert.match((await project.expect(2, [command])).stderr, why);
  assert.equal(project.read('data/raw.csv'), 'raw\n');
  renameSync(project.path('data'), project.path('aside'));
  await project.expect(0, ['run']);
  assert.equal(project.read('data/raw.csv'), 'raw\n');
});

test('a param or a file that came later leads no output over sources', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': `params: { dir: made }\n${WRITES('${{ params.dir }}')}`,
    'b.pipeline.yaml': "tasks:\n  b: { run: 'true', inputs: [data/raw.csv], cache: false }\n",
    'data/raw.csv': 'raw',
  });
  await project.expect(0, ['run', 'main']);
  const moved = await project.expect(2, ['run', 'main', '-p', 'dir=data']);
  assert.match(
    moved.stderr,
    /clean: its output data holds "data\/raw.csv", which "b" of b.pipeline.yaml reads/,
  );
  assert.equal(project.read('data/raw.csv'), 'raw');
  project.write({ 'made/later.pipeline.yaml': 'tasks: {}\n' });
  const later = await project.expect(2, ['run', 'main']);
  assert.match(later.stderr, /clean: its output made holds the definition "made\/later.pipeline.yaml"/);
  assert.equal(project.read('made/later.pipeline.yaml'), 'tasks: {}\n');
  // What tasks remember is derived: without it the runs are asked.
  project.remove('made/later.pipeline.yaml');
  project.remove('.modelyard/index');
  project.write({
    'c.pipeline.yaml': "tasks:\n  c: { run: 'true', inputs: [made/raw.csv], cache: false }\n",
  });
  await project.expect(0, ['run', 'main']);
  await project.expect(0, ['lint']);
});

test('values that lead out of the project, or into what is kept in it, refuse the run before anything starts', async () => {
  const project = await TestProject.make(`
kind: model-build
params: { out: o.txt, in: in.txt, dir: ., on: true }
tasks:
  first: { run: echo first > first.txt, outputs: { f: first.txt } }
  t:
    if: params.on
    run: touch \${{ params.out }}
    working-directory: \${{ params.dir }}
    inputs: [first.txt, { path: '\${{ params.in }}', optional: true }]
    outputs: { o: '\${{ params.out }}' }
  e:
    env: { OUT: { from-environment: true, default: e.txt } }
    run: touch \${{ env.OUT }}
    outputs: { o: '\${{ env.OUT }}' }
`);
  symlinkSync('..', project.path('up'));
  symlinkSync('.git', project.path('link'));
  mkdirSync(project.path('.git'));
  const refused: [given: string, message: RegExp][] = [
    ['out=.git', /t: output "\.git" would replace \.git/],
    ['out=.git/hooks/pre-commit', /would replace what is kept in \.git/],
    ['out=link/config', /would replace \.git/],
    ['out=.modelyard/x', /would replace what is kept in \.modelyard/],
    ['out=a/../../b', /output "\.\.\/b" leaves the project/],
    ['out=up/b', /leaves the project by a link/],
    ['out=/tmp/b', /is absolute/],
    ['out= ', /empty path/],
    ['in=../b', /input "\.\.\/b" leaves the project/],
    ['dir=..', /working directory "\.\." leaves the project/],
  ];
  for (const [given, message] of refused) {
    for (const command of ['run', 'plan']) {
      const { code, stderr } = await inProcess([command, '-p', given, '--project', project.root]);
      assert.equal(code, 2, `${command} ${given}: ${stderr}`);
      assert.match(stderr, message);
    }
  }
  const outside = await project.expect(2, ['run'], { env: { OUT: '../e.txt' } });
  assert.match(outside.stderr, /e: output "\.\.\/e\.txt" leaves the project/);
  assert.ok(!existsSync(project.path('first.txt')));
  assert.ok(!existsSync(project.path('.modelyard')), 'a refused run leaves nothing behind');
  // What is skipped anyway hurts nobody.
  await project.expect(0, ['run', '-p', 'out=../b', '-p', 'on=false']);
});
