/** The requests of protocol/models.ts. What they ask of a project that is not open gets an answer that says so. */
import path from 'node:path';
import type { CancellationToken } from 'vscode-languageserver/node';
import { defined } from '../../../base/defined.js';
import {
  checkAlias,
  checkModelName,
  checkTagKey,
  checkTagValue,
} from '../../../definition/names/registry-names.js';
import type { NameCheck } from '../../../definition/names/registry-names.js';
import type { Project } from '../../../project/project.js';
import type {
  Answer,
  ModelChange,
  ModelRequests,
  ModelsResult,
  NameParams,
} from '../../../protocol/index.js';
import { cardOf } from '../../../stores/registry/versions/model-card.js';
import type { FoundVersion, Registry } from '../../../stores/registry/registry.js';
import { exportModel, importModel } from '../../../stores/registry/transfer/transfer.js';
import { pathOf, uriOfPath } from '../../documents.js';
import { InvalidParams, throwIfCancelled } from '../../guard.js';
import type { Histories } from '../runs/history.js';
import type { Lineages } from '../lineages.js';
import { changeModel } from './change.js';
import { lineageView } from './lineage.js';
import {
  answerOf,
  comparisonView,
  historyEntry,
  limitOf,
  modelItem,
  versionView,
  versionsPage,
} from './view.js';
import { finite, optionalText, optionalTexts, text } from '../../params.js';
import { registryOf } from './registry-of.js';
import { breathe } from '../../../base/runs/steps.js';

export interface ModelsHost {
  readonly projects: () => readonly Project[];
  readonly projectByUri: (uri: string) => Project | undefined;
  readonly histories: Histories;
  readonly lineages: Lineages;
  /** Whether the workspace is trusted: else nothing is written, whoever asks. */
  readonly trusted: () => boolean;
  /** Something was changed here. */
  readonly changed: (root: string) => void;
}

/** How a request is answered. */
type Handler<M extends keyof ModelRequests> = (
  params: ModelRequests[M]['params'],
  token: CancellationToken,
) => ModelRequests[M]['result'] | Promise<ModelRequests[M]['result']>;

export type RegisterModelRequest = <M extends keyof ModelRequests>(method: M, handle: Handler<M>) => void;

const UNTRUSTED = {
  ok: false,
  message:
    'In Restricted Mode models are neither changed nor exported nor imported. Trust the workspace if you trust its authors.',
} as const;

/** After so many models the event loop gets its turn. */
const SLICE = 50;

const CHANGES: ReadonlySet<string> = new Set<ModelChange['kind']>([
  'set-alias',
  'remove-alias',
  'roll-back',
  'set-tag',
  'remove-tag',
  'describe',
  'delete',
  'restore',
  'purge',
]);

const CHECKS: Readonly<Record<NameParams['what'], (name: string) => NameCheck>> = {
  model: checkModelName,
  alias: checkAlias,
  'tag-key': checkTagKey,
  'tag-value': checkTagValue,
};

export class ModelViews {
  readonly #host: ModelsHost;

  constructor(host: ModelsHost) {
    this.#host = host;
  }

  register(on: RegisterModelRequest): void {
    on('modelyard/models', (params, token) => this.#models(params, token));
    on('modelyard/modelVersions', (params) => {
      finite(params, 'limit');
      optionalText(params, 'before');
      return this.#in(params, (root, registry) => versionsPage(root, registry, params));
    });
    on('modelyard/modelVersion', (params) =>
      this.#with(params, text(params, 'model'), text(params, 'version'), (root, registry, found) => {
        const { store } = this.#host.histories.of(root);
        return versionView(root, registry, this.#host.lineages.of(root), store, found);
      }),
    );
    on('modelyard/modelHistory', (params) => this.#history(params));
    on('modelyard/modelLineage', (params) => {
      for (const key of ['runId', 'task', 'path', 'model', 'version']) optionalText(params, key);
      if (params.limit !== undefined) finite(params, 'limit');
      return this.#in(params, (root, registry) =>
        lineageView(root, registry, this.#host.lineages.of(root), params),
      );
    });
    on('modelyard/compareModels', (params) =>
      this.#with(params, text(params.a, 'model'), text(params.a, 'version'), (root, registry, a) =>
        this.#with(params, text(params.b, 'model'), text(params.b, 'version'), (_root, _registry, b) =>
          comparisonView(root, registry, [a, b]),
        ),
      ),
    );
    on('modelyard/modelCard', (params) =>
      this.#with(params, text(params, 'model'), text(params, 'version'), (root, registry, found) =>
        answerOf(cardOf(registry, this.#host.lineages.of(root), found), ({ markdown }) => ({ markdown })),
      ),
    );
    on('modelyard/modelArtifact', (params) => this.#artifact(params));
    on('modelyard/previousAlias', (params) =>
      this.#in(params, (_root, registry) =>
        answerOf(registry.previous(text(params, 'model'), text(params, 'alias')), ({ from, to }) => ({
          from,
          to,
        })),
      ),
    );
    on('modelyard/changeModel', (params) => this.#change(params));
    on('modelyard/exportModel', (params) => this.#export(params));
    on('modelyard/importModel', (params) => this.#import(params));
    on('modelyard/checkName', (params) => {
      const what = text(params, 'what');
      if (!Object.hasOwn(CHECKS, what)) throw new InvalidParams(`${what} is nothing that has a name`);
      const checked = CHECKS[params.what](text(params, 'text'));
      return checked.ok ? {} : { message: checked.message };
    });
  }

  #in<A extends Answer>(
    params: { readonly projectUri: string },
    act: (root: string, registry: Registry) => A,
  ): A | { readonly ok: false; readonly message: string } {
    const project = this.#host.projectByUri(text(params, 'projectUri'));
    if (project === undefined)
      return { ok: false, message: `There is no open project at ${params.projectUri}.` };
    return act(project.root, registryOf(project.root));
  }

  /** With a version, which may be a deleted one. */
  #with<A extends Answer>(
    params: { readonly projectUri: string },
    model: string,
    selector: string,
    act: (root: string, registry: Registry, found: FoundVersion) => A,
  ): A | { readonly ok: false; readonly message: string } {
    return this.#in(params, (root, registry) => {
      const found = registry.version(model, selector, { includeDeleted: true });
      return found.ok ? act(root, registry, found) : { ok: false as const, message: found.error.message };
    });
  }

  async #models(
    params: ModelRequests['modelyard/models']['params'],
    token: CancellationToken,
  ): Promise<ModelsResult> {
    const models: ModelsResult['models'][number][] = [];
    const problems: ModelsResult['problems'][number][] = [];
    const only = optionalText(params, 'projectUri');
    for (const { root } of this.#host.projects()) {
      const projectUri = uriOfPath(root);
      if (only !== undefined && only !== projectUri) continue;
      const registry = registryOf(root);
      const list = registry.models({ includeDeleted: params.includeDeleted === true });
      for (const [index, model] of list.models.entries()) {
        if (index % SLICE === SLICE - 1) {
          await breathe();
          throwIfCancelled(token);
        }
        models.push(modelItem(root, model));
      }
      problems.push(
        ...registry.problems.map(({ path: file, message }) => ({
          projectUri,
          path: path.relative(root, file).split(path.sep).join('/'),
          message,
        })),
      );
    }
    this.#host.lineages.keep(this.#host.projects().map(({ root }) => root));
    return { models, problems };
  }

  #history(
    params: ModelRequests['modelyard/modelHistory']['params'],
  ): ModelRequests['modelyard/modelHistory']['result'] {
    const limit = limitOf(finite(params, 'limit'));
    const version = optionalText(params, 'version');
    const alias = optionalText(params, 'alias');
    return this.#in(params, (_root, registry) => {
      const page = registry.history(text(params, 'model'), {
        limit: limit + 1,
        ...(params.before === undefined ? {} : { before: finite(params, 'before') }),
        ...defined({ version, alias }),
      });
      return answerOf(page, ({ entries }) => ({
        entries: entries.slice(0, limit).map(historyEntry),
        more: entries.length > limit,
      }));
    });
  }

  async #artifact(
    params: ModelRequests['modelyard/modelArtifact']['params'],
  ): Promise<ModelRequests['modelyard/modelArtifact']['result']> {
    const project = this.#project(params.projectUri);
    if (!project.ok) return project;
    const registry = registryOf(project.root);
    const found = registry.version(text(params, 'model'), text(params, 'version'), { includeDeleted: true });
    if (!found.ok) return { ok: false, message: found.error.message };
    const read = await registry.objects.read(found.version.artifact, { write: this.#host.trusted() });
    return answerOf(read, ({ path: file, kind }) => ({ uri: uriOfPath(file), kind }));
  }

  #change(
    params: ModelRequests['modelyard/changeModel']['params'],
  ): ModelRequests['modelyard/changeModel']['result'] {
    const { change } = params;
    if (!CHANGES.has(text(change, 'kind'))) throw new InvalidParams(`${change.kind} is no change`);
    for (const key of ['alias', 'version', 'key', 'value', 'text']) optionalText(change, key);
    const needed = {
      'set-alias': ['alias', 'version'],
      'remove-alias': ['alias'],
      'roll-back': ['alias'],
      'set-tag': ['key', 'value'],
      'remove-tag': ['key'],
      describe: ['text'],
      delete: [],
      restore: [],
      purge: ['version'],
    }[change.kind];
    for (const key of needed) text(change, key);
    if (!this.#host.trusted()) return UNTRUSTED;
    return this.#in(params, (root, registry) => {
      const outcome = changeModel(registry, text(params, 'model'), change, optionalText(params, 'reason'));
      if (outcome.ok) this.#host.changed(root);
      return outcome;
    });
  }

  async #export(
    params: ModelRequests['modelyard/exportModel']['params'],
  ): Promise<ModelRequests['modelyard/exportModel']['result']> {
    if (!this.#host.trusted()) return UNTRUSTED;
    const project = this.#project(params.projectUri);
    if (!project.ok) return project;
    const to = fileAt(text(params, 'to'));
    const outcome = await exportModel(registryOf(project.root), {
      name: text(params, 'model'),
      to,
      ...defined({ versions: optionalTexts(params, 'versions') }),
    });
    return answerOf(outcome, ({ versions, bytes }) => ({ versions, bytes }));
  }

  async #import(
    params: ModelRequests['modelyard/importModel']['params'],
  ): Promise<ModelRequests['modelyard/importModel']['result']> {
    if (!this.#host.trusted()) return UNTRUSTED;
    const project = this.#project(params.projectUri);
    if (!project.ok) return project;
    const as = optionalText(params, 'as');
    const reason = optionalText(params, 'reason')?.trim() ?? '';
    const outcome = await importModel(registryOf(project.root), fileAt(text(params, 'from')), {
      ...defined({ as }),
      ...(reason === '' ? {} : { reason }),
    });
    if (outcome.ok) this.#host.changed(project.root);
    return answerOf(outcome, ({ name, versions, keptAliases }) => ({ model: name, versions, keptAliases }));
  }

  #project(
    uri: string,
  ): { readonly ok: true; readonly root: string } | { readonly ok: false; readonly message: string } {
    const project = this.#host.projectByUri(text({ projectUri: uri }, 'projectUri'));
    return project === undefined
      ? { ok: false, message: `There is no open project at ${uri}.` }
      : { ok: true, root: project.root };
  }
}

function fileAt(uri: string): string {
  const file = pathOf(uri);
  if (file === undefined) throw new InvalidParams(`${uri} is no file on a disk`);
  return file;
}
