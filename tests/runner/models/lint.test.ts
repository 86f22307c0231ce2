/** `modelyard lint` asks the registry as the editor does. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { TestProject } from '../../support/cli.js';
import { DATA, registering } from '../../support/registering.js';

interface Linted {
  readonly findings: readonly {
    readonly rule: string;
    readonly message: string;
    readonly severity: string;
  }[];
}

const USE = `
kind: model-build
tasks:
  use:
    cache: false
    run: echo \${{ models.rian@candidate.path }} \${{ models.rain@prodution.path }} \${{ models.rain@1.path }}
`;

async function lint(project: TestProject): Promise<Linted['findings']> {
  const { stdout } = await project.expect(0, ['lint', '--json', 'use.pipeline.yaml']);
  return (JSON.parse(stdout) as Linted).findings;
}

test('what the registry does not have is a warning; an empty registry says nothing', async () => {
  const project = await TestProject.make({
    'main.pipeline.yaml': registering('aliases: [candidate]'),
    'use.pipeline.yaml': USE,
    ...DATA,
  });
  assert.deepEqual(await lint(project), []);
  await project.expect(0, ['run', 'main']);
  await project.expect(0, ['models', 'alias', 'rain@1', 'production']);
  assert.deepEqual(
    (await lint(project)).map(({ rule, severity, message }) => `${severity} ${rule}: ${message}`),
    [
      'warning reference/unknown-model: There is no model "rian" in the registry. Did you mean "rain"?',
      'warning reference/unknown-alias: The model "rain" has no alias "prodution". Did you mean "production"?',
    ],
  );
  await project.expect(0, ['models', 'alias', 'rain@1', 'prodution']);
  assert.deepEqual(
    (await lint(project)).map(({ rule }) => rule),
    ['reference/unknown-model'],
  );
});
