/**
 * One registered model on the disk. Its journal is the truth; `model.json`, the documents of versions and identities
 * are made from it and follow it: a change is made when its line in the journal is on the disk, and whoever reads or
 * writes next brings the rest up to date when a kill came in between.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { defined } from '../../../base/defined.js';
import { openDocument, readDocument } from '../../disk/document.js';
import { withLock } from '../../disk/file-lock.js';
import { layoutOf } from '../../layout.js';
import { describeError } from '../../disk/problem.js';
import type { StoreProblem } from '../../disk/problem.js';
import { foreignMemory } from '../../trust.js';
import { findIdentity, writeIdentity } from './identities.js';
import { EntryTooLong, Journal } from './journal.js';
import { failure } from '../outcome.js';
import { modelPlaces } from '../places.js';
import type { ModelPlaces } from '../places.js';
import {
  applyToModel,
  applyToVersion,
  emptyModel,
  modelDocumentKind,
  subjectOf,
  versionDocumentKind,
} from './state.js';
import type {
  Change,
  HistoryEntry,
  ModelDocument,
  Outcome,
  RunReference,
  VersionDocument,
} from '../types.js';

/** A writer holds the lock for some ms, most of which it waits for the disk; hundreds may queue. */
const LOCK_TIMEOUT_MS = 60_000;

/** What was read of a model. */
export interface LoadedModel {
  readonly model: ModelDocument;
  /** Entries of the journal that `model.json` did not have yet; documents of versions may lack them. */
  readonly pending: readonly HistoryEntry[];
  /** Where the journal's last whole line ends. */
  readonly end: number;
  readonly problems: readonly StoreProblem[];
  /** The journal has lost what `model.json` knows of: readable, but nothing may be changed. */
  readonly damaged: boolean;
}

export interface Author {
  readonly who: string;
  readonly reason?: string;
  readonly run?: RunReference;
  /** When it happened; default now. Only for what is brought in from elsewhere. */
  readonly at?: string;
  /** What would be decided is answered, and nothing is written. */
  readonly dry?: boolean;
}

/** What a change comes to: entries to be written (none: nothing changes), and the caller's value. */
export type Decision<T extends object> = Outcome<
  T & { readonly changes: readonly (Change & Partial<Author>)[] }
>;

export class ModelStore {
  readonly name: string;
  readonly places: ModelPlaces;
  readonly journal: Journal;
  readonly #root: string;

  /** @param root of the project, whose memory has to be our own where something is written */
  constructor(name: string, folder: string, root: string) {
    this.name = name;
    this.#root = root;
    this.places = modelPlaces(folder);
    this.journal = new Journal(this.places.journal);
  }

  /** As it is now; `undefined` when there is no such model. Takes no lock. */
  load(): LoadedModel | undefined {
    const loaded = this.#read();
    // A writer was cutting off a torn line at that moment, or the document was replaced: once more.
    return loaded?.damaged === true ? this.#read() : loaded;
  }

  /** @param writing under the lock, to change it */
  #read(writing = false): LoadedModel | undefined {
    const document = readDocument(this.places.document, modelDocumentKind, { setAside: writing });
    const size = this.journal.size();
    const problems = 'problem' in document ? [document.problem] : [];
    let model: ModelDocument;
    if (document.state === 'ok') {
      model = document.value;
      if (model.applied === size) return { model, pending: [], end: size, problems, damaged: false };
      if (model.applied > size) {
        const message = `The history ${this.journal.file} is shorter than it was: changes to the model ${this.name} are refused. Put the file back from a backup.`;
        problems.push({ path: this.journal.file, message });
        return { model, pending: [], end: model.applied, problems, damaged: true };
      }
    } else if (document.state === 'refused') {
      // Written by a newer version: its journal may hold what we don't understand.
      return { model: emptyModel(this.name), pending: [], end: 0, problems, damaged: true };
    } else {
      if (size === 0) return problems.length === 0 ? undefined : this.#lost(problems);
      model = emptyModel(this.name);
    }
    const tail = this.journal.readFrom(model.applied);
    if (tail.newer) return this.#lost([...problems, ...tail.problems]);
    if (tail.entries.length === 0 && model.seq === 0) {
      // Only a torn first line: the model was never made. Or nothing that can be read at all.
      return tail.problems.length === 0 ? undefined : this.#lost([...problems, ...tail.problems]);
    }
    return {
      model: tail.entries.reduce(applyToModel, model),
      pending: tail.entries,
      end: tail.end,
      problems: [...problems, ...tail.problems],
      damaged: false,
    };
  }

  #foreign(): StoreProblem | undefined {
    return foreignMemory(layoutOf(this.#root));
  }

  #lost(problems: readonly StoreProblem[]): LoadedModel {
    return { model: emptyModel(this.name), pending: [], end: this.journal.size(), problems, damaged: true };
  }

  /**
   * Reads, decides and writes under the model's lock. `decide` gets `undefined` for a model that does not exist yet. The
   * change is made, and survives everything, when this returns `ok`; when it does not, nothing was changed.
   */
  change<T extends object>(
    author: Author,
    decide: (loaded: LoadedModel | undefined) => Decision<T>,
  ): Outcome<T> {
    try {
      if (author.dry === true) return this.#changeLocked(author, decide);
      const foreign = this.#foreign();
      if (foreign !== undefined) return failure('UNAVAILABLE', foreign.message);
      mkdirSync(this.places.folder, { recursive: true });
      const done = withLock(this.places.lock, LOCK_TIMEOUT_MS, () => this.#changeLocked(author, decide));
      if (done.ok) return done.value;
      return failure(
        'UNAVAILABLE',
        `The model ${this.name} is locked by another process for more than ${LOCK_TIMEOUT_MS / 1000} s. Try again.`,
      );
    } catch (error) {
      if (error instanceof EntryTooLong) {
        return failure(
          'INVALID_PARAMETER_VALUE',
          'That is too much for the registry: params, metrics, metadata and texts of one change may have 800 KB together. Keep what is larger in a file.',
        );
      }
      return failure('UNAVAILABLE', `Can't write to ${this.places.folder}: ${describeError(error)}.`);
    }
  }

  #changeLocked<T extends object>(
    author: Author,
    decide: (loaded: LoadedModel | undefined) => Decision<T>,
  ): Outcome<T> {
    const loaded = this.#read(author.dry !== true);
    if (loaded?.damaged === true) {
      return failure('DAMAGED', loaded.problems.map(({ message }) => message).join(' '));
    }
    const refused = this.journal.refused();
    if (refused !== undefined) return failure('DAMAGED', refused.message);
    const decision = decide(loaded);
    if (!decision.ok || author.dry === true) return decision;
    const before = loaded?.model ?? emptyModel(this.name);
    const { changes } = decision;
    if (changes.length === 0) return decision;
    const now = laterOf(new Date().toISOString(), before.updatedAt);
    const entries = changes.map((change, index): HistoryEntry => {
      const { who = author.who, at = author.at ?? now } = change;
      const { reason = author.reason, run = author.run } = change;
      return {
        seq: before.seq + 1 + index,
        at,
        ...change,
        who,
        ...defined({ run }),
        ...(reason === undefined || reason === '' ? {} : { reason }),
      };
    });
    const end = this.journal.append(entries, loaded?.end ?? 0);
    try {
      this.#follow(entries.reduce(applyToModel, before), [...(loaded?.pending ?? []), ...entries], end);
    } catch {
      // The change is made; what follows from it is made again from the journal by whoever comes next.
    }
    return decision;
  }

  /** Brings documents and identities up to date with entries that they may lack. Under the lock. */
  #follow(model: ModelDocument, entries: readonly HistoryEntry[], end: number): void {
    const touched = new Map<string, { document: VersionDocument | undefined; created: boolean }>();
    for (const entry of entries) {
      const version = subjectOf(entry);
      if (version === undefined) continue;
      const known = touched.get(version);
      const document = known === undefined ? this.#documentOf(version, entry) : known.document;
      touched.set(version, {
        document: applyToVersion(document, entry),
        created: known?.created === true || entry.action === 'version-created',
      });
    }
    for (const [version, { document, created }] of touched) {
      if (document === undefined) continue;
      // A new document that is lost with the power can be made again, an older one would pass for the newest.
      this.#writeVersion(version, document, !created);
      if (created && document.deleted === undefined) {
        writeIdentity(this.places.identities, document.artifact.hash, document.fingerprint, version);
      }
    }
    const { low } = openDocument(this.places.document, modelDocumentKind, { ...model, applied: end });
    low.write();
  }

  #documentOf(version: string, entry: HistoryEntry): VersionDocument | undefined {
    return entry.action === 'version-created' ? undefined : this.#readVersion(version).document;
  }

  #writeVersion(version: string, document: VersionDocument, durable: boolean): void {
    mkdirSync(this.places.versions, { recursive: true });
    const { low, adapter } = openDocument(this.#versionFile(version), versionDocumentKind, document);
    adapter.durable = durable;
    low.write();
  }

  #versionFile(version: string): string {
    return path.join(this.places.versions, `${version}.json`);
  }

  /** A version's document, made again from the journal when it is missing or broken. */
  #readVersion(version: string): {
    readonly document: VersionDocument | undefined;
    readonly problem?: StoreProblem;
    readonly remade: boolean;
  } {
    const loaded = readDocument(this.#versionFile(version), versionDocumentKind);
    if (loaded.state === 'ok') return { document: loaded.value, remade: false };
    if (loaded.state === 'refused') return { document: undefined, problem: loaded.problem, remade: false };
    const entries: HistoryEntry[] = [];
    for (const entry of this.journal.backward([`"version":"${version}"`])) {
      if (subjectOf(entry) !== version) continue;
      entries.push(entry);
      if (entry.action === 'version-created') break;
    }
    const document = entries.reduceRight<VersionDocument | undefined>(applyToVersion, undefined);
    return { document, remade: true, ...(loaded.state === 'broken' ? { problem: loaded.problem } : {}) };
  }

  /** One version as it is now. The number has been checked against the model. */
  version(
    loaded: LoadedModel,
    version: string,
  ): { readonly document: VersionDocument | undefined; readonly problem?: StoreProblem } {
    const { document, problem, remade } = this.#readVersion(version);
    const current =
      remade || document === undefined ? document : loaded.pending.reduce(applyToVersion, document);
    return { document: current, ...defined({ problem }) };
  }

  /** The version that holds these bytes from this fingerprint, and is not deleted. */
  find(loaded: LoadedModel, hash: string, fingerprint: string | undefined): VersionDocument | undefined {
    const fresh = loaded.pending.find(
      (entry) =>
        entry.action === 'version-created' &&
        entry.document.artifact.hash === hash &&
        entry.document.fingerprint === fingerprint,
    );
    const version =
      (fresh === undefined ? undefined : subjectOf(fresh)) ??
      findIdentity(this.places.identities, hash, fingerprint);
    if (version === undefined || Number(version) >= loaded.model.nextVersion) return undefined;
    const { document } = this.version(loaded, version);
    if (document === undefined || document.deleted !== undefined) return undefined;
    return document.artifact.hash === hash && document.fingerprint === fingerprint ? document : undefined;
  }
}

function laterOf(a: string, b: string): string {
  return a > b ? a : b;
}
