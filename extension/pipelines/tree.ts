/** The Pipelines tree: projects when there are several, pipelines, their tasks in the order in which they run. */
import * as vscode from 'vscode';
import { plural } from '../../server/base/format.js';
import type { PipelineSummary, PipelineTaskSummary, ProjectSummary } from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import type { ItemText } from '../parts/item-text.js';
import { pipelineItem, projectItem, taskItem } from './rows.js';
import type { State } from '../parts/state.js';
import { LiveTree, keepAges } from '../parts/live-tree.js';

export type PipelineNode =
  | { readonly type: 'project'; readonly id: string; project: ProjectSummary }
  | { readonly type: 'pipeline'; readonly id: string; pipeline: PipelineSummary }
  | { readonly type: 'task'; readonly id: string; pipeline: PipelineSummary; task: PipelineTaskSummary };

const BADGE_SCHEME = 'modelyard-pipeline';

class PipelinesTree extends LiveTree<PipelineNode> implements vscode.FileDecorationProvider {
  readonly #state: State;
  readonly #badges = new vscode.EventEmitter<undefined>();

  readonly onDidChangeFileDecorations = this.#badges.event;

  constructor(state: State) {
    super();
    this.#state = state;
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
    return pipelines.map((pipeline) => this.#pipeline(pipeline));
  }

  protected override children(node: PipelineNode): readonly PipelineNode[] {
    switch (node.type) {
      case 'project':
        return this.#state.pipelines
          .filter((pipeline) => pipeline.projectUri === node.project.uri)
          .map((pipeline) => this.#pipeline(pipeline));
      case 'pipeline':
        return node.pipeline.tasks.map((task) => this.#task(node.pipeline, task));
      case 'task':
        return [];
    }
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

export function registerPipelinesView({ extension, state }: Context): void {
  const tree = new PipelinesTree(state);
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
