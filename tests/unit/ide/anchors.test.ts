/** Anchors, aliases and merges: one text that several tasks share is one place for the editor. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { analyze } from '../../../server/definition/read/analyze.js';
import { completion } from '../../../server/ide/complete/completion.js';
import { hover } from '../../../server/ide/hover/hover.js';
import { inlayHints } from '../../../server/ide/annotate/inlay-hints.js';
import { definitionsAt, highlightsAt, referencesAt } from '../../../server/ide/navigate/navigation.js';
import { rename } from '../../../server/ide/navigate/rename.js';
import { checkDefinition } from '../../../server/rules/index.js';
import { parseYaml } from '../../../server/syntax/parse.js';
import { cases, fc } from '../../support/generated/cases.js';
import { applied, open } from './fixture.js';

const TEXT = `params:
  epochs: 5
tasks:
  base: &base
    run: echo \${{ params.epochs }}
    cache: false
  other: {<<: *base, needs: [base]}
  third: *base
`;

const marked = (before: string, after: string): string => {
  const at = TEXT.indexOf(before + after) + before.length;
  return `${TEXT.slice(0, at)}¦${TEXT.slice(at)}`;
};

test('each place comes once in renames, references, highlights and hints', () => {
  const fixture = open(marked('params.ep', 'ochs'));
  const { context, offset } = fixture;
  const result = rename(context, offset, 'n');
  assert.ok(result.ok);
  assert.equal(result.edits.length, 2);
  assert.equal(applied(fixture, result.edits), TEXT.replaceAll('epochs', 'n'));
  assert.equal(referencesAt(context, offset).length, 2);
  assert.equal(highlightsAt(context, offset).length, 2);
  assert.equal(inlayHints(context).length, 1);
});

test('an anchor is a thing with a definition, references, a hover and a name', () => {
  for (const [before, after] of [
    ['<<: ', '*base'],
    ['<<: *b', 'ase'],
    ['third: *ba', 'se'],
    ['third: ', '*base'],
    ['  other: {<', '<: '],
  ] as const) {
    const { context, offset, text } = open(marked(before, after));
    assert.deepEqual(
      definitionsAt(context, offset).map(({ span }) => text.slice(span.start - 1, span.end)),
      ['&base'],
      before + after,
    );
    assert.match(hover(context, offset)?.markdown ?? '', /`&base` · line 4[^]*run: echo[^]*cache: false/);
  }
  const fixture = open(marked('base: &ba', 'se'));
  const result = rename(fixture.context, fixture.offset, 'common');
  assert.ok(result.ok);
  assert.equal(
    applied(fixture, result.edits),
    TEXT.replace('&base', '&common').replaceAll('*base', '*common'),
  );
});

test('an alias means the last anchor of its name above it', () => {
  const { context, offset, text } = open('x-a: &a 1\nx-b: *a\nx-c: &a 2\nx-d: *¦a\ntasks: {}\n');
  assert.deepEqual(
    definitionsAt(context, offset).map(({ span }) => span.start),
    [text.indexOf('&a 2') + 1],
  );
});

test('anchors are offered behind *, and what a merge brings is not offered again', () => {
  const labels = (text: string) => {
    const { context, offset } = open(text);
    return completion(context, offset).items.map(({ label }) => label);
  };
  assert.deepEqual(labels(TEXT.replace('*base, needs', '*¦, needs')), ['base']);
  assert.deepEqual(labels(`${TEXT}  fourth: *b¦\n`), ['base']);
  const block = labels(`${TEXT}  fourth:\n    <<: *base\n    ¦\n`);
  assert.ok(block.includes('inputs'));
  for (const brought of ['run', 'cache', 'check', 'deploy']) assert.ok(!block.includes(brought), brought);
});

test('outputs that an alias repeats are one name, in every task that has it', () => {
  const text = `tasks:
  a: &a
    run: make
    outputs: { m¦: m.txt }
  b: { <<: *a, needs: [a] }
  c: { run: 'use \${{ tasks.a.outputs.m }} \${{ tasks.b.outputs.m }}', cache: false }
`;
  const fixture = open(text);
  const result = rename(fixture.context, fixture.offset, 'model');
  assert.ok(result.ok);
  const plain = text.replace('¦', '');
  assert.equal(
    applied(fixture, result.edits),
    plain.replace('{ m:', '{ model:').replaceAll('outputs.m ', 'outputs.model '),
  );
});

test('two tasks that share their outputs are told of each other, not of a matrix', () => {
  const { context } = open('tasks:\n  a: &a\n    run: make\n    outputs: { m: m.txt }\n  b: *a\n');
  const messages = checkDefinition(context.definition, context.project)
    .filter(({ rule }) => rule === 'graph/duplicate-output')
    .map(({ message }) => message);
  assert.deepEqual(messages, ['"m.txt" is made by "a" too.']);
});

test('x-… keys are a place for anchors in every map of ours', () => {
  const text = `x-base: &base { cache: false }
tasks:
  a:
    <<: *base
    run: echo
    x-note: mine
    retries: { max: 1, x-why: flaky }
`;
  const definition = analyze(parseYaml(text), 'main.pipeline.yaml');
  assert.deepEqual(definition.problems, []);
});

/** Definitions with shared tasks; every name is a word of its own, so that renaming by hand is replacing the word. */
const shared = fc.record({
  tasks: fc.array(
    fc.record({
      how: fc.constantFrom('own', 'alias', 'merge', 'flow'),
      uses: fc.boolean(),
      needs: fc.boolean(),
    }),
    { minLength: 1, maxLength: 6 },
  ),
});

test('a rename is what replacing the word by hand is, and no two edits overlap', () => {
  fc.assert(
    fc.property(shared, fc.nat(), ({ tasks }, pick) => {
      const lines = ['params:', '  pp0: 5', 'tasks:', '  tt0: &aa0'];
      lines.push(
        '    run: echo ${{ params.pp0 }}',
        '    outputs: { oo0: o.txt }',
        '    env: { EE0: "${{ params.pp0 }}" }',
      );
      tasks.forEach(({ how, uses, needs }, at) => {
        const name = `tt${at + 1}`;
        const more = needs ? ', needs: [tt0]' : '';
        if (how === 'alias') lines.push(`  ${name}: *aa0`);
        else if (how === 'merge')
          lines.push(`  ${name}:`, '    <<: *aa0', ...(needs ? ['    needs: [tt0]'] : []));
        else if (how === 'flow') lines.push(`  ${name}: { <<: *aa0${more} }`);
        else
          lines.push(
            `  ${name}: { run: "x ${uses ? '${{ tasks.tt0.outputs.oo0 }}' : '${{ params.pp0 }}'}"${more} }`,
          );
      });
      const text = `${lines.join('\n')}\n`;
      const words = ['pp0', 'tt0', 'oo0', 'aa0'];
      const word = words[pick % words.length] ?? '';
      const places = [...text.matchAll(new RegExp(word, 'g'))].map(({ index }) => index);
      const at = places[pick % places.length] ?? 0;
      const fixture = open(`${text.slice(0, at + 1)}¦${text.slice(at + 1)}`);
      const result = rename(fixture.context, fixture.offset, 'renamed');
      assert.ok(result.ok, text);
      const spans = result.edits.map(({ span }) => span).sort((a, b) => a.start - b.start);
      spans.forEach((span, index) => assert.ok(index === 0 || (spans[index - 1]?.end ?? 0) <= span.start));
      assert.equal(applied(fixture, result.edits), text.replaceAll(word, 'renamed'));
    }),
    { numRuns: cases(300, 20_000) },
  );
});
