/** Runs made up for tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { RunDocument, RunHeader } from '../../../server/stores/runs/document.js';
import { newRunId, newRunDocument, ownIdentity } from '../../../server/stores/runs/runs.js';
import type { NewTask } from '../../../server/stores/runs/runs.js';

export function tempFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-stores-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function header(change: Partial<RunHeader> = {}): RunHeader {
  return {
    id: newRunId(),
    pipeline: 'train',
    kind: 'model-build',
    path: 'train.pipeline.yaml',
    definitionHash: `sha256:${'0'.repeat(64)}`,
    params: { epochs: 200 },
    user: 'ada',
    machine: { os: 'linux', arch: 'x64', cpus: 2, memoryBytes: 2 ** 32 },
    trigger: 'terminal',
    argv: ['run', 'train'],
    createdAt: new Date().toISOString(),
    host: os.hostname(),
    ...ownIdentity(),
    ...change,
  };
}

export const TASKS: readonly NewTask[] = [
  { id: 'features', task: 'features', action: 'run', needs: [] },
  { id: 'train', task: 'train', action: 'run', needs: ['features'] },
];

/** A document with status and metrics as after a run. */
export function ended(document: RunDocument, status: RunDocument['status'] = 'succeeded'): RunDocument {
  return {
    ...document,
    status,
    endedAt: new Date().toISOString(),
    tasks: document.tasks.map((task) => ({
      ...task,
      status: status === 'succeeded' ? 'succeeded' : 'failed',
      metrics: task.id === 'train' ? { accuracy: 0.81 } : {},
    })),
  };
}

export { newRunDocument };
