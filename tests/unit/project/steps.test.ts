/** A file that is read in steps while others come in between. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { breathe, pauses, runThrough } from '../../../server/base/runs/steps.js';
import { Project } from '../../../server/project/project.js';
import { HOSTILE } from '../../support/generated/hostile.js';

const FILE = 'a.pipeline.yaml';
const tasks = (name: string): string =>
  `tasks:\n${Array.from({ length: 100 }, (_, n) => `  ${name}${n}: { run: echo }\n`).join('')}`;

function begun(t: TestContext): { project: Project; write: (text: string) => void } {
  const root = mkdtempSync(path.join(tmpdir(), 'modelyard-steps-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return { project: Project.open(root), write: (text) => writeFileSync(path.join(root, FILE), text) };
}

const firstTask = (project: Project): string | undefined => {
  const found = project.definition(FILE);
  return found?.kind === 'pipeline' ? found.pipeline.tasks[0]?.name : undefined;
};

test('of a file that is read again in between the newer text counts', (t) => {
  const { project, write } = begun(t);
  write(tasks('old'));
  const reading = project.updating(FILE);
  reading.next();
  write(`${tasks('new')}# longer\n`);
  project.update(FILE);
  runThrough(reading);
  assert.equal(firstTask(project), 'new0');
  write(tasks('newest'));
  assert.equal(project.update(FILE), true);
  assert.equal(firstTask(project), 'newest0');
});

test('a file that is forgotten in between stays so', (t) => {
  const { project, write } = begun(t);
  write(tasks('old'));
  const reading = project.updating(FILE);
  reading.next();
  project.remove(FILE);
  runThrough(reading);
  assert.equal(firstTask(project), undefined);
  assert.deepEqual(project.paths(), []);
  assert.equal(project.update(FILE), true, 'and is read when it is asked for again');
});

test('findings that are made of two states of the project are made again', (t) => {
  const { project, write } = begun(t);
  write('tasks: { a: { pipeline: { name: other } } }\n');
  project.update(FILE);
  const checking = project.checking(FILE);
  checking.next();
  writeFileSync(path.join(project.root, 'other.pipeline.yaml'), 'tasks: { b: { run: echo } }\n');
  project.update('other.pipeline.yaml');
  runThrough(checking);
  const rules = (): string[] => project.findings(FILE).map(({ rule }) => rule);
  assert.ok(!rules().includes('reference/unknown-pipeline'));
  assert.equal(project.findings(FILE), project.findings(FILE));
});

test('what comes in is handled before the next piece of work, however many wait', async () => {
  const order: string[] = [];
  const piece = async (name: string): Promise<void> => {
    for (let n = 0; n < 3; n++) {
      await breathe();
      order.push(name);
      // As a message: it is read in one turn of the event loop and handled in the next.
      if (name === 'a') setImmediate(() => setImmediate(() => order.push('message')));
    }
  };
  await Promise.all([piece('a'), piece('b'), piece('c')]);
  assert.deepEqual(order.slice(0, 5), ['a', 'message', 'b', 'c', 'a']);
  assert.equal(order.length, 12);
});

test('work that only awaits gives others their turn, too', async () => {
  let [turns, parts] = [0, 0];
  const timer = setInterval(() => turns++, 1);
  const pause = pauses();
  for (const end = performance.now() + 200; performance.now() < end; parts++) {
    for (const busy = performance.now() + 1; performance.now() < busy;);
    await pause();
  }
  clearInterval(timer);
  assert.ok(turns >= 2 && parts > turns, `${turns} turns in ${parts} parts`);
});

test('files of params are read in many steps, in every format', (t) => {
  const { project, write } = begun(t);
  const values = (line: (n: number) => string): string =>
    Array.from({ length: 3_000 }, (_, n) => line(n)).join('');
  const files: Readonly<Record<string, string>> = {
    'p.yaml': values((n) => `k${n}: ${n}\n`),
    'p.json': `{${values((n) => `"k${n}": ${n},`)}"z": 1}`,
    'p.toml': values((n) => `k${n} = ${n}\n`),
    'deep.yaml': `a: ${'['.repeat(20_000)}`,
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(path.join(project.root, name), text);
    write(`params: { from: ${name} }\ntasks: { a: { run: echo } }\n`);
    const [whole, stepped] = [new Project(project.root), new Project(project.root)];
    whole.update(FILE);
    let steps = 0;
    for (const reading = stepped.updating(FILE); reading.next().done !== true; steps++);
    assert.ok(steps >= 10, `${name}: ${steps} steps`);
    const messages = (of: Project): string[] => of.findings(FILE).map(({ message }) => message);
    assert.deepEqual(messages(stepped), messages(whole));
    assert.equal(messages(stepped).filter((one) => one.includes(name)).length, 1);
  }
});

test('a long file is read and checked in many steps, however dense it is', (t) => {
  const { project, write } = begun(t);
  const count = (steps: Generator<void, unknown>): number => {
    for (let n = 0; ; n++) if (steps.next().done === true) return n;
  };
  for (const name of ['open braces', 'commas', 'aliases', 'many tasks', 'unknown keys', 'colons']) {
    write(HOSTILE[name]!(20_000));
    const reading = count(project.updating(FILE));
    assert.ok(reading >= 3, `${name}: ${reading} steps`);
    assert.ok(count(project.checking(FILE)) >= 20, name);
  }
});
