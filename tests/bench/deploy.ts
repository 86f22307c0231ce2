/** Laying out a release of a large package, beside copying the same files with and without looking at them. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { TARGETS } from '../../server/serving/releases/deploy.js';
import { PackageStore } from '../../server/stores/packages/store.js';
import { Registry } from '../../server/stores/registry/registry.js';
import { type Row, floorRow, ratioRow } from './table.js';

const FILES = 50;
const FILE_BYTES = 2_000_000;
const ROUNDS = 7;

function shell(command: string): void {
  const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

export async function deployRows(scratch: string): Promise<Row[]> {
  const app = path.join(scratch, 'app');
  mkdirSync(app);
  writeFileSync(path.join(scratch, 'modelyard.yaml'), 'name: bench\n');
  const sources = Array.from({ length: FILES }, (_, n) => {
    const file = path.join(app, `${n}.bin`);
    writeFileSync(file, randomBytes(FILE_BYTES));
    return { path: `app/${n}.bin`, file };
  });
  const packages = PackageStore.open(scratch);
  const settings = { name: 'app', entrypoint: 'true', setup: [], health: {}, env: {}, secrets: [] };
  const added = packages.add({ settings, sources });
  if (!added.ok) throw new Error(added.error.message);
  const target = TARGETS['local'];
  if (target === undefined) throw new Error('there is no local target');

  const copy = path.join(scratch, 'copy');
  const works: Record<string, () => unknown> = {
    ours: () =>
      target.deploy({
        root: scratch,
        packages,
        registry: Registry.open(scratch),
        package: added.version,
        environment: 'bench',
        target: 'local',
        env: { environment: {}, own: {} },
        secrets: [],
        keep: 1,
        force: true,
        wait: true,
        signal: new AbortController().signal,
        setup: () => Promise.resolve({ ok: true }),
        say: () => undefined,
      }),
    copy: () => shell(`cp -r ${app} ${copy}`),
    checked: () => shell(`cp -r ${app} ${copy} && sha256sum ${copy}/* > ${copy}.sums`),
  };
  const least: Record<string, number> = {};
  // In turns: what else the machine does then falls upon all of them.
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, work] of Object.entries(works)) {
      rmSync(copy, { recursive: true, force: true });
      const begun = performance.now();
      await work();
      least[name] = Math.min(least[name] ?? Infinity, performance.now() - begun);
    }
  }
  const row = (name: string, beside: string): Omit<Row, 'ok' | 'bar'> => ({
    work: 'deploying a package of 100 MB, every byte checked',
    beside,
    ours: least['ours'] ?? Number.NaN,
    peer: least[name] ?? Number.NaN,
    unit: 'ms',
  });
  return [
    ratioRow(row('checked', '`cp -r` and `sha256sum` of the copy'), 1.5),
    floorRow(row('copy', '`cp -r` from memory to memory, nothing checked')),
  ];
}
