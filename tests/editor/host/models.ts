/** The registry as others reach it: documents by their address, commands by their id. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { test, until } from './runner.js';
import { diskPath, extension, workspaceFolder, writeDisk } from './support.js';

/** Of the model that the first test makes; the folder is a copy for this run of the tests. */
const MODEL = 'hosted';

async function models(...args: string[]): Promise<string> {
  const cli = path.join(extension().extensionPath, 'dist/cli.js');
  const cwd = workspaceFolder().uri.fsPath;
  const { stdout } = await promisify(execFile)(process.execPath, [cli, 'models', ...args], { cwd });
  return stdout;
}

function ref(version: string): { projectUri: string; model: string; version: string } {
  return { projectUri: workspaceFolder().uri.toString(), model: MODEL, version };
}

let made: Promise<void> | undefined;

/** Two versions of the model. */
async function twoVersions(): Promise<void> {
  made ??= (async () => {
    mkdirSync(diskPath('build'), { recursive: true });
    for (const text of ['first\n', 'second\n']) {
      writeDisk('build/hosted.txt', text);
      await models('register', MODEL, 'build/hosted.txt');
    }
  })();
  return made;
}

test('the card of a version is a document, and follows the registry', async () => {
  await twoVersions();
  const query = workspaceFolder().uri.toString();
  const uri = vscode.Uri.from({ scheme: 'modelyard-model', path: `/${MODEL}/1.md`, query });
  const document = await vscode.workspace.openTextDocument(uri);
  assert.match(document.getText(), /^# hosted, version 1\n/);
  await vscode.window.showTextDocument(document);
  await models('alias', `${MODEL}@1`, 'production');
  await until('the alias in the card', () => document.getText().includes('| Aliases | production |'));
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
});

test('the bytes of a version open under their own name and cannot be written', async () => {
  await twoVersions();
  await vscode.commands.executeCommand('modelyard.openModelArtifact', ref('1'));
  const editor = await until('the artifact', () =>
    vscode.window.visibleTextEditors.find(({ document }) => document.uri.scheme === 'modelyard-artifact'),
  );
  assert.ok(editor.document.uri.path.endsWith('/build/hosted.txt'), editor.document.uri.path);
  assert.equal(editor.document.getText(), 'first\n');
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
});

test('a description is read and written as a file', async () => {
  await twoVersions();
  const query = workspaceFolder().uri.toString();
  const uri = vscode.Uri.from({
    scheme: 'modelyard-description',
    path: `/${MODEL}/2/description.md`,
    query,
  });
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode('The *second* one.'));
  assert.equal(new TextDecoder().decode(await vscode.workspace.fs.readFile(uri)), 'The *second* one.');
  assert.match(await models('show', `${MODEL}@2`), /The \*second\* one\./);
  const gone = uri.with({ path: '/no-such-model/description.md' });
  await assert.rejects(Promise.resolve(vscode.workspace.fs.readFile(gone)));
});

test('the URI of a version is copied', async () => {
  await twoVersions();
  await vscode.commands.executeCommand('modelyard.copyModelUri', { version: ref('2') });
  assert.equal(await vscode.env.clipboard.readText(), `models:/${MODEL}/2`);
});

test('history, lineage and comparison have one panel each, however often they are shown', async () => {
  await twoVersions();
  for (let time = 0; time < 2; time++) {
    await vscode.commands.executeCommand('modelyard.showModelHistory', ref('2'));
    await vscode.commands.executeCommand('modelyard.showModelLineage', ref('2'));
    await vscode.commands.executeCommand('modelyard.compareModelVersions', ref('2'), [ref('2'), ref('1')]);
  }
  const labels = (): readonly string[] =>
    vscode.window.tabGroups.all.flatMap((group) => group.tabs).map((tab) => tab.label);
  await until('three panels', () => labels().length === 3);
  assert.deepEqual([...labels()].sort(), [
    'Compare hosted 1 ↔ 2',
    'History: hosted, version 2',
    'Lineage: hosted 2',
  ]);
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
});
