/** A memory that came with a clone: the editor is told of it, and trusts it for a person in a trusted workspace only. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import type { ForeignMemory, Outcome, RunsResult } from '../../../server/protocol/index.js';
import type { LspClient } from '../../support/lsp-client.js';
import { until, uri } from '../../support/lsp-client.js';
import { modelyard } from '../../support/modelyard.js';
import { client, folder, write } from '../fixture.js';

const FILES = {
  'modelyard.yaml': 'name: copied\n',
  'main.pipeline.yaml': 'tasks: { a: { run: echo hi > out.txt, outputs: { o: out.txt } } }\n',
};

/** A folder whose memory another one has made. */
async function clone(t: Parameters<typeof folder>[0]): Promise<string> {
  const [original, copy] = [folder(t, FILES), folder(t, FILES)];
  assert.equal((await modelyard(original, 'run')).code, 0);
  cpSync(path.join(original, '.modelyard'), path.join(copy, '.modelyard'), { recursive: true });
  return copy;
}

const foreign = async (lsp: LspClient): Promise<readonly ForeignMemory[]> =>
  (await lsp.request<{ memories: readonly ForeignMemory[] }>('modelyard/foreignMemories', {})).memories;

test('a foreign memory is told of, and trusted once by who may', async (t) => {
  const root = await clone(t);
  const projectUri = uri(root);
  const restricted = await client(t, root);
  const [memory, ...others] = await until('the memory', async () => {
    const all = await foreign(restricted);
    return all.length > 0 && all;
  });
  assert.equal(others.length, 0);
  assert.deepEqual(
    { ...memory, id: '', message: '' },
    {
      projectUri,
      uri: uri(path.join(root, '.modelyard')),
      id: '',
      canTrust: true,
      holds: ['runs', 'cached outputs'],
      message: '',
    },
  );
  assert.match(memory?.message ?? '', /was not made here/);
  assert.equal((await restricted.request<RunsResult>('modelyard/runs', { limit: 5 })).runs.length, 1);

  const no = await restricted.request<Outcome>('modelyard/trustMemory', { projectUri });
  assert.match(no.ok ? '' : no.message, /Restricted Mode/);
  const { runs } = await restricted.request<RunsResult>('modelyard/runs', { limit: 5 });
  const ref = { projectUri, id: runs[0]?.id ?? '' };
  for (const method of ['modelyard/deleteRun', 'modelyard/cancelRun', 'modelyard/answer']) {
    const params = { ...ref, run: ref.id, task: 'a', verdict: 'approved' };
    const outcome = await restricted.request<Outcome>(method, params);
    assert.match(outcome.ok ? '' : outcome.message, /Restricted Mode/, method);
  }
  assert.equal((await foreign(restricted)).length, 1);

  const trusting = await client(t, root, { initializationOptions: { trusted: true } });
  await until('the project', async () => (await foreign(trusting)).length === 1);
  const before = restricted.changed.length;
  const yes = await trusting.request<Outcome>('modelyard/trustMemory', { projectUri });
  assert.deepEqual(yes, { ok: true });
  assert.deepEqual(await foreign(trusting), []);
  // The other window hears of it from the disk.
  await until('the other window to hear', () =>
    restricted.changed.slice(before).some(({ what }) => what.includes('runs') && what.includes('services')),
  );
  assert.deepEqual(await foreign(restricted), []);
  assert.equal((await modelyard(root, 'run')).code, 0);
  assert.ok(existsSync(path.join(root, 'out.txt')));
});

test('a link in place of a memory is told of, and never trusted', async (t) => {
  const root = folder(t, FILES);
  const outside = folder(t, { 'runs/x': '' });
  symlinkSync(outside, path.join(root, '.modelyard'));
  const lsp = await client(t, root, { initializationOptions: { trusted: true } });
  const [memory] = await until('the link', async () => {
    const all = await foreign(lsp);
    return all.length > 0 && all;
  });
  assert.deepEqual([memory?.canTrust, memory?.holds], [false, []]);
  const no = await lsp.request<Outcome>('modelyard/trustMemory', { projectUri: uri(root) });
  assert.match(no.ok ? '' : no.message, /not a folder but a link/);
  assert.equal(existsSync(path.join(outside, 'marks')), false);
  const nowhere = await lsp.request<Outcome>('modelyard/trustMemory', { projectUri: uri(outside) });
  assert.match(nowhere.ok ? '' : nowhere.message, /no open project/);
  // Its own one needs no word.
  rmSync(path.join(root, '.modelyard'));
  mkdirSync(path.join(root, '.modelyard'));
  write(root, { 'other.txt': '' });
  assert.deepEqual(await foreign(lsp), []);
});
