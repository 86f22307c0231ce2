/** What registering and listing cost when there is much. The figures are printed; only gross slowness fails. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Registry } from '../../../server/stores/registry/registry.js';
import { applyToModel, emptyModel } from '../../../server/stores/registry/state.js';
import type { HistoryEntry, VersionDocument } from '../../../server/stores/registry/types.js';
import { add, newRegistry, tempFolder, value } from './support.js';

const median = (times: number[]): number => times.sort((a, b) => a - b)[times.length >> 1]!;

function documentOf(name: string, number: number): VersionDocument {
  const at = new Date(Date.UTC(2026, 0, 1) + number * 60_000).toISOString();
  return {
    schema: 1,
    name,
    version: String(number),
    status: 'READY',
    createdAt: at,
    updatedAt: at,
    createdBy: 'ada@host',
    run: { id: '20260101-000000-000-aaaa', pipeline: 'rain-train', task: 'train' },
    artifact: {
      hash: `sha256:${String(number).padStart(64, '0')}`,
      bytes: 1234,
      path: 'models/rain.json',
      kind: 'model',
      mime: 'application/json',
      framework: 'sklearn',
    },
    params: { epochs: 200, seed: number, 'learning-rate': 0.01 },
    metrics: { accuracy: 0.74, loss: 0.51, auc: 0.8, f1: 0.7 },
    inputs: [{ path: 'data/labels.csv', hash: `sha256:${'1'.repeat(64)}` }],
    fingerprint: `sha256:${'2'.repeat(64)}`,
    description: 'Trained with 200 epochs.',
    tags: { team: 'weather' },
    metadata: {},
  };
}

/** Writes a model with so many versions as the registry would have, without waiting for the disk for each. */
function seed(registry: Registry, name: string, count: number): void {
  const base = { at: '2026-01-01T00:00:00.000Z', who: 'ada@host' };
  const entries: HistoryEntry[] = [
    { seq: 1, ...base, action: 'model-created', name, description: '', tags: {} },
  ];
  for (let number = 1; number <= count; number++) {
    const aliases = number === count ? { production: null } : {};
    entries.push({
      seq: number + 1,
      ...base,
      action: 'version-created',
      version: String(number),
      document: documentOf(name, number),
      aliases,
    });
  }
  const { places } = registry.store(name);
  mkdirSync(places.versions, { recursive: true });
  const text = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
  writeFileSync(places.journal, text);
  const model = entries.reduce(applyToModel, emptyModel(name));
  writeFileSync(places.document, JSON.stringify({ ...model, applied: Buffer.byteLength(text) }));
  for (let number = 1; number <= count; number++) {
    writeFileSync(path.join(places.versions, `${number}.json`), JSON.stringify(documentOf(name, number)));
  }
}

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
