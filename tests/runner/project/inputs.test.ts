/** What a task reads and makes: globs where the author wrote them, what is left out, what may be missing, links. */
import assert from 'node:assert/strict';
import { mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';

test('a folder behind a link is read as the task reads it', async () => {
  const outside = mkdtempSync(path.join(os.tmpdir(), 'modelyard-outside-'));
  const project = await TestProject.make(
    "tasks:\n  folder: {run: 'cat data/ext/x.csv data/far/y.csv > a', inputs: [data], outputs: {a: a}}\n" +
      "  glob: {run: 'cat data/ext/x.csv > b', inputs: ['data/**/*.csv'], outputs: {b: b}}\n" +
      '  hash: {run: "echo ${{ hashFiles(\'data/**\') }} > c", outputs: {c: c}}\n' +
      "  made: {run: 'mkdir out; ln -s ../raw out/l; cat raw/x.csv > out/x', outputs: {o: out}, inputs: [raw]}\n" +
      "  next: {run: 'cat out/l/x.csv > d', inputs: ['${{ tasks.made.outputs.o }}'], outputs: {d: d}}\n",
  );
  project.write({ 'raw/x.csv': '1\n', 'data/keep': '' });
  writeFileSync(path.join(outside, 'y.csv'), 'a\n');
  symlinkSync('../raw', project.path('data', 'ext'));
  symlinkSync(outside, project.path('data', 'far'));
  symlinkSync('.', project.path('raw', 'circle'));
  symlinkSync('../data', project.path('raw', 'round'));
  await project.expect(0, ['run']);
  const hash = project.read('c');
  await project.expect(0, ['run']);
  assert.deepEqual(new Set(Object.values(project.statuses())), new Set(['cached']));
  project.write({ 'raw/x.csv': '2\n' });
  await project.expect(0, ['run']);
  assert.deepEqual([project.read('a'), project.read('b'), project.read('d')], ['2\na\n', '2\n', '2\n']);
  assert.notEqual(project.read('c'), hash);
  writeFileSync(path.join(outside, 'y.csv'), 'b\n');
  await project.expect(0, ['run']);
  assert.equal(project.read('a'), '2\nb\n');
});

test('a path that comes from an output is a path, whatever characters it has', async () => {
  for (const name of ['[x].txt', 'lr=[1,2].txt', '{a}b?.txt', 'a{1,2}.txt']) {
    const written = name.includes('?') ? name.replace('?', '\\?') : name;
    const project = await TestProject.make(
      `params: {name: '${name}'}\ntasks:\n` +
        `  b: {run: 'cat \${{ tasks.use.outputs.c }} > z', inputs: ['\${{ tasks.use.outputs.c }}'], outputs: {z: z}}\n` +
        (written === name
          ? `  a: {run: "cat '${name}' > y", inputs: ['${name}'], outputs: {y: y}}\n`
          : `  a: {run: "cat '${name}' > y", needs: [use], inputs: ['${written.replaceAll('{', '\\{')}'], outputs: {y: y}}\n`) +
        `  p: {run: 'cat \${{ params.name }} > w', inputs: ['\${{ params.name }}'], needs: [use], outputs: {w: w}}\n` +
        `  i: {run: 'cat \${{ tasks.use.outputs.c }} > v', outputs: {v: v}}\n` +
        `  use: {run: "cat in > '${name}'", inputs: [in], outputs: {c: '${written}'}}\n`,
    );
    for (const text of ['1', '2']) {
      project.write({ in: text });
      await project.expect(0, ['run']);
      assert.deepEqual(
        ['z', 'y', 'w', 'v'].map((one) => project.read(one)),
        [text, text, text, text],
        name,
      );
    }
    assert.equal((await project.run(['lint'])).code, 0);
  }
});

test('what begins with ! or is excluded does not count', async () => {
  const project = await TestProject.make(
    "tasks:\n  glob: {run: echo x > a, inputs: ['models/*.bin', '!models/b.bin', '!models/c*'], outputs: {a: a}}\n" +
      "  folder: {run: echo x > b, inputs: [{path: data, exclude: [data/tmp, '**/*.log']}], outputs: {b: b}}\n" +
      "  again: {run: echo x > c, inputs: [data, '!data/tmp', data/tmp/keep], outputs: {c: c}}\n" +
      '  expr: {run: echo x > d, inputs: ["models/*", "!models/${{ params.skip }}.bin"], outputs: {d: d}}\n' +
      'params: {skip: b}\n',
  );
  project.write({
    'models/a.bin': '1',
    'models/b.bin': '1',
    'models/c.bin': '1',
    'data/x': '1',
    'data/tmp/y': '1',
    'data/tmp/keep': '1',
    'data/sub/z.log': '1',
    'raw/k.log': '1',
    'raw/k.csv': '1',
  });
  symlinkSync('../raw', project.path('data', 'ext'));
  const changes: [file: string, stale: string[]][] = [
    ['models/a.bin', ['glob', 'expr']],
    ['models/b.bin', []],
    ['models/c.bin', ['expr']],
    ['data/x', ['folder', 'again']],
    ['data/tmp/y', []],
    ['data/tmp/keep', ['again']],
    ['data/sub/z.log', ['again']],
    ['data/sub/new', ['folder', 'again']],
    ['raw/k.log', ['again']],
    ['raw/k.csv', ['folder', 'again']],
  ];
  assert.equal((await project.run(['lint'])).stdout.includes('models/b.bin'), false);
  await project.expect(0, ['run']);
  for (const [file, stale] of changes) {
    project.write({ [file]: 'other' });
    const plan = await project.plan();
    const run = Object.keys(plan).filter((id) => plan[id]?.startsWith('run') === true);
    assert.deepEqual(run.sort(), stale.toSorted(), file);
    await project.expect(0, ['run']);
  }
});

test('a folder that a glob matches is read as a whole, but for one that tasks write into', async () => {
  const project = await TestProject.make(
    "tasks:\n  cells: {matrix: {x: [1, 2]}, run: 'mkdir -p parts/${{ matrix.x }}; cat src > parts/${{ matrix.x }}/f', inputs: [src], outputs: {o: 'parts/${{ matrix.x }}'}}\n" +
      "  all: {run: 'cat parts/*/f > all', inputs: ['parts/*'], outputs: {o: all}}\n" +
      "  table: {run: 'cat data/*.csv/part > rows', inputs: ['data/*.csv', '!data/*.csv/_*'], outputs: {o: rows}}\n" +
      "  clean: {run: 'mkdir -p data/made/out; cat data/raw > data/made/out/x', inputs: ['data/*'], outputs: {o: data/made/out}}\n" +
      "  later: {run: 'cat data/made/out/x > data/made/y', inputs: [data/made/out], outputs: {o: data/made/y}}\n",
  );
  project.write({ src: '1', 'data/raw': '1', 'data/a.csv/part': '1', 'data/a.csv/_log': '1' });
  const changes: [file: string, ran: string[]][] = [
    ['src', ['all', 'cells@1', 'cells@2']],
    ['data/a.csv/part', ['clean', 'table']],
    ['data/a.csv/_log', ['clean']],
    ['nothing', []],
  ];
  assert.equal((await project.run(['lint'])).code, 0);
  await project.expect(0, ['run']);
  for (const [file, ran] of changes) {
    project.write({ [file]: '2' });
    await project.expect(0, ['run']);
    const statuses = Object.entries(project.statuses());
    const succeeded = statuses.filter(([, status]) => status === 'succeeded').map(([id]) => id);
    assert.deepEqual(succeeded.sort(), ran, file);
  }
  assert.deepEqual([project.read('all'), project.read('rows')], ['22', '2']);
});

test('an input that is a list of paths is each of them', async () => {
  const project = await TestProject.make(
    'tasks:\n' +
      "  cells: {matrix: {x: ['a*', 'b']}, run: \"cp src '${{ matrix.x }}.out'\", inputs: [src], outputs: {o: '${{ matrix.x }}.out'}}\n" +
      "  glob: {run: 'mkdir -p two; cp src two/x', inputs: [src], outputs: {o: 'two/*'}}\n" +
      "  all: {run: 'cat *.out > all', inputs: '${{ tasks.cells.outputs.o }}', outputs: {o: all}}\n" +
      "  some: {run: 'cat two/x > some', inputs: ['${{ tasks.glob.outputs.o }}', one], outputs: {o: some}}\n",
  );
  project.write({ src: '1', one: '1' });
  assert.equal((await project.run(['lint'])).code, 0);
  await project.expect(0, ['run']);
  project.write({ one: '2' });
  const plan = await project.plan();
  const stale = Object.keys(plan).filter((id) => plan[id]?.startsWith('run') === true);
  assert.deepEqual(stale, ['some']);
  project.write({ src: '2' });
  await project.expect(0, ['run']);
  assert.deepEqual([project.read('all'), project.read('some')], ['22', '2']);
});

test('an input that is left out is nothing to wait for', async () => {
  const project = await TestProject.make(
    "tasks:\n  a: {run: 'cat models/*.bin > models/all.bin', inputs: ['models/*.bin', '!models/all.bin'], outputs: {o: models/all.bin}}\n",
  );
  project.write({ 'models/x.bin': '1' });
  const { stdout } = await project.expect(0, ['run']);
  assert.match(stdout, /succeeded/);
});

test('outputs by a glob: made, listed, kept, restored', async () => {
  const project = await TestProject.make(
    "tasks:\n  train:\n    run: 'for i in $(cat n); do echo $i > models/m$i.bin; done'\n    inputs: [n]\n    outputs: {models: 'models/*.bin'}\n" +
      '  list: {run: "echo ${{ tasks.train.outputs.models }} > l", outputs: {l: l}}\n' +
      "  read: {run: 'cat models/*.bin > r', inputs: ['models/m*.bin'], outputs: {r: r}}\n" +
      '  count: {check: ["contains(tasks.train.outputs.models, \'models/m1.bin\')"]}\n',
  );
  project.write({ n: '1 2', 'models/mine.bin': 'by hand\n' });
  await project.expect(0, ['run']);
  assert.equal(project.read('l'), 'models/m1.bin models/m2.bin\n');
  assert.equal(project.read('r'), '1\n2\nby hand\n');
  assert.deepEqual(
    project.task('train').outputs.map(({ name, path: file, cached }) => [name, file, cached]),
    [
      ['models', 'models/m1.bin', true],
      ['models', 'models/m2.bin', true],
    ],
  );
  project.write({ n: '1 3' });
  await project.expect(0, ['run']);
  assert.equal(project.read('l'), 'models/m1.bin models/m3.bin\n');
  assert.equal(project.exists('models/m2.bin'), false);
  assert.equal(project.read('models/mine.bin'), 'by hand\n');
  project.remove('models/m1.bin', 'models/m3.bin');
  await project.expect(0, ['run']);
  assert.equal(project.task('train').status, 'cached');
  assert.deepEqual([project.read('models/m1.bin'), project.read('models/m3.bin')], ['1\n', '3\n']);
  project.write({ n: '' });
  const { stdout } = await project.expect(1, ['run']);
  assert.match(stdout, /did not make its output models\/\*\.bin/);
  project.write({
    'main.pipeline.yaml': "tasks:\n  a: {run: 'mkdir -p made/1; echo > made/1/x', outputs: {o: 'made/*'}}\n",
  });
  const folders = await project.expect(1, ['run']);
  assert.match(folders.stdout, /its output made\/\*: that matches folders, and made\/\*\/\*\* the files/);
});

test('what is optional may be missing, and counts when it is there', async () => {
  const project = await TestProject.make(
    "tasks:\n  a: {run: 'test ! -e flag || echo o > opt', inputs: [{path: flag, optional: true}], outputs: {o: {path: opt, optional: true}, g: {path: 'g*.x', optional: true}}}\n" +
      '  b: {run: "cat ${{ tasks.a.outputs.o }} > b || echo none > b", outputs: {b: b}}\n' +
      "  c: {run: echo > c, inputs: [{path: 'none/*.csv', optional: true}], outputs: {c: c}}\n",
  );
  await project.expect(0, ['run']);
  assert.equal(project.read('b'), 'none\n');
  await project.expect(0, ['run']);
  assert.equal(project.statuses()['a'], 'cached');
  project.write({ flag: '' });
  await project.expect(0, ['run']);
  assert.equal(project.read('b'), 'o\n');
  assert.equal((await project.run(['lint'])).stdout.includes('missing-input'), false);
});

test('a glob that matches nothing fails the task as a missing file does', async () => {
  const project = await TestProject.make(
    "tasks:\n  a: {run: echo > a, inputs: ['none/*.csv'], outputs: {a: a}}\n  b: {run: echo, inputs: ['x[1].txt']}\n",
  );
  project.write({ 'x[1].txt': '' });
  const { stdout } = await project.expect(1, ['run', '--keep-going']);
  assert.match(stdout, /a failed: its input none\/\*\.csv matches no file \(with `optional: true` it may\)/);
  assert.match(
    stdout,
    /b failed: its input x\[1\]\.txt matches no file: to mean the file of that very name, write x\\\[1\\\]\.txt/,
  );
});

test('every key of a path is checked in the same way', async () => {
  const project = await TestProject.make(
    'tasks:\n  a:\n    run: echo\n    inputs: [src\\a.txt]\n    metrics: [m-*.json]\n    outputs: {o: out\\x, p: "!p"}\n    working-directory: "sub?"\n' +
      '  b: {check: [{data: "d*.csv", expect: {columns: {x: {not-null: true}}}}]}\n  c: {run: echo, inputs: ["!", " "]}\n',
  );
  const { stdout } = await project.run(['lint', '--severity', 'error']);
  for (const expected of [
    /4:14.*"src\\a\.txt" has a backslash\. Write "\/" between names/,
    /5:15.*"m-\*\.json" is one path: globs are not matched here/,
    /6:18.*"out\\x" has a backslash/,
    /6:28.*"!p" begins with "!"/,
    /7:24.*"sub\?" is one path/,
    /8:22.*"d\*\.csv" is one path/,
    /9:27.*"!" is empty after the "!"/,
    /9:32.*" " is empty/,
  ])
    assert.match(stdout, expected);
});
