// The tests of tests/editor/host, run inside a real extension host.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { root } from './prepare.mjs';
import { prepareData, startServer } from './vscode-session.mjs';

/** Bundles the tests once; answers the file that VS Code loads. */
export async function bundleHostTests(folder) {
  const outfile = path.join(folder, 'host-tests.js');
  await esbuild.build({
    entryPoints: [path.join(root, 'tests/editor/host/index.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    sourcemap: 'inline',
    external: ['vscode'],
    logLevel: 'warning',
  });
  return outfile;
}

/** `{ code, error }` of the window: the tests' exit code, or why there is none. */
async function openWindow(browser, url, { patience, screenshot }) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const lines = [];
  page.on('console', (message) => lines.push(`${message.type()}: ${message.text()}`));
  let timer;
  try {
    const exited = new Promise((resolve) => {
      // The two functions that the workbench calls where a test runner drives it.
      void page.exposeFunction('codeAutomationLog', (type, args) => lines.push(`${type}: ${args.join(' ')}`));
      void page.exposeFunction('codeAutomationExit', (code) => resolve({ code })).then(() => page.goto(url));
      timer = setTimeout(
        () => resolve({ code: 1, error: `the tests did not end within ${patience / 1000} s` }),
        patience,
      );
    });
    const { code, error } = await exited;
    if (code !== 0) await page.screenshot({ path: screenshot }).catch(() => {});
    return { code, error, lines };
  } finally {
    clearTimeout(timer);
    await context.close();
  }
}

/** Runs them on one version. Answers `{ passed, failed, tests, notes }`; what kept them from running is a failed test. */
export async function runHostTests({
  server,
  browser,
  bundle,
  folder,
  workspace,
  screenshots,
  grep = '',
  patience = 1_800_000,
}) {
  const dataDir = path.join(folder, 'host-data');
  const results = path.join(folder, 'host-results.json');
  rmSync(results, { force: true });
  mkdirSync(folder, { recursive: true });
  prepareData(dataDir);
  const session = await startServer(server, {
    dataDir,
    smoke: true,
    env: { MODELYARD_TEST_RESULTS: results, MODELYARD_TEST_GREP: grep },
  });
  try {
    const url = session.url(workspace, [
      ['extensionDevelopmentPath', session.remote(root)],
      ['extensionTestsPath', session.remote(bundle)],
      ['skipWelcome', 'true'],
      ['skipReleaseNotes', 'true'],
    ]);
    const screenshot = path.join(screenshots, 'host-tests-failed.png');
    const { code, error, lines } = await openWindow(browser, url, { patience, screenshot });
    const found = existsSync(results) ? JSON.parse(readFileSync(results, 'utf8')) : undefined;
    const tests = [...(found?.tests ?? [])];
    const problem = (text) => tests.push({ name: 'the extension host', ok: false, ms: 0, error: text });
    // A host that dies reports success: only the results file is believed.
    if (!found)
      problem(
        `${error ?? `the tests never started (code ${code})`}\n${lines.slice(-30).join('\n')}\n${session.log()}`,
      );
    else if (!found.finished)
      problem(`${error ?? 'the host died'} after ${tests.length} of ${found.planned} tests`);
    else if (found.planned === 0) problem(`no test fits ${grep}`);
    return { tests, notes: found?.notes ?? {} };
  } finally {
    await session.stop();
  }
}
