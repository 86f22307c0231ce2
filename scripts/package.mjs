// `npm run package`: a minified build, packed as modelyard-<version>.vsix. Says how large it is and whether it holds what it should.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ensureInstalled, root } from './lib/prepare.mjs';

ensureInstalled({ python: false });
const { build } = await import('./build.mjs');
const { makePackage } = await import('./lib/vsix.mjs');

const { name, version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
await build({ minify: true });
const { file, bytes, files, problems } = await makePackage({
  file: path.join(root, `${name}-${version}.vsix`),
});

for (const packed of files) console.log(`  ${packed}`);
console.log(`${path.basename(file)}: ${files.length} files, ${(bytes / 1024).toFixed(0)} KiB`);
for (const problem of problems) console.error(`problem: ${problem}`);
process.exitCode = problems.length > 0 ? 1 : 0;
