import assert from 'node:assert/strict';
import test from 'node:test';
import type {
  CodeAction,
  CodeLens,
  CompletionItem,
  CompletionList,
  DocumentHighlight,
  DocumentLink,
  DocumentSymbol,
  FoldingRange,
  Hover,
  InlayHint,
  Location,
  LocationLink,
  MarkupContent,
  Range,
  SemanticTokens,
  SymbolInformation,
  TextDocumentEdit,
  TextEdit,
  WorkspaceEdit,
} from 'vscode-languageserver/node';
import { plainText } from '../../server/language/editor/completion.js';
import { applyEdits, position, positionOf, textAt, until, uri } from '../support/lsp-client.js';
import { FEATURES, NIGHTLY, TRAIN, project } from './fixture.js';

/** A text with a cursor `¦` in it. */
function cursor(marked: string): { text: string; at: ReturnType<typeof position> } {
  const offset = marked.indexOf('¦');
  const text = marked.slice(0, offset) + marked.slice(offset + 1);
  return { text, at: position(text, offset) };
}

function all(text: string): Range {
  return { start: { line: 0, character: 0 }, end: position(text, text.length) };
}

test('completion, resolved later, with edits that replace what is there', async (t) => {
  const { lsp, at } = await project(t);
  const file = at('train.pipeline.yaml');
  await lsp.open(file, TRAIN);
  const complete = async (marked: string) => {
    const { text, at: where } = cursor(marked);
    await lsp.replace(file, text);
    const list = await lsp.ask<CompletionList>('completion', file, where);
    const accept = (label: string) => {
      const item = list.items.find((one) => one.label === label);
      assert.ok(item?.textEdit, `${label} is offered among ${list.items.map((one) => one.label).join(', ')}`);
      return applyEdits(text, [item.textEdit as TextEdit]);
    };
    return { list, accept, labels: list.items.map((item) => item.label) };
  };
  const params = await complete(TRAIN.replace('${{ params.seed }}', '${{ params.¦ }}'));
  assert.deepEqual(params.labels.filter((label) => !label.includes(' ')).sort(), ['epochs', 'seed']);
  assert.equal(params.accept('seed'), TRAIN);

  const outputs = await complete(`${TRAIN}  more:\n    run: cat \${{ tasks.train.¦ }}\n`);
  assert.ok(outputs.labels.includes('outputs'));
  const keys = await complete(TRAIN.replace('    metrics: reports/metrics.json\n', '    met¦\n'));
  assert.ok(keys.labels.includes('metrics'));
  const metrics = keys.list.items.find((item) => item.label === 'metrics');
  const resolved = await lsp.request<CompletionItem>('completionItem/resolve', metrics);
  assert.equal((resolved.documentation as MarkupContent).kind, 'markdown');
  const paths = await complete(TRAIN.replace('src/train.py, ', 'src/¦, '));
  assert.ok(
    paths.labels.some((label) => label.includes('train.py')),
    paths.labels.join(', '),
  );
  const pipelines = await complete(`${TRAIN}  other:\n    pipeline: { name: ¦ }\n`);
  assert.ok(pipelines.labels.includes('nightly'));
  // An item of a list that was given earlier comes back as it is.
  assert.deepEqual(await lsp.request('completionItem/resolve', { label: 'x', data: { list: 1, item: 0 } }), {
    label: 'x',
    data: { list: 1, item: 0 },
  });
});

test('clients without snippets get plain text', async (t) => {
  assert.equal(plainText('a: ${1:preset}\n  b: $2\\$x ${3|one,two|}$0', 'keep'), 'a: preset\n  b: $x one');
  assert.equal(plainText('a: ${1:preset}\n  b: $2\\$x ${3|one,two|}$0', 'drop'), 'a: \n  b: $x ');
  assert.equal(plainText('${1:outer ${2:inner}}', 'keep'), 'outer inner');
  assert.equal(plainText('${1:outer ${2:inner}}', 'drop'), '');
  const { lsp, at } = await project(t, {
    capabilities: { textDocument: { completion: { completionItem: { snippetSupport: false } } } },
  });
  const { text, at: where } = cursor('name: x\ntasks:\n  ¦\n');
  await lsp.open(at('x.pipeline.yaml'), text);
  const list = await lsp.ask<CompletionList>('completion', at('x.pipeline.yaml'), where);
  for (const item of list.items) {
    assert.notEqual(item.insertTextFormat, 2);
    assert.doesNotMatch((item.textEdit as TextEdit).newText, /\$\{?\d/);
  }
  // No example becomes a value that nobody chose: a key is a key and nothing behind it but what it must hold.
  await lsp.open(at('y.pipeline.yaml'), '');
  const keys = await lsp.ask<CompletionList>('completion', at('y.pipeline.yaml'), { line: 0, character: 0 });
  const inserted = (label: string) =>
    (keys.items.find((item) => item.label === label)?.textEdit as TextEdit | undefined)?.newText;
  assert.equal(inserted('name'), 'name: ');
  assert.equal(inserted('kind'), 'kind: ');
  assert.equal(inserted('secrets'), 'secrets:\n  - ');
  assert.match(inserted('pipeline: model-build') ?? '', /^name: my-model\n/);
});

test('hover tells about keys and values', async (t) => {
  const { lsp, at } = await project(t);
  const file = at('train.pipeline.yaml');
  await lsp.open(file, TRAIN);
  const hover = async (word: string, occurrence = 1) => {
    const found = await lsp.ask<Hover | null>('hover', file, positionOf(TRAIN, word, occurrence, 1));
    return found && { text: (found.contents as MarkupContent).value, on: textAt(TRAIN, found.range!) };
  };
  assert.equal((await hover('metrics'))?.on, 'metrics');
  const seed = await lsp.ask<Hover>('hover', file, positionOf(TRAIN, 'params.seed', 1, 'params.'.length + 1));
  assert.equal(textAt(TRAIN, seed.range!), 'seed');
  assert.match((seed.contents as MarkupContent).value, /42/);
});

test('definition, references and highlights, across files', async (t) => {
  const { lsp, at } = await project(t);
  const file = at('train.pipeline.yaml');
  const nightly = at('pipelines/nightly.pipeline.yaml');
  await lsp.open(file, TRAIN);
  const inside = positionOf(TRAIN, 'params.seed', 1, 'params.'.length + 1);
  const [link] = await lsp.ask<LocationLink[]>('definition', file, inside);
  assert.equal(link?.targetUri, uri(file));
  assert.equal(textAt(TRAIN, link.targetSelectionRange), 'seed');
  assert.equal(textAt(TRAIN, link.originSelectionRange!), 'seed');

  await lsp.open(nightly, NIGHTLY);
  const [other] = await lsp.ask<LocationLink[]>(
    'definition',
    nightly,
    positionOf(NIGHTLY, 'rain-train', 1, 3),
  );
  assert.equal(other?.targetUri, uri(file));
  assert.equal(textAt(TRAIN, other.targetSelectionRange), 'rain-train');

  const references = (includeDeclaration: boolean) =>
    lsp.ask<Location[]>('references', file, positionOf(TRAIN, 'rain-train', 1, 3), {
      context: { includeDeclaration },
    });
  assert.deepEqual((await references(true)).map((one) => one.uri).sort(), [uri(file), uri(nightly)].sort());
  assert.deepEqual(
    (await references(false)).map((one) => one.uri),
    [uri(nightly)],
  );

  const highlights = await lsp.ask<DocumentHighlight[]>('documentHighlight', file, inside);
  assert.deepEqual(highlights.map((one) => [textAt(TRAIN, one.range), one.kind]).sort(), [
    ['seed', 2],
    ['seed', 3],
  ]);
});

test('definitions are plain locations for clients that know no links', async (t) => {
  const { lsp, at } = await project(t, { capabilities: { textDocument: { definition: {} } } });
  const file = at('train.pipeline.yaml');
  await lsp.open(file, TRAIN);
  const inside = positionOf(TRAIN, 'params.seed', 1, 'params.'.length + 1);
  const [location] = await lsp.ask<Location[]>('definition', file, inside);
  assert.equal(textAt(TRAIN, location!.range), 'seed');
});

test('rename reaches every file, with the versions of the open ones', async (t) => {
  const { lsp, at } = await project(t);
  const file = at('train.pipeline.yaml');
  const nightly = at('pipelines/nightly.pipeline.yaml');
  await lsp.open(file, TRAIN);
  await lsp.edit(file, { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } }, '# a comment\n');
  const text = `# a comment\n${TRAIN}`;
  const where = positionOf(text, 'rain-train', 1, 3);
  const target = await lsp.ask<{ range: Range; placeholder: string }>('prepareRename', file, where);
  assert.equal(target.placeholder, 'rain-train');
  assert.equal(textAt(text, target.range), 'rain-train');
  const edit = await lsp.ask<WorkspaceEdit>('rename', file, where, { newName: 'wet' });
  const changes = new Map(
    (edit.documentChanges as TextDocumentEdit[]).map((one) => [one.textDocument.uri, one]),
  );
  assert.deepEqual([...changes.keys()].sort(), [uri(file), uri(nightly)].sort());
  assert.equal(changes.get(uri(file))?.textDocument.version, 2);
  assert.equal(changes.get(uri(nightly))?.textDocument.version, null);
  assert.equal(
    applyEdits(NIGHTLY, changes.get(uri(nightly))!.edits as TextEdit[]),
    NIGHTLY.replace('rain-train', 'wet'),
  );

  await assert.rejects(
    lsp.ask('rename', file, where, { newName: 'not a name' }),
    (error) => error instanceof Error && !error.message.includes('failed:'),
  );
  await assert.rejects(lsp.ask('prepareRename', file, { line: 0, character: 3 }));
});

test('symbols of a document and of the workspace', async (t) => {
  const { lsp, at } = await project(t);
  const file = at('train.pipeline.yaml');
  await lsp.open(file, TRAIN);
  const symbols = await lsp.ask<DocumentSymbol[]>('documentSymbol', file);
  const names = (list: readonly DocumentSymbol[]): string[] =>
    list.flatMap((symbol) => [symbol.name, ...names(symbol.children ?? [])]);
  for (const name of ['epochs', 'seed', 'features', 'train', 'quality']) {
    assert.ok(names(symbols).includes(name), `${name} is in the outline`);
  }
  await lsp.open(at('weather.features.yaml'), FEATURES);
  const features = await lsp.ask<DocumentSymbol[]>('documentSymbol', at('weather.features.yaml'));
  assert.ok(names(features).includes('rain_7d'));
  const found = await until('the index', async () => {
    const list = await lsp.request<SymbolInformation[]>('workspace/symbol', { query: 'retra' });
    return list.length > 0 && list;
  });
  assert.equal(found[0]?.name, 'retrain');
  assert.equal(found[0].location.uri, uri(at('pipelines/nightly.pipeline.yaml')));
});

test('code actions: fixes, suppression, the rule’s page, fix all', async (t) => {
  const { lsp, at } = await project(t);
  const file = at('train.pipeline.yaml');
  const text = TRAIN.replace('params.seed }}', 'params.sead }}').replace(
    '    inputs: [src/train',
    '    imputs: [src/train',
  );
  await lsp.open(file, text);
  const diagnostics = await lsp.diagnostics(file);
  const where = positionOf(text, 'imputs', 1, 2);
  const actions = (only?: string[]) =>
    lsp.ask<CodeAction[]>('codeAction', file, undefined, {
      range: { start: where, end: where },
      context: {
        diagnostics: diagnostics.filter((one) => one.code === 'schema/unknown-key'),
        ...(only ? { only } : {}),
      },
    });
  const offered = await actions();
  const fix = offered.find((action) => action.isPreferred);
  assert.equal(fix?.kind, 'quickfix');
  assert.equal(fix.diagnostics?.[0]?.code, 'schema/unknown-key');
  const [change] = fix.edit!.documentChanges as TextDocumentEdit[];
  assert.equal(change?.textDocument.version, 1);
  assert.match(applyEdits(text, change.edits as TextEdit[]), /^ {4}inputs: \[src\/train/m);
  const page = offered.find((action) => action.command?.command === 'modelyard.openRule');
  assert.deepEqual(page?.command?.arguments, ['schema/unknown-key']);
  const suppress = offered.find((action) =>
    JSON.stringify(action.edit ?? '').includes('modelyard-disable-next-line'),
  );
  const [hush] = suppress!.edit!.documentChanges as TextDocumentEdit[];
  await lsp.replace(file, applyEdits(text, hush!.edits as TextEdit[]));
  assert.ok(!(await lsp.rules(file)).includes('schema/unknown-key'));
  await lsp.replace(file, text);

  assert.deepEqual(await actions(['refactor']), []);
  for (const only of ['source', 'source.fixAll', 'source.fixAll.modelyard']) {
    const [fixAll, ...others] = await actions([only]);
    assert.equal(fixAll?.kind, 'source.fixAll.modelyard');
    assert.deepEqual(others, []);
    const [edits] = fixAll.edit!.documentChanges as TextDocumentEdit[];
    const fixed = applyEdits(text, edits!.edits as TextEdit[]);
    assert.match(fixed, /^ {4}inputs: \[src\/train/m);
  }
});

test('what is asked about a file while it is being opened is answered', async (t) => {
  // An editor that has just got our providers may ask before it has told of the file; the settings take a moment, too.
  const { lsp, at } = await project(t, { settings: () => ({}) });
  const file = at('train.pipeline.yaml');
  const asked = lsp.ask<CodeLens[]>('codeLens', file);
  await lsp.open(file, TRAIN);
  assert.ok((await asked).length > 0);
});

test('what needs no place in a text is answered although the text changes meanwhile: an error would take the lenses away', async (t) => {
  const { lsp, at } = await project(t, { settings: () => ({}) });
  const file = at('train.pipeline.yaml');
  const opened = lsp.open(file, TRAIN);
  const lenses = lsp.ask<CodeLens[]>('codeLens', file);
  const links = lsp.ask<DocumentLink[]>('documentLink', file);
  const hover = lsp.ask('hover', file, { line: 0, character: 1 }).then(
    () => 'answered',
    (error: unknown) => (error as { code: number }).code,
  );
  await lsp.replace(file, `# longer by a line\n${TRAIN}`);
  await opened;
  assert.equal(await hover, -32801);
  assert.ok((await links).length > 0);
  const top = Math.min(...(await lenses).map(({ range }) => range.start.line));
  assert.equal(top, 1 + TRAIN.split('\n').findIndex((line) => line.startsWith('name:')));
});

test('an editor that does not ask for the lenses of a file that it opened is told to ask', async (t) => {
  const { lsp, at } = await project(t);
  await lsp.open(at('train.pipeline.yaml'), TRAIN);
  assert.ok((await lsp.ask<CodeLens[]>('codeLens', at('train.pipeline.yaml'))).length > 0);
  await until('the first look at the workspace', () => Promise.resolve(lsp.lensRefreshes > 0));
  const before = lsp.lensRefreshes;
  await lsp.open(at('nightly.pipeline.yaml'), NIGHTLY);
  await until('the word to ask', () => Promise.resolve(lsp.lensRefreshes > before));
});

test('code lenses, and a setting that turns them off', async (t) => {
  const { lsp, at } = await project(t);
  const file = at('train.pipeline.yaml');
  await lsp.open(file, TRAIN);
  const lenses = await lsp.ask<CodeLens[]>('codeLens', file);
  const commands = lenses.map((lens) => [
    lens.command?.command,
    ...((lens.command?.arguments ?? []) as unknown[]),
  ]);
  for (const expected of [
    ['modelyard.runPipeline', uri(file)],
    ['modelyard.planPipeline', uri(file)],
    ['modelyard.showGraph', uri(file)],
    ['modelyard.runTask', uri(file), 'train'],
  ]) {
    assert.ok(
      commands.some((command) => command.join() === expected.join()),
      `${expected.join(' ')} among ${commands.map((command) => command[0]).join(', ')}`,
    );
  }
  lsp.settings = () => ({ codeLens: { enabled: false }, inlayHints: { enabled: false } });
  await lsp.notify('workspace/didChangeConfiguration', { settings: null });
  await until('no lenses', async () => (await lsp.ask<CodeLens[]>('codeLens', file)).length === 0);
  assert.deepEqual(await lsp.ask('inlayHint', file, undefined, { range: all(TRAIN) }), []);
});

test('links, folds, colours and hints', async (t) => {
  const { lsp, at } = await project(t);
  const file = at('train.pipeline.yaml');
  await lsp.open(file, TRAIN);
  const links = await lsp.ask<DocumentLink[]>('documentLink', file);
  const train = links.find((link) => link.target === uri(at('src/train.py')));
  assert.equal(textAt(TRAIN, train!.range), 'src/train.py');

  const folds = await lsp.ask<FoldingRange[]>('foldingRange', file);
  const tasks = TRAIN.split('\n').indexOf('tasks:');
  assert.ok(folds.some((fold) => fold.startLine === tasks));

  const { legend } = lsp.result.capabilities.semanticTokensProvider as { legend: { tokenTypes: string[] } };
  const read = ({ data }: SemanticTokens) => {
    const tokens: string[] = [];
    let line = 0;
    let character = 0;
    for (let at = 0; at < data.length; at += 5) {
      const [down, right, length, type] = data.slice(at, at + 4) as [number, number, number, number];
      line += down;
      character = down === 0 ? character + right : right;
      const range = { start: { line, character }, end: { line, character: character + length } };
      tokens.push(`${legend.tokenTypes[type]} ${textAt(TRAIN, range)}`);
    }
    return tokens;
  };
  const full = read(await lsp.ask<SemanticTokens>('semanticTokens/full', file));
  assert.deepEqual(full.slice(0, 4), [
    'namespace params',
    'property epochs',
    'namespace params',
    'property seed',
  ]);
  assert.ok(full.includes('number 0.7'), full.join(', '));
  const line = positionOf(TRAIN, 'that:').line;
  const range = { start: { line, character: 0 }, end: { line: line + 1, character: 0 } };
  const part = read(await lsp.ask<SemanticTokens>('semanticTokens/range', file, undefined, { range }));
  assert.ok(part.length > 0 && part.length < full.length);
  assert.equal(part[0], 'namespace tasks');

  const hints = await lsp.ask<InlayHint[]>('inlayHint', file, undefined, { range: all(TRAIN) });
  assert.ok(hints.length > 0, 'an edge that a path makes, or a resolved value');
});

test('features: definition, references and rename between features files and pipelines', async (t) => {
  const pipeline =
    'name: join\ntasks:\n  join:\n    training-set: { labels: data/raw.csv, service: rain-v1, features: [weather], output: t.csv }\n';
  const { lsp, at } = await project(t, { files: { 'join.pipeline.yaml': pipeline } });
  const [features, join] = [at('weather.features.yaml'), at('join.pipeline.yaml')];
  await lsp.open(features, FEATURES);
  await lsp.open(join, pipeline);
  const [link] = await lsp.ask<LocationLink[]>('definition', join, positionOf(pipeline, 'rain-v1', 1, 2));
  assert.equal(link?.targetUri, uri(features));
  assert.equal(textAt(FEATURES, link.targetSelectionRange), 'rain-v1');

  const view = positionOf(FEATURES, 'weather:', 1, 2);
  const references = await lsp.ask<Location[]>('references', features, view, {
    context: { includeDeclaration: true },
  });
  assert.deepEqual(
    references.map((one) => `${one.uri === uri(join) ? 'join' : 'features'} ${one.range.start.line}`),
    ['features 3', 'features 10', 'join 3'],
  );
  const edit = await lsp.ask<WorkspaceEdit>('rename', features, view, { newName: 'sky' });
  const changes = (edit.documentChanges as TextDocumentEdit[]).map(({ textDocument, edits }) =>
    applyEdits(textDocument.uri === uri(join) ? pipeline : FEATURES, edits as TextEdit[]),
  );
  assert.ok(changes.includes(FEATURES.replaceAll(/weather(?=:)/g, 'sky')));
  assert.ok(changes.includes(pipeline.replace('[weather]', '[sky]')));

  assert.deepEqual(
    (await lsp.rules(join)).filter((rule) => rule.startsWith('feature/')),
    [],
  );
  await lsp.replace(features, FEATURES.replace('rain-v1', 'rain-v2'));
  assert.ok((await lsp.rules(join)).includes('feature/unknown-service'));

  const colon = async (marked: string, triggerCharacter?: string) => {
    const { text, at: where } = cursor(marked);
    await lsp.replace(join, text);
    const context = triggerCharacter === undefined ? {} : { context: { triggerKind: 2, triggerCharacter } };
    return (await lsp.ask<CompletionList>('completion', join, where, context)).items.map(
      ({ label }) => label,
    );
  };
  assert.deepEqual(await colon(pipeline.replace('[weather]', '["weather:¦"]'), ':'), ['weather:rain_7d']);
  assert.deepEqual(await colon(pipeline.replace('name: join', 'name:¦ join'), ':'), []);
});
