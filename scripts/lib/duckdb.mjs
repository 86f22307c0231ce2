// DuckDB's binary is a package of its own for each platform. A VSIX holds the one of its platform, which npm fetches by name and
// version where it is not installed here.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { root } from './prepare.mjs';
import { must } from './run.mjs';

/** VS Code's names of platforms, and DuckDB's. */
export const TARGETS = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'alpine-x64': 'linux-x64-musl',
  'alpine-arm64': 'linux-arm64-musl',
  'darwin-x64': 'darwin-x64',
  'darwin-arm64': 'darwin-arm64',
  'win32-x64': 'win32-x64',
  'win32-arm64': 'win32-arm64',
};

const BINDINGS = '@duckdb/node-bindings';

/** The platform that this runs on, in VS Code's words. */
export function ownTarget() {
  const { glibcVersionRuntime } = process.report.getReport().header;
  const system =
    process.platform === 'linux' && glibcVersionRuntime === undefined ? 'alpine' : process.platform;
  return `${system}-${process.arch}`;
}

const moduleAt = (name) => path.join(root, 'node_modules', name);

/** Puts what the engine needs at run time into `<folder>/node_modules`, and answers that folder. */
export async function stageDuckDb(target, folder) {
  const platform = TARGETS[target];
  if (platform === undefined)
    throw new Error(`no target ${target}; there are ${Object.keys(TARGETS).join(', ')}`);
  const modules = path.join(folder, 'node_modules');
  rmSync(modules, { recursive: true, force: true });
  const copy = (name, from = moduleAt(name)) =>
    cpSync(from, path.join(modules, name), {
      recursive: true,
      filter: (file) => !/\.(d\.ts|md|map)$/i.test(file),
    });
  copy(BINDINGS);
  copy('detect-libc');
  const name = `${BINDINGS}-${platform}`;
  copy(name, existsSync(moduleAt(name)) ? moduleAt(name) : await fetchPackage(name));
  return modules;
}

/** Fetches a package in the version of the bindings, and answers the folder that it was unpacked to. */
async function fetchPackage(name) {
  const { version } = JSON.parse(readFileSync(path.join(moduleAt(BINDINGS), 'package.json'), 'utf8'));
  const folder = path.join(root, 'out/duckdb', `${path.basename(name)}-${version}`);
  const unpacked = path.join(folder, 'package');
  if (existsSync(path.join(unpacked, 'duckdb.node'))) return unpacked;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { stdout } = await must(
    'npm',
    ['pack', `${name}@${version}`, '--silent', '--pack-destination', folder],
    { cwd: folder },
  );
  const tarball = stdout.trim().split('\n').at(-1);
  await must('tar', ['-xzf', path.join(folder, tarball), '-C', folder], { cwd: folder });
  return unpacked;
}
