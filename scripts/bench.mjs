// Prints the table of docs/development/benchmarks.md: each figure beside a peer or a floor measured in the same run.
// `npm run bench -- --only runner,language,lint,stores,panels,features,registry,activation,tracking,cluster`
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './lib/prepare.mjs';

process.chdir(path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..'));
ensureInstalled();

const esbuild = await import('esbuild');
const { build } = await import('./build.mjs');
await build({ minify: true });
await esbuild.build({
  entryPoints: {
    main: 'tests/bench/main.ts',
    store: 'tests/bench/processes/store-child.ts',
    registry: 'tests/bench/processes/registry-child.ts',
    bare: 'tests/bench/processes/bare-loop.ts',
  },
  outdir: 'out/bench',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  sourcemap: 'inline',
  logLevel: 'warning',
  mainFields: ['module', 'main'],
});
const { status } = spawnSync(
  process.execPath,
  ['--enable-source-maps', 'out/bench/main.js', ...process.argv.slice(2)],
  {
    stdio: 'inherit',
  },
);
process.exit(status ?? 1);
