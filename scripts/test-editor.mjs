// Tests the extension in real VS Codes: `node scripts/test-editor.mjs [--version 1.100|newest] [--suite host|ui] [--grep x]`.
//
// host: tests/editor/host, inside the extension host, against the sources' build in `dist/`.
// ui:   tests/editor/ui, through a browser, against the packaged extension.
//
// `--linked` takes the build itself instead of a package, `--vsix` a package that exists, `--no-build` leaves `dist/` as it is.
// Pictures and logs are kept in out/screenshots/<version>/. The last line is `N passed, N failed`.
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensureInstalled, root } from './lib/prepare.mjs';

ensureInstalled();

const { values } = parseArgs({
  options: {
    version: { type: 'string', multiple: true },
    suite: { type: 'string', multiple: true, default: ['host', 'ui'] },
    grep: { type: 'string', default: '' },
    vsix: { type: 'string' },
    linked: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
  },
});

const { VERSIONS, findVersion, installServer } = await import('./lib/vscode-install.mjs');
const { launchOptions } = await import('./lib/browser.mjs');
const { bundleHostTests, runHostTests } = await import('./lib/editor-host.mjs');
const { runUiTests } = await import('./lib/editor-ui.mjs');
const { chromium } = await import('playwright-core');

const versions = values.version?.map(findVersion) ?? VERSIONS;
const start = performance.now();
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

if (!values['no-build']) await (await import('./build.mjs')).build();
const servers = [];
for (const version of versions) servers.push(await installServer(version));
/** The packaged extension, made once. */
let packed = values.vsix && Promise.resolve(path.resolve(values.vsix));
async function packageOnce() {
  const { makePackage } = await import('./lib/vsix.mjs');
  const { ownTarget } = await import('./lib/duckdb.mjs');
  return (await makePackage({ file: path.join(root, 'out/editor/modelyard.vsix'), target: ownTarget() }))
    .file;
}

const temporary = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'modelyard-editor-')));
const totals = { passed: 0, failed: 0 };

function report(tests) {
  for (const { name, ok, ms, error } of tests) {
    console.log(`${ok ? '✔' : '✖'} ${name} (${(ms / 1000).toFixed(1)} s)`);
    if (!ok) console.log(error.replace(/^/gm, '    '));
    totals[ok ? 'passed' : 'failed']++;
  }
}

/** Runs one suite; what it throws is a failed test, so that the other suites still run. */
async function suite(name, version, work) {
  if (!values.suite.includes(name)) return;
  const begun = performance.now();
  console.log(`\n▶ editor ${name} tests, VS Code ${version.vscode}`);
  let result;
  try {
    result = await work();
  } catch (error) {
    result = {
      tests: [
        { name: `${name} tests on ${version.vscode}`, ok: false, ms: 0, error: String(error.stack ?? error) },
      ],
    };
  }
  report(result.tests);
  for (const [what, value] of Object.entries(result.notes ?? {})) console.log(`ℹ ${what}: ${value}`);
  console.log(`  in ${seconds(begun)}`);
}

const browser = await chromium.launchServer(await launchOptions());
try {
  const client = await chromium.connect(browser.wsEndpoint());
  const bundle = await bundleHostTests(temporary);
  for (const server of servers) {
    const { version } = server;
    const folder = path.join(temporary, version.name);
    const screenshots = path.join(root, 'out/screenshots', version.name);
    for (const name of values.suite) rmSync(path.join(screenshots, name), { recursive: true, force: true });
    const common = { server, folder, grep: values.grep };
    await suite('host', version, () => {
      const workspace = path.join(folder, 'host-workspace');
      cpSync(path.join(root, 'tests/editor/fixtures/workspace'), workspace, { recursive: true });
      const pictures = path.join(screenshots, 'host');
      mkdirSync(pictures, { recursive: true });
      return runHostTests({ ...common, browser: client, bundle, workspace, screenshots: pictures });
    });
    await suite('ui', version, async () => {
      if (!values.linked) packed ??= packageOnce();
      const vsix = await packed;
      const pictures = path.join(screenshots, 'ui');
      mkdirSync(pictures, { recursive: true });
      return runUiTests({ ...common, endpoint: browser.wsEndpoint(), vsix, screenshots: pictures });
    });
  }
} finally {
  await browser.close();
  rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
}
console.log(`\npictures in out/screenshots, ${seconds(start)}`);
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0;
