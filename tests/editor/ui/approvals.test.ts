/** Runs that wait for people, in the window: told once, looked at, answered, and gone on with. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { judgeLooks } from './looks.js';
import { uiTest } from './session.js';
import { until, type Workbench } from './workbench.js';

const PIPELINE = `name: ship
kind: deployment
tasks:
  build:
    run: 'echo m > shipped.txt; echo "{\\"accuracy\\": 0.8}" > shipped.json'
    outputs: { model: shipped.txt }
    metrics: shipped.json
  ask:
    approval:
      prompt: |
        Ship **it**? <img src="x"> [click](command:workbench.action.quit)
      artifacts: ["\${{ tasks.build.outputs.model }}"]
      metrics: build
  tell:
    needs: [ask]
    run: 'echo "\${{ tasks.ask.outputs.comment }}" > told.txt'
`;

/** As in a terminal: a process of its own, of which the window knows nothing. Answers its exit code. */
function terminal(folder: string, ...args: string[]): Promise<number> {
  const cli = path.join(process.cwd(), 'dist/cli.js');
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [cli, ...args], { cwd: folder }, (error) => {
      if (error === null) resolve(0);
      else if (typeof error.code === 'number') resolve(error.code);
      else reject(new Error(`${args.join(' ')} did not end by itself: ${error.message}`));
    });
  });
}

const rowSays = (workbench: Workbench, row: RegExp, words: RegExp): Promise<boolean> =>
  until(`${String(row)} to say ${String(words)}`, async () =>
    words.test((await workbench.row('Runs', row).first().textContent()) ?? ''),
  );

uiTest('a run that waits is told, looked at, approved from the notification, and goes on', {}, async (ui) => {
  const { workbench, folder } = ui;
  writeFileSync(path.join(folder, 'ship.pipeline.yaml'), PIPELINE);
  await workbench.showContainer('Modelyard');
  await workbench.row('Pipelines', 'ship').first().waitFor();
  assert.equal(await terminal(folder, 'run', 'ship'), 3);
  await workbench.notified(/ship › ask waits for you: Ship it.*accuracy 0\.8/);
  await workbench.statusItem(/1 approval/).waitFor();
  const [first, , third] = await until('the tree', async () => {
    const rows = await workbench.rows('Runs');
    return rows.length > 2 && rows;
  });
  assert.match(first ?? '', /^ship › ask.*for you/);
  assert.match(third ?? '', /^ship.*waiting/);

  const page = workbench.webview;
  const prompt = page.locator('.prompt strong', { hasText: 'it' });
  await workbench.inlineAction('Runs', 'ship › ask', 'Show Approval', prompt);
  assert.equal(await page.locator('.prompt img, .prompt a').count(), 0);
  await page.getByText('build.accuracy').waitFor();
  await workbench.expand('Runs', 'ship › ask');
  await workbench.row('Runs', 'shipped.txt').first().waitFor();
  await judgeLooks(ui, 'approval');

  await workbench.clickButton('Approve…');
  await workbench.answer('fine by me', /Approve ship › ask/);
  await page.getByText(/Approved by .*fine by me/).waitFor();
  await workbench.statusItem(/1 approval/).waitFor({ state: 'detached' });
  await workbench.row('Runs', 'ship › ask').first().waitFor({ state: 'detached' });
  const told = path.join(folder, 'told.txt');
  await until('what follows from it', () =>
    Promise.resolve(existsSync(told) && readFileSync(told, 'utf8') === 'fine by me\n'),
  );
  await until('the run to end in the terminal', async () =>
    (await workbench.terminalText()).includes('ship succeeded'),
  );
  await workbench.screenshot('approved');
});

uiTest(
  'a run is rejected from the tree with the reason; who answers second is told',
  {},
  async ({ workbench, folder }) => {
    writeFileSync(path.join(folder, 'ship.pipeline.yaml'), PIPELINE);
    await workbench.showContainer('Modelyard');
    await workbench.row('Pipelines', 'ship').first().waitFor();
    assert.equal(await terminal(folder, 'run', 'ship'), 3);
    await workbench.inlineAction('Runs', 'ship › ask', 'Reject', workbench.dialog(/Reject ship › ask/));
    // Nothing is rejected without a word.
    await workbench.answer('', /Reject ship › ask/);
    await workbench.page.getByText('Say why').first().waitFor();
    await workbench.answer('too early');
    await workbench.row('Runs', 'ship › ask').first().waitFor({ state: 'detached' });
    await rowSays(workbench, /^ship/, /failed/);
    assert.equal(existsSync(path.join(folder, 'told.txt')), false);

    // Another one is answered at the lens, but somebody in a terminal was faster.
    assert.equal(await terminal(folder, 'run', 'ship', '--force'), 3);
    await workbench.openFile('ship.pipeline.yaml');
    await workbench.lens(/waits for you/).waitFor();
    await workbench.lens('Approve…').click();
    await workbench.pickerInput.waitFor();
    assert.equal(await terminal(folder, 'approve', '--comment', 'I was first'), 0);
    await workbench.answer('me too', /Approve ship › ask/);
    await workbench.notified(/does not count: ask was approved before by .*I was first/);
    await workbench.lens(/waits for you/).waitFor({ state: 'detached' });
    // Their answer still has to be gone on with.
    await workbench.clickButton('Resume Run');
    const told = path.join(folder, 'told.txt');
    await until('the answer that counts', () =>
      Promise.resolve(existsSync(told) && readFileSync(told, 'utf8') === 'I was first\n'),
    );
    await workbench.screenshot('answered-second');
  },
);

uiTest(
  'approving a run whose definition has changed: the difference, then a new run; the old one cleans up',
  {},
  async ({ workbench, folder }) => {
    const file = path.join(folder, 'ship.pipeline.yaml');
    writeFileSync(file, `${PIPELINE}  tidy: { if: always(), needs: [ask], run: touch tidied.txt }\n`);
    await workbench.showContainer('Modelyard');
    await workbench.row('Pipelines', 'ship').first().waitFor();
    assert.equal(await terminal(folder, 'run', 'ship'), 3);
    await workbench.notified(/ship › ask waits for you/);
    writeFileSync(file, `${PIPELINE}  scan: { needs: [ask], run: touch scanned.txt }\n`);
    await workbench.clickButton('Approve…');
    await workbench.page.getByText('ship.pipeline.yaml (new: scan; removed: tidy)').waitFor();
    await workbench.clickButton('Show Changes');
    await workbench.tab(/run began ↔ now/).waitFor();
    await workbench.page.locator('.monaco-diff-editor .line-insert').first().waitFor();
    await workbench.screenshot('changed-since');
    await workbench.clickButton('Start New Run');
    await until('the clean-up of the old run', () =>
      Promise.resolve(existsSync(path.join(folder, 'tidied.txt'))),
    );
    await workbench.notified(/ship › ask waits for you/);
    await workbench.clickButton('Approve…');
    await workbench.answer('', /Approve ship › ask/);
    await until('the new task', () => Promise.resolve(existsSync(path.join(folder, 'scanned.txt'))));
  },
);
