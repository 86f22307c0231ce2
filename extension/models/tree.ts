/** The Models tree: registered models, their versions in the order that was chosen, and what each was made of and became. */
import { setContext, setting } from '../contributed.js';
import * as vscode from 'vscode';
import type {
  ModelItem,
  ModelsResult,
  ProjectSummary,
  VersionItem,
  VersionRef,
  VersionSort,
  VersionView,
} from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import {
  arrangeModels,
  isEmptyModelFilter,
  modelsByProject,
  modelsMessage,
  versionSortFrom,
  type ModelFilter,
  type ModelSort,
} from './filter.js';
import { groupRows, rowItem, rowKey, versionRows, type VersionRow } from './version-rows.js';
import {
  modelItemText,
  modelKey,
  modelProblemItem,
  moreVersionsItem,
  versionItemText,
  versionKey,
} from './rows.js';
import type { ItemText } from '../parts/item-text.js';
import { projectItem } from '../pipelines/rows.js';
import { LiveTree, keepAges, revealNode } from '../parts/live-tree.js';

const PAGE = 20;
/** Under which the order of versions is kept for the workspace. */
const SORT = 'modelyard.models.versionSort';

export type ModelNode =
  | { readonly type: 'project'; readonly id: string; project: ProjectSummary; count: number }
  | { readonly type: 'model'; readonly id: string; model: ModelItem }
  | { readonly type: 'version'; readonly id: string; version: VersionItem }
  | { readonly type: 'row'; readonly id: string; parent: string; version: VersionView; row: VersionRow }
  | { readonly type: 'more'; readonly id: string; model: ModelItem; listed: number }
  | { readonly type: 'problem'; readonly id: string; problem: ModelsResult['problems'][number] };

/** The versions of a model that are shown. */
interface Page {
  readonly versions: readonly VersionItem[];
  readonly more: boolean;
  readonly limit: number;
}

export class ModelsTree extends LiveTree<ModelNode> {
  readonly #context: Context;
  readonly #pages = new Map<string, Page>();
  readonly #views = new Map<string, VersionView>();
  #models: readonly ModelItem[] = [];
  #problems: ModelsResult['problems'] = [];
  #filter: ModelFilter = {};

  constructor(context: Context) {
    super();
    this.#context = context;
  }

  get filter(): ModelFilter {
    return this.#filter;
  }

  /** All that are listed, whatever the filter lets through. */
  get models(): readonly ModelItem[] {
    return this.#models;
  }

  get sort(): ModelSort {
    return setting('models.sortBy');
  }

  /** Of the versions of each model. */
  get versionSort(): VersionSort {
    return versionSortFrom(this.#context.extension.workspaceState.get(SORT));
  }

  async setVersionSort(sort: VersionSort): Promise<void> {
    await this.#context.extension.workspaceState.update(SORT, sort);
    await this.reload();
  }

  async setFilter(filter: ModelFilter): Promise<void> {
    this.#filter = filter;
    await this.reload();
  }

  async loadMore(model: ModelItem): Promise<void> {
    const page = this.#pages.get(modelKey(model));
    await this.#loadPage(model, (page?.limit ?? 0) + Math.max(PAGE, page?.limit ?? 0));
    await this.draw();
  }

  protected override async load(): Promise<boolean> {
    const deleted = this.#filter.deleted === true;
    const result = await this.#context.client.ask('modelyard/models', { includeDeleted: deleted });
    if (!result) return false;
    this.#views.clear();
    this.#models = result.models;
    this.#problems = result.problems;
    const listed = new Map(result.models.map((model) => [modelKey(model), model]));
    for (const [key, page] of [...this.#pages]) {
      const model = listed.get(key);
      if (model === undefined) this.#pages.delete(key);
      else await this.#loadPage(model, page.limit);
    }
    setContext('hasModels', result.models.length > 0);
    setContext(
      'hasDeletedVersions',
      result.models.some((model) => model.deletedVersions > 0),
    );
    await this.#lookForDeleted(deleted ? result.models : undefined);
    return true;
  }

  /** Whether there is a deleted model to restore, whatever the view shows. */
  async #lookForDeleted(listed: readonly ModelItem[] | undefined): Promise<void> {
    const models =
      listed ?? (await this.#context.client.ask('modelyard/models', { includeDeleted: true }))?.models;
    setContext('hasDeletedModels', models?.some((model) => model.deleted !== undefined) === true);
  }

  async #loadPage(model: ModelItem, limit: number): Promise<void> {
    const { projectUri, model: name } = model;
    const includeDeleted = this.#filter.deleted === true;
    const params = { projectUri, model: name, limit, includeDeleted, sort: this.versionSort };
    const answer = await this.#context.client.ask('modelyard/modelVersions', params);
    if (answer?.ok === true)
      this.#pages.set(modelKey(model), { versions: answer.versions, more: answer.more, limit });
  }

  protected override roots(): readonly ModelNode[] {
    const models = arrangeModels(this.#models, this.#filter, this.sort);
    const problems = this.#problems.map((problem) =>
      this.keep({ type: 'problem', id: modelProblemItem(problem).id, problem }),
    );
    const projects = modelsByProject(models, this.#context.state.projects);
    if (projects.length <= 1) return [...models.map((model) => this.#model(model)), ...problems];
    return [
      ...projects.map(({ project, models: { length: count } }) =>
        this.keep({ type: 'project', id: `project:${project.uri}`, project, count }),
      ),
      ...problems,
    ];
  }

  #model(model: ModelItem): ModelNode {
    return this.keep({ type: 'model', id: modelKey(model), model });
  }

  #version(version: VersionItem): ModelNode {
    return this.keep({ type: 'version', id: versionKey(version), version });
  }

  #pageNodes(model: ModelItem): readonly ModelNode[] {
    const page = this.#pages.get(modelKey(model));
    if (page === undefined) return [];
    const listed = page.versions.length;
    return [
      ...page.versions.map((version) => this.#version(version)),
      ...(page.more
        ? [this.keep({ type: 'more', id: `${modelKey(model)}/more`, model, listed } as const)]
        : []),
    ];
  }

  #modelsOf({ uri }: ProjectSummary): readonly ModelNode[] {
    return arrangeModels(this.#models, this.#filter, this.sort)
      .filter(({ projectUri }) => projectUri === uri)
      .map((model) => this.#model(model));
  }

  protected override async children(node: ModelNode): Promise<readonly ModelNode[]> {
    switch (node.type) {
      case 'project':
        return this.#modelsOf(node.project);
      case 'model':
        if (!this.#pages.has(node.id)) await this.#loadPage(node.model, PAGE);
        return this.#pageNodes(node.model);
      case 'version': {
        const version = await this.#view(node.version);
        return version === undefined ? [] : this.#rows(node.id, version, versionRows(version));
      }
      case 'row':
        return node.row.type === 'group'
          ? this.#rows(node.id, node.version, groupRows(node.version, node.row.group))
          : [];
      case 'more':
      case 'problem':
        return [];
    }
  }

  #rows(parent: string, version: VersionView, rows: readonly VersionRow[]): readonly ModelNode[] {
    return rows.map((row) => this.keep({ type: 'row', id: rowKey(parent, row), parent, version, row }));
  }

  async #view(ref: VersionRef): Promise<VersionView | undefined> {
    const key = versionKey(ref);
    const known = this.#views.get(key);
    if (known) return known;
    const { projectUri, model, version } = ref;
    const answer = await this.#context.client.ask('modelyard/modelVersion', { projectUri, model, version });
    if (answer?.ok !== true) return undefined;
    this.#views.set(key, answer.version);
    return answer.version;
  }

  /** The node of a version, loaded as far back as needed; `undefined` when it is not in the tree. */
  async find(ref: VersionRef): Promise<ModelNode | undefined> {
    const key = versionKey(ref);
    await this.getChildren();
    const model = this.#models.find((one) => modelKey(one) === modelKey(ref));
    if (model === undefined || !arrangeModels([model], this.#filter, 'name').includes(model))
      return undefined;
    let page = this.#pages.get(modelKey(ref));
    for (let limit = PAGE; ; limit *= 4) {
      if (page?.versions.some((one) => versionKey(one) === key) === true) break;
      if (page !== undefined && !page.more) return undefined;
      await this.#loadPage(model, Math.max(limit, (page?.limit ?? 0) * 2));
      const next = this.#pages.get(modelKey(ref));
      if (next === page) return undefined;
      page = next;
    }
    await this.draw();
    return this.node(key);
  }

  protected override text(node: ModelNode): ItemText {
    const now = Date.now();
    switch (node.type) {
      case 'project':
        return projectItem(node.project, node.count, 'model');
      case 'model':
        return modelItemText(node.model, now);
      case 'version': {
        const sort = this.versionSort;
        return versionItemText(node.version, now, sort.by === 'metric' ? sort.metric : undefined);
      }
      case 'row':
        return rowItem(node.parent, node.version, node.row, now);
      case 'more':
        return moreVersionsItem(
          node.id,
          node.listed,
          node.model.versions + (this.#filter.deleted === true ? node.model.deletedVersions : 0),
        );
      case 'problem':
        return modelProblemItem(node.problem);
    }
  }

  override getParent(node: ModelNode): ModelNode | undefined {
    switch (node.type) {
      case 'model': {
        const project = this.node(`project:${node.model.projectUri}`);
        return this.roots().some((root) => root === project) ? project : undefined;
      }
      case 'version':
        return this.node(modelKey(node.version));
      case 'row':
        return this.node(node.parent);
      case 'more':
        return this.node(modelKey(node.model));
      case 'project':
      case 'problem':
        return undefined;
    }
  }
}

export interface ModelsView {
  readonly tree: ModelsTree;
  /** Versions that are selected. */
  selected(): readonly VersionItem[];
  /** Says in the view what it is narrowed to, and in which order versions are. */
  filterChanged(): void;
  /** Shows a version in the tree; answers whether it is there. */
  reveal(ref: VersionRef): Promise<boolean>;
}

export function registerModelsView(context: Context): ModelsView {
  const { extension, state } = context;
  const tree = new ModelsTree(context);
  const view = vscode.window.createTreeView('modelyard.models', {
    treeDataProvider: tree,
    showCollapseAll: true,
    canSelectMany: true,
  });
  extension.subscriptions.push(
    view,
    keepAges(tree, view),
    state.onDidChangeModels(() => void tree.reload()),
    // Projects get their names when the pipelines are known.
    state.onDidChangePipelines(() => void tree.draw()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('modelyard.models.sortBy')) void tree.draw();
    }),
  );
  const filterChanged = (): void => {
    setContext('models.filtered', !isEmptyModelFilter(tree.filter));
    // An empty one takes it away; deleting the property would take away its setter.
    view.message = modelsMessage(tree.filter, tree.versionSort);
  };
  filterChanged();
  return {
    tree,
    selected: () => view.selection.flatMap((node) => (node.type === 'version' ? [node.version] : [])),
    filterChanged,
    reveal: async (ref) => revealNode(view, await tree.find(ref)),
  };
}
