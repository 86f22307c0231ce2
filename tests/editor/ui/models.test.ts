/** The registry in the window: the tree, aliases moved and rolled back after a look at what changes, card, lineage. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { registering } from '../../support/registering.js';
import { judgeLooks } from './looks.js';
import { uiTest } from './session.js';
import { until, type Workbench } from './workbench.js';

/** As in a terminal: a process of its own, of which the window knows nothing. */
async function terminal(folder: string, ...args: string[]): Promise<string> {
  const cli = path.join(process.cwd(), 'dist/cli.js');
  const { stdout } = await promisify(execFile)(process.execPath, [cli, ...args], { cwd: folder });
  return stdout;
}

async function register(folder: string, size: number, accuracy: number): Promise<void> {
  const params = ['--param', `size=${size}`, '--param', `accuracy=${accuracy}`];
  await terminal(folder, 'run', 'registry', ...params);
}

function prepare(folder: string): void {
  writeFileSync(path.join(folder, 'data.txt'), 'some data\n');
  const pipeline = `name: registry\n${registering('aliases: [candidate]').trimStart()}`;
  writeFileSync(path.join(folder, 'registry.pipeline.yaml'), pipeline);
}

const rowSays = (workbench: Workbench, row: string, words: RegExp): Promise<boolean> =>
  until(`${row} to say ${String(words)}`, async () =>
    words.test((await workbench.row('Models', row).first().textContent()) ?? ''),
  );

uiTest(
  'a run in a terminal shows in Models; an alias is moved after a look at the difference, and rolled back',
  {},
  async (ui) => {
    const { workbench, folder } = ui;
    await workbench.showContainer('Modelyard');
    await workbench.view('Models').getByText('No models yet').waitFor();
    prepare(folder);
    await register(folder, 3, 0.7);
    await workbench.row('Models', 'rain').first().waitFor();
    await workbench.expand('Models', 'rain');
    await rowSays(workbench, 'Version 1', /candidate.*accuracy 0\.7/);
    await register(folder, 4, 0.8);
    await rowSays(workbench, 'Version 2', /candidate.*accuracy 0\.8/);
    await workbench.expand('Models', 'Version 2');
    await workbench
      .row('Models', /^Artifact/)
      .first()
      .waitFor();
    await workbench.screenshot('models-tree');
    // Four views share the side bar: the rows below need the room.
    await workbench.collapse('Models', 'Version 2');

    // An alias that points nowhere is set at once, with a reason.
    await workbench.inlineAction('Models', 'Version 1', 'Set Alias', workbench.pickerRow(/production/));
    await workbench.pick(/production/);
    await workbench.answer('the first one', /Set production to rain, version 1/);
    await rowSays(workbench, 'Version 1', /production/);

    // One that points elsewhere is moved after a look.
    await workbench.contextMenu(
      'Models',
      'Version 2',
      'Alias › Set Alias',
      workbench.pickerRow(/production/),
    );
    await workbench.pick(/production/);
    await workbench.webview.getByText('Move production from version 1 to 2?').waitFor();
    await workbench.webview.getByText(/\+0\.1 better/).waitFor();
    await workbench.screenshot('models-move');
    await workbench.webview.getByLabel('Reason').fill('more accurate');
    await workbench.webview.getByRole('button', { name: 'Move' }).click();
    await workbench.notified(/production of rain moved from version 1 to 2/);
    await rowSays(workbench, 'Version 2', /production/);

    await workbench.commandPick('Modelyard: Roll Back Alias…', /production/);
    await workbench.webview.getByText('Roll production back from version 2 to 1?').waitFor();
    await workbench.screenshot('models-rollback');
    await workbench.webview.getByLabel('Reason').fill('too slow');
    await workbench.webview.getByRole('button', { name: 'Roll Back' }).click();
    await rowSays(workbench, 'Version 1', /production/);

    await workbench.command('Modelyard: Show Model History');
    for (const words of ['production rolled back from version 2 to 1', '“too slow”', '“more accurate”'])
      await workbench.webview.getByText(words).first().waitFor();
    await judgeLooks(ui, 'models-history');
    const history = await terminal(folder, 'models', 'history', 'rain', '--json');
    assert.deepEqual(
      (JSON.parse(history) as { entries: { reason?: string }[] }).entries.flatMap(
        ({ reason }) => reason ?? [],
      ),
      ['too slow', 'more accurate', 'the first one'],
    );
  },
);

uiTest(
  'versions are compared, their lineage and card shown; an artifact of a run leads to its version',
  {},
  async (ui) => {
    const { workbench, folder } = ui;
    prepare(folder);
    await register(folder, 3, 0.7);
    await register(folder, 4, 0.6);
    await workbench.showContainer('Modelyard');
    await workbench.expand('Models', 'rain');
    const order = async (): Promise<string> =>
      (await workbench.rows('Models')).flatMap((row) => /Version \d/.exec(row) ?? []).join();
    await until('the newest first', async () => (await order()) === 'Version 2,Version 1');
    await workbench.commandPick('Modelyard: Sort Models By…', /Versions by main metric, best first/);
    await workbench.view('Models').getByText('Versions by main metric, best first').waitFor();
    await until('the best first', async () => (await order()) === 'Version 1,Version 2');
    await workbench.screenshot('models-sorted');
    await workbench.commandPick('Modelyard: Sort Models By…', /Versions by age, newest first/);
    await until('the newest first again', async () => (await order()) === 'Version 2,Version 1');
    await workbench.view('Models').getByText('Versions by').waitFor({ state: 'hidden' });

    const others = workbench.pickerRow(/Version 2/);
    await workbench.contextMenu('Models', 'Version 1', 'Compare Model Versions', others);
    await workbench.pick(/Version 2/);
    await workbench.webview.getByText(/−0\.1 worse/).waitFor();
    await judgeLooks(ui, 'models-compare');
    await workbench.webview.getByLabel('Only what differs').check();
    // Deleted versions come back into the tree when they are asked for.
    await terminal(folder, 'models', 'alias', 'rain', 'candidate', '--remove');
    await terminal(folder, 'models', 'delete', 'rain@1');
    await workbench.row('Models', 'Version 1').waitFor({ state: 'detached' });
    await workbench.commandPick('Modelyard: Filter Models…', /Deleted ones/);
    await workbench.press('Enter');
    await rowSays(workbench, 'Version 1', /deleted/);
    const restored = workbench.row('Models', /Version 1.*accuracy 0\.7/);
    await workbench.inlineAction('Models', 'Version 1', 'Restore', restored);
    await workbench.webview.getByText('accuracy').first().waitFor();

    const data = workbench.webview.getByRole('button', { name: /^data\.txt, / });
    await workbench.inlineAction('Models', 'Version 2', 'Show Model Lineage', data);
    await workbench.webview.getByRole('button', { name: /^rain 2, .*which was asked for/ }).waitFor();
    await judgeLooks(ui, 'models-lineage');

    const card = workbench.webview.getByRole('heading', { name: 'rain, version 2' });
    await workbench.inlineAction('Models', 'Version 2', 'Show Model Card', card);
    await workbench.screenshot('models-card');

    await workbench.expand('Runs', 'registry');
    await workbench.expand('Runs', /^train/);
    const found = workbench.focusedRow('Models', 'Version 2');
    await workbench.inlineAction('Runs', 'models/m.txt', 'Show Model Version', found);

    // The version's bytes, though the workspace's file has gone on.
    writeFileSync(path.join(folder, 'models/m.txt'), 'something else\n');
    await workbench.collapse('Models', 'Version 2');
    const bytes = workbench.editor('models/m.txt').getByText('some data');
    await workbench.contextMenu('Models', 'Version 1', 'Files and Export › Open Model Artifact', bytes);
  },
);

uiTest('a version is exported to a folder, and brought in where it is not known', {}, async (ui) => {
  const { workbench, folder } = ui;
  prepare(folder);
  await register(folder, 3, 0.7);
  await register(folder, 4, 0.8);
  await workbench.showContainer('Modelyard');
  await workbench.expand('Models', 'rain');
  await workbench.contextMenu(
    'Models',
    'Version 1',
    'Files and Export › Export Model',
    workbench.pickerRow(/A folder/),
  );
  await workbench.pick(/A folder/);
  const out = path.join(folder, 'exported');
  await workbench.choosePath('Export rain', out);
  // It is there by one rename.
  await until('the folder', () => Promise.resolve(existsSync(out)));
  // As in a checkout that has no registry yet.
  rmSync(path.join(folder, '.modelyard', 'models'), { recursive: true });
  await workbench.view('Models').getByText('No models yet').waitFor();
  await workbench.commandPick('Modelyard: Import Model…', /A folder/);
  await workbench.choosePath('Import Model', out);
  await workbench.row('Models', 'rain').first().waitFor();
  await workbench.expand('Models', 'rain');
  await rowSays(workbench, 'Version 1', /accuracy 0\.7/);
  await workbench.screenshot('models-imported');
  const listed = await terminal(folder, 'models', 'show', 'rain@1', '--json');
  assert.equal((JSON.parse(listed) as { version: string }).version, '1');
});

uiTest('a description is a document: what is saved is in the registry', {}, async ({ workbench, folder }) => {
  prepare(folder);
  await register(folder, 3, 0.7);
  await workbench.showContainer('Modelyard');
  const description = workbench.editor('rain/description.md');
  await workbench.contextMenu(
    'Models',
    'rain',
    'Description and Tags › Describe Model or Version',
    description,
  );
  await description.click();
  await workbench.type('Says whether it rains.');
  await workbench.press('Control+s');
  await until('the description to be in the registry', async () =>
    (await terminal(folder, 'models', 'show', 'rain')).includes('Says whether it rains.'),
  );
});

uiTest(
  'Restricted Mode: models can be looked at and not changed',
  { restricted: true },
  async ({ workbench, folder }) => {
    prepare(folder);
    await register(folder, 3, 0.7);
    await workbench.showContainer('Modelyard');
    await workbench.expand('Models', 'rain');
    await rowSays(workbench, 'Version 1', /candidate/);
    // The list may still hold what it showed before something was typed.
    await until('what is offered', () => workbench.offersCommand('Modelyard: Show Model History'));
    assert.equal(await workbench.offersCommand('Modelyard: Set Alias…'), false);
  },
);
