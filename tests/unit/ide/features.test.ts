import assert from 'node:assert/strict';
import test from 'node:test';
import { codeActions, fixAll } from '../../../server/ide/annotate/code-actions.js';
import type { OpenQuestion } from '../../../server/ide/types.js';
import { codeLenses } from '../../../server/ide/annotate/code-lenses.js';
import { foldingRanges } from '../../../server/ide/annotate/folding.js';
import { inlayHints } from '../../../server/ide/annotate/inlay-hints.js';
import { documentLinks } from '../../../server/ide/navigate/links.js';
import { semanticTokens } from '../../../server/ide/annotate/semantic-tokens.js';
import { documentSymbols, workspaceSymbols } from '../../../server/ide/navigate/symbols.js';
import type { Finding, OutlineSymbol } from '../../../server/ide/types.js';
import { checkDefinition } from '../../../server/rules/index.js';
import { applied, type Fixture, open } from './fixture.js';

const PIPELINE = `name: rain
kind: model-build
# about
# the params
params:
  epochs: 200
tasks:
  features:
    run: make data/f.csv
    inputs: [data/raw.csv, 'src/f.py']
    outputs: { data: data/f.csv }
  train:
    if: success() && params.epochs > 1
    run: |
      train \${{ params.epochs }} \${{ contains('a
      b', 'a') }}
    inputs: [data/f.csv]
    outputs:
      model: m.json
`;

test('outline', () => {
  const shown = (symbols: readonly OutlineSymbol[], depth = 0): string[] =>
    symbols.flatMap((symbol) => [
      `${'  '.repeat(depth)}${symbol.kind} ${symbol.name}${symbol.detail === undefined ? '' : ` (${symbol.detail})`}`,
      ...shown(symbol.children, depth + 1),
    ]);
  const { context } = open(PIPELINE);
  assert.deepEqual(shown(documentSymbols(context)), [
    'section name (rain)',
    'section kind (model-build)',
    'section params',
    '  param epochs (200)',
    'section tasks',
    '  task features (run)',
    '    output data (data/f.csv)',
    '  task train (run)',
    '    output model (m.json)',
  ]);
  const features = open({
    'w.features.yaml':
      'entities:\n  s: { keys: [id] }\nviews:\n  w:\n    entity: s\n    source: { path: a.csv, timestamp: t }\n    features: { rain: double }\n',
  });
  assert.deepEqual(shown(documentSymbols(features.context)), [
    'section entities',
    '  entity s (id)',
    'section views',
    '  view w (s)',
    '    feature rain (double)',
  ]);
  const settings = open({ 'modelyard.yaml': 'name: x\nexecutors:\n  a: { type: local }\n' });
  assert.deepEqual(shown(documentSymbols(settings.context)), [
    'section name (x)',
    'section executors',
    '  key a',
  ]);
  for (const symbol of documentSymbols(context)) {
    assert.ok(symbol.span.start <= symbol.selection.start && symbol.selection.end <= symbol.span.end);
  }
});

test('workspace symbols', () => {
  const { context } = open({
    'a.pipeline.yaml': PIPELINE,
    'b.pipeline.yaml': 'name: other\ntasks:\n  test: { run: x }\n',
  });
  const names = (query: string): string[] =>
    workspaceSymbols(context.project, query).map(({ kind, name, path }) => `${kind} ${name} ${path}`);
  assert.deepEqual(names('tra'), ['task train a.pipeline.yaml']);
  assert.deepEqual(names('tst'), ['task test b.pipeline.yaml']);
  assert.equal(names('').length, 8);
  assert.deepEqual(names('zzz'), []);
});

test('lenses', () => {
  const titles = (fixture: Fixture): string[] =>
    codeLenses(fixture.context).map(
      ({ span, title, command }) =>
        `${fixture.text.slice(span.start, span.end)}: ${title} → ${command.command}${command.task === undefined ? '' : ` ${command.task}`}`,
    );
  assert.deepEqual(titles(open(PIPELINE)).slice(0, 6), [
    'rain: $(play) Run → modelyard.runPipeline',
    'rain: Plan → modelyard.planPipeline',
    'rain: Graph → modelyard.showGraph',
    'features: $(play) Run → modelyard.runTask features',
    'features: Plan → modelyard.planPipeline features',
    'features: Graph → modelyard.showGraph features',
  ]);
  const after = titles(open(PIPELINE, { metrics: { train: {} } }));
  assert.ok(after.includes('rain: $(pass) succeeded 3 minutes ago → modelyard.showRun'));
  assert.ok(after.includes('train: $(pass) succeeded 3 minutes ago → modelyard.showRun train'));
  const debugs = (run: string): boolean =>
    titles(open(`tasks:\n  train: { run: ${run} }\n`)).includes(
      'train: $(debug-alt) Debug → modelyard.debugTask train',
    );
  assert.deepEqual(['python3 x.py', 'cd x && pytest -q', 'make'].map(debugs), [true, true, false]);
  assert.deepEqual(titles(open({ 'modelyard.yaml': 'name: x\n' })), []);
  const asks = (...questions: readonly OpenQuestion[]): string[] =>
    titles(open(PIPELINE, { questions })).filter((line) => /pprov|eject/.test(line));
  const question = { runId: 'r1', task: 'train@2', askedAt: '2026-01-01T11:55:00.000Z', mayAnswer: true };
  assert.deepEqual(asks(question), [
    'train: $(bell-dot) waits for you, asked 5 minutes ago → modelyard.showApproval train@2',
    'train: Approve… → modelyard.approve train@2',
    'train: Reject… → modelyard.reject train@2',
  ]);
  assert.deepEqual(asks({ ...question, mayAnswer: false }), [
    'train: $(bell-dot) waits for others, asked 5 minutes ago → modelyard.showApproval train@2',
  ]);
  assert.deepEqual(asks(question, { ...question, runId: 'r2' }), [
    'train: $(bell-dot) 2 runs wait for an answer → modelyard.showApproval',
  ]);
  assert.deepEqual(asks({ ...question, task: 'training' }), []);
});

test('links', () => {
  const fixture = open(PIPELINE, { disk: ['data/raw.csv', 'src/f.py', 'm.json/x'] });
  assert.deepEqual(
    documentLinks(fixture.context).map(({ span, path }) => [fixture.text.slice(span.start, span.end), path]),
    [
      ['data/raw.csv', 'data/raw.csv'],
      ['src/f.py', 'src/f.py'],
    ],
  );
});

test('comments fold from the first line on', () => {
  const folds = (text: string) =>
    foldingRanges(open(text).context).map((one) => Object.values(one).join(' '));
  assert.deepEqual(folds('# one\nname: a\n'), []);
  assert.deepEqual(folds('# one\n# two\n\n# three\n# four\nname: a\n'), ['0 1 comment', '3 4 comment']);
});

test('folding', () => {
  const { context } = open(PIPELINE);
  assert.deepEqual(
    foldingRanges(context).map(({ startLine, endLine, kind }) => [
      startLine,
      endLine,
      ...(kind === undefined ? [] : [kind]),
    ]),
    [
      [2, 3, 'comment'],
      [4, 5],
      [6, 18],
      [7, 10],
      [11, 18],
      [13, 15],
      [17, 18],
    ],
  );
});

test('semantic tokens', () => {
  const fixture = open(PIPELINE);
  assert.deepEqual(
    semanticTokens(fixture.context).map(
      ({ span, kind }) => `${kind} ${fixture.text.slice(span.start, span.end)}`,
    ),
    [
      'function success',
      'context params',
      'property epochs',
      'number 1',
      'context params',
      'property epochs',
      'function contains',
      "string 'a",
      "string       b'",
      "string 'a'",
    ],
  );
  const start = fixture.text.indexOf('train ${{');
  assert.equal(semanticTokens(fixture.context, { start, end: start + 8 }).length, 2);
});

test('inlay hints', () => {
  const fixture = open(PIPELINE);
  const shown = inlayHints(fixture.context).map(
    ({ offset, label }) => `${fixture.text.slice(offset - 6, offset)}|${label}`,
  );
  assert.deepEqual(shown, ['epochs| = 200', '/f.csv| ← features']);
  assert.deepEqual(inlayHints(fixture.context, { start: 0, end: 50 }), []);
});

function actions(marked: string): { titles: string[]; run: (title: string) => string } {
  const fixture = open(marked);
  const findings: readonly Finding[] = checkDefinition(fixture.context.definition, fixture.context.project);
  const found = codeActions(fixture.context, findings, { start: fixture.offset, end: fixture.offset });
  return {
    titles: found.map(({ title }) => title),
    run: (title) => {
      const action = found.find((candidate) => candidate.title === title);
      assert.ok(action !== undefined, `${title} in ${found.map((candidate) => candidate.title).join(', ')}`);
      return applied(fixture, action.edits);
    },
  };
}

test('code actions', () => {
  const text = 'tasks:\n  a:\n    run: x\n    outputs: { o: o.txt }\n    timout¦: 3m\n';
  const clean = text.replace('¦', '');
  const { titles, run } = actions(text);
  assert.ok(titles.includes('Open the page of schema/unknown-key'));
  assert.equal(
    run('Silence schema/unknown-key here'),
    clean.replace('    timout', '    # modelyard-disable-next-line schema/unknown-key\n    timout'),
  );
  assert.equal(
    run('Silence schema/unknown-key in this file'),
    `# modelyard-disable schema/unknown-key\n${clean}`,
  );
  const fix = titles.find((title) => title.includes('timeout'));
  assert.ok(fix !== undefined, titles.join(', '));
  assert.equal(run(fix), clean.replace('timout', 'timeout'));
});

test('what is silenced already gets company', () => {
  const text =
    '# modelyard-disable graph/cycle\ntasks:\n  a:\n    run: x\n    outputs: { o: o.txt }\n    # modelyard-disable-next-line task/duration -- why\n    timout¦: 3m\n';
  const clean = text.replace('¦', '');
  const { run } = actions(text);
  assert.equal(
    run('Silence schema/unknown-key here'),
    clean.replace('task/duration', 'task/duration, schema/unknown-key'),
  );
  assert.equal(
    run('Silence schema/unknown-key in this file'),
    clean.replace('graph/cycle', 'graph/cycle, schema/unknown-key'),
  );
});

test('inside a text of several lines the comment goes above it', () => {
  const text =
    'tasks:\n  a:\n    outputs: { o: o.txt }\n    run: |\n      one\n      two ${{ params.no¦ }}\n';
  const { run } = actions(text);
  assert.equal(
    run('Silence reference/unknown-param here'),
    text
      .replace('¦', '')
      .replace('    run', '    # modelyard-disable-next-line reference/unknown-param\n    run'),
  );
});

test('fix all takes what is safe, each text once', () => {
  const fixture = open(
    'params: { epochs: 1 }\ntasks:\n  a:\n    run: x ${{ params.epoch }} ${{ params.epohcs }}\n    timout: 3m\n    outputs: { o: o.txt }\n',
  );
  const findings = checkDefinition(fixture.context.definition, fixture.context.project);
  const text = applied(fixture, fixAll(fixture.context, findings));
  assert.match(text, /timeout: 3m/);
  assert.match(text, /\$\{\{ params\.epochs \}\} \$\{\{ params\.epochs \}\}/);
});

test("fix all leaves keys at the top and the pipeline's name alone", () => {
  for (const text of [
    'name: Data Pipeline CI/CD\ntasks:\n  a: { run: x, cache: false }\n',
    'taks:\n  a: { run: x, cache: false }\n',
    'parms: { a: 1 }\ntasks:\n  a: { run: x, cache: false }\n',
  ]) {
    const fixture = open(text);
    const findings = checkDefinition(fixture.context.definition, fixture.context.project);
    assert.notDeepEqual(findings, []);
    assert.ok(findings.some(({ fixes }) => fixes.some(({ title }) => title.startsWith('Change to'))));
    assert.deepEqual(fixAll(fixture.context, findings), []);
  }
});
