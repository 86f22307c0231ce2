/** App packages as expressions see them: `packages.rain-app`, `packages.rain-app@3`, and what a version has. */
import path from 'node:path';
import { PACKAGE_MEMBERS } from '../../definition/expressions/contexts.js';
import { didYouMean, similar } from '../../definition/names/names.js';
import { parsePackageReference } from '../../definition/names/package-names.js';
import type { Json } from '../../definition/definition.js';
import type { Lookup } from '../../definition/expressions/values.js';
import type { PackageStore } from '../../stores/packages/store.js';
import type { PackageVersion } from '../../stores/packages/types.js';
import type { ModelLookup } from './models.js';
import type { Versions } from '../execute/versions.js';

/**
 * @param members begins with `rain-app` or `rain-app@3`
 * @param versions what names stand for in the run; absent: what they stand for now
 */
export function packageLookup(
  packages: PackageStore,
  members: readonly string[],
  versions?: Versions,
): ModelLookup {
  const [reference, ...rest] = members;
  if (reference === undefined) return error('packages: say which package, as in packages.rain-app.version.');
  const parsed = parsePackageReference(reference);
  if (!parsed.ok) return error(`packages: ${parsed.message}`);
  const { name, version: given } = parsed.reference;
  const found = packages.version(name, given ?? versions?.package(name));
  if (!found.ok) return error(`packages.${reference}: ${found.error.message}`);
  const { version, hash } = found.version;
  return {
    found: member(packages, reference, found.version, rest),
    used: { kind: 'package', reference, version, hash },
  };
}

function member(
  packages: PackageStore,
  reference: string,
  version: PackageVersion,
  members: readonly string[],
): Lookup {
  const [what] = members;
  const value = (one: Json): Lookup => ({ kind: 'value', value: one });
  switch (what) {
    case undefined:
    case 'reference':
      return value(`${version.name}@${version.version}`);
    case 'version':
      return value(version.version);
    case 'hash':
      return value(version.hash);
    case 'model':
      return value(version.model ?? null);
    case 'run':
      return value(version.run?.id ?? null);
    case 'path':
      return packages.objects.has(version.hash)
        ? value(path.relative(packages.root, packages.archivePath(version)).split(path.sep).join('/'))
        : { kind: 'error', message: `packages.${reference}: its archive is missing.` };
    default: {
      const names = PACKAGE_MEMBERS.map(({ name }) => name);
      return {
        kind: 'error',
        message: `packages.${reference} has ${names.join(', ')}, but no "${what}".${didYouMean(similar(what, names))}`,
      };
    }
  }
}

function error(message: string): ModelLookup {
  return { found: { kind: 'error', message } };
}
