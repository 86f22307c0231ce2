/** References to registered models: what the rules say beside their examples, and what they have to keep silent about. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { memoryProject } from '../../support/project.js';
import { knownModels } from '../../support/known-models.js';
import type { MemoryModel } from '../../support/known-models.js';
import { checkDefinition } from '../../../server/rules/index.js';

const PATH = 'p.pipeline.yaml';
const RAIN: Readonly<Record<string, MemoryModel>> = {
  rain: { versions: 3, deleted: ['1'], aliases: { production: '2' } },
  'snow depth': { versions: 1 },
};

/** The findings of one task's action. */
function check(
  action: string,
  expected: readonly string[],
  models: Readonly<Record<string, MemoryModel>> = RAIN,
  others: Readonly<Record<string, string>> = {},
): void {
  test(`${action} → ${expected.join(', ') || 'nothing'}`, () => {
    const text = `params: { a: x, m: y }\ntasks:\n  t:\n    cache: false\n    ${action}\n`;
    const project = memoryProject({ [PATH]: text, ...others }, { models });
    const findings = project.findings(PATH).filter(({ rule }) => /^model\/|model$|alias$|context/.test(rule));
    assert.deepEqual(
      findings.map(({ rule, span }) => `${rule} ${text.slice(span.start, span.end)}`),
      expected,
    );
  });
}

const use = (expression: string) => `run: x \${{ ${expression} }}`;
const deploy = (model: string) => `deploy: { package: app, model: ${model}, environment: staging }`;

check(use('models.rain@production'), []);
check(use("models['rain@production'].path"), []);
check(use("models['snow depth@1'].path"), []);
check(use("models['snow depht@1'].path"), ['reference/unknown-model snow depht']);
check(use("models['models:/rain/3'].path"), []);
check(use("models['models:/rian/3'].path"), ['reference/unknown-model rian']);
check(use('models.rian@production == models.rain@prod'), [
  'reference/unknown-model rian',
  'reference/unknown-alias prod',
]);
check(use('models[params.m].path'), []);
check(use("models['rain'].path"), ['model/name rain']);
check(use("models['ra/in@1'].path"), ['model/name ra/in']);
check(use('models.rain@V3'), ['model/alias-name V3']);
check(use('models.rain@LATEST'), []);
check(use('models.rain@production.metrics.deep.er'), []);
check(use('models.rain@production.params.whatever'), []);
check(use("models['rain@production'].pat"), ['reference/unknown-context pat']);
check(use('models.rain@1'), ['reference/unknown-alias 1']);
check(use('models.rain@4'), ['reference/unknown-alias 4']);
check(deploy('rain@production'), []);
check(deploy("'rain@prodution'"), ['reference/unknown-alias prodution']);
check(deploy('models:/rain/2'), []);
check(deploy('models:/rain/9'), ['reference/unknown-alias 9']);
check(deploy('rain'), ['model/name rain']);
check(deploy('"rain@${{ params.a }}"'), []);
check(deploy('"rian@${{ params.a }}"'), ['reference/unknown-model rian']);
check(deploy('"${{ params.m }}@production"'), []);
check('package: { name: app, include: a, entrypoint: x, model: rain }', []);
check('package: { name: app, include: a, entrypoint: x, model: rain@3 }', ['model/name rain@3']);
check('package: { name: app, include: a, entrypoint: x, model: rian }', ['reference/unknown-model rian']);
check('approval: { prompt: x, compare: { model: rain@2, to: production } }', []);
check('approval: { prompt: x, compare: { model: rain@production, to: blue } }', []);
check('approval: { prompt: x, compare: { model: rain@2, to: prodution } }', [
  'reference/unknown-alias prodution',
]);
check('register: { model: new, from: m, compare-to: production }', []);
check('register: { model: rain, from: m, compare-to: champion }', []);
check('register: { model: rain, from: m, compare-to: prodution }', ['reference/unknown-alias prodution']);
check('register: { model: rain, from: m, compare-to: 1 }', ['reference/unknown-alias 1']);
check('register: { model: rain, from: m, aliases: new-one }', []);
check('register: { model: rain, from: m, aliases: latest }', ['model/alias-name latest']);
check('register: { model: "${{ params.m }}", from: m, aliases: [v1] }', ['model/alias-name v1']);

// Where nothing is known, nothing is said.
check(use('models.rian@production'), [], {});
check(use('models.rian@production'), [], { rain: { versions: 1, gone: true } });
check(use('models.rain@production'), ['reference/unknown-model rain'], {
  rain: { versions: 1, gone: true },
  snow: { versions: 1 },
});
check(use('models.rain@3'), ['reference/unknown-alias 3'], { rain: { versions: 0 } });

// What the project makes will be there.
const makes = (register: string) => ({
  'make.pipeline.yaml': `params: { m: x }\ntasks:\n  r:\n    register: { from: m, ${register} }\n`,
});
check(use('models.hail@fresh'), [], RAIN, makes('model: hail, aliases: [fresh]'));
check(use('models.hial@fresh'), ['reference/unknown-model hial'], RAIN, makes('model: hail'));
check(use('models.rain@fresh'), [], RAIN, makes('model: rain, aliases: [fresh]'));
check(use('models.rain@fresh'), ['reference/unknown-alias fresh'], RAIN, makes('model: rain'));
check(use('models.rain@fresh'), [], RAIN, makes('model: rain, aliases: ["${{ params.m }}"]'));
check(use('models.wet-1@x'), [], RAIN, makes('model: "wet-${{ params.m }}"'));
check(use('models.dry-1@x'), ['reference/unknown-model dry-1'], RAIN, makes('model: "wet-${{ params.m }}"'));

test('a model that is there and cannot be read is not unknown', () => {
  const text = 'tasks:\n  t:\n    run: x ${{ models.rain@production }}\n    cache: false\n';
  const project = memoryProject(
    { [PATH]: text },
    { models: { rain: { versions: 1 }, snow: { versions: 1 } } },
  );
  const models = knownModels({ rain: { versions: 1 }, snow: { versions: 1 } });
  const view = {
    ...project.view,
    models: { ...models, model: (name: string) => (name === 'rain' ? 'unreadable' : models.model(name)) },
  } as const;
  assert.deepEqual(checkDefinition(project.definition(PATH), view), []);
});

test('an unreadable registry and none at all are the same', () => {
  const text = 'tasks:\n  t:\n    run: x ${{ models.rian@production }}\n    cache: false\n';
  assert.deepEqual(memoryProject({ [PATH]: text }).findings(PATH), []);
});
