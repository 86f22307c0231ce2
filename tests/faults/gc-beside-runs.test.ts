/** Runs beside `gc`: nothing that a run has made or needs is lost, and nothing goes that has to stay. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { cases } from '../support/generated/cases.js';
import { TestProject } from '../support/cli.js';
import { damageIn, leftOver } from './memory.js';

/** Pairs of a run and a gc that are under way at once. */
const SIDE_BY_SIDE = 2;

/** A folder of files, something that reads it, and a version of a model: in places of its own. */
const pipeline = (name: string): string => `
params: { round: 0 }
tasks:
  make:
    run: |
      mkdir -p ${name}/out
      for i in 1 2 3; do echo "${name} \${{ params.round }} $i" > ${name}/out/$i; done
    outputs: { o: ${name}/out }
  join: { run: 'cat ${name}/out/* > ${name}/joined', inputs: [${name}/out], outputs: { o: ${name}/joined } }
  keep: { register: { model: ${name}, from: ${name}/joined }, needs: [join] }
`;

const WAITING = `
tasks:
  make: { run: 'echo made > kept; echo x >> worked', outputs: { o: kept } }
  ask: { approval: { prompt: go on? }, needs: [make] }
  ship: { run: 'cat kept > shipped', inputs: [kept], needs: [ask] }
`;

/** With these the last result of each task stays. */
const KEEPING: readonly (readonly string[])[] = [
  ['--max-size', '0'],
  ['--max-age', '0s'],
  ['--max-size', '0', '--max-run-age', '0s', '--keep-runs', '1000'],
  [],
];

/** What goes with the runs that made it, or by order. */
const HARSH: readonly (readonly string[])[] = [
  ['--keep-runs', '1', '--max-size', '0'],
  ['--all'],
  ['--max-run-age', '0s', '--max-age', '0s'],
  ['--all', '--keep-runs', '0'],
];

const joined = (name: string, round: number): string =>
  [1, 2, 3].map((file) => `${name} ${round} ${file}\n`).join('');

for (const { what, count, bounds } of [
  { what: 'gc', count: cases(4, 100), bounds: KEEPING },
  { what: 'gc that takes runs', count: cases(4, 100), bounds: HARSH },
])
  test(`${count} runs beside ${count} ${what}: nothing is lost, and nothing goes that is needed`, async () => {
    const names = Array.from({ length: SIDE_BY_SIDE }, (_, index) => `m${index}`);
    const project = await TestProject.make({
      ...Object.fromEntries(names.map((name) => [`${name}.pipeline.yaml`, pipeline(name)])),
      'waiting.pipeline.yaml': WAITING,
    });
    await project.expect(3, ['run', 'waiting']);
    const waiting = project.lastRun().id;
    const rounds = count / SIDE_BY_SIDE;
    await Promise.all([
      ...names.map(async (name) => {
        for (let round = 1; round <= rounds; round++) {
          await project.expect(0, ['run', name, '-p', `round=${round}`]);
          assert.equal(project.read(`${name}/joined`), joined(name, round), `${name}, round ${round}`);
          // What was made a moment ago is done, and the same again where it was taken away.
          project.remove(name);
          await project.expect(0, ['run', name, '-p', `round=${round}`]);
          assert.equal(project.read(`${name}/joined`), joined(name, round), `${name} again, round ${round}`);
        }
      }),
      ...names.map(async (_, first) => {
        for (let round = 0; round < rounds; round++) {
          const flags = bounds[(first + round * SIDE_BY_SIDE) % bounds.length] ?? [];
          await project.expect(0, ['gc', '--yes', ...flags]);
        }
      }),
    ]);
    assert.deepEqual(damageIn(project.root), []);
    assert.deepEqual(leftOver(project.root).filter((file) => !file.endsWith(waiting)), []); // prettier-ignore
    // Every version is there, with its bytes.
    for (const name of names) {
      await project.expect(0, ['models', 'export', name, `exported/${name}`]);
      for (let round = 1; round <= rounds; round++) {
        const text = joined(name, round);
        const hash = createHash('sha256').update(text).digest('hex');
        assert.equal(project.read(`exported/${name}/objects/${hash}`), text, `version ${round} of ${name}`);
      }
    }
    // The last result of each task is there, where runs were kept; and the run that waits has what it needs.
    await project.expect(0, ['gc', '--yes', '--max-size', '0', '--max-age', '0s']);
    project.remove(...names, 'kept');
    for (const name of names) {
      const { stdout } = await project.expect(0, ['run', name, '-p', `round=${rounds}`]);
      if (bounds === KEEPING) assert.match(stdout, /3 tasks, 3 cached/);
    }
    await project.expect(0, ['approve', waiting, '--resume']);
    assert.equal(project.read('shipped'), 'made\n');
    assert.equal(project.read('worked'), 'x\n', 'it was made once');
  });
