/** What killed runs leave in the system's temp folder. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { makeRunFolder, sweepRunFolders } from '../../../server/runner/executors/output-pipes.js';
import { ownIdentity } from '../../../server/stores/machine/liveness.js';

test('folders of runs go when they are proven to be ours and of a dead process, and no others', (t) => {
  const temp = mkdtempSync(path.join(tmpdir(), 'modelyard-temp-'));
  t.after(() => rmSync(temp, { recursive: true, force: true }));
  const made = (name: string, owner?: unknown): string => {
    const folder = path.join(temp, name);
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(path.join(folder, '0'), '');
    if (owner !== undefined) writeFileSync(path.join(folder, 'owner'), JSON.stringify(owner));
    return folder;
  };
  const id = (n: number): string => `20260101-000000-000-aaa${n}`;
  const own = ownIdentity();
  // The number is in use, and by another process than the one that is named.
  const dead = { ...own, processStart: `${own.processStart ?? ''}0` };
  const killed = own.processStart === undefined ? { ...own, pid: 2 ** 30 } : dead;
  made(`modelyard-${id(1)}`, killed);
  made(`modelyard-${id(1)}-scripts`, killed);
  makeRunFolder(path.join(temp, `modelyard-${id(2)}`));
  made(`modelyard-${id(3)}`);
  made(`modelyard-${id(4)}`, 'torn');
  made(`modelyard-${id(5)}`, { ...killed, place: 'another machine' });
  chmodSync(made(`modelyard-${id(6)}`, killed), 0o755);
  made('notes', killed);
  made('modelyard-notes', killed);
  made(`my-modelyard-${id(7)}`, killed);
  const outside = made('outside', killed);
  symlinkSync(outside, path.join(temp, `modelyard-${id(8)}`));
  const before = readdirSync(temp);
  const gone = sweepRunFolders(temp).map((folder) => path.basename(folder));
  assert.deepEqual(gone.sort(), [`modelyard-${id(1)}`, `modelyard-${id(1)}-scripts`]);
  assert.deepEqual(
    readdirSync(temp),
    before.filter((name) => !gone.includes(name)),
  );
  assert.deepEqual(readdirSync(outside), ['0', 'owner']);
  assert.deepEqual(sweepRunFolders(path.join(temp, 'nothing')), []);
});
