/**
 * Order that follows from names: what deploys a package waits for the task that makes it, a service for the `deploy` to
 * its environment, a monitor for its service. Where files, expressions or `needs` say the opposite, they win.
 */
import type { Span } from '../syntax/tree.js';
import { chainsIn } from './chains.js';
import type { Task, TemplateText } from './definition.js';
import { materializedViews } from './materialized-views.js';
import { renderTemplate } from './evaluate.js';
import type { Edge, Instance, NameReason } from './graph-types.js';
import { parsePackageReference } from './package-names.js';
import { parseModelReference } from './registry-names.js';
import type { StaticScopes } from './static-scope.js';

export interface NamedEdge {
  readonly from: string;
  readonly to: string;
  readonly reason: NameReason;
}

const SERVING: ReadonlySet<string> = new Set(['deploy', 'service', 'monitor', 'approval', 'training-set']);

/** With more of them than any pipeline has, nothing is said: looking at all pairs would take too long. */
const MAX_TASKS = 500;

function namesPackages(task: Task): boolean {
  return task.expressions.some(({ part }) => part.source.includes('packages'));
}

/** What one task gives to others by its name; what can't be known here is absent. */
interface Named {
  readonly instance: Instance;
  readonly name?: string;
  readonly environment?: string;
  /** Of a register task; absent where one of them can't be known. */
  readonly aliases?: readonly string[];
}

/** @param edges those that follow from files, expressions and `needs` */
export function namedEdges(
  instances: readonly Instance[],
  edges: readonly Edge[],
  scopes: StaticScopes,
): readonly NamedEdge[] {
  if (!instances.some(({ task }) => SERVING.has(task.action?.kind ?? '') || namesPackages(task))) return [];
  return new NamedEdges(instances, edges, scopes).find();
}

class NamedEdges {
  readonly #instances: readonly Instance[];
  readonly #scopes: StaticScopes;
  readonly #next = new Map<string, string[]>();
  readonly #before = new Map<string, Set<string>>();
  readonly #found: NamedEdge[] = [];
  readonly #packages: Named[] = [];
  readonly #models: Named[] = [];
  readonly #deploys: Named[] = [];
  readonly #services: Named[] = [];
  /** One for each view that a task materializes. */
  readonly #views: Named[] = [];

  constructor(instances: readonly Instance[], edges: readonly Edge[], scopes: StaticScopes) {
    this.#instances = instances;
    this.#scopes = scopes;
    for (const { from, to } of edges) this.#link(from, to);
    for (const instance of instances) this.#gather(instance);
  }

  find(): readonly NamedEdge[] {
    const all = [this.#packages, this.#models, this.#deploys, this.#services, this.#views].flat();
    if (all.length > MAX_TASKS) return [];
    for (const instance of this.#instances) this.#look(instance);
    return this.#found;
  }

  #link(from: string, to: string): void {
    const next = this.#next.get(from);
    if (next === undefined) this.#next.set(from, [to]);
    else next.push(to);
    const before = this.#before.get(to);
    if (before === undefined) this.#before.set(to, new Set([from]));
    else before.add(from);
  }

  #gather(instance: Instance): void {
    const { action } = instance.task;
    switch (action?.kind) {
      case 'package':
        this.#packages.push({ instance, ...this.#known('name', instance, action.name) });
        return;
      case 'register': {
        const aliases = action.aliases.map((alias) => this.#text(instance, alias));
        this.#models.push({
          instance,
          ...this.#known('name', instance, action.model),
          ...(aliases.every((alias) => alias !== undefined) ? { aliases } : {}),
        });
        return;
      }
      case 'deploy':
        this.#deploys.push({ instance, ...this.#known('environment', instance, action.environment) });
        return;
      case 'service':
        this.#services.push({
          instance,
          ...this.#known('name', instance, action.name),
          ...this.#known('environment', instance, action.environment),
        });
        return;
      case 'materialize':
        for (const view of materializedViews(action)) {
          this.#views.push({ instance, ...(view === undefined ? {} : { name: view }) });
        }
        return;
      default:
    }
  }

  #text(instance: Instance, text: TemplateText | undefined): string | undefined {
    if (text === undefined) return undefined;
    const result = renderTemplate(text, this.#scopes.of(instance.task, instance.matrix), 'plain');
    return result.kind === 'value' && result.value.trim() !== '' ? result.value.trim() : undefined;
  }

  #known<K extends 'name' | 'environment'>(
    key: K,
    instance: Instance,
    text: TemplateText | undefined,
  ): Partial<Record<K, string>> {
    const value = this.#text(instance, text);
    return value === undefined ? {} : ({ [key]: value } as Record<K, string>);
  }

  #look(instance: Instance): void {
    const { action } = instance.task;
    if (namesPackages(instance.task)) this.#afterNamedPackages(instance);
    switch (action?.kind) {
      case 'deploy':
        this.#afterPackage(instance, action.package);
        if (action.model !== undefined) this.#afterModel(instance, action.model);
        return;
      case 'approval':
        for (const text of action.metrics) this.#afterMetrics(instance, text);
        if (action.compare !== undefined) this.#afterModel(instance, action.compare.model);
        return;
      case 'service':
        this.#afterDeploy(instance, action.environment);
        return;
      case 'monitor':
        this.#afterService(instance, action.service, action.environment);
        return;
      case 'training-set':
        this.#afterViews(instance, action.features, action.service);
        return;
      default:
    }
  }

  #afterPackage(instance: Instance, text: TemplateText): void {
    const given = this.#text(instance, text);
    const parsed = given === undefined ? undefined : parsePackageReference(given);
    if (parsed?.ok !== true || parsed.reference.version !== undefined) return;
    const { name } = parsed.reference;
    const makers = this.#packages.filter((one) => one.name === name);
    this.#add(makers, instance, 'package', name, text.span);
  }

  /** `packages.rain-app`: the newest one is that which a task of this run makes. A number is there already. */
  #afterNamedPackages(instance: Instance): void {
    for (const { part } of instance.task.expressions) {
      for (const { context, steps } of chainsIn(part.expression)) {
        const [first, second] = steps;
        if (context !== 'packages' || first?.name === undefined || second?.selector === true) continue;
        const { name, span } = first;
        const makers = this.#packages.filter((one) => one.name === name);
        this.#add(makers, instance, 'package', name, span);
      }
    }
  }

  /** `train.accuracy` or `train`: of the task of that name. */
  #afterMetrics(instance: Instance, text: TemplateText): void {
    const name = this.#text(instance, text)?.split('.')[0];
    if (name === undefined) return;
    const tasks = this.#instances.filter(({ task }) => task.name === name);
    this.#add(
      tasks.map((one) => ({ instance: one })),
      instance,
      'metrics',
      name,
      text.span,
    );
  }

  /** A version that is named by its number is there already. */
  #afterModel(instance: Instance, text: TemplateText): void {
    const given = this.#text(instance, text);
    const parsed = given === undefined ? undefined : parseModelReference(given);
    if (parsed?.ok !== true || parsed.reference.selector.kind === 'version') return;
    const { name, selector } = parsed.reference;
    const makers = this.#models.filter(
      (one) =>
        one.name === name &&
        (selector.kind === 'latest' || one.aliases === undefined || one.aliases.includes(selector.alias)),
    );
    this.#add(makers, instance, 'model', name, text.span);
  }

  /** Without an environment a service follows the `deploy` that it waits for anyway, or the only one there is. */
  #afterDeploy(instance: Instance, text: TemplateText | undefined): void {
    if (text === undefined) {
      const tasks = new Set(this.#deploys.map((one) => one.instance.task.name));
      if (tasks.size !== 1) return;
      this.#add(this.#deploys, instance, 'environment', [...tasks][0] ?? '', instance.task.nameSpan);
      return;
    }
    const environment = this.#text(instance, text);
    if (environment === undefined) return;
    const deploys = this.#deploys.filter((one) => one.environment === environment);
    this.#add(deploys, instance, 'environment', environment, text.span);
  }

  #afterService(instance: Instance, text: TemplateText, where: TemplateText | undefined): void {
    const name = this.#text(instance, text);
    if (name === undefined) return;
    const environment = this.#text(instance, where);
    const services = this.#services.filter(
      (one) =>
        one.name === name &&
        (environment === undefined || one.environment === undefined || one.environment === environment),
    );
    this.#add(services, instance, 'service', name, text.span);
  }

  /** Which views a service consists of is written elsewhere: it may be any. */
  #afterViews(
    instance: Instance,
    features: readonly TemplateText[],
    service: TemplateText | undefined,
  ): void {
    for (const text of features) {
      const view = this.#text(instance, text)?.split(':')[0];
      const makers = this.#views.filter(
        ({ name }) => name === undefined || view === undefined || name === view,
      );
      for (const maker of makers) this.#add([maker], instance, 'view', maker.name ?? view ?? '', text.span);
    }
    if (service === undefined) return;
    for (const maker of this.#views) {
      this.#add([maker], instance, 'view', maker.name ?? this.#text(instance, service) ?? '', service.span);
    }
  }

  /** Those that come later anyway are not meant; and when some of them are waited for by other means, those alone are. */
  #add(
    makers: readonly Named[],
    instance: Instance,
    what: NameReason['what'],
    name: string,
    span: Span,
  ): void {
    if (makers.length === 0) return;
    const before = this.#before.get(instance.id);
    const waited = makers.filter((one) => before?.has(one.instance.id) === true);
    if (waited.length > 0 && waited.length < makers.length) return;
    const later = waited.length > 0 ? undefined : this.#reachable(instance.id);
    for (const { instance: maker } of makers) {
      if (maker === instance || later?.has(maker.id) === true) continue;
      this.#found.push({ from: maker.id, to: instance.id, reason: { kind: 'name', what, name, span } });
      if (before?.has(maker.id) !== true) this.#link(maker.id, instance.id);
    }
  }

  /** What waits for an instance, over any number of steps. */
  #reachable(id: string): ReadonlySet<string> {
    const reached = new Set<string>();
    const open = [id];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (const next of this.#next.get(at) ?? []) {
        if (reached.has(next)) continue;
        reached.add(next);
        open.push(next);
      }
    }
    return reached;
  }
}
