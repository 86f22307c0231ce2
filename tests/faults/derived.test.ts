/** Derived files that were cut, emptied, changed or lost: the same answers, and nothing is deleted on their word. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { cases, fc } from '../support/generated/cases.js';
import { TestProject } from '../support/cli.js';

const PIPELINE = `
params: { n: 1 }
tasks:
  a: { run: "echo \${{ params.n }} > a.csv", outputs: { o: a.csv } }
  b: { run: "cat a.csv > b.bin", inputs: [a.csv], outputs: { o: b.bin } }
  r: { register: { model: rain, from: b.bin } }
`;

const DERIVED = ['index', 'runs/index.ndjson', 'models/rain/versions', 'models/rain/identities'];

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

/** What must never go: the bytes of results and versions, and the records of runs. */
function kept(project: TestProject): string[] {
  return ['cache/objects', 'models/objects']
    .flatMap((name) => {
      const folder = project.path('.modelyard', name);
      return existsSync(folder) ? filesBelow(folder) : [];
    })
    .concat(filesBelow(project.path('.modelyard/runs')).filter((file) => file.endsWith('run.json')));
}

async function answers(project: TestProject): Promise<readonly string[]> {
  const asked = [
    ['runs', 'list', '--json'],
    ['models', 'show', 'rain', '--json'],
    ['models', 'lineage', 'rain@2', '--json'],
  ];
  const results: string[] = [];
  for (const args of asked) results.push((await project.expect(0, args)).stdout);
  // Whether a task is restored or up to date is what the memory of tasks is for; never may it run.
  const plan = Object.entries(await project.plan()).filter(([, decision]) => decision === 'run');
  return [...results, JSON.stringify(plan)];
}

const harms: readonly ((bytes: Buffer, at: number) => Buffer | undefined)[] = [
  () => undefined,
  () => Buffer.alloc(0),
  (bytes, at) => bytes.subarray(0, at % (bytes.length + 1)),
  (bytes, at) => Buffer.from(bytes.map((byte, index) => (index % 97 === at % 97 ? byte ^ 1 : byte))),
  () => Buffer.from('{"schema":1}\n[]\n'),
];

test('property: whatever happens to derived files, answers stay and nothing is deleted', async () => {
  const project = await TestProject.make({ 'main.pipeline.yaml': PIPELINE });
  await project.expect(0, ['run']);
  await project.expect(0, ['run', '-p', 'n=2']);
  await project.expect(0, ['run']);
  await project.expect(0, ['gc', '--max-size', '0', '--yes']);
  const truth = await answers(project);
  const held = kept(project);
  const memory = (name: string): string => project.path('.modelyard', name);
  const files = DERIVED.flatMap((name) =>
    name.endsWith('ndjson') ? [memory(name)] : filesBelow(memory(name)),
  );
  assert.ok(files.length > 8, files.join('\n'));
  await fc.assert(
    fc.asyncProperty(
      fc.nat(files.length - 1),
      fc.nat(harms.length - 1),
      fc.nat(10_000),
      async (which, how, at) => {
        const file = files[which] ?? '';
        if (!existsSync(file)) return;
        const harmed = harms[how]?.(readFileSync(file), at);
        rmSync(file);
        if (harmed !== undefined) writeFileSync(file, harmed);
        assert.deepEqual(await answers(project), truth, `${file}, harm ${how} at ${at}`);
        await project.expect(0, ['gc', '--max-size', '0', '--yes']);
        assert.deepEqual(kept(project), held, `${file}, harm ${how} at ${at}`);
      },
    ),
    { numRuns: cases(3, 25), endOnFailure: true, includeErrorInReport: true },
  );
});

test('lists of files that are lost are said to be lost, and count for nothing', async (t) => {
  const files = Object.fromEntries(
    Array.from({ length: 250 }, (_, at) => [`data/${at}.txt`, `${at}\n`] as const),
  );
  const project = await TestProject.make({
    ...files,
    'main.pipeline.yaml': `tasks:
  copy: { run: 'mkdir -p out; cp data/*.txt out/', inputs: ['data/*.txt'], outputs: { o: 'out/*.txt' } }
  fail: { needs: [copy], run: exit 1 }
`,
  });
  t.after(() => project.remove(''));
  await project.expect(1, ['run']);
  const lists = project.path('.modelyard/runs/lists');
  const texts = readdirSync(lists).map(
    (name) => [path.join(lists, name), readFileSync(path.join(lists, name))] as const,
  );
  assert.ok(texts.length >= 3);
  const harmed: readonly (() => void)[] = [
    () => rmSync(lists, { recursive: true }),
    () => texts.forEach(([file, bytes]) => writeFileSync(file, bytes.subarray(0, 99))),
    () => texts.forEach(([file]) => writeFileSync(file, '[]')),
  ];
  const said = /lists of files are gone .* not known: copy \(inputs, outputs, fingerprint\)/;
  for (const harm of harmed) {
    harm();
    const shown = await project.expect(0, ['runs', 'show', '--json']);
    const { tasks } = JSON.parse(shown.stdout) as { tasks: readonly { id: string; lost?: unknown }[] };
    assert.deepEqual(tasks[0]?.lost, ['inputs', 'outputs', 'fingerprint']);
    assert.match(shown.stderr, said);
    assert.match((await project.run(['models', 'lineage', 'data/1.txt'])).stderr, said);
    assert.match((await project.run(['doctor'])).stdout, said);
    mkdirSync(lists, { recursive: true });
  }
  assert.match(
    (await project.expect(1, ['models', 'register', 'm', 'out/1.txt', '--run', 'latest'])).stderr,
    said,
  );
  // Without its entry in the cache nothing else tells what it has made.
  rmSync(project.path('.modelyard/cache/entries'), { recursive: true });
  const objects = kept(project);
  const { stdout, stderr } = await project.run(['gc', '--max-size', '0', '--yes']);
  assert.match(stdout + stderr, /A list of the files that run .* has made is lost/);
  assert.deepEqual(kept(project), objects);
  // Put back, it is whole again.
  for (const [file, bytes] of texts) writeFileSync(file, bytes);
  const whole = await project.expect(0, ['models', 'lineage', 'data/1.txt']);
  assert.equal(whole.stderr, '');
  assert.match(whole.stdout, /copy \(run/);
});

test('what a lost list has told is not taken for done when a run is resumed', async (t) => {
  const files = Object.fromEntries(Array.from({ length: 250 }, (_, at) => [`data/${at}.txt`, ''] as const));
  const project = await TestProject.make({
    ...files,
    'main.pipeline.yaml': `tasks:
  list: { run: 'ls data > list.txt; echo >> list.count', inputs: ['data/*.txt'], outputs: { o: list.txt } }
  fail: { needs: [list], run: 'test -e go', cache: false }
`,
  });
  t.after(() => project.remove(''));
  await project.expect(1, ['run']);
  rmSync(project.path('.modelyard/runs/lists'), { recursive: true });
  project.write({ go: '' });
  project.remove('list.txt');
  await project.expect(0, ['run', '--resume']);
  assert.equal(project.read('list.txt').split('\n').length, 251);
});
