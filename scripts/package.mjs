// `npm run package`: a minified build, packed as modelyard-<version>.vsix with DuckDB's binary for this platform. Says how large
// it is and whether it holds what it should. `-- --target linux-x64`, which may be given several times, or `--target all`:
// modelyard-<version>-<target>.vsix for that platform.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensureInstalled, root } from './lib/prepare.mjs';

ensureInstalled({ python: false });
const { build } = await import('./build.mjs');
const { makePackage } = await import('./lib/vsix.mjs');
const { TARGETS } = await import('./lib/duckdb.mjs');

const { name, version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const { values } = parseArgs({ options: { target: { type: 'string', multiple: true } } });
const targets = values.target?.includes('all') ? Object.keys(TARGETS) : (values.target ?? [undefined]);
const unknown = targets.find((target) => target !== undefined && !(target in TARGETS));
if (unknown !== undefined) {
  console.error(`no target ${unknown}; there are ${Object.keys(TARGETS).join(', ')} and all`);
  process.exit(2);
}

await build({ minify: true });
for (const target of targets) {
  const suffix = target === undefined ? '' : `-${target}`;
  const { file, bytes, files, problems } = await makePackage({
    file: path.join(root, `${name}-${version}${suffix}.vsix`),
    target,
  });
  for (const packed of files) console.log(`  ${packed}`);
  console.log(`${path.basename(file)}: ${files.length} files, ${(bytes / 1024).toFixed(0)} KiB`);
  for (const problem of problems) console.error(`problem: ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
}
