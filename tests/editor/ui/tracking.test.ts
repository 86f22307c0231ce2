/** MLflow clients in terminals of the window: nobody starts a server for them, and what they log shows while they log it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { takeTheme } from './looks.js';
import { uiTest } from './session.js';
import { until } from './workbench.js';

/** Goes on when it is told to, so that the window can be looked at while a run goes on. */
const SCRIPT = `import os, sys, time
import mlflow
name = sys.argv[1]
mlflow.set_experiment("by-hand")
with mlflow.start_run(run_name=name):
    mlflow.log_param("rate", 0.1)
    for step in range(3):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    print("logged", name.upper(), flush=True)
    while not os.path.exists("go-on-" + name):
        time.sleep(0.1)
print("ended", name.upper(), flush=True)
`;

const { stdout, status } = spawnSync(process.execPath, ['scripts/peers.mjs', 'mlflow', '--optional'], {
  encoding: 'utf8',
});

uiTest(
  'a script in a terminal that imports mlflow logs into the project, and shows while it does',
  {},
  async ({ workbench, folder }) => {
    assert.equal(status, 0, 'the MLflow client can be installed');
    writeFileSync(path.join(folder, 'by-hand.py'), SCRIPT);
    await workbench.openFile('good.pipeline.yaml');
    await workbench.lens(/Run/).first().waitFor();
    await workbench.command('Terminal: Create New Terminal');
    const log = async (name: string): Promise<void> => {
      await workbench.page.locator('.terminal-wrapper.active .xterm-helper-textarea').focus();
      // The first keys can still go where the focus was.
      await workbench.type(`      ${stdout.trim()} by-hand.py ${name}`);
      await workbench.press('Enter');
      await until(`${name} in the terminal`, async () =>
        (await workbench.terminalText()).includes(`logged ${name.toUpperCase()}`),
      );
    };
    const end = async (name: string): Promise<void> => {
      writeFileSync(path.join(folder, `go-on-${name}`), '');
      await until(`the end of ${name}`, async () =>
        (await workbench.terminalText()).includes(`ended ${name.toUpperCase()}`),
      );
    };
    await workbench.showContainer('Modelyard');
    await workbench.onlyView('Runs');
    await until(
      'the shell to listen',
      async () => /[#$%>]$/.test((await workbench.terminalText()).trimEnd()),
      180_000,
    );
    await log('first');
    const row = workbench.row('Runs', 'first').first();
    await row.waitFor();
    await workbench.expand('Runs', 'first');
    await until('the metric to show', async () =>
      /loss.*0\.33/.test((await workbench.rows('Runs')).join('\n')),
    );
    await workbench.statusItem('MLflow').waitFor();
    await workbench.screenshot('mlflow-live');
    await end('first');
    await until('the run to have ended', async () => ((await row.textContent()) ?? '').includes('loss 0.33'));

    // A server that has ended starts again for the same terminal.
    await workbench.commandPick('Modelyard: MLflow Clients…', /Ends the server/);
    await workbench.statusItem('MLflow').waitFor({ state: 'detached' });
    await log('second');
    await workbench.row('Runs', 'second').first().waitFor();
    await workbench.statusItem('MLflow').waitFor();
    await end('second');

    takeTheme(folder, 'light');
    await workbench.expand('Runs', 'second');
    await until(
      'the light theme',
      async () => (await workbench.page.locator('.monaco-workbench.vs').count()) > 0,
    );
    await workbench.screenshot('mlflow-light');
    await workbench.contextMenu('Runs', 'first', 'Delete Run…', workbench.page.locator('.monaco-dialog-box'));
    await workbench.clickButton(/^Delete/);
    await until('the run to be gone', async () => (await workbench.row('Runs', 'first').count()) === 0);
  },
);
