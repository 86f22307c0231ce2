/** Jobs of a real cluster in the window: where they are, why they wait, and what people do with them. */
import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Cluster, slurmAvailable } from '../../support/slurm/slurm.js';
import { judgeLooks } from './looks.js';
import { type UiTest, uiTest } from './session.js';

const JOBS = `name: jobs
executor: cluster
tasks:
  train: { run: 'echo begun; sleep 600', timeout: 5m, resources: { cpus: 4, memory: 100MiB } }
  wide: { run: 'echo wide', resources: { cpus: 4, nodes: 4, memory: 100MiB } }
  broken: { run: 'echo no such column; exit 3', timeout: 5m, resources: { memory: 100MiB } }
`;

async function onCluster({ workbench, folder, note }: UiTest, cluster: Cluster): Promise<void> {
  const settings = 'name: editor-tests\nexecutors:\n  cluster: { type: slurm, poll: 1s }\n';
  writeFileSync(path.join(folder, 'modelyard.yaml'), settings);
  writeFileSync(path.join(folder, 'jobs.pipeline.yaml'), JOBS);
  // Where the programs of the window look for the cluster (`scripts/lib/editor-ui.mjs`).
  symlinkSync(cluster.env['SLURM_CONF'] ?? '', process.env['SLURM_CONF'] ?? '');

  // Somebody else has a node for an hour, so that the job that wants all four waits, and shorter ones pass it.
  const other = (await cluster.command('sbatch', '--parsable', '-c4', '-t60', '-o', '/dev/null', '--wrap', 'sleep 900')).trim(); // prettier-ignore
  await cluster.waitFor(async () => (await cluster.jobs()).some(({ id, state }) => id === other && state === 'RUNNING')); // prettier-ignore
  await workbench.openFile('jobs.pipeline.yaml');
  await workbench.lens(/Run/).first().click();
  await workbench.showContainer('Modelyard');
  await workbench.onlyView('Runs');
  await workbench.row('Runs', 'jobs').first().waitFor();
  await workbench.expand('Runs', 'jobs');
  const row = (name: string, words: RegExp) => workbench.row('Runs', name).first().filter({ hasText: words }); // prettier-ignore
  await row('train', /job \d+ on cluster, p\d+n\d/).waitFor();
  await row('wide', /nodes to become free \(Resources\)/).waitFor();
  await row('broken', /failed.*exit code 3/).waitFor();
  await workbench.screenshot('cluster-jobs');

  await workbench.contextMenu('Runs', 'wide', 'Hold Job', row('wide', /is held/));
  const script = workbench.page.locator('.tab', { hasText: 'job.sh' });
  await workbench.contextMenu('Runs', 'wide', 'Open Job Script', script);
  assert.match(await workbench.visibleText('job.sh'), /# Made by Modelyard\./);
  const page = workbench.webview;
  await workbench.inlineAction('Runs', 'jobs', 'Show Run', page.getByText('3 tasks'));
  // The failed one is shown first, and has no job any more.
  await page
    .getByText(/exit code 3/)
    .first()
    .waitFor();
  assert.equal(await page.getByTitle('Cancel Job').count(), 0);
  await page.getByText('wide', { exact: true }).first().click();
  await page
    .getByText(/is held/)
    .first()
    .waitFor();
  await page.getByTitle('Release Job').first().waitFor();
  await judgeLooks({ workbench, folder, note }, 'cluster-run');
  await workbench.contextMenu('Runs', 'wide', 'Release Job', row('wide', /nodes to become free/));
  await workbench.inlineAction('Runs', 'train', 'Cancel Job', row('train', /failed|cancelled/));
  await cluster.command('scancel', other);
  await row('wide', /\d m?s/).waitFor();
}

const available = slurmAvailable();
if (!available.ok) {
  test('jobs of a cluster in the window', { skip: available.why }, () => undefined);
} else {
  uiTest('jobs of a cluster: position, reason, node, script, hold and cancel', {}, async (ui) => {
    const cluster = await Cluster.start();
    try {
      await onCluster(ui, cluster);
    } finally {
      await cluster.stop();
    }
  });
}
