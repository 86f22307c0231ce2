/** Writing a pipeline, seen on the screen. */
import assert from 'node:assert/strict';
import { uiTest } from './session.js';
import { until } from './workbench.js';

const BROKEN = 'broken.pipeline.yaml';
const GOOD = 'good.pipeline.yaml';

uiTest('a mistake has a squiggle, and its quick fix mends it', {}, async ({ workbench }) => {
  await workbench.openFile(BROKEN);
  await workbench.errors.first().waitFor();
  await workbench.screenshot('squiggle');
  await workbench.goToText(BROKEN, 'preprae');
  const fixes = await workbench.quickFixes();
  assert.ok(
    fixes.some((fix) => fix.includes('prepare')),
    fixes.join(' | '),
  );
  await workbench.screenshot('quick-fix');
  await workbench.applyQuickFix('prepare');
  await until('the right name', async () => (await workbench.visibleText(BROKEN)).includes('tasks.prepare.'));
});

uiTest('the Problems panel knows files that nobody opened', {}, async ({ workbench }) => {
  await workbench.openFile(GOOD);
  const all = await until('problems', async () => {
    const rows = (await workbench.problems()).join('\n');
    return rows.includes('rnu') && rows.includes(BROKEN) && rows;
  });
  assert.doesNotMatch(all, /other\.yaml/);
  await workbench.screenshot('problems');
});

uiTest('hover explains, completion offers, rename changes every place', {}, async ({ workbench }) => {
  await workbench.openFile(GOOD);
  await workbench.hover(GOOD, 'outputs', /^outputs\b/);
  await workbench.screenshot('hover');

  await workbench.goTo(25, 100);
  await workbench.press('End', 'Enter');
  const offered = await workbench.completions();
  assert.ok(offered.length > 3, offered.join(', '));
  await workbench.screenshot('completion');
  await workbench.press('Escape', 'Control+z');

  await workbench.goTo(6, 5);
  await workbench.press('F2');
  const box = workbench.page.locator('.rename-box input');
  await box.waitFor();
  await box.fill('salutation');
  await workbench.press('Enter');
  await until('the new name at every place', async () => {
    const text = await workbench.visibleText(GOOD);
    return (
      /^ *\d* *salutation: hello/m.test(text) &&
      text.includes('params.salutation') &&
      !text.includes('params.greeting')
    );
  });
});
