/** The *Experiments* tab in a real window: runs out of files with hostile words, narrowed, sorted, marked and kept in its layout. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { RunDocument } from '../../../server/stores/runs/document.js';
import { RunStore, newRunDocument, newRunId, ownIdentity } from '../../../server/stores/runs/runs.js';
import { judgeLooks } from './looks.js';
import { uiTest } from './session.js';
import { until } from './workbench.js';

const HOSTILE = '<img src=x onerror="document.title=1">\u202e$(error)';
const RUNS = 400;

/** Ended runs of a pipeline with params and metrics, of which some were logged over steps. */
function record(folder: string): void {
  const store = RunStore.open(folder);
  const start = Date.now() - RUNS * 60_000;
  for (let number = 0; number < RUNS; number++) {
    const at = new Date(start + number * 60_000);
    const header = {
      id: newRunId(at.getTime()),
      pipeline: number % 4 === 0 ? 'score' : 'rain',
      kind: 'model-build' as const,
      path: 'good.pipeline.yaml',
      definitionHash: `sha256:${'0'.repeat(64)}`,
      params: { epochs: number, note: number % 2 === 0 ? HOSTILE : 'plain', [HOSTILE]: 1 },
      user: 'ada',
      host: os.hostname(),
      machine: { os: 'linux', arch: 'x64', cpus: 2, memoryBytes: 2 ** 32 },
      trigger: 'terminal' as const,
      argv: ['run'],
      createdAt: at.toISOString(),
      ...ownIdentity(),
    };
    const tasks = [{ id: 'train', task: 'train', action: 'run', needs: [] }];
    const writer = store.create(header, tasks);
    if (number > RUNS - 10)
      for (let step = 0; step < 20; step++)
        writer.append({
          ...{ type: 'metric-logged', id: 'train', key: 'accuracy', step, at: at.toISOString() },
          value: (step * number) / RUNS / 20,
        });
    const begun = newRunDocument(header, tasks);
    const done: RunDocument = {
      ...begun,
      status: number % 10 === 3 ? 'failed' : 'succeeded',
      endedAt: new Date(at.getTime() + 30_000).toISOString(),
      tasks: begun.tasks.map((task) => ({
        ...task,
        status: 'succeeded',
        metrics: { accuracy: number / RUNS },
        ranges: { accuracy: [0, number / RUNS] },
      })),
    };
    writer.update(done, { now: true });
    writer.close();
  }
}

uiTest('experiments: a table of all runs, with charts', { timeoutMs: 900_000 }, async (ui) => {
  const { workbench, folder } = ui;
  record(folder);
  await workbench.showContainer('Modelyard');
  await workbench.row('Runs', 'rain').first().waitFor();
  await workbench.command('Modelyard: Show Experiments');
  const page = workbench.webview;
  await page.getByText('400 of 400 runs').waitFor();
  const cell = (name: string | RegExp) => page.getByRole('gridcell', { name }).first();
  await cell('0.9975').waitFor();
  await workbench.screenshot('experiments');

  // Only rows in sight are there, and words of files are words.
  assert.ok((await page.getByRole('row').count()) < 100);
  assert.equal(await page.locator('img').count(), 0);
  await cell(/<img src=x onerror/).waitFor();

  // By the keyboard: to the header, along it, sorted; what is better comes first.
  const grid = page.getByRole('grid');
  await grid.click({ position: { x: 120, y: 60 } });
  await page.getByRole('columnheader', { name: /accuracy/ }).click();
  await until('the best first', async () =>
    (await page.getByRole('row').nth(1).innerText()).includes('0.9975'),
  );
  await page.getByRole('columnheader', { name: /accuracy/ }).click();
  await until(
    'the worst first',
    async () => !(await page.getByRole('row').nth(1).innerText()).includes('0.9975'),
  );

  const filter = page.getByRole('combobox', { name: 'Filter by an expression' });
  await filter.fill('acc');
  await page.getByRole('option', { name: /metrics\.train\.accuracy/ }).waitFor();
  await filter.press('ArrowDown');
  await filter.press('Enter');
  await filter.pressSequentially('>= 0.98 and status = failed');
  await filter.press('Escape');
  await filter.press('Enter');
  await page.getByText('1 of 400 runs').waitFor();
  await filter.fill('nosuch > 1');
  await filter.press('Escape');
  await page.getByText(/No run has "nosuch"/).waitFor();
  await filter.fill('metrics.accuracy > 0.98');
  await filter.press('Escape');
  await page.getByText('7 of 400 runs').waitFor();

  // Two are chosen, and their curves are drawn beside the table.
  const row = (nth: number) => page.getByRole('row').nth(nth).getByRole('gridcell').nth(1);
  await row(1).click();
  await row(2).click({ modifiers: ['ControlOrMeta'] });
  await page.getByRole('img', { name: /train\.accuracy/ }).waitFor();
  await judgeLooks(ui, 'experiments');

  // Of those that are chosen, or of all where none are: params and metrics against each other.
  const tab = (name: string): Promise<void> => page.getByRole('tab', { name }).click();
  await tab('Scatter');
  await page.getByText('The 2 chosen runs.').waitFor();
  await grid.press('Escape');
  await page.getByText('All 7 runs of the table.').waitFor();
  await filter.fill('');
  await filter.press('Escape');
  await page.getByText('All 400 runs of the table.').waitFor();
  await page.getByLabel('X', { exact: true }).selectOption({ label: 'Param epochs' });
  await page.getByRole('img', { name: /accuracy by epochs: 400 runs/ }).waitFor();
  await judgeLooks(ui, 'experiments-scatter');
  await tab('Params');
  await page.getByRole('row', { name: /^epochs 1\.00 400/ }).waitFor();
  await judgeLooks(ui, 'experiments-params');
  await tab('Parallel');
  const axis = page.getByRole('slider', { name: 'Brush of epochs' });
  await axis.focus();
  for (let pressed = 0; pressed < 10; pressed++) await axis.press('ArrowDown');
  await page.getByText('200 of 400 runs', { exact: true }).waitFor();
  await judgeLooks(ui, 'experiments-parallel');
  await page.getByRole('button', { name: 'Filter Table' }).click();
  await page.getByText('All 200 runs of the table.').waitFor();
  assert.equal(await filter.inputValue(), 'params.epochs >= 0 and params.epochs <= 199.5');

  // Charts become files: an SVG that stands alone, and a PNG.
  for (const kind of ['svg', 'png']) {
    const file = path.join(folder, `chart.${kind}`);
    await page.getByRole('button', { name: /^Export Parallel/ }).click();
    await page.getByRole('menuitem', { name: kind.toUpperCase() }).click();
    await workbench.choosePath('Export Chart', file);
    const bytes = await until(`${kind} to be written`, () =>
      Promise.resolve(existsSync(file) && readFileSync(file)),
    );
    if (kind === 'png') assert.equal(bytes.subarray(1, 4).toString(), 'PNG');
    else assert.match(bytes.toString(), /^<svg [^>]*xmlns="http:[^>]*>.*stroke="(?:rgb|oklab|color)\(/);
  }
  await filter.fill('metrics.accuracy > 0.98');
  await filter.press('Escape');
  await page.getByText('7 of 400 runs').waitFor();
  await tab('Curves');
  await row(1).click();
  await row(2).click({ modifiers: ['ControlOrMeta'] });

  await grid.press('s');
  await until('two stars', async () => (await page.locator('.starred').count()) === 2);
  await filter.fill('star');
  await filter.press('Escape');
  await page.getByText('2 of 400 runs').waitFor();

  // How the table is arranged is kept for the workspace.
  await page.getByRole('button', { name: 'Columns…' }).click();
  await page.getByLabel('Search columns').fill('run id');
  await page.getByLabel('Run ID').check();
  // Only columns in sight are there: a new one is.
  await page.getByRole('columnheader', { name: 'Run ID' }).waitFor();
  await page.getByLabel('Search columns').press('Escape');
  await workbench.command('View: Close All Editors');
  await until(
    'the tab is closed',
    async () => (await workbench.page.locator('iframe.webview').count()) === 0,
  );
  await workbench.command('Modelyard: Show Experiments');
  await page.getByText('400 of 400 runs').waitFor();
  await grid.press('End');
  await page.getByRole('columnheader', { name: 'Run ID' }).waitFor();
  assert.equal(workbench.console.filter((line) => /Content.Security|CSP/i.test(line)).length, 0);
});
