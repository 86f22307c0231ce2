/**
 * Order that follows from names: what deploys a package waits for the task that makes it, a service for the `deploy` to
 * its environment, a monitor for its service. Where files, expressions or `needs` say the opposite, they win.
 */
import type { Span } from '../../syntax/tree.js';
import { type Gift, factsOf, listed } from '../actions.js';
import { chainsIn } from '../expressions/chains.js';
import type { Task, TemplateText } from '../definition.js';
import { renderTemplate } from '../expressions/evaluate.js';
import type { Edge, Instance, NameReason } from './types.js';
import { parsePackageReference } from '../names/package-names.js';
import { parseModelReference } from '../names/registry-names.js';
import type { StaticScopes } from '../expressions/static-scope.js';

export interface NamedEdge {
  readonly from: string;
  readonly to: string;
  readonly reason: NameReason;
}

/** With more of them than any pipeline has, nothing is said: looking at all pairs would take too long. */
const MAX_TASKS = 500;

function waits({ action }: Task): boolean {
  return action !== undefined && factsOf(action).waits !== undefined;
}

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
  if (!instances.some(({ task }) => waits(task) || namesPackages(task))) return [];
  return new NamedEdges(instances, edges, scopes).find();
}

class NamedEdges {
  readonly #instances: readonly Instance[];
  readonly #scopes: StaticScopes;
  readonly #next = new Map<string, string[]>();
  readonly #before = new Map<string, Set<string>>();
  readonly #found: NamedEdge[] = [];
  readonly #given: Readonly<Record<Gift['what'], Named[]>> = {
    package: [],
    model: [],
    environment: [],
    service: [],
    view: [],
  };

  constructor(instances: readonly Instance[], edges: readonly Edge[], scopes: StaticScopes) {
    this.#instances = instances;
    this.#scopes = scopes;
    for (const { from, to } of edges) this.#link(from, to);
    for (const instance of instances) this.#gather(instance);
  }

  find(): readonly NamedEdge[] {
    if (Object.values(this.#given).flat().length > MAX_TASKS) return [];
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
    for (const { what, name, environment, aliases } of listed(instance.task.action, 'gives')) {
      // A view that an expression names may be any.
      if (what === 'view' && name?.text === '') continue;
      const known = aliases?.map((alias) => this.#text(instance, alias)) ?? [undefined];
      this.#given[what].push({
        instance,
        ...(what === 'view' && name?.template !== undefined ? {} : this.#known('name', instance, name)),
        ...this.#known('environment', instance, environment),
        ...(known.every((alias) => alias !== undefined) ? { aliases: known } : {}),
      });
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
    if (namesPackages(instance.task)) this.#afterNamedPackages(instance);
    for (const wait of listed(instance.task.action, 'waits')) {
      switch (wait.for) {
        case 'package':
          this.#afterPackage(instance, wait.text);
          break;
        case 'model':
          this.#afterModel(instance, wait.text);
          break;
        case 'metrics':
          this.#afterMetrics(instance, wait.text);
          break;
        case 'environment':
          this.#afterDeploy(instance, wait.text);
          break;
        case 'service':
          this.#afterService(instance, wait.text, wait.environment);
          break;
        case 'views':
          this.#afterViews(instance, wait.features, wait.service);
      }
    }
  }

  #afterPackage(instance: Instance, text: TemplateText): void {
    const given = this.#text(instance, text);
    const parsed = given === undefined ? undefined : parsePackageReference(given);
    if (parsed?.ok !== true || parsed.reference.version !== undefined) return;
    const { name } = parsed.reference;
    const makers = this.#given.package.filter((one) => one.name === name);
    this.#add(makers, instance, 'package', name, text.span);
  }

  /** `packages.rain-app`: the newest one is that which a task of this run makes. A number is there already. */
  #afterNamedPackages(instance: Instance): void {
    for (const { part } of instance.task.expressions) {
      for (const { context, steps } of chainsIn(part.expression)) {
        const [first, second] = steps;
        if (context !== 'packages' || first?.name === undefined || second?.selector === true) continue;
        const { name, span } = first;
        const makers = this.#given.package.filter((one) => one.name === name);
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
    const makers = this.#given.model.filter(
      (one) =>
        one.name === name &&
        (selector.kind === 'latest' || one.aliases === undefined || one.aliases.includes(selector.alias)),
    );
    this.#add(makers, instance, 'model', name, text.span);
  }

  /** Without an environment a service follows the `deploy` that it waits for anyway, or the only one there is. */
  #afterDeploy(instance: Instance, text: TemplateText | undefined): void {
    if (text === undefined) {
      const tasks = new Set(this.#given.environment.map((one) => one.instance.task.name));
      if (tasks.size !== 1) return;
      this.#add(
        this.#given.environment,
        instance,
        'environment',
        [...tasks][0] ?? '',
        instance.task.nameSpan,
      );
      return;
    }
    const environment = this.#text(instance, text);
    if (environment === undefined) return;
    const deploys = this.#given.environment.filter((one) => one.environment === environment);
    this.#add(deploys, instance, 'environment', environment, text.span);
  }

  #afterService(instance: Instance, text: TemplateText, where: TemplateText | undefined): void {
    const name = this.#text(instance, text);
    if (name === undefined) return;
    const environment = this.#text(instance, where);
    const services = this.#given.service.filter(
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
      const makers = this.#given.view.filter(
        ({ name }) => name === undefined || view === undefined || name === view,
      );
      for (const maker of makers) this.#add([maker], instance, 'view', maker.name ?? view ?? '', text.span);
    }
    if (service === undefined) return;
    for (const maker of this.#given.view) {
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
