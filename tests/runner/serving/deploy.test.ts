/** From files to a release: packages that are the same for the same files, deployments that are refused with the reason. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { ownIdentity } from '../../../server/stores/machine/liveness.js';
import type { LineageGraph } from '../../../server/stores/lineage/lineage.js';
import type { PackageManifest, PackageVersion } from '../../../server/stores/packages/types.js';
import type { ReleaseDocument } from '../../../server/serving/types.js';
import { TestProject, isAlive, until } from '../../support/cli.js';

const SETTINGS = `name: test
environments:
  staging: { env: { LEVEL: staging, APP: environment } }
  production: { approval: true }
`;

const PACKAGE = `
  pack:
    package:
      name: rain-app
      include: [app]
      exclude: ["**/*.test.py"]
      entrypoint: python3 app/serve.py --level \${{ params.level }}
      setup: 'cat app/serve.py > ready.txt; echo "set up $APP in $(basename "$PWD")"'
      port: 8080
      health: /health
      env: { APP: package }
      secrets: API_KEY
      model: rain
      signature: { inputs: { rain_7d: double }, outputs: { rain: boolean } }
      python: 3.11
`;

const REGISTER = `
  register:
    register:
      model: rain
      from: model.json
      aliases: [candidate]
      signature: { inputs: { rain_7d: float }, outputs: { rain: boolean } }
`;

const HEAD = 'name: app\nkind: app-build\nparams: { level: "a b" }\ntasks:';

async function project(
  t: TestContext,
  text: string,
  files: Record<string, string> = {},
): Promise<TestProject> {
  const made = await TestProject.make({
    'modelyard.yaml': SETTINGS,
    'app.pipeline.yaml': HEAD + text,
    'app/serve.py': 'print("rain")\n',
    'app/serve.test.py': 'x\n',
    'app/ignored.log': 'x\n',
    'app/deep/a b.txt': 'ä\n',
    'model.json': '{"w": 1}',
    '.gitignore': '*.log\n.modelyard/\n',
    ...files,
  });
  t.after(() => made.remove(''));
  return made;
}

async function shown(
  made: TestProject,
  which: string,
): Promise<PackageVersion & { manifest: PackageManifest }> {
  const { stdout } = await made.expect(0, ['packages', 'show', which, '--json']);
  return JSON.parse(stdout) as PackageVersion & { manifest: PackageManifest };
}

test('what git ignores stays out of a package, and nothing else does', async (t) => {
  const made = await project(t, PACKAGE, {
    '.gitignore': 'Data/\n*.PNG\ntmp/\n.modelyard/\n',
    'app/.gitignore': '!tmp/\n*.log\n!kept.log\n',
    'app/data/x.csv': '1\n',
    'app/Data/y.csv': '1\n',
    'app/logo.png': 'x\n',
    'app/LOGO2.PNG': 'x\n',
    'app/tmp/z.csv': '1\n',
    'app/kept.log': 'x\n',
    '.git/HEAD': 'ref: refs/heads/main\n',
  });
  await made.expect(0, ['run']);
  const { manifest } = await shown(made, 'rain-app@1');
  assert.deepEqual(
    manifest.files.map((file) => file.path).filter((file) => !/serve|deep|gitignore/.test(file)),
    ['app/data/x.csv', 'app/kept.log', 'app/logo.png', 'app/tmp/z.csv'],
  );
});

test('a package holds what it should, and the same files are the same version', async (t) => {
  const made = await project(t, PACKAGE);
  chmodSync(made.path('app/serve.py'), 0o755);
  const first = await made.expect(0, ['run']);
  assert.match(first.stdout, /made version 1 of rain-app \(2 files/);
  const version = await shown(made, 'rain-app@1');
  const { manifest } = version;
  assert.deepEqual(
    manifest.files.map((file) => [file.path, file.executable ?? false]),
    [
      ['app/deep/a b.txt', false],
      ['app/serve.py', true],
    ],
  );
  assert.equal(manifest.entrypoint, "python3 app/serve.py --level 'a b'");
  assert.deepEqual(made.task('pack').values, {
    package: 'rain-app',
    version: '1',
    hash: version.hash,
    reference: 'rain-app@1',
  });
  assert.match((await made.expect(0, ['run'])).stdout, /up to date/);
  assert.match((await made.expect(0, ['run', '--force'])).stdout, /is already version 1/);
  made.write({ 'app/ignored.log': 'more\n' });
  assert.match((await made.expect(0, ['run'])).stdout, /up to date/);
  made.write({ 'app/serve.py': 'print("snow")\n' });
  assert.match((await made.expect(0, ['plan'])).stdout, /input app\/serve\.py changed/);
  assert.match((await made.expect(0, ['run'])).stdout, /made version 2/);
  // Back again: these files are a version already.
  made.write({ 'app/serve.py': 'print("rain")\n' });
  assert.match((await made.expect(0, ['run'])).stdout, /is already version 1/);
  await made.expect(0, ['packages', 'delete', 'rain-app@1']);
  assert.match((await made.expect(0, ['run'])).stdout, /made version 3/);
  const gone = await made.expect(2, ['packages', 'show', 'rain-app@1']);
  assert.match(gone.stderr, /Version 1 of the package rain-app was deleted/);
  assert.match((await made.expect(2, ['packages', 'show', 'rain-ap'])).stderr, /Did you mean "rain-app"/);
});

test('exports: a folder, an archive that tar reads, a build context', async (t) => {
  const made = await project(t, PACKAGE);
  await made.expect(0, ['run']);
  await made.expect(0, ['packages', 'export', 'rain-app', '--output', 'out']);
  assert.equal(made.read('out/app/serve.py'), 'print("rain")\n');
  await made.expect(0, ['packages', 'export', 'rain-app', '-o', 'out.tar']);
  const listed = spawnSync('tar', ['-tf', made.path('out.tar')], { encoding: 'utf8' });
  assert.equal(listed.status, 0, listed.stderr);
  assert.equal(listed.stdout.split('\n').length, 3);
  await made.expect(0, ['packages', 'export', 'rain-app@1', '--docker', '-o', 'context']);
  assert.equal(made.read('context/app/app/deep/a b.txt'), 'ä\n');
  const dockerfile = made.read('context/Dockerfile');
  for (const line of [
    /^FROM python:3\.11-slim$/m,
    /^USER app$/m,
    /^EXPOSE 8080$/m,
    /^HEALTHCHECK .*\/health/m,
    /^ENV APP="package"$/m,
    /^CMD \["sh","-e","-c","python3 app\/serve\.py --level 'a b'"\]$/m,
    /-e API_KEY/,
  ])
    assert.match(dockerfile, line);
  assert.match(
    (await made.expect(1, ['packages', 'export', 'rain-app', '-o', 'out'])).stderr,
    /is there already/,
  );
});

test('what looks like a secret, leads out or is not there is refused', async (t) => {
  const cases: [Record<string, string>, string, RegExp][] = [
    [{ 'app/.env': 'A=1' }, '', /a secret would go into the package: app\/\.env/],
    [{ 'app/x.txt': '-----BEGIN RSA PRIVATE KEY-----\n' }, '', /app\/x\.txt holds a private key/],
    [{ 'app/.env': 'A=1' }, '      allow-secret-files: app/.env\n', /made version 1/],
    [{ 'app/.env': 'A=1' }, '      allow-secret-files: "**/.env"\n', /made version 1/],
    [{ 'app/.env.example': 'A=1' }, '', /made version 1/],
    [{}, '      requirements: nope.txt\n', /nope\.txt does not exist/],
  ];
  for (const [files, more, expected] of cases) {
    const made = await project(t, PACKAGE + more, files);
    const { stdout, stderr } = await made.run(['run']);
    assert.match(stdout + stderr, expected);
  }
  const made = await project(t, PACKAGE);
  symlinkSync('/etc/hostname', made.path('app/link'));
  assert.match((await made.expect(1, ['run'])).stdout, /app\/link is a link that leads out of the project/);
  made.remove('app/link');
  made.write({ 'app.pipeline.yaml': (HEAD + PACKAGE).replace('name: rain-app', 'name: "${{ \'../x\' }}"') });
  assert.match((await made.expect(1, ['run'])).stdout, /can't be the name of a package/);
  const secret = (HEAD + PACKAGE).replace('APP: package', 'APP: "${{ secrets.API_KEY }}"');
  made.write({ 'app.pipeline.yaml': secret.replace('tasks:', 'secrets: [API_KEY]\ntasks:') });
  const refused = await made.expect(1, ['run'], { env: { API_KEY: 'very-secret' } });
  assert.match(refused.stdout, /a secret would be written down there/);
});

const DEPLOY = `
  ship:
    deploy: { package: rain-app, model: rain@candidate, environment: staging, env: { OWN: x } }
`;

function releases(made: TestProject, environment: string): ReleaseDocument[] {
  const folder = made.path('.modelyard', 'environments', environment, 'releases');
  return readdirSync(folder)
    .sort()
    .map((id) => JSON.parse(readFileSync(path.join(folder, id, 'release.json'), 'utf8')) as ReleaseDocument);
}

function releasePath(made: TestProject, release: ReleaseDocument, ...names: string[]): string {
  return made.path('.modelyard', 'environments', release.environment, 'releases', release.id, ...names);
}

test('a release: app, checked model, manifest, set up in its place; the order follows from the names', async (t) => {
  const made = await project(t, DEPLOY + PACKAGE + REGISTER);
  const { stdout } = await made.expect(0, ['run']);
  assert.match(stdout, /set up package in app/);
  const [release] = releases(made, 'staging');
  assert.ok(release);
  assert.equal(readFileSync(releasePath(made, release, 'app/app/serve.py'), 'utf8'), 'print("rain")\n');
  assert.equal(readFileSync(releasePath(made, release, 'model/model.json'), 'utf8'), '{"w": 1}');
  assert.equal(readFileSync(releasePath(made, release, 'app/ready.txt'), 'utf8'), 'print("rain")\n');
  assert.deepEqual(
    [release.package.name, release.package.version, release.model?.version, release.model?.alias],
    ['rain-app', '1', '1', 'candidate'],
  );
  assert.deepEqual(release.env, { LEVEL: 'staging', APP: 'package', OWN: 'x' });
  assert.deepEqual(release.secrets, ['API_KEY']);
  assert.equal(release.run?.id, made.lastRun().id);
  assert.match(made.log('ship').toString(), /rain-app@1: 2 files/);
  assert.match((await made.expect(0, ['run'])).stdout, /is already release/);
  assert.equal(releases(made, 'staging').length, 1);

  // What is on a release is needed.
  await made.expect(0, ['models', 'alias', 'rain', 'candidate', '--remove']);
  const model = await made.expect(1, ['models', 'delete', 'rain@1']);
  assert.match(
    model.stderr,
    new RegExp(`the release rain-app@1 · rain@1 in staging \\(${release.id}\\) needs it`),
  );
  const app = await made.expect(1, ['packages', 'delete', 'rain-app@1']);
  assert.match(
    app.stderr,
    new RegExp(`the release rain-app@1 · rain@1 in staging \\(${release.id}\\) needs it`),
  );
});

test('lineage leads from files through package and model to the release, and back', async (t) => {
  const made = await project(t, DEPLOY + PACKAGE + REGISTER);
  await made.expect(0, ['run']);
  const [release] = releases(made, 'staging');
  assert.ok(release);
  const run = made.lastRun().id;
  const ask = async (...args: readonly string[]): Promise<{ ids: string[]; edges: string[] }> => {
    const { stdout } = await made.expect(0, ['models', 'lineage', ...args, '--json']);
    const { upstream, downstream } = JSON.parse(stdout) as Partial<
      Record<'upstream' | 'downstream', LineageGraph>
    >;
    const graph = upstream ?? downstream;
    assert.ok(graph);
    // A content's hash is left out.
    const named = new Map(graph.nodes.map((node) => [node.id, 'path' in node ? node.path : node.id]));
    return {
      ids: [...named.values()].sort(),
      edges: graph.edges.map(({ from, to }) => `${named.get(from)} > ${named.get(to)}`).sort(),
    };
  };
  const id = `release:staging/${release.id}`;
  const pack = `task:${run}/pack`;
  const up = await ask(id, '--up');
  assert.deepEqual(up.edges, [
    `app/deep/a b.txt > ${pack}`,
    `app/serve.py > ${pack}`,
    'model.json > version:rain@1',
    `package:rain-app@1 > ${id}`,
    `${pack} > package:rain-app@1`,
    `version:rain@1 > ${id}`,
  ]);
  const packaged = ['app/serve.py', 'package:rain-app@1', id, pack];
  assert.deepEqual((await ask('app/serve.py', '--down')).ids, packaged);
  assert.deepEqual((await ask('package:rain-app@1', '--down')).ids, ['package:rain-app@1', id]);
  assert.deepEqual((await ask('rain@candidate', '--down')).ids, [id, 'version:rain@1']);
  const data = await ask('model.json', '--down');
  assert.ok(data.edges.includes('model.json > version:rain@1'));
  assert.ok(data.edges.includes(`version:rain@1 > ${id}`));

  const text = await made.expect(0, ['models', 'lineage', 'app/serve.py']);
  assert.match(
    text.stdout,
    /\n {4}rain-app 1 \(package\)\n {6}rain-app@1 · rain@1 \(release \S+ in staging\)\n/,
  );
  assert.match(text.stdout, /\nReleases: rain-app@1 · rain@1 in staging\n/);
  const back = await made.expect(0, ['models', 'lineage', id]);
  assert.match(
    back.stdout,
    /^rain-app@1 · rain@1 \(release \S+ in staging\) was made from\n {2}rain-app 1 \(package\)\n/,
  );
  for (const [word, said] of [
    ['release:staging/nope', /There is no release nope in staging/],
    ['package:rain-ap@1', /Did you mean "rain-app"/],
  ] as const)
    assert.match((await made.expect(2, ['models', 'lineage', word])).stderr, said);

  // The run is gone: the package itself knows what is in it.
  made.remove(`.modelyard/runs/${run.slice(0, 6)}/${run}`);
  const left = await ask(id, '--up');
  assert.ok(left.edges.includes('app/serve.py > package:rain-app@1'), left.edges.join('\n'));
});

test('old releases go, so many stay, and all of it is in the history', async (t) => {
  const made = await project(t, PACKAGE + REGISTER);
  await made.expect(0, ['run']);
  const args = ['deploy', 'rain-app', '--model', 'rain@candidate', '-e', 'staging', '--keep', '1'];
  for (const level of ['1', '2', '3', '4']) {
    await made.expect(0, [...args, '--env', `N=${level}`]);
  }
  assert.deepEqual(
    releases(made, 'staging').map((release) => release.env['N']),
    ['3', '4'],
  );
  const { stdout } = await made.expect(0, ['releases', 'history', 'staging', '--json']);
  const { entries } = JSON.parse(stdout) as { entries: { action: string }[] };
  assert.deepEqual(
    entries.map(({ action }) => action),
    ['removed', 'deployed', 'removed', 'deployed', 'deployed', 'deployed'],
  );
  assert.match((await made.expect(0, ['releases'])).stdout, /staging {2}.*rain-app@1 with rain@1/);
});

test('each key of a deployment task counts', async (t) => {
  const keys = 'env: { OWN: x }, secrets: [MORE], keep: 1, setup-timeout: 1s';
  const deploy = DEPLOY.replace('env: { OWN: x }', keys);
  const pack = PACKAGE.replace('health: /health', 'health: { live: /live, ready: /ready }');
  const made = await project(t, deploy + pack + REGISTER);
  const secrets = { env: { API_KEY: 'k', MORE: 'm' } };
  for (const level of ['1', '2', '3']) await made.expect(0, ['run', '-p', `level=${level}`], secrets);
  const kept = releases(made, 'staging');
  assert.deepEqual(
    kept.map(({ package: { version } }) => version),
    ['2', '3'],
  );
  assert.deepEqual(
    [kept[1]?.health, kept[1]?.env['OWN'], kept[1]?.secrets],
    [{ live: '/live', ready: '/ready' }, 'x', ['API_KEY', 'MORE']],
  );
  made.write({
    'app.pipeline.yaml': HEAD + deploy + pack.replace(/setup: '.*'/, 'setup: sleep 60') + REGISTER,
  });
  const { stdout } = await made.expect(1, ['run'], secrets);
  assert.match(stdout, /sleep 60.*(timed out|took longer)/);
});

test('a deployment that can’t be is refused with the reason, and leaves nothing behind', async (t) => {
  const made = await project(t, PACKAGE + REGISTER);
  await made.expect(0, ['run']);
  const args = ['deploy', 'rain-app', '-e', 'staging'];
  const refuse = async (code: number, more: readonly string[], words: RegExp): Promise<void> => {
    const { stderr } = await made.expect(code, [...args, ...more]);
    assert.match(stderr, words);
  };
  await refuse(1, [], /rain-app@1 serves the model rain: say which version/);
  await refuse(
    2,
    ['-e', 'stagin', '-m', 'rain@1'],
    /there is no environment "stagin": .*Did you mean "staging"/,
  );
  await refuse(2, ['-m', 'rain@9'], /has no version 9/);
  await refuse(2, ['-m', 'rain@1', '--target', 'moon'], /there is no target "moon"/);
  await refuse(
    1,
    ['-m', 'rain@1', '-e', 'production'],
    /production demands an approval: give yours with --approve/,
  );
  await made.expect(0, [...args, '-m', 'rain@1', '-e', 'production', '--approve']);
  const changed = (HEAD + PACKAGE + REGISTER)
    .replace('inputs: { rain_7d: float }', 'inputs: { rain_7d: string, wind: double }')
    .replace('from: model.json', 'from: other.json');
  made.write({ 'app.pipeline.yaml': changed, 'other.json': '2' });
  await made.expect(0, ['run']);
  await refuse(
    1,
    ['-m', 'rain@2'],
    /input "rain_7d" is string, and the app expects double; the model needs "wind", which the app does not give/,
  );
  made.write({ 'app.pipeline.yaml': HEAD + PACKAGE.replace("setup: 'cat", "setup: 'exit 7; cat") });
  await made.expect(0, ['run']);
  await refuse(1, ['-m', 'rain@1'], /the setup command "exit 7; .* failed: it ended with 7/);
  assert.deepEqual(readdirSync(made.path('.modelyard', 'environments', 'staging', 'releases')), []);
});

test('one byte is enough: a damaged package or model is found', async (t) => {
  const made = await project(t, PACKAGE + REGISTER);
  await made.expect(0, ['run']);
  const { hash } = await shown(made, 'rain-app@1');
  const object = (store: string, one: string): string =>
    made.path('.modelyard', store, 'objects', one.slice(7, 9), one.slice(7));
  const archive = object('packages', hash);
  const bytes = readFileSync(archive);
  chmodSync(archive, 0o644);
  const places = [0, 124, 400, 512, 515, 600, 1100, bytes.length - 1];
  for (const at of places) {
    const broken = Buffer.from(bytes);
    broken[at] = (broken[at] ?? 0) ^ 1;
    writeFileSync(archive, broken);
    const { stderr } = await made.expect(1, ['deploy', 'rain-app', '-m', 'rain@1', '-e', 'staging']);
    assert.match(stderr, /rain-app 1 is damaged/, `byte ${at}`);
  }
  writeFileSync(archive, bytes.subarray(0, -1));
  assert.match(
    (await made.expect(1, ['packages', 'export', 'rain-app'])).stderr,
    /is damaged: the archive is cut off/,
  );
  writeFileSync(archive, bytes);
  const model = JSON.parse((await made.expect(0, ['models', 'show', 'rain@1', '--json'])).stdout) as {
    artifact: { hash: string };
  };
  const artifact = object('models', model.artifact.hash);
  chmodSync(artifact, 0o644);
  writeFileSync(artifact, '{"w": 2}');
  const { stderr } = await made.expect(1, ['deploy', 'rain-app', '-m', 'rain@1', '-e', 'staging']);
  assert.match(stderr, /The artifact of rain 1 is damaged/);
  assert.equal(statSync(made.path('.modelyard', 'environments', 'staging', 'releases')).isDirectory(), true);
  assert.deepEqual(readdirSync(made.path('.modelyard', 'environments', 'staging', 'releases')), []);
});

test('an environment that demands approval asks before it deploys, and the run goes on after', async (t) => {
  const made = await project(t, DEPLOY.replace('staging', 'production') + PACKAGE + REGISTER);
  const left = await made.expect(3, ['run']);
  assert.match(left.stdout, /as production demands/);
  assert.match(left.stdout, /Deploy \*\*rain-app@1\*\* with the model \*\*rain@1\*\* to \*\*production\*\*/);
  assert.equal(made.exists('.modelyard/environments/production'), false);
  await made.expect(0, ['approve', '--comment', 'go', '--resume']);
  assert.equal(releases(made, 'production').length, 1);
  assert.match(made.task('ship').note ?? '', /is release .* in production, approved by .*go/);
  const { id } = made.lastRun();
  made.write({ 'model.json': '{"w": 3}' });
  await made.expect(3, ['run']);
  assert.notEqual(made.lastRun().id, id);
  assert.match((await made.expect(0, ['approvals'])).stdout, /Now there: rain-app@1 with rain@1/);
  await made.expect(1, ['reject', '--resume']);
  assert.equal(releases(made, 'production').length, 1);
});

test('killed at any time, a deployment leaves no half release', async (t) => {
  const made = await project(
    t,
    PACKAGE.replace("setup: 'cat", "setup: 'touch started; sleep 0.2; cat") + REGISTER,
  );
  await made.expect(0, ['run']);
  const folder = made.path('.modelyard', 'environments', 'staging', 'releases');
  for (let round = 0; round < 6; round++) {
    const running = made.start(['deploy', 'rain-app', '-m', 'rain@1', '-e', 'staging', '--force']);
    await until('it has begun', () => made.exists('.modelyard/environments/staging/releases'));
    if (round % 2 === 1) {
      await until('it is set up', () => readdirSync(folder).length > 0 || running.child.exitCode !== null);
    }
    running.child.kill('SIGKILL');
    await running.done;
    const listed = await made.expect(0, ['releases', 'list', 'staging', '--json']);
    assert.deepEqual(JSON.parse(listed.stdout), { formatVersion: 1, releases: [] });
  }
  await made.expect(0, ['deploy', 'rain-app', '-m', 'rain@1', '-e', 'staging']);
  assert.equal(readdirSync(folder).length, 1);
});

test('a setup command ends with its deployment, and all that it has started', async (t) => {
  const setup = `setup: 'trap "" TERM; sleep 300 & echo $! > "$PIDS"; wait; wait; sleep 300'`;
  const made = await project(t, PACKAGE.replace(/setup: '.*'/, setup) + REGISTER);
  await made.expect(0, ['run']);
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const pids = made.path(`pids-${signal}`);
    const running = made.start([
      'deploy',
      'rain-app',
      '-m',
      'rain@1',
      '-e',
      'staging',
      '--env',
      `PIDS=${pids}`,
    ]);
    await until(
      'it is set up',
      () => made.exists(`pids-${signal}`) && made.read(`pids-${signal}`).endsWith('\n'),
    );
    const pid = Number(made.read(`pids-${signal}`));
    running.child.kill(signal);
    const { code } = await running.done;
    if (signal === 'SIGTERM') assert.equal(code, 130);
    await until('what it has started has ended', () => !isAlive(pid));
  }
});

test('what a killed deployment left goes, whatever it got to, and what one still makes stays', async (t) => {
  const made = await project(t, PACKAGE + REGISTER);
  await made.expect(0, ['run']);
  const dead = JSON.stringify({ ...ownIdentity(), pid: 4_194_305 });
  const alive = JSON.stringify(ownIdentity());
  const staging = '.modelyard/environments/staging';
  const remains = (): string[] => readdirSync(made.path(staging, 'releases')).sort();
  const claims = (): string[] => readdirSync(made.path(staging, 'deploying')).sort();
  const leave = (): void => {
    made.write({
      [`${staging}/releases/20260101-000000-001-aaaa/app/half`]: 'x',
      [`${staging}/deploying/20260101-000000-002-aaaa.json`]: dead,
      [`${staging}/releases/20260101-000000-003-aaaa/app/half`]: 'x',
      [`${staging}/deploying/20260101-000000-003-aaaa.json`]: dead,
      [`${staging}/deploying/20260101-000000-004-aaaa.json`]: '{"pid',
      [`${staging}/releases/20260101-000000-005-aaaa/app/half`]: 'x',
      [`${staging}/deploying/20260101-000000-005-aaaa.json`]: alive,
    });
  };
  const beingMade = '20260101-000000-005-aaaa';

  leave();
  // One that is under way is waited for, or told of: deployments come one at a time.
  await made.expect(1, ['deploy', 'rain-app', '-m', 'rain@1', '-e', 'staging', '--no-wait']);
  made.write({ [`${staging}/deploying/${beingMade}.json`]: dead });
  await made.expect(0, ['deploy', 'rain-app', '-m', 'rain@1', '-e', 'staging']);
  assert.deepEqual(remains().length, 1);
  made.write({
    [`${staging}/releases/${beingMade}/app/half`]: 'x',
    [`${staging}/deploying/${beingMade}.json`]: alive,
  });
  assert.equal(remains()[0], beingMade);
  assert.deepEqual(claims(), [`${beingMade}.json`]);
  const [, whole] = remains();
  assert.ok(whole !== undefined);

  leave();
  // Killed after the document and before the claim was taken back: the release is there.
  made.write({ [`${staging}/deploying/${whole}.json`]: dead });
  await made.expect(0, ['gc', '--dry']);
  assert.equal(remains().length, 4);
  await made.expect(0, ['gc', '--yes']);
  assert.deepEqual(remains(), [beingMade, whole]);
  assert.deepEqual(claims(), [`${beingMade}.json`]);
});
