// The tests of tests/editor/ui, run by node against the packaged extension in a browser.
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { root } from './prepare.mjs';
import { capture } from './run.mjs';
import { themeSetting } from './workbench.mjs';
import { installExtension, prepareData, startServer } from './vscode-session.mjs';

async function bundle(outdir) {
  const folder = path.join(root, 'tests/editor/ui');
  const entryPoints = readdirSync(folder).filter((file) => file.endsWith('.test.ts'));
  await esbuild.build({
    entryPoints: entryPoints.map((file) => path.join(folder, file)),
    outdir,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    sourcemap: 'inline',
    packages: 'external',
    logLevel: 'warning',
  });
  return entryPoints.map((file) => path.join(outdir, file.replace(/\.ts$/, '.js')));
}

/** Runs them on one version; without a package, against the build as it lies in the repository. Answers `{ tests, notes }`. */
export async function runUiTests({ server, endpoint, folder, vsix, screenshots, grep }) {
  // Inside the repository, so that `playwright-core` is found from there.
  const outdir = path.join(root, 'out/editor', `ui-${process.pid}-${server.version.name}`);
  const files = await bundle(outdir);
  const results = path.join(folder, 'ui-results.ndjson');
  mkdirSync(folder, { recursive: true });
  const settings = {
    ...themeSetting('dark', server.version),
    'security.workspace.trust.startupPrompt': 'never',
  };
  // A cluster of the tests, where one of them has started one.
  process.env.SLURM_CONF = path.join(folder, 'slurm.conf');
  // Two windows' worth of VS Code: in one every folder is trusted, in the other none.
  const [trusted, restricted] = await Promise.all(
    [true, false].map(async (isTrusted) => {
      const dataDir = path.join(folder, isTrusted ? 'ui-data' : 'ui-data-restricted');
      prepareData(dataDir, vsix ? { settings } : { settings, linkExtension: root });
      if (vsix) await installExtension(server, dataDir, vsix);
      return startServer(server, { dataDir, trusted: isTrusted });
    }),
  );
  try {
    const reporter = path.join(root, 'scripts/lib/results-reporter.mjs');
    const { code, output } = await capture(
      process.execPath,
      [
        '--enable-source-maps',
        '--test',
        '--test-concurrency=2',
        `--test-reporter=${reporter}`,
        `--test-reporter-destination=${results}`,
        ...(grep ? [`--test-name-pattern=${grep}`] : []),
        ...files,
      ],
      {
        cwd: root,
        timeoutMs: 5_400_000,
        env: {
          ...process.env,
          MODELYARD_UI: JSON.stringify({
            endpoint,
            version: server.version.name,
            screenshots,
            trusted: trusted.url(''),
            restricted: restricted.url(''),
            fixtures: path.join(root, 'tests/editor/fixtures/workspace'),
            example: path.join(root, 'examples/rain'),
            temporary: folder,
          }),
        },
      },
    );
    const lines = existsSync(results) ? readFileSync(results, 'utf8').trim().split('\n').filter(Boolean) : [];
    const entries = lines.map((line) => JSON.parse(line));
    const tests = entries.filter((entry) => 'name' in entry);
    const notes = Object.fromEntries(
      entries.filter((entry) => 'note' in entry).map(({ note, value }) => [note, value]),
    );
    if (tests.length === 0 || (code !== 0 && tests.every(({ ok }) => ok)))
      tests.push({ name: 'ui tests', ok: false, ms: 0, error: `node --test ended with ${code}\n${output}` });
    return { tests, notes };
  } finally {
    await Promise.all([trusted.stop(), restricted.stop()]);
  }
}
