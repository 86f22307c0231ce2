/** The Features tree: entities, their views and features, and the services with who uses them. */
import { setContext } from '../contributed.js';
import * as vscode from 'vscode';
import type {
  EntityItem,
  FeatureItem,
  FeatureServiceItem,
  FeaturesResult,
  FeatureViewItem,
  ProjectSummary,
  ServiceUser,
} from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import {
  entityItem,
  entityKey,
  entryItem,
  featureItemText,
  projectFeaturesItem,
  serviceItemText,
  servicesItem,
  userItem,
  viewItem,
} from './rows.js';
import type { ItemText } from '../parts/item-text.js';
import { LiveTree, keepAges } from '../parts/live-tree.js';

const NOTHING: FeaturesResult = { entities: [], views: [], services: [] };

export type FeatureNode =
  | { readonly type: 'project'; readonly id: string; project: ProjectSummary }
  | { readonly type: 'entity'; readonly id: string; entity: EntityItem }
  | { readonly type: 'view'; readonly id: string; parent: string | undefined; view: FeatureViewItem }
  | { readonly type: 'feature'; readonly id: string; parent: string; feature: FeatureItem }
  | { readonly type: 'services'; readonly id: string; projectUri: string; count: number }
  | { readonly type: 'service'; readonly id: string; parent: string; service: FeatureServiceItem }
  | { readonly type: 'entry'; readonly id: string; parent: string; projectUri: string; name: string }
  | { readonly type: 'user'; readonly id: string; parent: string; projectUri: string; user: ServiceUser };

export class FeaturesTree extends LiveTree<FeatureNode> {
  readonly #context: Context;
  #result: FeaturesResult = NOTHING;

  constructor(context: Context) {
    super();
    this.#context = context;
  }

  /** Everything that is defined. */
  get result(): FeaturesResult {
    return this.#result;
  }

  protected override async load(): Promise<boolean> {
    const result = await this.#context.client.ask('modelyard/features', {});
    if (!result) return false;
    this.#result = result;
    const some = result.views.length + result.entities.length + result.services.length > 0;
    setContext('hasFeatures', some);
    return true;
  }

  protected override roots(): readonly FeatureNode[] {
    const { views, entities, services } = this.#result;
    const used = new Set([...views, ...entities, ...services].map(({ projectUri }) => projectUri));
    if (used.size <= 1) return [...used].flatMap((projectUri) => this.#inProject(projectUri));
    return this.#context.state.projects
      .filter(({ uri }) => used.has(uri))
      .map((project) => this.keep({ type: 'project', id: `project:${project.uri}`, project }));
  }

  #inProject(projectUri: string): FeatureNode[] {
    const mine = <T extends { readonly projectUri: string }>(items: readonly T[]): T[] =>
      items.filter((item) => item.projectUri === projectUri);
    const entities = mine(this.#result.entities);
    const known = new Set(entities.map(({ name }) => name));
    // What is about no entity that is defined is shown all the same, where the mistake can be seen.
    const homeless = mine(this.#result.views).filter(
      (view) => !view.entities.some((name) => known.has(name)),
    );
    const services = mine(this.#result.services);
    return [
      ...entities.map((entity) => this.keep({ type: 'entity', id: entityKey(entity), entity } as const)),
      ...homeless.map((view) => this.#view(view, undefined)),
      ...(services.length === 0
        ? []
        : [
            this.keep({
              type: 'services',
              id: `services:${projectUri}`,
              projectUri,
              count: services.length,
            } as const),
          ]),
    ];
  }

  #view(view: FeatureViewItem, parent: string | undefined): FeatureNode {
    const id = `${parent ?? `view:${view.projectUri}`}/${view.name}`;
    return this.keep({ type: 'view', id, parent, view });
  }

  #viewsOf(entity: EntityItem): readonly FeatureViewItem[] {
    return this.#result.views.filter(
      (view) => view.projectUri === entity.projectUri && view.entities.includes(entity.name),
    );
  }

  protected override children(node: FeatureNode): readonly FeatureNode[] {
    const { id } = node;
    switch (node.type) {
      case 'project':
        return this.#inProject(node.project.uri);
      case 'entity':
        return this.#viewsOf(node.entity).map((view) => this.#view(view, id));
      case 'view':
        return node.view.features.map((feature) =>
          this.keep({ type: 'feature', id: `${id}:${feature.name}`, parent: id, feature }),
        );
      case 'services':
        return this.#result.services
          .filter(({ projectUri }) => projectUri === node.projectUri)
          .map((service) => this.keep({ type: 'service', id: `${id}/${service.name}`, parent: id, service }));
      case 'service': {
        const { projectUri, features, usedBy } = node.service;
        return [
          ...usedBy.map((user, at) =>
            this.keep({ type: 'user', id: `${id}/user${at}`, parent: id, projectUri, user } as const),
          ),
          ...features.map((name) =>
            this.keep({ type: 'entry', id: `${id}/${name}`, parent: id, projectUri, name } as const),
          ),
        ];
      }
      case 'feature':
      case 'entry':
      case 'user':
        return [];
    }
  }

  protected override text(node: FeatureNode): ItemText {
    switch (node.type) {
      case 'project': {
        const { uri } = node.project;
        const views = this.#result.views.filter(({ projectUri }) => projectUri === uri);
        return projectFeaturesItem(node.project, views.length);
      }
      case 'entity':
        return entityItem(node.entity, this.#viewsOf(node.entity).length);
      case 'view':
        return viewItem(node.id, node.view, Date.now());
      case 'feature':
        return featureItemText(node.id, node.feature);
      case 'services':
        return servicesItem(node.id, node.count);
      case 'service':
        return serviceItemText(node.id, node.service);
      case 'entry':
        return entryItem(node.id, node.name);
      case 'user':
        return userItem(node.id, node.user);
    }
  }

  override getParent(node: FeatureNode): FeatureNode | undefined {
    if ('parent' in node && node.parent !== undefined) return this.node(node.parent);
    const projectUri =
      node.type === 'entity'
        ? node.entity.projectUri
        : node.type === 'view'
          ? node.view.projectUri
          : node.type === 'services'
            ? node.projectUri
            : undefined;
    const project = projectUri === undefined ? undefined : this.node(`project:${projectUri}`);
    return project !== undefined && this.roots().includes(project) ? project : undefined;
  }
}

export function registerFeaturesView(context: Context): FeaturesTree {
  const { extension, state } = context;
  const tree = new FeaturesTree(context);
  const view = vscode.window.createTreeView('modelyard.features', {
    treeDataProvider: tree,
    showCollapseAll: true,
  });
  extension.subscriptions.push(
    view,
    keepAges(tree, view),
    state.onDidChangeFeatures(() => void tree.reload()),
  );
  return tree;
}
