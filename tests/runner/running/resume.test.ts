/** A run is what it was when it began: its definition, selection, flags and versions; and what is done is looked at. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import { newRunId } from '../../../server/stores/runs/id.js';
import { TestProject, until } from '../../support/cli.js';
import { inProcess } from '../../support/in-process.js';

async function project(t: TestContext, files: string | Record<string, string>): Promise<TestProject> {
  const made = await TestProject.make(files);
  t.after(() => made.remove(''));
  return made;
}

const GATED = `name: p
tasks:
  train: { run: 'echo m > m', outputs: { m: m } }
  ask: { approval: { prompt: 'ship?' }, needs: [train] }
  pack: { needs: [ask], run: 'echo packed > pack.txt', outputs: { o: pack.txt } }
  ship: { needs: [pack], run: 'echo BEGUN >> shipped' }
`;

test('a run that waits continues with the definition that it began with, and names what has changed', async (t) => {
  const edits: [string, string, RegExp][] = [
    [
      'a gate is added',
      GATED.replace('  pack:', "  scan: { needs: [train], run: 'exit 1' }\n  pack:").replace(
        '[pack]',
        '[pack, scan]',
      ),
      /new: scan; changed: ship/,
    ],
    ['a command is edited', GATED.replace('echo BEGUN', 'echo EVIL'), /changed: ship/],
    ['a task is removed', GATED.replace(/ {2}pack:.*\n/, '').replace('[pack]', '[ask]'), /removed: pack/],
    ['the file is broken', 'name: p\ntasks: [\n', /p\.pipeline\.yaml/],
    ['a task is renamed', GATED.replace('ship:', 'send:'), /new: send; removed: ship/],
  ];
  for (const [what, text, words] of edits) {
    const made = await project(t, { 'p.pipeline.yaml': GATED });
    await made.expect(3, ['run', 'p']);
    made.write({ 'p.pipeline.yaml': text });
    const { stdout } = await made.expect(0, ['approve', '--resume']);
    assert.match(stdout, words, what);
    assert.match(stdout, /modelyard runs diff/);
    assert.equal(made.read('shipped'), 'BEGUN\n', what);
  }
  const gone = await project(t, { 'p.pipeline.yaml': GATED });
  await gone.expect(3, ['run', 'p']);
  const { id } = gone.lastRun();
  gone.remove('p.pipeline.yaml');
  await gone.expect(0, ['approve']);
  assert.match((await gone.expect(0, ['run', 'p', '--resume'])).stdout, /p\.pipeline\.yaml \(deleted\)/);
  assert.match((await gone.expect(0, ['runs', 'diff', id])).stdout, /-name: p/);
  // The layout of the text is no change.
  const same = await project(t, { 'p.pipeline.yaml': GATED });
  await same.expect(3, ['run', 'p']);
  same.write({ 'p.pipeline.yaml': `# a comment\n${GATED}\n` });
  assert.doesNotMatch((await same.expect(0, ['approve', '--resume'])).stdout, /changed since/);
});

test('settings and called pipelines are kept with it', async (t) => {
  const made = await project(t, {
    'p.pipeline.yaml':
      "name: p\ntasks:\n  ask: { approval: { prompt: 'go?' } }\n  call: { needs: [ask], pipeline: c }\n",
    'c.pipeline.yaml': 'name: c\ntasks:\n  inner: { pipeline: d }\n',
    'd.pipeline.yaml': "name: d\ntasks:\n  t: { run: 'echo BEGUN > d.txt', outputs: { o: d.txt } }\n",
  });
  await made.expect(3, ['run', 'p']);
  made.write({
    'd.pipeline.yaml': "name: d\ntasks:\n  t: { run: 'echo EVIL > d.txt', outputs: { o: d.txt } }\n",
  });
  made.remove('c.pipeline.yaml');
  const { stdout } = await made.expect(0, ['approve', '--resume']);
  assert.match(
    stdout,
    /c\.pipeline\.yaml \(deleted\), d\.pipeline\.yaml \(changed: t\)|d\.pipeline\.yaml.*c\.pipeline\.yaml/,
  );
  assert.equal(made.read('d.txt'), 'BEGUN\n');
});

test('one that failed is tried again as its files are, and with --as-begun as it began', async (t) => {
  const text = (word: string): string => `name: p
tasks:
  prep: { run: 'exit $(cat code)' }
  ship: { needs: [prep], run: 'echo ${word} >> shipped' }
`;
  const made = await project(t, { 'p.pipeline.yaml': text('OLD'), code: '1' });
  await made.expect(1, ['run', 'p']);
  const { id } = made.lastRun();
  made.write({ 'p.pipeline.yaml': text('NEW'), code: '0' });
  const now = await made.expect(0, ['run', 'p', '--resume', id]);
  assert.match(now.stdout, /changed: ship.*uses the files as they are now.*--as-begun/);
  const begun = await made.expect(0, ['run', 'p', '--resume', id, '--as-begun']);
  assert.match(begun.stdout, /continues as it began/);
  assert.equal(made.read('shipped'), 'NEW\nOLD\n');
  const both = await made.expect(2, ['run', 'p', '--resume', id, '--as-begun', '--as-now']);
  assert.match(both.stderr, /exclude each other/);
});

test('where a run can’t be tried again as the files are now, --as-begun is named and leads out', async (t) => {
  const text = (cells: string, rest = ''): string => `name: p
params: { word: { type: string, default: x } }
tasks:
  a: { matrix: { n: [${cells}] }, run: 'echo \${{ matrix.n }} >> cells; test ! -e bad' }
  ${rest}
`;
  const now: Readonly<Record<string, string | undefined>> = {
    'the cell is gone': text('1, 2'),
    'the task is gone': 'name: p\ntasks:\n  b: { run: echo }\n',
    'the param is another one': text('1, 2, 3').replace(
      'type: string, default: x',
      'type: integer, default: 1',
    ),
    'it is not valid': text('1, 2, 3', 'b: { run: 7, needs: [nobody] }'),
    'it is no YAML': text('1, 2, 3', 'b: {'),
    'it is gone': undefined,
  };
  const made = await project(t, { 'p.pipeline.yaml': text('1, 2, 3'), bad: '' });
  await made.expect(1, ['run', 'p', '--only', 'a@3', '-p', 'word=y']);
  const { id } = made.lastRun();
  made.remove('bad');
  for (const [what, definition] of Object.entries(now)) {
    if (definition === undefined) made.remove('p.pipeline.yaml');
    else made.write({ 'p.pipeline.yaml': definition });
    for (const dry of [[], ['--dry']]) {
      const { code, stderr } = await inProcess(['run', ...dry, '--resume', id, '--project', made.root]);
      assert.equal(code, 2, `${what}: ${stderr}`);
      assert.match(stderr, new RegExp(`modelyard run p --resume ${id} --as-begun$`, 'm'), what);
    }
  }
  await made.expect(0, ['run', 'p', '--resume', id, '--as-begun']);
  assert.equal(made.read('cells'), '3\n3\n');
});

test('selection and flags are those of the run', async (t) => {
  const parts = `name: q
tasks:
  prep: { run: 'exit $(cat code)' }
  deploy: { run: 'echo x >> deployed' }
  cells: { matrix: { n: [1, 2] }, run: 'echo \${{ matrix.n }} >> cells; exit $(cat code)' }
`;
  for (const [selection, ran] of [
    [['--only', 'prep'], ['prep']],
    [['--only', 'cells@2'], ['cells@2']],
    [['--to', 'prep'], ['prep']],
    [['--from', 'prep'], ['prep']],
  ] as const) {
    const made = await project(t, { 'q.pipeline.yaml': parts, code: '1' });
    await made.expect(1, ['run', 'q', ...selection]);
    made.write({ code: '0' });
    await made.expect(0, ['run', 'q', '--resume']);
    assert.deepEqual(Object.keys(made.statuses()), ran);
    assert.ok(!made.exists('deployed'));
  }
  for (const flag of ['--only=prep', '--from=prep', '--to=prep', '--force', '--no-cache']) {
    const made = await project(t, { 'q.pipeline.yaml': parts, code: '1' });
    await made.expect(1, ['run', 'q']);
    const { stderr } = await made.expect(2, ['run', 'q', '--resume', flag]);
    assert.match(stderr, /of the run it resumes; leave out --/);
  }
  // Forced once, forced to the end; and what was forced before the question is not done twice.
  const made = await project(t, {
    'p.pipeline.yaml': GATED.replace("echo m > m'", "echo x >> trained; echo m > m'").replace(
      "echo packed > pack.txt'",
      "echo x >> packed; echo packed > pack.txt'",
    ),
  });
  await made.expect(3, ['run', 'p']);
  await made.expect(0, ['approve', '--resume']);
  await made.expect(3, ['run', 'p', '--force']);
  await made.expect(0, ['approve', '--resume']);
  assert.deepEqual([made.read('trained'), made.read('packed')], ['x\nx\n', 'x\nx\n']);
  const going = await project(t, {
    'p.pipeline.yaml':
      "name: p\ntasks:\n  bad: { run: 'exit 1' }\n  ask: { approval: { prompt: go } }\n  after: { needs: [ask], run: 'echo x > after' }\n",
  });
  await going.expect(3, ['run', 'p', '-k']);
  await going.expect(1, ['approve', '--resume']);
  assert.ok(going.exists('after'));
});

test('a called pipeline that succeeded is looked at task by task', async (t) => {
  const files = {
    'c.pipeline.yaml':
      "name: c\nparams: { x: 1 }\ntasks:\n  build: { run: 'echo x >> built; echo x=${{ params.x }} $(cat src.txt) > model.txt', inputs: [src.txt], outputs: { m: model.txt } }\n",
    'p.pipeline.yaml':
      "name: p\ntasks:\n  call: { pipeline: { name: c, params: { x: 1 } } }\n  test: { needs: [call], run: 'exit $(cat code)' }\n  ship: { needs: [test], run: 'cat model.txt > shipped' }\n",
    'src.txt': '1',
    code: '1',
  };
  const cases: [string, (made: TestProject) => void, string, number][] = [
    ['nothing', () => undefined, 'x=1 1\n', 1],
    ['an input', (made) => made.write({ 'src.txt': '2' }), 'x=1 2\n', 2],
    [
      'a param',
      (made) => made.write({ 'p.pipeline.yaml': files['p.pipeline.yaml'].replace('x: 1 }', 'x: 2 }') }),
      'x=2 1\n',
      2,
    ],
    ['an output that is gone', (made) => made.remove('model.txt'), 'x=1 1\n', 1],
    ['an output that was edited', (made) => made.write({ 'model.txt': 'mine' }), 'x=1 1\n', 1],
    [
      'its definition',
      (made) => made.write({ 'c.pipeline.yaml': files['c.pipeline.yaml'].replace('echo x=', 'echo X=') }),
      'X=1 1\n',
      2,
    ],
  ];
  for (const [what, change, shipped, built] of cases) {
    const made = await project(t, files);
    await made.expect(1, ['run', 'p']);
    change(made);
    made.write({ code: '0' });
    await made.expect(0, ['run', 'p', '--resume']);
    assert.equal(made.read('shipped'), shipped, what);
    assert.equal(made.read('built').length / 2, built, what);
    assert.equal(made.runs().length, what === 'nothing' ? 3 : 4, what);
  }
});

test('what was approved is what goes on: a question that stands for something else is asked anew', async (t) => {
  const text = `name: p
tasks:
  train: { run: 'cp src.txt m', inputs: [src.txt], outputs: { m: m } }
  eval: { needs: [train], run: 'echo ok' }
  ask: { approval: { prompt: 'ship the model?' }, needs: [eval] }
  ship: { needs: [ask], run: 'cat m >> shipped; exit $(cat code)' }
`;
  const made = await project(t, { 'p.pipeline.yaml': text, 'src.txt': '1\n', code: '0' });
  await made.expect(3, ['run', 'p']);
  await made.expect(0, ['approve']);
  made.write({ 'src.txt': '2\n' });
  const anew = await made.expect(3, ['run', 'p', '--resume']);
  assert.match(
    anew.stdout,
    /asked anew, because of what has changed: train was done anew, with another result/,
  );
  assert.match((await made.expect(0, ['approvals'])).stdout, /train was done anew/);
  await made.expect(0, ['approve', '--resume']);
  assert.equal(made.read('shipped'), '2\n');
  // A new attempt takes the answer over only where what follows is the same.
  const edited = await project(t, { 'p.pipeline.yaml': text, 'src.txt': '1\n', code: '1' });
  await edited.expect(3, ['run', 'p']);
  await edited.expect(1, ['approve', '--resume']);
  await edited.expect(1, ['run', 'p', '--resume']);
  edited.write({ 'p.pipeline.yaml': text.replace('cat m >>', 'echo EVIL >>') });
  const follows = await edited.expect(3, ['run', 'p', '--resume']);
  assert.match(follows.stdout, /asked anew.*ship was edited/);
  assert.equal(edited.read('shipped'), '1\n1\n');
});

for (const { what, follows, files, edit, says } of [
  {
    what: 'the script of the next task',
    follows: "ship: { needs: [ask], run: 'sh ship.sh', inputs: [ship.sh] }",
    files: { 'ship.sh': 'echo GOOD >> shipped\n' },
    edit: { 'ship.sh': 'echo EVIL >> shipped\n' },
    says: 'ship.sh',
  },
  {
    what: 'a file of a pattern that a later task reads',
    follows: `next: { needs: [ask], run: 'cp a/1 next', inputs: [a/1], outputs: { o: next } }
  ship: { needs: [next], run: 'cat a/* next >> shipped', inputs: ['a/*', next] }`,
    files: { 'a/1': '1\n', 'a/2': '2\n' },
    edit: { 'a/2': 'EVIL\n' },
    says: 'a/2',
  },
  {
    what: 'the app that is packed then',
    follows:
      "ship: { needs: [ask], package: { name: app, include: ['app/**'], entrypoint: 'node app/s.js' } }",
    files: { 'app/s.js': '1' },
    edit: { 'app/s.js': 'EVIL' },
    says: 'app/s.js',
  },
  {
    what: 'a file that a pipeline two calls below reads, whose name comes with the call',
    follows: 'send: { needs: [ask], pipeline: { name: c, params: { where: eu } } }',
    files: {
      'c.pipeline.yaml':
        "name: c\nparams: { where: us }\ntasks: { next: { pipeline: { name: d, params: { script: '${{ params.where }}.sh' } } } }\n",
      'd.pipeline.yaml':
        "name: d\nparams: { script: us.sh }\ntasks: { ship: { run: 'sh ${{ params.script }}', inputs: ['${{ params.script }}'] } }\n",
      'eu.sh': 'echo GOOD >> shipped\n',
    },
    edit: { 'eu.sh': 'echo EVIL >> shipped\n' },
    says: 'eu.sh',
  },
])
  test(`an answer stands for the files that follow: ${what}`, async (t) => {
    const text = `name: p\ntasks:\n  ask: { approval: { prompt: ship? } }\n  ${follows}\n`;
    const made = await project(t, { 'p.pipeline.yaml': text, ...files });
    await made.expect(3, ['run', 'p']);
    await made.expect(0, ['approve']);
    made.write(edit);
    const { stdout } = await made.expect(3, ['run', 'p', '--resume']);
    assert.match(
      stdout,
      new RegExp(`asked anew, because of what has changed: ${says} was edited, and what follows reads it`),
    );
    assert.equal(made.exists('shipped'), false);
    await made.expect(0, ['approve', '--resume']);
  });

test('what other tasks make, or is made after the answer, changes no question', async (t) => {
  const made = await project(t, {
    'p.pipeline.yaml': `name: p
tasks:
  beside: { run: 'while ! test -e go; do sleep 0.05; done; echo $$ > beside', outputs: { o: beside } }
  ask: { approval: { prompt: one } }
  next: { needs: [ask], run: 'echo $$ > next', outputs: { o: next } }
  last: { needs: [ask, next, beside], run: 'cat next beside > last', inputs: ['{next,beside}'], outputs: { o: last } }
`,
    go: '',
    beside: 'old',
    next: 'old',
  });
  await made.expect(3, ['run', 'p']);
  await made.expect(0, ['approve', '--resume']);
  assert.ok(made.exists('last'));
});

test('what a called pipeline makes for the tasks behind it changes no question, in it and beside it', async (t) => {
  const made = await project(t, {
    'p.pipeline.yaml': `name: p
tasks:
  build: { pipeline: c }
  ask: { approval: { prompt: ship? } }
  ship: { needs: [build, ask], run: 'cat model > shipped', inputs: [model] }
`,
    'c.pipeline.yaml': `name: c
tasks:
  train: { run: 'echo $$ > model', outputs: { m: model } }
  look: { needs: [train], approval: { prompt: good? } }
  note: { needs: [look], run: 'cat model > note', inputs: [model], outputs: { n: note } }
`,
    model: 'old',
  });
  await made.expect(3, ['run', 'p']);
  for (const { id, pipeline } of made.runs()) {
    await made.expect(0, ['approve', id, pipeline === 'p' ? 'ask' : 'look']);
  }
  await made.expect(0, ['run', 'p', '--resume']);
  assert.equal(made.read('shipped'), made.read('note'));
});

test('what failed or was skipped in a run has ended for it', async (t) => {
  const made = await project(t, {
    'p.pipeline.yaml': `name: p
tasks:
  bad: { run: 'echo x >> bad; exit 1', continue-on-error: true }
  no: { if: 'false', run: 'echo x >> no' }
  ask: { approval: { prompt: one } }
  again: { needs: [ask], approval: { prompt: two } }
  after: { needs: [again, bad], run: 'echo x >> after' }
  call: { pipeline: c }
`,
    'c.pipeline.yaml':
      "name: c\ntasks:\n  below: { run: 'echo x >> below; exit 1', continue-on-error: true }\n  good: { run: 'echo x >> good' }\n",
  });
  await made.expect(3, ['run', 'p']);
  await made.expect(3, ['approve', '--resume']);
  await made.expect(0, ['approve', '--resume']);
  assert.deepEqual(
    ['bad', 'after', 'below', 'good'].map((name) => made.read(name)),
    ['x\n', 'x\n', 'x\n', 'x\n'],
  );
  const parent = made.runs().find((run) => run.pipeline === 'p');
  const status = Object.fromEntries((parent?.tasks ?? []).map((task) => [task.id, task.status]));
  assert.equal(status['bad'], 'failed');
  assert.equal(status['no'], 'skipped');
});

test('a time that is up is shown until somebody lets it count', async (t) => {
  for (const [means, code, word] of [
    ['approve', 0, 'approves'],
    ['reject', 1, 'rejects'],
  ] as const) {
    const made = await project(t, {
      'p.pipeline.yaml': `name: p\ntasks:\n  ask: { approval: { prompt: go, timeout: 1ms, on-timeout: ${means} } }\n  after: { needs: [ask], run: 'echo x > after' }\n`,
    });
    await made.expect(3, ['run', 'p', '--no-wait']).catch(() => undefined);
    const { id, status } = made.lastRun();
    // The question may have ended while the runner was there: then there is nothing to let count.
    if (status !== 'waiting') continue;
    assert.match((await made.expect(0, ['approvals'])).stdout, new RegExp(`time is up, which ${word}`));
    for (const command of [['status'], ['runs', 'list']])
      assert.match((await made.expect(0, command)).stdout, /time is up for ask: resume to let it count/);
    const late = await made.expect(1, ['approve']);
    assert.match(
      late.stderr,
      new RegExp(`which ${word}. Let that count with: modelyard run p --resume ${id}`),
    );
    await made.expect(code, ['run', 'p', '--resume', id]);
    assert.equal(made.exists('after'), means === 'approve');
  }
});

test('cancelling a run that waits runs what cleans up behind it, below as well', async (t) => {
  const made = await project(t, {
    'p.pipeline.yaml': `name: p
tasks:
  up: { run: 'echo up > up', outputs: { up: up } }
  ask: { needs: [up], approval: { prompt: go } }
  never: { needs: [ask], run: 'echo x > never' }
  down: { needs: [ask], if: always(), run: 'cat \${{ tasks.up.outputs.up }} > down' }
  call: { needs: [up], pipeline: c }
`,
    'c.pipeline.yaml':
      "name: c\ntasks:\n  ask: { approval: { prompt: go } }\n  down: { needs: [ask], if: cancelled(), run: 'echo x > below' }\n",
  });
  await made.expect(3, ['run', 'p']);
  await made.expect(0, ['runs', 'cancel']);
  assert.deepEqual([made.read('down'), made.read('below'), made.exists('never')], ['up\n', 'x\n', false]);
  assert.deepEqual(
    made.runs().map((run) => run.status),
    ['cancelled', 'cancelled'],
  );
  const [parent] = made.runs();
  assert.deepEqual(
    parent?.tasks.map((task) => [task.id, task.status]),
    [
      ['up', 'succeeded'],
      ['ask', 'cancelled'],
      ['never', 'cancelled'],
      ['down', 'succeeded'],
      ['call', 'cancelled'],
    ],
  );
});

test('who comes second is told, with and without RUN and TASK', async (t) => {
  const made = await project(t, { 'p.pipeline.yaml': GATED });
  assert.match(
    (await made.expect(2, ['approve'])).stderr,
    /No run of this project is waiting for an approval/,
  );
  await made.expect(3, ['run', 'p']);
  const { id } = made.lastRun();
  await made.expect(0, ['approve', '--comment', 'first']);
  for (const form of [[], [id], [id, 'ask'], [id.slice(-4)]]) {
    for (const verdict of ['approve', 'reject']) {
      const { stderr } = await made.expect(1, [verdict, ...form]);
      assert.match(stderr, /ask was approved before by .*first/, form.join(' '));
    }
  }
  // Of two at once that answer and resume, both answers count and both commands are fine.
  const two = await project(t, {
    'p.pipeline.yaml':
      "name: p\ntasks:\n  a: { approval: { prompt: a } }\n  b: { approval: { prompt: b } }\n  after: { needs: [a, b], run: 'echo x >> after' }\n",
  });
  await two.expect(3, ['run', 'p']);
  const run = two.lastRun().id;
  const codes = await Promise.all(
    ['a', 'b'].map(async (task) => (await two.run(['approve', run, task, '--resume'])).code),
  );
  if (two.lastRun().status === 'waiting') await two.expect(0, ['run', 'p', '--resume']);
  assert.ok(
    codes.every((code) => code === 0 || code === 3),
    codes.join(),
  );
  assert.equal(two.lastRun().status, 'succeeded');
  assert.equal(two.read('after'), 'x\n');
  // Whoever has approved may think better of it until it is decided.
  const three = await project(t, {
    'p.pipeline.yaml': 'name: p\ntasks:\n  a: { approval: { prompt: a, count: 2 } }\n',
  });
  await three.expect(3, ['run', 'p']);
  await three.expect(0, ['approve']);
  await three.expect(1, ['reject', '--comment', 'no, after all', '--resume']);
  assert.equal(three.lastRun().status, 'failed');
});

test('the newest run is the one that was begun last, whatever the clock said', async (t) => {
  const made = await project(t, { 'p.pipeline.yaml': "name: p\ntasks:\n  t: { run: 'exit 1' }\n" });
  await made.expect(1, ['run', 'p']);
  // As a machine whose clock is a day ahead writes it.
  const old = made.lastRun();
  const id = newRunId(Date.now() + 86_400_000);
  const text = JSON.stringify(old).replaceAll(old.id, id);
  mkdirSync(made.path('.modelyard', 'runs', id.slice(0, 6)), { recursive: true });
  renameSync(
    made.path('.modelyard', 'runs', old.id.slice(0, 6), old.id),
    made.path('.modelyard', 'runs', id.slice(0, 6), id),
  );
  writeFileSync(made.path('.modelyard', 'runs', id.slice(0, 6), id, 'run.json'), text);
  made.remove('.modelyard/runs/index.ndjson');
  await made.expect(1, ['run', 'p']);
  const newest = made.lastRun();
  assert.ok(newest.id > id, 'it sorts after the one from tomorrow');
  const { stdout } = await made.expect(0, ['runs', 'list', '--limit', '1', '--json']);
  assert.equal((JSON.parse(stdout) as { runs: { id: string }[] }).runs[0]?.id, newest.id);
  await made.expect(1, ['run', 'p', '--resume']);
  assert.equal(made.lastRun().resumed, newest.id);
});

test('what a skipped or failed task has left from another run does not count as made', async (t) => {
  const text = (input: string): string => `name: p
params: { go: true, code: 0 }
tasks:
  t: { if: params.go, run: 'echo x > t.txt; exit \${{ params.code }}', outputs: { o: t.txt }, cache: false }
  s: { if: always(), inputs: ['${input}'], run: 'cat *.txt > seen || true' }
`;
  const optional = await project(t, {
    'p.pipeline.yaml': text('t.txt').replace("['t.txt']", '[{ path: t.txt, optional: true }]'),
  });
  await optional.expect(0, ['run', 'p', '-p', 'go=false']);
  for (const input of ['${{ tasks.t.outputs.o }}', 't.txt']) {
    const made = await project(t, { 'p.pipeline.yaml': text(input) });
    await made.expect(0, ['run', 'p']);
    assert.match(
      (await made.expect(1, ['run', 'p', '-p', 'go=false'])).stdout,
      /t\.txt was not made: t was skipped/,
    );
    assert.match(
      (await made.expect(1, ['run', 'p', '-p', 'code=1'])).stdout,
      /t\.txt was not made: t failed/,
    );
    await made.expect(0, ['run', 'p']);
  }
});

test('names of versions stand for what they stood for when the run began', async (t) => {
  const made = await project(t, {
    'modelyard.yaml': 'name: test\nenvironments: { prod: {} }\n',
    'app/main.txt': 'one',
    'pack.pipeline.yaml':
      "name: pack\nkind: app-build\ntasks:\n  pack: { package: { name: app, include: [app/**], entrypoint: 'cat app/main.txt' } }\n",
    'ship.pipeline.yaml':
      'name: ship\nkind: deployment\ntasks:\n  ask: { approval: { prompt: go } }\n  out: { needs: [ask], deploy: { package: app, environment: prod } }\n',
  });
  await made.expect(0, ['run', 'pack']);
  await made.expect(3, ['run', 'ship']);
  const { id } = made.lastRun();
  made.write({ 'app/main.txt': 'two' });
  await made.expect(0, ['run', 'pack']);
  await made.expect(0, ['approve', id, 'ask', '--resume']);
  const shipped = made.runs().find((run) => run.id === id);
  assert.equal(shipped?.tasks.find((task) => task.id === 'out')?.values?.['package'], 'app@1');
  await made.expect(3, ['run', 'ship']);
  await made.expect(0, ['approve', '--resume']);
  assert.equal(made.task('out').values?.['package'], 'app@2');
});

test('Ctrl-C at the question cleans up', { skip: process.platform === 'win32' }, async (t) => {
  const made = await project(t, {
    'p.pipeline.yaml': `name: p
tasks:
  ask: { approval: { prompt: go } }
  down: { needs: [ask], if: always(), run: 'echo x > down' }
`,
  });
  const run = made.terminal(['run', 'p']);
  await run.hears('Approve?');
  run.keys('\u0003');
  await run.hears('p cancelled');
  assert.equal(await run.ends(), 130);
  await until('the record says so', () => made.lastRun().status === 'cancelled');
  assert.equal(made.read('down'), 'x\n');
  assert.deepEqual(made.statuses(), { ask: 'cancelled', down: 'succeeded' });
});

test('a resumed run has the params of the one that it continues, as they were written', async (t) => {
  const made = await project(t, {
    'p.pipeline.yaml': `name: p
params:
  text: ''
  maybe: { type: string, default: null }
  whole: 1
  number: 1.0
  flag: true
  list: [1.10]
  ver: { type: string, choices: [1.0, 007, yes], default: 1.0 }
tasks:
  say:
    env: { TEXT: '\${{ params.text }}', MAYBE: '\${{ params.maybe }}' }
    run: |
      printf '%s|' "$TEXT" "$MAYBE" \${{ params.whole }} \${{ params.number }} \${{ params.flag }} \${{ join(params.list) }} \${{ params.ver }} >> said
      echo >> said
      exit 1
`,
  });
  const cases: readonly (readonly [given: readonly string[], said: string])[] = [
    [[], '||1|1.0|true|1.10|1.0|'],
    [['text=null', 'maybe=null'], 'null|null|1|1.0|true|1.10|1.0|'],
    [['text= a  b ', 'maybe='], ' a  b ||1|1.0|true|1.10|1.0|'],
    [[`text="it's" $HOME \`x\``, 'ver=yes'], `"it's" $HOME \`x\`||1|1.0|true|1.10|yes|`],
    [['text=yes', 'flag=FALSE', 'ver=007'], 'yes||1|1.0|false|1.10|007|'],
    [
      ['text=0012', 'whole=0012345678901234567890', 'number=2.50'],
      '0012||0012345678901234567890|2.50|true|1.10|1.0|',
    ],
    [
      ['text={"a": 1}', 'list=[12345678901234567890, 3.10]'],
      '{"a": 1}||1|1.0|true|12345678901234567890,3.10|1.0|',
    ],
    [['text=1e400', 'whole=0x1F', 'number=1e-7'], '1e400||0x1F|1e-7|true|1.10|1.0|'],
  ];
  for (const [given, said] of cases) {
    made.remove('said');
    await made.expect(1, ['run', 'p', ...given.flatMap((one) => ['--param', one])]);
    const { params } = made.lastRun();
    await made.expect(1, ['run', 'p', '--resume']);
    const lines = made.read('said').split('\n').slice(0, -1);
    assert.deepEqual(lines, [said, said]);
    assert.deepEqual(made.lastRun().params, params, given.join(' '));
  }
});
