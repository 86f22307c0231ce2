/** What the tests in the extension host share. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { until } from './runner.js';

export const EXTENSION_ID = 'modelyard.modelyard';

export function extension(): vscode.Extension<unknown> {
  const found = vscode.extensions.getExtension(EXTENSION_ID);
  assert.ok(found, `${EXTENSION_ID} is not installed`);
  return found;
}

/** The folder that is open. */
export function workspaceFolder(): vscode.WorkspaceFolder {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  assert.ok(folder, 'no folder is open');
  return folder;
}

export const uriOf = (file: string): vscode.Uri => vscode.Uri.joinPath(workspaceFolder().uri, file);
export const diskPath = (file: string): string => path.join(workspaceFolder().uri.fsPath, file);
export const readDisk = (file: string): string => readFileSync(diskPath(file), 'utf8');

/** Writes a file behind the editor's back, as a branch switch does. */
export function writeDisk(file: string, text: string): vscode.Uri {
  writeFileSync(diskPath(file), text);
  return uriOf(file);
}

export async function open(file: string): Promise<vscode.TextDocument> {
  const document = await vscode.workspace.openTextDocument(uriOf(file));
  await vscode.window.showTextDocument(document);
  return document;
}

/** Takes back what was typed in a document. What is active can be something else by now, and is what VS Code reverts. */
export async function revert(document: vscode.TextDocument): Promise<void> {
  await until(`${document.fileName} to be as it was saved`, async () => {
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand('workbench.action.files.revert');
    return !document.isDirty;
  });
}

/** Where a text begins in a document, `skip` characters further on. */
export function place(document: vscode.TextDocument, text: string, skip = 0): vscode.Position {
  const offset = document.getText().indexOf(text);
  assert.ok(offset >= 0, `no “${text}” in ${document.fileName}`);
  return document.positionAt(offset + skip);
}

/** The rule id of a diagnostic. */
export function ruleOf({ code }: vscode.Diagnostic): string {
  return typeof code === 'object' ? String(code.value) : String(code);
}

/** Waits until a file has a diagnostic of a rule. */
export function diagnostic(file: string, rule: string): Promise<vscode.Diagnostic> {
  return until(`${rule} in ${file}`, () =>
    vscode.languages.getDiagnostics(uriOf(file)).find((one) => ruleOf(one) === rule),
  );
}

/** Waits until a file has no diagnostic. */
export async function clean(file: string): Promise<void> {
  await until(`${file} to be clean`, () => vscode.languages.getDiagnostics(uriOf(file)).length === 0);
}

/** Replaces a text in an open document. */
export async function replace(document: vscode.TextDocument, from: string, to: string): Promise<void> {
  const start = place(document, from);
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, new vscode.Range(start, start.translate(0, from.length)), to);
  assert.ok(await vscode.workspace.applyEdit(edit));
}

/** What a hover says, as one text. */
export async function hoverText(uri: vscode.Uri, position: vscode.Position): Promise<string> {
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    'vscode.executeHoverProvider',
    uri,
    position,
  );
  return (
    hovers
      .flatMap(({ contents }) => contents)
      // VS Code answers every content as a MarkdownString, whatever the provider gave.
      .map((content) => (content instanceof vscode.MarkdownString ? content.value : ''))
      .join('\n')
  );
}

/** Labels of the completions at a place. */
export async function completions(uri: vscode.Uri, position: vscode.Position): Promise<string[]> {
  const list = await vscode.commands.executeCommand<vscode.CompletionList>(
    'vscode.executeCompletionItemProvider',
    uri,
    position,
  );
  return list.items.map(({ label }) => (typeof label === 'string' ? label : label.label));
}

/** Runs a task to its end and answers its exit code. */
export async function runTask(task: vscode.Task): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const ended = vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
      if (execution.task.name !== task.name || execution.task.definition.type !== task.definition.type)
        return;
      ended.dispose();
      resolve(exitCode);
    });
    vscode.tasks.executeTask(task).then(undefined, (error: unknown) => {
      ended.dispose();
      reject(error instanceof Error ? error : new Error(String(error)));
    });
  });
}
