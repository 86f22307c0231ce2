/** Models with very many versions, written as the registry would, without waiting for the disk for each. */
import { ensureMemory, layoutOf } from '../../../server/stores/layout.js';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Registry } from '../../../server/stores/registry/registry.js';
import { applyToModel, emptyModel } from '../../../server/stores/registry/journal/state.js';
import type { HistoryEntry, VersionDocument } from '../../../server/stores/registry/types.js';

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

/** A model with versions 1 to `count`; `production` points to the last one. Their artifacts are not there. */
export function seedModel(registry: Registry, name: string, count: number): void {
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
  ensureMemory(layoutOf(registry.root));
  mkdirSync(places.versions, { recursive: true });
  const text = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
  writeFileSync(places.journal, text);
  const model = entries.reduce(applyToModel, emptyModel(name));
  writeFileSync(places.document, JSON.stringify({ ...model, applied: Buffer.byteLength(text) }));
  for (let number = 1; number <= count; number++) {
    writeFileSync(path.join(places.versions, `${number}.json`), JSON.stringify(documentOf(name, number)));
  }
}
