/** `modelyard` in the terminals of the window: our own command line under its name, as every page and message calls it. */
import * as vscode from 'vscode';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { launchers } from './pipelines/launchers.js';
import { commandLine } from './pipelines/tasks.js';

/** Writes a launcher where it is not there as it should be. Another window may do the same at the same time. */
function write(folder: string, { name, text }: { readonly name: string; readonly text: string }): void {
  const file = path.join(folder, name);
  try {
    if (readFileSync(file, 'utf8') === text) return;
  } catch {
    // It is not there yet.
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, text, { mode: 0o755 });
  chmodSync(file, 0o755);
}

export function registerTerminalCommand(extension: vscode.ExtensionContext): void {
  const terminals = extension.environmentVariableCollection;
  terminals.description = 'Makes `modelyard` a command of these terminals.';
  const offer = (): void => {
    if (!vscode.workspace.isTrusted) {
      terminals.clear();
      return;
    }
    const folder = vscode.Uri.joinPath(extension.globalStorageUri, 'bin').fsPath;
    const { command, module } = commandLine(extension, undefined);
    try {
      for (const launcher of launchers(command, module)) write(folder, launcher);
    } catch {
      // Nothing of it is needed: a storage that can't be written leaves terminals as they are.
      terminals.clear();
      return;
    }
    terminals.prepend('PATH', `${folder}${path.delimiter}`);
  };
  offer();
  extension.subscriptions.push(
    vscode.workspace.onDidGrantWorkspaceTrust(offer),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('modelyard.nodePath')) offer();
    }),
  );
}
