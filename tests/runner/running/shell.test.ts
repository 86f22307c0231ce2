/** What runs the commands of a task: `shell`, `#!…`, one shell for a list, and a failure that is a failure. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';

function has(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

test('the first command that fails ends the task, whichever shell runs it', async () => {
  const cases: [name: string, task: string, code: number][] = [
    ['sh, two lines', 'run: |\n      false\n      echo finished', 1],
    ['sh, a chain', "run: 'false; echo finished'", 1],
    ['sh, a pipe', "run: 'false | cat; echo finished'", 0],
    ['bash, a pipe', "shell: bash\n    run: 'false | cat; echo finished'", 1],
    ['bash, two lines', 'shell: bash\n    run: |\n      false\n      echo finished', 1],
    ['a first line', 'run: |\n      #!/bin/bash\n      false | cat\n      echo finished', 1],
    ['a first line with options', 'run: |\n      #!/bin/bash -u\n      false\n      echo finished', 0],
    ['a first line of env', 'run: |\n      #!/usr/bin/env bash\n      false | cat\n      echo finished', 1],
    ['a command with {0}', "shell: 'bash {0}'\n    run: |\n      false\n      echo finished", 0],
    ['a command with {0} and -e', "shell: 'bash -eu {0}'\n    run: |\n      false\n      echo finished", 1],
    ['a list', "run: ['false', 'echo finished']", 1],
    ['python', 'shell: python\n    run: |\n      raise SystemExit(3)\n      print("finished")', 3],
    ['python by its first line', 'run: |\n      #!/usr/bin/env python3\n      raise SystemExit(4)', 4],
    ['node', "shell: node\n    run: |\n      process.exit(5);\n      console.log('finished')", 5],
  ];
  const tasks = cases.map(([, task], at) => `  t${at}:\n    ${task}\n    cache: false\n`).join('');
  const project = await TestProject.make(`tasks:\n${tasks}`);
  await project.expect(1, ['run', 'main', '--keep-going']);
  for (const [at, [name, , code]] of cases.entries()) {
    const { status, exitCode } = project.task(`t${at}`);
    assert.deepEqual([status, exitCode], [code === 0 ? 'succeeded' : 'failed', code], name);
    const log = project.task(`t${at}`).log === undefined ? '' : project.log(`t${at}`).toString();
    assert.equal(log.includes('finished'), code === 0, name);
  }
});

test('a list runs in one shell: folder and variables carry over', async () => {
  const project = await TestProject.make(
    'params: {p: "a b"}\ntasks:\n  t:\n    run: [cd sub, "X=\'5 6\'  # six", "echo $X $PWD ${{ params.p }} > ../o"]\n    outputs: {o: o}\n',
  );
  project.write({ 'sub/keep': '' });
  await project.expect(0, ['run']);
  assert.equal(project.read('o'), `5 6 ${project.path('sub')} a b\n`);
  project.write({ 'main.pipeline.yaml': 'tasks:\n  t:\n    run: ["echo \'", "echo b\'"]\n' });
  const refused = await project.expect(1, ['run']);
  assert.match(
    refused.stdout + refused.stderr,
    /main\.pipeline\.yaml:3:.*a command of the list ends inside of quotes/,
  );
});

test('the shell of a task, of its pipeline and of the project, in this order', async () => {
  const print = 'echo ${BASH_VERSION:+bash}${BASH_VERSION:-sh} | cut -c 1-4 > $MODELYARD_TASK';
  const project = await TestProject.make({
    'modelyard.yaml': 'name: test\nshell: bash\n',
    'main.pipeline.yaml': `tasks:\n  a: {run: '${print}'}\n  b: {run: '${print}', shell: sh}\n`,
    'two.pipeline.yaml': `shell: sh\ntasks:\n  c: {run: '${print}'}\n  d: {run: '${print}', shell: bash}\n`,
  });
  await project.expect(0, ['run', 'main']);
  await project.expect(0, ['run', 'two']);
  const seen = ['a', 'b', 'c', 'd'].map((name) => project.read(name).trim());
  assert.deepEqual(seen, ['bash', 'sh', 'sh', 'bash']);
});

test('a shell that is not installed is told by its name before anything runs', async () => {
  const project = await TestProject.make(
    "tasks:\n  first: {run: touch made}\n  t: {run: 'x', shell: 'nosuchshell {0}', needs: [first]}\n",
  );
  for (const command of [['run'], ['plan']]) {
    const { stdout, stderr } = await project.expect(2, command);
    assert.match(stdout + stderr, /t: the shell "nosuchshell" is not installed/);
  }
  assert.equal(project.exists('made'), false);
  project.write({ 'main.pipeline.yaml': 'tasks:\n  t:\n    run: |\n      #!/opt/none/perl -w\n      x\n' });
  assert.match((await project.expect(2, ['run'])).stderr, /"\/opt\/none\/perl" is not installed/);
  project.write({ 'main.pipeline.yaml': 'tasks:\n  t: {run: x, shell: bsh}\n' });
  assert.match(
    (await project.expect(1, ['lint'])).stdout,
    /"bsh" is not allowed here.*Did you mean "bash"\?/,
  );
});

test('a shell counts for the fingerprint', async () => {
  const project = await TestProject.make('tasks:\n  t: {run: echo 1 > o, outputs: {o: o}}\n');
  await project.expect(0, ['run']);
  project.write({ 'main.pipeline.yaml': 'tasks:\n  t: {run: echo 1 > o, shell: bash, outputs: {o: o}}\n' });
  assert.deepEqual(await project.plan(), { t: 'run: shell: sh → bash' });
});

test('commands longer than an argument may be run all the same', async () => {
  const lines = Array.from({ length: 3000 }, (_, at) => `      line ${at} ${'x'.repeat(60)}\n`).join('');
  const python = `      x = """\n${lines}      """\n      open("p", "w").write(str(len(x)))\n`;
  const node = `      const x = \`\n${lines}      \`\n      require('fs').writeFileSync('n', String(x.length))\n`;
  const project = await TestProject.make(
    `params: {items: [${Array.from({ length: 20_000 }, (_, at) => `item-${at}`).join(', ')}]}\ntasks:\n` +
      `  here:\n    run: |\n      cat > h <<'END'\n${lines}      END\n    outputs: {h: h}\n` +
      `  list:\n    run: echo \${{ params.items }} > l\n    outputs: {l: l}\n` +
      `  python:\n    shell: python\n    run: |\n${python}    outputs: {p: p}\n` +
      `  node:\n    shell: node\n    run: |\n${node}    outputs: {n: n}\n`,
  );
  await project.expect(0, ['run']);
  assert.equal(project.read('h').split('\n').length, 3001);
  assert.equal(project.read('l').split(' ').length, 20_000);
  assert.equal(Number(project.read('p')), Number(project.read('n')));
});

test('zsh and PowerShell, where they are installed', { skip: !has('zsh') && !has('pwsh') }, async () => {
  const tasks = [
    ...(has('zsh') ? ["  z: {shell: zsh, run: 'false | cat; echo finished'}"] : []),
    ...(has('pwsh') ? ['  p: {shell: pwsh, run: \'sh -c "exit 3"\'}'] : []),
  ];
  const project = await TestProject.make(`tasks:\n${tasks.join('\n')}\n`);
  await project.expect(1, ['run', '--keep-going']);
  for (const status of Object.values(project.statuses())) assert.equal(status, 'failed');
});
