// `npm start`: opens the example in VS Code with the extension. The desktop's `code` where there is one, else the server
// build in a browser: `npm start -- --browser` takes that one in any case. `npm start -- FOLDER` opens another folder.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensureInstalled, root } from './lib/prepare.mjs';

const called = process.cwd();
ensureInstalled();
const { build } = await import('./build.mjs');
const { findVersion, installServer } = await import('./lib/vscode-install.mjs');
const { prepareData, startServer } = await import('./lib/vscode-session.mjs');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    browser: { type: 'boolean', default: false },
    version: { type: 'string', default: 'newest' },
    port: { type: 'string', default: '0' },
  },
});
const folder = positionals[0] ? path.resolve(called, positionals[0]) : path.join(root, 'examples/rain');

await build();

function onDesktop() {
  const shell = process.platform === 'win32';
  if (spawnSync('code', ['--version'], { stdio: 'ignore', shell }).status !== 0) return false;
  const { status } = spawnSync('code', [`--extensionDevelopmentPath=${root}`, folder], {
    stdio: 'inherit',
    shell,
  });
  return status === 0;
}

async function inBrowser() {
  const server = await installServer(findVersion(values.version));
  const temporary = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'modelyard-start-')));
  const dataDir = path.join(temporary, 'data');
  prepareData(dataDir, { linkExtension: root });
  const session = await startServer(server, { dataDir, port: Number(values.port) });
  console.log(`VS Code ${server.version.vscode} with Modelyard: ${session.url(folder)}`);
  console.log('Ctrl-C ends it.');
  await new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, resolve);
  });
  await session.stop();
  rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
}

if (values.browser || !onDesktop()) await inBrowser();
else console.log(`opened ${path.relative(called, folder)} in VS Code`);
