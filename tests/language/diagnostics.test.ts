import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import type {
  CancellationToken,
  DocumentDiagnosticReport,
  WorkspaceDiagnosticReport,
} from 'vscode-languageserver/node';
import { CancellationTokenSource, LSPErrorCodes } from 'vscode-languageserver/node';
import type { FileStatus } from '../../server/protocol/index.js';
import { position, positionOf, textAt, until, uri } from '../support/lsp-client.js';
import { TRAIN, client, folder, project, write } from './fixture.js';

const BROKEN = TRAIN.replace('params.seed }}', 'params.sead }}');

function errorCode(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}

test('pulled diagnostics follow each change, with result ids', async (t) => {
  const { lsp, at } = await project(t);
  const file = at('train.pipeline.yaml');
  await lsp.open(file, TRAIN);
  const clean = await lsp.pull(file);
  assert.equal(clean.kind, 'full');
  assert.deepEqual(clean.items, []);
  assert.equal((await lsp.pull(file, clean.resultId)).kind, 'unchanged');

  const from = positionOf(TRAIN, 'params.seed', 1, 'params.s'.length);
  await lsp.edit(file, { start: from, end: { ...from, character: from.character + 3 } }, 'ead');
  const broken = await lsp.pull(file, clean.resultId);
  assert.equal(broken.kind, 'full');
  assert.deepEqual(
    broken.items.map((item) => [item.code, item.severity, item.source]),
    [
      ['param/unused', 4, 'modelyard'],
      ['reference/unknown-param', 1, 'modelyard'],
    ],
  );
  const unknown = broken.items[1]!;
  assert.equal(
    textAt(BROKEN, unknown.range),
    'sead',
    'the wrong token is underlined, not the whole expression',
  );
  assert.match(JSON.stringify(unknown.message), /seed/, 'and the right one is named');

  await lsp.edit(file, { start: from, end: { ...from, character: from.character + 3 } }, 'eed');
  assert.deepEqual(await lsp.rules(file), []);
});

test('related information leads to the other places', async (t) => {
  const cycle = 'name: c\ntasks:\n  a: { run: x, needs: [b] }\n  b: { run: y, needs: [a] }\n';
  const { lsp, at } = await project(t);
  await lsp.open(at('c.pipeline.yaml'), cycle);
  const found = (await lsp.diagnostics(at('c.pipeline.yaml'))).find((one) => one.code === 'graph/cycle');
  assert.ok(found?.relatedInformation && found.relatedInformation.length > 0);
  assert.equal(found.relatedInformation[0]?.location.uri, uri(at('c.pipeline.yaml')));
});

test('workspace diagnostics report files that were never opened, and wait for the next change', async (t) => {
  const { lsp, at } = await project(t, {
    // With outputs of its own: two pipelines that write one file are findings of both.
    files: {
      'broken.pipeline.yaml': BROKEN.replace('rain-train', 'broken').replaceAll(/training|models/g, 'broken'),
    },
  });
  const ask = (previousResultIds: { uri: string; value: string }[], token?: CancellationToken) =>
    lsp.request<WorkspaceDiagnosticReport>('workspace/diagnostic', { previousResultIds }, token);
  const { items } = await ask([]);
  const byUri = new Map(items.map((item) => [item.uri, item]));
  assert.deepEqual(
    [...byUri.keys()].sort(),
    [
      'broken.pipeline.yaml',
      'modelyard.yaml',
      'pipelines/nightly.pipeline.yaml',
      'train.pipeline.yaml',
      'weather.features.yaml',
    ].map((name) => uri(at(name))),
  );
  const broken = byUri.get(uri(at('broken.pipeline.yaml')));
  assert.ok(broken?.kind === 'full' && broken.items.some((item) => item.code === 'reference/unknown-param'));
  assert.equal(broken.version, null);

  const known = items.map((item) => ({ uri: item.uri, value: item.resultId! }));
  const later = ask(known);
  rmSync(at('broken.pipeline.yaml'));
  await lsp.watched([{ file: at('broken.pipeline.yaml'), type: 'deleted' }]);
  const answer = await later;
  assert.deepEqual(
    answer.items.map((item) => [item.uri, item.kind === 'full' && item.items.length]),
    // The other one was told that both write the same files.
    [
      [uri(at('train.pipeline.yaml')), 0],
      [uri(at('broken.pipeline.yaml')), 0],
    ],
  );
  assert.ok(lsp.refreshes > 0, 'a client that pulls is told to pull again');

  const source = new CancellationTokenSource();
  // What the answer brought is known, too: else there is something to say at once, before it is cancelled.
  const latest = new Map(known.map((one) => [one.uri, one.value]));
  for (const item of answer.items) latest.set(item.uri, item.resultId!);
  latest.delete(uri(at('broken.pipeline.yaml')));
  const cancelled = ask(
    Array.from(latest, ([one, value]) => ({ uri: one, value })),
    source.token,
  );
  source.cancel();
  await assert.rejects(cancelled, (error) => errorCode(error) === LSPErrorCodes.RequestCancelled);
});

test('clients without pull are pushed to: debounced, with versions, unopened files too', async (t) => {
  const { lsp, at } = await project(t, {
    pull: false,
    files: { 'broken.pipeline.yaml': BROKEN.replace('rain-train', 'broken') },
  });
  assert.equal(lsp.result.capabilities.diagnosticProvider, undefined);
  const unopened = await until('a push for the unopened file', () =>
    lsp.pushed.get(uri(at('broken.pipeline.yaml'))),
  );
  assert.equal(unopened.version, undefined);
  assert.ok(unopened.diagnostics.some((item) => item.code === 'reference/unknown-param'));

  const file = at('train.pipeline.yaml');
  await lsp.open(file, TRAIN);
  await until('a push for the opened file', () => lsp.pushed.get(uri(file))?.version === 1);
  const before = lsp.pushes.length;
  const end = position(TRAIN, TRAIN.length);
  for (const [index, character] of '# note'.split('').entries()) {
    const here = { line: end.line, character: end.character + index };
    await lsp.edit(file, { start: here, end: here }, character);
  }
  await until('a push for the last version', () => lsp.pushed.get(uri(file))?.version === 7);
  const versions = lsp.pushes.slice(before).flatMap((push) => (push.uri === uri(file) ? push.version : []));
  assert.ok(versions.length < 6, `debounced: pushed versions ${versions.join(', ')}`);

  await lsp.replace(file, BROKEN);
  const push = await until('the finding', () => {
    const last = lsp.pushed.get(uri(file));
    return last?.version === 8 && last;
  });
  assert.ok(push.diagnostics.some((item) => item.code === 'reference/unknown-param'));
  rmSync(at('broken.pipeline.yaml'));
  await lsp.watched([{ file: at('broken.pipeline.yaml'), type: 'deleted' }]);
  await until('the findings of the deleted file go', () => {
    const last = lsp.pushed.get(uri(at('broken.pipeline.yaml')));
    return last?.diagnostics.length === 0;
  });
});

test('files are ours by name or by content; the others get nothing', async (t) => {
  const { lsp, at } = await project(t);
  const check = async (name: string, text: string, ours: boolean) => {
    await lsp.open(at(name), text);
    const symbols = await lsp.ask<unknown[] | null>('documentSymbol', at(name));
    assert.equal(symbols !== null && symbols.length > 0, ours, name);
    if (!ours) {
      assert.deepEqual(await lsp.diagnostics(at(name)), [], name);
      assert.equal(await lsp.ask('hover', at(name), { line: 0, character: 0 }), null, name);
      assert.equal(await lsp.ask('completion', at(name), { line: 0, character: 0 }), null, name);
    }
    await lsp.close(at(name));
  };
  const tasks = 'tasks:\n  a: { run: echo, outputs: { x: x.txt } }\n';
  await check('new.pipeline.yaml', tasks, true);
  await check('pipeline.yml', tasks, true);
  await check('any-name.yaml', `kind: model-build\n${tasks}`, true);
  await check('any-name.yml', 'entities:\n  a: { keys: [id] }\nviews: {}\n', true);
  await check('compose.yaml', 'services:\n  web: { image: nginx }\n', false);
  await check('ansible.yaml', 'tasks:\n  - name: install\n', false);
  await check('workflow.yaml', 'on: push\njobs:\n  a: { runs-on: x }\n', false);

  // A file becomes ours, and stops being, as it is typed.
  await lsp.open(at('typed.yaml'), tasks);
  assert.equal(await lsp.ask('documentSymbol', at('typed.yaml')), null);
  await lsp.replace(at('typed.yaml'), `kind: model-build\nparm: {}\n${tasks}`);
  assert.deepEqual(await lsp.rules(at('typed.yaml')), ['schema/unknown-key']);
  await lsp.replace(at('typed.yaml'), tasks);
  assert.deepEqual(await lsp.rules(at('typed.yaml')), []);

  // Documents without a file, too.
  const untitled = 'untitled:Untitled-1';
  await lsp.notify('textDocument/didOpen', {
    textDocument: {
      uri: untitled,
      languageId: 'yaml',
      version: 1,
      text: `kind: model-build\nparm: {}\n${tasks}`,
    },
  });
  const report = await lsp.request<DocumentDiagnosticReport>('textDocument/diagnostic', {
    textDocument: { uri: untitled },
  });
  assert.deepEqual(report.kind === 'full' && report.items.map((item) => item.code), ['schema/unknown-key']);
});

test('hostile requests are answered with errors, and the server lives on', async (t) => {
  const { lsp, at } = await project(t);
  const file = at('train.pipeline.yaml');
  await lsp.open(file, TRAIN);
  const document = { uri: uri(file) };
  const hostile: [string, unknown][] = [
    ['textDocument/hover', { textDocument: document }],
    ['textDocument/hover', { textDocument: document, position: { line: -1, character: 'x' } }],
    ['textDocument/hover', { textDocument: { uri: 7 }, position: { line: 0, character: 0 } }],
    ['textDocument/completion', { textDocument: document, position: null }],
    ['textDocument/definition', { textDocument: document, position: {} }],
    ['textDocument/references', { textDocument: document, position: { line: 0, character: 0 } }],
    ['textDocument/rename', { textDocument: document, position: { line: 0, character: 1 }, newName: 5 }],
    ['textDocument/codeAction', { textDocument: document, range: { start: {}, end: {} } }],
    ['textDocument/codeAction', { textDocument: document }],
    ['textDocument/inlayHint', { textDocument: document }],
    ['textDocument/semanticTokens/range', { textDocument: document, range: 3 }],
    ['textDocument/diagnostic', { textDocument: null }],
    ['workspace/diagnostic', {}],
    ['workspace/symbol', { query: 5 }],
    ['modelyard/graph', {}],
    ['modelyard/graph', null],
    ['modelyard/run', { projectUri: uri(at('')), id: 5 }],
    ['modelyard/runs', { limit: 'all' }],
    ['modelyard/template', { kind: 'spaceship', name: 'x' }],
  ];
  for (const [method, params] of hostile) {
    const answer = lsp.request(method, params);
    await assert.rejects(answer, `${method} ${JSON.stringify(params)}`);
  }
  // Odd, but not wrong: positions past the end, documents nobody knows, run ids that are paths.
  for (const [method, params] of [
    ['textDocument/hover', { textDocument: document, position: { line: 99_999, character: 99_999 } }],
    ['textDocument/hover', { textDocument: { uri: 'nonsense' }, position: { line: 0, character: 0 } }],
    ['textDocument/hover', { textDocument: { uri: 'file:///%00' }, position: { line: 0, character: 0 } }],
    ['modelyard/graph', { uri: 'http://example.com/x.yaml' }],
    ['modelyard/run', { projectUri: uri(path.dirname(file)), id: '../../../etc/passwd' }],
    ['modelyard/run', { projectUri: 'file:///nowhere', id: 'x' }],
  ] as const) {
    assert.equal(await lsp.request(method, params), null, `${method} ${JSON.stringify(params)}`);
  }
  await lsp.notify('textDocument/didChange', {
    textDocument: { uri: uri(file), version: 2 },
    contentChanges: 5,
  });
  await lsp.notify('textDocument/didOpen', {});
  await lsp.notify('workspace/didChangeWatchedFiles', { changes: 'many' });
  await lsp.notify('workspace/didChangeWorkspaceFolders', { event: {} });
  await lsp.notify('workspace/didChangeConfiguration', null);
  const hover = await lsp.ask('hover', file, positionOf(TRAIN, 'epochs', 1, 2));
  assert.notEqual(hover, null);
  assert.ok(lsp.log.length > 0, 'failures are logged');
});

test('a cancelled request is answered as cancelled, and later ones are answered', async (t) => {
  const many = Array.from(
    { length: 4_000 },
    (_, index) =>
      `  t${index}: { run: cat a${index} > a${index + 1}, inputs: [a${index}], outputs: { o: a${index + 1} } }`,
  ).join('\n');
  const root = folder(t, { a0: '' });
  const lsp = await client(t, root);
  const file = path.join(root, 'big.pipeline.yaml');
  await lsp.open(file, `name: big\ntasks:\n${many}\n`);
  const source = new CancellationTokenSource();
  const answers = Array.from({ length: 5 }, () =>
    lsp.request<DocumentDiagnosticReport>(
      'textDocument/diagnostic',
      { textDocument: { uri: uri(file) } },
      source.token,
    ),
  );
  source.cancel();
  const settled = await Promise.allSettled(answers);
  for (const one of settled) {
    if (one.status === 'fulfilled') continue;
    assert.equal(errorCode(one.reason), LSPErrorCodes.RequestCancelled);
  }
  assert.ok(
    settled.some((one) => one.status === 'rejected'),
    'at least one was cancelled',
  );
  assert.deepEqual(await lsp.rules(file), []);
});

test('a pull that a keystroke overtook is given up and asked for again', async (t) => {
  const many = Array.from(
    { length: 3_000 },
    (_, index) =>
      `  t${index}: { run: cat a${index} > a${index + 1}, inputs: [a${index}], outputs: { o: a${index + 1} } }`,
  ).join('\n');
  const root = folder(t, { a0: '' });
  const lsp = await client(t, root, { settings: () => ({ lint: { debounce: 400 } }) });
  const file = path.join(root, 'big.pipeline.yaml');
  await lsp.open(file, `name: big\ntasks:\n${many}\n`);
  await lsp.pull(file);
  // Now the server knows that a check of this file is no trifle, and waits for the end of the typing.
  const overtaken = lsp.pull(file);
  overtaken.catch(() => undefined);
  await lsp.ask('foldingRange', file);
  await lsp.edit(file, { start: { line: 0, character: 9 }, end: { line: 0, character: 9 } }, 'x');
  const end = await Promise.allSettled([overtaken]);
  if (end[0].status === 'rejected') {
    assert.equal(errorCode(end[0].reason), LSPErrorCodes.ServerCancelled);
    assert.deepEqual((end[0].reason as { data?: unknown }).data, { retriggerRequest: true });
  }
  assert.deepEqual(await lsp.rules(file), []);
});

test('the debounce and the severities are settings', async (t) => {
  const { lsp, at, root } = await project(t);
  const file = at('train.pipeline.yaml');
  await lsp.open(file, BROKEN);
  assert.ok((await lsp.rules(file)).includes('reference/unknown-param'));
  lsp.settings = () => ({
    rules: { 'reference/unknown-param': 'off', 'param/unused': 'warning', x: 'nonsense' },
  });
  const refreshes = lsp.refreshes;
  await lsp.notify('workspace/didChangeConfiguration', { settings: null });
  await until('a refresh', () => lsp.refreshes > refreshes);
  const diagnostics = await lsp.diagnostics(file);
  assert.deepEqual(
    diagnostics.map((item) => [item.code, item.severity]),
    [['param/unused', 2]],
  );
  // The project's own settings count where the editor's say nothing.
  write(root, {
    'modelyard.yaml': 'name: rain\nrules: { param/unused: error, reference/unknown-param: hint }\n',
  });
  await lsp.watched([{ file: at('modelyard.yaml'), type: 'changed' }]);
  lsp.settings = () => null;
  await lsp.notify('workspace/didChangeConfiguration', { settings: null });
  await until('the severities of modelyard.yaml', async () => {
    const found = (await lsp.diagnostics(file)).map((item) => `${String(item.code)} ${item.severity}`);
    return found.join() === 'param/unused 1,reference/unknown-param 4';
  });
});

test('a document over 512 KB is looked at when it is saved, and not at each key', async (t) => {
  const tasks = Array.from(
    { length: 60 },
    (_, n) => `  t${n}:\n    description: ${'x'.repeat(9_500)}\n    run: echo\n`,
  );
  const text = `name: large\ntasks:\n${tasks.join('')}`;
  const { lsp, at } = await project(t, {
    files: { 'large.pipeline.yaml': text, 'pipeline.yaml': 'apiVersion: v1\nkind: Pipeline\n' },
    capabilities: { textDocument: { synchronization: { didSave: true } } },
  });
  const file = at('large.pipeline.yaml');
  const status = (name: string) => lsp.request<FileStatus>('modelyard/fileStatus', { uri: uri(at(name)) });
  await lsp.open(file, text);
  assert.ok(!(await lsp.rules(file)).includes('schema/unknown-key'));
  const { resultId } = await lsp.pull(file);
  assert.deepEqual(await status('large.pipeline.yaml'), { checkedWhenSaved: true });
  const hover = () => lsp.ask('hover', file, positionOf(text, 'run: echo', 1, 1));
  assert.ok(await hover());
  await lsp.edit(
    file,
    { start: position(text, text.length), end: position(text, text.length) },
    '  bad: { rum: x }\n',
  );
  assert.equal((await lsp.pull(file, resultId)).kind, 'unchanged');
  assert.equal(await hover(), null, 'nothing is said of places that may have moved');
  const before = lsp.refreshes;
  await lsp.notify('textDocument/didSave', { textDocument: { uri: uri(file) } });
  await until('the client to be asked to look again', () => lsp.refreshes > before);
  assert.ok((await lsp.rules(file)).includes('schema/unknown-key'));
  assert.ok(await hover());
  // Cut down to less, it is looked at as any other.
  await lsp.replace(file, 'name: large\ntasks: { bad: { rum: x } }\n');
  assert.ok((await lsp.rules(file)).includes('schema/unknown-key'));
  assert.deepEqual(await status('large.pipeline.yaml'), {});

  await lsp.open(at('pipeline.yaml'), 'apiVersion: v1\nkind: Pipeline\n');
  assert.deepEqual(await lsp.rules(at('pipeline.yaml')), []);
  assert.deepEqual(await status('pipeline.yaml'), { refused: { as: 'pipeline', because: '`apiVersion`' } });
  // Its Python is that of the machine.
  const { checkedWhenSaved, refused } = await status('train.pipeline.yaml');
  assert.deepEqual([checkedWhenSaved, refused], [undefined, undefined]);
});

test('findings of a dvc.yaml follow its params.yaml, unsaved and on the disk', async (t) => {
  const stages = 'stages:\n  train:\n    cmd: python train.py ${lr}\n';
  const { lsp, at, root } = await project(t, {
    files: { 'dvc.yaml': stages, 'params.yaml': 'rate: 1\n' },
  });
  await lsp.open(at('dvc.yaml'), stages);
  assert.deepEqual(await lsp.rules(at('dvc.yaml')), ['dvc/template']);

  await lsp.open(at('params.yaml'), 'lr: 1\n');
  assert.deepEqual(await lsp.rules(at('dvc.yaml')), []);
  await lsp.close(at('params.yaml'));
  assert.deepEqual(await lsp.rules(at('dvc.yaml')), ['dvc/template']);

  write(root, { 'params.yaml': 'lr: 2\n' });
  lsp.watched([{ file: at('params.yaml'), type: 'changed' }]);
  assert.deepEqual(await lsp.rules(at('dvc.yaml')), []);
});
