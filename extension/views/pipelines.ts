/** The Pipelines tree: projects when there are several, pipelines, their tasks in the order in which they run. */
import * as vscode from 'vscode';
import { plural } from '../../media/webviews/shared/format.js';
import type { PipelineSummary, PipelineTaskSummary, ProjectSummary } from '../../server/protocol.js';
import type { Context } from '../context.js';
import type { ItemText } from '../present/item.js';
import { pipelineItem, projectItem, taskItem } from '../present/pipelines.js';
import type { State } from '../state.js';
import { treeItem } from './item.js';

export type PipelineNode =
  | { readonly type: 'project'; readonly id: string; project: ProjectSummary }
  | { readonly type: 'pipeline'; readonly id: string; pipeline: PipelineSummary }
  | { readonly type: 'task'; readonly id: string; pipeline: PipelineSummary; task: PipelineTaskSummary };

const BADGE_SCHEME = 'modelyard-pipeline';

class PipelinesTree implements vscode.TreeDataProvider<PipelineNode>, vscode.FileDecorationProvider {
  readonly #state: State;
  readonly #changed = new vscode.EventEmitter<PipelineNode | undefined>();
  readonly #badges = new vscode.EventEmitter<undefined>();
  /** Nodes keep their identity over refreshes, so that only what changed is drawn again. */
  readonly #nodes = new Map<string, PipelineNode>();
  #shape = '';
  #texts = new Map<string, string>();

  readonly onDidChangeTreeData = this.#changed.event;
  readonly onDidChangeFileDecorations = this.#badges.event;

  constructor(state: State) {
    this.#state = state;
  }

  /** Draws what is different from what was drawn. */
  update(): void {
    const before = this.#shape;
    const texts = this.#texts;
    this.#texts = new Map();
    const nodes = this.#roots().flatMap((root) => this.#below(root));
    this.#shape = nodes.map((node) => node.id).join('\n');
    for (const node of nodes) this.#texts.set(node.id, JSON.stringify(this.#text(node)));
    for (const id of this.#nodes.keys()) if (!this.#texts.has(id)) this.#nodes.delete(id);
    this.#badges.fire(undefined);
    if (this.#shape !== before) {
      this.#changed.fire(undefined);
      return;
    }
    for (const node of nodes) if (texts.get(node.id) !== this.#texts.get(node.id)) this.#changed.fire(node);
  }

  #below(node: PipelineNode): readonly PipelineNode[] {
    return [node, ...this.#childrenOf(node).flatMap((child) => this.#below(child))];
  }

  #roots(): readonly PipelineNode[] {
    const { projects, pipelines } = this.#state;
    const used = projects.filter((project) => pipelines.some((one) => one.projectUri === project.uri));
    if (used.length > 1) return used.map((project) => this.#project(project));
    return pipelines.map((pipeline) => this.#pipeline(pipeline));
  }

  #childrenOf(node: PipelineNode): readonly PipelineNode[] {
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

  #keep<N extends PipelineNode>(fresh: N): N {
    const known = this.#nodes.get(fresh.id);
    const node = known === undefined ? fresh : Object.assign(known, fresh);
    this.#nodes.set(fresh.id, node);
    return node;
  }

  #project(project: ProjectSummary): PipelineNode {
    return this.#keep({ type: 'project', id: `project:${project.uri}`, project });
  }

  #pipeline(pipeline: PipelineSummary): PipelineNode {
    return this.#keep({ type: 'pipeline', id: `pipeline:${pipeline.uri}`, pipeline });
  }

  #task(pipeline: PipelineSummary, task: PipelineTaskSummary): PipelineNode {
    return this.#keep({ type: 'task', id: `task:${pipeline.uri}#${task.name}`, pipeline, task });
  }

  #text(node: PipelineNode): ItemText {
    switch (node.type) {
      case 'project': {
        const count = this.#state.pipelines.filter((one) => one.projectUri === node.project.uri).length;
        return projectItem(node.project, count);
      }
      case 'pipeline':
        return pipelineItem(node.pipeline, Date.now());
      case 'task':
        return taskItem(node.pipeline, node.task);
    }
  }

  async getChildren(node?: PipelineNode): Promise<PipelineNode[]> {
    if (node) return [...this.#childrenOf(node)];
    await this.#state.ready();
    return [...this.#roots()];
  }

  getTreeItem(node: PipelineNode): vscode.TreeItem {
    const text = this.#text(node);
    const only = node.type === 'pipeline' && this.#state.pipelines.length === 1;
    const item = treeItem(only ? { ...text, children: 'expanded' } : text, node);
    if (node.type === 'pipeline')
      item.resourceUri = vscode.Uri.parse(node.pipeline.uri).with({ scheme: BADGE_SCHEME });
    return item;
  }

  getParent(node: PipelineNode): PipelineNode | undefined {
    if (node.type === 'task') return this.#nodes.get(`pipeline:${node.pipeline.uri}`);
    if (node.type === 'pipeline') return this.#nodes.get(`project:${node.pipeline.projectUri}`);
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
    vscode.window.registerFileDecorationProvider(tree),
    state.onDidChangePipelines(() => tree.update()),
    vscode.workspace.onDidGrantWorkspaceTrust(restricted),
  );
}
