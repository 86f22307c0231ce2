/** `models.<name>@<alias or version>` in expressions, and the outputs of register tasks. */
import assert from 'node:assert/strict';
import { writeFileSync, chmodSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';
import { DATA, registering } from '../../support/registering.js';

const USE = `
kind: model-build
tasks:
  use:
    run: echo \${{ models.rain@production }} \${{ models.rain@production.version }} \${{ models.rain@production.metrics.accuracy }} \${{ models.rain@production.params.size }} > used.txt
    outputs: { used: used.txt }
`;

async function twoVersions(use = USE): Promise<TestProject> {
  const project = await TestProject.make({
    'main.pipeline.yaml': registering('aliases: [candidate]'),
    'use.pipeline.yaml': use,
    ...DATA,
  });
  await project.expect(0, ['run', 'main']);
  await project.expect(0, ['run', 'main', '-p', 'size=4', '-p', 'accuracy=0.75']);
  await project.expect(0, ['models', 'alias', 'rain@1', 'production']);
  return project;
}

test('a version by its alias; moving the alias makes the task stale, in words', async () => {
  const project = await twoVersions();
  await project.expect(0, ['run', 'use']);
  assert.equal(project.read('used.txt'), 'models:/rain/1 1 0.7 3\n');
  await project.expect(0, ['run', 'use']);
  assert.equal(project.task('use').status, 'cached');
  await project.expect(0, ['models', 'alias', 'rain@2', 'production']);
  assert.equal((await project.plan('use'))['use'], 'run: model rain@production: version 1 → 2');
  await project.expect(0, ['run', 'use']);
  assert.equal(project.read('used.txt'), 'models:/rain/2 2 0.75 4\n');
  await project.expect(0, ['models', 'rollback', 'rain', 'production']);
  await project.expect(0, ['run', 'use']);
  assert.equal(project.task('use').status, 'cached', 'what version 1 gave comes from the cache');
  assert.equal(project.read('used.txt'), 'models:/rain/1 1 0.7 3\n');
});

test('its hash, run and path, as checked', async () => {
  const project = await twoVersions(
    "kind: model-build\ntasks:\n  use:\n    run: cat ${{ models.rain@1.path }} && echo ${{ models.rain@1.hash }} ${{ models.rain@1.run }} ${{ models['rain@1'].uri }}\n",
  );
  await project.expect(0, ['run', 'use']);
  const [first] = project.runs();
  const hash = first?.tasks[0]?.outputs[0]?.hash ?? '';
  assert.equal(
    project.log('use').toString(),
    `1\n2\n3\nsome data\n${hash} ${first?.id ?? ''} models:/rain/1\n`,
  );
});

test('an artifact that is damaged is not used', async () => {
  const project = await twoVersions(
    'kind: model-build\ntasks:\n  use:\n    run: cat ${{ models.rain@1.path }}\n',
  );
  const objects = project.path('.modelyard', 'models', 'objects');
  const [object] = readdirSync(objects, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(objects, name))
    .filter((file) => statSync(file).isFile() && statSync(file).size === 16);
  assert.ok(object);
  chmodSync(object, 0o644);
  writeFileSync(object, 'not what it was!');
  const { stdout } = await project.expect(1, ['run', 'use']);
  assert.match(stdout, /use\.pipeline\.yaml:\d+:\d+: .*(damaged|not what|changed)/i);
});

test('names that lead nowhere say what there is', async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['models.rian@production', /rian.*Did you mean "rain"\?/],
    ['models.rain@prodution', /prodution.*Did you mean "production"\?/],
    ['models.rain@9', /version 9|9/],
    ['models.rain', /"rain" does not say which version/],
    ['models.rain@1.metrics.nothing', /has no metric "nothing" \(there are: accuracy, loss\)/],
    ['models.rain@1.verison', /no "verison"\. ?Did you mean "version"\?/],
  ];
  const project = await twoVersions();
  for (const [expression, message] of cases) {
    project.write({
      'bad.pipeline.yaml': `kind: model-build\ntasks:\n  use:\n    run: echo \${{ ${expression} }}\n`,
    });
    const { stdout, stderr, code } = await project.run(['run', 'bad']);
    assert.notEqual(code, 0, expression);
    assert.match(stdout + stderr, message, expression);
  }
});

test('the version that a run makes is known to what comes after it', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': registering(
      'aliases: [candidate]',
      `  after:
    run: echo \${{ tasks.register.outputs.version }} \${{ tasks.register.outputs.uri }} \${{ tasks.register.outputs.model }} > after.txt
    outputs: { after: after.txt }
`,
    ),
    ...DATA,
  });
  await project.expect(0, ['run']);
  assert.equal(project.read('after.txt'), '1 models:/rain/1 rain\n');
  await project.expect(0, ['run', '-p', 'size=4']);
  assert.equal(project.read('after.txt'), '2 models:/rain/2 rain\n');
  assert.deepEqual(project.task('after').reasons, [
    'tasks.register.outputs.version: 1 → 2',
    'tasks.register.outputs.uri: models:/rain/1 → models:/rain/2',
  ]);
  await project.expect(0, ['run', '--only', 'after', '-p', 'size=4']);
  assert.equal(project.task('after').status, 'cached');
});

test('an output that a register task does not have is an error before the run', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': registering('', '  after:\n    run: echo ${{ tasks.register.outputs.verison }}\n'),
    ...DATA,
  });
  const { stderr } = await project.expect(2, ['run']);
  assert.match(stderr, /has no output "verison".*version.*reference\/unknown-output/);
});
