/** The feature store as a person meets it: a definition out of a file, materialized, looked at and judged. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { judgeLooks } from './looks.js';
import { uiTest } from './session.js';
import { until } from './workbench.js';

const ROWS = 3_000;

/** Two stations, an hour apart; rain grows, the sky is one of three. */
function weather(shift: number): string {
  const rows = Array.from({ length: ROWS }, (_, at) => {
    const time = new Date(Date.UTC(2024, 0, 1) + at * 1_800_000).toISOString().slice(0, 19);
    return `s${at % 2},${time},${(at % 97) + shift},${['sun', 'rain', 'fog'][at % 3] ?? ''}`;
  });
  return `station_id,observed_at,rain,sky\n${rows.join('\n')}\n`;
}

uiTest(
  'features out of a CSV: drafted, materialized, previewed, profiled, compared',
  { timeoutMs: 600_000 },
  async (ui) => {
    const { workbench, folder } = ui;
    mkdirSync(path.join(folder, 'data'), { recursive: true });
    const file = path.join(folder, 'data', 'weather.csv');
    writeFileSync(file, weather(0));
    await workbench.showContainer('Modelyard');
    await workbench.page.getByText('Create one from a data file').first().waitFor();
    await workbench.screenshot('features-welcome');

    await workbench.command('Modelyard: Create Features from a Data File…');
    await workbench.pick(/weather\.csv/);
    await until('the definition', () =>
      Promise.resolve(existsSync(path.join(folder, 'weather.features.yaml'))),
    );
    await workbench.editor('weather.features.yaml').waitFor();
    const text = await workbench.visibleText('weather.features.yaml');
    for (const part of [/keys: \[station_id\]/, /timestamp: observed_at/, /rain: \{ type: long/])
      assert.match(text, part);

    await workbench.row('Features', 'station').first().waitFor();
    // There is nothing to look at yet: it is made on the spot, and shown.
    await workbench.command('Modelyard: Preview Rows of Feature View');
    await workbench.notified(/weather has not been materialized yet/);
    await workbench.screenshot('features-not-yet');
    await workbench.clickButton('Materialize');
    const page = workbench.webview;
    await page.getByText('3,000 rows').waitFor();
    await until('the version', async () =>
      (await workbench.rows('Features')).some((row) => row.includes('3,000 rows')),
    );
    await workbench.expand('Features', 'weather');
    await until('features with their nulls', async () =>
      (await workbench.rows('Features')).some((row) => row.startsWith('sky') && row.includes('no nulls')),
    );
    await workbench.screenshot('features-tree');

    await page.getByRole('gridcell', { name: 's0' }).first().waitFor();
    await workbench.screenshot('features-preview');
    await page.getByTitle('Sort by rain').click();
    await page.getByTitle('Sort by rain').click();
    await page.getByLabel('Filter sky').fill('fog');
    await page.getByLabel('Filter sky').press('Enter');
    await page.getByText('1,000 of 3,000 rows').waitFor();
    await until('the highest first', async () =>
      (await page.getByRole('row').nth(1).innerText()).includes('96'),
    );
    await page.getByLabel('Filter rain').fill('> wet');
    await page.getByLabel('Filter rain').press('Enter');
    await page.getByText('"rain" holds numbers, and "wet" is none.').waitFor();
    await page.getByLabel('Filter rain').fill('>= 90');
    await page.getByLabel('Filter rain').press('Enter');
    await page.getByText(/^\d+ of 3,000 rows$/).waitFor();
    const lowest = page.getByRole('gridcell', { name: '90', exact: true }).first();
    // The rows may come after their count, and take the cursor back to the top.
    await until('the end of the rows', async () => {
      await page.getByRole('grid').press('Control+End');
      return lowest.isVisible();
    });
    await judgeLooks(ui, 'features-preview');

    writeFileSync(file, weather(40));
    await until('the view to be stale', async () =>
      (await workbench.rows('Features')).some((row) => row.includes('stale')),
    );
    await workbench.inlineAction('Features', 'weather', 'Materialize', async () =>
      (await workbench.rows('Features')).every((row) => !row.includes('stale')),
    );
    await workbench.command('Modelyard: Show Profile of Feature View');
    await page.getByText('std', { exact: true }).first().waitFor();
    await workbench.screenshot('features-profile');
    await page.getByLabel('Compare with').selectOption('version 1');
    await page.getByText(/1 of 2 features has drifted since version 1/).waitFor();
    await judgeLooks(ui, 'features-drift');

    const labels = 'station_id,at,wet\ns0,2024-01-05T00:10:00,1\ns1,2024-01-06T00:10:00,0\n';
    writeFileSync(path.join(folder, 'data', 'labels.csv'), labels);
    await workbench.commandPick('Modelyard: Build Training Set…', /weather-v1/);
    await workbench.choosePath('Labels for weather-v1', path.join(folder, 'data', 'labels.csv'));
    const output = path.join(folder, 'data', 'training.csv');
    await workbench.choosePath('Where to write the training set?', output);
    await until('the training set', () => Promise.resolve(existsSync(output)));
    await until('the terminal to say so', async () =>
      (await workbench.terminalText()).includes('data/training.csv: 2 rows, features of weather 2'),
    );
    await workbench.screenshot('features-training-set');
    const [header, ...rows] = readFileSync(output, 'utf8').trim().split('\n');
    assert.equal(header, 'station_id,at,wet,rain,sky');
    assert.ok(rows.length === 2 && rows.every((row) => /,\d+,(sun|rain|fog)$/.test(row)), rows.join('\n'));
  },
);
