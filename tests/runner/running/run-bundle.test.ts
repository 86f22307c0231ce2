/** A run of an unchanged pipeline loads what it needs and no more: reading definitions is a bundle of its own. */
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { type BuildOptions, build } from 'esbuild';

test('the bundle of `run` reads no definitions', async () => {
  const { bundles } = (await import(pathToFileURL(path.resolve('scripts/build.mjs')).href)) as {
    bundles: () => Promise<(BuildOptions & { outfile: string })[]>;
  };
  const options = (await bundles()).find(({ outfile }) => outfile.endsWith('run-program.js'));
  assert.ok(options);
  const { metafile } = await build({ ...options, write: false, metafile: true });
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs));
  assert.ok(inputs.includes('server/runner/run.ts'));
  assert.deepEqual(
    inputs.filter((file) => /node_modules\/(yaml|@sinclair\/typebox)\/|server\/model\/schema\//.test(file)),
    [],
  );
});
