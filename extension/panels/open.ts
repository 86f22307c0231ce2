/** What links in panels lead to. */
import * as vscode from 'vscode';

export async function openRun(projectUri: string, id: string): Promise<void> {
  await vscode.commands.executeCommand('modelyard.showRun', projectUri, id);
}

export async function openVersion(projectUri: string, model: string, version: string): Promise<void> {
  await vscode.commands.executeCommand('modelyard.showModelVersion', { projectUri, model, version });
}
