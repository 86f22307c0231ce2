// `npm run package`: a minified build, packed as modelyard-<version>-<target>.vsix with DuckDB's binary for that platform.
// Says how large it is and whether it holds what it should. `-- --target linux-x64`, which may be given several times, or
// `--target all`; default: this platform. `--twice` builds and packs again and expects the same bytes.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensureInstalled } from './lib/prepare.mjs';

ensureInstalled({ python: false });
const { build } = await import('./build.mjs');
const { makePackage, packageFile } = await import('./lib/vsix.mjs');
const { TARGETS, ownTarget } = await import('./lib/duckdb.mjs');

const { values } = parseArgs({
  options: { target: { type: 'string', multiple: true }, twice: { type: 'boolean', default: false } },
});
const targets = values.target?.includes('all') ? Object.keys(TARGETS) : (values.target ?? [ownTarget()]);
const unknown = targets.find((target) => !(target in TARGETS));
if (unknown !== undefined) {
  console.error(`no target ${unknown}; there are ${Object.keys(TARGETS).join(', ')} and all`);
  process.exit(2);
}

const hashOf = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');
const hashes = [];
for (let time = 0; time < (values.twice ? 2 : 1); time += 1) {
  const inputs = await build({ minify: true });
  for (const target of targets) {
    const file = packageFile(target);
    const { bytes, files, problems } = await makePackage({ file, target, inputs });
    if (time === 0) for (const packed of files) console.log(`  ${packed}`);
    console.log(`${path.basename(file)}: ${files.length} files, ${(bytes / 1024).toFixed(0)} KiB`);
    hashes.push(`${target} ${hashOf(file)}`);
    for (const problem of problems) console.error(`problem: ${problem}`);
    if (problems.length > 0) process.exitCode = 1;
  }
}
if (new Set(hashes).size !== targets.length) {
  console.error(`problem: two builds are not the same bytes:\n${hashes.join('\n')}`);
  process.exitCode = 1;
}
