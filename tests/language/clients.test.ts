/**
 * What clients can take is what they are sent. The capabilities in `clients/` were recorded by pytest-lsp (MIT, © Alex
 * Carney) from the editors themselves.
 */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import * as protocol from 'vscode-languageserver/node';
import type {
  ClientCapabilities,
  CodeAction,
  CodeLens,
  Command,
  CompletionItem,
  CompletionList,
  DocumentLink,
  DocumentSymbol,
  FoldingRange,
  Hover,
  InlayHint,
  Location,
  LocationLink,
  SymbolInformation,
  WorkspaceEdit,
} from 'vscode-languageserver/node';
import { type LspClient, position, positionOf, until as untilSoon, uri } from '../support/lsp-client.js';
import { NIGHTLY, client, folder, project } from './fixture.js';

/** Generous: a busy machine takes minutes to start a server. */
const until = <T>(what: string, ask: () => T | undefined | false): Promise<T> =>
  untilSoon(what, ask, 180_000);

interface Recorded {
  readonly clientInfo?: { readonly name: string };
  readonly capabilities: ClientCapabilities;
}

const recorded = (name: string): Recorded =>
  JSON.parse(readFileSync(path.join('tests/language/clients', `${name}.json`), 'utf8')) as Recorded;

const CLIENTS: Readonly<Record<string, Recorded>> = {
  plain: { capabilities: {} },
  'Emacs 29.1 (eglot)': recorded('emacs-29.1'),
  'Neovim 0.9.1': recorded('neovim-0.9.1'),
  'Neovim 0.11.0': recorded('neovim-0.11.0'),
  'VS Code 1.65.2': recorded('vscode-1.65.2'),
};

/** An unused param, a task that is needed twice over, and a task that isn't there. */
const FAULTY = `# Two lines of a comment,
# which fold.
name: faulty
params:
  unused: 1
tasks:
  prep: { run: cat data/raw.csv > a.txt, inputs: [data/raw.csv], outputs: { text: a.txt } }
  use: { run: wc a.txt > b.txt, needs: prep, inputs: [a.txt], outputs: { count: b.txt } }
  gate: { check: ['tasks.usee.metrics.rows > 1'] }
`;

/** Everything that a person in an editor would ask for. */
async function askAll(lsp: LspClient, file: string) {
  const text = FAULTY;
  const end = position(text, text.length);
  const whole = { start: { line: 0, character: 0 }, end };
  const pulls = lsp.result.capabilities.diagnosticProvider !== undefined;
  const diagnostics = pulls
    ? await lsp.diagnostics(file)
    : await until('findings', () => {
        const { diagnostics: pushed } = lsp.pushed.get(uri(file)) ?? { diagnostics: [] };
        return pushed.length > 0 && pushed;
      });
  const completions = await lsp.ask<CompletionList>('completion', file, positionOf(text, 'prep:', 1, 0));
  const fresh = path.join(path.dirname(file), 'fresh.pipeline.yaml');
  await lsp.open(fresh, '\n');
  const atStart = await lsp.ask<CompletionList>('completion', fresh, { line: 0, character: 0 });
  const actions = lsp.result.capabilities.codeActionProvider;
  return {
    diagnostics,
    items: [...completions.items, ...atStart.items],
    resolved: await lsp.request<CompletionItem>(
      'completionItem/resolve',
      atStart.items.find(({ data }) => data !== undefined),
    ),
    hover: await lsp.ask<Hover>('hover', file, positionOf(text, 'prep:', 1, 1)),
    symbols: await lsp.ask<(DocumentSymbol | SymbolInformation)[]>('documentSymbol', file),
    found: await lsp.request<SymbolInformation[]>('workspace/symbol', { query: '' }),
    actions:
      actions === undefined
        ? undefined
        : await lsp.ask<(CodeAction | Command)[]>('codeAction', file, undefined, {
            range: whole,
            context: { diagnostics },
          }),
    lenses: await lsp.ask<CodeLens[]>('codeLens', file),
    links: await lsp.ask<DocumentLink[]>('documentLink', file),
    folds: await lsp.ask<FoldingRange[]>('foldingRange', file),
    hints: await lsp.ask<InlayHint[]>('inlayHint', file, undefined, { range: whole }),
    definitions: await lsp.ask<(Location | LocationLink)[]>(
      'definition',
      file,
      positionOf(text, 'needs: prep', 1, 8),
    ),
    rename: await lsp.ask<WorkspaceEdit>('rename', file, positionOf(text, 'prep:', 1, 1), {
      newName: 'made',
    }),
  };
}

for (const [name, { clientInfo, capabilities: can }] of Object.entries(CLIENTS)) {
  test(`${name} is sent what it can take and nothing else`, async (t) => {
    const { lsp, at } = await project(t, {
      files: { 'faulty.pipeline.yaml': FAULTY },
      only: true,
      capabilities: can,
      initializationOptions: null,
      params: { clientInfo: clientInfo ?? null },
    });
    const file = at('faulty.pipeline.yaml');
    await lsp.open(file, FAULTY);
    const got = await askAll(lsp, file);
    const { capabilities: offered } = lsp.result;
    const doc = can.textDocument ?? {};

    const all = JSON.stringify(got);
    assert.equal(/.{20}\$\([a-z].{20}/.exec(all)?.[0], undefined, 'icons of VS Code');
    const foreign = /"command":"(?:editor|modelyard)/;
    assert.equal(foreign.exec(all)?.[0], undefined, 'commands that nobody announced');
    const outside = /"(?:line|character|startLine|endLine)":(?!\d+[,}]).{10}/;
    assert.equal(outside.exec(all)?.[0], undefined, 'a position is an unsigned integer');
    assert.deepEqual([got.lenses, offered.codeLensProvider], [[], undefined]);

    const wanted = doc.hover?.contentFormat?.[0] ?? 'plaintext';
    const { kind, value } = got.hover.contents as protocol.MarkupContent;
    assert.equal(kind, wanted);
    if (wanted === 'plaintext') assert.match(value, /^prep · run/);
    else assert.match(value, /^\*\*prep\*\* · run/);

    const item = doc.completion?.completionItem ?? {};
    assert.ok(got.items.length > 8, String(got.items.length));
    for (const one of got.items) {
      assert.ok(one.insertTextFormat !== 2 || item.snippetSupport === true, one.label);
      assert.ok(one.insertTextMode === undefined || item.insertTextModeSupport !== undefined, one.label);
      const known = doc.completion?.completionItemKind?.valueSet;
      assert.ok(
        (one.kind ?? 0) <= 18 || known?.includes(one.kind ?? 1) === true,
        `${one.label} ${one.kind ?? 0}`,
      );
      if (item.snippetSupport !== true) assert.doesNotMatch(one.textEdit?.newText ?? '', /\$\{?\d/);
    }
    const { documentation } = got.resolved;
    assert.equal(
      typeof documentation === 'object' && documentation.kind,
      item.documentationFormat?.[0] ?? 'plaintext',
    );

    const tree = doc.documentSymbol?.hierarchicalDocumentSymbolSupport === true;
    assert.ok(got.symbols.length > 0);
    for (const symbol of got.symbols) assert.equal('selectionRange' in symbol, tree);
    for (const symbol of [...got.symbols, ...got.found]) {
      const known = ('selectionRange' in symbol ? doc.documentSymbol : can.workspace?.symbol)?.symbolKind
        ?.valueSet;
      assert.ok(symbol.kind <= 18 || known?.includes(symbol.kind) === true, `${symbol.name} ${symbol.kind}`);
    }

    assert.deepEqual(got.diagnostics.map(({ code }) => code).sort(), [
      'graph/redundant-needs',
      'param/unused',
      'reference/unknown-task',
    ]);
    const { tagSupport, relatedInformation, codeDescriptionSupport } = doc.publishDiagnostics ?? {};
    for (const finding of got.diagnostics) {
      assert.ok(finding.tags === undefined || tagSupport !== undefined);
      assert.ok(finding.relatedInformation === undefined || relatedInformation === true);
      assert.equal(
        finding.codeDescription !== undefined,
        codeDescriptionSupport === true,
        String(finding.code),
      );
    }
    if (tagSupport !== undefined) assert.ok(got.diagnostics.some(({ tags }) => tags?.includes(1) === true));
    for (const { version } of lsp.pushes)
      assert.ok(version === undefined || doc.publishDiagnostics?.versionSupport === true);

    if (doc.codeAction?.codeActionLiteralSupport !== undefined) {
      assert.ok((got.actions ?? []).length > 3);
      for (const action of got.actions ?? []) {
        assert.ok('kind' in action, action.title);
        assert.ok(action.isPreferred === undefined || doc.codeAction.isPreferredSupport === true);
      }
    } else assert.equal(got.actions, undefined);

    for (const one of got.definitions) {
      assert.equal('targetUri' in one, doc.definition?.linkSupport === true);
    }
    assert.equal(
      got.rename.documentChanges !== undefined,
      can.workspace?.workspaceEdit?.documentChanges === true,
    );
    assert.equal(got.rename.changes !== undefined, can.workspace?.workspaceEdit?.documentChanges !== true);
    for (const { tooltip } of got.links)
      assert.ok(tooltip === undefined || doc.documentLink?.tooltipSupport === true);

    const allowed = new Set(['textDocument/publishDiagnostics', 'window/logMessage']);
    if (can.workspace?.configuration === true) allowed.add('workspace/configuration');
    if (can.workspace?.didChangeWatchedFiles?.dynamicRegistration === true)
      allowed.add('client/registerCapability');
    if (can.workspace?.inlayHint?.refreshSupport === true) allowed.add('workspace/inlayHint/refresh');
    if (can.workspace?.diagnostics?.refreshSupport === true) allowed.add('workspace/diagnostic/refresh');
    assert.deepEqual(
      [...lsp.heard].filter((method) => !allowed.has(method)),
      [],
    );
  });
}

test('a client without code actions gets commands, which ask it to apply the edit', async (t) => {
  const { lsp, at } = await project(t, {
    files: { 'faulty.pipeline.yaml': FAULTY },
    only: true,
    capabilities: { workspace: { applyEdit: true } },
    initializationOptions: null,
  });
  const file = at('faulty.pipeline.yaml');
  const asked: WorkspaceEdit[] = [];
  lsp.connection.onRequest('workspace/applyEdit', ({ edit }: { edit: WorkspaceEdit }) => {
    asked.push(edit);
    return { applied: true };
  });
  await lsp.open(file, FAULTY);
  assert.deepEqual(lsp.result.capabilities.executeCommandProvider, { commands: ['modelyard.applyEdit'] });
  const { actions } = await askAll(lsp, file);
  const fix = actions?.find(
    (one): one is Command => typeof one.command === 'string' && /needs/i.test(one.title),
  );
  assert.ok(fix, JSON.stringify(actions));
  await lsp.request('workspace/executeCommand', { command: fix.command, arguments: fix.arguments });
  assert.deepEqual(Object.keys(asked[0]?.changes ?? {}), [uri(file)]);
  await assert.rejects(lsp.request('workspace/executeCommand', { command: 'modelyard.runPipeline' }), {
    code: -32602,
  });
});

test('the protocol’s order is held, and what is malformed is told apart', async (t) => {
  const { lsp, at } = await project(t);
  const file = at('pipelines/nightly.pipeline.yaml');
  await lsp.open(file, NIGHTLY);
  const textDocument = { uri: uri(file) };
  assert.match(lsp.result.serverInfo?.version ?? '', /^\d+\.\d+\.\d+/);
  await assert.rejects(lsp.request('initialize', { capabilities: {} }), { code: -32600 });
  const started = lsp.request<object>('workspace/diagnostic', { previousResultIds: [] });
  const { items } = (await started) as { items: { uri: string; resultId: string }[] };
  const waiting = lsp.request<{ items: unknown[] }>('workspace/diagnostic', {
    previousResultIds: items.map(({ uri: one, resultId }) => ({ uri: one, value: resultId })),
  });

  const at0 = { line: 0, character: 0 };
  const range = { start: at0, end: at0 };
  const context = { diagnostics: [], includeDeclaration: true };
  const good: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    'textDocument/hover': { textDocument, position: at0 },
    'textDocument/completion': { textDocument, position: at0 },
    'textDocument/definition': { textDocument, position: at0 },
    'textDocument/references': { textDocument, position: at0, context },
    'textDocument/documentHighlight': { textDocument, position: at0 },
    'textDocument/prepareRename': { textDocument, position: at0 },
    'textDocument/rename': { textDocument, position: at0, newName: 'x' },
    'textDocument/codeAction': { textDocument, range, context },
    'textDocument/documentSymbol': { textDocument },
    'textDocument/codeLens': { textDocument },
    'textDocument/inlayHint': { textDocument, range },
    'textDocument/semanticTokens/range': { textDocument, range },
    'textDocument/diagnostic': { textDocument },
    'workspace/symbol': { query: '' },
  };
  for (const [method, params] of Object.entries(good)) {
    for (const key of Object.keys(params)) {
      for (const wrong of [undefined, null, 5, {}, [1]]) {
        const { code } = await lsp
          .request(method, { ...params, [key]: wrong })
          .then(() => ({ code: 0 }))
          .catch((error: unknown) => error as { code: number });
        // What is refused as it is meant is no mistake of the form.
        assert.ok(
          code === 0 || code === -32602 || code === -32803,
          `${method} ${key} ${JSON.stringify(wrong)}: ${code}`,
        );
      }
    }
  }

  await lsp.request('shutdown');
  assert.deepEqual(await waiting, { items: [] });
  await assert.rejects(lsp.request('textDocument/hover', good['textDocument/hover']), { code: -32600 });
  await lsp.notify('exit', undefined);
  assert.equal(await until('the end', () => lsp.process.exitCode ?? undefined), 0);
});

test('findings follow the disk where the client doesn’t tell of it', async (t) => {
  const pipeline =
    'tasks:\n  a: { run: cat in.csv > o, inputs: [in.csv], outputs: { o: o } }\n  b: { pipeline: other }\n';
  const root = folder(t, { 'a.pipeline.yaml': pipeline });
  const { capabilities } = recorded('neovim-0.9.1');
  const lsp = await client(t, root, { only: true, capabilities, initializationOptions: null });
  const file = path.join(root, 'a.pipeline.yaml');
  await lsp.open(file, pipeline);
  const told = (codes: readonly string[]) =>
    until(codes.join() || 'no findings', () => {
      const shown = lsp.pushed.get(uri(file))?.diagnostics.map(({ code }) => String(code));
      return shown?.sort().join() === codes.join();
    });
  const saved = () => lsp.notify('textDocument/didSave', { textDocument: { uri: uri(file) } });
  const [missing, unknown] = ['path/missing-input', 'reference/unknown-pipeline'];
  await told([missing, unknown]);
  const write = (name: string, text: string) => writeFileSync(path.join(root, name), text);
  write('in.csv', 'x\n');
  await told([unknown]);
  // Nobody has to wait who saves a file.
  write('other.pipeline.yaml', 'name: other\ntasks: { t: { run: touch y, outputs: { y: y } } }\n');
  await saved();
  await told([]);
  rmSync(path.join(root, 'in.csv'));
  await saved();
  await told([missing]);
  write('modelyard.yaml', `rules: { ${missing}: off }\n`);
  await saved();
  await told([]);
  rmSync(path.join(root, 'other.pipeline.yaml'));
  await saved();
  await told([unknown]);
});

test('a client that never answers what it is asked has its findings and hovers all the same', async (t) => {
  const { lsp, at } = await project(t, {
    files: { 'faulty.pipeline.yaml': FAULTY },
    pull: false,
    settings: () => new Promise(() => undefined),
  });
  const file = at('faulty.pipeline.yaml');
  await lsp.open(file, FAULTY);
  assert.notEqual(await lsp.ask('hover', file, positionOf(FAULTY, 'prep:', 1, 1)), null);
  await until('findings', () => lsp.pushed.has(uri(file)));
});

test('a client that knows only rootPath has its folder looked through', async (t) => {
  const root = folder(t, { 'a.pipeline.yaml': FAULTY });
  const lsp = await client(t, root, {
    pull: false,
    params: { workspaceFolders: null, rootUri: null, rootPath: root },
  });
  await until('findings of a file that was never opened', () =>
    lsp.pushed.has(uri(path.join(root, 'a.pipeline.yaml'))),
  );
});

test('docs/reference/language-server.md names each method that is spoken, and no other', async (t) => {
  const named = new Set(
    readFileSync('docs/reference/language-server.md', 'utf8')
      .split('## What of the protocol is there')[1]
      ?.split('\n')
      .filter((line) => line.startsWith('| `'))
      .flatMap((line) =>
        [...(line.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, method = '']) => method),
      ),
  );
  const known = new Map(
    Object.entries(protocol as Record<string, unknown>).flatMap(([name, value]) => {
      const { method, messageDirection } = (value ?? {}) as { method?: string; messageDirection?: string };
      return typeof method === 'string' && messageDirection !== undefined
        ? [
            [
              method,
              { isRequest: name.endsWith('Request'), toServer: messageDirection === 'clientToServer' },
            ] as const,
          ]
        : [];
    }),
  );
  assert.ok(known.size > 80);
  for (const method of named) assert.ok(known.has(method), `${method} is no method of the protocol`);
  const { lsp } = await project(t, {
    only: true,
    capabilities: { workspace: { applyEdit: true }, textDocument: { diagnostic: {} } },
    initializationOptions: null,
  });
  for (const [method, { isRequest, toServer }] of known) {
    if (!isRequest || !toServer || ['initialize', 'shutdown', 'workspace/diagnostic'].includes(method))
      continue;
    const { code } = await lsp
      .request(method, {})
      .then(() => ({ code: 0 }))
      .catch((error: unknown) => error as { code: number });
    assert.equal(code !== -32601, named.has(method), `${method}: ${code}`);
  }
});
