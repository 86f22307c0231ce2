/**
 * Findings as diagnostics: pulled by clients that can, pushed to the others. Versioned, and made again only when
 * something changed that they depend on (which the project knows).
 */
import { DocumentDiagnosticReportKind, LSPErrorCodes, ResponseError } from 'vscode-languageserver/node';
import type {
  CancellationToken,
  Diagnostic,
  DocumentDiagnosticReport,
  PreviousResultId,
  PublishDiagnosticsParams,
  WorkspaceDocumentDiagnosticReport,
} from 'vscode-languageserver/node';
import type { Finding } from '../../rules/rule.js';
import type { Client } from '../client.js';
import { diagnosticOf } from './convert.js';
import { throwIfCancelled } from '../guard.js';
import type { Settings } from '../settings.js';
import { breathe, runSliced } from '../../base/runs/steps.js';
import { coalesce } from '../slices.js';
import type { Place, Workspace } from '../workspace.js';

/** A check that takes longer than this waits for the end of the typing; a quicker one is made at once. */
const QUICK_MS = 60;

/** How long the first diagnostics wait for the index, so that what other files define is known. */
const INDEX_PATIENCE_MS = 1_500;

/** Work without a pause for at most this long, when many files are checked. */
const SLICE_MS = 12;

/** A workspace request that waits is answered when nothing has changed for so long: other changes come with one. */
const QUIET_MS = 300;

export interface DiagnosticsOptions {
  readonly workspace: Workspace;
  readonly settingsFor: (uri: string) => Promise<Settings>;
  readonly settingsNow: (uri: string) => Settings;
  readonly client: Client;
  /** What is shown in a file beside its findings. */
  readonly beside: (place: Place) => readonly Diagnostic[];
  /** Absent for clients that pull. */
  readonly publish?: (params: PublishDiagnosticsParams) => void;
  /** Asks a client that pulls to pull again. */
  readonly refresh?: () => void;
}

interface Report {
  readonly resultId: string;
  readonly findings: readonly Finding[];
  readonly beside: readonly Diagnostic[];
}

export class Diagnostics {
  readonly #options: DiagnosticsOptions;
  readonly #ids = new WeakMap<readonly Finding[], string>();
  readonly #cost = new Map<string, number>();
  /** What was pushed last, by URI. */
  readonly #pushed = new Map<string, { readonly id: string; readonly version: number | null }>();
  readonly #waiting = new Set<() => void>();
  readonly #schedulePush: ReturnType<typeof coalesce>;
  readonly #scheduleRefresh: ReturnType<typeof coalesce>;
  #nextId = 1;
  #changes = 0;
  #pushing: Promise<void> | undefined;
  #pushAgain = false;
  #closed = false;

  constructor(options: DiagnosticsOptions) {
    this.#options = options;
    this.#schedulePush = coalesce(
      () => void this.#push(),
      () => this.#debounce(),
    );
    this.#scheduleRefresh = coalesce(() => options.refresh?.(), 100);
  }

  /** A document's text changed. Clients that pull know by themselves. */
  edited(): void {
    if (this.#options.publish) this.#schedulePush();
    this.#wake();
  }

  /** Something else changed that findings may depend on: the disk, the settings, the index. */
  changed(): void {
    if (this.#options.publish) this.#schedulePush();
    else this.#scheduleRefresh();
    this.#wake();
  }

  /** What waits for a change is answered: none will come. */
  close(): void {
    this.#closed = true;
    this.#schedulePush.cancel();
    this.#scheduleRefresh.cancel();
    this.#wake();
  }

  /** `textDocument/diagnostic` */
  async pull(
    uri: string,
    previous: string | undefined,
    token: CancellationToken,
  ): Promise<DocumentDiagnosticReport> {
    const { workspace } = this.#options;
    const [settings] = await Promise.all([this.#options.settingsFor(uri), this.#indexed()]);
    const version = workspace.versionOf(uri);
    if ((this.#cost.get(uri) ?? 0) > QUICK_MS) await this.#pause(settings.debounceMs, token);
    else await breathe();
    throwIfCancelled(token);
    await this.prepare(uri, settings);
    if (workspace.versionOf(uri) !== version) {
      // A newer text is there, and the client will ask for it (or is told to).
      throw new ResponseError(LSPErrorCodes.ServerCancelled, 'The document changed.', {
        retriggerRequest: true,
      });
    }
    const report = this.#check(uri, settings);
    if (report.resultId === previous) {
      return { kind: DocumentDiagnosticReportKind.Unchanged, resultId: report.resultId };
    }
    return {
      kind: DocumentDiagnosticReportKind.Full,
      resultId: report.resultId,
      items: this.#convert(uri, report),
    };
  }

  /**
   * `workspace/diagnostic`. Answers with what changed since the client asked last, and waits until there is something:
   * clients ask again as soon as they have an answer.
   */
  async pullWorkspace(
    previous: readonly PreviousResultId[],
    token: CancellationToken,
  ): Promise<{ items: WorkspaceDocumentDiagnosticReport[] }> {
    await this.#options.workspace.settled();
    for (;;) {
      const changed = this.#nextChange(token);
      const items = await this.#changedSince(previous, token);
      if (items.length > 0 || previous.length === 0 || this.#closed) return { items };
      await changed;
      await this.#quiet(token);
    }
  }

  async #changedSince(
    previous: readonly PreviousResultId[],
    token: CancellationToken,
  ): Promise<WorkspaceDocumentDiagnosticReport[]> {
    const { workspace, settingsFor } = this.#options;
    const known = new Map(previous.map(({ uri, value }) => [uri, value]));
    const items: WorkspaceDocumentDiagnosticReport[] = [];
    let began = performance.now();
    await workspace.syncSliced();
    for (const { uri } of workspace.places()) {
      const settings = await settingsFor(uri);
      if (performance.now() - began > SLICE_MS) {
        await breathe();
        throwIfCancelled(token);
        began = performance.now();
      }
      await this.prepare(uri, settings);
      const report = this.#check(uri, settings);
      const { resultId } = report;
      const before = known.get(uri);
      known.delete(uri);
      if (before === resultId) continue;
      items.push({
        kind: DocumentDiagnosticReportKind.Full,
        uri,
        version: workspace.versionOf(uri),
        resultId,
        items: this.#convert(uri, report),
      });
    }
    // What was there and is no more.
    for (const [uri, value] of known) {
      if (value === NOTHING) continue;
      items.push({
        kind: DocumentDiagnosticReportKind.Full,
        uri,
        version: workspace.versionOf(uri),
        resultId: NOTHING,
        items: [],
      });
    }
    return items;
  }

  async #push(): Promise<void> {
    if (this.#pushing) {
      this.#pushAgain = true;
      return this.#pushing;
    }
    this.#pushing = (async () => {
      try {
        do {
          this.#pushAgain = false;
          await this.#pushOnce();
        } while (this.#again());
      } finally {
        this.#pushing = undefined;
      }
    })();
    return this.#pushing;
  }

  #again(): boolean {
    return this.#pushAgain;
  }

  async #pushOnce(): Promise<void> {
    const { workspace, publish, settingsFor, client } = this.#options;
    if (publish === undefined) return;
    await this.#indexed();
    await workspace.syncSliced();
    const places = workspace.places();
    // What the person looks at comes first.
    const isOpen = (place: Place) => workspace.versionOf(place.uri) !== null;
    const gone = new Set(this.#pushed.keys());
    for (const { uri } of [...places.filter(isOpen), ...places.filter((place) => !isOpen(place))]) {
      gone.delete(uri);
      const settings = await settingsFor(uri);
      await breathe();
      await this.prepare(uri, settings);
      if (this.#pushAgain) return;
      const report = this.#check(uri, settings);
      const { resultId, findings, beside } = report;
      const version = workspace.versionOf(uri);
      const before = this.#pushed.get(uri);
      if (before?.id === resultId && before.version === version) continue;
      this.#pushed.set(uri, { id: resultId, version });
      // A file that never had findings needs no empty list.
      if (before === undefined && findings.length + beside.length === 0 && version === null) continue;
      const told = version === null || !client.pushedVersions ? {} : { version };
      publish({ uri, ...told, diagnostics: this.#convert(uri, report) });
    }
    for (const uri of gone) {
      this.#pushed.delete(uri);
      publish({ uri, diagnostics: [] });
    }
  }

  /** Checks a file in slices, so that requests for others are answered in between; who asks for its findings next has them. */
  async prepare(uri: string, settings: Settings): Promise<void> {
    const { workspace } = this.#options;
    await workspace.syncSliced();
    const place = workspace.place(uri);
    if (place?.project.knows(place.path) !== true) return;
    await runSliced(place.project.checking(place.path, settings.rules));
  }

  #check(uri: string, settings: Settings): Report {
    const { workspace } = this.#options;
    const began = performance.now();
    workspace.sync();
    const place = workspace.place(uri);
    if (!place?.project.knows(place.path)) {
      this.#cost.delete(uri);
      return { resultId: NOTHING, findings: [], beside: [] };
    }
    const findings = place.project.findings(place.path, settings.rules);
    this.#cost.set(uri, performance.now() - began);
    let resultId = this.#ids.get(findings);
    if (resultId === undefined) {
      resultId = String(this.#nextId++);
      this.#ids.set(findings, resultId);
    }
    const beside = this.#options.beside(place);
    const id = beside.length === 0 ? resultId : `${resultId} ${JSON.stringify(beside)}`;
    return { resultId: id, findings, beside };
  }

  #convert(uri: string, { findings, beside }: Report): Diagnostic[] {
    const { workspace, client } = this.#options;
    const place = workspace.place(uri);
    if (place === undefined) return [];
    return [...findings.map((finding) => diagnosticOf(workspace, place.project, finding, client)), ...beside];
  }

  #debounce(): number {
    const open = this.#options.workspace.documents.all()[0];
    return this.#options.settingsNow(open?.uri ?? '').debounceMs;
  }

  async #indexed(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      this.#options.workspace.settled(),
      new Promise<void>((resolve) => (timer = setTimeout(resolve, INDEX_PATIENCE_MS))),
    ]);
    clearTimeout(timer);
  }

  async #pause(ms: number, token: CancellationToken): Promise<void> {
    if (ms === 0) return breathe();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, ms);
      const listener = token.onCancellationRequested(done);
      function done() {
        clearTimeout(timer);
        listener.dispose();
        resolve();
      }
    });
  }

  async #quiet(token: CancellationToken): Promise<void> {
    let since: number;
    do {
      since = this.#changes;
      if (this.#closed) return;
      await this.#pause(QUIET_MS, token);
      throwIfCancelled(token);
    } while (this.#changes !== since);
  }

  /** Resolves at the next change, or when the request is cancelled. */
  #nextChange(token: CancellationToken): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        listener.dispose();
        resolve();
      };
      const listener = token.onCancellationRequested(done);
      this.#waiting.add(done);
    });
  }

  #wake(): void {
    this.#changes++;
    for (const done of [...this.#waiting]) done();
  }
}

/** The result id of a file that is not ours. */
const NOTHING = '0';
