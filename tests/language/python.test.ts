/** The Python of tasks in the editor: what the status bar shows, and that plans know the interpreter that is selected. */
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import type { FileStatus, PlanResult } from '../../server/protocol/index.js';
import { uri } from '../support/lsp-client.js';
import { fakeVenv } from '../support/peers/fake-python.js';
import { client, folder } from './fixture.js';

const skip = process.platform === 'win32' ? 'programs are scripts of the shell' : false;

test('status and plans follow the interpreter that is selected', { skip }, async (t) => {
  const root = folder(t, {
    'demo.pipeline.yaml': 'tasks:\n  t: { run: python3 x.py, outputs: { o: o } }\n',
    'plain.pipeline.yaml': 'tasks:\n  t: { run: echo 1 > o, outputs: { o: o } }\n',
    'broken.pipeline.yaml': 'python: gone\ntasks:\n  t: { run: python3 x.py, outputs: { o: o } }\n',
  });
  fakeVenv(path.join(root, '.venv'));
  const other = path.join(fakeVenv(path.join(root, 'other one'), { version: '3.10.2' }), 'bin/python');
  const lsp = await client(t, root);
  const status = async (name: string): Promise<FileStatus['python']> =>
    (await lsp.request<FileStatus>('modelyard/fileStatus', { uri: uri(path.join(root, name)) })).python;
  // As an editor does: nothing is known of files before.
  await lsp.request('modelyard/pipelines', {});
  assert.deepEqual(await status('demo.pipeline.yaml'), {
    text: 'Python 3.12.4 (.venv)',
    detail: path.join(root, '.venv/bin/python'),
    problem: false,
  });
  assert.equal(await status('plain.pipeline.yaml'), undefined);
  assert.match((await status('broken.pipeline.yaml'))?.detail ?? '', /gone is not there/);
  const select = (selected: string): Promise<{ ok: boolean }> =>
    lsp.request('modelyard/selectPython', { projectUri: uri(root), path: selected });
  assert.deepEqual(await select(other), { ok: true });
  assert.equal((await status('demo.pipeline.yaml'))?.text, 'Python 3.10.2 (other one/bin/python)');
  assert.deepEqual(await select('/gone/python'), { ok: true });
  const plan = await lsp.request<PlanResult>('modelyard/plan', {
    uri: uri(path.join(root, 'demo.pipeline.yaml')),
  });
  assert.match(
    plan.problem ?? '',
    /t: the Python interpreter that is selected \(MODELYARD_PYTHON\), \/gone\/python/,
  );
  await assert.rejects(
    lsp.request('modelyard/selectPython', { projectUri: uri(root), path: 5 }),
    /path must be a string/,
  );
  assert.deepEqual(await select(''), { ok: true });
  assert.equal((await status('demo.pipeline.yaml'))?.text, 'Python 3.12.4 (.venv)');
});
