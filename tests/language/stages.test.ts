/** A DVC project in the editor: names across its files, stages with their state, plan and graph. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import type {
  CodeLens,
  CompletionList,
  Hover,
  Location,
  LocationLink,
  MarkupContent,
  TextEdit,
  WorkspaceEdit,
} from 'vscode-languageserver/node';
import type { GraphResult, PipelinesResult, PlanResult, Requests } from '../../server/protocol/index.js';
import type { LspClient } from '../support/lsp-client.js';
import { applyEdits, positionOf, until, uri } from '../support/lsp-client.js';
import { modelyard } from '../support/modelyard.js';
import { client, folder } from './fixture.js';

const DVC = `stages:
  prepare:
    cmd: cp \${data.raw} clean.txt
    deps:
      - \${data.raw}
    outs: [clean.txt]
  train:
    foreach: [us, uk]
    do:
      cmd: echo '{"auc":0.5}' > \${item}.json && cat clean.txt
      deps: [clean.txt]
      params: [train.lr]
      metrics:
        - \${item}.json: {cache: false}
`;

const PARAMS = 'data:\n  raw: raw.txt\ntrain:\n  lr: 0.1\n';

const SUB =
  'stages:\n  report:\n    cmd: cp ../clean.txt report.txt\n    deps: [../clean.txt]\n    outs: [report.txt]\n';

interface Demo {
  readonly root: string;
  readonly lsp: LspClient;
  readonly at: (name: string) => string;
}

async function demo(t: Parameters<typeof folder>[0]): Promise<Demo> {
  const root = folder(t, {
    '.dvc/config': '[core]\n    no_scm = True\n',
    'dvc.yaml': DVC,
    'params.yaml': PARAMS,
    'raw.txt': 'rain\n',
    'sub/dvc.yaml': SUB,
  });
  return { root, lsp: await client(t, root), at: (name) => path.join(root, name) };
}

const said = (hover: Hover | null): string => (hover?.contents as MarkupContent | undefined)?.value ?? '';

function editsOf({ changes, documentChanges = [] }: WorkspaceEdit, file: string): TextEdit[] {
  const versioned = documentChanges.flatMap((one) =>
    'edits' in one && one.textDocument.uri === file ? (one.edits as TextEdit[]) : [],
  );
  return [...versioned, ...(changes?.[file] ?? [])];
}

test('values and paths are gone to, found and renamed across the files', async (t) => {
  const { lsp, at } = await demo(t);
  const [dvc, params, sub] = [at('dvc.yaml'), at('params.yaml'), at('sub/dvc.yaml')];
  await lsp.open(dvc, DVC);
  const lr = positionOf(DVC, 'lr]', 1, 1);
  const [place] = await lsp.ask<LocationLink[]>('definition', dvc, lr);
  assert.equal(place?.targetUri, uri(params));
  assert.deepEqual(place.targetSelectionRange.start, positionOf(PARAMS, 'lr', 1, 0));
  const from = await lsp.ask<LocationLink[]>('definition', sub, positionOf(SUB, '../clean.txt]', 1, 4));
  assert.deepEqual(
    from.map(({ targetUri, targetSelectionRange }) => [targetUri, targetSelectionRange.start]),
    [[uri(dvc), positionOf(DVC, 'clean.txt]', 1, 0)]],
  );

  // Asked in params.yaml, which is no definition, and with text that nobody has saved.
  const typed = `# ours\n${PARAMS}`;
  await lsp.open(params, typed);
  const raw = positionOf(typed, 'raw:', 1, 1);
  const found = await lsp.request<Location[]>('textDocument/references', {
    textDocument: { uri: uri(params) },
    position: raw,
    context: { includeDeclaration: false },
  });
  assert.deepEqual(
    found.map((one) => [one.uri, one.range.start.line]),
    [
      [uri(dvc), 2],
      [uri(dvc), 4],
    ],
  );
  const edit = await lsp.request<WorkspaceEdit>('textDocument/rename', {
    textDocument: { uri: uri(params) },
    position: raw,
    newName: 'source',
  });
  assert.equal(applyEdits(typed, editsOf(edit, uri(params))), typed.replace('raw:', 'source:'));
  assert.equal(applyEdits(DVC, editsOf(edit, uri(dvc))), DVC.replaceAll('data.raw', 'data.source'));

  const moved = await lsp.request<WorkspaceEdit>('textDocument/rename', {
    textDocument: { uri: uri(dvc) },
    position: positionOf(DVC, 'clean.txt]', 1, 1),
    newName: 'out/clean.txt',
  });
  assert.equal(applyEdits(SUB, editsOf(moved, uri(sub))), SUB.replace('[../clean', '[../out/clean'));
  assert.equal(applyEdits(DVC, editsOf(moved, uri(dvc))), DVC.replaceAll('[clean', '[out/clean'));
});

test('completion of values, params and what stages make', async (t) => {
  const { lsp, at } = await demo(t);
  const file = at('dvc.yaml');
  await lsp.open(file, DVC);
  const labels = async (lines: string): Promise<string[]> => {
    const text = DVC.replace('stages:\n', `stages:\n  new:\n${lines}`);
    const offset = text.indexOf('¦');
    const clean = text.replace('¦', '');
    await lsp.replace(file, clean);
    const line = clean.slice(0, offset).split('\n').length - 1;
    const character = offset - (clean.lastIndexOf('\n', offset - 1) + 1);
    const list = await lsp.ask<CompletionList>('completion', file, { line, character });
    return list.items.map(({ label }) => label);
  };
  assert.deepEqual(await labels('    cmd: run ${¦}\n'), ['data', 'train']);
  assert.deepEqual(await labels('    cmd: run ${train.¦}\n'), ['lr']);
  assert.deepEqual(await labels('    cmd: x\n    params:\n      - ¦\n'), [
    'data',
    'data.raw',
    'train',
    'train.lr',
  ]);
  const deps = await labels('    cmd: x\n    deps:\n      - ¦\n');
  assert.ok(deps.includes('clean.txt') && deps.includes('raw.txt'), deps.join());
});

test('stages have their state, and why, before and after a run and after an edit', async (t) => {
  const { root, lsp, at } = await demo(t);
  const file = at('dvc.yaml');
  await lsp.open(file, DVC);
  const prepare = positionOf(DVC, 'prepare', 1, 1);
  // A view waits for its plan, but not for long.
  await until('the state', async () =>
    /Now: \*\*never run\*\*[\s\S]*cmd: cp raw\.txt clean\.txt/.test(
      said(await lsp.ask('hover', file, prepare)),
    ),
  );

  const states = async (): Promise<Record<string, string>> => {
    const { pipelines } = await lsp.request<PipelinesResult>('modelyard/pipelines', {});
    return Object.fromEntries(
      pipelines.flatMap(({ path: file, kind, tasks }) => {
        assert.equal(kind, 'dvc');
        return tasks.map(({ name, instances, staleness }) => [`${file} ${name} ×${instances}`, staleness]);
      }),
    );
  };
  const untilStates = async (wanted: Record<string, string>): Promise<void> => {
    let now = await states();
    for (
      const end = Date.now() + 60_000;
      JSON.stringify(now) !== JSON.stringify(wanted) && Date.now() < end;
    ) {
      lsp.watched([{ file, type: 'changed' }]);
      now = await states();
    }
    assert.deepEqual(now, wanted);
  };
  await untilStates({
    'dvc.yaml prepare ×1': 'never-run',
    // What they read will be another.
    'dvc.yaml train ×2': 'stale',
    'sub/dvc.yaml sub/dvc.yaml:report ×1': 'stale',
  });
  assert.equal((await modelyard(root, 'run', 'dvc.yaml')).code, 0);
  await untilStates({
    'dvc.yaml prepare ×1': 'fresh',
    'dvc.yaml train ×2': 'fresh',
    'sub/dvc.yaml sub/dvc.yaml:report ×1': 'never-run',
  });
  // The lock tells that a stage is up to date, before the record of the run is known.
  const ran = 'Now: **up to date**\n\nLast run: **succeeded**';
  await until('the last run', async () => said(await lsp.ask('hover', file, prepare)).includes(ran));
  const group = said(await lsp.ask('hover', file, positionOf(DVC, 'train:', 1, 1)));
  assert.match(group, /group of 2 stages[\s\S]*- `train@us` · \*\*up to date\*\*/);
  const lenses = await lsp.request<CodeLens[]>('textDocument/codeLens', { textDocument: { uri: uri(file) } });
  assert.ok(
    lenses.some(
      ({ command }) => command?.title.includes('succeeded') === true && command.arguments?.[2] === undefined,
    ),
  );
  assert.ok(
    lenses.some(
      ({ command }) => command?.command === 'modelyard.runTask' && command.arguments?.[1] === 'train',
    ),
  );

  // The whole plan, by the word of the command line.
  writeFileSync(at('params.yaml'), readFileSync(at('params.yaml'), 'utf8').replace('0.1', '0.2'));
  await lsp.watched([{ file: at('params.yaml'), type: 'changed' }]);
  const plan = await lsp.request<PlanResult>('modelyard/plan', { uri: uri(file) });
  assert.deepEqual(
    plan.tasks.map(({ id, decision, reasons }) => [id, decision, reasons]),
    [
      ['prepare', 'up-to-date', []],
      ['train@us', 'run', ['param train.lr changed']],
      ['train@uk', 'run', ['param train.lr changed']],
    ],
  );
});

test('the graph of a file shows the stages of other files that it needs, and where they stand', async (t) => {
  const { lsp, at } = await demo(t);
  const graph = await lsp.request<GraphResult>('modelyard/graph', { uri: uri(at('sub/dvc.yaml')) });
  assert.deepEqual(
    graph.nodes.map(({ id, uri: other, range }) => [id, other, range.start.line]),
    [
      ['prepare', uri(at('dvc.yaml')), 1],
      ['sub/dvc.yaml:report', undefined, 1],
    ],
  );
  assert.deepEqual(graph.edges, [{ from: 'prepare', to: 'sub/dvc.yaml:report', labels: ['clean.txt'] }]);
});

test('data has its size and state, and who keeps it', async (t) => {
  const { root, lsp, at } = await demo(t);
  const data = async (): Promise<unknown> => {
    const { items, problem } = await lsp.request<Requests['modelyard/dvcData']['result']>(
      'modelyard/dvcData',
      {
        projectUri: uri(root),
      },
    );
    assert.equal(problem, undefined);
    return items.map(({ path: file, owner, bytes, state }) => [file, owner, bytes, state]);
  };
  writeFileSync(
    at('far.csv.dvc'),
    'outs:\n- md5: d3b07384d113edec49eaa6238ad5ff00\n  size: 7\n  hash: md5\n  path: far.csv\n',
  );
  const far = ['far.csv', 'far.csv.dvc', 7, 'missing'];
  assert.deepEqual(await data(), [far]);
  assert.equal((await modelyard(root, 'run', 'dvc.yaml')).code, 0);
  assert.deepEqual(await data(), [['clean.txt', 'prepare', 5, 'same'], far]);
  writeFileSync(at('clean.txt'), 'other\n');
  assert.deepEqual(await data(), [['clean.txt', 'prepare', 5, 'changed'], far]);
  rmSync(at('clean.txt'));
  assert.deepEqual(await data(), [['clean.txt', 'prepare', 5, 'cached'], far]);
  rmSync(at('.dvc/cache'), { recursive: true });
  assert.deepEqual(await data(), [['clean.txt', 'prepare', 5, 'missing'], far]);
});
