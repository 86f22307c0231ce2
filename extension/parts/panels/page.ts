/** The page around a webview's script: a policy that lets nothing in but our own files, and nothing written inline. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

export type PageName =
  | 'preview'
  | 'profile'
  | 'experiments'
  | 'graph'
  | 'run'
  | 'compare'
  | 'versions'
  | 'history'
  | 'lineage'
  | 'approval'
  | 'service';

/** Style sheets that pages share besides common.css. */
const SHARED_STYLES: Readonly<Partial<Record<PageName, readonly string[]>>> = {
  graph: ['diagram'],
  lineage: ['diagram'],
  experiments: ['grid'],
  preview: ['grid'],
  approval: ['table'],
  compare: ['table'],
  versions: ['table'],
};

/** What webviews may load. */
export function pageOptions(extensionUri: vscode.Uri): vscode.WebviewOptions {
  return {
    enableScripts: true,
    enableForms: false,
    localResourceRoots: [vscode.Uri.joinPath(extensionUri, 'dist', 'webviews')],
  };
}

export function pageHtml(webview: vscode.Webview, extensionUri: vscode.Uri, name: PageName): string {
  const file = (path: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, 'dist', 'webviews', path)).toString();
  const nonce = randomBytes(18).toString('base64');
  const policy = [
    "default-src 'none'",
    `style-src ${webview.cspSource}`,
    `font-src ${webview.cspSource}`,
    `script-src 'nonce-${nonce}'`,
    // A chart becomes a PNG by way of an image of itself.
    ...(name === 'experiments' ? ['img-src data:'] : []),
  ].join('; ');
  const styles = [...(SHARED_STYLES[name] ?? []), name];
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${file('codicon.css')}">
<link rel="stylesheet" href="${file('common.css')}">
${styles.map((style) => `<link rel="stylesheet" href="${file(`${style}.css`)}">`).join('\n')}
<title>Modelyard</title>
</head>
<body>
<main id="root"></main>
<script nonce="${nonce}" src="${file(`${name}.js`)}"></script>
</body>
</html>`;
}
