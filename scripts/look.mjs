// Looks at the extension: opens a folder in a real VS Code with the current build, does some steps, takes pictures.
//
//   node scripts/look.mjs [FOLDER] [options] ['step' …]
//
// FOLDER (default examples/rain) is copied first, so that steps can change and run things; `--in-place` opens it itself.
//
//   --theme light|dark|hc|hc-light   default dark
//   --size 1400x900                  of the window
//   --version newest|1.100           of VS Code
//   --out out/look                   folder of the pictures
//   --restricted                     open it in Restricted Mode
//   --set key=json                   a user setting; may be repeated
//   --script file.mjs                instead of steps: `export default async (workbench, { page, until, folder }) => …`
//   --no-build                       take `dist/` as it is
//
// Steps, one per argument; a picture `last.png` is always taken at the end:
//
//   open PATH               open a file                     command TITLE     run a command from the palette
//   hover PATH | TEXT       hover a text of a file          click PATH | TEXT put the cursor there
//   goto LINE[:COLUMN]      move the cursor                 type TEXT         type it
//   press KEY …             press keys (Control+Space …)    fix | complete | problems   show them and print them
//   container TITLE         open a side bar container       expand VIEW | ROW open a row of a tree
//   rows VIEW               print a tree                    row VIEW | ROW    click a row
//   lens TEXT               click a code lens               pick TEXT         click a row of the open picker
//   see TEXT                wait until TEXT can be read     button TEXT       click a button of a notification or dialog
//   frame TEXT              wait for TEXT in the webview    terminal TEXT     wait for TEXT in the terminal
//   shot NAME               take a picture                  css SELECTOR      click an element of the page
//
// For example:
//
//   node scripts/look.mjs examples/rain --theme light 'open pipelines/train.pipeline.yaml' 'lens Run' 'terminal succeeded' \
//     'container Modelyard' 'expand Runs | rain-train' 'shot after-a-run'
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureInstalled, root } from './lib/prepare.mjs';

const called = process.cwd();
ensureInstalled();

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    theme: { type: 'string', default: 'dark' },
    size: { type: 'string', default: '1400x900' },
    version: { type: 'string', default: 'newest' },
    out: { type: 'string', default: path.join(root, 'out/look') },
    restricted: { type: 'boolean', default: false },
    'in-place': { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
    set: { type: 'string', multiple: true, default: [] },
    script: { type: 'string' },
  },
});

const { findVersion, installServer } = await import('./lib/vscode-install.mjs');
const { prepareData, startServer } = await import('./lib/vscode-session.mjs');
const { launchOptions } = await import('./lib/browser.mjs');
const { loadWorkbench, themeSetting } = await import('./lib/workbench.mjs');

const version = findVersion(values.version);
const server = await installServer(version);
if (!values['no-build']) await (await import('./build.mjs')).build();
const launch = await launchOptions();
const { chromium } = await import('playwright-core');
const { Workbench, until } = await loadWorkbench();

const [first = 'examples/rain', ...steps] = positionals;
const source = path.resolve(called, first);
const temporary = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'modelyard-look-')));
const out = path.resolve(called, values.out);
mkdirSync(out, { recursive: true });
let folder = source;
if (!values['in-place']) {
  folder = path.join(temporary, path.basename(source));
  cpSync(source, folder, {
    recursive: true,
    filter: (file) => !/[\\/](\.modelyard|__pycache__)$/.test(file),
  });
}
const settings = {
  ...themeSetting(values.theme, version),
  'security.workspace.trust.startupPrompt': 'never',
};
for (const assignment of values.set) {
  const at = assignment.indexOf('=');
  settings[assignment.slice(0, at)] = JSON.parse(assignment.slice(at + 1));
}
const dataDir = path.join(temporary, 'data');
prepareData(dataDir, { settings, linkExtension: root });

const pair = (text) => text.split(' | ').map((piece) => piece.trim());

/** The steps' verbs: what is written after the verb, the window. */
const VERBS = {
  open: (rest, w) => w.openFile(rest),
  command: (rest, w) => w.command(rest),
  hover: async (rest, w) => console.log(await w.hover(...pair(rest))),
  click: (rest, w) => w.goToText(...pair(rest)),
  goto: (rest, w) => w.goTo(...rest.split(':').map(Number)),
  type: (rest, w) => w.type(rest),
  press: (rest, w) => w.press(...rest.split(/\s+/)),
  fix: async (_, w) => console.log((await w.quickFixes()).join('\n')),
  complete: async (_, w) => console.log((await w.completions()).join('\n')),
  problems: async (_, w) => console.log((await w.problems()).join('\n')),
  container: (rest, w) => w.showContainer(rest),
  expand: (rest, w) => w.expand(...pair(rest)),
  rows: async (rest, w) => console.log((await w.rows(rest)).join('\n')),
  row: (rest, w) =>
    w
      .row(...pair(rest))
      .first()
      .click(),
  lens: (rest, w) => w.lens(rest).first().click(),
  pick: (rest, w) => w.pick(rest),
  see: (rest, w) => w.page.getByText(rest).first().waitFor(),
  button: (rest, w) => w.clickButton(rest),
  frame: (rest, w) => w.webview.getByText(rest).first().waitFor(),
  terminal: (rest, w) =>
    until(`“${rest}” in the terminal`, async () => (await w.terminalText()).includes(rest), 60_000),
  shot: async (rest, w) => console.log(path.relative(called, await w.screenshot(rest))),
  css: (rest, w) => w.page.locator(rest).first().click(),
};

let browser;
let session;
try {
  session = await startServer(server, { dataDir, trusted: !values.restricted });
  browser = await chromium.launch(launch);
  const [width, height] = values.size.split('x').map(Number);
  const workbench = await Workbench.open(browser, {
    url: session.url(folder),
    width,
    height,
    screenshots: out,
  });
  try {
    if (values.script) {
      const { default: script } = await import(pathToFileURL(path.resolve(called, values.script)).href);
      await script(workbench, { page: workbench.page, until, folder });
    }
    for (const step of steps) {
      const [verb] = step.split(' ', 1);
      if (!(verb in VERBS)) throw new Error(`no step “${verb}”; there is ${Object.keys(VERBS).join(', ')}`);
      await VERBS[verb](step.slice(verb.length + 1), workbench);
    }
  } catch (error) {
    console.error(error.message);
    console.error(workbench.console.filter((line) => line.startsWith('error')).join('\n'));
    process.exitCode = 1;
  }
  console.log(path.relative(called, await workbench.screenshot('last')));
} finally {
  await browser?.close();
  await session?.stop();
  rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
  rmSync(path.join(root, `out/look/workbench-${process.pid}.mjs`), { force: true });
}
