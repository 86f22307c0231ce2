/** Hostile clients and hostile files: the server answers, and goes on answering. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { cases } from '../support/cases.js';
import { HOSTILE } from '../support/hostile.js';
import { uri as uriOf } from '../support/lsp-client.js';
import { TRAIN, project } from './fixture.js';

const NOTIFICATIONS = [
  'textDocument/didOpen',
  'textDocument/didChange',
  'textDocument/didClose',
  'workspace/didChangeWatchedFiles',
  'workspace/didChangeConfiguration',
  'workspace/didChangeWorkspaceFolders',
  'modelyard/trusted',
];
const REQUESTS = [
  'textDocument/hover',
  'textDocument/completion',
  'textDocument/definition',
  'textDocument/references',
  'textDocument/documentHighlight',
  'textDocument/prepareRename',
  'textDocument/rename',
  'textDocument/codeAction',
  'textDocument/codeLens',
  'textDocument/documentSymbol',
  'textDocument/semanticTokens/full',
  'textDocument/inlayHint',
  'textDocument/diagnostic',
  'workspace/symbol',
  'completionItem/resolve',
];

/** Params with the right keys and anything for their values. */
function hostile(uri: string): fc.Arbitrary<object> {
  const junk = fc.oneof(
    fc.constantFrom<unknown>(
      null,
      5,
      -1,
      1.5,
      1e300,
      true,
      '',
      'x',
      [],
      {},
      uri,
      `${uri}#x`,
      'file:///',
      'untitled:a',
      ':',
    ),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const position = fc.record({ line: junk, character: junk }, { requiredKeys: [] });
  const range = fc.record(
    { start: fc.oneof(position, junk), end: fc.oneof(position, junk) },
    { requiredKeys: [] },
  );
  const change = fc.oneof(
    fc.record({ range: fc.oneof(range, junk), text: junk }, { requiredKeys: [] }),
    junk,
  );
  const document = fc.record(
    { uri: junk, text: junk, version: junk, languageId: junk },
    { requiredKeys: [] },
  );
  return fc.record(
    {
      textDocument: fc.oneof(document, junk),
      contentChanges: fc.oneof(fc.array(change, { maxLength: 3 }), junk),
      changes: fc.oneof(
        fc.array(fc.oneof(fc.record({ uri: junk, type: junk }), junk), { maxLength: 3 }),
        junk,
      ),
      event: fc.oneof(fc.record({ added: junk, removed: junk }), junk),
      settings: junk,
      position: fc.oneof(position, junk),
      range: fc.oneof(range, junk),
      context: fc.oneof(fc.record({ diagnostics: junk, includeDeclaration: junk }), junk),
      newName: junk,
      query: junk,
      label: junk,
      data: junk,
    },
    { requiredKeys: [] },
  );
}

test('2,000 hostile messages neither kill nor poison the server', async (t) => {
  const { lsp, at } = await project(t);
  const other = uriOf(at('train.pipeline.yaml'));
  const messages = fc.sample(
    fc.tuple(fc.constantFrom(...NOTIFICATIONS, ...REQUESTS), hostile(`${other}.nothing.yaml`)),
    { numRuns: cases(2_000, 20_000), seed: 16 },
  );
  let waiting: Promise<unknown>[] = [];
  for (const [method, params] of messages) {
    if (NOTIFICATIONS.includes(method)) await lsp.notify(method, params);
    else waiting.push(lsp.request(method, params).catch(() => undefined));
    if (waiting.length >= 50) {
      await Promise.all(waiting);
      waiting = [];
    }
  }
  await Promise.all(waiting);
  assert.equal(lsp.process.exitCode, null);
  await lsp.notify('textDocument/didOpen', {
    textDocument: { uri: other, languageId: 'yaml', version: 1, text: TRAIN },
  });
  const hover = await lsp.request('textDocument/hover', {
    textDocument: { uri: other },
    position: { line: 5, character: 3 },
  });
  assert.match(JSON.stringify(hover), /epochs/);
});

test('beside more than a hundred hostile definitions every other file is answered', async (t) => {
  const files = Object.fromEntries(
    [3_000, 20_000].flatMap((length) =>
      Object.values(HOSTILE).map((make, index) => [`hostile/${length}-${index}.pipeline.yaml`, make(length)]),
    ),
  );
  assert.ok(Object.keys(files).length >= 100);
  const { lsp, at } = await project(t, { files });
  const uri = uriOf(at('train.pipeline.yaml'));
  await lsp.notify('textDocument/didOpen', {
    textDocument: { uri, languageId: 'yaml', version: 1, text: TRAIN },
  });
  const ask = async (): Promise<number> => {
    const begin = performance.now();
    const hover = await lsp.request('textDocument/hover', {
      textDocument: { uri },
      position: { line: 5, character: 3 },
    });
    assert.match(JSON.stringify(hover), /epochs/);
    return performance.now() - begin;
  };
  const checked = lsp.request('workspace/diagnostic', { previousResultIds: [] });
  const state = { done: false };
  void checked.finally(() => (state.done = true)).catch(() => undefined);
  const during: number[] = [];
  while (!state.done) during.push(await ask());
  await checked;
  during.sort((left, right) => left - right);
  // 200 ms on an idle machine; a busy one is given its time.
  const median = during[Math.floor(during.length / 2)] ?? 0;
  assert.ok(median < 1_000, `half of the hovers took ${median} ms`);
  assert.ok((during.at(-1) ?? 0) < 10_000, `a hover took ${during.at(-1) ?? 0} ms`);
});
