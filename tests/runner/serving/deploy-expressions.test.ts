/** What expressions know of packages and environments, and what lint says of a deployment before it runs. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { TestProject } from '../../support/cli.js';

const SETTINGS = `name: test
environments:
  staging: { url: "http://127.0.0.1:8100", variables: { region: eu-1, log-level: debug } }
  production: {}
`;

const PACK = `name: app
kind: app-build
tasks:
  pack:
    package: { name: rain-app, include: [app], entrypoint: python3 app/serve.py, health: /health }
`;

const USE = `name: use
tasks:
  newest:
    run: echo \${{ packages.rain-app.version }} \${{ packages.rain-app.reference }} \${{ packages.rain-app }} >> newest.txt
    outputs: { newest: newest.txt }
  pinned:
    run: echo \${{ packages.rain-app@1.version }} \${{ packages.rain-app@1.path }} >> pinned.txt
    outputs: { pinned: pinned.txt }
`;

async function project(t: TestContext, files: Readonly<Record<string, string>>): Promise<TestProject> {
  const made = await TestProject.make({
    'modelyard.yaml': SETTINGS,
    'app/serve.py': 'print(1)\n',
    'app.pipeline.yaml': PACK,
    ...files,
  });
  t.after(() => made.remove(''));
  return made;
}

async function findings(made: TestProject, code: number): Promise<string[]> {
  const { stdout } = await made.expect(code, ['lint', '--json']);
  const { findings: found } = JSON.parse(stdout) as { findings: { rule: string; message: string }[] };
  return found.map(({ rule, message }) => `${rule}: ${message}`);
}

test('a package that has moved makes a task stale, and says so; a number stays', async (t) => {
  const made = await project(t, { 'use.pipeline.yaml': USE });
  assert.match(
    (await made.expect(1, ['run', 'use'])).stdout,
    /packages\.rain-app: There is no package rain-app/,
  );
  await made.expect(0, ['run', 'app']);
  await made.expect(0, ['run', 'use']);
  assert.equal(made.read('newest.txt'), '1 rain-app@1 rain-app@1\n');
  assert.match(made.read('pinned.txt'), /^1 \.modelyard\/packages\/objects\//);
  assert.ok(made.exists(made.read('pinned.txt').trim().slice(2)));
  assert.match((await made.expect(0, ['run', 'use'])).stdout, /2 up to date|2 cached/);
  made.write({ 'app/serve.py': 'print(2)\n' });
  await made.expect(0, ['run', 'app']);
  const plan = await made.expect(0, ['plan', 'use']);
  assert.match(plan.stdout, /newest .*packages\.rain-app: version 1 \(\w{12}\) → version 2 \(\w{12}\)/);
  assert.doesNotMatch(plan.stdout, /pinned .*packages/);
  await made.expect(0, ['run', 'use']);
  assert.match(made.read('newest.txt'), /^2 rain-app@2 rain-app@2$/m);
});

test('the package that the same run makes is waited for', async (t) => {
  const tasks = `${PACK}  tell:\n    run: echo \${{ packages.rain-app.version }} > told.txt\n    outputs: { told: told.txt }\n`;
  const made = await project(t, { 'app.pipeline.yaml': tasks });
  await made.expect(0, ['run', 'app']);
  assert.equal(made.read('told.txt'), '1\n');
  made.write({ 'app/serve.py': 'print(2)\n' });
  await made.expect(0, ['run', 'app']);
  assert.equal(made.read('told.txt'), '2\n');
});

const SHIP = `name: ship
kind: deployment
tasks:
  staging:
    deploy:
      package: rain-app
      environment: staging
      env: { REGION: "\${{ environment.variables.region }}", NAME: "\${{ environment.name }}" }
  after:
    needs: [staging]
    run: echo \${{ environment.name }} \${{ environment.url }} \${{ environment.variables.log-level }} > after.txt
    outputs: { after: after.txt }
  production:
    needs: [after]
    deploy: { package: rain-app, environment: production }
`;

test('the environment is that of the task, or of the deployment it follows', async (t) => {
  const made = await project(t, { 'ship.pipeline.yaml': SHIP });
  await made.expect(0, ['run', 'app']);
  await made.expect(0, ['run', 'ship']);
  assert.equal(made.read('after.txt'), 'staging http://127.0.0.1:8100 debug\n');
  const { stdout } = await made.expect(0, ['releases', 'list', 'staging', '--json']);
  const { releases } = JSON.parse(stdout) as { releases: { env: Record<string, string> }[] };
  assert.deepEqual(releases[0]?.env, { REGION: 'eu-1', NAME: 'staging' });
  made.write({ 'modelyard.yaml': SETTINGS.replace('8100', '8200') });
  assert.match((await made.expect(0, ['plan', 'ship'])).stdout, /after .*environment\.url/);

  const cases: [string, string, RegExp][] = [
    ['needs: [staging]', '', /nothing tells which one is meant; .*staging and production/],
    ['needs: [staging]', 'needs: [production]', /environment\.url: production has no `url`/],
  ];
  for (const [from, to, expected] of cases) {
    const text = SHIP.replace(from, to).replace('needs: [after]', '');
    made.write({ 'ship.pipeline.yaml': text });
    const failed = await made.expect(1, ['run', 'ship']);
    assert.match(`${failed.stdout}${failed.stderr}`, expected);
  }
});

test('lint says what a deployment would be refused for', async (t) => {
  const made = await project(t, { 'ship.pipeline.yaml': SHIP });
  assert.deepEqual(await findings(made, 0), []);
  made.write({
    'modelyard.yaml': 'name: test\n',
    'ship.pipeline.yaml': `name: ship
tasks:
  a: { deploy: { package: rain-app@7, environment: staging } }
  b: { deploy: { package: rain-ap, environment: staging, env: { A: "\${{ environment.variable.x }}" } } }
`,
  });
  await made.expect(0, ['run', 'app']);
  const refused = [
    'reference/unknown-package: The package "rain-app" has no version 7; the newest is 1.',
    'reference/unknown-environment: There is no environment "staging". Define it in modelyard.yaml: `environments: { staging: {} }`.',
  ];
  const found = await findings(made, 1);
  for (const one of refused) assert.ok(found.includes(one), found.join('\n'));
  assert.ok(
    found.some((one) => /unknown-package: .*"rain-ap"\. Did you mean "rain-app"\?/.test(one)),
    found.join('\n'),
  );
  assert.ok(
    found.some((one) => /unknown-context: .*"variable"\. Did you mean "variables"\?/.test(one)),
    found.join('\n'),
  );
  // What was made once is there, also when the task is no more.
  made.remove('app.pipeline.yaml');
  made.write({
    'modelyard.yaml': SETTINGS,
    'ship.pipeline.yaml':
      'tasks:\n  a: { deploy: { package: rain-app, environment: staging } }\n  b: { deploy: { package: other, environment: staging } }\n',
  });
  assert.deepEqual(await findings(made, 0), [
    'reference/unknown-package: No task of this project makes the package "other". Expected one of rain-app.',
  ]);
});
