/** `modelyard packages list|show|export|delete` */
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parsePackageReference } from '../../model/package-names.js';
import { count, formatBytes } from '../../model/units.js';
import { heldByReleases } from '../../serving/releases.js';
import { tempName } from '../../stores/atomic.js';
import { dockerfile } from '../../stores/packages/docker.js';
import { PackageStore } from '../../stores/packages/store.js';
import type { PackageManifest, PackageVersion } from '../../stores/packages/types.js';
import { type Arguments, UsageError } from '../args.js';
import { type Command, CommandError } from '../command.js';
import { projectRoot } from '../locate.js';
import { EXIT, stdout } from '../output.js';
import { noSubcommand } from '../subcommands.js';
import { type Style, styleFor, wantsColours } from '../terminal/style.js';
import { tame } from '../terminal/text.js';
import { valueOf } from './models-shared.js';

const ACTIONS = ['list', 'show', 'export', 'delete'] as const;

export const packages: Command = {
  name: 'packages',
  summary: 'App packages: list, show, export (also for containers), delete.',
  usage: 'packages list|show|export|delete [PACKAGE[@VERSION]] [flags]',
  details: `
A version is named by its number; without one the newest is meant: rain-app, rain-app@3. \`export\` writes its files to a
folder, or its archive to a file whose name ends in .tar.`,
  flags: {
    output: {
      type: 'string',
      short: 'o',
      value: 'PATH',
      help: 'export: where to. Default: PACKAGE-VERSION.',
    },
    docker: { type: 'boolean', help: 'export: a build context with a Dockerfile.' },
    all: { type: 'boolean', help: 'list, show: deleted versions, too.' },
    reason: { type: 'string', value: 'TEXT', help: 'delete: why; goes into the history.' },
    json: { type: 'boolean', help: 'As JSON.' },
  },
  most: 2,
  run(args) {
    const [word = 'list'] = args.positionals;
    const action = ACTIONS.find((one) => one === word);
    if (action === undefined) throw noSubcommand('packages', word, ACTIONS);
    const root = projectRoot(args);
    const store = PackageStore.open(root, { heldBy: heldByReleases(root, 'package') });
    const style = styleFor(wantsColours(process.stdout.isTTY));
    return Promise.resolve({ list, show, export: exported, delete: remove }[action](args, store, style));
  },
};

function list(args: Arguments, store: PackageStore, style: Style): number {
  const all = args.flag('all');
  const found = store.list().map(({ name, versions }) => ({
    name,
    versions: versions.filter((version) => all || version.deleted === undefined),
  }));
  if (args.flag('json')) stdout.line(JSON.stringify(found));
  else if (found.length === 0) stdout.line('There are no packages yet. A `package` task makes one.');
  else {
    for (const { name, versions } of found) {
      const [newest] = versions;
      if (newest === undefined) continue;
      const serves = newest.model === undefined ? '' : `  serves ${newest.model}`;
      const number = count(versions.length, 'version');
      stdout.line(
        `${style.bold(name)}  ${number}, newest ${newest.version}${serves}  ${style.dim(newest.createdAt)}`,
      );
    }
  }
  return EXIT.ok;
}

/** The version that a word means, and whether it said which. */
function chosen(args: Arguments, store: PackageStore): { version: PackageVersion; exact: boolean } {
  const word = args.positionals[1];
  if (word === undefined) throw new UsageError('say which package, as in rain-app or rain-app@3');
  const parsed = parsePackageReference(word);
  if (!parsed.ok) throw new UsageError(parsed.message);
  const { name, version } = parsed.reference;
  return { version: valueOf(store.version(name, version)).version, exact: version !== undefined };
}

function show(args: Arguments, store: PackageStore, style: Style): number {
  const { version, exact } = chosen(args, store);
  if (!exact) {
    const { versions } = valueOf(store.package(version.name)).package;
    const shown = versions.filter((one) => args.flag('all') || one.deleted === undefined);
    if (args.flag('json')) {
      stdout.line(JSON.stringify({ name: version.name, versions: shown }));
      return EXIT.ok;
    }
    for (const one of shown) {
      const gone = one.deleted === undefined ? '' : `  deleted by ${one.deleted.by}`;
      const run = one.run === undefined ? '' : `  run ${one.run.id}`;
      stdout.line(
        `${style.bold(`${one.name}@${one.version}`)}  ${one.files} files, ${formatBytes(one.bytes)}  ${style.dim(`${one.createdAt} by ${one.createdBy}${run}`)}${gone}`,
      );
    }
    return EXIT.ok;
  }
  const { manifest } = valueOf(store.manifest(version));
  if (args.flag('json')) stdout.line(JSON.stringify({ ...version, manifest }));
  else
    stdout.write(
      `${manifestLines(version, manifest, style)
        .map((line) => tame(line, style.colours))
        .join('\n')}\n`,
    );
  return EXIT.ok;
}

function manifestLines(version: PackageVersion, manifest: PackageManifest, style: Style): string[] {
  const lines = [
    `${style.bold(`${version.name}@${version.version}`)}  ${style.dim(version.hash)}`,
    `made ${version.createdAt} by ${version.createdBy}${version.run === undefined ? '' : ` in run ${version.run.id}`}`,
    ...(manifest.description === undefined ? [] : [manifest.description]),
    `entrypoint ${manifest.entrypoint}`,
    ...manifest.setup.map((command) => `setup ${command}`),
  ];
  const { live, ready } = manifest.health;
  const fields: readonly (readonly [string, string | number | undefined])[] = [
    ['port', manifest.port],
    ['health', live === ready ? live : [live, ready].filter((one) => one !== undefined).join(', ')],
    ['model', manifest.model],
    ['feature service', manifest.featureService],
    ['python', manifest.python],
    ['requirements', manifest.requirements],
    ['secrets', manifest.secrets.join(', ')],
  ];
  for (const [name, value] of fields) if (value !== undefined && value !== '') lines.push(`${name} ${value}`);
  for (const [name, value] of Object.entries(manifest.env)) lines.push(`env ${name}=${value}`);
  for (const { name, type } of manifest.signature?.inputs ?? []) lines.push(`expects ${name}: ${type}`);
  lines.push(`${count(manifest.files.length, 'file')}, ${formatBytes(manifest.archive.bytes)}:`);
  for (const { path: file, bytes } of manifest.files)
    lines.push(`  ${file}  ${style.dim(formatBytes(bytes))}`);
  return lines;
}

function exported(args: Arguments, store: PackageStore): number {
  const { version } = chosen(args, store);
  const docker = args.flag('docker');
  const name = `${version.name}-${version.version}`;
  const target = path.resolve(args.text('output') ?? (docker ? `${name}-docker` : name));
  if (existsSync(target))
    throw new CommandError(`${target} is there already: say where else with --output`, EXIT.failed);
  if (!docker && target.endsWith('.tar')) {
    valueOf(store.manifest(version));
    const temp = tempName(target);
    try {
      copyFileSync(store.archivePath(version), temp);
      renameSync(temp, target);
    } finally {
      rmSync(temp, { force: true });
    }
  } else layOut(store, version, target, docker);
  const what = docker
    ? `a build context: docker build -t ${version.name}:${version.version} ${target}`
    : target;
  if (args.flag('json')) stdout.line(JSON.stringify({ ...version, path: target }));
  else stdout.line(`exported ${version.name} ${version.version} to ${what}`);
  return EXIT.ok;
}

/** Made beside its place and moved there when it is whole. */
function layOut(store: PackageStore, version: PackageVersion, target: string, docker: boolean): void {
  mkdirSync(path.dirname(target), { recursive: true });
  const temp = tempName(target);
  try {
    const folder = docker ? path.join(temp, 'app') : temp;
    mkdirSync(folder, { recursive: true });
    const { manifest } = valueOf(store.extract(version, folder));
    if (docker) {
      const made = dockerfile(manifest, version.version);
      if (!made.ok) throw new CommandError(`no Dockerfile can be made: ${made.problem}`, EXIT.failed);
      writeFileSync(path.join(temp, 'Dockerfile'), made.text);
    }
    renameSync(temp, target);
  } finally {
    rmSync(temp, { recursive: true, force: true });
  }
}

function remove(args: Arguments, store: PackageStore): number {
  const { version, exact } = chosen(args, store);
  if (!exact) throw new UsageError(`say which version, as in ${version.name}@${version.version}`);
  const reason = args.text('reason');
  valueOf(store.delete(version.name, version.version, reason === undefined ? {} : { reason }));
  stdout.line(
    args.flag('json')
      ? JSON.stringify({ name: version.name, version: version.version, deleted: true })
      : `deleted version ${version.version} of ${version.name}; \`modelyard gc\` frees its bytes`,
  );
  return EXIT.ok;
}
