/** The Pipelines tree: projects when there are several, pipelines, their tasks in the order in which they run. */
import * as vscode from 'vscode';
import { plural } from '../../server/base/format.js';
import type {
  DvcDataItem,
  PipelineSummary,
  PipelineTaskSummary,
  ProjectSummary,
} from '../../server/protocol/index.js';
import type { Client } from '../client.js';
import type { Context } from '../context.js';
import type { ItemText } from '../parts/item-text.js';
import { dvcDataItem, dvcGroupItem, dvcProblemItem, pipelineItem, projectItem, taskItem } from './rows.js';
import type { State } from '../parts/state.js';
import { LiveTree, keepAges } from '../parts/live-tree.js';

export type PipelineNode =
  | { readonly type: 'project'; readonly id: string; project: ProjectSummary }
  | { readonly type: 'pipeline'; readonly id: string; pipeline: PipelineSummary }
  | { readonly type: 'task'; readonly id: string; pipeline: PipelineSummary; task: PipelineTaskSummary }
  | { readonly type: 'dvcGroup'; readonly id: string; project: ProjectSummary }
  | { readonly type: 'dvcProblem'; readonly id: string; project: ProjectSummary; problem: string }
  | { readonly type: 'dvcData'; readonly id: string; data: DvcDataItem };

const BADGE_SCHEME = 'modelyard-pipeline';

class PipelinesTree extends LiveTree<PipelineNode> implements vscode.FileDecorationProvider {
  readonly #state: State;
  readonly #client: Client;
  readonly #badges = new vscode.EventEmitter<undefined>();

  readonly onDidChangeFileDecorations = this.#badges.event;

  constructor({ state, client }: Pick<Context, 'state' | 'client'>) {
    super();
    this.#state = state;
    this.#client = client;
  }

  /** Draws what is different from what was drawn. */
  update(): void {
    this.#badges.fire(undefined);
    void this.draw();
  }

  protected override async load(): Promise<boolean> {
    await this.#state.ready();
    return true;
  }

  protected override roots(): readonly PipelineNode[] {
    const { projects, pipelines } = this.#state;
    const used = projects.filter((project) => pipelines.some((one) => one.projectUri === project.uri));
    if (used.length > 1) return used.map((project) => this.#project(project));
    const [only] = used;
    return only === undefined ? [] : this.#within(only);
  }

  protected override children(
    node: PipelineNode,
  ): Promise<readonly PipelineNode[]> | readonly PipelineNode[] {
    switch (node.type) {
      case 'project':
        return this.#within(node.project);
      case 'pipeline':
        return node.pipeline.tasks.map((task) => this.#task(node.pipeline, task));
      case 'dvcGroup':
        return this.#data(node.project);
      case 'task':
      case 'dvcData':
      case 'dvcProblem':
        return [];
    }
  }

  /** The pipelines of a project, and the data of its stages of DVC. */
  #within(project: ProjectSummary): readonly PipelineNode[] {
    const own = this.#state.pipelines.filter(({ projectUri }) => projectUri === project.uri);
    const data = own.some(({ kind }) => kind === 'dvc')
      ? [this.keep({ type: 'dvcGroup', id: `dvc:${project.uri}`, project })]
      : [];
    return [...own.map((pipeline) => this.#pipeline(pipeline)), ...data];
  }

  async #data(project: ProjectSummary): Promise<readonly PipelineNode[]> {
    const found = await this.#client.ask('modelyard/dvcData', { projectUri: project.uri });
    if (found?.problem !== undefined)
      return [this.keep({ type: 'dvcProblem', id: `dvc:${project.uri}#`, project, problem: found.problem })];
    return (found?.items ?? []).map((data) =>
      this.keep({ type: 'dvcData', id: `dvc:${project.uri}#${data.path}`, data }),
    );
  }

  #project(project: ProjectSummary): PipelineNode {
    return this.keep({ type: 'project', id: `project:${project.uri}`, project });
  }

  #pipeline(pipeline: PipelineSummary): PipelineNode {
    return this.keep({ type: 'pipeline', id: `pipeline:${pipeline.uri}`, pipeline });
  }

  #task(pipeline: PipelineSummary, task: PipelineTaskSummary): PipelineNode {
    return this.keep({ type: 'task', id: `task:${pipeline.uri}#${task.name}`, pipeline, task });
  }

  protected override text(node: PipelineNode): ItemText {
    switch (node.type) {
      case 'project': {
        const count = this.#state.pipelines.filter((one) => one.projectUri === node.project.uri).length;
        return projectItem(node.project, count);
      }
      case 'pipeline': {
        const text = pipelineItem(node.pipeline, Date.now());
        return this.#state.pipelines.length === 1 ? { ...text, children: 'expanded' } : text;
      }
      case 'task':
        return taskItem(node.pipeline, node.task);
      case 'dvcGroup':
        return dvcGroupItem(node.project);
      case 'dvcProblem':
        return dvcProblemItem(node.project, node.problem);
      case 'dvcData':
        return dvcDataItem(node.data);
    }
  }

  override getTreeItem(node: PipelineNode): vscode.TreeItem {
    const item = super.getTreeItem(node);
    if (node.type === 'pipeline')
      item.resourceUri = vscode.Uri.parse(node.pipeline.uri).with({ scheme: BADGE_SCHEME });
    return item;
  }

  override getParent(node: PipelineNode): PipelineNode | undefined {
    if (node.type === 'task') return this.node(`pipeline:${node.pipeline.uri}`);
    if (node.type === 'pipeline') return this.node(`project:${node.pipeline.projectUri}`);
    if (node.type === 'dvcGroup') return this.node(`project:${node.project.uri}`);
    if (node.type === 'dvcProblem') return this.node(`dvc:${node.project.uri}`);
    if (node.type === 'dvcData') return this.node(`dvc:${node.data.projectUri}`);
    return undefined;
  }

  provideFileDecoration(uri: vscode.Uri): vscode.FileDecoration | undefined {
    if (uri.scheme !== BADGE_SCHEME) return undefined;
    const pipeline = this.#state.pipeline(uri.with({ scheme: 'file' }).toString());
    if (!pipeline) return undefined;
    if (pipeline.errors > 0) {
      return new vscode.FileDecoration(
        pipeline.errors > 9 ? '9+' : String(pipeline.errors),
        plural(pipeline.errors, 'error'),
        new vscode.ThemeColor('list.errorForeground'),
      );
    }
    if (pipeline.warnings === 0) return undefined;
    return new vscode.FileDecoration(
      pipeline.warnings > 9 ? '9+' : String(pipeline.warnings),
      plural(pipeline.warnings, 'warning'),
      new vscode.ThemeColor('list.warningForeground'),
    );
  }
}

export function registerPipelinesView({ extension, state, client }: Context): void {
  const tree = new PipelinesTree({ state, client });
  const view = vscode.window.createTreeView('modelyard.pipelines', {
    treeDataProvider: tree,
    showCollapseAll: true,
  });
  const restricted = (): void => {
    if (vscode.workspace.isTrusted) view.message = '';
    else
      view.message =
        'Restricted Mode: pipelines can be read and edited, but nothing runs until you trust this workspace.';
  };
  restricted();
  extension.subscriptions.push(
    view,
    keepAges(tree, view),
    vscode.window.registerFileDecorationProvider(tree),
    state.onDidChangePipelines(() => tree.update()),
    vscode.workspace.onDidGrantWorkspaceTrust(restricted),
  );
}
