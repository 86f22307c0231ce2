/** Pipeline files as people write them, as seeds for mutations, and generators of YAML-like text. */
import { fc } from '../../support/generated/cases.js';

export const SAMPLES: readonly string[] = [
  `name: rain-train
kind: model-build
description: Will it rain in Seattle tomorrow?

params:
  epochs: 200                                        # short form
  seed: { type: integer, default: 42, minimum: 0, description: Seed of the split. }
  rate:
    type: number
    default: 1e-3

tasks:
  features:
    training-set:
      labels: data/labels.csv
      service: rain-v1
      output: data/training.csv
  # the model itself
  train:
    run: python3 src/train.py --epochs \${{ params.epochs }} --seed \${{ params.seed }} data/training.csv
    inputs: [src/train.py, data/training.csv]        # the edge follows from the path
    outputs:
      model: models/rain.json
      report: { path: reports/train.html, kind: report }
    metrics: reports/metrics.json
    resources: { cpus: 2, memory: 2GiB, gpus: 0 }
    timeout: 30m
  quality:
    check: [ "\${{ tasks.train.metrics.accuracy >= 0.7 }}" ]
  register:
    needs: [quality]
    if: success() && params.seed != 0
    register: { model: rain, from: "\${{ tasks.train.outputs['model'] }}", aliases: [candidate] }
`,
  `---
# leading comment
name: 'it''s quoted'
kind: deployment
env:
  GREETING: "tab\\there \${{ params.who == 'x' && \\"y\\" }} \\u00e9"
  LONG: >-
    folded text with
    \${{ contains(params.list,
    'a') }} inside

      and more indented \${{ git.branch }}
tasks:
  shell:
    run:
    - |
      set -e
      # not a comment
      for f in \${{ join(params.files, ' ') }}; do
        echo "$f"
      done

    - |2+
        kept indentation \${{ run.id }}

    -
  matrix:
    matrix:
      lr: [0.1, 0.01]
      model: ["a", b]
      include:
        - { lr: 1, extra: yes }
    run: train \${{ matrix.lr }} \${{ raw(matrix.model) }}
    env: {}
    inputs: []
`,
  `entities:
  station: { keys: [station_id] }
views:
  weather:
    entity: station
    source: { path: data/w.csv, timestamp: observed_at }
    transform: |
      select *, avg(p) over (partition by s) as r from source
    ttl: 3d
    features:
      rain_7d: { type: double, expect: { not-null: true, min: 0 } }
services:
  rain-v1: ["weather:rain_7d"]
`,
  `defaults: &defaults
  cpus: 2
  memory: 1GiB
tasks:
  a: { run: 'true', resources: *defaults }
  b:
    run: 'false'
    resources:
      <<: *defaults
      cpus: 4
`,
  'tasks:\r\n  a:\r\n    run: |\r\n      one ${{ params.a }}\r\n      two\r\n  b:\r\n    run: "x\r\n      y ${{ params.b }}"\r\n',
  'name:\n\ttasks: x\n',
  '{ name: flow, tasks: { a: { run: "x", inputs: [a, b] } } }\n',
];

/** A chain of `count` tasks of eight lines each. */
export function chain(count: number): string {
  const lines = ['name: big', 'kind: model-build', 'params:', '  epochs: 200', 'tasks:'];
  for (let index = 0; index < count; index++) {
    lines.push(
      `  task-${index}:`,
      `    description: Step ${index} of the chain.`,
      `    run: python3 src/step.py --epochs \${{ params.epochs }} data/${index}.csv data/${index + 1}.csv`,
      `    inputs: [src/step.py, data/${index}.csv]`,
      '    outputs:',
      `      data: { path: data/${index + 1}.csv, kind: dataset }`,
      '    timeout: 30m',
      '    retries: 1',
    );
  }
  return `${lines.join('\n')}\n`;
}

const WORDS = [
  'name',
  'tasks',
  'run',
  'a',
  'b c',
  "'q''s'",
  '"d\\n\\x41"',
  '"',
  "'",
  '|',
  '>-',
  '|2+',
  '- ',
  '-',
  '? ',
  ': ',
  ':',
  ' ',
  '  ',
  '    ',
  '\n',
  '\n  ',
  '\n    ',
  '\n      ',
  '\r\n',
  '\t',
  '#',
  ' # c',
  '[',
  ']',
  '{',
  '}',
  ', ',
  '&x ',
  '*x',
  '<<: ',
  '!t ',
  '---\n',
  '...\n',
  '%Y\n',
  '${{',
  '}}',
  '${{ params.x }}',
  '${{ a.',
  "['",
  'tasks.t.outputs',
  ' == ',
  '&&',
  '||',
  '!',
  '(',
  ')',
  '@',
  '0x1F',
  '-1.5e3',
  '~',
  'é',
  '😀',
  '\u2028',
  '\uFEFF',
  '\0',
];

/** Text made of the pieces that YAML and expressions are made of. */
export const yamlish: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...WORDS), { maxLength: 40 })
  .map((words) => words.join(''));

export interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

/** An edit somewhere in a text of any length: `at` is a fraction of it. */
export const anyEdit: fc.Arbitrary<Edit> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.oneof(fc.nat(3), fc.nat(120)),
  insert: fc.oneof(
    fc.constantFrom(...WORDS),
    fc.constantFrom(
      '\n  new-task:\n    run: x\n',
      '\nnew: 1\n',
      'x',
      '',
      '\n',
      '  # modelyard-disable-next-line a/b\n',
    ),
    yamlish,
  ),
});

export function applyEdit(text: string, edit: Edit): string {
  const at = Math.floor(edit.at * text.length);
  return text.slice(0, at) + edit.insert + text.slice(at + edit.remove);
}
