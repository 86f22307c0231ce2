/** Runs the benchmarks one after the other and prints one table; exits 1 when a bar is missed. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { activationRows } from './activation.js';
import { clusterRows } from './cluster.js';
import { deployRows } from './deploy.js';
import { featureRows } from './features.js';
import { languageRows } from './language.js';
import { lintRows } from './lint.js';
import { materializeRows } from './materialize.js';
import { panelRows } from './panels.js';
import { type Peers, installPeers } from './processes/peers.js';
import { registryRows } from './registry.js';
import { runnerRows } from './runner.js';
import { servingRows } from './serving.js';
import { storeRows } from './stores.js';
import { type Row, renderTable } from './table.js';
import { trackingRows } from './tracking.js';

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const root = process.cwd();
const cli = path.join(root, 'dist/cli.js');
const server = path.join(root, 'dist/server.js');
const schema = path.join(root, 'docs/schema/pipeline.schema.json');
const storeScript = path.join(root, 'out/bench/store.js');
const registryScript = path.join(root, 'out/bench/registry.js');
const bareScript = path.join(root, 'out/bench/bare.js');

let installed: Peers | undefined;
const peers = (): Peers => (installed ??= installPeers(root));

const suites: Readonly<Record<string, (scratch: string) => Row[] | Promise<Row[]>>> = {
  language: (scratch) => languageRows(scratch, server, schema, peers()),
  lint: (scratch) => lintRows(scratch, cli),
  runner: (scratch) => runnerRows(scratch, cli, bareScript, peers()),
  stores: (scratch) => storeRows(scratch, storeScript),
  panels: (scratch) => panelRows(scratch, server),
  features: (scratch) => featureRows(scratch, root),
  materialize: (scratch) => materializeRows(scratch, root),
  registry: (scratch) => registryRows(scratch, registryScript),
  serving: (scratch) => servingRows(scratch, root, peers()),
  deploy: (scratch) => deployRows(scratch),
  cluster: (scratch) => clusterRows(scratch, root, cli),
  activation: () => activationRows(root),
  tracking: (scratch) => trackingRows(scratch, root, cli),
};

async function main(): Promise<void> {
  const chosen = values.only === undefined ? Object.keys(suites) : values.only.split(',');
  const rows: Row[] = [];
  for (const name of chosen) {
    const suite = suites[name];
    if (suite === undefined)
      throw new Error(`no benchmark ${name}; there are ${Object.keys(suites).join(', ')}`);
    const scratch = mkdtempSync(path.join(os.tmpdir(), `modelyard-bench-${name}-`));
    console.error(`measuring ${name} …`);
    try {
      rows.push(...(await suite(scratch)));
    } catch (error) {
      // The figures of the others are worth printing all the same.
      console.error(error);
      process.exitCode = 1;
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
  const cpu = os.cpus()[0]?.model ?? 'unknown';
  console.log(
    `\n${os.cpus().length} × ${cpu}, ${process.platform} ${os.release()}, Node ${process.version}\n`,
  );
  console.log(renderTable(rows));
  if (rows.some((row) => !row.ok)) process.exitCode = 1;
}

void main();
