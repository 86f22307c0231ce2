/** The editor's features on a `dvc.yaml` and the files beside it. `¦` marks the cursor. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { codeLenses } from '../../../server/ide/annotate/code-lenses.js';
import { completion } from '../../../server/ide/complete/completion.js';
import { documentLinks } from '../../../server/ide/navigate/links.js';
import { workspaceSymbols } from '../../../server/ide/navigate/symbols.js';
import { hover } from '../../../server/ide/hover/hover.js';
import { definitionsAt, highlightsAt, referencesAt } from '../../../server/ide/navigate/navigation.js';
import { occurrencesBeside } from '../../../server/ide/navigate/occurrences.js';
import { prepareRename, rename } from '../../../server/ide/navigate/rename.js';
import type { IdeContext } from '../../../server/ide/types.js';
import { applyEdits, memoryProject } from '../../support/project.js';

const DVC = `vars:
  - more.yaml:extra
  - own: { depth: 3 }
stages:
  prepare:
    cmd: python prepare.py \${data.raw} \${own.depth}
    deps:
      - data/raw.csv
      - prepare.py
    outs: [data/clean]
  train:
    foreach: [us, uk]
    do:
      cmd: python train.py \${item} --lr \${train.lr} \${extra.x}
      wdir: src
      deps: ['../data/clean/\${item}.csv', train.py]
      params:
        - train.lr
      outs:
        - ../models/\${item}.bin:
            cache: false
      metrics: ['../metrics/\${item}.json']
  grid:
    matrix:
      model: [cnn, tree]
      size: \${sizes}
    cmd: fit \${item.model} \${item.size} \${key}
    deps: ['data/clean']
    outs: ['grid/\${key}']
  report:
    cmd: |
      report \${train.lr}
      echo done
    deps: [data/clean, conf/report.json]
    params:
      - conf/report.json: [title]
      - sizes
    outs: [report.html]
metrics: [report.html]
`;

const FILES: Readonly<Record<string, string>> = {
  'dvc.yaml': DVC,
  'params.yaml': 'data:\n  raw: x\ntrain:\n  lr: 0.1\n  epochs: 3\nsizes: [1, 2]\n',
  'src/params.yaml': 'train:\n  lr: 0.5\n',
  'more.yaml': 'extra:\n  x: 1\nother: 2\n',
  'conf/report.json': '{"title": "Rain", "size": 3}\n',
  'data/raw.csv.dvc': 'outs:\n- md5: 0123\n  size: 4\n  hash: md5\n  path: raw.csv\n',
  'dvc.lock':
    "schema: '2.0'\nstages:\n  prepare:\n    cmd: x\n  train@us:\n    cmd: y\n  train@uk:\n    cmd: z\n",
  'sub/dvc.yaml':
    'stages:\n  after:\n    cmd: use ../report.html\n    deps: [../report.html]\n    outs: [after.txt]\n',
};

const DISK = ['prepare.py', 'data/raw.csv', 'src/train.py', '.dvc/config'];

interface At {
  readonly context: IdeContext;
  readonly offset: number;
  readonly files: Readonly<Record<string, string>>;
}

/** The project with the cursor before the `nth` occurrence of a text in a file, or somewhat into it. */
function at(file: string, text: string, { nth = 1, into = 1, files = FILES } = {}): At {
  const own = files[file] ?? '';
  let offset = -1;
  for (let count = 0; count < nth; count++) offset = own.indexOf(text, offset + 1);
  assert.notEqual(offset, -1, `${file}: ${text}`);
  return open(file, offset + into, files);
}

function open(file: string, offset: number, files: Readonly<Record<string, string>>): At {
  const definitions = Object.fromEntries(
    Object.entries(files).filter(([name]) => name.endsWith('dvc.yaml') || name.endsWith('.pipeline.yaml')),
  );
  const memory = memoryProject(definitions, { disk: [...DISK, ...Object.keys(files)] });
  const project = {
    ...memory.view,
    text: (path: string) => {
      const found = files[path];
      return found === undefined ? ({ kind: 'missing' } as const) : ({ kind: 'text', text: found } as const);
    },
  };
  const all = [...DISK, ...Object.keys(files)];
  const base: Omit<IdeContext, 'definition'> = {
    project,
    now: Date.parse('2026-01-01T12:00:00.000Z'),
    listFolder: (folder) => {
      const prefix = folder === '' ? '' : `${folder}/`;
      const names = new Map<string, boolean>();
      for (const one of all) {
        if (!one.startsWith(prefix)) continue;
        const [name = '', ...rest] = one.slice(prefix.length).split('/');
        names.set(name, rest.length > 0);
      }
      return [...names].map(([name, isFolder]) => ({ name, folder: isFolder }));
    },
  };
  if (file in definitions)
    return { context: { ...base, definition: memory.definition(file) }, offset, files };
  const owner = memory.definition('dvc.yaml');
  const beside = occurrencesBeside(owner, project).find(({ path }) => path === file);
  assert.ok(beside, `${file} is beside a definition`);
  return { context: { ...base, definition: owner, beside }, offset, files };
}

/** `path:line «text»` */
function shown(
  files: Readonly<Record<string, string>>,
  path: string,
  span: { start: number; end: number },
): string {
  const text = files[path] ?? '';
  return `${path}:${text.slice(0, span.start).split('\n').length} «${text.slice(span.start, span.end)}»`;
}

const definitions = ({ context, offset, files }: At): string[] =>
  definitionsAt(context, offset).map(({ path, span }) => shown(files, path, span));
const references = ({ context, offset, files }: At): string[] =>
  referencesAt(context, offset)
    .map(({ path, span }) => shown(files, path, span))
    .sort();

function renamed(where: At, newName: string): Record<string, string> | string {
  const result = rename(where.context, where.offset, newName);
  if (!result.ok) return result.message;
  const changed: Record<string, string> = {};
  for (const path of new Set(result.edits.map((edit) => edit.path)))
    changed[path] = applyEdits(
      where.files[path] ?? '',
      result.edits.filter((edit) => edit.path === path),
    );
  return changed;
}

test('definitions: where a value, an axis, a path or a stage comes from', () => {
  const table: readonly (readonly [At, readonly string[]])[] = [
    [at('dvc.yaml', 'raw}'), ['params.yaml:2 «raw»']],
    [at('dvc.yaml', 'data.raw'), ['params.yaml:1 «data»']],
    [at('dvc.yaml', 'depth}'), ['dvc.yaml:3 «depth»']],
    [at('dvc.yaml', 'x}'), ['more.yaml:2 «x»']],
    [at('dvc.yaml', 'model}'), ['dvc.yaml:25 «model»']],
    [at('dvc.yaml', 'item}'), ['dvc.yaml:12 «foreach»']],
    [at('dvc.yaml', 'sizes}'), ['params.yaml:6 «sizes»']],
    // Params are those of the folder that the stage runs in, values those beside the file.
    [at('dvc.yaml', 'lr\n      outs', { into: 1 }), ['src/params.yaml:2 «lr»']],
    [at('dvc.yaml', 'lr} ${extra'), ['params.yaml:4 «lr»']],
    [at('dvc.yaml', 'title]'), ['conf/report.json:1 «title»']],
    [at('dvc.yaml', "'data/clean'", { into: 3 }), ['dvc.yaml:10 «data/clean»']],
    [at('dvc.yaml', '../data/clean/${item}'), ['dvc.yaml:10 «data/clean»']],
    [at('dvc.yaml', 'data/raw.csv\n'), ['data/raw.csv.dvc:5 «raw.csv»']],
    [at('sub/dvc.yaml', '../report.html]'), ['dvc.yaml:38 «report.html»']],
    [at('dvc.yaml', 'report.html]', { nth: 2 }), ['dvc.yaml:38 «report.html»']],
    [at('params.yaml', 'lr'), ['params.yaml:4 «lr»']],
    [at('dvc.yaml', 'python prepare'), []],
  ];
  for (const [where, expected] of table)
    assert.deepEqual(definitions(where), expected, JSON.stringify(where.offset));
});

test('references cross the files, asked from either side', () => {
  const lr = ['dvc.yaml:14 «lr»', 'dvc.yaml:32 «lr»', 'params.yaml:4 «lr»'];
  assert.deepEqual(references(at('dvc.yaml', 'lr}')), lr);
  assert.deepEqual(references(at('params.yaml', 'lr')), lr);
  assert.deepEqual(references(at('src/params.yaml', 'lr')), ['dvc.yaml:18 «lr»', 'src/params.yaml:2 «lr»']);
  assert.deepEqual(references(at('dvc.yaml', 'train:', { into: 2 })), [
    'dvc.lock:5 «train»',
    'dvc.lock:7 «train»',
    'dvc.yaml:11 «train»',
  ]);
  assert.deepEqual(references(at('dvc.yaml', 'report.html', { into: 2 })), [
    'dvc.yaml:38 «report.html»',
    'dvc.yaml:39 «report.html»',
    'sub/dvc.yaml:4 «../report.html»',
  ]);
  assert.equal(highlightsAt(at('dvc.yaml', 'lr}').context, at('dvc.yaml', 'lr}').offset).length, 2);
});

test('a rename changes every file, and each in its own words', () => {
  assert.deepEqual(renamed(at('params.yaml', 'lr'), 'rate'), {
    'dvc.yaml': DVC.replace('--lr ${train.lr}', '--lr ${train.rate}').replace(
      'report ${train.lr}',
      'report ${train.rate}',
    ),
    'params.yaml': (FILES['params.yaml'] ?? '').replace('lr', 'rate'),
  });
  assert.deepEqual(renamed(at('dvc.yaml', 'prepare:'), 'clean'), {
    'dvc.yaml': DVC.replace('  prepare:', '  clean:'),
    'dvc.lock': (FILES['dvc.lock'] ?? '').replace('prepare', 'clean'),
  });
  assert.deepEqual(renamed(at('dvc.yaml', 'model: ['), 'kind'), {
    'dvc.yaml': DVC.replace('model: [cnn', 'kind: [cnn').replace('item.model', 'item.kind'),
  });
  assert.deepEqual(renamed(at('sub/dvc.yaml', '../report.html]'), '../out/report.html'), {
    'dvc.yaml': DVC.replaceAll('[report.html]', '[out/report.html]'),
    'sub/dvc.yaml': (FILES['sub/dvc.yaml'] ?? '').replace('[../report.html]', '[../out/report.html]'),
  });
  assert.deepEqual(renamed(at('dvc.yaml', 'data/raw.csv\n'), 'data/rain.csv'), {
    'dvc.yaml': DVC.replace('- data/raw.csv', '- data/rain.csv'),
    'data/raw.csv.dvc': (FILES['data/raw.csv.dvc'] ?? '').replace('raw.csv', 'rain.csv'),
  });
});

test('what a rename can not do is said', () => {
  const table: readonly (readonly [At, string, RegExp])[] = [
    [at('dvc.yaml', 'item}'), 'x', /DVC's own word/],
    [at('dvc.yaml', '../models/${item}'), 'x', /Line 20 of dvc.yaml does not write "models\/u[sk]\.bin"/],
    [at('dvc.yaml', 'prepare:'), 'report', /already is a task called "report"/],
    [at('params.yaml', 'lr'), 'epochs', /already is a param of the group "train" called "epochs"/],
    [at('dvc.yaml', 'report.html]'), 'data/clean/x.html', /already is "data\/clean"/],
    [at('dvc.yaml', 'report.html]'), '../x.html', /leads out of the project/],
    [at('dvc.yaml', 'report.html]'), 'a, b.html', /stand in quotes/],
  ];
  for (const [where, newName, message] of table) {
    const result = renamed(where, newName);
    assert.ok(typeof result === 'string', JSON.stringify(result));
    assert.match(result, message);
  }
  const target = prepareRename(
    at('sub/dvc.yaml', '../report').context,
    at('sub/dvc.yaml', 'report.html]').offset,
  );
  assert.equal(target.ok && target.placeholder, '../report.html');
});

test('hover: what a stage comes to, where a value is from, who makes a path', () => {
  const said = (where: At, more: Partial<IdeContext> = {}): string =>
    hover({ ...where.context, ...more }, where.offset)?.markdown ?? '';
  const state: Partial<IdeContext> = {
    taskState: (task) =>
      task === 'prepare' ? { staleness: 'stale', reasons: ['input prepare.py changed'] } : undefined,
  };
  assert.equal(
    said(at('dvc.yaml', 'prepare:'), state),
    '**prepare** · stage\n\nNow: **would run**: input prepare\\.py changed\n\n```yaml\nprepare:\n  cmd: python prepare.py x 3\n  deps:\n  - data/raw.csv\n  - prepare.py\n  outs:\n  - data/clean\n```',
  );
  const group = said(at('dvc.yaml', 'train:'));
  assert.match(group, /^\*\*train\*\* · group of 2 stages\n\n- `train@us`\n- `train@uk`\n\n```yaml/);
  assert.match(group, /cmd: python train\.py us --lr 0\.1 1\n/);
  assert.equal(
    said(at('dvc.yaml', 'lr}')),
    '**train\\.lr**\n\n`params.yaml`, line 4\n\n```yaml\nlr: 0.1\n```',
  );
  assert.match(said(at('dvc.yaml', 'model}')), /model: \[cnn, tree\]/);
  assert.match(said(at('dvc.yaml', 'data/raw.csv\n')), /a file\n\nTracked by `data\/raw\.csv\.dvc`$/);
  assert.match(said(at('sub/dvc.yaml', '../report.html]')), /Made by \*\*report\*\*$/);
  // Keys keep what the schema says of them.
  assert.match(said(at('dvc.yaml', 'deps:')), /Files and folders that it reads/);
});

test('completion: values behind ${, params, paths from where they are written', () => {
  const labels = (text: string, file = 'dvc.yaml'): string[] => {
    const offset = text.indexOf('¦');
    const files = { ...FILES, [file]: text.replace('¦', '') };
    return completion(open(file, offset, files).context, offset).items.map(({ label }) => label);
  };
  const stage = (lines: string): string =>
    DVC.replace('metrics: [report.html]\n', '').replace('stages:\n', `stages:\n  new:\n${lines}`);
  assert.deepEqual(labels(stage('    cmd: run ${¦\n')), ['data', 'train', 'sizes', 'extra', 'own']);
  assert.deepEqual(labels(stage('    cmd: run ${train.¦}\n')), ['lr', 'epochs']);
  assert.deepEqual(labels(stage('    cmd: run \\${¦}\n')).includes('train'), false);
  assert.deepEqual(labels(stage('    matrix:\n      model: [a, b]\n    cmd: run ${item.¦}\n')), ['model']);
  assert.ok(labels(stage('    foreach: [a]\n    do:\n      cmd: run ${¦}\n')).includes('item'));
  assert.deepEqual(labels(stage('    cmd: x\n    params:\n      - ¦\n')), [
    'data',
    'data.raw',
    'train',
    'train.lr',
    'train.epochs',
    'sizes',
  ]);
  assert.deepEqual(labels(stage('    cmd: x\n    wdir: src\n    params:\n      - ¦\n')), [
    'train',
    'train.lr',
  ]);
  assert.deepEqual(labels(stage('    cmd: x\n    params:\n      - conf/report.json: [¦]\n')), [
    'title',
    'size',
  ]);
  const deps = labels(stage('    cmd: x\n    wdir: src\n    deps:\n      - ¦\n'));
  assert.ok(
    deps.includes('train.py') && deps.includes('../data/clean') && deps.includes('../report.html'),
    deps.join(),
  );
  assert.ok(labels(stage('    ¦\n')).includes('cmd'));
  assert.ok(labels('stages:\n  ¦\n').includes('stage: matrix'));
});

test('lenses: the file, each stage, and each group once', () => {
  const { context } = at('dvc.yaml', 'prepare:');
  const lenses = codeLenses({
    ...context,
    history: {
      pipeline: () => ({ runId: 'r1', status: 'succeeded', at: '2026-01-01T11:57:00.000Z' }),
      task: (pipeline, task) =>
        pipeline === 'dvc.yaml' && task === 'train'
          ? { runId: 'r1', status: 'failed', at: '2026-01-01T11:57:00.000Z', metrics: {} }
          : undefined,
      questions: () => [],
    },
  });
  const of = (task: string | undefined): string[] =>
    lenses.flatMap(({ title, command }) => (command.task === task ? [title] : []));
  assert.deepEqual(of(undefined), ['$(play) Run', 'Plan', 'Graph', '$(pass) succeeded 3 minutes ago']);
  assert.deepEqual(of('train'), ['$(play) Run', 'Plan', 'Graph', '$(error) failed 3 minutes ago']);
  assert.deepEqual(
    [...new Set(lenses.flatMap(({ command }) => command.task ?? []))],
    ['prepare', 'train', 'grid', 'report'],
  );
  const sub = codeLenses(at('sub/dvc.yaml', 'after').context);
  assert.deepEqual([...new Set(sub.flatMap(({ command }) => command.task ?? []))], ['sub/dvc.yaml:after']);
});

test('paths of files are links, and stages are found by name', () => {
  const { context } = at('dvc.yaml', 'prepare:');
  assert.deepEqual(
    documentLinks(context).map(({ path }) => path),
    ['data/raw.csv', 'prepare.py', 'src/train.py', 'conf/report.json'],
  );
  assert.deepEqual(
    workspaceSymbols(context.project, 'rep').map(({ name, path }) => `${path} ${name}`),
    ['dvc.yaml prepare', 'dvc.yaml report'],
  );
});

test('one stage that can not be filled leaves the others as they are', () => {
  const files = {
    ...FILES,
    'dvc.yaml': `${DVC.replace('metrics: [report.html]\n', '')}  broken:\n    cmd: run \${nothing}\n`,
  };
  assert.deepEqual(definitions(at('dvc.yaml', 'lr}', { files })), ['params.yaml:4 «lr»']);
  const { context, offset } = at('dvc.yaml', 'broken:', { files });
  assert.match(hover(context, offset)?.markdown ?? '', /can’t run the stage "broken"/);
});
