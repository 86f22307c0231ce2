/** Half-written, mutilated and hostile texts: no rule throws, none takes long, and fixes stay inside of the text. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { EXAMPLE_PATH, plainExample } from '../../../server/rules/examples.js';
import { ALL_RULES } from '../../../server/rules/index.js';
import { memoryProject } from '../../support/project.js';
import { fc } from '../../support/generated/cases.js';

const RUNS = 10_000;
/** Of the processor's time, generous. What grows out of hand takes minutes. */
const MAX_MS = 3000;

const seeds = ALL_RULES.flatMap((rule) => [...rule.good, ...rule.bad]).map((example) => {
  const { files, path } = plainExample(example);
  return files[path] ?? '';
});

const pieces = [
  ...[
    '${{',
    '}}',
    '${{ params. }}',
    "${{ tasks['",
    '${{ raw(',
    '${{ matrix.* }}',
    '"',
    "'",
    ':',
    ': ',
    '- ',
    '# ',
  ],
  ...[
    '\n',
    '\n  ',
    '\t',
    '[',
    ']',
    '{',
    '}',
    ',',
    '|\n',
    '>\n',
    '&a ',
    '*a',
    '<<: *a',
    '!!str ',
    '---\n',
    '\u0000',
    '\ud800',
  ],
  ...[
    'needs: [train]\n',
    'matrix: { a: [1, 2], include: [{ a: 3 }] }',
    'if: always()',
    'tasks:',
    'params:',
    '../',
    '*',
  ],
  ...[
    '# modelyard-disable graph/cycle',
    '# modelyard-disable-next-line ',
    'outputs: { a: a, b: a/b }',
    'train',
    '..',
  ],
  ...[
    'pipeline: example',
    'check:\n      - 1 == 1\n',
    'timeout: 0s',
    'é',
    '💥',
    '__proto__: 1\n',
    'constructor',
    '~',
    '0x1F',
  ],
];

interface Mutation {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.oneof(fc.constant(0), fc.nat(6), fc.nat(60)),
  insert: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...pieces) },
    { weight: 2, arbitrary: fc.constantFrom(...seeds).map((seed) => seed.slice(0, 80)) },
    { weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
  ),
});

const mutated = fc
  .tuple(fc.constantFrom(...seeds), fc.array(mutation, { minLength: 1, maxLength: 6 }))
  .map(([seed, mutations]) =>
    mutations.reduce((text, { at, remove, insert }) => {
      const start = Math.floor(at * text.length);
      return text.slice(0, start) + insert + text.slice(start + remove);
    }, seed),
  );

function check(text: string): void {
  const started = process.cpuUsage();
  const project = memoryProject({ [EXAMPLE_PATH]: text }, { disk: ['data/raw.csv'] });
  for (const finding of project.findings(EXAMPLE_PATH)) {
    const spans = [finding.span, ...finding.related.map((related) => related.span)];
    spans.push(...finding.fixes.flatMap((fix) => fix.edits.map((edit) => edit.span)));
    for (const span of spans) {
      assert.ok(
        0 <= span.start && span.start <= span.end && span.end <= text.length,
        `${finding.rule}: ${span.start}–${span.end} of ${text.length}`,
      );
    }
    assert.ok(finding.message.length < 2000, finding.rule);
  }
  const { user, system } = process.cpuUsage(started);
  assert.ok(
    (user + system) / 1000 < MAX_MS,
    `bounded time: ${((user + system) / 1000).toFixed()} ms for ${text.slice(0, 100)}`,
  );
}

test(`${RUNS} mutated pipelines`, () => {
  fc.assert(fc.property(mutated, check), { numRuns: RUNS });
});

test('texts that are meant to hurt', () => {
  const many = Array.from({ length: 2000 }, (_, at) => at);
  const hostile = [
    '',
    '\ufeff',
    'a',
    '- - - -',
    'tasks: ' + '['.repeat(5000),
    'tasks:\n' +
      many
        .map(
          (at) =>
            `  t${at}: { needs: [${many
              .slice(0, 5)
              .map((n) => `t${(at + n) % 2000}`)
              .join(', ')}], run: x }\n`,
        )
        .join(''),
    'tasks:\n' +
      many.map((at) => `  t${at}: { run: x, inputs: [missing-${at}], outputs: { o: same } }\n`).join(''),
    'tasks:\n  a: &a [x, x, x]\n' +
      many
        .slice(0, 30)
        .map((at) => `  b${at}: &b${at} [${'*a, '.repeat(9)}*a]\n`)
        .join(''),
    'tasks:\n  a:\n    run: x\n    matrix: {' +
      many
        .slice(0, 8)
        .map((at) => `k${at}: [${many.slice(0, 9).join(', ')}]`)
        .join(', ') +
      '}\n',
    'tasks:\n' +
      many
        .map(
          (at) =>
            `  t${at}: { needs: [tt${at}, no], run: "\${{ tasks.tx${at}.outputs.y }}", cache: false }\n`,
        )
        .join(''),
    'params:\n' +
      many.map((at) => `  p${at}: 1\n`).join('') +
      'tasks:\n  a:\n    cache: false\n    run:\n' +
      many.map((at) => `      - x \${{ params.q${at} }}\n`).join(''),
    'tasks:\n  a:\n    cache: false\n    run: x\n' + many.map((at) => `    key${at}: 1\n`).join(''),
    'tasks:\n' +
      many.map((at) => `  t${at}: { pipeline: { name: p${at}, params: { q${at}: 1 } } }\n`).join(''),
    '# modelyard-disable ' + many.map((at) => `x/${at}`).join(', '),
    'tasks:\n' +
      many
        .slice(0, 200)
        .map(
          (at) =>
            `  t${at}: { run: x, inputs: ['${'*a'.repeat(40)}${at}'], outputs: { o: ${'a'.repeat(200)}${at} } }\n`,
        )
        .join(''),
    'params:\n' +
      many
        .slice(0, 300)
        .map((at) => `  p${at}: { pattern: '^(a|b)*a(a|b){${300 + at}}c', default: ${'abb'.repeat(200)} }\n`)
        .join(''),
    `params: { p: { pattern: '^(a+)+$', default: ${'a'.repeat(100)}b } }\n`,
    `tasks:\n  a:\n    if: ${'!'.repeat(5000)}true\n    run: x\n`,
    `tasks:\n  a:\n    if: ${'('.repeat(5000)}\n    run: x\n`,
    `tasks:\n  a:\n    run: \${{ ${Array.from({ length: 500 }, () => 'params.x').join(' && ')} }}\n`,
    `tasks:\n  a:\n    inputs: ['${'{a,b}'.repeat(30)}', '${'*'.repeat(300)}a']\n    outputs: { o: ${'a'.repeat(300)} }\n    run: x\n`,
  ];
  for (const text of hostile) check(text);
});
