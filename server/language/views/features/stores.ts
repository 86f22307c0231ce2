/** The feature stores of all projects: how their views stand, and which columns their data has. */
import path from 'node:path';
import type { Connection } from 'vscode-languageserver/node';
import type { FeatureFacts } from '../../../definition/known/feature-facts.js';
import { FeatureStore } from '../../../features/store.js';
import type { Project } from '../../../project/project.js';
import { EngineKeeper } from '../../../features/engine/keeper.js';
import { FeatureBoard } from './board.js';
import { FilesWatch } from '../../watch/files-watch.js';
import { guardedNotification } from '../../guard.js';
import type { Log } from '../../guard.js';
import { ViewColumns } from './columns.js';
import type { Workspace } from '../../workspace.js';

/** A query that takes longer to look at is too big to be looked at while someone types. */
const QUERY_MS = 30_000;

export interface FeatureStoresHost {
  readonly connection: Connection;
  readonly log: Log;
  readonly workspace: () => Workspace;
  /** Whether the client says that it trusts the workspace. */
  readonly trusted: boolean;
  /** Findings and hovers may be different now. */
  readonly factsChanged: () => void;
  /** A view was materialized, or that was tried. */
  readonly storeChanged: (root: string) => void;
}

interface Kept {
  readonly board: FeatureBoard;
  readonly columns: ViewColumns;
  readonly facts: FeatureFacts;
}

export class FeatureStores {
  readonly #host: FeatureStoresHost;
  readonly #byRoot = new Map<string, Kept>();
  readonly #watch: FilesWatch;
  /** For the columns; rows that a person looks at have an engine of their own, so that neither waits for the other. */
  readonly #keeper = new EngineKeeper({ timeoutMs: QUERY_MS });
  #trusted: boolean;

  constructor(host: FeatureStoresHost) {
    this.#host = host;
    this.#trusted = host.trusted;
    this.#watch = new FilesWatch((root) => this.#storeChanged(root), watchedFiles);
    host.connection.onNotification(
      'modelyard/trusted',
      guardedNotification(host.log, 'trusted', () => {
        this.#trusted = true;
        host.factsChanged();
      }),
    );
  }

  /** Whether SQL may be run and data read. */
  readonly trusted = (): boolean => this.#trusted;

  readonly board = (root: string): FeatureBoard => this.#of(root).board;

  facts(root: string): FeatureFacts {
    return this.#of(root).facts;
  }

  #of(root: string): Kept {
    let kept = this.#byRoot.get(root);
    if (kept === undefined) {
      const project = (): Project | undefined =>
        this.#host
          .workspace()
          .projects()
          .find((one) => one.root === root);
      const board = new FeatureBoard(root, project);
      const columns = new ViewColumns({
        project,
        root,
        keeper: this.#keeper,
        log: this.#host.log,
        trusted: this.trusted,
        isOpen: (file) => this.#host.workspace().documents.get(path.join(root, file)) !== undefined,
        changed: this.#host.factsChanged,
      });
      const facts: FeatureFacts = {
        viewFacts: (file, view) => columns.of(file, view),
        labelFacts: (file, labels) => columns.ofLabels(file, labels),
        viewState: (view) => board.state(view),
      };
      kept = { board, columns, facts };
      this.#byRoot.set(root, kept);
    }
    return kept;
  }

  /** These are the projects, and no others any more. */
  follow(roots: readonly string[]): void {
    for (const [root, { columns }] of [...this.#byRoot]) {
      if (roots.includes(root)) continue;
      columns.close();
      this.#byRoot.delete(root);
    }
    this.#watch.follow(roots);
  }

  /** Files of the projects came, changed or went. */
  diskChanged(): void {
    for (const { board, columns } of this.#byRoot.values()) {
      board.diskChanged();
      columns.diskChanged();
    }
  }

  close(): void {
    this.#watch.close();
    this.follow([]);
    this.#keeper.close();
  }

  #storeChanged(root: string): void {
    this.#byRoot.get(root)?.board.storeChanged();
    this.#host.storeChanged(root);
  }
}

/** The folder that gets a new view, and of each view the documents that say how it stands. */
function* watchedFiles(root: string): Generator<string> {
  const store = new FeatureStore(root);
  yield path.join(store.folder, 'views') + path.sep;
  for (const view of store.views()) {
    yield path.join(store.viewFolder(view), 'current.json');
    yield path.join(store.viewFolder(view), 'attempt.json');
  }
}
