import assert from 'node:assert/strict';
import test from 'node:test';
import { fc } from '../../../support/generated/cases.js';
import { analyze } from '../../../../server/definition/read/analyze.js';
import { detectKind } from '../../../../server/definition/detect/ours.js';
import { parseYaml } from '../../../../server/syntax/parse.js';
import { pipelineOf } from '../helpers.js';

/** Problems as `code text`, with the first candidate. */
function problemsOf(text: string, path = 'x.pipeline.yaml'): string[] {
  const definition = analyze(parseYaml(text), path);
  return definition.problems.map(
    ({ code, span, candidates }) =>
      `${code} ${text.slice(span.start, span.end)}${candidates === undefined ? '' : ` → ${candidates[0] ?? ''}`}`,
  );
}

function check(text: string, ...expected: string[]): void {
  assert.deepEqual(problemsOf(text), expected, text);
}

function task(body: string): string {
  return `tasks:\n  train:\n    ${body.replaceAll('\n', '\n    ')}\n`;
}

const DESIGN = `name: rain-train
kind: model-build
description: Will it rain in Seattle tomorrow? Learned from the days before.

params:
  epochs: 200                                        # short form, type inferred
  seed: { type: integer, default: 42, minimum: 0, description: Seed of the split and the trainer. }

tasks:
  features:
    training-set:                                    # a point-in-time join, done by us
      labels: data/labels.csv
      service: rain-v1
      output: data/training.csv
  train:
    run: python3 src/train.py --epochs \${{ params.epochs }} --seed \${{ params.seed }} data/training.csv models/rain.json
    inputs: [src/train.py, data/training.csv]        # the edge to \`features\` follows from the path
    outputs:
      model: models/rain.json
      report: { path: reports/train.html, kind: report }
    metrics: reports/metrics.json
    resources: { cpus: 2, memory: 2GiB, gpus: 0 }
    timeout: 30m
    retries: 1
  quality:
    check: [ "\${{ tasks.train.metrics.accuracy >= 0.7 }}" ]
  register:
    needs: [quality]
    register: { model: rain, from: "\${{ tasks.train.outputs.model }}", aliases: [candidate] }
`;

test('the pipeline of the design is right', () => {
  const { pipeline, problems, syntaxProblems } = pipelineOf(DESIGN);
  assert.deepEqual([problems, syntaxProblems], [[], []]);
  assert.equal(pipeline.name, 'rain-train');
  assert.deepEqual(
    pipeline.params.map((param) => [param.name, param.type, param.default?.value, param.minimum]),
    [
      ['epochs', 'integer', 200, undefined],
      ['seed', 'integer', 42, 0],
    ],
  );
  const [features, train, quality, register] = pipeline.tasks;
  assert.equal(features?.action?.kind, 'training-set');
  const { labels, service, output, createdCutoff } = features.action;
  assert.deepEqual(
    [labels.text, service?.text, output.text, createdCutoff],
    ['data/labels.csv', 'rain-v1', 'data/training.csv', true],
  );
  assert.equal(train?.action?.kind, 'run');
  assert.deepEqual(
    train.outputs.map((output) => [output.name, output.path.text, output.kind, output.cache]),
    [
      ['model', 'models/rain.json', 'model', true],
      ['report', 'reports/train.html', 'report', true],
    ],
  );
  assert.deepEqual(train.resources, { cpus: 2, memoryBytes: 2 * 1024 ** 3, gpus: 0 });
  assert.deepEqual(
    [train.timeoutMs, train.retries],
    [1_800_000, { max: 1, delayMs: 1000, maxDelayMs: 60_000 }],
  );
  assert.deepEqual(
    train.expressions.map((site) => [site.place, site.part.source.trim(), site.whole]),
    [
      ['command', 'params.epochs', false],
      ['command', 'params.seed', false],
    ],
  );
  assert.deepEqual(
    quality?.expressions.map((site) => [site.place, site.whole]),
    [['check', true]],
  );
  assert.deepEqual(
    register?.expressions.map((site) => site.place),
    ['action'],
  );
});

test('keys', () => {
  check(task('rum: x'), 'unknown-key rum → run');
  check(task('run: x\nouput: { a: b }'), 'unknown-key ouput → outputs');
  check(task('run: x\nbanana: 1'), 'unknown-key banana');
  check('tasks: {}\nparms: {}\n', 'unknown-key parms → params');
  check('name: x\n', 'missing-key name: x\n → tasks');
  check('', 'missing-key  → tasks');
  check(task('register: { model: rain }'), 'missing-key register → from');
  check(task('register: { model: rain, from: x, alias: y }'), 'unknown-key alias → aliases');
  check(task('check: [{ that: params.x, mesage: y }]'), 'unknown-key mesage → message');
  check(task('check: [{ data: x.csv }]'), 'missing-key { data: x.csv } → expect');
});

test('exactly one action', () => {
  check(task('description: nothing'), 'one-action train → run');
  check(task('run: x\ncheck: [params.x]'), 'one-action check');
  check(
    task('run: x\nregister: { model: m, from: f }\ndeploy: { package: p, environment: e }'),
    'one-action register',
    'one-action deploy',
  );
});

test('types', () => {
  check('tasks: [a]\n', 'type [a]');
  check('tasks:\n', 'type tasks');
  check('params: 3\ntasks: {}\n', 'type 3');
  check('tasks:\n  a: run it\n', 'type run it');
  check('tasks:\n  a:\n', 'type a');
  check(task('run: { a: b }'), 'type { a: b }');
  check(task('run:'), 'type run');
  check(task('run: x\ncache: "yes"'), 'type "yes"');
  check(task('run: x\nretries: many'), 'type many');
  check(task('run: x\ninputs: { a: b }'), 'missing-key inputs → path', 'unknown-key a');
  check(task('run: x\nresources: { cpus: two }'), 'type two');
  check('- a\n', 'type - a');
});

test('texts that YAML reads as something else', () => {
  check('name: true\ntasks: {}\n');
  check(task('run: 42\nenv: { A: 1, B: true, C: x }\ndescription: 2024'));
  check('params: { v: { type: string, default: 1.10 } }\ntasks: {}\n');
  const { pipeline } = pipelineOf('params: { v: { type: string, default: 1.10 } }\ntasks: {}\n');
  assert.equal(pipeline.params[0]?.default?.value, '1.10');
});

test('values', () => {
  check('kind: model-bild\ntasks: {}\n', 'value model-bild → model-build');
  check(task('run: x\nretries: 101'), 'value 101');
  check(task('run: x\nretries: -1'), 'value -1');
  check(task('run: x\nretries: 1.5'), 'type 1.5');
  check(task('run: x\nresources: { cpus: 0, gpus: -1 }'), 'value 0', 'value -1');
  check(task('run: x\noutputs: { a: { path: b, kind: modle } }'), 'value modle → model');
  check(task('run: x\nneeds: ["${{ params.x }}"]'), 'value "${{ params.x }}"');
  check(task('run: x\nmatrix: { a: [] }'), 'value []');
  check(task('run: x\nif: "${{ params.x }} == 1"'), 'value "${{ params.x }} == 1"');
  check(task('run: x\nif: |\n  ${{ params.x }}'));
  check(task('check: [{ data: x.csv, expect: { columns: { a: { pattern: "(" } } } }]'), 'value "("');
  check(task('service: { name: x, port: 99999 }'), 'value 99999');
  check(task('service: { name: x, port: "${{ params.port }}" }'));
});

test('names, durations, units', () => {
  check('name: my pipe\ntasks: {}\n', 'name my pipe');
  check('tasks:\n  2nd: { run: x }\n', 'name 2nd');
  check('params: { a.b: 1 }\ntasks: {}\n', 'name a.b');
  check(task('run: x\nenv: { A-B: 1 }'), 'name A-B');
  check(task('run: x\nsecrets: [a b]'), 'name a b');
  check(task('run: x\ntimeout: 90'), 'duration 90 → 90s');
  check(task('run: x\ntimeout: 30 minutes'), 'duration 30 minutes → 30m');
  check(task('run: x\nretries: { max: 2, delay: soon }'), 'duration soon');
  check(task('run: x\nresources: { memory: 2gb }'), 'unit 2gb → 2GB');
  check(task('run: x\nresources: { memory: 1024 }'));
});

test('params', () => {
  check('params: { a: { type: integer, default: x } }\ntasks: {}\n', 'param-default x');
  check('params: { a: { default: 5, maximum: 3 } }\ntasks: {}\n', 'param-default 5');
  check('params: { a: { choices: [x, y], default: z } }\ntasks: {}\n', 'param-default z');
  check('params: { a: { default: Abc, pattern: "^[a-z]+$" } }\ntasks: {}\n', 'param-default Abc');
  check('params: { a: { minimum: 5, maximum: 3 } }\ntasks: {}\n', 'value a');
  check('params: { a: { type: integer, x: 1 } }\ntasks: {}\n', 'unknown-key x');
  check('params: { a: { x: 1, b: { y: null } }, c: null, d: {} }\ntasks: {}\n');
  check('params: { a: [1, 2], b: { type: list }, c: { type: object, default: { z: 1 } } }\ntasks: {}\n');
  check('params: { a: "${{ params.b }}" }\ntasks: {}\n', 'value "${{ params.b }}"');
});

test('conditions with and without braces', () => {
  const { pipeline, syntaxProblems } = pipelineOf(
    task('run: x\nif: params.a && failure()') +
      '  gate:\n    check: [tasks.train.metrics.a > 1, { that: params.b, message: "a ${{ params.c }}" }]\n',
  );
  assert.deepEqual(syntaxProblems, []);
  const [train, gate] = pipeline.tasks;
  assert.deepEqual(
    train?.if?.template?.parts.map((part) => part.kind),
    ['expression'],
  );
  assert.deepEqual(
    gate?.expressions.map((site) => [site.place, site.part.source.trim()]),
    [
      ['check', 'tasks.train.metrics.a > 1'],
      ['check', 'params.b'],
      ['message', 'params.c'],
    ],
  );
  assert.equal(gate.action?.kind === 'check' && gate.action.checks.length, 2);
  const broken = pipelineOf(task('run: x\nif: params.a &&'));
  assert.equal(broken.syntaxProblems.length, 1);
  assert.equal(broken.pipeline.tasks[0]?.if?.template?.parts.length, 1);
});

test('expressions of actions that are not built yet are found', () => {
  const { pipeline, problems } = pipelineOf(
    task(
      'register:\n  model: rain\n  from: "${{ tasks.a.outputs.m }}"\n  when: params.x > 1\n  metadata: { deep: [{ x: "${{ git.commit }}" }] }',
    ),
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(
    pipeline.tasks[0]?.expressions.map((site) => [site.place, site.part.source.trim()]),
    [
      ['action', 'tasks.a.outputs.m'],
      ['action', 'params.x > 1'],
      ['action', 'git.commit'],
    ],
  );
});

test('what is wrong does not hide what is right', () => {
  const { pipeline, problems } = pipelineOf(`params: [1]
tasks:
  a: 3
  b: { run: x, outputs: { o: , p: [1], q: ok }, timeout: soon, retries: { max: 2 } }
  b: { run: y }
  c: { run: [x, { y: z }, w], matrix: 7 }
`);
  assert.ok(problems.length >= 5);
  assert.deepEqual(
    pipeline.tasks.map((one) => one.name),
    ['a', 'b', 'c'],
  );
  const [a, b, c] = pipeline.tasks;
  assert.equal(a?.action, undefined);
  assert.deepEqual(
    b?.outputs.map((output) => output.name),
    ['o', 'p', 'q'],
  );
  assert.equal(b.retries.max, 2);
  assert.equal(c?.action?.kind === 'run' && c.action.commands.length, 2);
});

test('names that the file does not say', () => {
  assert.equal(pipelineOf('tasks: {}', 'pipelines/rain.pipeline.yaml').pipeline.name, 'rain');
  assert.equal(pipelineOf('tasks: {}', 'pipeline.yml').pipeline.name, 'pipeline');
  assert.equal(pipelineOf('tasks: {}', 'a/rain/pipeline.yaml').pipeline.name, 'rain');
  assert.equal(pipelineOf('tasks: {}', 'rain/.pipeline.yaml').pipeline.name, 'rain');
});

test('kinds of files', () => {
  assert.equal(detectKind('a/x.pipeline.yaml', ''), 'pipeline');
  assert.equal(detectKind('pipeline.yml', ''), 'pipeline');
  assert.equal(detectKind('weather.features.yaml', ''), 'features');
  assert.equal(detectKind('a\\modelyard.yaml', ''), 'project');
  assert.equal(detectKind('x.json', 'tasks:\nkind: model-build\n'), undefined);
  assert.equal(detectKind('x.yaml', '# hi\nkind: "deployment"\ntasks:\n  a: 1\n'), 'pipeline');
  assert.equal(detectKind('x.yaml', 'kind: Deployment\ntasks:\n'), undefined);
  assert.equal(detectKind('x.yml', 'entities:\n  a: 1\nviews:\n'), 'features');
  assert.equal(detectKind('x.yml', 'views:\n'), undefined);
});

test('features', () => {
  const text = `entities:
  station: { keys: [station_id] }
views:
  weather:
    entity: station
    source: { path: data/seattle-weather.csv, timestamp: observed_at, created: loaded_at }
    transform: |                                     # optional SQL over \`source\`
      select *, avg(precipitation) over (partition by station_id order by observed_at rows 6 preceding) as rain_7d from source
    ttl: 3d
    features:
      rain_7d: { type: double, description: Mean precipitation of the last seven days (mm)., expect: { not-null: true, min: 0 } }
      raining: boolean
services:
  rain-v1: ["weather:rain_7d", weather]
`;
  const definition = analyze(parseYaml(text), 'weather.features.yaml');
  assert.deepEqual(definition.problems, []);
  assert.equal(definition.kind, 'features');
  const { entities, views, services } = definition.features;
  assert.deepEqual(
    entities[0]?.keys.map((one) => one.value),
    ['station_id'],
  );
  assert.deepEqual(
    views[0]?.features.map((one) => [one.name, one.type?.value]),
    [
      ['rain_7d', 'double'],
      ['raining', 'boolean'],
    ],
  );
  assert.equal(views[0].ttlMs, 259_200_000);
  const [first] = services[0]?.features ?? [];
  assert.equal(text.slice(first?.feature?.span.start, first?.feature?.span.end), 'rain_7d');
  assert.equal(text.slice(first?.view.span.start, first?.view.span.end), 'weather');
  const bad = analyze(
    parseYaml('views:\n  w: { source: { path: x, timestmp: y }, features: { a: dobule } }\n'),
    'x.features.yaml',
  );
  assert.deepEqual(
    bad.problems.map((problem) => problem.code),
    ['unknown-key', 'value'],
  );
});

test('the project file', () => {
  const definition = analyze(
    parseYaml(
      'name: rain\nexclude: vendor/**\nrules: { graph/cycle: off, param/unused: loud, nope: error }\ncache: { max-size: 10GiB, max-age: 30d }\nruns: { keep: 5 }\n',
    ),
    'modelyard.yaml',
  );
  assert.equal(definition.kind, 'project');
  const { settings } = definition;
  assert.deepEqual(settings.exclude, ['vendor/**']);
  assert.deepEqual(
    settings.rules.map((rule) => [rule.id.value, rule.severity]),
    [
      ['graph/cycle', 'off'],
      ['nope', 'error'],
    ],
  );
  assert.deepEqual(
    [settings.cache, settings.runs],
    [{ maxBytes: 10 * 1024 ** 3, maxAgeMs: 2_592_000_000 }, { keep: 5 }],
  );
  assert.deepEqual(
    definition.problems.map((problem) => problem.code),
    ['value', 'name'],
  );
  assert.deepEqual(analyze(parseYaml('# nothing yet\n'), 'modelyard.yaml').problems, []);
});

test('no text makes it throw, and aliases cannot blow it up', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (const [at, name] of 'bcdefghi'.split('').entries()) {
    const before = 'abcdefghi'.charAt(at);
    bomb.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(', ')}]`);
  }
  const start = performance.now();
  analyze(
    parseYaml(
      `${bomb.join('\n')}\ntasks: { t: { register: { model: m, from: f, metadata: { x: *i } }, needs: *i } }\n`,
    ),
    'x.pipeline.yaml',
  );
  assert.ok(performance.now() - start < 5000);
  fc.assert(
    fc.property(
      fc.nat(DESIGN.length),
      fc.nat(40),
      fc.string({
        unit: fc.constantFrom(
          'a',
          ':',
          '-',
          '{',
          '}',
          '[',
          ']',
          '&',
          '*',
          '"',
          "'",
          '|',
          '\n',
          ' ',
          '#',
          '$',
          '!',
        ),
        maxLength: 8,
      }),
      (at, cut, put) => {
        const text = DESIGN.slice(0, at) + put + DESIGN.slice(at + cut);
        for (const path of ['x.pipeline.yaml', 'x.features.yaml', 'modelyard.yaml'])
          analyze(parseYaml(text), path);
      },
    ),
    { numRuns: 400 },
  );
});

test('what an incremental parse keeps is analysed to the same', () => {
  fc.assert(
    fc.property(
      fc.nat(DESIGN.length),
      fc.nat(10),
      fc.constantFrom('', 'x', '\n', '  a: 1\n', '${{ params.q }}'),
      (at, cut, put) => {
        const text = DESIGN.slice(0, at) + put + DESIGN.slice(at + cut);
        const before = parseYaml(DESIGN);
        analyze(before, 'x.pipeline.yaml');
        const again = analyze(parseYaml(text, before), 'x.pipeline.yaml');
        const fresh = analyze(parseYaml(text), 'x.pipeline.yaml');
        assert.deepEqual(again.problems, fresh.problems);
        assert.deepEqual(
          again.kind === 'pipeline' && again.pipeline,
          fresh.kind === 'pipeline' && fresh.pipeline,
        );
      },
    ),
    { numRuns: 200 },
  );
});
