/**
 * Finds out which columns feature views and labels have, beside the typing: the header of a CSV at once, and in trusted workspaces, for
 * files that are open in the editor, what the engine says about the source and each transform. What is known is kept until the
 * files change; whoever asks gets what is known now and never waits.
 */
import path from 'node:path';
import type { Engine } from '../../../features/engine/engine.js';
import type { EngineKeeper } from '../../../features/engine/keeper.js';
import type { EngineResult } from '../../../features/engine/messages.js';
import { openSource } from '../../../features/sources/source.js';
import type { SourceTable } from '../../../features/sources/source.js';
import type { ResolvedView } from '../../../features/views/view.js';
import {
  formOf,
  headerColumns,
  labelsTable,
  plainFacts,
  readingOf,
  shapeOf,
  tellOf,
  viewSource,
  writtenView,
} from '../../../features/views/facts.js';
import type { ToldFacts, ViewSource } from '../../../features/views/facts.js';
import { catalogOf } from '../../../definition/known/feature-catalog.js';
import type { KnownColumn, ViewFacts } from '../../../definition/known/feature-facts.js';
import { labelsKey, type LabelsFile } from '../../../definition/training-set.js';
import type { FeatureView } from '../../../definition/features.js';
import type { Project } from '../../../project/project.js';
import type { Log } from '../../guard.js';

/** A pause in the typing after which a query is looked at. */
const PAUSE_MS = 250;
/** Answers that are kept for each of the two questions. */
const MOST = 200;

export interface ViewColumnsHost {
  readonly project: () => Project | undefined;
  readonly root: string;
  readonly keeper: EngineKeeper;
  readonly log: Log;
  /** Whether SQL may be run here. */
  readonly trusted: () => boolean;
  /** Whether a file of the project is open in the editor. */
  readonly isOpen: (path: string) => boolean;
  /** Called when more is known. */
  readonly changed: () => void;
}

interface Opened {
  readonly engine: Engine;
  readonly sources: Map<string, SourceTable & { readonly name: string }>;
}

export class ViewColumns {
  readonly #host: ViewColumnsHost;
  readonly #sources = new Map<string, ViewSource | undefined>();
  readonly #headers = new Map<string, readonly KnownColumn[] | undefined>();
  readonly #data = new Map<string, readonly KnownColumn[]>();
  readonly #told = new Map<string, ToldFacts>();
  /** Files of labels, so that the same object stands for the same file. */
  readonly #tables = new Map<string, ResolvedView | undefined>();
  readonly #facts = new WeakMap<
    FeatureView,
    { readonly key: string; readonly facts: ViewFacts | undefined }
  >();
  /** Looks that are to be taken or under way, by view. */
  readonly #timers = new Map<string, { readonly key: string; readonly timer: NodeJS.Timeout }>();
  #generation = 0;
  /** Sources that the engine at hand has opened. */
  #opened: Opened | undefined;

  constructor(host: ViewColumnsHost) {
    this.#host = host;
  }

  /** What is known of a view; schedules a look where that may be more. */
  of(file: string, view: FeatureView): ViewFacts | undefined {
    return this.#factsOf(file, this.#resolved(file, view));
  }

  /** The same of the labels of a training set. */
  ofLabels(file: string, labels: LabelsFile): ViewFacts | undefined {
    const key = labelsKey(labels);
    if (!this.#tables.has(key)) remember(this.#tables, key, labelsTable(labels));
    return this.#factsOf(file, this.#tables.get(key));
  }

  #factsOf(file: string, resolved: ResolvedView | undefined): ViewFacts | undefined {
    const source = resolved === undefined ? undefined : this.#source(resolved.path);
    if (resolved === undefined || source === undefined) return undefined;
    const dataKey = `${source.stamp}\n${resolved.format}\n${JSON.stringify(formOf(resolved))}`;
    const key = `${dataKey}\n${shapeOf(resolved)}`;
    const told = this.#told.get(key);
    if (told === undefined && this.#host.trusted() && this.#host.isOpen(file)) {
      this.#schedule(file, resolved, source, { dataKey, key });
    }
    const { view } = resolved;
    const data = told?.data ?? this.#data.get(dataKey) ?? this.#header(resolved, source, dataKey);
    const known = this.#facts.get(view);
    // The same object as long as nothing else is known: checks that rest on it hold.
    const stamp = `${key}\n${told === undefined ? (data === undefined ? '' : JSON.stringify(data)) : 'told'}`;
    if (known?.key === stamp) return known.facts;
    const facts = told ?? (data === undefined ? undefined : plainFacts(resolved, data));
    this.#facts.set(view, { key: stamp, facts });
    return facts;
  }

  /** Files of the project came, changed or went. */
  diskChanged(): void {
    this.#sources.clear();
    this.#generation++;
  }

  close(): void {
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #resolved(file: string, view: FeatureView): ResolvedView | undefined {
    const project = this.#host.project();
    return project === undefined ? undefined : writtenView(file, view, catalogOf(project.view().features()));
  }

  #source(written: string): ViewSource | undefined {
    if (!this.#sources.has(written)) this.#sources.set(written, viewSource(this.#host.root, written));
    return this.#sources.get(written);
  }

  #header(resolved: ResolvedView, source: ViewSource, dataKey: string): readonly KnownColumn[] | undefined {
    if (!this.#headers.has(dataKey)) {
      remember(this.#headers, dataKey, headerColumns(this.#host.root, resolved, source));
    }
    return this.#headers.get(dataKey);
  }

  #schedule(
    file: string,
    resolved: ResolvedView,
    source: ViewSource,
    keys: { dataKey: string; key: string },
  ): void {
    const slot = `${file}\n${resolved.view.name}`;
    const before = this.#timers.get(slot);
    // Asked for again while it waits: only another text begins the pause anew.
    if (before?.key === keys.key) return;
    clearTimeout(before?.timer);
    const timer = setTimeout(() => {
      void this.#look(resolved, source, keys).finally(() => {
        if (this.#timers.get(slot)?.timer === timer) this.#timers.delete(slot);
      });
    }, PAUSE_MS);
    this.#timers.set(slot, { key: keys.key, timer });
  }

  async #look(
    resolved: ResolvedView,
    source: ViewSource,
    { dataKey, key }: { dataKey: string; key: string },
  ): Promise<void> {
    if (this.#told.has(key) || !this.#host.trusted()) return;
    const generation = this.#generation;
    const files = source.files.map((shown) => ({ shown, file: path.join(this.#host.root, shown) }));
    try {
      const answer = await this.#host.keeper.use(
        files.map(({ file }) => file),
        (engine) => this.#ask(engine, resolved, files, dataKey),
      );
      // A crash or a lost engine says nothing about the query, and what was read may be gone.
      if (generation !== this.#generation && this.#source(resolved.path)?.stamp !== source.stamp) return;
      if (!answer.ok) {
        const { kind, message } = answer.error;
        if (kind !== 'closed' && kind !== 'cancelled') this.#host.log.info(`${resolved.file}: ${message}`);
        if (kind === 'missing' || kind === 'crashed') return;
        remember(this.#told, key, this.#data.has(dataKey) ? { data: this.#data.get(dataKey) ?? [] } : {});
        return;
      }
      if (answer.value.data !== undefined) remember(this.#data, dataKey, answer.value.data);
      remember(this.#told, key, answer.value);
      this.#host.changed();
    } catch (error) {
      this.#host.log.error(`${resolved.file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async #ask(
    engine: Engine,
    resolved: ResolvedView,
    files: readonly { readonly file: string; readonly shown: string }[],
    dataKey: string,
  ): Promise<EngineResult<ToldFacts>> {
    if (this.#opened?.engine !== engine) this.#opened = { engine, sources: new Map() };
    const { sources } = this.#opened;
    const sourceKey = JSON.stringify([dataKey, readingOf(resolved)]);
    let source = sources.get(sourceKey);
    if (source === undefined) {
      const name = `source_${sources.size}`;
      const opened = await openSource(engine, name, resolved, files);
      if (!opened.ok) return opened;
      source = { ...opened.value, name };
      sources.set(sourceKey, source);
    }
    return tellOf(engine, resolved, source, files);
  }
}

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > MOST && oldest !== undefined) map.delete(oldest);
}
