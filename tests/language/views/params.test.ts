/** Params in the editor: what a person may answer, by the same word as the command line's; groups of them in the text. */
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import type {
  CompletionList,
  Hover,
  Location,
  LocationLink,
  MarkupContent,
  TextEdit,
  WorkspaceEdit,
} from 'vscode-languageserver/node';
import type { ParamSummary, PipelinesResult } from '../../../server/protocol/index.js';
import type { LspClient } from '../../support/lsp-client.js';
import { applyEdits, positionOf, uri } from '../../support/lsp-client.js';
import { modelyard } from '../../support/modelyard.js';
import { client, folder } from '../fixture.js';

const PIPELINE = `name: demo
params:
  version: 3.10
  rate: { type: number, default: 0.5, minimum: 0, maximum: 1 }
  size: { choices: [1, 2.50], default: 1 }
  word: { type: string, pattern: '^[a-z]+$' }
  seed: { type: integer, default: null }
  fast: false
  model: { lr: 0.1, net: { depth: 3 } }
tasks:
  show:
    run: echo \${{ params.version }} \${{ params.model.lr }} \${{ params.model.net.depth }}
  again:
    run: echo \${{ params.model.lr }}
`;

async function demo(
  t: Parameters<typeof folder>[0],
): Promise<{ root: string; lsp: LspClient; file: string }> {
  const root = folder(t, { 'demo.pipeline.yaml': PIPELINE });
  return { root, lsp: await client(t, root), file: path.join(root, 'demo.pipeline.yaml') };
}

function editsOf({ changes, documentChanges = [] }: WorkspaceEdit, file: string): TextEdit[] {
  const versioned = documentChanges.flatMap((one) =>
    'edits' in one && one.textDocument.uri === file ? (one.edits as TextEdit[]) : [],
  );
  return [...versioned, ...(changes?.[file] ?? [])];
}

test('what may be answered is what --param takes, digit by digit', async (t) => {
  const { root, lsp, file } = await demo(t);
  const { pipelines } = await lsp.request<PipelinesResult>('modelyard/pipelines', {});
  const expected: readonly ParamSummary[] = [
    { name: 'version', type: 'number', default: '3.10' },
    { name: 'rate', type: 'number', default: '0.5' },
    { name: 'size', type: 'number', default: '1', choices: ['1', '2.50'] },
    { name: 'word', type: 'string' },
    { name: 'seed', type: 'integer', optional: true },
    { name: 'fast', type: 'boolean', default: 'false', choices: ['true', 'false'] },
    { name: 'model.lr', type: 'number', default: '0.1' },
    { name: 'model.net.depth', type: 'integer', default: '3' },
  ];
  assert.deepEqual(pipelines[0]?.params, expected);

  const good = { version: '3.1', rate: '1e-3', size: '2.5', word: 'abc', seed: '', fast: 'TRUE', 'model.lr': '0.20', 'model.net.depth': '12345678901234567890' }; // prettier-ignore
  const bad = { version: 'x', rate: '1.5', size: '2', word: 'A', seed: '0.5', fast: 'yes', 'model.lr': '', model: '1' }; // prettier-ignore
  const problems = async (params: Readonly<Record<string, string>>) =>
    (
      await lsp.request<{ problems: Record<string, string> }>('modelyard/checkParams', {
        uri: uri(file),
        params,
      })
    ).problems;
  assert.deepEqual(await problems(good), {});
  const said = await problems(bad);
  assert.deepEqual(Object.keys(said), Object.keys(bad));
  assert.match(said['rate'] ?? '', /more than its maximum 1\.$/);

  const given = (params: Readonly<Record<string, string>>) =>
    Object.entries(params).flatMap(([name, value]) => ['--param', `${name}=${value}`]);
  assert.equal((await modelyard(root, 'plan', 'demo', ...given(good))).code, 0);
  const refused = await modelyard(root, 'plan', 'demo', ...given(bad));
  assert.equal(refused.code, 2);
  for (const name of Object.keys(bad)) assert.ok(refused.output.includes(`param "${name}"`), name);
  await assert.rejects(lsp.request('modelyard/checkParams', { uri: uri(file), params: { rate: 1 } }));
});

test('params of groups: completion, hover, definition, references, rename', async (t) => {
  const { lsp, file } = await demo(t);
  const typing = PIPELINE.replace('echo ${{ params.model.lr }}\n', 'echo ${{ params.model. }}\n');
  await lsp.open(file, typing);
  const labels = async (text: string, anchor: string, occurrence: number) => {
    await lsp.replace(file, text);
    const at = positionOf(text, anchor, occurrence, anchor.length);
    return (await lsp.ask<CompletionList>('completion', file, at)).items.map((item) => item.label);
  };
  assert.deepEqual(await labels(typing, 'params.model.', 3), ['lr', 'net']);
  const deeper = typing.replace('params.model. }}', 'params.model.net. }}');
  assert.deepEqual(await labels(deeper, 'params.model.net.', 2), ['depth']);

  await lsp.replace(file, PIPELINE);
  const use = positionOf(PIPELINE, 'params.model.lr', 1, 'params.model.'.length);
  const hover = await lsp.ask<Hover>('hover', file, use);
  assert.match((hover.contents as MarkupContent).value, /model\\\.lr[\s\S]*number[\s\S]*0\.1/);
  const [place] = await lsp.ask<LocationLink[]>('definition', file, use);
  assert.deepEqual(place?.targetSelectionRange.start, positionOf(PIPELINE, 'lr: 0.1', 1, 0));
  const references = await lsp.request<Location[]>('textDocument/references', {
    textDocument: { uri: uri(file) },
    position: use,
    context: { includeDeclaration: true },
  });
  assert.equal(references.length, 3);
  const edit = await lsp.request<WorkspaceEdit>('textDocument/rename', {
    textDocument: { uri: uri(file) },
    position: use,
    newName: 'rate',
  });
  assert.equal(
    applyEdits(PIPELINE, editsOf(edit, uri(file))),
    PIPELINE.replace('lr: 0.1', 'rate: 0.1').replaceAll('params.model.lr', 'params.model.rate'),
  );
});

const FROM = `params:
  from: params.yaml
tasks:
  show:
    run: echo \${{ params.model.lr }}
`;

test('params of files: completion, hover, jumps and renames in both files', async (t) => {
  const values = 'model:\n  lr: 0.10\n  depth: 3\n';
  const root = folder(t, { 'demo.pipeline.yaml': FROM, 'params.yaml': values });
  const lsp = await client(t, root);
  const pipeline = path.join(root, 'demo.pipeline.yaml');
  const params = path.join(root, 'params.yaml');
  await lsp.open(pipeline, FROM);
  await lsp.open(params, values);
  const use = positionOf(FROM, 'lr }}');
  const hover = await lsp.ask<Hover>('hover', pipeline, use);
  assert.match((hover.contents as MarkupContent).value, /default `0\.10`[\s\S]*from `params\.yaml:2`/);
  const [target] = await lsp.ask<(LocationLink | Location)[]>('definition', pipeline, use);
  assert.ok(target !== undefined);
  assert.equal('targetUri' in target ? target.targetUri : target.uri, uri(params));
  for (const [file, where] of [
    [pipeline, use],
    [params, positionOf(values, 'lr:')],
  ] as const) {
    const edit = await lsp.ask<WorkspaceEdit>('rename', file, where, { newName: 'rate' });
    assert.equal(applyEdits(FROM, editsOf(edit, uri(pipeline))).includes('params.model.rate'), true);
    assert.equal(applyEdits(values, editsOf(edit, uri(params))), values.replace('lr', 'rate'));
  }
  const list = await lsp.ask<CompletionList>('completion', pipeline, use);
  assert.ok(list.items.some(({ label }) => label === 'depth'));
});
