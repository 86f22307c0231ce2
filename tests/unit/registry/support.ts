/** A project with a registry, made up for tests. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { Registry } from '../../../server/stores/registry/registry.js';
import type {
  Outcome,
  RegisterRequest,
  RegistryOptions,
  VersionDocument,
} from '../../../server/stores/registry/types.js';

export function tempFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'modelyard-registry-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function newRegistry(t: TestContext, options: RegistryOptions = {}): Registry {
  return Registry.open(tempFolder(t), options);
}

/** The value of an outcome that has to be one. */
export function value<T extends object>(outcome: Outcome<T>): T {
  assert.ok(outcome.ok, outcome.ok ? '' : `${outcome.error.code}: ${outcome.error.message}`);
  return outcome;
}

/** The code of an outcome that has to be a failure; its message has to match. */
export function refused(outcome: Outcome, code: string, message = /./): void {
  assert.ok(!outcome.ok, 'it was not refused');
  assert.equal(outcome.error.code, code, outcome.error.message);
  assert.match(outcome.error.message, message);
}

/** Writes a file of the project. */
export function file(root: string, name: string, content: string | Uint8Array): string {
  const target = path.join(root, name);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, content);
  return target;
}

/** Registers a text as the next version. */
export async function add(
  registry: Registry,
  name: string,
  content: string | Uint8Array,
  more: Partial<RegisterRequest> = {},
): Promise<VersionDocument> {
  const source = file(registry.root, `models/${name.replace(/\W/g, '_')}.json`, content);
  return value(await registry.register({ name, artifact: { file: source, path: 'models/m.json' }, ...more }))
    .version;
}
