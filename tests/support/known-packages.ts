/** App packages in memory, as far as the language service sees them. */
import type { KnownPackage, KnownPackages } from '../../server/definition/known/packages.js';

/** @param packages how many versions each has */
export function knownPackages(packages: Readonly<Record<string, number>>): KnownPackages {
  const known = new Map(Object.entries(packages).map(([name, count]) => [name, packageOf(name, count)]));
  const names = [...known.keys()].sort();
  return { names: () => names, package: (name) => known.get(name) };
}

function packageOf(name: string, count: number): KnownPackage {
  return {
    name,
    versions: Array.from({ length: count }, (_, index) => ({
      version: String(count - index),
      hash: 'sha256:0123456789abcdef',
      files: 3,
      bytes: 2_048,
      model: 'rain',
      entrypoint: 'python3 app/serve.py',
      createdAt: '2026-01-01T11:00:00.000Z',
      createdBy: 'ada@lab',
    })),
  };
}
