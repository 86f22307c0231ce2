/** Texts of what runs have set aside. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  groupedBy,
  trashEntryItem,
  trashGroup,
  trashItem,
  trashNotice,
} from '../../../extension/project/trash-rows.js';
import type { TrashEntry } from '../../../server/protocol/index.js';

const AT = '2026-11-23T12:00:00.000Z';

function entry(more: Partial<TrashEntry> = {}): TrashEntry {
  return {
    projectUri: 'file:///p',
    id: '20261123-120000-000-abcd/1',
    run: '20261123-120000-000-abcd',
    pipeline: 'rain',
    task: 'train',
    path: 'out/model.bin',
    reason: 'found',
    at: AT,
    uri: 'file:///p/.modelyard/trash/20261123-120000-000-abcd/1/out/model.bin',
    mime: 'application/octet-stream',
    bytes: 2048,
    free: true,
    ...more,
  };
}

/** Folders have no size. */
const { bytes: none, ...folder } = entry({
  id: '20261123-120000-000-abcd/2',
  path: 'out',
  mime: 'inode/directory',
  reason: 'half-made',
  free: false,
});

test('rows say what is in the trash and why', () => {
  assert.equal(none, 2048);
  const row = trashItem('run:1', [entry(), entry(), folder]);
  assert.equal(row.description, '2 items made by no known run, 1 item half made');
  assert.equal(trashItem('run:1', [folder]).description, '1 item half made');
  const file = trashEntryItem('run:1', entry());
  assert.deepEqual(
    [file.label, file.description, file.icon],
    ['out/model.bin', 'made by no known run · 2 KiB', 'file'],
  );
  assert.doesNotMatch(file.tooltip ?? '', /another place/);
  const there = trashEntryItem('run:1', folder);
  assert.deepEqual([there.icon, there.description], ['folder', 'half made']);
  assert.match(there.tooltip ?? '', /another place/);
});

test('entries go by run, under the name of its pipeline or, where it is deleted, its id', () => {
  const now = Date.parse(AT) + 5 * 60_000;
  const { pipeline, ...deleted } = entry({ run: '20261122-120000-000-abcd' });
  assert.equal(pipeline, 'rain');
  const groups = [...groupedBy([entry(), deleted, folder], ({ run }) => run).values()];
  assert.deepEqual(
    groups.map((group) => group.length),
    [2, 1],
  );
  assert.deepEqual(groups.map(([first]) => trashGroup(first, now)), ['rain · 5 min ago', '20261122-120000-000-abcd · 5 min ago']); // prettier-ignore
});

test('a notice names the file, or how many, and only what no run had made', () => {
  assert.equal(trashNotice('rain', [folder]), undefined);
  assert.equal(
    trashNotice('rain', [entry(), folder]),
    'rain set aside out/model.bin, which no known run had made.',
  );
  assert.equal(trashNotice('rain', [entry(), entry()]), 'rain set aside 2 items that no known run had made.');
  const link = entry({ path: '[x](command:evil)' });
  assert.doesNotMatch(trashNotice('rain', [link]) ?? '', /\]\(/);
});
