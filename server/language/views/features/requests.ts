/** The requests of protocol/features.ts. Trees and profiles come from files; only rows and drift start an engine. */
import path from 'node:path';
import type { CancellationToken } from 'vscode-languageserver/node';
import { defined } from '../../../base/defined.js';
import { draftFeatures } from '../../../features/sources/draft.js';
import type { Engine } from '../../../features/engine/engine.js';
import type { Manifest } from '../../../features/views/manifest.js';
import { RowsReader } from '../../../features/rows.js';
import { identifier, literal } from '../../../features/sql.js';
import { tableDrift } from '../../../features/statistics/measure.js';
import type { Project } from '../../../project/project.js';
import type {
  Answer,
  FeatureDriftView,
  FeatureRequests,
  FeaturesResult,
  RowsPage,
  RowsParams,
  VersionsDrift,
  ViewRef,
} from '../../../protocol/index.js';
import { pathOf } from '../../documents.js';
import { EngineKeeper } from '../../../features/engine/keeper.js';
import { statisticsOf } from '../../../features/views/state.js';
import type { FeatureBoard } from './board.js';
import { entityItems, profileOf, serviceItems, viewItems } from './view.js';
import type { FeaturesOf } from './view.js';
import { throwIfCancelled } from '../../guard.js';
import { finite, text, whole } from '../../params.js';
import { breathe } from '../../../base/runs/steps.js';
import { statOf } from '../../../stores/disk/folder.js';

export interface FeaturesHost {
  readonly projects: () => readonly Project[];
  readonly projectByUri: (uri: string) => Project | undefined;
  readonly board: (root: string) => FeatureBoard;
  readonly featuresOf: (project: Project) => Promise<FeaturesOf>;
  readonly trusted: () => boolean;
}

type Handler<M extends keyof FeatureRequests> = (
  params: FeatureRequests[M]['params'],
  token: CancellationToken,
) => FeatureRequests[M]['result'] | Promise<FeatureRequests[M]['result']>;

type Register = <M extends keyof FeatureRequests>(method: M, handle: Handler<M>) => void;

const MOST_ROWS = 1_000;
/** Sorting millions of rows takes its time; a person who waits longer has gone away. */
const QUERY_MS = 120_000;
const UNTRUSTED = 'Data is not read in Restricted Mode. Trust the workspace if you trust its authors.';

export class FeatureViews {
  readonly #host: FeaturesHost;
  readonly #keeper = new EngineKeeper({ timeoutMs: QUERY_MS });
  #reader: { readonly engine: Engine; readonly rows: RowsReader } | undefined;

  constructor(host: FeaturesHost) {
    this.#host = host;
  }

  register(on: Register): void {
    on('modelyard/features', (_params, token) => this.#features(token));
    on('modelyard/viewProfile', (params) =>
      this.#with(params, (project, board, manifest) =>
        Promise.resolve({ ok: true, profile: profileOf(project, board, manifest) } as const),
      ),
    );
    on('modelyard/viewDrift', (params, token) =>
      this.#with(params, (project, board, manifest) =>
        this.#drift(project, board, manifest, finite(params, 'against'), token),
      ),
    );
    on('modelyard/viewRows', (params, token) =>
      this.#with(params, (_project, board, manifest) => this.#rows(board, manifest, params, token)),
    );
    on('modelyard/draftFeatures', (params, token) => this.#draft(text(params, 'uri'), token));
  }

  close(): void {
    this.#keeper.close();
  }

  async #features(token: CancellationToken): Promise<FeaturesResult> {
    const entities: FeaturesResult['entities'][number][] = [];
    const views: FeaturesResult['views'][number][] = [];
    const services: FeaturesResult['services'][number][] = [];
    for (const project of this.#host.projects()) {
      await breathe();
      throwIfCancelled(token);
      if (project.view().features().length === 0) continue;
      const of = await this.#host.featuresOf(project);
      entities.push(...entityItems(of));
      views.push(...viewItems(of));
      services.push(...serviceItems(of));
    }
    return { entities, views, services };
  }

  async #with<T extends object>(
    params: ViewRef,
    act: (project: Project, board: FeatureBoard, manifest: Manifest) => Promise<Answer<T>>,
  ): Promise<Answer<T>> {
    const projectUri = text(params, 'projectUri');
    const view = text(params, 'view');
    const project = this.#host.projectByUri(projectUri);
    if (project === undefined) return { ok: false, message: `There is no open project at ${projectUri}.` };
    const board = this.#host.board(project.root);
    const loaded =
      params.version === undefined
        ? board.store.current(view)
        : board.store.manifest(view, Math.max(1, whole(params, 'version')));
    if (loaded.state === 'ok') return act(project, board, loaded.value);
    const which = params.version === undefined ? '' : ` version ${params.version} of`;
    return {
      ok: false,
      message:
        loaded.state === 'missing'
          ? `There is no${which} "${view}" yet: materialize it first.`
          : `What is kept of "${view}" can't be read.`,
    };
  }

  async #rows(
    board: FeatureBoard,
    manifest: Manifest,
    params: RowsParams,
    token: CancellationToken,
  ): Promise<Answer<RowsPage>> {
    if (!this.#host.trusted()) return { ok: false, message: UNTRUSTED };
    const offset = Math.max(0, whole(params, 'offset'));
    const limit = Math.min(MOST_ROWS, Math.max(0, Math.trunc(finite(params, 'limit'))));
    const file = board.store.dataFile(manifest.view, manifest.version);
    const { columns } = manifest;
    const filters = Array.isArray(params.filters)
      ? params.filters.map((filter) => ({ column: text(filter, 'column'), text: text(filter, 'text') }))
      : [];
    const sort =
      params.sort === undefined
        ? {}
        : { sort: { column: text(params.sort, 'column'), descending: params.sort.descending } };
    const listener = token.onCancellationRequested(() => this.#keeper.interrupt());
    try {
      const result = await this.#keeper.use([file], (engine) => {
        // One that was overtaken while it waited for its turn.
        throwIfCancelled(token);
        if (this.#reader?.engine !== engine) this.#reader = { engine, rows: new RowsReader(engine) };
        return this.#reader.rows.window({ file, columns, filters, ...sort }, offset, limit);
      });
      if (!result.ok) return { ok: false, message: result.error.message };
      const { rows, total } = result.value;
      return { ok: true, columns, rows, total, version: manifest.version };
    } finally {
      listener.dispose();
    }
  }

  async #drift(
    project: Project,
    board: FeatureBoard,
    manifest: Manifest,
    against: number,
    token: CancellationToken,
  ): Promise<Answer<VersionsDrift>> {
    if (!this.#host.trusted()) return { ok: false, message: UNTRUSTED };
    const loaded = board.store.manifest(manifest.view, Math.max(1, Math.trunc(against)));
    const reference = loaded.state === 'ok' ? loaded.value : undefined;
    const statistics = reference === undefined ? undefined : statisticsOf(reference);
    if (reference === undefined || statistics === undefined) {
      return { ok: false, message: `There is no version ${against} of "${manifest.view}" to compare with.` };
    }
    const file = board.store.dataFile(manifest.view, manifest.version);
    const before = board.store.dataFile(reference.view, reference.version);
    const columns = manifest.columns
      .filter(({ role }) => role === 'feature')
      .map(({ name, type }) => ({ name, type }));
    const listed = columns.map(({ name }) => identifier(name)).join(', ');
    const listener = token.onCancellationRequested(() => this.#keeper.interrupt());
    try {
      const result = await this.#keeper.use([file, before], (engine) =>
        tableDrift(
          engine,
          statistics,
          { relation: `(SELECT ${listed} FROM read_parquet(${literal(file)}))`, columns },
          // As the command line does: small ones value by value.
          { rows: `read_parquet(${literal(before)})` },
        ),
      );
      if (!result.ok) return { ok: false, message: result.error.message };
      const drift = result.value.features.map((feature): FeatureDriftView => {
        const { name, drifted, reasons, psi, ks, chiSquare, jensenShannon, nulls, bins } = feature;
        const p = ks?.p ?? chiSquare?.p;
        return {
          name,
          drifted,
          reasons,
          nulls,
          bins,
          ...defined({ psi }),
          ...(ks === undefined ? {} : { ks: ks.statistic }),
          ...defined({ jensenShannon, p }),
        };
      });
      return {
        ok: true,
        reference: profileOf(project, board, reference),
        drift,
        notCompared: result.value.notCompared,
      };
    } finally {
      listener.dispose();
    }
  }

  async #draft(
    uri: string,
    token: CancellationToken,
  ): Promise<Answer<{ readonly fileName: string; readonly text: string }>> {
    if (!this.#host.trusted()) return { ok: false, message: UNTRUSTED };
    const file = pathOf(uri);
    const project =
      file === undefined
        ? undefined
        : this.#host
            .projects()
            .filter((one) => one.relative(file) !== undefined)
            .sort((a, b) => b.root.length - a.root.length)[0];
    const relative = file === undefined ? undefined : project?.relative(file);
    if (file === undefined || project === undefined || relative === undefined) {
      return {
        ok: false,
        message: 'The file lies outside of the workspace: sources are files of the project.',
      };
    }
    const listener = token.onCancellationRequested(() => this.#keeper.interrupt());
    try {
      const known = project
        .view()
        .features()
        .flatMap(({ features }) => features.entities);
      const drafted = await this.#keeper.use([file], (engine) =>
        draftFeatures(engine, {
          file,
          path: relative,
          entities: known.map(({ name, keys }) => ({ name, keys: keys.map(({ value }) => value) })),
        }),
      );
      if (!drafted.ok) return { ok: false, message: drafted.error.message };
      return { ok: true, fileName: freeName(project.root, drafted.value.name), text: drafted.value.text };
    } finally {
      listener.dispose();
    }
  }
}

/** `weather.features.yaml`, or with a number where there is one. */
function freeName(root: string, name: string): string {
  for (let count = 1; ; count++) {
    const file = `${name}${count === 1 ? '' : `-${count}`}.features.yaml`;
    if (statOf(path.join(root, file)) === undefined) return file;
  }
}
