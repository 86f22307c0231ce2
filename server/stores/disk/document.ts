/**
 * One thing, one small JSON document, through lowdb. lowdb's own adapter writes under a fixed temp name, without fsync
 * and without versions; ours has unique temp names, fsync when asked, compact JSON and a schema version that is
 * migrated forward. A document has one writer at a time: its owner, or whoever holds its lock.
 */
import { jsonText, parseJson } from '../../base/json.js';
import { renameSync } from 'node:fs';
import { LowSync } from 'lowdb';
import type { SyncAdapter } from 'lowdb';
import { writeAtomic } from './atomic.js';
import { withLock } from './file-lock.js';
import { describeError, errorCode } from './problem.js';
import type { StoreProblem } from './problem.js';
import { readPlainText } from './plain-file.js';

type Raw = Readonly<Record<string, unknown>>;

/** What makes a kind of document what it is. */
export interface DocumentKind<T extends { readonly schema: number }> {
  /** In messages: `run`. */
  readonly name: string;
  /** The schema this version writes. */
  readonly schema: number;
  /** `migrations[n]` makes a document of schema n+1 from one of schema n. */
  readonly migrations: Readonly<Record<number, (old: Raw) => Raw>>;
  /** What is wrong with a document of the current schema, `undefined` when it can be used as a `T`. */
  readonly check: (value: Raw) => string | undefined;
  /** What of a document lies in files beside it: put away before it is written to `file`, and back after it was read. */
  readonly beside?: {
    readonly put: (value: object, file: string) => object;
    readonly get: (value: Raw, file: string) => Raw;
  };
  /** Only for the type. */
  readonly example?: T;
}

export type Loaded<T> =
  | { readonly state: 'ok'; readonly value: T }
  | { readonly state: 'missing' }
  /** Not a document of its kind. Left as it is, or renamed to `*.broken-<time>` for a writer: nothing is lost. */
  | { readonly state: 'broken'; readonly problem: StoreProblem }
  /** Written by a newer version, or not readable at all (permissions). Left as it is. */
  | { readonly state: 'refused'; readonly problem: StoreProblem };

/** Thrown by an adapter's `read` for a document that can't be used; carries the problem as a value. */
export class DocumentError extends Error {
  readonly problem: StoreProblem;
  constructor(problem: StoreProblem) {
    super(problem.message);
    this.name = 'DocumentError';
    this.problem = problem;
  }
}

function parse<T extends { readonly schema: number }>(
  text: string,
  kind: DocumentKind<T>,
  file: string,
): { ok: true; value: T } | { ok: false; newer: boolean; why: string } {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    return { ok: false, newer: false, why: `it is not JSON (${describeError(error)})` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ok: false, newer: false, why: 'it is not a JSON object' };
  }
  let document = value as Raw;
  const found = document['schema'];
  if (typeof found !== 'number' || !Number.isInteger(found) || found < 1) {
    return { ok: false, newer: false, why: 'it has no schema version' };
  }
  if (found > kind.schema) {
    return {
      ok: false,
      newer: true,
      why: `it was written by a newer Modelyard (schema ${found}, this one knows ${kind.schema}); update Modelyard to read it`,
    };
  }
  for (let schema = found; schema < kind.schema; schema++) {
    const migrate = kind.migrations[schema];
    if (migrate === undefined) {
      return { ok: false, newer: false, why: `there is no migration from schema ${schema}` };
    }
    try {
      document = { ...migrate(document), schema: schema + 1 };
    } catch (error) {
      return {
        ok: false,
        newer: false,
        why: `its migration from schema ${schema} failed (${describeError(error)})`,
      };
    }
  }
  document = kind.beside?.get(document, file) ?? document;
  const why = kind.check(document);
  return why === undefined ? { ok: true, value: document as unknown as T } : { ok: false, newer: false, why };
}

/** Moves a document that can't be read out of the way. Gives its new path; the old one when it could not be moved. */
function setAside(file: string): string {
  const stamp = new Date().toISOString().replace(/[:.]/g, '-');
  const aside = `${file}.broken-${stamp}`;
  try {
    renameSync(file, aside);
    return aside;
  } catch {
    return file;
  }
}

/**
 * Reads a document, migrated to the current schema. Does not write the migrated form back: the next write does.
 * @param options.setAside a broken one is moved out of the way. Only for its writer, who owns it or holds its lock:
 * whoever only looks must not change anything
 */
export function readDocument<T extends { readonly schema: number }>(
  file: string,
  kind: DocumentKind<T>,
  options: { readonly setAside?: boolean } = {},
): Loaded<T> {
  let text: string;
  try {
    text = readPlainText(file);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { state: 'missing' };
    const message = `Can't read the ${kind.name} document ${file}: ${describeError(error)}.`;
    return { state: 'refused', problem: { path: file, message } };
  }
  const parsed = parse(text, kind, file);
  if (parsed.ok) return { state: 'ok', value: parsed.value };
  if (parsed.newer) {
    const message = `Can't use the ${kind.name} document ${file}: ${parsed.why}. It was left as it is.`;
    return { state: 'refused', problem: { path: file, message } };
  }
  if (options.setAside !== true) {
    const message = `The ${kind.name} document ${file} is broken: ${parsed.why}. It was left as it is; \`modelyard doctor --fix\` sets it aside.`;
    return { state: 'broken', problem: { path: file, message } };
  }
  const aside = setAside(file);
  const where = aside === file ? 'It could not be moved away.' : `It was set aside as ${aside}.`;
  const message = `The ${kind.name} document ${file} is broken: ${parsed.why}. ${where}`;
  return { state: 'broken', problem: { path: aside, message } };
}

/** lowdb's port over one document. */
export class DocumentAdapter<T extends { readonly schema: number }> implements SyncAdapter<T> {
  readonly file: string;
  /** Whether the next writes wait for the disk. */
  durable = false;
  readonly #kind: DocumentKind<T>;

  constructor(file: string, kind: DocumentKind<T>) {
    this.file = file;
    this.#kind = kind;
  }

  /** For the writer. `null` when there is none. Throws `DocumentError` for one that can't be used. */
  read(): T | null {
    const loaded = readDocument(this.file, this.#kind, { setAside: true });
    if (loaded.state === 'ok') return loaded.value;
    if (loaded.state === 'missing') return null;
    throw new DocumentError(loaded.problem);
  }

  /** Throws the system's error (full disk); the document on disk is then the one from before. */
  write(value: T): void {
    const written = this.#kind.beside?.put(value, this.file) ?? value;
    writeAtomic(this.file, `${jsonText(written)}\n`, { durable: this.durable });
  }
}

/** A document in lowdb, starting from `value`; nothing is read or written yet. */
export function openDocument<T extends { readonly schema: number }>(
  file: string,
  kind: DocumentKind<T>,
  value: T,
): { readonly low: LowSync<T>; readonly adapter: DocumentAdapter<T> } {
  const adapter = new DocumentAdapter(file, kind);
  return { low: new LowSync(adapter, value), adapter };
}

/**
 * Read, change and write of a document that several processes may change, under its lock, durable. `change` gives the
 * new value, or `undefined` to leave it; it gets `undefined` when there is no document. For the few shared documents;
 * a document with one owner needs no lock.
 */
export function updateShared<T extends { readonly schema: number }>(
  file: string,
  kind: DocumentKind<T>,
  change: (current: T | undefined) => T | undefined,
  timeoutMs = 10_000,
): { ok: true; value: T | undefined } | { ok: false; problem: StoreProblem } {
  try {
    const result = withLock(
      `${file}.lock`,
      timeoutMs,
      (): { ok: true; value: T | undefined } | { ok: false; problem: StoreProblem } => {
        const adapter = new DocumentAdapter(file, kind);
        adapter.durable = true;
        const current = adapter.read() ?? undefined;
        const next = change(current);
        if (next !== undefined && next !== current) new LowSync(adapter, next).write();
        return { ok: true, value: next ?? current };
      },
    );
    if (result.ok) return result.value;
    const message = `${file} is locked by another process for more than ${timeoutMs / 1000} s. Try again.`;
    return { ok: false, problem: { path: file, message } };
  } catch (error) {
    if (error instanceof DocumentError) return { ok: false, problem: error.problem };
    return { ok: false, problem: { path: file, message: `Can't write ${file}: ${describeError(error)}.` } };
  }
}
