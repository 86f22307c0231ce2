/** Computing a feature view: source → transforms → types → sorted Parquet → expectations → a new version, or none. */
import { rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { delay } from '../../base/delay.js';
import { defined } from '../../base/defined.js';
import type { Features } from '../../definition/features.js';
import { formatBytes } from '../../definition/text/units.js';
import type { FileLock } from '../../stores/disk/file-lock.js';
import { hashFile } from '../../stores/content/hash.js';
import type { HashIndex } from '../../stores/content/hash-index.js';
import { describeError } from '../../stores/disk/problem.js';
import type { ContentHash } from '../../stores/runs/document.js';
import { type Computed, compute } from './computing.js';
import { type Engine, type EngineOptions, openEngine } from '../engine/engine.js';
import type { EngineErrorKind } from '../engine/messages.js';
import { checkExpectations, refreshed } from './expectations.js';
import type { ExpectationOutcome, Manifest, SourceRecord } from './manifest.js';
import { type Range, rangeOf } from './range.js';
import { sourceFiles } from '../sources/files.js';
import { statistics } from '../statistics/statistics.js';
import { literal } from '../sql.js';
import { FeatureStore } from '../store.js';
import { type ResolvedView, definitionHash, resolveView } from './view.js';

const LOCK_POLL_MS = 100;

export interface MaterializeRequest {
  /** Of the project, absolute. */
  readonly root: string;
  /** All feature files of the project. */
  readonly files: readonly Features[];
  readonly view: string;
  /** Only rows with a timestamp at or after this one; ISO 8601, UTC without an offset. */
  readonly from?: string;
  /** Only rows with a timestamp before this one. */
  readonly to?: string;
  /** Computes everything, also where nothing has changed. */
  readonly full?: boolean;
  readonly hashes: HashIndex;
  readonly signal?: AbortSignal;
  /** For the whole of it. Default: none. */
  readonly timeoutMs?: number;
  readonly engine?: Partial<Pick<EngineOptions, 'memoryBytes' | 'spillBytes' | 'threads' | 'program'>>;
  /** What is being done, a line at a time. */
  readonly log?: (line: string) => void;
  /** 0 to 100, of the longest step. */
  readonly onProgress?: (percent: number) => void;
}

export type MaterializeResult =
  | {
      readonly ok: true;
      readonly view: string;
      readonly outcome: 'up-to-date' | 'computed' | 'appended';
      readonly manifest: Manifest;
      /** Of this moment: freshness is looked at again also where nothing was computed. */
      readonly expectations: readonly ExpectationOutcome[];
    }
  | {
      readonly ok: false;
      readonly view: string;
      readonly kind: EngineErrorKind | 'definition' | 'source' | 'expectation' | 'system';
      /** A sentence that begins with the view's file. */
      readonly message: string;
      readonly expectations: readonly ExpectationOutcome[];
      /** Where in the definition: which transform, from 0, and the place in its text. */
      readonly transform?: { readonly index: number; readonly offset?: number };
    };

type Failed = Extract<MaterializeResult, { ok: false }>;

/** What is to be computed, before anything is. */
interface Plan {
  readonly view: ResolvedView;
  readonly definition: ContentHash;
  readonly sources: readonly SourceRecord[];
  readonly range: Range | undefined;
}

export async function materialize(request: MaterializeRequest): Promise<MaterializeResult> {
  const store = new FeatureStore(request.root);
  try {
    const plan = await planOf(request);
    if (!plan.ok) return plan.failed;
    const done = upToDate(store, request, plan.value);
    if (done !== undefined) return done;
    return await underLock(store, request, plan.value);
  } catch (error) {
    if (request.signal?.aborted === true) return failed(request.view, 'cancelled', 'Cancelled.');
    return failed(request.view, 'system', `${request.view}: ${describeError(error)}`);
  }
}

function failed(view: string, kind: Failed['kind'], message: string, more: Partial<Failed> = {}): Failed {
  return { ok: false, view, kind, message, expectations: [], ...more };
}

async function planOf(
  request: MaterializeRequest,
): Promise<{ ok: true; value: Plan } | { ok: false; failed: Failed }> {
  const no = (kind: Failed['kind'], message: string) =>
    ({ ok: false, failed: failed(request.view, kind, message) }) as const;
  const resolved = resolveView(request.files, request.view);
  if (!resolved.ok) return no('definition', resolved.message);
  const view = resolved.value;
  const range = rangeOf(request.from, request.to);
  if (!range.ok) return no('definition', range.message);
  const found = sourceFiles(request.root, view.path);
  if (!found.ok) return no('source', `${view.file}: view ${view.view.name}: ${found.message}`);
  const sources: SourceRecord[] = [];
  for (const file of found.files) {
    const hashed = await request.hashes.hashAsync(path.join(request.root, file), request.signal);
    if (!hashed.ok) return no(hashed.reason === 'cancelled' ? 'cancelled' : 'source', hashed.message);
    sources.push({ path: file, hash: hashed.hash, bytes: hashed.bytes });
  }
  const definition = definitionHash(view);
  return { ok: true, value: { view, definition, sources, range: range.value } };
}

/** Whether there is nothing to do. */
function upToDate(
  store: FeatureStore,
  request: MaterializeRequest,
  plan: Plan,
): MaterializeResult | undefined {
  if (request.full === true) return undefined;
  const current = store.current(plan.view.view.name);
  if (current.state !== 'ok') return undefined;
  const manifest = current.value;
  if (manifest.definition !== plan.definition || !sameSources(manifest.sources, plan.sources))
    return undefined;
  if (manifest.partial !== undefined && !sameRange(manifest.partial, plan.range)) return undefined;
  if (!store.isWhole(manifest)) return undefined;
  const expectations = refreshed(plan.view, manifest, Date.now());
  const broken = expectations.find((one) => !one.passed && one.severity === 'error');
  if (broken !== undefined) return brokenResult(plan.view, expectations);
  return { ok: true, view: plan.view.view.name, outcome: 'up-to-date', manifest, expectations };
}

/** Why a view is not as `materialize` would leave it, in words; nothing when it is. Computes and writes nothing. */
export async function whatIsStale(request: MaterializeRequest): Promise<string | undefined> {
  const plan = await planOf(request);
  if (!plan.ok) return plan.failed.message;
  const store = new FeatureStore(request.root);
  const done = upToDate(store, request, plan.value);
  if (done !== undefined) return done.ok ? undefined : done.message;
  const current = store.current(request.view);
  if (current.state === 'missing') return `view ${request.view} was never computed`;
  if (current.state !== 'ok') return current.problem.message;
  if (!store.isWhole(current.value)) return `the data of view ${request.view} is gone or damaged`;
  return `view ${request.view} was computed from other data`;
}

function sameSources(a: readonly SourceRecord[], b: readonly SourceRecord[]): boolean {
  return a.length === b.length && a.every((one, at) => one.path === b[at]?.path && one.hash === b[at].hash);
}

function sameRange(a: Range, b: Range | undefined): boolean {
  return b !== undefined && a.from === b.from && a.to === b.to;
}

async function underLock(
  store: FeatureStore,
  request: MaterializeRequest,
  plan: Plan,
): Promise<MaterializeResult> {
  const name = plan.view.view.name;
  const lock = await waitForLock(store, request, name);
  if (lock === undefined) return failed(name, 'cancelled', 'Cancelled.');
  const temp = store.makeTemp();
  try {
    // Whoever had the lock may have done it.
    const done = upToDate(store, request, plan);
    if (done !== undefined) return done;
    const result = await make(store, request, plan, temp);
    const { ok, expectations } = result;
    const message = ok ? {} : { message: result.message };
    store.writeAttempt(name, { schema: 1, at: new Date().toISOString(), ok, expectations, ...message });
    return result;
  } finally {
    rmSync(temp, { recursive: true, force: true });
    lock.release();
  }
}

async function waitForLock(
  store: FeatureStore,
  request: MaterializeRequest,
  view: string,
): Promise<FileLock | undefined> {
  let told = false;
  for (;;) {
    if (request.signal?.aborted === true) return undefined;
    const lock = store.lock(view);
    if (lock !== undefined) return lock;
    if (!told) request.log?.(`${view} is being computed by another process; waiting for it`);
    told = true;
    await delay(LOCK_POLL_MS);
  }
}

async function make(
  store: FeatureStore,
  request: MaterializeRequest,
  plan: Plan,
  temp: string,
): Promise<MaterializeResult> {
  const started = Date.now();
  const { view, sources } = plan;
  const { name } = view.view;
  const loaded = store.current(name);
  const before = loaded.state === 'ok' && store.isWhole(loaded.value) ? loaded.value : undefined;
  const beforeData = before === undefined ? undefined : store.dataFile(name, before.version);
  const bytes = sources.reduce((sum, one) => sum + one.bytes, 0);
  request.log?.(
    `${name}: reading ${sources.length === 1 ? (sources[0]?.path ?? '') : `${sources.length} files`}, ${formatBytes(bytes)}`,
  );
  const opened = await openEngine({
    ...request.engine,
    readable: [
      ...sources.map((one) => path.join(request.root, one.path)),
      ...(beforeData === undefined ? [] : [beforeData]),
    ],
    tempFolder: temp,
    // The task's own limit ends it; nothing else should.
    timeoutMs: request.timeoutMs ?? 2 ** 31 - 1,
    ...defined({ signal: request.signal }),
  });
  if (!opened.ok) return failed(name, opened.error.kind, opened.error.message);
  const engine = opened.value;
  try {
    const computed = await compute(engine, {
      root: request.root,
      view,
      temp,
      sources,
      range: plan.range,
      full: request.full === true,
      before:
        before === undefined || beforeData === undefined ? undefined : { manifest: before, data: beforeData },
      definition: plan.definition,
      log: request.log ?? (() => undefined),
      onProgress: request.onProgress,
      signal: request.signal,
    });
    if (!computed.ok) {
      const { error, transform } = computed;
      const where = `${view.file}: view ${name}${transform === undefined ? '' : `, transform${view.view.transforms.length > 1 ? ` ${transform.index + 1}` : ''}`}`;
      return failed(
        name,
        error.kind,
        `${where}: ${error.message}`,
        transform === undefined ? {} : { transform },
      );
    }
    return await finish(engine, store, request, plan, temp, started, computed.value);
  } finally {
    engine.close();
  }
}

/** Checks what was computed, and makes it a version when it holds. */
async function finish(
  engine: Engine,
  store: FeatureStore,
  request: MaterializeRequest,
  plan: Plan,
  temp: string,
  started: number,
  computed: Computed,
): Promise<MaterializeResult> {
  const { view } = plan;
  const { name } = view.view;
  const now = Date.now();
  const checked = await checkExpectations(engine, view, computed.table, computed.facts, now);
  if (!checked.ok)
    return failed(name, checked.error.kind, `${view.file}: view ${name}: ${checked.error.message}`);
  for (const one of checked.value) {
    if (!one.passed)
      request.log?.(`${name}: ${one.severity}: ${one.text} (${one.detail ?? 'it does not hold'})`);
  }
  if (checked.value.some((one) => !one.passed && one.severity === 'error'))
    return brokenResult(view, checked.value);
  const features = computed.columns.filter((column) => column.role === 'feature');
  const measured = await statistics(engine, {
    relation: `read_parquet(${literal(computed.file)}, file_row_number = true)`,
    columns: features,
    timestamp: view.timestamp,
    keys: view.keys.map((key) => key.name),
    ...defined({ created: view.created }),
    place: 'file_row_number',
  });
  if (!measured.ok)
    return failed(
      name,
      measured.error.kind,
      `${view.file}: view ${name}: its statistics can't be made: ${measured.error.message}`,
    );
  const manifest: Manifest = {
    schema: 1,
    view: name,
    version: store.nextVersion(name),
    createdAt: new Date(now).toISOString(),
    definition: plan.definition,
    columns: computed.columns,
    rows: computed.facts.rows,
    bytes: statSync(computed.file).size,
    hash: await hashFile(computed.file, request.signal),
    ...defined({ range: computed.facts.range }),
    sources: plan.sources,
    ...defined({ partial: plan.range, append: computed.append }),
    expectations: checked.value,
    statistics: measured.value,
    durationMs: now - started,
    notes: computed.notes,
  };
  request.signal?.throwIfAborted();
  store.publish(temp, computed.file, manifest);
  const swept = store.sweep(name, now);
  if (swept.length > 0) request.log?.(`${name}: removed ${swept.length} old versions that nobody needs`);
  request.log?.(
    `${name}: version ${manifest.version}, ${manifest.rows} rows, ${formatBytes(manifest.bytes)}`,
  );
  const outcome = computed.appended ? 'appended' : 'computed';
  return { ok: true, view: name, outcome, manifest, expectations: checked.value };
}

function brokenResult(view: ResolvedView, expectations: readonly ExpectationOutcome[]): Failed {
  const broken = expectations.filter((one) => !one.passed && one.severity === 'error');
  const [first] = broken;
  const detail = first?.detail === undefined ? '' : ` (${first.detail})`;
  const what =
    broken.length === 1
      ? `the expectation "${first?.text ?? ''}" does not hold${detail}`
      : `${broken.length} expectations do not hold, the first of them: ${first?.text ?? ''}${detail}`;
  return failed(
    view.view.name,
    'expectation',
    `${view.file}: view ${view.view.name}: ${what}. The version before stays current.`,
    {
      expectations,
    },
  );
}
