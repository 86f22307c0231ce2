import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import type { SarifLog } from '../../../server/rules/sarif.js';
import { gitOrigin } from '../../../server/runner/record/git.js';
import { TestProject } from '../../support/cli.js';

const TWO = `
kind: model-build
description: two of them
params:
  n: { type: integer, minimum: 1, maximum: 9 }
  mode: { type: string, default: a, choices: [a, b], description: which }
  flag: false
tasks:
  one: { run: "echo \${{ params.n }} \${{ params.mode }} \${{ params.flag }} > one.txt", outputs: { o: one.txt } }
  two: { run: "cat one.txt > two.txt", inputs: [one.txt], outputs: { o: two.txt } }
  three: { run: "cat two.txt > three.txt", inputs: [two.txt], outputs: { o: three.txt } }
`;

const table: { name: string; args: string[]; code: number; says: RegExp }[] = [
  { name: 'no command', args: [], code: 2, says: /Usage: modelyard COMMAND/ },
  {
    name: 'an unknown command',
    args: ['rnu'],
    code: 2,
    says: /there is no command "rnu"; did you mean "run"\?/,
  },
  {
    name: 'an unknown flag',
    args: ['run', '--job', '2'],
    code: 2,
    says: /"--job" is not a flag.*Did you mean --jobs\?/,
  },
  { name: 'a flag without its value', args: ['run', '--jobs'], code: 2, says: /jobs/ },
  {
    name: 'a flag with a wrong value',
    args: ['run', '-p', 'n=1', '--jobs', 'x'],
    code: 2,
    says: /--jobs takes a whole number of at least 1, not "x"/,
  },
  {
    name: 'a missing param',
    args: ['run'],
    code: 2,
    says: /param "n" is required: give it with --param n=<integer>/,
  },
  {
    name: 'an unknown param',
    args: ['run', '-p', 'n=1', '-p', 'moed=a'],
    code: 2,
    says: /there is no param "moed", did you mean "mode"\?/,
  },
  {
    name: 'a param of a wrong type',
    args: ['run', '-p', 'n=many'],
    code: 2,
    says: /param "n": "many" is not a whole number/,
  },
  {
    name: 'a param out of bounds',
    args: ['run', '-p', 'n=10'],
    code: 2,
    says: /10 is more than its maximum 9/,
  },
  {
    name: 'a param that is no choice',
    args: ['run', '-p', 'n=1', '-p', 'mode=c'],
    code: 2,
    says: /"c" is none of "a", "b"/,
  },
  { name: 'a param without a value', args: ['run', '-p', 'n'], code: 2, says: /--param takes NAME=VALUE/ },
  {
    name: 'an unknown pipeline',
    args: ['run', 'mian'],
    code: 2,
    says: /there is no pipeline "mian".*did you mean "main"\?/,
  },
  {
    name: 'a file that is not there',
    args: ['run', 'no/such.yaml'],
    code: 2,
    says: /there is no file no\/such\.yaml/,
  },
  {
    name: 'an unknown task',
    args: ['run', '-p', 'n=1', '--only', 'tow'],
    code: 2,
    says: /there is no task "tow" in main; there are: one, two, three/,
  },
  {
    name: 'too many arguments',
    args: ['run', 'main', 'other'],
    code: 2,
    says: /one argument too many: "other"/,
  },
  {
    name: 'a folder that is not there',
    args: ['run', '--project', '/no/such'],
    code: 2,
    says: /\/no\/such does not exist/,
  },
  {
    name: 'flags that exclude each other',
    args: ['run', '--wait', '--no-wait'],
    code: 2,
    says: /exclude each other/,
  },
  {
    name: 'help',
    args: ['help'],
    code: 0,
    says: /Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n {2}3 .*\n {2}130 /,
  },
  {
    name: 'help of a command',
    args: ['help', 'run'],
    code: 0,
    says: /Usage: modelyard run \[PIPELINE\][^]*--keep-going/,
  },
  { name: 'help by a flag', args: ['runs', '--help'], code: 0, says: /Usage: modelyard runs list/ },
  { name: 'help of nothing', args: ['help', 'rum'], code: 2, says: /did you mean "run"\?/ },
  { name: 'version', args: ['version'], code: 0, says: /^modelyard \d+\.\d+\.\d+ \(node v/ },
  { name: 'schema', args: ['schema', 'pipeline'], code: 0, says: /"properties"/ },
  {
    name: 'no schema',
    args: ['schema', 'x'],
    code: 2,
    says: /say which schema: pipeline, features, project/,
  },
  { name: 'doctor', args: ['doctor'], code: 0, says: /definitions: 1 pipeline/ },
  { name: 'status', args: ['status'], code: 0, says: /main {2}main\.pipeline\.yaml {2}never run/ },
  { name: 'no runs', args: ['runs'], code: 0, says: /There are no runs yet/ },
  { name: 'no such run', args: ['runs', 'show', 'x'], code: 2, says: /There is no run "x"/ },
  {
    name: 'runs with a slip',
    args: ['runs', 'lst'],
    code: 2,
    says: /there is no "runs lst"; did you mean "list"\?/,
  },
  {
    name: 'features with a slip',
    args: ['features', 'lst'],
    code: 2,
    says: /there is no "features lst"; did you mean "list"\?/,
  },
  {
    name: 'service with a slip',
    args: ['service', 'lst'],
    code: 2,
    says: /there is no "service lst"; did you mean "list"\?/,
  },
  {
    name: 'a command without what it is to do',
    args: ['dvc'],
    code: 2,
    says: /modelyard dvc takes one of status, diff, checkout, commit, pull, fetch, push/,
  },
  { name: 'nothing to free', args: ['gc'], code: 0, says: /Nothing to free/ },
];

for (const { name, args, code, says } of table) {
  test(`${name}: exit ${code}`, async () => {
    const project = await TestProject.make(TWO);
    const { stdout, stderr } = await project.expect(code, args);
    assert.match(stdout + stderr, says);
    assert.equal(project.runs().length, 0);
  });
}

test('--only, --from, --to, --dry, --force and a path instead of a name', async () => {
  const project = await TestProject.make(TWO);
  const n = ['-p', 'n=2', '-p', 'flag=true'];
  const dry = await project.expect(0, ['run', 'main', '--dry', ...n]);
  assert.match(dry.stdout, /one {4}run .*never run\n.*\n.*\n3 tasks of 3 would run/);
  assert.ok(!project.exists('.modelyard/runs'));
  await project.expect(0, ['run', './main.pipeline.yaml', '--to', 'two', ...n]);
  assert.deepEqual(project.statuses(), { one: 'succeeded', two: 'succeeded' });
  assert.equal(project.read('two.txt'), '2 a true\n');
  await project.expect(0, ['run', '--from', 'two', ...n]);
  assert.deepEqual(project.statuses(), { two: 'cached', three: 'succeeded' });
  await project.expect(0, ['run', '--only', 'one,three', '--force', ...n], {
    cwd: project.path('.modelyard'),
  });
  assert.deepEqual(project.statuses(), { one: 'succeeded', three: 'succeeded' });
});

test('a definition with errors: exit 2, path:line:column, and nothing runs; warnings do not stop it', async () => {
  const project = await TestProject.make(`kind: model-build
tasks:
  a: { run: touch ran.txt, need: [b] }
  b: { run: echo, needs: [c] }
`);
  const { stderr } = await project.expect(2, ['run']);
  assert.match(stderr, /^main\.pipeline\.yaml:3:28: error: .*\[schema\/unknown-key\]$/m);
  assert.match(stderr, /^main\.pipeline\.yaml:4:27: error: .*\[reference\/unknown-task\]$/m);
  assert.ok(!project.exists('ran.txt'));
  assert.equal((await project.expect(1, ['lint'])).stdout.match(/: error: /g)?.length, 2);
  const json = JSON.parse((await project.expect(1, ['lint', '--json'])).stdout) as {
    findings: { rule: string }[];
  };
  assert.ok(json.findings.some(({ rule }) => rule === 'schema/unknown-key'));
  const sarif = JSON.parse((await project.expect(1, ['lint', '--sarif'])).stdout) as { version: string };
  assert.equal(sarif.version, '2.1.0');
  await project.expect(0, [
    'lint',
    '--severity',
    'schema/unknown-key=off',
    '--severity',
    'reference/unknown-task=warning',
  ]);
  await project.expect(2, ['lint', '--severity', 'loud']);
  await project.expect(1, ['lint', 'main.pipeline.yaml']);
  await project.expect(2, ['lint', 'modelyard.yml']);
});

test('an unchanged pipeline is not parsed again, a changed one or changed settings are', async () => {
  const project = await TestProject.make(TWO);
  await project.expect(0, ['run', '-p', 'n=1']);
  project.write({ 'main.pipeline.yaml': TWO.replace('two.txt", inputs', 'two.txt", inptus') });
  await project.expect(2, ['run', '-p', 'n=1']);
  project.write({
    'modelyard.yaml': 'rules:\n  schema/unknown-key: warning\n  reference/unknown-output: off\n',
  });
  await project.expect(0, ['run', '-p', 'n=1']);
});

test('several pipelines: one has to be named; --project reaches from elsewhere', async () => {
  const one = 'kind: model-build\ntasks:\n  t: { run: "true" }\n';
  const project = await TestProject.make({ 'a.pipeline.yaml': one, 'sub/b.pipeline.yaml': one });
  assert.match((await project.expect(2, ['run'])).stderr, /say which pipeline: a, b/);
  await project.expect(0, ['run', 'b', '--project', project.root], { cwd: '/' });
  await project.expect(0, ['run', 'b', '--project', project.root], { cwd: '/' });
  assert.equal(project.lastRun().path, 'sub/b.pipeline.yaml');
});

test('runs show cuts what is too long to read', async () => {
  const project = await TestProject.make('params: { x: a }\ntasks: { t: { run: "true", cache: false } }\n');
  await project.expect(0, ['run', '-p', `x=${'q'.repeat(20_000)}`]);
  const { stdout } = await project.expect(0, ['runs', 'show', project.lastRun().id]);
  assert.match(stdout, /param x = "q{498}… \(20002 characters; --json has them all\)/);
  assert.ok(stdout.length < 2_000, String(stdout.length));
});

test('runs list, show, log, delete; graph in every format; gc', async () => {
  const project = await TestProject.make(TWO.replace('echo $', 'echo said; echo $'));
  await project.expect(0, ['run', '-p', 'n=1']);
  await project.expect(0, ['run', '-p', 'n=2']);
  const list = async (...args: string[]): Promise<{ id: string }[]> => {
    const { stdout } = await project.expect(0, ['runs', 'list', '--json', ...args]);
    return (JSON.parse(stdout) as { runs: { id: string }[] }).runs;
  };
  const listed = await list();
  assert.equal(listed.length, 2);
  const [newest, ...others] = await list('--limit', '1');
  assert.deepEqual([newest?.id, others], [listed[0]?.id, []]);
  assert.match((await project.expect(0, ['runs', 'list', '--status', 'failed'])).stdout, /no runs/);
  const shown = await project.expect(0, ['runs', 'show', listed[1]?.id ?? '']);
  assert.match(shown.stdout, /param n = 1/);
  assert.match(
    (await project.expect(0, ['runs', 'show', (listed[0]?.id ?? '').slice(-4)])).stdout,
    /param n = 2/,
  );
  assert.equal((await project.expect(0, ['runs', 'log', 'latest', 'one'])).stdout, 'said\n');
  await project.expect(2, ['runs', 'log', 'latest', 'nine']);
  await project.expect(2, ['runs', 'delete']);
  await project.expect(0, ['runs', 'delete', listed[1]?.id ?? '']);
  assert.equal(project.runs().length, 1);
  const args = ['graph', 'main', '-p', 'n=1'];
  assert.match((await project.expect(0, args)).stdout, /two\n {2}← one {2}\(one\.txt\)/);
  assert.match(
    (await project.expect(0, [...args, '--format', 'dot'])).stdout,
    /"one" -> "two" \[label="one\.txt"\]/,
  );
  assert.match((await project.expect(0, [...args, '--format', 'mermaid'])).stdout, /t0 -->\|"one\.txt"\| t1/);
  const graph = JSON.parse((await project.expect(0, [...args, '--format', 'json'])).stdout) as {
    edges: unknown[];
  };
  assert.equal(graph.edges.length, 2);
  await project.expect(2, [...args, '--format', 'png']);
  const dry = await project.expect(0, ['gc', '--keep-runs', '0', '--max-size', '0B', '--dry']);
  assert.match(dry.stdout, /to free: 1 run/);
  assert.equal(project.runs().length, 1);
  const unasked = await project.expect(1, ['gc', '--keep-runs', '0', '--max-size', '0B']);
  assert.match(unasked.stderr, /say --yes/);
  await project.expect(0, ['gc', '--keep-runs', '0', '--max-size', '0B', '--yes']);
  assert.equal(project.runs().length, 0);
});

test('compiled code is kept for the next start, in a bounded number of files, and only where nobody else writes', async () => {
  const project = await TestProject.make();
  const old = Array.from({ length: 30 }, (_, index) => `cache/modelyard/run-${index}.code`);
  project.write(Object.fromEntries(old.map((name) => [name, 'x'])));
  for (const name of old) utimesSync(project.path(name), new Date(0), new Date(0));
  const env = { XDG_CACHE_HOME: project.path('cache') };
  const kept = (): string[] => readdirSync(project.path('cache/modelyard'));
  await project.expect(0, ['version'], { env });
  const [made, ...others] = kept().filter((name) => name.startsWith('other-'));
  assert.ok(made !== undefined);
  assert.deepEqual(others, []);
  assert.equal(kept().length, 20);
  const stamp = statSync(project.path('cache/modelyard', made)).mtimeMs;
  await project.expect(0, ['version'], { env });
  assert.equal(statSync(project.path('cache/modelyard', made)).mtimeMs, stamp, 'it was used');
  chmodSync(project.path('cache/modelyard', made), 0o666);
  await project.expect(0, ['version'], { env });
  assert.notEqual(statSync(project.path('cache/modelyard', made)).mtimeMs, stamp, 'it was not trusted');
});

test('the cache keeps its bound at the end of each run, also right after another', async () => {
  const project = await TestProject.make({
    'modelyard.yaml': 'name: x\ncache: { max-size: 100KiB }\n',
    'p.pipeline.yaml': `params: { x: 1 }
tasks: { a: { run: 'head -c 30000 /dev/urandom > o; echo \${{ params.x }}', outputs: { o: o } } }
`,
  });
  const size = (folder: string): number =>
    readdirSync(project.path(folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .reduce((sum, { parentPath, name }) => sum + statSync(path.join(parentPath, name)).size, 0);
  for (let x = 0; x < 6; x++) {
    const { stdout, stderr } = await project.expect(0, ['run', '-p', `x=${x}`]);
    assert.doesNotMatch(stdout + stderr, /over its bound/);
    assert.ok(size('.modelyard/cache') <= 100 * 1024);
  }
  project.write({ 'modelyard.yaml': 'name: x\ncache: { max-age: 1ms }\n' });
  await project.expect(0, ['run', '-p', 'x=9']);
  assert.ok(size('.modelyard/cache') < 2 * 31_000, 'what is too old went; the last result stays');
});

test('SARIF of a project in a subfolder leads to its files from the root of the repository', async () => {
  const project = await TestProject.make({
    'ml/my rain/modelyard.yaml': 'name: rain\n',
    'ml/my rain/p.pipeline.yaml': 'tasks: { a: { run: echo, needs: [b] } }\n',
  });
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: project.root, encoding: 'utf8' }).trim();
  const lint = async () => {
    const { stdout } = await project.expect(1, ['lint', '--sarif'], { cwd: project.path('ml/my rain') });
    const [run] = (JSON.parse(stdout) as SarifLog).runs;
    const { uri, uriBaseId } = run!.results[0]!.locations[0]!.physicalLocation.artifactLocation;
    const bases = run!.originalUriBaseIds as Record<string, { uri: string }>;
    assert.equal(
      fileURLToPath(new URL(uri, bases[uriBaseId]!.uri)),
      project.path('ml/my rain/p.pipeline.yaml'),
    );
    return { uri, provenance: run!.versionControlProvenance };
  };
  assert.deepEqual(await lint(), { uri: 'p.pipeline.yaml', provenance: undefined });
  git('init', '-q', '-b', 'trunk');
  const uri = 'ml/my%20rain/p.pipeline.yaml';
  assert.deepEqual(await lint(), { uri, provenance: undefined }, 'it comes from nowhere');
  git('remote', 'add', 'origin', 'https://me:s3cret@example.org/a/b.git');
  git('-c', 'user.name=a', '-c', 'user.email=a@example.org', 'commit', '-q', '--allow-empty', '-m', 'first');
  const mappedTo = { uriBaseId: '%SRCROOT%' };
  const checkedOut = { revisionId: git('rev-parse', 'HEAD'), branch: 'trunk', mappedTo };
  const here = { repositoryUri: 'https://example.org/a/b.git', ...checkedOut };
  assert.deepEqual(await lint(), { uri, provenance: [here] });
});

test('the origin of a repository is a URI without credentials', (t) => {
  const root = mkdtempSync(path.join(tmpdir(), 'modelyard-origin-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root });
  git('init', '-q');
  git('remote', 'add', 'other', 'https://example.org/other.git');
  assert.equal(gitOrigin(root), undefined);
  git('remote', 'add', 'origin', 'x');
  for (const [url, uri] of [
    ['https://ghp_token@example.org/a/b.git', 'https://example.org/a/b.git'],
    ['git@example.org:a/b.git', 'ssh://git@example.org/a/b.git'],
    ['example.org:/srv/b.git', 'ssh://example.org/srv/b.git'],
    ['ssh://git:pass@example.org:2222/a/b', 'ssh://git@example.org:2222/a/b'],
    ['git://example.org/a b', 'git://example.org/a%20b'],
    ['/srv/git/b.git', undefined],
    ['../b', undefined],
    ['C:\\git\\b', undefined],
    ['file:///srv/b.git', undefined],
  ] as const) {
    git('remote', 'set-url', 'origin', url);
    assert.equal(gitOrigin(root), uri, url);
  }
});
