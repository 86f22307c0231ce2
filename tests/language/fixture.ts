/** A project as a person would have it, and a client on it. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { LspClient } from '../support/lsp-client.js';
import type { ClientOptions } from '../support/lsp-client.js';

export interface TestLike {
  after(fn: () => void | Promise<void>): void;
}

export const TRAIN = `name: rain-train
kind: model-build
description: Will it rain tomorrow?

params:
  epochs: 20
  seed: { type: integer, default: 42, minimum: 0, description: Seed of the split. }

tasks:
  features:
    description: Features from the raw data.
    run: python3 src/features.py data/raw.csv data/training.csv
    inputs: [src/features.py, data/raw.csv]
    outputs:
      dataset: data/training.csv
  train:
    run: python3 src/train.py --epochs \${{ params.epochs }} --seed \${{ params.seed }} data/training.csv
    inputs: [src/train.py, data/training.csv]
    outputs:
      model: models/rain.json
    metrics: reports/metrics.json
  quality:
    check:
      - that: tasks.train.metrics.accuracy >= 0.7
        message: Not better than guessing.
`;

export const NIGHTLY = `name: nightly
kind: model-build
tasks:
  retrain:
    pipeline: { name: rain-train, params: { epochs: 50 } }
`;

export const FEATURES = `entities:
  station: { keys: [station_id] }
views:
  weather:
    entity: station
    source: { path: data/raw.csv, timestamp: observed_at }
    ttl: 3d
    features:
      rain_7d: { type: double, description: Mean precipitation of the last seven days. }
services:
  rain-v1: ["weather:rain_7d"]
`;

export const PROJECT: Readonly<Record<string, string>> = {
  'modelyard.yaml': 'name: rain\n',
  'train.pipeline.yaml': TRAIN,
  'pipelines/nightly.pipeline.yaml': NIGHTLY,
  'weather.features.yaml': FEATURES,
  'src/features.py': 'print("features")\n',
  'src/train.py': 'print("train")\n',
  'data/raw.csv': 'station_id,observed_at\n',
};

/** A new folder with these files, removed after the test. */
export function folder(t: TestLike, files: Readonly<Record<string, string>>): string {
  const root = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'modelyard-lsp-')));
  t.after(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }));
  write(root, files);
  return root;
}

export function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

/** A client that is stopped after the test, on one folder unless told otherwise. */
export async function client(
  t: TestLike,
  root: string,
  options: Partial<ClientOptions> = {},
): Promise<LspClient> {
  const started = await LspClient.start({ folders: [root], ...options });
  t.after(async () => {
    if (started.process.exitCode === null) await started.stop();
  });
  return started;
}

/** The project of the constants above with a client on it. */
export async function project(
  t: TestLike,
  options: Partial<ClientOptions> & { readonly files?: Readonly<Record<string, string>> } = {},
): Promise<{ root: string; lsp: LspClient; at: (name: string) => string }> {
  const root = folder(t, { ...PROJECT, ...options.files });
  const lsp = await client(t, root, options);
  return { root, lsp, at: (name) => path.join(root, name) };
}
