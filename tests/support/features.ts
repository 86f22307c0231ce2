/** The feature store's engine in tests: the real child process, built from the sources as they are. */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { type Engine, type EngineOptions, openEngine } from '../../server/features/engine/engine.js';
import type { EngineResult, Rows } from '../../server/features/engine/messages.js';
import {
  type MaterializeRequest,
  type MaterializeResult,
  materialize,
} from '../../server/features/views/materialize.js';
import { FeatureStore } from '../../server/features/store.js';
import type { Features } from '../../server/definition/features.js';
import { Project } from '../../server/project/project.js';
import { HashIndex } from '../../server/stores/content/hash-index.js';
import { ensureMemory, layoutOf } from '../../server/stores/layout.js';
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

/** A project with feature files, computed through the library. */
export class FeatureProject {
  readonly root: string;
  readonly store: FeatureStore;
  readonly log: string[] = [];
  readonly #program: string;

  private constructor(root: string, program: string) {
    this.root = root;
    ensureMemory(layoutOf(root));
    this.store = new FeatureStore(root);
    this.#program = program;
  }

  static async make(
    t: Pick<TestContext, 'after'>,
    files: Readonly<Record<string, string | Uint8Array>>,
  ): Promise<FeatureProject> {
    const project = new FeatureProject(temporary(t), await builtFeatures());
    project.write({ 'modelyard.yaml': 'name: test\n', ...files });
    return project;
  }

  /** Over a folder that is there already. */
  static async in(root: string): Promise<FeatureProject> {
    return new FeatureProject(root, await builtFeatures());
  }

  write(files: Readonly<Record<string, string | Uint8Array>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(this.path(name)), { recursive: true });
      writeFileSync(this.path(name), text);
    }
  }

  append(file: string, text: string): void {
    appendFileSync(this.path(file), text);
  }

  path(...names: string[]): string {
    return path.join(this.root, ...names);
  }

  features(): Features[] {
    return Project.open(this.root)
      .definitions()
      .flatMap((one) => (one.kind === 'features' ? [one.features] : []));
  }

  materialize(view: string, request: Partial<MaterializeRequest> = {}): Promise<MaterializeResult> {
    return materialize({
      root: this.root,
      files: this.features(),
      view,
      hashes: new HashIndex(layoutOf(this.root)),
      engine: { program: this.#program, memoryBytes: 512 * 1024 ** 2 },
      log: (line) => this.log.push(line),
      ...request,
    });
  }

  /** Computes and expects it to work. */
  async computed(view: string, request: Partial<MaterializeRequest> = {}) {
    const result = await this.materialize(view, request);
    assert.ok(result.ok, result.ok ? '' : result.message);
    return result;
  }

  /** Computes and expects it to fail; gives the message. */
  async refused(view: string, request: Partial<MaterializeRequest> = {}) {
    const result = await this.materialize(view, request);
    assert.ok(!result.ok, 'it was computed');
    return result;
  }

  /** The rows of the current version. */
  async rows(t: Pick<TestContext, 'after'>, view: string): Promise<Rows['rows']> {
    const current = this.store.current(view);
    assert.ok(current.state === 'ok', current.state);
    const file = this.store.dataFile(view, current.value.version);
    const engine = await engineFor(t, { readable: [file], tempFolder: temporary(t) });
    const rows = rowsOf(await engine.query(`SELECT * FROM read_parquet('${file}')`));
    engine.close();
    return rows;
  }
}

/** Computes a view of a project, as it is now. */
export async function materializeIn(root: string, view: string): Promise<void> {
  ensureMemory(layoutOf(root));
  await (await FeatureProject.in(root)).computed(view);
}
