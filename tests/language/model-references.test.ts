/** References to registered models over the protocol, beside a command line that changes the registry. */
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import type {
  CompletionItem,
  CompletionList,
  DocumentLink,
  Hover,
  InlayHint,
  Location,
  LocationLink,
  MarkupContent,
  TextDocumentEdit,
  WorkspaceEdit,
} from 'vscode-languageserver/node';
import type { Answer } from '../../server/protocol/index.js';
import { applyEdits, position, positionOf, until, uri } from '../support/lsp-client.js';
import type { LspClient } from '../support/lsp-client.js';
import { modelyard } from '../support/modelyard.js';
import { DATA, registering } from '../support/registering.js';
import { client, folder } from './fixture.js';
import type { TestLike } from './fixture.js';

const BUILD = `name: build\n${registering('aliases: [candidate]').trimStart()}`;
const USE = `name: use
kind: deployment
tasks:
  use:
    cache: false
    run: echo \${{ models.rain@production.path }} \${{ models.rain@candidate.metrics.accuracy }}
  deploy:
    deploy: { package: app, model: rain@production, environment: staging }
`;

interface Setup {
  readonly root: string;
  readonly lsp: LspClient;
  readonly use: string;
  readonly modelyard: (...args: string[]) => Promise<void>;
}

async function setup(t: TestLike, options: Parameters<typeof client>[2] = {}): Promise<Setup> {
  const root = folder(t, {
    'modelyard.yaml': 'name: references\nenvironments:\n  staging: { target: local }\n',
    'build.pipeline.yaml': BUILD,
    'use.pipeline.yaml': USE,
    ...DATA,
  });
  const lsp = await client(t, root, { initializationOptions: { modelCards: true }, ...options });
  const use = path.join(root, 'use.pipeline.yaml');
  await lsp.open(use, USE);
  return {
    root,
    lsp,
    use,
    modelyard: async (...args) => {
      const { code, output } = await modelyard(root, ...args);
      assert.equal(code, 0, output);
    },
  };
}

const aliasRules = async ({ lsp, use }: Setup): Promise<string[]> =>
  (await lsp.rules(use)).filter((rule) => /model|alias/.test(rule));

async function hintLabels({ lsp, use }: Setup): Promise<string[]> {
  const range = { start: { line: 0, character: 0 }, end: position(USE, USE.length) };
  const hints = await lsp.ask<InlayHint[]>('inlayHint', use, undefined, { range });
  return hints.map(({ label }) =>
    typeof label === 'string' ? label : label.map(({ value }) => value).join(''),
  );
}

test('what a terminal does to the registry shows in findings, hints and completions', async (t) => {
  const it = await setup(t);
  const { lsp, use } = it;
  assert.deepEqual(await aliasRules(it), [], 'an empty registry says nothing');

  await it.modelyard('run', 'build');
  await until('production to be unknown', async () => (await aliasRules(it)).length === 2);
  assert.deepEqual(await aliasRules(it), ['reference/unknown-alias', 'reference/unknown-alias']);
  assert.deepEqual(await hintLabels(it), [' = 1']);

  const [refreshes, hintRefreshes] = [lsp.refreshes, lsp.hintRefreshes];
  await it.modelyard('models', 'alias', 'rain@1', 'production');
  await until('production to be known', async () => (await aliasRules(it)).length === 0);
  await until('the editor to be told', () => lsp.refreshes > refreshes && lsp.hintRefreshes > hintRefreshes);
  assert.deepEqual(await hintLabels(it), [' = 1', ' = 1', ' = 1']);

  await it.modelyard('run', 'build', '--param', 'size=4', '--param', 'accuracy=0.9');
  await until('the candidate to move', async () => (await hintLabels(it)).includes(' = 2'));
  assert.deepEqual(await hintLabels(it), [' = 1', ' = 2', ' = 1']);

  const list = await lsp.ask<CompletionList>('completion', use, positionOf(USE, 'production.path'));
  const details = list.items.map(({ label, detail }) => `${label}: ${detail ?? ''}`);
  assert.match(details[0] ?? '', /^candidate: version 2 · accuracy 0\.9 · just now$/);
  assert.match(details[1] ?? '', /^production: version 1 · accuracy 0\.7 · /);
  const candidate = list.items[0]!;
  const resolved = await lsp.request<CompletionItem>('completionItem/resolve', candidate);
  assert.match((resolved.documentation as MarkupContent).value, /\| `accuracy` \| 0\\\.9 \|/);

  await it.modelyard('models', 'rollback', 'rain', 'candidate');
  await until('the candidate to be back', async () => !(await hintLabels(it)).includes(' = 2'));
});

test('hover, jumps, links and their pages', async (t) => {
  const it = await setup(t);
  const { lsp, use, root } = it;
  await it.modelyard('run', 'build');
  await it.modelyard('models', 'alias', 'rain@1', 'production', '--reason', 'first one');
  await until('production to be known', async () => (await hintLabels(it)).length === 3);

  const at = positionOf(USE, 'production', 1, 2);
  const hover = await lsp.ask<Hover>('hover', use, at);
  const { value: text } = hover.contents as MarkupContent;
  assert.match(text, /\*\*rain\*\* · version 1 · `candidate`, `production`/);
  assert.match(text, /`production` was moved here just now by .*: first one/);

  const [card, task, ...others] = await lsp.ask<LocationLink[]>('definition', use, at);
  assert.equal(others.length, 0);
  assert.equal(card?.targetUri, `modelyard-model:/rain/1.md?${encodeURIComponent(uri(root))}`);
  assert.equal(task?.targetUri, uri(path.join(root, 'build.pipeline.yaml')));
  assert.deepEqual(task.targetSelectionRange.start, positionOf(BUILD, 'model: rain', 1, 'model: '.length));
  // What the extension asks to fill the page.
  const answer = await lsp.request<Answer<{ markdown: string }>>('modelyard/modelCard', {
    projectUri: uri(root),
    model: 'rain',
    version: '1',
  });
  assert.ok(answer.ok && answer.markdown.startsWith('# rain, version 1\n'));

  const links = await lsp.ask<DocumentLink[]>('documentLink', use);
  assert.deepEqual(
    links.map(({ target, range }) => [target, range.start]),
    [[card.targetUri, positionOf(USE, 'rain@production', 2)]],
  );
});

test('a client that shows no pages is sent to the task only', async (t) => {
  const it = await setup(t, { initializationOptions: null });
  const { lsp, use, root } = it;
  await it.modelyard('run', 'build');
  await it.modelyard('models', 'alias', 'rain@1', 'production');
  await until('production to be known', async () => (await hintLabels(it)).length === 3);
  const targets = await lsp.ask<LocationLink[]>('definition', use, positionOf(USE, 'production'));
  assert.deepEqual(
    targets.map(({ targetUri }) => targetUri),
    [uri(path.join(root, 'build.pipeline.yaml'))],
  );
  assert.deepEqual(await lsp.ask<DocumentLink[]>('documentLink', use), []);
});

test('a model is renamed in all files', async (t) => {
  const { lsp, use, root } = await setup(t);
  const build = path.join(root, 'build.pipeline.yaml');
  const references = await lsp.ask<Location[]>('references', use, positionOf(USE, 'rain@'), {
    context: { includeDeclaration: true },
  });
  assert.equal(references.length, 4);
  const edit = await lsp.ask<WorkspaceEdit>('rename', use, positionOf(USE, 'rain@'), { newName: 'drizzle' });
  const changed = new Map(
    (edit.documentChanges as TextDocumentEdit[]).map(({ textDocument, edits }) => [textDocument.uri, edits]),
  );
  const after = (text: string, file: string) =>
    applyEdits(text, (changed.get(uri(file)) ?? []) as Parameters<typeof applyEdits>[1]);
  assert.equal(after(USE, use), USE.replaceAll('rain@', 'drizzle@'));
  assert.equal(after(BUILD, build), BUILD.replace('model: rain', 'model: drizzle'));
});
