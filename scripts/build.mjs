// Bundles what ships: the extension, the language server, the command line, the service host, the feature store's engine
// and the webviews.
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';
import { writeNotices } from './lib/notices.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);

const node = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  sourcemap: true,
  logLevel: 'warning',
  // Several packages ship an ES module beside a UMD one that esbuild can't follow; prefer the first.
  mainFields: ['module', 'main'],
};

/** Leaves what `server/cli/definitions.ts` names to its bundle, where it is imported only when it is needed. */
const definitionsApart = {
  name: 'definitions-apart',
  setup(build) {
    const folder = path.join(root, 'server/cli');
    const exported = readFileSync(path.join(folder, 'definitions.ts'), 'utf8').matchAll(
      /^export .* from '(.+)';$/gm,
    );
    const apart = [...exported].map(([, name]) => path.resolve(folder, name));
    build.onResolve({ filter: /^\./ }, ({ kind, path: name, resolveDir }) =>
      kind === 'dynamic-import' && apart.includes(path.resolve(resolveDir, name))
        ? { path: './definitions.js', external: true }
        : undefined,
    );
  },
};

/** Leaves a module to its bundle where it is imported only when it is needed. */
const apart = (entry, bundle) => ({
  name: `${bundle}-apart`,
  setup(build) {
    const module = path.join(root, entry).replace(/\.ts$/, '.js');
    build.onResolve({ filter: /^\./ }, ({ kind, path: name, resolveDir }) =>
      kind === 'dynamic-import' && path.resolve(resolveDir, name) === module
        ? { path: `./${bundle}`, external: true }
        : undefined,
    );
  },
});

/** The bundles, as esbuild options. */
export async function bundles({ minify = false } = {}) {
  const list = [];
  const add = (entry, outfile, options) =>
    existsSync(entry) && list.push({ ...options, minify, entryPoints: [entry], outfile });
  add('extension/main.ts', 'dist/extension.js', { ...node, external: ['vscode'] });
  add('server/language/main.ts', 'dist/server.js', node);
  add('server/serving/host/main.ts', 'dist/service-host.js', node);
  add('server/cli/program.ts', 'dist/program.js', node);
  // A run that finds its definition unchanged reads the first of these and not the second.
  add('server/cli/run-program.ts', 'dist/run-program.js', {
    ...node,
    // The command's own loader knows `require` only.
    supported: { 'dynamic-import': false },
    plugins: [
      definitionsApart,
      apart('server/cli/tracking/task-requests.ts', 'task-requests.js'),
      apart('server/python/code.ts', 'python-code.js'),
      apart('server/python/notebook.ts', 'python-code.js'),
    ],
  });
  add('server/cli/tracking/task-requests.ts', 'dist/task-requests.js', node);
  add('server/python/notebook.ts', 'dist/python-code.js', node);
  add('server/cli/definitions.ts', 'dist/definitions.js', node);
  // Only the binary stays outside: it is a package per platform, and missing where nothing was built for the machine.
  add('server/features/engine/child.ts', 'dist/features.js', {
    ...node,
    external: ['@duckdb/node-bindings'],
  });
  add('server/cli/main.ts', 'dist/cli.js', { ...node, banner: { js: '#!/usr/bin/env node' } });
  if (existsSync('media/webviews')) {
    for (const name of (await readdir('media/webviews')).filter((file) => file.endsWith('.ts')).sort()) {
      add(`media/webviews/${name}`, `dist/webviews/${name.replace(/\.ts$/, '.js')}`, {
        bundle: true,
        platform: 'browser',
        target: 'es2022',
        format: 'iife',
        sourcemap: true,
        logLevel: 'warning',
      });
    }
  }
  return list;
}

/** What the command line looks for beside its bundle: SQLite. */
export async function copyBeside(folder) {
  const name = 'node-sqlite3-wasm.wasm';
  await cp(path.join('node_modules/node-sqlite3-wasm/dist', name), path.join(folder, name));
}

async function copyAssets() {
  await mkdir('dist/webviews', { recursive: true });
  const codicons = 'node_modules/@vscode/codicons/dist';
  for (const file of ['codicon.css', 'codicon.ttf'])
    await cp(path.join(codicons, file), path.join('dist/webviews', file));
  await copyBeside('dist');
  for (const file of await readdir('media/webviews')) {
    if (file.endsWith('.css')) await cp(path.join('media/webviews', file), path.join('dist/webviews', file));
  }
}

/** Builds everything into `dist/`; answers the files that went into it. */
export async function build({ minify = false, watch = false } = {}) {
  if (!watch) await rm('dist', { recursive: true, force: true });
  await copyAssets();
  const all = await bundles({ minify });
  if (watch) {
    for (const options of all) await (await esbuild.context(options)).watch();
    console.log('watching');
    return;
  }
  const built = await Promise.all(all.map((options) => esbuild.build({ ...options, metafile: true })));
  const inputs = built.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  writeNotices('dist', inputs);
  return inputs;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await build({ minify: process.argv.includes('--minify'), watch: process.argv.includes('--watch') });
}
