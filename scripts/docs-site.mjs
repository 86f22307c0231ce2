// `npm run docs:site`: makes the searchable site of docs/ in out/site, and fails where a link leads nowhere. With --serve it
// shows the site and follows the pages as they are saved. DOCS_BASE is the path that it will be served at, `/` by itself.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { ensureInstalled, root } from './lib/prepare.mjs';

const docs = path.join(root, 'docs');
ensureInstalled({ python: false, folder: docs });

const program = path.join(docs, 'node_modules/vitepress/bin/vitepress.js');
const order = process.argv.includes('--serve') ? 'dev' : 'build';
spawn(process.execPath, [program, order, docs], { stdio: 'inherit' }).once('exit', (code) => {
  process.exitCode = code ?? 1;
  if (code === 0 && order === 'build') console.log('The site is in out/site.');
});
