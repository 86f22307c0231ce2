// Packs the extension, and looks whether the right files are in it.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { TARGETS, stageDuckDb } from './duckdb.mjs';
import { writeNotices } from './notices.mjs';
import { root } from './prepare.mjs';
import { capture, must } from './run.mjs';

/** What has to be in the package, and what must not. */
const NEEDED = [
  'package.json',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
  'SECURITY.md',
  'dist/THIRD-PARTY-NOTICES.txt',
  'dist/sbom.cdx.json',
  'dist/extension.js',
  'dist/server.js',
  'dist/cli.js',
  'docs/reference/language.md',
  'docs/rules/README.md',
  'docs/schema/pipeline.schema.json',
  'dist/program.js',
  'dist/run-program.js',
  'dist/definitions.js',
  'dist/python-code.js',
  'dist/task-requests.js',
  'dist/features.js',
  'dist/node-sqlite3-wasm.wasm',
  'dist/node_modules/@duckdb/node-bindings/duckdb.js',
  'dist/node_modules/detect-libc/lib/detect-libc.js',
  'dist/webviews/graph.js',
  'dist/webviews/run.js',
  'dist/webviews/compare.js',
  'dist/webviews/common.css',
  'dist/webviews/codicon.css',
  'dist/webviews/codicon.ttf',
];
const UNWANTED =
  /\.map$|\.ts$|\.tsx$|^(tests|scripts|out|examples|server|extension|node_modules|\.[^/]+)\/|^media\/webviews\//;

/**
 * Packs what is in `dist/` and DuckDB's binary for a platform with vsce; answers `{ file, bytes, files, problems }`. The
 * package says which platform it is for, and the same sources give the same bytes.
 * @param inputs what `build` answered
 */
export async function makePackage({ file, target, inputs }) {
  if (!(target in TARGETS)) throw new Error(`a package is for one of ${Object.keys(TARGETS).join(', ')}`);
  mkdirSync(path.dirname(file), { recursive: true });
  rmSync(file, { force: true });
  const vsce = path.join(root, 'node_modules/@vscode/vsce/vsce');
  // For vsce: every entry of the archive has the time of the commit.
  const commit = await capture('git', ['log', '-1', '--format=%ct'], { cwd: root, timeoutMs: 10_000 });
  const epoch = commit.code === 0 ? commit.output.trim() : '315532800';
  const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-package-'));
  const options = { cwd: folder, env: { ...process.env, SOURCE_DATE_EPOCH: epoch, TZ: 'UTC' } };
  const { repository } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  // Without a home on the web the links of the README have nowhere to point to, and stay as they are.
  const homeless = repository ? [] : ['--allow-missing-repository', '--no-rewrite-relative-links'];
  const pack = [vsce, 'package', '--no-dependencies', ...homeless, '--out', file];
  pack.push('--target', target);
  if (inputs !== undefined) writeNotices(path.join(root, 'dist'), inputs, target);
  // Beside the bundle, because vsce leaves out the project's own node_modules.
  const modules = await stageDuckDb(target, path.join(root, 'dist'));
  let stdout;
  try {
    copyShipped(folder);
    await must(process.execPath, pack, options);
    ({ stdout } = await must(process.execPath, [vsce, 'ls', '--no-dependencies'], options));
  } finally {
    // A binary for another platform would be found before the one that is installed here.
    rmSync(modules, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  }
  const files = stdout.split('\n').map((line) => line.trim()).filter(Boolean).sort(); // prettier-ignore
  const here = new Set(files.map((name) => name.toLowerCase()));
  const problems = [
    ...[...NEEDED, binaryOf(target)]
      .filter((name) => !here.has(name.toLowerCase()))
      .map((name) => `${name} is missing`),
    ...files.filter((name) => UNWANTED.test(name)).map((name) => `${name} does not belong into the package`),
  ];
  return { file, bytes: statSync(file).size, files, problems };
}

/**
 * What `.vscodeignore` lets through lies in these folders. vsce looks at every file below the one that it is started in, and
 * beside them are a hundred thousand: virtual environments, VS Codes, what tests have left.
 */
function copyShipped(folder) {
  const names = readFileSync(path.join(root, '.vscodeignore'), 'utf8').matchAll(/^!([^/\n]+)/gm);
  for (const name of new Set(['.vscodeignore', ...[...names].map(([, first]) => first)]))
    cpSync(path.join(root, name), path.join(folder, name), {
      recursive: true,
      filter: (file) => !file.startsWith(path.join(root, 'docs/node_modules')),
    });
}

/** Where the package of this version for a platform is written. */
export function packageFile(target) {
  const { name, version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return path.join(root, `${name}-${version}-${target}.vsix`);
}

const binaryOf = (platform) => `dist/node_modules/@duckdb/node-bindings-${TARGETS[platform]}/duckdb.node`;
