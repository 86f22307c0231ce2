/** References to registered models: completion, hover, jumps, hints, links, rename. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { completion } from '../../../server/ide/complete/completion.js';
import { hover } from '../../../server/ide/hover/hover.js';
import { inlayHints } from '../../../server/ide/annotate/inlay-hints.js';
import { documentLinks } from '../../../server/ide/navigate/links.js';
import { versionAt } from '../../../server/ide/navigate/model-places.js';
import { definitionsAt, highlightsAt, referencesAt } from '../../../server/ide/navigate/navigation.js';
import { prepareRename, rename } from '../../../server/ide/navigate/rename.js';
import type { MemoryModel } from '../../support/known-models.js';
import { applied, open, place, textOf, type Fixture } from './fixture.js';

const MODELS: Readonly<Record<string, MemoryModel>> = {
  rain: {
    versions: 3,
    deleted: ['1'],
    aliases: { candidate: '3', production: '2' },
    description: 'Will it <b>rain</b>?\nMore.',
    metrics: { '3': { accuracy: 0.8123456, 'val.loss': 3 }, '2': { accuracy: 0.75 } },
    details: {
      '2': {
        params: { epochs: 200, note: '[x](http://y)' },
        signature: {
          inputs: [{ name: 'rain_7d', type: 'double', required: true }],
          outputs: [{ name: 'rain', type: 'boolean', required: true }],
        },
      },
    },
    moved: {
      production: {
        at: '2026-01-01T10:00:00.000Z',
        who: 'grace@lab',
        from: '3',
        reason: '*worse* on Mondays',
      },
    },
  },
  'snow depth': { versions: 1 },
  gone: { versions: 1, gone: true },
};
const TRAIN = `name: train
tasks:
  register:
    register: { model: rain, from: m.json, aliases: [candidate, fresh], compare-to: production }
`;

function fixture(task: string, models = MODELS): Fixture {
  return open(
    {
      'use.pipeline.yaml': `tasks:\n  t:\n    ${task}\n`,
      'train.pipeline.yaml': TRAIN,
    },
    { models },
  );
}

function items(task: string): Map<string, string> {
  const { context, offset } = fixture(task);
  return new Map(
    completion(context, offset)
      .items.filter(({ kind }) => /model|alias|version|metric|param|value/.test(kind))
      .map(({ label, detail }) => [label, detail ?? '']),
  );
}

function check(task: string, expected: readonly string[]): void {
  test(`completion in ${task}`, () => assert.deepEqual([...items(task).keys()], expected));
}

const SELECTORS = ['candidate', 'production', 'fresh', 'latest', '3', '2'];
const REFERENCES = [...SELECTORS.map((one) => `rain@${one}`), 'snow depth@latest', 'snow depth@1'];

check('run: a ${{ models.¦ }}', ['rain@']);
check('run: a ${{ models.ra¦in }}', ['rain@']);
check('run: a ${{ models.rain@¦ }}', SELECTORS);
check('run: a ${{ models.rain@pro¦ }}', SELECTORS);
check('run: a ${{ tasks.models.¦ }}', ['outputs', 'metrics', 'status', 'cached', 'fingerprint']);
check("run: a ${{ models['¦'] }}", REFERENCES);
check('run: a ${{ models.rain@production.¦ }}', [
  'version',
  'path',
  'uri',
  'metrics',
  'params',
  'hash',
  'run',
]);
check('run: a ${{ models.rain@production.metrics.¦ }}', ['accuracy']);
check("run: a ${{ models['rain@candidate'].metrics.¦ }}", ['accuracy', 'val.loss']);
check('check: models.rain@candidate.metrics.val.¦', ['loss']);
check('run: a ${{ models.rain@2.params.¦ }}', ['epochs', 'note']);
check('run: a ${{ models.nothing@2.params.¦ }}', []);
check('deploy: { package: app, model: ¦ }', REFERENCES);
check(
  'deploy: { package: app, model: rain@ca¦ndidate }',
  SELECTORS.map((one) => `rain@${one}`),
);
check('package: { name: app, model: ¦ }', ['rain', 'snow depth']);
check('register: { model: ¦ }', ['rain', 'snow depth']);
check('register: { model: rain, aliases: [¦] }', ['candidate', 'production', 'fresh', 'staging']);
check('register: { model: new, aliases: [¦] }', ['candidate', 'staging', 'production']);
check('register: { model: rain, compare-to: ¦ }', [
  ...SELECTORS.slice(0, 3),
  'staging',
  ...SELECTORS.slice(3),
]);
check('approval: { prompt: x, compare: { model: rain@candidate, to: ¦ } }', [
  ...SELECTORS.slice(0, 3),
  'staging',
  ...SELECTORS.slice(3),
]);

test('what is told with the items', () => {
  const selectors = items('run: a ${{ models.rain@¦ }}');
  assert.equal(selectors.get('candidate'), 'version 3 · accuracy 0.81235 · 1 hour ago');
  assert.equal(selectors.get('3'), 'candidate · accuracy 0.81235 · 1 hour ago');
  assert.equal(selectors.get('fresh'), 'not set yet');
  assert.equal(items('register: { model: ¦ }').get('rain'), '2 versions');
  const { context, offset } = fixture('run: a ${{ models.¦ }}');
  const [rain] = completion(context, offset).items;
  assert.equal(rain?.again, true);
  assert.match(rain.documentation ?? '', /Will it \\<b\\>rain/);
});

test('a choice replaces what stands there, and nothing else', () => {
  const table: readonly (readonly [string, string, string])[] = [
    ['run: a ${{ models.ra¦in }}', 'rain@', 'run: a ${{ models.rain@ }}'],
    ['run: a ${{ models.rain@pro¦d.path }}', 'production', 'run: a ${{ models.rain@production.path }}'],
    ["run: a ${{ models['snow ¦'] }}", 'snow depth@1', "run: a ${{ models['snow depth@1'] }}"],
    ['deploy: { model: "rain@¦" }', 'rain@2', 'deploy: { model: "rain@2" }'],
    ['deploy: { model: rain@¦, package: app }', 'rain@2', 'deploy: { model: rain@2, package: app }'],
  ];
  for (const [task, label, expected] of table) {
    const found = fixture(task);
    const item = completion(found.context, found.offset).items.find((one) => one.label === label);
    assert.ok(item, `${label} in ${task}`);
    const text = found.text.slice(0, item.span.start) + item.newText + found.text.slice(item.span.end);
    assert.equal(text, `tasks:\n  t:\n    ${expected}\n`);
  }
});

/** What is underlined, and pieces that the text has to hold. */
function shows(task: string, under: string | undefined, ...pieces: readonly (string | RegExp)[]): void {
  test(`hover on ${task}`, () => {
    const { context, offset, text } = fixture(task);
    const found = hover(context, offset);
    assert.equal(found === undefined ? undefined : text.slice(found.span.start, found.span.end), under);
    for (const piece of pieces) {
      const holds =
        typeof piece === 'string' ? found?.markdown.includes(piece) : piece.test(found?.markdown ?? '');
      assert.ok(holds, `${String(piece)} in ${found?.markdown ?? ''}`);
    }
  });
}

shows(
  'run: a ${{ models.rain@prod¦uction.path }}',
  'rain@production',
  '**rain** · version 2 · `production`',
  'Registered 1 hour ago by ada@lab in the run `run-2` of train',
  '`models/m.json` · 2KiB',
  '| `accuracy` | 0\\.75 |',
  '| `epochs` | 200 |',
  '| `note` | \\[x\\]\\(http://y\\) |',
  'Takes `rain_7d: double`  \nGives `rain: boolean`',
  '`production` was moved here 2 hours ago by grace@lab, from version 3: \\*worse\\* on Mondays',
);
shows('run: a ${{ models.ra¦in@3 }}', 'rain@3', 'version 3', 'candidate');
shows("run: a ${{ models['rain@latest¦'].uri }}", 'rain@latest', 'version 3');
shows('deploy: { model: rain@cand¦idate }', 'rain@candidate', 'version 3');
shows('deploy: { model: "models:/ra¦in/2" }', 'models:/rain/2', 'version 2');
shows(
  'package: { name: app, model: ra¦in }',
  'rain',
  '**rain** · model · 2 versions',
  'Will it \\<b\\>rain\\</b\\>?',
  '| `production` | 2 | accuracy 0\\.75 · 1 hour ago |',
  '| `latest` | 3 |',
  'Registered by `register` in `train.pipeline.yaml`',
);
shows(
  'register: { model: rain, aliases: [cand¦idate] }',
  'candidate',
  'version 3',
  'This task moves the alias',
);
shows('register: { model: rain, aliases: [blu¦e] }', 'blue', 'no version of rain has this alias', 'sets it');
shows('register: { model: rain, compare-to: prod¦uction }', 'production', 'version 2');
shows('run: a ${{ models.rain@production.vers¦ion }}', 'version', '`2` now');
shows('run: a ${{ models.rain@production.metrics.accu¦racy }}', 'accuracy', '`0.75` in version 2');
shows('run: a ${{ models.rain@production.met¦rics.accuracy }}', 'metrics', '| `accuracy` | 0\\.75 |');
shows('run: a ${{ models.churn@prod¦uction }}', undefined);
shows('run: a ${{ models.gone@¦1 }}', undefined);
shows('run: a ${{ mod¦els.rain@1 }}', 'models', 'Registered models');

test('a jump goes to the version and to the task that registered it', () => {
  const table: readonly (readonly [string, string | undefined, readonly string[]])[] = [
    ['run: a ${{ models.rain@prod¦uction.path }}', 'rain 2', ['train.pipeline.yaml:4 «rain»']],
    ['run: a ${{ models.ra¦in@3.path }}', 'rain 3', ['train.pipeline.yaml:4 «rain»']],
    ['deploy: { model: rain@lat¦est }', 'rain 3', ['train.pipeline.yaml:4 «rain»']],
    ['package: { model: ra¦in }', 'rain 3', ['train.pipeline.yaml:4 «rain»']],
    ["run: a ${{ models['snow dep¦th@1'].path }}", 'snow depth 1', []],
    ['run: a ${{ models.rain@nothing¦ }}', undefined, ['train.pipeline.yaml:4 «rain»']],
    ['run: a ${{ models.rain@production.pa¦th }}', undefined, []],
    ['run: a ${{ models.churn@¦x }}', undefined, []],
  ];
  for (const [task, version, targets] of table) {
    const found = fixture(task);
    const at = versionAt(found.context, found.offset);
    assert.equal(at && `${at.model} ${at.version}`, version, task);
    assert.deepEqual(
      definitionsAt(found.context, found.offset).map(({ path, span }) => place(found, path, span)),
      targets,
      task,
    );
  }
});

test('references and highlights', () => {
  const found = fixture('run: a ${{ models.ra¦in@candidate.path }} ${{ models.rain@2 }}');
  const at = (offset: number) =>
    referencesAt(found.context, offset).map(({ path, span }) => place(found, path, span));
  assert.deepEqual(at(found.offset), [
    'use.pipeline.yaml:3 «rain»',
    'use.pipeline.yaml:3 «rain»',
    'train.pipeline.yaml:4 «rain»',
  ]);
  assert.deepEqual(at(found.text.indexOf('candidate')), [
    'use.pipeline.yaml:3 «candidate»',
    'train.pipeline.yaml:4 «candidate»',
  ]);
  assert.equal(highlightsAt(found.context, found.offset).length, 2);
});

test('hints say what an alias means now', () => {
  const hints = (task: string): string[] => {
    const { context, text } = fixture(task);
    return inlayHints(context)
      .filter(({ version }) => version !== undefined)
      .map(({ offset, label }) => `${text.slice(0, offset).split(/[\s[]/).at(-1) ?? ''}${label}`);
  };
  assert.deepEqual(hints('run: a ${{ models.rain@production.path }}'), ['models.rain@production = 2']);
  assert.deepEqual(hints('run: a ${{ models.rain@2.path }} ${{ models.rain@nothing }}'), []);
  assert.deepEqual(hints('deploy: { model: "rain@candidate" }'), ['"rain@candidate" = 3']);
  assert.deepEqual(hints('register: { model: rain, aliases: [candidate, blue], compare-to: production }'), [
    'candidate = 3',
    'production = 2',
  ]);
  assert.deepEqual(hints('run: a ${{ models.gone@latest }}'), []);
});

test('links on the fields that name a version', () => {
  const { context, text } = fixture('deploy: { model: "rain@candidate", package: app }');
  const [link, ...others] = documentLinks(context);
  assert.equal(others.length, 0);
  assert.equal(text.slice(link?.span.start, link?.span.end), 'rain@candidate');
  assert.deepEqual(link?.version, { model: 'rain', version: '3' });
  assert.deepEqual(documentLinks(fixture('deploy: { model: rain@nothing }').context), []);
});

test('rename goes through all files and leaves the registry alone', () => {
  const use = "run: a ${{ models.ra¦in@candidate.path }} ${{ models['rain@2'] }}";
  const found = fixture(use);
  assert.equal(prepareRename(found.context, found.offset).ok, true);
  const result = rename(found.context, found.offset, 'drizzle');
  assert.ok(result.ok);
  assert.match(applied(found, result.edits), /models\.drizzle@candidate\.path }} \${{ models\['drizzle@2'\]/);
  assert.equal(
    applied(found, result.edits, 'train.pipeline.yaml'),
    textOf(found, 'train.pipeline.yaml').replace('rain,', 'drizzle,'),
  );
  const refused = (task: string, name: string): string => {
    const one = fixture(task);
    const answer = rename(one.context, one.offset, name);
    return answer.ok ? '' : answer.message;
  };
  assert.match(refused(use, 'a/b'), /can't be a model's name/);
  assert.match(refused(use, 'new name'), /line 3 of use\.pipeline\.yaml/);
  assert.equal(refused('deploy: { model: ra¦in@2 }', 'new name'), '');
  assert.match(refused("run: ${{ models['snow dep¦th@1'] }}", 'x'), /No task of this project registers/);
  assert.match(refused('run: ${{ models.rain@prod¦uction }}', 'x'), /Aliases live in the registry/);
});
