/** Pipelines as VS Code tasks: they are listed, they run, their exit code is the run's. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { diskPath, readDisk, runTask } from './support.js';
import { test, until } from './runner.js';

async function taskOf(pipeline: string, task?: string): Promise<vscode.Task> {
  const all = await vscode.tasks.fetchTasks({ type: 'modelyard' });
  const found = all.find(
    ({ definition }) => definition['pipeline'] === pipeline && definition['task'] === task,
  );
  assert.ok(found, `no task for ${pipeline} among: ${all.map(({ name }) => name).join(', ')}`);
  return found;
}

interface Recorded {
  readonly pipeline: string;
  readonly status: string;
  readonly trigger: string;
  readonly tasks: readonly { readonly id: string; readonly status: string }[];
}

/** Every run of the project, oldest first. */
function runs(): readonly Recorded[] {
  const folder = diskPath('.modelyard/runs');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => path.basename(file) === 'run.json')
    .sort()
    .map((file) => JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Recorded);
}

test('every pipeline and every task is under Run Task', async () => {
  const names = (await vscode.tasks.fetchTasks({ type: 'modelyard' })).map(
    ({ definition }) => `${String(definition['pipeline'])}/${String(definition['task'] ?? '')}`,
  );
  for (const name of ['good/', 'good/prepare', 'good/train', 'slow/', 'failing/'])
    assert.ok(names.includes(name), `${name} in ${names.join(', ')}`);
});

test('a run succeeds with code 0, and the same run again does nothing', async () => {
  const task = await taskOf('good');
  assert.equal(await runTask(task), 0);
  assert.match(readDisk('build/model.txt'), /^hello\nhello\nhello\none\ntwo\n$/);
  assert.equal(await runTask(task), 0);
  const [first, second] = runs().filter(({ pipeline }) => pipeline === 'good').slice(-2); // prettier-ignore
  assert.equal(first?.status, 'succeeded');
  assert.equal(first.trigger, 'editor');
  assert.deepEqual(
    second?.tasks.filter(({ id }) => id !== 'quality').map(({ id, status }) => `${id} ${status}`),
    ['prepare cached', 'train cached'],
  );
});

test('a run that fails ends with code 1', async () => {
  assert.equal(await runTask(await taskOf('failing')), 1);
  assert.equal(
    runs()
      .filter(({ pipeline }) => pipeline === 'failing')
      .at(-1)?.status,
    'failed',
  );
});

test('stopping the task cancels the run, and the record says so', async () => {
  const task = await taskOf('slow');
  const ended = runTask(task);
  const running = (): Recorded | undefined =>
    runs()
      .filter(({ pipeline }) => pipeline === 'slow')
      .at(-1);
  await until('the run to be under way', () => running()?.tasks[0]?.status === 'running');
  const execution = vscode.tasks.taskExecutions.find((one) => one.task.definition['pipeline'] === 'slow');
  assert.ok(execution);
  execution.terminate();
  await ended;
  await until('the record to say cancelled', () => running()?.status === 'cancelled');
});
