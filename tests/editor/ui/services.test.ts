/** Services in the window: one of a terminal shows, is rolled back, tried and stopped from here; alerts are told. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { registering } from '../../support/registering.js';
import { ask, freePort, releaseFiles } from '../../support/service.js';
import { uiTest } from './session.js';
import { until } from './workbench.js';

/** As in a terminal: a process of its own, of which the window knows nothing. */
async function terminal(folder: string, ...args: string[]): Promise<string> {
  const cli = path.join(process.cwd(), 'dist/cli.js');
  const { stdout } = await promisify(execFile)(process.execPath, [cli, ...args], { cwd: folder });
  return stdout;
}

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

const MODEL = { name: 'rain', version: '1', hash: 'sha256:0', path: 'm.json' } as const;
const SIGNATURE = {
  inputs: [{ name: 'rain_7d', type: 'double', required: true }],
  outputs: [],
  source: 'declared',
} as const;

const WATCH = `kind: deployment
tasks:
  watch:
    monitor:
      service: web
      environment: staging
      rules: [rate > 1000000/s]
`;

uiTest(
  'a service that was started in a terminal shows, is rolled back, tried and stopped; its alert is told',
  { timeoutMs: 600_000 },
  async ({ workbench, folder }) => {
    const app = (version: string) => ({ name: 'app', version, hash: 'sha256:0' }) as const;
    write(folder, {
      'modelyard.yaml': 'name: editor-tests\nenvironments: { staging: {} }\n',
      'data.txt': 'some data\n',
      'registry.pipeline.yaml': `name: registry\n${registering('aliases: [production]').trimStart()}`,
      'watch.pipeline.yaml': `name: watch\n${WATCH}`,
      ...releaseFiles('r1', { package: app('1'), model: MODEL, signature: SIGNATURE }),
      ...releaseFiles('r2', { package: app('2'), model: MODEL, signature: SIGNATURE }),
    });
    // Its releases are written by hand.
    await terminal(folder, 'trust');
    await terminal(folder, 'run', 'registry');
    await workbench.showContainer('Modelyard');
    await workbench.onlyView('Services');
    const port = String(await freePort());
    await terminal(folder, 'service', 'start', 'staging/web', '--release', 'r1', '--port', port);
    try {
      await workbench.row('Services', /^webapp@1 · rain@1/).waitFor();
      await terminal(folder, 'service', 'start', 'staging/web', '--release', 'r2');
      await workbench.row('Services', /^webapp@2 · rain@1/).waitFor();
      await workbench.expand('Services', /^web/);
      await workbench.row('Services', /^app@2 · rain@1production/).waitFor();
      await workbench.screenshot('services-tree');

      const question = workbench.dialog(/Roll web in staging back from app@2 · rain@1 to app@1 · rain@1\?/);
      await workbench.contextMenu('Services', /^webapp@2/, 'Release › Roll Back Service', question);
      await workbench.answer('too slow');
      await workbench.row('Services', /^webapp@1 · rain@1/).waitFor();
      await workbench.notified(/web in staging: app@1 · rain@1 serves on port/);
      const history = await terminal(folder, 'service', 'history', 'staging/web', '--json');
      assert.deepEqual(
        (JSON.parse(history) as { events: { kind: string; reason?: string }[] }).events
          .slice(0, 1)
          .map(({ kind, reason }) => [kind, reason]),
        [['rolled-back', 'too slow']],
      );

      await workbench.commandPick('Modelyard: Send Sample Request…', /POST \/predict/);
      await workbench.answer('POST /predict {"rain_7d": 4}', /Request to web in staging/);
      await until('the answer', async () =>
        (await workbench.visibleText('web.answer.jsonc')).includes('"name": "r1"'),
      );
      assert.match(await workbench.visibleText('web.answer.jsonc'), /\/\/ 200 after/);

      // A rule that can't hold: told once, shown in the tree and on its line; the notification leads back.
      await terminal(folder, 'service', 'start', 'staging/web', '--release', 'r2');
      await workbench.openFile('watch.pipeline.yaml');
      await terminal(folder, 'run', 'watch');
      await workbench.notified(/web in staging breaks rate > 1000000\/s/);
      await workbench.row('Services', /^web1 alert.*app@2/).waitFor();
      await workbench.errors.first().waitFor();
      await workbench.hover('watch.pipeline.yaml', '1000000', /web in staging breaks this rule since/);
      await workbench.screenshot('services-alert');
      await workbench.command('View: Close All Editors');
      await workbench.expand('Services', /^web/);
      await workbench.clickRow('Services', /^rate > 1000000/, workbench.statusItem('Ln 8, Col 15'));
      await workbench.editor('watch.pipeline.yaml').waitFor();
      await workbench.clickButton('Roll Back');
      await workbench.answer('it alerts', /Roll web in staging back from app@2/);
      await workbench.row('Services', /^web1 alert.*app@1/).waitFor();

      // After a reload only what is new is told.
      await workbench.reload();
      await workbench.row('Services', /^web1 alert/).waitFor();
      write(folder, { 'watch.pipeline.yaml': `name: watch\n${WATCH.replace(']', ', rate > 2000000/s]')}` });
      await terminal(folder, 'run', 'watch');
      await workbench.notified(/web in staging breaks rate > 2000000\/s/);
      assert.equal(await workbench.notification(/breaks rate > 1000000\/s/).count(), 0);

      // A version of a model says where it serves, and leads there.
      await workbench.onlyView('Models');
      await workbench.expand('Models', 'rain');
      await workbench.row('Models', /^Version 1.*serves in staging/).waitFor();
      await workbench.expand('Models', /^Version 1/);
      await workbench.expand('Models', /^Used by/);
      await workbench.screenshot('services-models');
      await workbench.clickRow('Models', /^stagingserved by web/, workbench.focusedRow('Services', /^web/));
      await workbench.onlyView('Services');

      await workbench.command('Modelyard: Stop Service…');
      await workbench.clickButton(/^Stop$/);
      await workbench.row('Services', /^webstopped/).waitFor();
      const started = workbench.row('Services', /^web(\d alerts? · )?app@1 · rain@1/);
      await workbench.inlineAction('Services', /^webstopped/, 'Start Service', started);

      // A secret that the editor does not have is asked for, and given to the service alone.
      write(folder, releaseFiles('r3', { package: app('3'), secrets: ['TOKEN'] }));
      await workbench.commandPick('Modelyard: Serve Release…', /app@3/);
      await workbench.pick(/serves app@1/);
      await workbench.pick(/Move all traffic/);
      await workbench.notified(/needs TOKEN, and the editor’s environment does not have it/);
      await workbench.clickButton('Enter Values');
      await workbench.page.locator('.quick-input-widget input[type=password]').fill('open sesame');
      await workbench.press('Enter');
      await workbench.row('Services', /^web(\d alerts? · )?app@3/).waitFor();
      const { env } = JSON.parse((await ask(Number(port))).body) as { env: { token?: string } };
      assert.equal(env.token, 'open sesame');
      const log = readFileSync(path.join(folder, '.modelyard/services/staging/web/logs/app.log'), 'utf8');
      assert.match(log, /starting r3/);
      assert.doesNotMatch(log, /sesame/);
    } finally {
      await terminal(folder, 'service', 'stop', 'staging/web');
    }
  },
);
