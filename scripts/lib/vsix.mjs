// Packs the extension, and looks whether the right files are in it.
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { root } from './prepare.mjs';
import { must } from './run.mjs';

/** What has to be in the package, and what must not. */
const NEEDED = [
  'package.json',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
  'dist/extension.js',
  'dist/server.js',
  'dist/cli.js',
  'docs/language.md',
  'docs/rules/README.md',
  'dist/program.js',
  'dist/webviews/graph.js',
  'dist/webviews/run.js',
  'dist/webviews/compare.js',
  'dist/webviews/common.css',
  'dist/webviews/codicon.css',
  'dist/webviews/codicon.ttf',
];
const UNWANTED =
  /\.map$|\.ts$|\.tsx$|^(tests|scripts|out|examples|server|extension|docs\/schema|node_modules|\.[^/]+)\/|^media\/webviews\//;

/** Packs what is in `dist/` with vsce; answers `{ file, bytes, files, problems }`. */
export async function makePackage({ file }) {
  mkdirSync(path.dirname(file), { recursive: true });
  rmSync(file, { force: true });
  const vsce = path.join(root, 'node_modules/@vscode/vsce/vsce');
  const options = { cwd: root };
  const { repository } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  // Without a home on the web the links of the README have nowhere to point to, and stay as they are.
  const homeless = repository ? [] : ['--allow-missing-repository', '--no-rewrite-relative-links'];
  const pack = [vsce, 'package', '--no-dependencies', ...homeless, '--out', file];
  await must(process.execPath, pack, options);
  const { stdout } = await must(process.execPath, [vsce, 'ls', '--no-dependencies'], options);
  const files = stdout.split('\n').map((line) => line.trim()).filter(Boolean).sort(); // prettier-ignore
  const here = new Set(files.map((name) => name.toLowerCase()));
  const problems = [
    ...NEEDED.filter((name) => !here.has(name.toLowerCase())).map((name) => `${name} is missing`),
    ...files.filter((name) => UNWANTED.test(name)).map((name) => `${name} does not belong into the package`),
  ];
  return { file, bytes: statSync(file).size, files, problems };
}
