/** Deployments at once: one after the other, the newest wins, and the same twice is one release. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import type { ReleaseDocument } from '../../../server/serving/types.js';
import { TestProject, until } from '../../support/cli.js';

const SETTINGS = 'name: test\nenvironments: { staging: {}, production: {} }\n';

/** Its setup takes as long as there is no file `go`. */
const pack = (name: string): string => `
  pack:
    package:
      name: ${name}
      include: [app]
      entrypoint: 'true'
      setup: 'while [ -e "$MODELYARD_PROJECT/app" ] && [ ! -e "$MODELYARD_PROJECT/go" ]; do sleep 0.05; done'
`;

const CLAIMS = '.modelyard/environments/staging/deploying';

async function project(t: TestContext): Promise<TestProject> {
  const made = await TestProject.make({
    'modelyard.yaml': SETTINGS,
    'pack.pipeline.yaml': `name: pack\nkind: app-build\ntasks:${pack('web')}`,
    'app/a.txt': '1\n',
  });
  t.after(() => made.remove(''));
  for (const content of ['1\n', '2\n', '3\n']) {
    made.write({ 'app/a.txt': content });
    await made.expect(0, ['run', 'pack']);
  }
  return made;
}

function states(made: TestProject): string[] {
  if (!made.exists(CLAIMS)) return [];
  return readdirSync(made.path(CLAIMS))
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => {
      const { what, state } = JSON.parse(readFileSync(made.path(CLAIMS, name), 'utf8')) as Record<
        string,
        string
      >;
      return `${what} ${state}`;
    });
}

function releases(made: TestProject): string[] {
  const folder = '.modelyard/environments/staging/releases';
  return readdirSync(made.path(folder))
    .sort()
    .map((id) => JSON.parse(made.read(`${folder}/${id}/release.json`)) as ReleaseDocument)
    .map((release) => `${release.package.name}@${release.package.version}`);
}

const deploy = (version: string, ...more: string[]): string[] => [
  'deploy',
  `web@${version}`,
  '-e',
  'staging',
  ...more,
];

test('deployments queue, also those of different processes, and the newest wins', async (t) => {
  const made = await project(t);
  const first = made.run(deploy('1'));
  await until('the first is under way', () => states(made)[0] === 'web@1 works');
  const refused = await made.expect(1, deploy('2', '--no-wait'));
  assert.match(refused.stderr, /a deployment to staging of web@1 \(process \d+\) is under way/);
  made.write({
    'ship.pipeline.yaml':
      'name: ship\nkind: deployment\ntasks:\n  ship: { deploy: { package: web@2, environment: staging } }\n  tell: { needs: [ship], run: echo }\n',
  });
  const second = made.run(['run', 'ship']);
  await until('the second waits', () => states(made)[1] === 'web@2 waiting');
  const third = made.run(deploy('3'));
  const { code, stdout } = await second;
  assert.equal(code, 1);
  assert.match(stdout, /waiting for its end/);
  assert.match(stdout, /web@2 to staging was superseded by a newer one, of web@3/);
  assert.equal(made.task('tell').status, 'skipped');
  made.write({ go: '' });
  for (const one of [first, third]) assert.equal((await one).code, 0);
  assert.deepEqual(releases(made), ['web@1', 'web@3']);
  assert.deepEqual(states(made), []);
});

test('the same deployed twice at once is one release', async (t) => {
  const made = await project(t);
  const first = made.run(deploy('3'));
  await until('the first is under way', () => states(made)[0] === 'web@3 works');
  const second = made.run(deploy('3'));
  await until('the second waits', () => states(made)[1] === 'web@3 waiting');
  made.write({ go: '' });
  assert.match((await first).stdout, /is release/);
  assert.match((await second).stdout, /is already release/);
  assert.deepEqual(releases(made), ['web@3']);
});

test('a deployment that is killed or called off holds nobody up', async (t) => {
  const made = await project(t);
  const first = made.start(deploy('1'));
  await until('the first is under way', () => states(made)[0] === 'web@1 works');
  const second = made.start(deploy('2'));
  await until('the second waits', () => states(made)[1] === 'web@2 waiting');
  second.child.kill('SIGINT');
  assert.equal((await second.done).code, 130);
  assert.deepEqual(states(made), ['web@1 works']);
  first.child.kill('SIGKILL');
  made.write({ go: '' });
  await first.done;
  await made.expect(0, deploy('3'));
  assert.deepEqual(releases(made), ['web@3']);
});

test('all deployments of one run are meant', async (t) => {
  const made = await project(t);
  made.write({
    go: '',
    'ship.pipeline.yaml': `name: ship
kind: deployment
tasks:
  ship: { matrix: { v: ['1', '2', '3'] }, deploy: { package: 'web@\${{ matrix.v }}', environment: staging } }
`,
  });
  await made.expect(0, ['run', 'ship', '-j', '3']);
  assert.deepEqual(releases(made).toSorted(), ['web@1', 'web@2', 'web@3']);
});
