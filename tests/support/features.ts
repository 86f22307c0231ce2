/** The feature store's engine in tests: the real child process, built from the sources as they are. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { type Engine, type EngineOptions, openEngine } from '../../server/features/engine/engine.js';
import type { EngineResult, Rows } from '../../server/features/engine/messages.js';
import { builtCli } from './cli.js';

/** The path of `features.js`. */
export async function builtFeatures(): Promise<string> {
  const program = path.join(path.dirname(await builtCli()), 'features.js');
  assert.ok(existsSync(program), program);
  return program;
}

export function temporary(t: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-features-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An engine that is closed when the test ends. */
export async function engineFor(
  t: Pick<TestContext, 'after'>,
  options: Partial<EngineOptions> & { readonly tempFolder: string },
): Promise<Engine> {
  const program = await builtFeatures();
  const opened = await openEngine({ readable: [], program, memoryBytes: 512 * 1024 ** 2, ...options });
  assert.ok(opened.ok, opened.ok ? '' : opened.error.message);
  t.after(() => opened.value.close());
  return opened.value;
}

export function valueOf<T>(result: EngineResult<T>): T {
  assert.ok(result.ok, result.ok ? '' : `${result.error.kind}: ${result.error.message}`);
  return result.value;
}

export function rowsOf(result: EngineResult<Rows>): Rows['rows'] {
  return valueOf(result).rows;
}
