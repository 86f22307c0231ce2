/** Running pipelines from the window, and what the side bar shows of it. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { uiTest } from './session.js';
import { until, type Workbench } from './workbench.js';

const GOOD = 'good.pipeline.yaml';

/** Waits for a text in the terminal that only a run's own output holds. */
const said = (workbench: Workbench, words: RegExp): Promise<string> =>
  until(`${String(words)} in the terminal`, async () => {
    const text = await workbench.terminalText();
    return words.test(text) && text;
  });

uiTest(
  'a run from the code lens shows in the side bar, and the second one is cached',
  {},
  async ({ workbench }) => {
    await workbench.openFile(GOOD);
    await workbench
      .lens(/^(\$\(play\)|.)? ?Run/)
      .first()
      .click();
    await said(workbench, /good succeeded/);
    await workbench.showContainer('Modelyard');
    await workbench.row('Runs', 'good').first().waitFor();
    await workbench.expand('Runs', 'good');
    await workbench.row('Runs', 'train').first().waitFor();
    await workbench.expand('Runs', 'train');
    await workbench.row('Runs', 'accuracy').first().waitFor();
    assert.match((await workbench.rows('Runs')).join('\n'), /0\.75/);
    await workbench.screenshot('after-a-run');
    // Five views share the side bar: the rows below need the room.
    await workbench.onlyView('Pipelines');
    await workbench.expand('Pipelines', 'good');
    await until('the tasks to be up to date', async () =>
      /prepare.*up to date/.test((await workbench.rows('Pipelines')).join('\n')),
    );
    const rows = await workbench.rows('Pipelines');
    const order = ['prepare', 'train', 'quality'].map((name) =>
      rows.findIndex((row) => row.startsWith(name)),
    );
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
      rows.join('\n'),
    );
    await workbench.lens(/Run/).first().click();
    await said(workbench, /3 cached/);
  },
);

uiTest('Run Task lists pipelines and runs one', {}, async ({ workbench }) => {
  await workbench.openFile(GOOD);
  // VS Code lists the kinds of tasks that it knows when the picker opens, and it may not know ours that early.
  await workbench.commandPick('Tasks: Run Task', /modelyard/, 'modelyard');
  await workbench.pickerRow(/good/).first().waitFor();
  await workbench.screenshot('run-task');
  await workbench.pick(/good: prepare/, 'good: prepare');
  await said(workbench, /good succeeded.*1 task/);
});

uiTest(
  'a run is live in the side bar and the status bar, and can be cancelled',
  {},
  async ({ workbench }) => {
    await workbench.openFile('slow.pipeline.yaml');
    await workbench.showContainer('Modelyard');
    await workbench.lens(/Run/).first().click();
    await said(workbench, /waiting for a stop/);
    await workbench.statusItem(/slow/).waitFor();
    const row = workbench.row('Runs', 'slow').first();
    await row.waitFor();
    await until('the row to be live', async () => ((await row.textContent()) ?? '').includes('0/1'));
    await workbench.screenshot('live-run');
    await workbench.inlineAction('Runs', 'slow', 'Cancel', row.filter({ hasText: 'cancelled' }));
    await workbench.statusItem(/slow/).waitFor({ state: 'detached' });
    await workbench.screenshot('cancelled-run');
  },
);

uiTest('a run that fails says so, with the last lines of its log', {}, async ({ workbench }) => {
  await workbench.openFile('failing.pipeline.yaml');
  await workbench.lens(/Run/).first().click();
  const text = await said(workbench, /failing failed/);
  assert.match(text, /something is wrong here/);
  await workbench.notified(/fail/);
  await workbench.showContainer('Modelyard');
  await until('the row', async () => (await workbench.rows('Runs')).join('\n').includes('failed'));
  await workbench.screenshot('failed-run');
});

uiTest(
  'what a run sets aside is told, shown below the run, and put back',
  {},
  async ({ workbench, folder }) => {
    const file = path.join(folder, 'build/notes.txt');
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, 'mine');
    const text =
      'name: aside\ntasks: { write: { run: mkdir build && echo x > build/out.txt, outputs: { all: build } } }\n';
    writeFileSync(path.join(folder, 'aside.pipeline.yaml'), text);
    await workbench.openFile('aside.pipeline.yaml');
    await workbench.lens(/Run/).first().click();
    await workbench.notified('aside set aside build, which no known run had made.');
    await workbench.showContainer('Modelyard');
    await workbench.expand('Runs', 'aside');
    await workbench.expand('Runs', 'Set aside');
    await workbench.row('Runs', /^build/).waitFor();
    await workbench.clickButton('Restore…');
    await workbench.pickerRow(/build/).waitFor();
    await workbench.screenshot('trash');
    await workbench.press('Enter');
    await workbench.page.getByText('Something else is at build now.').waitFor();
    await workbench.clickButton('Restore To…');
    await workbench.choosePath(/^Restore build To/, path.join(folder, 'again'));
    await workbench.notified('again is restored.');
    assert.equal(readFileSync(path.join(folder, 'again/notes.txt'), 'utf8'), 'mine');
    await until('the row to go', async () => (await workbench.row('Runs', 'Set aside').count()) === 0);
  },
);
