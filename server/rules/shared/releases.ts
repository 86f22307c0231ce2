/** What is put together by the tasks of a project: which package and which model a service runs, as far as it is known. */
import type {
  DeployAction,
  MonitorAction,
  PackageAction,
  ServiceAction,
  TemplateText,
} from '../../definition/definition.js';
import type { PipelineDefinition } from '../../definition/read/analyze.js';
import type { RuleContext } from '../rule.js';
import { madeServing } from './serving-names.js';
import type { Maker } from './serving-names.js';

/** A text without expressions. */
export function literal(text: TemplateText | undefined): string | undefined {
  return text === undefined || text.template !== undefined ? undefined : text.text.trim();
}

/** The `deploy` tasks of its own pipeline that a service follows; `undefined` where that can't be told. */
export function deploysOf(
  { pipeline }: PipelineDefinition,
  { environment }: ServiceAction,
): readonly DeployAction[] | undefined {
  const deploys = pipeline.tasks.flatMap(({ action }) => (action?.kind === 'deploy' ? [action] : []));
  if (deploys.some((deploy) => literal(deploy.environment) === undefined)) return undefined;
  if (environment === undefined) return deploys.length === 1 ? deploys : undefined;
  const name = literal(environment);
  const found = deploys.filter((deploy) => literal(deploy.environment) === name);
  return name === undefined || found.length === 0 ? undefined : found;
}

/** The environment that a service runs in. */
export function environmentOf(definition: PipelineDefinition, service: ServiceAction): string | undefined {
  if (service.environment !== undefined) return literal(service.environment);
  return literal(deploysOf(definition, service)?.[0]?.environment);
}

/** The tasks that make the packages that `deploy` tasks put into place; `undefined` where one of them is not known. */
export function packagesOf(
  context: Pick<RuleContext, 'project'>,
  deploys: readonly DeployAction[] | undefined,
): readonly Maker<PackageAction>[] | undefined {
  if (deploys === undefined) return undefined;
  const { packages } = madeServing(context.project.definitions());
  const found = deploys.map((deploy) => {
    const name = literal(deploy.package)?.replace(/@.*$/s, '');
    const makers = name === undefined ? [] : (packages.byName.get(name) ?? []);
    // Another version than the one that is made now may look otherwise.
    const newest = literal(deploy.package) === name;
    return newest && makers.length === 1 ? makers : undefined;
  });
  return found.every((makers) => makers !== undefined) ? found.flat() : undefined;
}

/** The service tasks that a monitor watches; `undefined` where that can't be told. */
export function servicesOf(
  context: Pick<RuleContext, 'project'>,
  monitor: MonitorAction,
): readonly Maker<ServiceAction>[] | undefined {
  const name = literal(monitor.service);
  if (name === undefined) return undefined;
  const { services } = madeServing(context.project.definitions());
  const environment = literal(monitor.environment);
  const found = (services.byName.get(name) ?? []).filter((maker) => {
    const own = environmentOf(maker.definition, maker.action);
    return monitor.environment === undefined || own === undefined || own === environment;
  });
  return found.length === 0 || services.prefixes.length > 0 ? undefined : found;
}
