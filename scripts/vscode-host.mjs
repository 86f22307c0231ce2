// Installs what the editor tests need, into `.vscode-test/`: both versions of VS Code and, where none is found, a browser.
// `node scripts/vscode-host.mjs [--version 1.100|newest]`. Safe to call at any time, from several processes, and again
// after an interruption; does nothing when everything is there.
import { parseArgs } from 'node:util';
import { ensureInstalled } from './lib/prepare.mjs';
import { findBrowser } from './lib/browser.mjs';
import { VERSIONS, findVersion, installServer } from './lib/vscode-install.mjs';

ensureInstalled({ python: false });
const { values } = parseArgs({ options: { version: { type: 'string', multiple: true } } });
for (const version of values.version?.map(findVersion) ?? VERSIONS) {
  const { folder } = await installServer(version);
  console.log(`VS Code ${version.vscode}: ${folder}`);
}
const { executablePath } = await findBrowser();
console.log(`browser: ${executablePath}`);
