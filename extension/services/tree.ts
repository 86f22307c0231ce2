/** The Services tree: environments, what runs in them, which release serves, how it does, what fires. */
import { setContext } from '../contributed.js';
import * as vscode from 'vscode';
import { plural } from '../../server/base/format.js';
import type {
  EnvironmentItem,
  ProjectSummary,
  ReleaseItem,
  ServiceHistoryEntry,
  ServiceItem,
  ServiceRef,
  ServicesResult,
} from '../../server/protocol/index.js';
import type { Context } from '../context.js';
import type { ItemText } from '../parts/item-text.js';
import { projectItem } from '../pipelines/rows.js';
import { releaseItemText } from './releases.js';
import {
  alertItemText,
  releasesItem,
  restingRules,
  serviceRowItem,
  serviceRowKey,
  serviceRows,
  type ServiceRow,
} from './detail-rows.js';
import {
  environmentItemText,
  environmentKey,
  firingAlerts,
  serviceItemText,
  serviceKey,
  serviceProblemItem,
} from './rows.js';
import { LiveTree, keepAges, revealNode } from '../parts/live-tree.js';

/** What happened last; all of it is a command away. */
const EVENTS = 20;

/** A node of a service is a `ServiceRef`, so that commands take it as it is. */
export type ServiceNode =
  | { readonly type: 'project'; readonly id: string; project: ProjectSummary; count: number }
  | { readonly type: 'environment'; readonly id: string; of: EnvironmentItem }
  | (ServiceRef & { readonly type: 'service'; readonly id: string; service: ServiceItem })
  | (ServiceRef & {
      readonly type: 'row';
      readonly id: string;
      readonly parent: string;
      service: ServiceItem;
      row: ServiceRow;
    })
  | { readonly type: 'releases'; readonly id: string; of: EnvironmentItem }
  | {
      readonly type: 'idle';
      readonly id: string;
      readonly parent: string;
      readonly projectUri: string;
      readonly environment: string;
      release: ReleaseItem;
    }
  | { readonly type: 'problem'; readonly id: string; problem: ServicesResult['problems'][number] };

export class ServicesTree extends LiveTree<ServiceNode> {
  readonly #context: Context;
  readonly #loaded = new vscode.EventEmitter<void>();
  readonly #histories = new Map<string, readonly ServiceHistoryEntry[]>();
  #result: ServicesResult = { environments: [], problems: [] };

  /** What there is was asked for again. */
  readonly onDidLoad = this.#loaded.event;

  constructor(context: Context) {
    super();
    this.#context = context;
  }

  get environments(): readonly EnvironmentItem[] {
    return this.#result.environments;
  }

  get services(): readonly ServiceItem[] {
    return this.environments.flatMap(({ services }) => services);
  }

  protected override async load(): Promise<boolean> {
    const result = await this.#context.client.ask('modelyard/services', {});
    if (!result) return false;
    this.#result = result;
    const keys = new Map(this.services.map((service) => [serviceKey(service), service]));
    for (const key of [...this.#histories.keys()]) {
      const service = keys.get(key);
      if (service === undefined) this.#histories.delete(key);
      else await this.#loadHistory(service);
    }
    const { environments } = result;
    setContext('hasServices', environments.length > 0);
    setContext(
      'hasCanary',
      this.services.some(({ candidate }) => candidate !== undefined),
    );
    this.#loaded.fire();
    return true;
  }

  async #loadHistory(service: ServiceRef): Promise<readonly ServiceHistoryEntry[]> {
    const { projectUri, environment, name } = service;
    const params = { projectUri, environment, name, limit: EVENTS };
    const answer = await this.#context.client.ask('modelyard/serviceHistory', params);
    const key = serviceKey(service);
    if (answer?.ok === true) this.#histories.set(key, answer.entries);
    return this.#histories.get(key) ?? [];
  }

  #projects(): readonly { readonly project: ProjectSummary; readonly count: number }[] {
    return this.#context.state.projects.flatMap((project) => {
      const mine = this.environments.filter(({ projectUri }) => projectUri === project.uri);
      const count = mine.reduce((sum, { services }) => sum + services.length, 0);
      return mine.length === 0 ? [] : [{ project, count }];
    });
  }

  protected override roots(): readonly ServiceNode[] {
    const problems = this.#result.problems.map((problem) =>
      this.keep({ type: 'problem', id: serviceProblemItem(problem).id, problem }),
    );
    const projects = this.#projects();
    if (projects.length <= 1) return [...this.environments.map((of) => this.#environment(of)), ...problems];
    return [
      ...projects.map((one) => this.keep({ type: 'project', id: `project:${one.project.uri}`, ...one })),
      ...problems,
    ];
  }

  #environment(of: EnvironmentItem): ServiceNode {
    return this.keep({ type: 'environment', id: environmentKey(of), of });
  }

  #service(service: ServiceItem): ServiceNode {
    const { projectUri, environment, name } = service;
    return this.keep({ type: 'service', id: serviceKey(service), projectUri, environment, name, service });
  }

  #rows(parent: string, service: ServiceItem, rows: readonly ServiceRow[]): readonly ServiceNode[] {
    const { projectUri, environment, name } = service;
    return rows.map((row) =>
      this.keep({
        type: 'row',
        id: serviceRowKey(parent, row),
        parent,
        projectUri,
        environment,
        name,
        service,
        row,
      }),
    );
  }

  #known(node: ServiceNode): readonly ServiceNode[] {
    switch (node.type) {
      case 'project':
        return this.environments
          .filter(({ projectUri }) => projectUri === node.project.uri)
          .map((of) => this.#environment(of));
      case 'environment': {
        const { of } = node;
        const services = of.services.map((service) => this.#service(service));
        if (of.releases.length === 0) return services;
        return [...services, this.keep({ type: 'releases', id: `${node.id}/releases`, of })];
      }
      case 'service':
        return this.#rows(node.id, node.service, serviceRows(node.service));
      case 'releases':
        return node.of.releases.map((release) =>
          this.keep({
            type: 'idle',
            id: `${node.id}/${release.id}`,
            parent: node.id,
            projectUri: node.of.projectUri,
            environment: node.of.environment,
            release,
          }),
        );
      case 'row': {
        const { row, service } = node;
        if (row.type === 'rules')
          return this.#rows(
            node.id,
            service,
            restingRules(service).map((alert) => ({ type: 'alert', alert })),
          );
        return row.type === 'history'
          ? this.#events(node.id, service, this.#histories.get(serviceKey(service)) ?? [])
          : [];
      }
      case 'idle':
      case 'problem':
        return [];
    }
  }

  #events(
    parent: string,
    service: ServiceItem,
    entries: readonly ServiceHistoryEntry[],
  ): readonly ServiceNode[] {
    // Of one moment there may be several: the row's place in it tells them apart, and stays when more comes on top.
    const seen = new Map<string, number>();
    const rows = [...entries].reverse().map((entry): ServiceRow => {
      const index = seen.get(entry.at) ?? 0;
      seen.set(entry.at, index + 1);
      return { type: 'event', index, entry };
    });
    return this.#rows(parent, service, rows.reverse());
  }

  protected override async children(node: ServiceNode): Promise<readonly ServiceNode[]> {
    if (node.type === 'row' && node.row.type === 'history' && !this.#histories.has(serviceKey(node)))
      return this.#events(node.id, node.service, await this.#loadHistory(node));
    return this.#known(node);
  }

  /** The node of a service; `undefined` when it is not there. */
  async find(ref: ServiceRef): Promise<ServiceNode | undefined> {
    await this.getChildren();
    return this.services.some((service) => serviceKey(service) === serviceKey(ref))
      ? this.node(serviceKey(ref))
      : undefined;
  }

  protected override text(node: ServiceNode): ItemText {
    const now = Date.now();
    switch (node.type) {
      case 'project':
        return projectItem(node.project, node.count, 'service');
      case 'environment':
        return environmentItemText(node.of);
      case 'service':
        return serviceItemText(node.service, now);
      case 'row':
        return node.row.type === 'alert'
          ? alertItemText(node.id, node.row.alert, now)
          : serviceRowItem(node.parent, node.service, node.row, now);
      case 'releases':
        return releasesItem(node.id, node.of);
      case 'idle':
        return releaseItemText(node.id, node.release, 'idle', now);
      case 'problem':
        return serviceProblemItem(node.problem);
    }
  }

  override getParent(node: ServiceNode): ServiceNode | undefined {
    switch (node.type) {
      case 'environment': {
        const project = this.node(`project:${node.of.projectUri}`);
        return this.roots().some((root) => root === project) ? project : undefined;
      }
      case 'service':
        return this.node(environmentKey(node));
      case 'releases':
        return this.node(environmentKey(node.of));
      case 'row':
      case 'idle':
        return this.node(node.parent);
      case 'project':
      case 'problem':
        return undefined;
    }
  }
}

export interface ServicesView {
  readonly tree: ServicesTree;
  /** Shows a service in the tree; answers whether it is there. */
  reveal(ref: ServiceRef): Promise<boolean>;
}

export function registerServicesView(context: Context): ServicesView {
  const { extension, state } = context;
  const tree = new ServicesTree(context);
  const view = vscode.window.createTreeView('modelyard.services', {
    treeDataProvider: tree,
    showCollapseAll: true,
  });
  extension.subscriptions.push(
    view,
    keepAges(tree, view),
    state.onDidChangeServices(() => void tree.reload()),
    // Projects get their names when the pipelines are known.
    state.onDidChangePipelines(() => void tree.draw()),
    tree.onDidLoad(() => {
      const count = tree.services.reduce((sum, service) => sum + firingAlerts(service).length, 0);
      view.badge =
        count === 0 ? undefined : { value: count, tooltip: `${plural(count, 'alert')} of services` };
    }),
  );
  return {
    tree,
    reveal: async (ref) => revealNode(view, await tree.find(ref)),
  };
}
