/** Files of other tools in a project, and commands that are refused: nothing is claimed, nothing is left behind. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';

const TEKTON = 'apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: x}\nspec: {tasks: []}\n';

test("another tool's pipeline.yaml is not a definition: lint and doctor are green and say why", async () => {
  const project = await TestProject.make({ 'pipeline.yaml': TEKTON, 'a/pipeline.yml': 'stages: [a]\n' });
  project.remove('modelyard.yaml');
  const lint = await project.run(['lint']);
  assert.equal(lint.code, 0, lint.stdout);
  assert.equal(lint.stdout, 'There are no definitions here.\n');
  const doctor = await project.run(['doctor']);
  assert.equal(doctor.code, 0, doctor.stdout);
  assert.match(
    doctor.stdout,
    /other tools: a\/pipeline\.yml is not taken as a Modelyard pipeline because of `stages`; pipeline\.yaml .* `apiVersion`/,
  );
  const named = await project.run(['lint', 'pipeline.yaml']);
  assert.equal(named.code, 2);
  assert.match(named.stderr, /pipeline\.yaml is not taken as a Modelyard pipeline because of `apiVersion`/);
  const byName = await project.run(['plan', 'a']);
  assert.match(byName.stderr, /there is no pipeline "a" .*a\/pipeline\.yml is not taken .* `stages`/);
  const only = await project.run(['plan']);
  assert.match(only.stderr, /there is no pipeline in .* \(and 1 more file like it\)/);
  assert.equal(project.exists('.modelyard'), false);
});

/** Each is refused, or only looks. */
const COMMANDS = `
plan pipeline.yaml | run pipeline.yaml | graph pipeline.yaml | plan pipeline | run nowhere | plan broken | run broken
graph broken | run ok -p z=1 | run ok -p n=x | run ok --only nope | run ok --from nope | run ok --resume | run --wrong
plan ok | plan ok --only nope | graph ok | graph ok --format x | run ok --dry | run ok --grace x
runs list | runs show x | runs compare a b | runs delete x | status | approvals | approve x | reject x
gc | gc -y | gc --max-size x | doctor | lint | lint nowhere
models list | models show m | models register m nofile | models register m --x | models alias m@1 p | models tag m a=b
models rollback m@p | models describe m x | models compare m@1 m@2 | models history m | models lineage x
models lineage sha256:${'0'.repeat(64)} | models card m | models export m@1 to | models import nofile | models delete m
features list | features show v | features get s id=1 | features materialize v | features preview v
features versions v | features profile v | features diff v a.csv | features training-set no.csv --service s --output o.csv
packages list | packages show p | packages export p to | releases list | releases history e
deploy p --environment e | deploy p | service list | service start e/s | service stop e/s | service status e/s
`;

test('a command that is refused, or only looks, leaves no memory behind', async () => {
  const project = await TestProject.make({
    'pipeline.yaml': TEKTON,
    'broken.pipeline.yaml': 'tasks:\n  a: { rnu: x }\n',
    'ok.pipeline.yaml': 'params: { n: 3 }\ntasks:\n  a: { run: "echo ${{ params.n }}", cache: false }\n',
  });
  for (const line of COMMANDS.split(/[|\n]/).filter((one) => one.trim() !== '')) {
    await project.run(line.trim().split(' '));
    assert.equal(project.exists('.modelyard'), false, line);
  }
});

test('a dvc.yaml is checked as DVC checks it, and run only in a project of DVC', async () => {
  const project = await TestProject.make({
    'dvc.yaml': 'stages:\n  train:\n    cmd: python train.py ${lr}\n',
    'params.yaml': 'lr: 1\n',
  });
  project.remove('modelyard.yaml');
  const clean = await project.run(['lint']);
  assert.equal(clean.code, 0, clean.stdout);
  assert.equal((await project.run(['graph', 'dvc.yaml'])).stdout, 'train\n');
  for (const command of ['run', 'plan']) {
    const refused = await project.run([command, 'dvc.yaml']);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /is no DVC project, it has no folder \.dvc: run `dvc init` there/);
  }
  project.write({ 'params.yaml': 'rate: 1\n' });
  const broken = await project.run(['lint', 'dvc.yaml']);
  assert.equal(broken.code, 1);
  assert.match(broken.stdout, /^dvc\.yaml:3:26: error: There is no value `lr` .* \[dvc\/template\]$/m);
  assert.equal(project.exists('.modelyard'), false);
});
