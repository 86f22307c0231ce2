/** Tests of pure parts, of the file system and of the language server in Node for Windows: what holds here holds there. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { cases } from '../support/generated/cases.js';
import { builtBundle } from '../support/lsp-client.js';
import { windowsAvailable, windowsNode, windowsPath } from '../support/peers/wine.js';

const available = windowsAvailable();

/** `npm run torture` takes more of them: each file of tests is a process there, and begins slowly. */
const PLACES = [
  ...['unit/base', 'unit/project', 'language/views/params.test.ts'],
  ...(cases(0, 1) > 0
    ? [
        'unit/definition',
        'unit/syntax',
        ...['diagnostics', 'disk', 'views/project'].map((name) => `language/${name}.test.ts`),
      ]
    : []),
].map((place) => path.join('tests', place));

/** What can't hold there, and what is tested on Windows in its place. */
const ELSEWHERE: readonly (readonly [test: RegExp, why: string])[] = [
  [/real shell|where no quoting is safe|survive the shell/, 'POSIX shells; `cmd` is held by cmd.test.ts'],
  [/^what Python sees|^a table of values|characters of numbers/, 'there is no Python for Windows here'],
  [
    /git|branch switch|excludes count|taken back|takes back|ignores a file/,
    'there is no git for Windows here',
  ],
  [/^a walk honours|links are followed/, 'links of Wine lead nowhere'],
];

const TESTS_MS = 600_000;

test('unit tests hold in Node for Windows', { skip: !available.ok, timeout: 2 * TESTS_MS }, async () => {
  // The language server that the tests start can't be built there.
  await builtBundle('server.js');
  const files = PLACES.flatMap((place) =>
    place.endsWith('.ts')
      ? [place]
      : readdirSync(place, { recursive: true, encoding: 'utf8' })
          .filter((name) => name.endsWith('.test.ts'))
          .map((name) => path.join(place, name)),
  );
  const outdir = path.resolve('out/windows', `tests-${process.pid}`);
  const results = `${outdir}.ndjson`;
  const esbuild = await import('esbuild');
  await esbuild.build({
    entryPoints: files,
    outdir,
    outbase: 'tests',
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    logLevel: 'warning',
    mainFields: ['module', 'main'],
    external: ['esbuild'],
  });
  try {
    const reporter = path.resolve('scripts/lib/results-reporter.mjs');
    await windowsNode(
      [
        '--test',
        '--test-concurrency=2',
        `--test-reporter=file:///Z:${reporter}`,
        `--test-reporter-destination=${windowsPath(results)}`,
        ...files.map((file) =>
          windowsPath(path.join(outdir, path.relative('tests', file).replace(/\.ts$/, '.js'))),
        ),
      ],
      { cwd: process.cwd(), timeoutMs: TESTS_MS },
    );
    const tests = readFileSync(results, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { name?: string; ok?: boolean; error?: string })
      .filter(({ name }) => name !== undefined);
    assert.ok(tests.length > files.length, `${tests.length} tests of ${files.length} files`);
    const failed = tests.filter(
      ({ ok, name = '' }) => ok !== true && !ELSEWHERE.some(([what]) => what.test(name)),
    );
    assert.deepEqual(
      failed.map(({ name, error }) => `${name}: ${error}`),
      [],
    );
  } finally {
    for (const place of [outdir, results]) rmSync(place, { recursive: true, force: true });
  }
});
