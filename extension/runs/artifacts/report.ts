/** HTML that a run made, shown and never executed. */
import * as vscode from 'vscode';
import { sealedHtml } from './artifacts.js';
import { plain } from '../../../server/base/format.js';

/** @param source the artifact's file */
export async function showReport(title: string, source: vscode.Uri): Promise<void> {
  const html = new TextDecoder().decode(await vscode.workspace.fs.readFile(source));
  const panel = vscode.window.createWebviewPanel(
    'modelyard.report',
    plain(title, 40),
    vscode.ViewColumn.Active,
    {
      enableScripts: false,
      enableForms: false,
      enableCommandUris: false,
      localResourceRoots: [],
      enableFindWidget: true,
    },
  );
  panel.webview.html = sealedHtml(html);
}
