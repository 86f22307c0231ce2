/** An untrusted folder: the language works, nothing runs, and the reason is said. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { uiTest } from './session.js';

uiTest(
  'Restricted Mode: mistakes are shown, running is off and says why',
  { restricted: true },
  async ({ workbench, folder }) => {
    await workbench.page.locator('[id="status.workspaceTrust"]').waitFor();
    await workbench.openFile('broken.pipeline.yaml');
    await workbench.errors.first().waitFor();
    await workbench.hover('broken.pipeline.yaml', 'outputs', /^outputs\b/);
    await workbench.openFile('good.pipeline.yaml');
    await workbench.lens(/Run/).first().click();
    await workbench.notified(/Restricted Mode/);
    await workbench.screenshot('restricted');
    assert.equal(existsSync(path.join(folder, '.modelyard/runs')), false);

    // A run of somebody else waits: it shows, and can't be answered here.
    const ask = 'name: ask\nkind: deployment\ntasks: { sign: { approval: { prompt: Sign it } } }\n';
    writeFileSync(path.join(folder, 'ask.pipeline.yaml'), ask);
    const cli = path.join(process.cwd(), 'dist/cli.js');
    const args = [cli, 'run', 'ask.pipeline.yaml'];
    assert.equal(spawnSync(process.execPath, args, { cwd: folder, stdio: 'ignore' }).status, 3);
    await workbench.showContainer('Modelyard');
    const refused = workbench.notification(/not answered in Restricted Mode/);
    await workbench.inlineAction('Runs', 'ask › sign', 'Approve', refused);
    const explained = workbench.webview.getByText(/Nothing is answered in Restricted Mode/);
    await workbench.inlineAction('Runs', 'ask › sign', 'Show Approval', explained);
    assert.equal(await workbench.webview.getByRole('button', { name: 'Approve' }).count(), 0);
    await workbench.screenshot('restricted-approval');
  },
);

uiTest('a memory that came with a clone is told of once, and used after one yes', {}, async (ui) => {
  const { workbench, folder } = ui;
  const original = mkdtempSync(path.join(os.tmpdir(), 'modelyard-original-'));
  const cli = (cwd: string): number | null =>
    spawnSync(process.execPath, [path.join(process.cwd(), 'dist/cli.js'), 'run', 'good.pipeline.yaml'], {
      cwd,
      stdio: 'ignore',
    }).status;
  try {
    cpSync(folder, original, { recursive: true });
    assert.equal(cli(original), 0);
    await workbench.showContainer('Modelyard');
    await workbench.row('Pipelines', 'good').first().waitFor();
    cpSync(path.join(original, '.modelyard'), path.join(folder, '.modelyard'), { recursive: true });
    await workbench.notified(/was not made on this machine/);
    assert.equal(cli(folder), 1);
    const row = workbench.row('Runs', '.modelyard of');
    await row.first().waitFor();
    await workbench.screenshot('foreign-memory');
    await workbench.clickButton('What Is This?');
    await workbench.page.getByText('holds runs and cached outputs').first().waitFor();
    await workbench.screenshot('foreign-memory-explained');
    await workbench.clickButton('Trust');
    await row.first().waitFor({ state: 'detached' });
    assert.equal(cli(folder), 0);
  } finally {
    rmSync(original, { recursive: true, force: true });
  }
});
