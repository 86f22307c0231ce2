/** An untrusted folder: the language works, nothing runs, and the reason is said. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
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
  },
);
