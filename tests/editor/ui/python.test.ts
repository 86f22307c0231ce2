/** Python in the window: tasks under the debugger. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { peerPython } from '../../support/peers/peers.js';
import { takeTheme } from './looks.js';
import { uiTest } from './session.js';
import { until } from './workbench.js';

const SCRIPT = `import sys


def double(value):
    result = value * 2
    return result


print("made", double(int(sys.argv[1])))
`;

uiTest('Debug Task stops at a breakpoint and shows variables', {}, async ({ workbench, folder }) => {
  // No Python extension is in this window: the session is our own.
  const python = peerPython('debugpy');
  mkdirSync(path.join(folder, 'src'), { recursive: true });
  writeFileSync(path.join(folder, 'src/double.py'), SCRIPT);
  const text = `name: debugged\npython: ${python}\ntasks:\n  double: { run: python src/double.py 21 | cat }\n`;
  writeFileSync(path.join(folder, 'debugged.pipeline.yaml'), text);
  await workbench.openFile('src/double.py');
  await workbench.goTo(6);
  await workbench.command('Debug: Toggle Breakpoint');
  await workbench.openFile('debugged.pipeline.yaml');
  await workbench.lens(/Debug/).first().click();
  await workbench.page.locator('.debug-toolbar').first().waitFor();
  await workbench.page.locator('.debug-top-stack-frame-line').first().waitFor();
  await workbench.expand('Variables', 'Locals');
  const rows = await until('the variables', async () => {
    const all = (await workbench.rows('Variables')).join('\n');
    return all.includes('result') && all;
  });
  assert.match(rows, /result[\s=:]*42/);
  await workbench.screenshot('debug-dark');
  takeTheme(folder, 'light');
  await workbench.page.locator('.monaco-workbench.vs').first().waitFor();
  await workbench.screenshot('debug-light');
  await workbench.command('Debug: Continue');
  // The debug console has taken the place of the terminal.
  await workbench.showContainer('Modelyard');
  await until('the run in the side bar', async () =>
    /debugged\s*debug/.test((await workbench.rows('Runs')).join('\n')),
  );
});
