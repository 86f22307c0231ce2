/** Comments that silence rules, and severities that people choose. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { RuleSeverity } from '../../../server/definition/definition.js';
import { applyEdits, memoryProject } from '../../support/project.js';

const PATH = 'p.pipeline.yaml';

function findings(
  text: string,
  severities: Readonly<Record<string, RuleSeverity>> = {},
  others: Record<string, string> = {},
) {
  return memoryProject({ [PATH]: text, ...others }, { severities, disk: ['train.sh'] }).findings(PATH);
}

function check(title: string, text: string, expected: readonly string[]): void {
  test(title, () => {
    const shown = findings(text).map(
      (finding) => `${finding.rule} ${text.slice(0, finding.span.start).split('\n').length}`,
    );
    assert.deepEqual(shown, expected, text);
  });
}

const bare = (before: string) => `tasks:\n${before}  train:\n    run: ./train.sh\n`;

check('without a comment', bare(''), ['task/no-outputs 2']);
check('the next line', bare('  # modelyard-disable-next-line task/no-outputs\n'), []);
check(
  'a reason',
  bare('  # modelyard-disable-next-line task/no-outputs -- it only warms up, param/unused\n'),
  [],
);
check('no blank after #', bare('  #modelyard-disable-next-line task/no-outputs\n'), []);
check(
  'blank lines and other comments between',
  bare('  # modelyard-disable-next-line task/no-outputs\n\n  # why\n'),
  [],
);
check(
  'two comments for one line',
  'tasks:\n  # modelyard-disable-next-line task/no-outputs\n  # modelyard-disable-next-line schema/unknown-key\n  train: { run: ./train.sh, whatever: 1 }\n',
  [],
);
check(
  'several ids',
  'tasks:\n  # modelyard-disable-next-line task/no-outputs, schema/unknown-key\n  train: { run: ./train.sh, whatever: 1 }\n',
  [],
);
check('another line', bare('') + '    # modelyard-disable-next-line task/no-outputs\n', [
  'task/no-outputs 2',
  'suppression/unused 4',
]);
check('the whole file, from its end', bare('') + '# modelyard-disable task/no-outputs\n', []);
check(
  'a text that looks like one',
  'tasks:\n  a:\n    run: |\n      # modelyard-disable task/no-outputs\n      x\n',
  ['task/no-outputs 2'],
);
check(
  'a finding inside a block scalar belongs to the line it begins on',
  'params: { x: a }\ntasks:\n  a:\n    cache: false\n    # modelyard-disable-next-line security/raw\n    run: |\n      one\n      two ${{ raw(params.x) }}\n',
  [],
);
check('an id of no rule', bare('  # modelyard-disable-next-line task/no-output\n'), [
  'suppression/unused 2',
  'task/no-outputs 3',
]);
check('no id', bare('  # modelyard-disable-next-line\n'), ['suppression/unused 2', 'task/no-outputs 3']);
check('a slip in the directive', bare('  # modelyard-disable-nextline task/no-outputs\n'), [
  'suppression/unused 2',
  'task/no-outputs 3',
]);
check('one of two is idle', bare('  # modelyard-disable-next-line task/no-outputs, graph/cycle\n'), [
  'suppression/unused 2',
]);
check(
  'silencing the report of idle ones',
  '# modelyard-disable suppression/unused\n' +
    bare('# modelyard-disable graph/cycle\n') +
    '    cache: false\n',
  [],
);
check('broken YAML keeps idle suppressions quiet', '# modelyard-disable graph/cycle\ntasks: [\n', [
  'syntax/yaml 2',
]);

test('fixes of idle suppressions', () => {
  const table: readonly (readonly [string, string])[] = [
    [bare('  # modelyard-disable-next-line graph/cycle\n'), bare('')],
    [
      bare('  # modelyard-disable-next-line graph/cycle, task/no-outputs -- why\n'),
      bare('  # modelyard-disable-next-line task/no-outputs -- why\n'),
    ],
    [
      bare('  # modelyard-disable-next-line task/no-outputs, graph/cycle -- why\n'),
      bare('  # modelyard-disable-next-line task/no-outputs -- why\n'),
    ],
    [
      bare('  # modelyard-disable-next-line task/no-output\n'),
      bare('  # modelyard-disable-next-line task/no-outputs\n'),
    ],
    [
      bare('  # modelyard-disable-nextline task/no-outputs\n'),
      bare('  # modelyard-disable-next-line task/no-outputs\n'),
    ],
    [bare('').replace('tasks:', 'tasks: # modelyard-disable graph/cycle'), bare('')],
  ];
  for (const [text, expected] of table) {
    const found = findings(text).find((finding) => finding.rule === 'suppression/unused');
    assert.equal(applyEdits(text, found?.fixes[0]?.edits ?? []), expected);
  }
});

test('severities', () => {
  const text = bare('');
  const of = (severities: Readonly<Record<string, RuleSeverity>>, yaml?: string) =>
    findings(text, severities, yaml === undefined ? {} : { 'modelyard.yaml': yaml }).map(
      (finding) => `${finding.severity} ${finding.rule}`,
    );
  assert.deepEqual(of({}), ['info task/no-outputs']);
  assert.deepEqual(of({ 'task/no-outputs': 'error' }), ['error task/no-outputs']);
  assert.deepEqual(of({ 'task/no-outputs': 'off' }), []);
  assert.deepEqual(of({}, 'rules: { task/no-outputs: hint }\n'), ['hint task/no-outputs']);
  assert.deepEqual(of({}, 'rules: { task/no-outputs: off }\n'), []);
});

test('a finding may be quieter than its rule, until the project chooses', () => {
  const text = 'params: { lr: 1e-4, publish: no }\ntasks: {}\n';
  const of = (severities: Readonly<Record<string, RuleSeverity>>) =>
    findings(text, severities)
      .filter((finding) => finding.rule === 'value/ambiguous')
      .map((finding) => `${finding.severity} ${text.slice(finding.span.start, finding.span.end)}`);
  assert.deepEqual(of({}), ['hint 1e-4', 'warning no']);
  assert.deepEqual(of({ 'value/ambiguous': 'error' }), ['error 1e-4', 'error no']);
  assert.deepEqual(of({ 'value/ambiguous': 'off' }), []);
});

test('a suppression of a rule that is off is not called idle', () => {
  const text = bare('  # modelyard-disable-next-line task/no-outputs\n');
  assert.deepEqual(findings(text, { 'task/no-outputs': 'off' }), []);
});

test('ids under rules that no rule has', () => {
  const text = 'rules:\n  graph/cycel: off\n';
  const [finding, ...others] = memoryProject({ 'modelyard.yaml': text }).findings('modelyard.yaml');
  assert.equal(others.length, 0);
  assert.equal(finding?.rule, 'schema/value');
  assert.equal(finding.message, 'There is no rule "graph/cycel". Did you mean "graph/cycle"?');
  assert.equal(applyEdits(text, finding.fixes[0]?.edits ?? []), 'rules:\n  graph/cycle: off\n');
});
