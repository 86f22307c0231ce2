/** `modelyard packages list|show|export|delete` */
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../../base/defined.js';
import { parsePackageReference } from '../../../definition/names/package-names.js';
import { plural } from '../../../base/format.js';
import { formatBytes } from '../../../definition/text/units.js';
import { heldByReleases } from '../../../serving/releases/releases.js';
import { tempName } from '../../../stores/disk/atomic.js';
import { dockerfile } from '../../../stores/packages/docker.js';
import { PackageStore } from '../../../stores/packages/store.js';
import type { PackageManifest, PackageVersion } from '../../../stores/packages/types.js';
import { answer } from '../../answers.js';
import { CHANGE_FLAGS, type Flags, JSON_FLAG, UsageError } from '../../args.js';
import { CommandError } from '../../command.js';
import { EXIT, stdout } from '../../output.js';
import { type ProjectCall, type Subcommands, family } from '../../subcommands.js';
import type { Style } from '../../terminal/style.js';
import { tame } from '../../terminal/text.js';
import { say, valueOf } from '../models/shared.js';

interface PackagesCall extends ProjectCall {
  readonly store: PackageStore;
}

const ALL: Flags = { all: { type: 'boolean', help: 'Deleted versions, too.' } };

const SUBCOMMANDS: Subcommands<PackagesCall> = {
  list: {
    usage: 'list [--all]',
    summary: 'All packages: how many versions, the newest one.',
    flags: { ...JSON_FLAG, ...ALL },
    least: 0,
    most: 0,
    run: list,
  },
  show: {
    usage: 'show PACKAGE[@VERSION] [--all]',
    summary: 'The versions of a package, or all that is known of one.',
    flags: { ...JSON_FLAG, ...ALL },
    least: 1,
    most: 1,
    run: show,
  },
  export: {
    usage: 'export PACKAGE[@VERSION] [--output PATH] [--docker]',
    summary: 'Writes its files to a folder, or its archive to a file whose name ends in .tar.',
    flags: {
      ...JSON_FLAG,
      output: { type: 'string', short: 'o', value: 'PATH', help: 'Where to. Default: PACKAGE-VERSION.' },
      docker: { type: 'boolean', help: 'A build context with a Dockerfile.' },
    },
    least: 1,
    most: 1,
    run: exported,
  },
  delete: {
    usage: 'delete PACKAGE@VERSION [--reason TEXT] [--dry]',
    summary: 'Deletes a version, unless a release needs it.',
    flags: CHANGE_FLAGS,
    least: 1,
    most: 1,
    run: remove,
  },
};

export const packages = family<PackagesCall>({
  name: 'packages',
  summary: 'App packages: list, show, export (also for containers), delete.',
  details: `
A version is named by its number; without one the newest is meant: rain-app, rain-app@3.`,
  examples: ['packages list', 'packages show rain-app@3', 'packages export rain-app --docker --output build'],
  subcommands: SUBCOMMANDS,
  open: (call) => ({
    ...call,
    store: PackageStore.open(call.root, { heldBy: heldByReleases(call.root, 'package') }),
  }),
});

function list(call: PackagesCall): number {
  const { args, store, style, json } = call;
  const all = args.flag('all');
  const found = store.list().map(({ name, versions }) => ({
    name,
    versions: versions.filter((version) => all || version.deleted === undefined),
  }));
  if (json) answer('packages list', { packages: found });
  else if (found.length === 0) stdout.line('There are no packages yet. A `package` task makes one.');
  else {
    for (const { name, versions } of found) {
      const [newest] = versions;
      if (newest === undefined) continue;
      const serves = newest.model === undefined ? '' : `  serves ${newest.model}`;
      const number = plural(versions.length, 'version');
      stdout.line(
        `${style.bold(name)}  ${number}, newest ${newest.version}${serves}  ${style.dim(newest.createdAt)}`,
      );
    }
  }
  return EXIT.ok;
}

/** The version that a word means, and whether it said which. */
function chosen({ words, store }: PackagesCall): { version: PackageVersion; exact: boolean } {
  const [word = ''] = words;
  const parsed = parsePackageReference(word);
  if (!parsed.ok) throw new UsageError(parsed.message);
  const { name, version } = parsed.reference;
  return { version: valueOf(store.version(name, version)).version, exact: version !== undefined };
}

function show(call: PackagesCall): number {
  const { args, store, style, json } = call;
  const { version, exact } = chosen(call);
  if (!exact) {
    const { versions } = valueOf(store.package(version.name)).package;
    const shown = versions.filter((one) => args.flag('all') || one.deleted === undefined);
    if (json) {
      answer('packages show', { name: version.name, versions: shown });
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
  if (json) answer('packages show', { ...version, manifest });
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
  lines.push(`${plural(manifest.files.length, 'file')}, ${formatBytes(manifest.archive.bytes)}:`);
  for (const { path: file, bytes } of manifest.files)
    lines.push(`  ${file}  ${style.dim(formatBytes(bytes))}`);
  return lines;
}

function exported(call: PackagesCall): number {
  const { args, store, json } = call;
  const { version } = chosen(call);
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
  if (json) answer('packages export', { ...version, path: target });
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

function remove(call: PackagesCall): number {
  const { args, store } = call;
  const { version, exact } = chosen(call);
  if (!exact) throw new UsageError(`say which version, as in ${version.name}@${version.version}`);
  const reason = args.text('reason');
  const cause = { dry: call.dry, ...defined({ reason }) };
  valueOf(store.delete(version.name, version.version, cause));
  const what = `version ${version.version} of ${version.name}`;
  return say(
    call,
    'packages delete',
    { name: version.name, version: version.version, deleted: true },
    `deleted ${what}; \`modelyard gc\` frees its bytes`,
    `would delete ${what}`,
  );
}
