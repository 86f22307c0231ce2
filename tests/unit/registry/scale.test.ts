/** What registering and listing cost when there is much. The figures are printed; only gross slowness fails. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Registry } from '../../../server/stores/registry/registry.js';
import { seedModel as seed } from '../../support/generated/many-versions.js';
import { add, newRegistry, tempFolder, value } from './support.js';

const median = (times: number[]): number => times.sort((a, b) => a - b)[times.length >> 1]!;

test('registering costs the same for the first and the ten-thousandth version', async (t) => {
  const registry = newRegistry(t);
  await add(registry, 'warm', 'up');
  const results: string[] = [];
  for (const count of [1, 100, 10_000]) {
    const name = `m${count}`;
    seed(registry, name, count);
    const times: Record<'register' | 'alias' | 'rollback' | 'version' | 'list', number[]> = {
      register: [],
      alias: [],
      rollback: [],
      version: [],
      list: [],
    };
    const time = async (what: keyof typeof times, work: () => unknown): Promise<void> => {
      const begin = performance.now();
      await work();
      times[what].push(performance.now() - begin);
    };
    for (let n = 0; n < 25; n++) {
      await time('register', () => add(registry, name, `${name} ${n}`));
      await time('alias', () => value(registry.setAlias(name, 'production', String(count + n + 1))));
      await time('rollback', () => value(registry.rollback(name, 'production')));
      await time('version', () => value(registry.version(name, '1')));
      await time('list', () => value(registry.versions(name, { limit: 50 })));
    }
    assert.equal(value(registry.model(name)).model.nextVersion, count + 26);
    results.push(
      `${count}: ${Object.entries(times)
        .map(([what, list]) => `${what} ${median(list).toFixed(2)}`)
        .join(', ')} ms`,
    );
    assert.ok(median(times.register) < 1_000);
  }
  for (const line of results) t.diagnostic(line);
});

test('1,000 models of 20 versions are listed', (t) => {
  const root = tempFolder(t);
  const registry = Registry.open(root);
  for (let n = 0; n < 1000; n++) seed(registry, `model-${n}`, 20);
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const begin = performance.now();
    const { models, problems } = Registry.open(root).models();
    times.push(performance.now() - begin);
    assert.equal(models.length, 1000);
    assert.ok(models.every(({ recent }) => recent.length === 20));
    assert.deepEqual(problems, []);
  }
  t.diagnostic(`first ${times[0]!.toFixed(0)} ms, median ${median(times).toFixed(0)} ms`);
  assert.ok(median(times) < 3_000);
});
