/** The Service panel over a service that really runs: figures of its traffic, a release that is switched, drift, its end. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { setMonitor } from '../../../server/serving/releases/gate.js';
import { ensureMemory, layoutOf } from '../../../server/stores/layout.js';
import { ask, freePort, releaseFiles } from '../../support/service.js';
import { judgeLooks } from './looks.js';
import { uiTest } from './session.js';
import { until } from './workbench.js';

/** As in a terminal: a process of its own, of which the window knows nothing. */
async function service(folder: string, ...args: string[]): Promise<void> {
  const cli = path.join(process.cwd(), 'dist/cli.js');
  await promisify(execFile)(process.execPath, [cli, 'service', ...args], { cwd: folder });
}

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

const WATCH = `name: watch
kind: deployment
tasks:
  watch:
    monitor:
      service: web
      environment: staging
      rules: [error-rate < 1%]
`;
const RULE = { rule: 'error-rate < 1%', overMs: 600_000, severity: 'error' } as const;
/** In training it rained evenly; the requests are all alike. */
const BASELINE = {
  rain: { kind: 'number', edges: [0, 1, 2, 3, 4], counts: [20, 20, 20, 20, 20], missing: 0 },
} as const;

uiTest(
  'the Service panel shows traffic, errors, drift and switched releases of a service that runs, and its end',
  { timeoutMs: 600_000 },
  async (ui) => {
    const { workbench, folder } = ui;
    // As if this machine had made its memory.
    ensureMemory(layoutOf(folder));
    write(folder, {
      'modelyard.yaml': 'name: editor-tests\nenvironments: { staging: {} }\n',
      'watch.pipeline.yaml': WATCH,
      ...releaseFiles('r1'),
      ...releaseFiles('r2'),
    });
    const port = await freePort();
    await service(folder, 'start', 'staging/web', '--release', 'r1', '--port', String(port));
    try {
      const address = { root: folder, environment: 'staging', name: 'web' };
      const settings = { rules: [RULE], samples: { share: 1, redact: [] }, baseline: BASELINE };
      assert.equal(await setMonitor(address, settings, { who: 'test' }), undefined);
      await workbench.openFile('watch.pipeline.yaml');
      await until('the panel', async () => {
        await workbench.command('Modelyard: Open Service Panel');
        await workbench.tab(/Service: web/).waitFor({ timeout: 10_000 });
        return true;
      });
      const page = workbench.webview;
      const text = async (selector: string): Promise<string> =>
        (await page.locator(selector).allInnerTexts()).join('\n');
      /** Waits for what the panel says by itself: nothing here asks it to look again. */
      const says = (what: string, selector: string, words: RegExp): Promise<true> =>
        until(
          what,
          async () => words.test(await text(selector)) || Promise.reject(new Error(await text(selector))),
        );
      await says(
        'the head',
        '.service-head',
        /web\s+in staging\s+running[\s\S]*r1[\s\S]*100 %[\s\S]*1 ready/,
      );
      await says('that nobody has asked', '[data-chart="errors"]', /No traffic yet/);
      await says('why there is no drift', '.drift', /Too few requests/);

      for (let n = 0; n < 36; n++) {
        const answer = await fetch(`http://127.0.0.1:${port}/`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ rain: 4 }),
        });
        assert.equal(answer.status, 200);
      }
      for (let n = 0; n < 4; n++) await ask(port, '/fail');
      await says(
        'the figures',
        '.figures',
        /Requests\s+40\s+Rate\s+[\d.]+\/s\s+Errors\s+10 %\s+p50\s+[\d.]+ ms/,
      );
      // Measured as soon as there are enough values to tell, and then each minute.
      await says('drift', '[data-feature="rain"]', /has drifted\s+[1-9][\d.]*\s+0\.80\s+[23]\d/);
      await says('the alert', '.alert', /error-rate < 1%\s+error-rate is 10 %/);
      await page.locator('[data-chart="errors"] .threshold.firing').waitFor({ state: 'attached' });

      await service(folder, 'start', 'staging/web', '--release', 'r2');
      await says('the release that serves', '.releases tbody', /^serves\s+r2/);
      await says('the mark', '.changes', /deployed app@1 \(r2\) in place of app@1 \(r1\)/);
      const titles = page.locator('[data-chart="rate"] .mark title');
      const marks = await until('the marks in the chart', async () => {
        const all = await titles.allTextContents();
        return all.length === 2 && all;
      });
      assert.deepEqual(marks, ['1: started app@1', '2: deployed app@1 (r2) in place of app@1 (r1)']);

      // A canary gets half of the requests, and is drawn apart.
      await service(folder, 'start', 'staging/web', '--release', 'r1', '--traffic', '50');
      for (let n = 0; n < 20; n++) await ask(port);
      await says('names of both', '[data-chart="rate"] .keys', /all[\s\S]*canary[\s\S]*serves/);
      for (const color of ['color-1', 'color-2']) {
        const drawn = page.locator(`[data-chart="rate"] svg :is(.line, .dot).${color}`).first();
        await drawn.waitFor({ state: 'attached' });
      }
      await says('their memory', '[data-chart="memory"] .keys', /all[\s\S]*canary[\s\S]*serves/);
      await judgeLooks(ui, 'service-panel');
      await page.locator('[data-chart="memory"]').scrollIntoViewIfNeeded();
      await workbench.screenshot('service-panel-apart');
      await page.getByRole('button', { name: 'End Canary…' }).waitFor();
      await page.getByRole('button', { name: 'Promote…' }).click();
      await workbench.answer('as good', /Give .* all traffic of web in staging\?/);
      await says('the release that was promoted', '.releases tbody', /^serves\s+r1/);
      await page.getByRole('button', { name: 'Roll Back…' }).waitFor();

      // By keyboard: values of a chart, and all of them as a table.
      await page.locator('[data-chart="rate"] svg').focus();
      await workbench.press('Home');
      await says('what is read', '[data-chart="rate"] .readout', /^\d\d:\d\d:\d\d/);
      await page.getByRole('button', { name: 'Table' }).click();
      await says('the table', '.table-view', /Until\s+Requests[\s\S]*2: deployed app@1 \(r2\) in place/);

      await page.getByRole('button', { name: RULE.rule }).click();
      await workbench.editor('watch.pipeline.yaml').locator('.view-line').first().waitFor();
      await workbench.tab(/Service: web/).click();
      await service(folder, 'stop', 'staging/web');
      await says(
        'its end',
        '#root',
        /stopped[\s\S]*Stopped: measured last just now\. The charts end there\./,
      );
      await page.getByRole('button', { name: 'Start Service' }).waitFor();
      await workbench.screenshot('service-panel-stopped');
    } finally {
      await service(folder, 'stop', 'staging/web');
    }
  },
);
