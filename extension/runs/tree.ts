/** The Runs tree: runs in groups, newest first; their tasks; params, metrics, checks, artifacts and logs. */
import { setContext, setting } from '../contributed.js';
import { defined } from '../../server/base/defined.js';
import * as vscode from 'vscode';
import { isActive } from '../../media/webviews/shared/status.js';
import type {
  ApprovalView,
  ForeignMemory,
  RunListItem,
  RunRef,
  RunsResult,
  RunView,
  TaskRunView,
  TrashEntry,
} from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import {
  type ApprovalDetail,
  approvalDetailItem,
  approvalDetails,
  approvalItem,
  approvalKey,
  comparisonDetails,
} from '../approvals/rows.js';
import {
  filterWords,
  groupRuns,
  isEmptyFilter,
  pageRequest,
  type GroupBy,
  type RunFilter,
  type RunGroup,
} from './grouping.js';
import type { ItemText } from '../parts/item-text.js';
import { memoryItem } from '../project/memory-rows.js';
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
} from './rows.js';
import { trashEntryItem, trashItem } from '../project/trash-rows.js';
import { LiveTree, keepAges } from '../parts/live-tree.js';

const PAGE = 100;
const TICK_MS = 1000;

export type RunNode =
  | { readonly type: 'group'; readonly id: string; group: RunGroup }
  | { readonly type: 'run'; readonly id: string; run: RunListItem }
  | { readonly type: 'params'; readonly id: string; run: RunView }
  | { readonly type: 'trash'; readonly id: string; run: RunView }
  | { readonly type: 'trashEntry'; readonly id: string; run: RunView; entry: TrashEntry }
  | { readonly type: 'taskRun'; readonly id: string; run: RunView; task: TaskRunView }
  | {
      readonly type: 'detail';
      readonly id: string;
      run: RunView;
      task?: TaskRunView;
      detail: Detail;
      index: number;
    }
  | { readonly type: 'approval'; readonly id: string; approval: ApprovalView }
  | {
      readonly type: 'approvalDetail';
      readonly id: string;
      readonly run: RunRef;
      approval: ApprovalView;
      detail: ApprovalDetail;
    }
  | { readonly type: 'memory'; readonly id: string; memory: ForeignMemory }
  | { readonly type: 'problem'; readonly id: string; problem: RunsResult['problems'][number] }
  | { readonly type: 'more'; readonly id: 'more' };

export class RunsTree extends LiveTree<RunNode> {
  readonly #context: Context;
  readonly #views = new Map<string, RunView>();
  #runs: readonly RunListItem[] = [];
  #problems: RunsResult['problems'] = [];
  #more = false;
  #counts: RunsResult['counts'];
  #limit = PAGE;
  #filter: RunFilter = {};

  constructor(context: Context) {
    super();
    this.#context = context;
  }

  get filter(): RunFilter {
    return this.#filter;
  }

  get groupBy(): GroupBy {
    return setting('runs.groupBy');
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

  protected override async load(): Promise<boolean> {
    const result = await this.#context.client.ask('modelyard/runs', pageRequest(this.#filter, this.#limit));
    if (!result) return false;
    for (const run of result.runs) this.#forget(run);
    this.#runs = result.runs;
    this.#more = result.more;
    this.#counts = result.counts;
    this.#problems = result.problems;
    await Promise.all([this.#context.approvals.ready(), this.#context.memories.ready()]);
    // What a filter leaves nothing of is there all the same.
    if (result.runs.length > 0 || isEmptyFilter(this.#filter)) setContext('hasRuns', result.runs.length > 0);
    return true;
  }

  /** Drops what is known of a run when it has moved on. */
  #forget(run: RunListItem): void {
    const key = runKey(run);
    const known = this.#views.get(key);
    if (!known) return;
    // What is in the trash may have been put back by anybody.
    const moves = isActive(known.status) || known.trash.length > 0;
    if (moves || known.status !== run.status) this.#views.delete(key);
  }

  /** The clock of what is under way moves on. */
  tick(): void {
    this.drawTexts(this.#runs.filter(({ status }) => isActive(status)).map((run) => this.#run(run)));
  }

  #approvalDetails(approval: ApprovalView, details: readonly ApprovalDetail[]): readonly RunNode[] {
    const run = { projectUri: approval.projectUri, id: approval.run };
    return details.map((detail) => {
      const { id } = approvalDetailItem(approval, detail, 0);
      return this.keep({ type: 'approvalDetail', id, run, approval, detail });
    });
  }

  /** How many runs a group has, shown or not. */
  #totalOf({ key, runs }: RunGroup): number {
    const counts = this.groupBy === 'pipeline' ? this.#counts?.byPipeline : this.#counts?.byDay;
    return Math.max(runs.length, (counts && Object.hasOwn(counts, key) ? counts[key] : undefined) ?? 0);
  }

  #run(run: RunListItem): RunNode {
    return this.keep({ type: 'run', id: runKey(run), run });
  }

  protected override roots(): readonly RunNode[] {
    const by = this.groupBy;
    const runs =
      by === 'none'
        ? this.#runs.map((run) => this.#run(run))
        : groupRuns(this.#runs, by, Date.now()).map((group) =>
            this.keep({ type: 'group', id: `group:${by}:${group.key}`, group }),
          );
    const problems = this.#problems.map((problem) =>
      this.keep({ type: 'problem', id: `problem:${problem.path}`, problem }),
    );
    const waiting = this.#context.approvals.waiting.map((approval) =>
      this.keep({ type: 'approval', id: approvalKey(approval), approval }),
    );
    const foreign = this.#context.memories.all.map((memory) =>
      this.keep({ type: 'memory', id: memoryItem(memory).id, memory }),
    );
    return [
      ...foreign,
      ...waiting,
      ...runs,
      ...problems,
      ...(this.#more ? [this.keep({ type: 'more', id: 'more' })] : []),
    ];
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
      this.keep({
        type: 'detail',
        id: detailItem(parent, detail, index).id,
        run,
        ...defined({ task }),
        detail,
        index,
      }),
    );
  }

  protected override async children(node: RunNode): Promise<readonly RunNode[]> {
    switch (node.type) {
      case 'group':
        return node.group.runs.map((run) => this.#run(run));
      case 'approval':
        return this.#approvalDetails(node.approval, approvalDetails(node.approval));
      case 'approvalDetail':
        return node.detail.type === 'comparison'
          ? this.#approvalDetails(node.approval, comparisonDetails(node.approval))
          : [];
      case 'run': {
        const run = await this.#view(node.run);
        if (!run) return [];
        const error: readonly Detail[] = run.error === undefined ? [] : [{ type: 'error', text: run.error }];
        const params: RunNode[] =
          Object.keys(run.params).length === 0
            ? []
            : [this.keep({ type: 'params', id: `${node.id}/params`, run })];
        const tasks = run.tasks.map((task) =>
          this.keep({ type: 'taskRun', id: `${node.id}/${task.id}`, run, task }),
        );
        const trash: RunNode[] =
          run.trash.length === 0 ? [] : [this.keep({ type: 'trash', id: `${node.id}/trash`, run })];
        return [...this.#details(node.id, run, error), ...params, ...tasks, ...trash];
      }
      case 'trash':
        return node.run.trash.map((entry) => {
          const { id } = trashEntryItem(runKey(node.run), entry);
          return this.keep({ type: 'trashEntry', id, run: node.run, entry });
        });
      case 'params':
        return this.#details(node.id, node.run, paramDetails(node.run));
      case 'taskRun':
        return this.#details(node.id, node.run, taskDetails(node.run, node.task), node.task);
      case 'detail':
      case 'memory':
      case 'trashEntry':
      case 'problem':
      case 'more':
        return [];
    }
  }

  protected override text(node: RunNode): ItemText {
    const now = Date.now();
    switch (node.type) {
      case 'group':
        return groupItem(node.group, this.groupBy, this.#totalOf(node.group));
      case 'run':
        return runItem(node.run, now, this.groupBy);
      case 'params':
        return paramsItem(runKey(node.run), node.run);
      case 'trash':
        return trashItem(runKey(node.run), node.run.trash);
      case 'trashEntry':
        return trashEntryItem(runKey(node.run), node.entry);
      case 'taskRun':
        return taskRunItem(runKey(node.run), node.run, node.task, now);
      case 'detail':
        return detailItem(node.id.slice(0, node.id.lastIndexOf('/')), node.detail, node.index);
      case 'approval':
        return approvalItem(node.approval, now);
      case 'approvalDetail':
        return approvalDetailItem(node.approval, node.detail, now);
      case 'memory':
        return memoryItem(node.memory);
      case 'problem':
        return problemItem(node.problem);
      case 'more':
        return moreItem(this.#runs.length, this.#counts?.total);
    }
  }

  override getParent(node: RunNode): RunNode | undefined {
    switch (node.type) {
      case 'run':
        return [...this.nodes()].find(
          (one) => one.type === 'group' && one.group.runs.some((run) => runKey(run) === node.id),
        );
      case 'params':
      case 'trash':
      case 'taskRun':
        return this.node(runKey(node.run));
      case 'trashEntry':
        return this.node(`${runKey(node.run)}/trash`);
      case 'detail':
        return this.node(node.task ? `${runKey(node.run)}/${node.task.id}` : `${runKey(node.run)}/params`);
      case 'approvalDetail': {
        const key = approvalKey(node.approval);
        return this.node(node.detail.type === 'row' ? `${key}/comparison` : key);
      }
      case 'group':
      case 'approval':
      case 'memory':
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
  const { extension, state, approvals, memories } = context;
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
    approvals.onDidChange(() => void tree.draw()),
    memories.onDidChange(() => void tree.draw()),
    state.onDidChangeRuns(() => void tree.reload()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('modelyard.runs.groupBy')) void tree.draw();
    }),
    keepAges(tree, view),
    new vscode.Disposable(() => clearInterval(clock)),
  );
  return {
    tree,
    selected: () => view.selection.flatMap((node) => (node.type === 'run' ? [node.run] : [])),
    filterChanged: () => {
      const empty = isEmptyFilter(tree.filter);
      setContext('runs.filtered', !empty);
      if (empty) view.message = '';
      else view.message = `Only ${filterWords(tree.filter)}`;
    },
  };
}
