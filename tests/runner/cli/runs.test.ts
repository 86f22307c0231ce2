/** Runs in a terminal: listed with what came out, sorted, as CSV, side by side; and what a shell completes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { builtBundle } from '../../support/lsp-client.js';
import { TestProject } from '../../support/cli.js';
import { inProcess } from '../../support/in-process.js';
import { Terminal } from '../../support/pty.js';
import { width } from '../../../server/cli/terminal/text.js';

const PIPELINE = `name: sweep
params:
  lr: { type: number, default: 0.5 }
  note: 'plain'
tasks:
  train:
    run: 'echo "{\\"acc\\": \${{ params.lr }}, \\"rows\\": 100}" > m.json'
    outputs: { report: m.json }
    metrics: m.json
  fold:
    matrix: { k: [1, 2] }
    run: 'echo "{\\"loss\\": \${{ matrix.k }}}" > f\${{ matrix.k }}.json'
    metrics: 'f\${{ matrix.k }}.json'
  log:
    run: 'for i in 9 5 1; do echo "{\\"key\\": \\"curve\\", \\"value\\": $i}" >> "$MODELYARD_METRICS"; done; touch logged'
    outputs: { o: logged }
`;

async function swept(): Promise<{ project: TestProject; ids: readonly string[] }> {
  const project = await TestProject.make({ 'sweep.pipeline.yaml': PIPELINE });
  for (const lr of ['0.7', '0.9', '0.8'])
    await project.expect(0, ['run', 'sweep', '-p', `lr=${lr}`, '-p', 'note=say "hi", twice']);
  return {
    project,
    ids: project
      .runs()
      .map(({ id }) => id)
      .sort(),
  };
}

test('runs are listed with params and metrics, sorted, as CSV, and compared', async () => {
  const { project, ids } = await swept();
  const said = async (code: number, ...args: string[]): Promise<string> => {
    const result = await inProcess(['runs', ...args, '--project', project.root]);
    assert.equal(result.code, code, `${args.join(' ')}\n${result.stderr}`);
    return result.stdout + result.stderr;
  };
  const [a = '', b = '', c = ''] = ids;
  const listed = (text: string): string[] =>
    text
      .trim()
      .split('\n')
      .map((line) => line.slice(0, a.length));
  const lines = (await said(0, 'list')).trim().split('\n');
  assert.equal(lines.length, 3);
  assert.match(lines[0] ?? '', /acc=0\.8 {2}rows=100 {2}loss=1…2 .*lr=0\.8 {2}note=say "hi", twice/);

  assert.deepEqual(listed(await said(0, 'list', '--sort', 'acc')), [a, c, b]);
  assert.deepEqual(listed(await said(0, 'list', '--sort', 'train.acc:desc')), [b, c, a]);
  assert.deepEqual(listed(await said(0, 'list', '--sort', 'params.lr:desc', '--limit', '1')), [b]);
  assert.deepEqual(listed(await said(0, 'list', '--sort', 'created')), [a, b, c]);
  assert.match(await said(2, 'list', '--sort', 'lrr'), /no run has "lrr" to sort by; did you mean "lr"\?/);
  assert.match(await said(2, 'list', '--csv', '--json'), /either --csv or --json/);

  // Read by a reader of CSV that is not ours.
  writeFileSync(project.path('list.csv'), await said(0, 'list', '--csv', '--sort', 'created'));
  const read = spawnSync(
    'python3',
    ['-c', 'import csv,json; print(json.dumps(list(csv.DictReader(open("list.csv", newline="")))))'],
    { cwd: project.root, encoding: 'utf8' },
  );
  const rows = JSON.parse(read.stdout) as Record<string, string>[];
  assert.deepEqual(
    rows.map((row) => [
      row['id'],
      row['params.lr'],
      row['params.note'],
      row['metrics.train.acc'],
      row['metrics.fold@2.loss'],
    ]),
    ids.map((id, at) => [id, ['0.7', '0.9', '0.8'][at], 'say "hi", twice', ['0.7', '0.9', '0.8'][at], '2']),
  );

  const compared = await said(0, 'compare', a, b);
  assert.match(compared, /^ {2}lr +0\.7 +0\.9$/m);
  assert.match(compared, /^ {2}train\.acc +0\.7 +0\.9/m);
  assert.match(compared, /^ {2}train: param params\.lr +0\.7 +0\.9$|^ {2}train: command /m);
  assert.doesNotMatch(compared, /^ {2}note/m);
  assert.match(await said(0, 'compare', a, b, c, '--all'), /^ {2}note +say "hi", twice/m);
  assert.match(await said(2, 'compare', a, 'nosuch'), /nosuch/);
  assert.match(await said(0, 'show', a), /curve █▅▁ 9 → 1, 3 points/);
  assert.equal((await said(0, 'show', a)).match(/ {2}m\.json /g)?.length, 1);

  // What is said of runs shows wherever they do, and is filtered by.
  assert.equal(await said(0, 'tag', a, 'keep', 'owner=ada'), `tagged ${a}: keep, owner=ada\n`);
  assert.equal(await said(0, 'star', a, b, '--dry'), `would have starred ${a}, ${b}\n`);
  assert.equal(await said(0, 'star', a), `starred ${a}\n`);
  assert.equal(await said(0, 'note', a, 'before the leak'), `noted on ${a}\n`);
  assert.equal(await said(0, 'note', a), 'before the leak\n');
  assert.match(await said(0, 'list', '--filter', 'tag.keep'), /★ {2}#keep {2}#owner=ada {2}before the leak/);
  assert.match(await said(0, 'show', a), /★ starred\nnote before the leak\ntag keep\ntag owner = ada/);
  assert.deepEqual(listed(await said(0, 'list', '--filter', 'not tag.owner = ada')), [c, b]);
  const { runs: told } = JSON.parse(await said(0, 'tag', a, 'owner', '--remove', '--json')) as {
    runs: readonly unknown[];
  };
  assert.deepEqual(told, [{ run: a, marks: { star: true, note: 'before the leak', tags: { keep: '' } } }]);
  assert.match(await said(2, 'tag', a, 'owner', '--remove'), /has no tag "owner"/);
  assert.match(await said(2, 'tag', a, 'a;b'), /can't be the key of a tag/);
  await said(0, 'archive', b);
  assert.deepEqual(listed(await said(0, 'list')), [c, a]);
  assert.deepEqual(listed(await said(0, 'list', '--archived')), [c, b, a]);
  await said(0, 'archive', b, '--remove');
  assert.deepEqual(listed(await said(0, 'list')), [c, b, a]);
  const columns = 'id,log.curve,curve:min,curve:max,curve:best';
  assert.match(
    await said(0, 'list', '--columns', columns, '--csv', '--sort', 'created', '--limit', '1'),
    new RegExp(`^${columns}\r\n${a},1,1,9,1\r\n$`),
  );

  // No line is wider than the terminal, which has 100 columns.
  const cli = await builtBundle('cli.js');
  for (const args of [['list'], ['compare', a, b, c, '--all']]) {
    const terminal = new Terminal([process.execPath, cli, 'runs', ...args], project.root);
    assert.equal(await terminal.ends(), 0);
    for (const line of terminal.text.split('\n')) assert.ok(width(line) <= 100, `${width(line)}: ${line}`);
  }
});

test('what bash completes, from the commands themselves', async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-shells-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { stdout: script } = await inProcess(['completion', 'bash']);
  const completed = (...words: string[]): string => {
    const { stdout, stderr } = spawnSync(
      'bash',
      [
        '-c',
        `${script}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _modelyard; echo "\${COMPREPLY[*]}"`,
        'bash',
        'modelyard',
        ...words,
      ],
      { encoding: 'utf8' },
    );
    assert.equal(stderr, '');
    return stdout.trim();
  };
  assert.equal(completed('ru'), 'run runs');
  assert.equal(completed('runs', 'c'), 'compare cancel');
  assert.equal(completed('runs', 'list', '--so'), '--sort --source');
  assert.equal(completed('lint', 'some.yaml', '--se'), '--severity');
  assert.equal(completed('help', 'tru'), 'trust');
  assert.equal(completed('lint', 'some'), '');
  for (const shell of ['zsh', 'fish', 'pwsh']) {
    const { stdout } = await inProcess(['completion', shell]);
    for (const word of ['compare', 'sort', 'trust']) assert.ok(stdout.includes(word), `${shell}: ${word}`);
    if (spawnSync(shell, ['-c', 'exit 0']).status !== 0 || shell === 'pwsh') continue;
    const file = path.join(folder, `modelyard.${shell}`);
    writeFileSync(file, stdout);
    const checked = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    assert.deepEqual([checked.status, checked.stderr], [0, ''], shell);
  }
});
