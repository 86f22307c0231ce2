/** What of others is in the package is named, with the text of its licence. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';

interface Shipped {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly text: string;
}

const load = async <T>(script: string): Promise<T> =>
  (await import(pathToFileURL(path.resolve('scripts', script)).href)) as T;

async function shipped(): Promise<readonly Shipped[]> {
  const { bundles } = await load<{ bundles: () => Promise<object[]> }>('build.mjs');
  const { shippedPackages } = await load<{
    shippedPackages: (inputs: readonly string[], target: string) => readonly Shipped[];
  }>('lib/notices.mjs');
  const esbuild = await import('esbuild');
  const built = await Promise.all(
    (await bundles()).map((options) => esbuild.build({ ...options, metafile: true, write: false })),
  );
  return shippedPackages(
    built.flatMap(({ metafile }) => Object.keys(metafile.inputs)),
    'darwin-arm64',
  );
}

test('every dependency is in the notices, and every package has its licence with it', async () => {
  const packages = await shipped();
  const names = new Set(packages.map(({ name }) => name));
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    dependencies: Record<string, string>;
  };
  assert.deepEqual(
    Object.keys(dependencies).filter((name) => !names.has(name)),
    [],
    'a dependency that is not shipped',
  );
  assert.ok(names.has('@vscode/codicons') && names.has('@duckdb/node-bindings-darwin-arm64'));
  for (const { name, text } of packages) {
    assert.match(text, /copyright|creative commons|permission is hereby granted|apache license/i, name);
    assert.ok(text.length > 300, name);
  }
});
