/** A project on two systems: what is the same there is the same here, and what can't be the same is said. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { TestProject, builtCli } from '../support/cli.js';
import { type WindowsResult, windowsAvailable, windowsNode, windowsPath } from '../support/peers/wine.js';

const available = windowsAvailable();
const there = { skip: !available.ok };

async function onWindows(project: TestProject, args: readonly string[]): Promise<WindowsResult> {
  return windowsNode([windowsPath(await builtCli()), ...args], { cwd: project.root });
}

async function expectOnWindows(code: number, project: TestProject, args: readonly string[]): Promise<string> {
  const result = await onWindows(project, args);
  assert.equal(result.code, code, `${args.join(' ')}\n${result.stdout}\n${result.stderr}`);
  return result.stdout;
}

const GOLDEN = {
  'data/a.csv': 'a,b\n1,2\n',
  'data/Groß & klein/b.csv': 'a,b\n3,4\n',
  'app/serve.py': 'print("served")\n',
  'app/Data/x.bin': '\0\x01\r\n',
  'main.pipeline.yaml': `params: { times: 3, who: "Jürgen & Söhne %PATH%" }
tasks:
  prepare:
    shell: node
    run: |
      const fs = require('node:fs');
      fs.mkdirSync('out', { recursive: true });
      fs.writeFileSync('out/rows.txt', fs.readFileSync('data/a.csv', 'utf8').repeat(\${{ params.times }}) + \${{ params.who }});
    inputs: [data, 'data/**/*.csv']
    outputs: { rows: out/rows.txt }
  train:
    shell: node
    run: |
      const fs = require('node:fs');
      fs.mkdirSync('model/sub', { recursive: true });
      fs.writeFileSync('model/sub/weights.json', String(fs.statSync(\${{ tasks.prepare.outputs.rows }}).size));
      fs.writeFileSync('metrics.json', '{"acc": 0.5}');
    inputs: [out/rows.txt]
    outputs: { model: { path: model, kind: model } }
    metrics: metrics.json
  register:
    register: { model: golden, from: model }
    needs: [train]
  pack:
    package: { name: golden, include: ['app/**'], entrypoint: python3 app/serve.py }
`,
};

/** What a run comes to, without who made it, when and how fast. */
const results = (project: TestProject): unknown =>
  project.lastRun().tasks.map(({ id, status, fingerprint, inputs, outputs, metrics }) => ({
    id,
    status,
    fingerprint,
    inputs,
    outputs,
    metrics,
  }));

test('a project comes to the same on both systems, to the byte', there, async () => {
  const [here, other] = await Promise.all([TestProject.make(GOLDEN), TestProject.make(GOLDEN)]);
  await here.expect(0, ['run']);
  await expectOnWindows(0, other, ['run']);
  assert.deepEqual(results(other), results(here));
});

test('what was made on one system is up to date on the other, and back', there, async () => {
  const project = await TestProject.make(GOLDEN);
  await project.expect(0, ['run']);
  // It came from another machine, which is what a trust is for.
  assert.match((await onWindows(project, ['run'])).stderr, /was not made here/);
  await expectOnWindows(0, project, ['trust']);
  assert.match(await expectOnWindows(0, project, ['plan']), /0 tasks of 4 would run/);
  assert.match(await expectOnWindows(0, project, ['run']), /4 cached/);
  project.write({ 'data/a.csv': 'a,b\n5,6\n' });
  assert.match(await expectOnWindows(0, project, ['run']), /input data\/a\.csv changed[^]*3 ran, 1 cached/);
  const { stdout } = await project.expect(0, ['plan']);
  assert.match(stdout, /0 tasks of 4 would run/);
  assert.match((await project.expect(0, ['models', 'list'])).stdout, /golden +2/);
});

test('commands run in the sh of Git where it is, and else in cmd; both are said', there, async () => {
  const project = await TestProject.make(
    'tasks:\n  a: { run: "echo %OS%\\necho x>o.txt", outputs: { o: o.txt } }\n',
  );
  assert.match(await expectOnWindows(0, project, ['doctor']), /✓ shell: .*cmd\.exe; with Git for Windows/);
  assert.match(await expectOnWindows(0, project, ['plan']), /^Commands run in cmd$/m);
  await expectOnWindows(0, project, ['run']);
  assert.match(project.log('a').toString(), /^Windows_NT\r?\n/);
  // Node under the names of Git's programs: it is the look-up that is held here.
  for (const name of ['cmd/git.exe', 'bin/sh.exe']) {
    const program = project.path('Git', name);
    mkdirSync(path.dirname(program), { recursive: true });
    copyFileSync(path.resolve('out/windows/node/package/bin/node.exe'), program);
  }
  const cli = windowsPath(await builtCli());
  const git = [windowsPath(project.path('Git/cmd'))];
  const { stdout } = await windowsNode([cli, 'run'], { cwd: project.root, path: git });
  assert.match(stdout, /failed/);
  assert.match(project.log('a').toString(), /node\.exe|sh\.exe|SyntaxError|ERR_|bad option/);
  assert.doesNotMatch(project.log('a').toString(), /Windows_NT/);
});

test('a name that Windows has not is refused before anything starts', there, async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': 'tasks:\n  a: { run: echo x, outputs: { o: out/aux.txt } }\n',
  });
  const { code, stdout, stderr } = await onWindows(project, ['run']);
  assert.notEqual(code, 0);
  assert.match(
    `${stdout}${stderr}`,
    /output "out\/aux\.txt" is no path on Windows: "aux\.txt" is the name of a device/,
  );
  assert.match((await project.expect(0, ['lint'])).stdout, /path\/windows-name/);
});

test('a task that is cancelled takes what it has started along', there, async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': `tasks:
  slow:
    shell: node
    timeout: 3s
    run: |
      const fs = require('node:fs');
      require('node:child_process').spawn(process.execPath, ['-e', "setInterval(() => require('node:fs').appendFileSync('beats', 'x'), 100)"], { stdio: 'ignore' });
      setInterval(() => {}, 1000);
`,
  });
  const { code } = await onWindows(project, ['run']);
  assert.equal(code, 1);
  assert.equal(project.task('slow').status, 'failed');
  const beats = readFileSync(project.path('beats'), 'utf8').length;
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal(readFileSync(project.path('beats'), 'utf8').length, beats);
});
