/** The language server through VS Code's own eyes. What each answer holds in detail is tested over LSP. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import {
  clean,
  completions,
  diagnostic,
  hoverText,
  open,
  place,
  readDisk,
  replace,
  revert,
  ruleOf,
  uriOf,
  writeDisk,
} from './support.js';
import { test, until } from './runner.js';

test('diagnostics: an unknown key of a file that nobody opened', async () => {
  const found = await diagnostic('broken.pipeline.yaml', 'schema/unknown-key');
  assert.match(found.message, /rnu/);
  assert.equal(found.severity, vscode.DiagnosticSeverity.Error);
  assert.equal(found.range.start.line, 5);
});

test('diagnostics: an unknown task, at its own name', async () => {
  const document = await open('broken.pipeline.yaml');
  const found = await diagnostic('broken.pipeline.yaml', 'reference/unknown-task');
  assert.equal(document.getText(found.range), 'preprae');
});

test('diagnostics: a file is ours by its content, and one that is not stays silent', async () => {
  const found = await diagnostic('by-content.yaml', 'reference/unknown-param');
  assert.match(found.message, /missing/);
  assert.deepEqual(vscode.languages.getDiagnostics(uriOf('other.yaml')), []);
  assert.deepEqual(vscode.languages.getDiagnostics(uriOf('good.pipeline.yaml')), []);
});

test('diagnostics follow the typing, and go when the mistake goes', async () => {
  const document = await open('good.pipeline.yaml');
  await clean('good.pipeline.yaml');
  await replace(document, 'params.steps', 'params.stesp');
  await diagnostic('good.pipeline.yaml', 'reference/unknown-param');
  await replace(document, 'params.stesp', 'params.steps');
  await clean('good.pipeline.yaml');
  await revert(document);
});

test('diagnostics follow the disk: a file that appears, changes and goes', async () => {
  const text = readDisk('broken.pipeline.yaml').replace('name: broken', 'name: fresh');
  writeDisk('fresh.pipeline.yaml', text.replaceAll('broken', 'fresh'));
  await diagnostic('fresh.pipeline.yaml', 'schema/unknown-key');
  writeDisk('fresh.pipeline.yaml', text.replaceAll('broken', 'fresh').replace('rnu:', 'run:'));
  await until('the mistake to be gone', () =>
    vscode.languages
      .getDiagnostics(uriOf('fresh.pipeline.yaml'))
      .every((one) => ruleOf(one) !== 'schema/unknown-key'),
  );
  await vscode.workspace.fs.delete(uriOf('fresh.pipeline.yaml'));
  await clean('fresh.pipeline.yaml');
});

test('quick fix: the name that was meant', async () => {
  const document = await open('broken.pipeline.yaml');
  const found = await diagnostic('broken.pipeline.yaml', 'reference/unknown-task');
  const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
    'vscode.executeCodeActionProvider',
    document.uri,
    found.range,
    vscode.CodeActionKind.QuickFix.value,
  );
  const fix = actions.find((action) => action.edit && action.title.includes('prepare'));
  assert.ok(fix?.edit, `no fix among: ${actions.map(({ title }) => title).join(', ')}`);
  assert.ok(await vscode.workspace.applyEdit(fix.edit));
  assert.match(document.getText(), /tasks\.prepare\.outputs\.dataset/);
  await revert(document);
});

test('completion: params in an expression, keys in a task', async () => {
  const document = await open('good.pipeline.yaml');
  const params = await completions(document.uri, place(document, 'params.steps', 'params.'.length));
  assert.ok(params.includes('steps') && params.includes('greeting'), params.join(', '));
  const start = place(document, '  quality:');
  const edit = new vscode.WorkspaceEdit();
  edit.insert(document.uri, start, '  more:\n    \n');
  assert.ok(await vscode.workspace.applyEdit(edit));
  const keys = await completions(document.uri, start.translate(1, 4));
  for (const key of ['run', 'check', 'inputs']) assert.ok(keys.includes(key), `${key} in ${keys.join(', ')}`);
  await revert(document);
});

test('hover: a key from the schema, a param with its value', async () => {
  const document = await open('good.pipeline.yaml');
  assert.match(await hoverText(document.uri, place(document, 'outputs:', 2)), /\w+/);
  const param = await hoverText(document.uri, place(document, 'params.steps', 'params.st'.length));
  assert.match(param, /steps/);
  assert.match(param, /How many lines are written/);
});

test('definition and references of a task', async () => {
  const document = await open('good.pipeline.yaml');
  const at = place(document, 'tasks.train.metrics', 'tasks.tr'.length);
  const found = await vscode.commands.executeCommand<(vscode.Location | vscode.LocationLink)[]>(
    'vscode.executeDefinitionProvider',
    document.uri,
    at,
  );
  const [first] = found;
  assert.ok(first);
  const range = 'targetUri' in first ? (first.targetSelectionRange ?? first.targetRange) : first.range;
  assert.equal(range.start.line, place(document, '  train:').line);
  const references = await vscode.commands.executeCommand<vscode.Location[]>(
    'vscode.executeReferenceProvider',
    document.uri,
    at,
  );
  assert.ok(references.length >= 2);
});

test('rename a param: its definition and every use', async () => {
  const document = await open('good.pipeline.yaml');
  const edit = await vscode.commands.executeCommand<vscode.WorkspaceEdit>(
    'vscode.executeDocumentRenameProvider',
    document.uri,
    place(document, 'params.greeting', 'params.gr'.length),
    'salutation',
  );
  assert.ok(await vscode.workspace.applyEdit(edit));
  const text = document.getText();
  assert.match(text, /^ {2}salutation: hello$/m);
  assert.match(text, /params\.salutation/);
  assert.doesNotMatch(text, /params\.greeting/);
  await clean('good.pipeline.yaml');
  await revert(document);
});

test('code lenses: run, plan and graph on the pipeline and its tasks', async () => {
  const document = await open('good.pipeline.yaml');
  const lenses = await until('code lenses', async () => {
    const all = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      'vscode.executeCodeLensProvider',
      document.uri,
      100,
    );
    return all.length > 0 && all;
  });
  const commands = lenses.map(({ command }) => command?.command);
  for (const command of ['modelyard.runPipeline', 'modelyard.planPipeline', 'modelyard.showGraph'])
    assert.ok(commands.includes(command), `${command} in ${commands.join(', ')}`);
  const tasks = lenses.filter(({ command }) => command?.command === 'modelyard.runTask');
  assert.equal(tasks.length, 3);
});

test('symbols: the outline has the tasks', async () => {
  const document = await open('good.pipeline.yaml');
  const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[]>(
    'vscode.executeDocumentSymbolProvider',
    document.uri,
  );
  const names = (all: readonly vscode.DocumentSymbol[]): string[] =>
    all.flatMap((symbol) => [symbol.name, ...names(symbol.children)]);
  for (const task of ['prepare', 'train', 'quality']) assert.ok(names(symbols).includes(task), task);
});
