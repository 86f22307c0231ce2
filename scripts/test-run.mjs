// Bundles test files with esbuild and runs them with node's test runner: `node scripts/test-run.mjs FILE|FOLDER …`.
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

process.chdir(path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..'));

const options = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const places = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));

function testsIn(place) {
  if (statSync(place).isFile()) return [place];
  return readdirSync(place, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

const files = places.flatMap(testsIn);
if (files.length === 0) {
  console.error('no test files found in', places.join(', '));
  process.exit(2);
}
const outdir = `out/tests-${process.pid}`;
process.on('exit', () => rmSync(outdir, { recursive: true, force: true }));
await esbuild.build({
  entryPoints: files,
  outdir,
  outbase: 'tests',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  sourcemap: 'inline',
  logLevel: 'warning',
  mainFields: ['module', 'main'],
  external: ['vscode', 'playwright-core', 'esbuild', 'typescript', 'eslint', 'node-sqlite3-wasm'],
});
const bundled = files.map((file) => path.join(outdir, path.relative('tests', file).replace(/\.ts$/, '.js')));
const { status } = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...options, ...bundled], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
