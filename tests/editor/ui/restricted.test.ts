/** An untrusted folder: the language works, nothing runs, and the reason is said. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
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
    await workbench.notification(/Restricted Mode/).waitFor();
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
