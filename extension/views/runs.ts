/** The Runs tree: runs in groups, newest first; their tasks; params, metrics, checks, artifacts and logs. */
import * as vscode from 'vscode';
import { isActive } from '../../media/webviews/shared/status.js';
import type { RunListItem, RunsResult, RunView, TaskRunView } from '../../server/protocol.js';
import type { Context } from '../context.js';
import {
  filterWords,
  groupRuns,
  isEmptyFilter,
  pageRequest,
  type GroupBy,
  type RunFilter,
  type RunGroup,
} from '../present/grouping.js';
import type { ItemText } from '../present/item.js';
import {
  detailItem,
  groupItem,
  moreItem,
  paramDetails,
  paramsItem,
  problemItem,
  runItem,
  runKey,
  taskDetails,
  taskRunItem,
  type Detail,
} from '../present/runs.js';
import { treeItem } from './item.js';

const PAGE = 100;
const TICK_MS = 1000;

export type RunNode =
  | { readonly type: 'group'; readonly id: string; group: RunGroup }
  | { readonly type: 'run'; readonly id: string; run: RunListItem }
  | { readonly type: 'params'; readonly id: string; run: RunView }
  | { readonly type: 'taskRun'; readonly id: string; run: RunView; task: TaskRunView }
  | {
      readonly type: 'detail';
      readonly id: string;
      run: RunView;
      task?: TaskRunView;
      detail: Detail;
      index: number;
    }
  | { readonly type: 'problem'; readonly id: string; problem: RunsResult['problems'][number] }
  | { readonly type: 'more'; readonly id: 'more' };

export class RunsTree implements vscode.TreeDataProvider<RunNode> {
  readonly #context: Context;
  readonly #changed = new vscode.EventEmitter<RunNode | undefined>();
  readonly #nodes = new Map<string, RunNode>();
  readonly #views = new Map<string, RunView>();
  #runs: readonly RunListItem[] = [];
  #problems: RunsResult['problems'] = [];
  #more = false;
  #limit = PAGE;
  #filter: RunFilter = {};
  #shape: string | undefined;
  #texts = new Map<string, string>();
  #loading: Promise<void> | undefined;
  #again = false;

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(context: Context) {
    this.#context = context;
  }

  get filter(): RunFilter {
    return this.#filter;
  }

  get groupBy(): GroupBy {
    return vscode.workspace.getConfiguration('modelyard').get<GroupBy>('runs.groupBy', 'day');
  }

  async setFilter(filter: RunFilter): Promise<void> {
    this.#filter = filter;
    this.#limit = PAGE;
    await this.reload();
  }

  async loadMore(): Promise<void> {
    this.#limit += PAGE;
    await this.reload();
  }

  /** Asks for the runs that are shown; one question at a time. */
  reload(): Promise<void> {
    if (this.#loading) {
      this.#again = true;
      return this.#loading;
    }
    this.#loading = this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** Whether someone asked while the last question was under way. */
  #wantsMore(): boolean {
    return this.#again;
  }

  async #load(): Promise<void> {
    do {
      this.#again = false;
      const result = await this.#context.client.ask('modelyard/runs', pageRequest(this.#filter, this.#limit));
      if (!result) continue;
      for (const run of result.runs) this.#forget(run);
      this.#runs = result.runs;
      this.#more = result.more;
      this.#problems = result.problems;
      void vscode.commands.executeCommand('setContext', 'modelyard.hasRuns', result.runs.length > 0);
      this.#draw();
    } while (this.#wantsMore());
  }

  /** Drops what is known of a run when it has moved on. */
  #forget(run: RunListItem): void {
    const key = runKey(run);
    const known = this.#views.get(key);
    if (known && (isActive(known.status) || known.status !== run.status)) this.#views.delete(key);
  }

  #draw(): void {
    const roots = this.#roots();
    const listed = roots.flatMap((root) =>
      root.type === 'group' ? [root, ...root.group.runs.map((run) => this.#run(run))] : [root],
    );
    const shape = listed.map((node) => node.id).join('\n');
    const texts = new Map(listed.map((node) => [node.id, JSON.stringify(this.#text(node))]));
    const before = this.#texts;
    this.#texts = texts;
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#changed.fire(undefined);
      return;
    }
    for (const node of listed) {
      const active = node.type === 'run' && isActive(node.run.status);
      if (active || before.get(node.id) !== texts.get(node.id)) this.#changed.fire(node);
    }
  }

  /** The clock of what is under way moves on. */
  tick(): void {
    for (const run of this.#runs) if (isActive(run.status)) this.#changed.fire(this.#run(run));
  }

  /** Groups and times of day change with the settings and the date. */
  redraw(): void {
    this.#shape = undefined;
    this.#draw();
  }

  #keep<N extends RunNode>(fresh: N): N {
    const known = this.#nodes.get(fresh.id);
    const node = known?.type === fresh.type ? Object.assign(known, fresh) : fresh;
    this.#nodes.set(fresh.id, node);
    return node;
  }

  #run(run: RunListItem): RunNode {
    return this.#keep({ type: 'run', id: runKey(run), run });
  }

  #roots(): readonly RunNode[] {
    const by = this.groupBy;
    const runs =
      by === 'none'
        ? this.#runs.map((run) => this.#run(run))
        : groupRuns(this.#runs, by, Date.now()).map((group) =>
            this.#keep({ type: 'group', id: `group:${by}:${group.key}`, group }),
          );
    const problems = this.#problems.map((problem) =>
      this.#keep({ type: 'problem', id: `problem:${problem.path}`, problem }),
    );
    return [...runs, ...problems, ...(this.#more ? [this.#keep({ type: 'more', id: 'more' })] : [])];
  }

  async #view(run: RunListItem): Promise<RunView | undefined> {
    const key = runKey(run);
    const known = this.#views.get(key);
    if (known) return known;
    const view = await this.#context.client.ask('modelyard/run', { projectUri: run.projectUri, id: run.id });
    if (view) this.#views.set(key, view);
    return view ?? undefined;
  }

  #details(parent: string, run: RunView, details: readonly Detail[], task?: TaskRunView): RunNode[] {
    return details.map((detail, index) =>
      this.#keep({
        type: 'detail',
        id: detailItem(parent, detail, index).id,
        run,
        ...(task === undefined ? {} : { task }),
        detail,
        index,
      }),
    );
  }

  async getChildren(node?: RunNode): Promise<RunNode[]> {
    if (!node) {
      if (this.#shape === undefined) await this.reload();
      return [...this.#roots()];
    }
    switch (node.type) {
      case 'group':
        return node.group.runs.map((run) => this.#run(run));
      case 'run': {
        const run = await this.#view(node.run);
        if (!run) return [];
        const error: readonly Detail[] = run.error === undefined ? [] : [{ type: 'error', text: run.error }];
        const params: RunNode[] =
          Object.keys(run.params).length === 0
            ? []
            : [this.#keep({ type: 'params', id: `${node.id}/params`, run })];
        const tasks = run.tasks.map((task) =>
          this.#keep({ type: 'taskRun', id: `${node.id}/${task.id}`, run, task }),
        );
        return [...this.#details(node.id, run, error), ...params, ...tasks];
      }
      case 'params':
        return this.#details(node.id, node.run, paramDetails(node.run));
      case 'taskRun':
        return this.#details(node.id, node.run, taskDetails(node.task), node.task);
      case 'detail':
      case 'problem':
      case 'more':
        return [];
    }
  }

  #text(node: RunNode): ItemText {
    const now = Date.now();
    switch (node.type) {
      case 'group':
        return groupItem(node.group, this.groupBy);
      case 'run':
        return runItem(node.run, now, this.groupBy);
      case 'params':
        return paramsItem(runKey(node.run), node.run);
      case 'taskRun':
        return taskRunItem(runKey(node.run), node.task, now);
      case 'detail':
        return detailItem(node.id.slice(0, node.id.lastIndexOf('/')), node.detail, node.index);
      case 'problem':
        return problemItem(node.problem);
      case 'more':
        return moreItem(this.#runs.length);
    }
  }

  getTreeItem(node: RunNode): vscode.TreeItem {
    return treeItem({ ...this.#text(node), id: node.id }, node);
  }

  getParent(node: RunNode): RunNode | undefined {
    switch (node.type) {
      case 'run':
        return [...this.#nodes.values()].find(
          (one) => one.type === 'group' && one.group.runs.some((run) => runKey(run) === node.id),
        );
      case 'params':
      case 'taskRun':
        return this.#nodes.get(runKey(node.run));
      case 'detail':
        return this.#nodes.get(
          node.task ? `${runKey(node.run)}/${node.task.id}` : `${runKey(node.run)}/params`,
        );
      case 'group':
      case 'problem':
      case 'more':
        return undefined;
    }
  }
}

export interface RunsView {
  readonly tree: RunsTree;
  /** Runs that are selected. */
  selected(): readonly RunListItem[];
  /** Says in the view what it is narrowed to. */
  filterChanged(): void;
}

export function registerRunsView(context: Context): RunsView {
  const { extension, state } = context;
  const tree = new RunsTree(context);
  const view = vscode.window.createTreeView('modelyard.runs', {
    treeDataProvider: tree,
    showCollapseAll: true,
    canSelectMany: true,
  });
  const clock = setInterval(() => {
    if (view.visible && state.active.length > 0) tree.tick();
  }, TICK_MS);
  extension.subscriptions.push(
    view,
    state.onDidChangeRuns(() => void tree.reload()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('modelyard.runs.groupBy')) tree.redraw();
    }),
    new vscode.Disposable(() => clearInterval(clock)),
  );
  return {
    tree,
    selected: () => view.selection.flatMap((node) => (node.type === 'run' ? [node.run] : [])),
    filterChanged: () => {
      const empty = isEmptyFilter(tree.filter);
      void vscode.commands.executeCommand('setContext', 'modelyard.runs.filtered', !empty);
      if (empty) delete view.message;
      else view.message = `Only ${filterWords(tree.filter)}`;
    },
  };
}
