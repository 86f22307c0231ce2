// Installs a real VS Code (the server build that the npm package `code-server` carries) into `.vscode-test/`.
//
// Desktop VS Code is a download that many build machines can't reach and that needs a screen. The server build is the
// same editor and the same extension host, comes through the npm client, and opens in any browser. We take only
// `lib/vscode` out of the package and skip its wrapper.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { must, capture } from './run.mjs';
import { withLock } from './lock.mjs';
import { root } from './prepare.mjs';

/** Raise it when the recipe below changes: installations of an older recipe are made anew. */
const RECIPE = 1;

export const cacheFolder = path.join(root, '.vscode-test');

/** The versions we test on. Each runs on the Node that its VS Code was built for, also from npm. */
export const VERSIONS = [
  {
    name: '1.100',
    vscode: '1.100.3',
    package: 'code-server@4.100.3',
    node: 20,
    natives: ['spdlog', 'native-watchdog', 'node-pty'],
  },
  {
    name: 'newest',
    vscode: '1.139.1',
    package: 'code-server@4.139.1',
    node: 24,
    natives: ['@vscode/spdlog', '@vscode/native-watchdog'],
  },
];

export function findVersion(name = 'newest') {
  const found = VERSIONS.find((version) => version.name === name || version.vscode === name);
  if (!found)
    throw new Error(`no VS Code ${name}; there is ${VERSIONS.map((version) => version.name).join(', ')}`);
  return found;
}

const nodePackage = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;

/** Dependencies that the editor does not need for our purpose, and that are large, or need a compiler. */
const UNNEEDED = [
  /^@devcontainers\//,
  /^@github\//,
  /^@microsoft\/mxc-sdk$/,
  /^@vscode\/(copilot-api|sandbox-runtime|sqlite3|tree-sitter-wasm)$/,
  /^@vscode\/windows-/,
  /^(kerberos|ssh2|node-addon-api|tar|zod|detect-libc)$/,
];

const packageName = (spec) => spec.replace(/(.)@.*$/, '$1');

/** `npm pack` into the cache, once. Answers the tarball's path. */
export async function download(spec) {
  const name = packageName(spec).replace(/^@/, '').replace('/', '-');
  const tarball = path.join(cacheFolder, 'downloads', `${name}-${spec.slice(spec.lastIndexOf('@') + 1)}.tgz`);
  if (existsSync(tarball)) return tarball;
  const partial = `${tarball}.partial-${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    const { stdout } = await must('npm', ['pack', spec, '--silent', '--pack-destination', partial], {
      cwd: partial,
    });
    renameSync(path.join(partial, stdout.trim().split('\n').at(-1)), tarball);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return tarball;
}

function trimManifest(folder, version) {
  const file = path.join(folder, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  delete manifest.overrides;
  delete manifest.allowScripts;
  for (const name of Object.keys(manifest.dependencies))
    if (UNNEEDED.some((pattern) => pattern.test(name))) delete manifest.dependencies[name];
  manifest.dependencies['@vscode/ripgrep-universal'] ??= '*';
  manifest.dependencies[nodePackage] = String(version.node);
  writeFileSync(file, JSON.stringify(manifest, null, 2));
}

/** The program of that name which an npm package brought along. */
const nodeBinary = (folder) =>
  path.join(folder, 'node_modules', nodePackage, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

/** The steps in order. One that was interrupted is done again; those before it are not. */
const STEPS = {
  async unpack(folder, version) {
    const tarball = await download(version.package);
    rmSync(path.join(folder), { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    await must('tar', [
      'xzf', tarball, '-C', folder, '--strip-components=3',
      '--exclude=package/lib/vscode/extensions/copilot',
      '--exclude=package/lib/vscode/extensions/mermaid-markdown-features',
      '--exclude=*.map',
      'package/lib/vscode',
    ]); // prettier-ignore
    rmSync(path.join(folder, 'npm-shrinkwrap.json'), { force: true });
    rmSync(path.join(folder, 'package-lock.json'), { force: true });
    rmSync(tarball);
  },
  async manifest(folder, version) {
    trimManifest(folder, version);
  },
  async dependencies(folder) {
    const install = () => {
      rmSync(path.join(folder, 'node_modules'), { recursive: true, force: true, maxRetries: 5 });
      const flags = ['--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
      return must('npm', ['install', ...flags], { cwd: folder });
    };
    // After an interruption an npm that lost its parent may still be at work in the folder; the second attempt outlives it.
    await install().catch(install);
  },
  async natives(folder, version) {
    // Without a compiler this fails and VS Code still works, only noisily: so the outcome is not looked at.
    await capture(
      'npm',
      ['rebuild', ...version.natives, '--ignore-scripts=false', '--foreground-scripts=false'],
      { cwd: folder },
    );
  },
  async ripgrep(folder) {
    // VS Code 1.100 looks for `rg` where a post-install script would have put it; without it, listing tasks takes 11 s.
    const target = path.join(folder, 'node_modules/@vscode/ripgrep');
    const source = path.join(
      folder,
      'node_modules/@vscode/ripgrep-universal/bin',
      `${process.platform}-${process.arch}`,
    );
    if (!existsSync(target) || !existsSync(source)) return;
    cpSync(source, path.join(target, 'bin'), { recursive: true });
    const program = path.join(target, 'bin', process.platform === 'win32' ? 'rg.exe' : 'rg');
    if (existsSync(program)) chmodSync(program, 0o755);
  },
};

/**
 * Makes sure that a version is installed, and answers `{ version, folder, node, main }`: start it with
 * `node main …`. Two processes may call it at once, and an interrupted installation is continued.
 */
export async function installServer(version) {
  const folder = path.join(cacheFolder, `vscode-${version.vscode}-r${RECIPE}`);
  const result = { version, folder, node: nodeBinary(folder), main: path.join(folder, 'out/server-main.js') };
  const complete = path.join(folder, '.complete');
  if (existsSync(complete)) return result;
  return withLock(`${folder}.lock`, async () => {
    if (existsSync(complete)) return result;
    const staging = `${folder}.partial`;
    const progress = path.join(staging, '.steps-done');
    const done = existsSync(progress) ? readFileSync(progress, 'utf8').split('\n') : [];
    const start = performance.now();
    console.log(`installing VS Code ${version.vscode} into ${path.relative(process.cwd(), folder)}`);
    for (const [name, step] of Object.entries(STEPS)) {
      if (done.includes(name)) continue;
      await step(staging, version);
      done.push(name);
      writeFileSync(progress, done.join('\n'));
    }
    rmSync(folder, { recursive: true, force: true });
    renameSync(staging, folder);
    if (!existsSync(result.node)) throw new Error(`${result.node} is missing after the installation`);
    writeFileSync(complete, '');
    console.log(
      `installed VS Code ${version.vscode} in ${((performance.now() - start) / 1000).toFixed(1)} s`,
    );
    return result;
  });
}
