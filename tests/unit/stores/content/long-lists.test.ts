/** Long lists of files in records: once by content, back when read, never believed when they were harmed. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { TaskStates, type TaskState } from '../../../../server/runner/plan/state.js';
import { sweepLists, withLists, withoutLists } from '../../../../server/stores/content/long-lists.js';

function folder(t: { after: (done: () => void) => void }): string {
  const made = mkdtempSync(path.join(os.tmpdir(), 'modelyard-lists-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** What a task that reads so many files has on record. */
function record(files: number, changed = -1): TaskState {
  const inputs = Array.from({ length: files }, (_, at) => ({
    path: `data/${at}.txt`,
    hash: `sha256:${String(at === changed ? -1 : at).padStart(64, '0')}` as const,
    bytes: at,
  }));
  return {
    id: 't',
    run: 'r',
    fingerprint: {
      hash: `h${files} ${changed}`,
      parts: [
        { kind: 'command', name: 'run', value: `x${changed}` },
        ...inputs.map(({ path: name, hash }) => ({ kind: 'input' as const, name, value: hash })),
        { kind: 'output', name: 'o', value: 'o' },
      ],
    },
    inputs,
    outputs: inputs.map((one) => ({
      ...one,
      name: 'o',
      kind: 'file' as const,
      mime: 'text/plain',
      cached: true,
    })),
    metrics: {},
  };
}

test('a record with long lists is small, the lists are there once, and what is read is what was written', (t) => {
  const lists = folder(t);
  const run = { id: 'x', tasks: [record(5000), record(10)] };
  const packed = withoutLists(run, lists);
  assert.ok(JSON.stringify(packed).length < 6000);
  assert.deepEqual(withLists(JSON.parse(JSON.stringify(packed)) as typeof run, lists), run);
  assert.equal(readdirSync(lists).length, 3);
  // Another command over the same files shares their lists; another file does not.
  const other = record(5000);
  withoutLists(
    {
      tasks: [
        {
          ...other,
          fingerprint: {
            hash: 'h',
            parts: [{ kind: 'command', name: 'run', value: 'z' }, ...other.fingerprint.parts.slice(1)],
          },
        },
      ],
    },
    lists,
  );
  assert.equal(readdirSync(lists).length, 3);
  withoutLists({ tasks: [record(5000, 7)] }, lists);
  assert.equal(readdirSync(lists).length, 6);
  // Records of before have their lists in them.
  assert.deepEqual(withLists(run, lists), run);
});

test('a list that is cut, changed or gone is not believed', (t) => {
  const lists = folder(t);
  const packed = JSON.parse(JSON.stringify(withoutLists({ tasks: [record(300, 1)] }, lists))) as {
    tasks: TaskState[];
  };
  for (const [at, name] of readdirSync(lists).entries()) {
    const file = path.join(lists, name);
    const text = readFileSync(file, 'utf8');
    if (at === 0) rmSync(file);
    else writeFileSync(file, at === 1 ? text.slice(0, -100) : text.replace('data/7', 'data/8'));
  }
  const [task] = withLists(packed, lists).tasks;
  assert.deepEqual((task as { lost?: unknown }).lost, ['inputs', 'outputs', 'fingerprint']);
  assert.deepEqual(task!.inputs, []);
  assert.equal(task!.fingerprint.hash, 'h300 1');
  assert.deepEqual(
    task!.fingerprint.parts.map(({ kind }) => kind),
    ['command', 'output'],
  );
});

test('a state whose lists are lost is no state: its outputs would count as none', (t) => {
  const root = folder(t);
  const file = path.join(root, 'index', 'tasks', 'p.ndjson');
  new TaskStates(file).put(record(400, 2));
  assert.ok(statSync(file).size < 3000);
  const states = new TaskStates(file);
  assert.deepEqual(states.get('t'), record(400, 2));
  assert.equal(states.paths().length, 400);
  new TaskStates(file).put(record(401, 3));
  rmSync(path.join(root, 'runs', 'lists'), { recursive: true });
  const after = new TaskStates(file);
  assert.equal(after.get('t'), undefined);
  assert.deepEqual(after.recorded('data/1.txt'), []);
});

test('lists that no record names go, but not those of late', (t) => {
  const lists = folder(t);
  const packed = [record(300, 10), record(300, 11), record(300, 12)].map((one) =>
    JSON.stringify(withoutLists(one, lists)),
  );
  const names = readdirSync(lists);
  assert.equal(names.length, 9);
  const sweep = (): void => sweepLists(lists, () => packed.slice(0, 1));
  sweep();
  assert.equal(readdirSync(lists).length, 9);
  const old = new Date(Date.now() - 48 * 3600 * 1000);
  for (const name of names) utimesSync(path.join(lists, name), old, old);
  // A run that uses one again says so.
  withoutLists(record(300, 11), lists);
  sweep();
  assert.equal(readdirSync(lists).length, 6);
});
