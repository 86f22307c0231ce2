/** Materializing is killed at any point, and read while versions replace each other: there is always one whole version. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { FeatureStore } from '../../server/features/store.js';
import { hashFile } from '../../server/stores/content/hash.js';
import { TestProject, until } from '../support/cli.js';
import { FeatureProject, engineFor, rowsOf, temporary } from '../support/features.js';
import { randomFrom } from './memory.js';
import { SEED, cases } from '../support/generated/cases.js';

const ROUNDS = cases(40, 100);

const FEATURES = `entities:
  station: { keys: [station] }
views:
  weather:
    entity: station
    source: { path: data.csv, timestamp: ts }
    features: { generation: long }
`;

/** Every row of a generation says which one it is; later ones have more. */
function dataOf(generation: number): string {
  const rows = Array.from({ length: 50 + generation }, (_, at) => `${at},2024-01-01,${generation}`);
  return `station,ts,generation\n${rows.join('\n')}\n`;
}

test(`killed ${ROUNDS} times, the current version is always whole (seed ${SEED})`, async () => {
  const random = randomFrom(SEED);
  const made = await TestProject.make({ 'a.features.yaml': FEATURES, 'data.csv': dataOf(0) });
  const store = new FeatureStore(made.root);
  const begun = Date.now();
  await made.expect(0, ['features', 'materialize']);
  let replaced = 0;
  let took = Date.now() - begun;
  for (let round = 1; round <= ROUNDS; round++) {
    made.write({ 'data.csv': dataOf(round) });
    const before = store.pointer('weather');
    const started = Date.now();
    const running = made.start(['features', 'materialize']);
    // From the first line of the program to after its last; how long that takes is learned on the way.
    await Promise.race([running.done, pause(random() * took * 1.2)]);
    running.child.kill('SIGKILL');
    const { signal } = await running.done;
    took = signal === null ? Date.now() - started : took * 1.02;
    const after = store.current('weather');
    assert.ok(after.state === 'ok' && before.state === 'ok', `round ${round}: ${after.state}`);
    const { version, rows, hash } = after.value;
    if (version !== before.value.version) replaced++;
    assert.ok(store.isWhole(after.value), `round ${round}: version ${version} is cut off`);
    assert.equal(await hashFile(store.dataFile('weather', version)), hash, `round ${round}`);
    assert.ok(rows >= 50 && rows <= 50 + round, `round ${round}: ${rows} rows`);
  }
  assert.ok(
    replaced > 0 && replaced < ROUNDS,
    `${replaced} of ${ROUNDS} were replaced: the kills came too early or too late`,
  );
  made.write({ 'data.csv': dataOf(ROUNDS + 1) });
  await made.expect(0, ['features', 'materialize']);
  const last = store.current('weather');
  assert.ok(last.state === 'ok' && last.value.rows === 50 + ROUNDS + 1);
  await until('what was left behind is gone', () => readdirSync(store.temp).length === 0);
});

test('a reader sees one version or the next, never a mixture', async (t) => {
  const project = await FeatureProject.make(t, { 'a.features.yaml': FEATURES, 'data.csv': dataOf(0) });
  const { store } = project;
  await project.computed('weather');
  const versions = 15;
  const files = Array.from({ length: versions + 1 }, (_, at) => store.dataFile('weather', at + 1));
  const engine = await engineFor(t, { readable: files, tempFolder: temporary(t) });
  const writer = { done: false };
  let reads = 0;
  const seen = new Set<number>();
  const reader = (async () => {
    while (!writer.done) {
      const current = store.current('weather');
      assert.ok(current.state === 'ok');
      const file = store.dataFile('weather', current.value.version);
      const [[rows, low, high] = []] = rowsOf(
        await engine.query(`SELECT count(*), min(generation), max(generation) FROM read_parquet('${file}')`),
      );
      assert.deepEqual([rows, high], [current.value.rows, low]);
      assert.equal(rows, 50 + Number(low));
      seen.add(Number(low));
      reads++;
    }
  })();
  for (let generation = 1; generation <= versions; generation++) {
    project.write({ 'data.csv': dataOf(generation) });
    await project.computed('weather');
  }
  writer.done = true;
  await reader;
  assert.ok(reads > versions && seen.size > 2, `${reads} reads of ${seen.size} versions`);
});
