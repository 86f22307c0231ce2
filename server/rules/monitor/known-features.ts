/** The features that the requests of a service have, as far as its package and its model tell. */
import { catalogOf, featuresOf } from '../../definition/known/feature-catalog.js';
import type { DeployAction, MonitorAction, PackageAction } from '../../definition/definition.js';
import { usableModel, versionOf } from '../../definition/known/models.js';
import { parseModelReference } from '../../definition/names/registry-names.js';
import { deploysOf, literal, packagesOf, servicesOf } from '../shared/releases.js';
import type { RuleContext } from '../rule.js';

/** `undefined` where they can't be told. */
export function knownFeatures(
  context: Pick<RuleContext, 'project'>,
  monitor: MonitorAction,
): ReadonlySet<string> | undefined {
  const services = servicesOf(context, monitor);
  if (services === undefined) return undefined;
  const names = new Set<string>();
  for (const { definition, action } of services) {
    const deploys = action.release === undefined ? deploysOf(definition, action) : undefined;
    if (deploys === undefined) return undefined;
    const packages = packagesOf(context, deploys);
    const found = [
      ...(packages ?? []).flatMap((one) => ofPackage(context, one.action)),
      ...deploys.flatMap((deploy) => ofModel(context, deploy)),
    ];
    // One service of which nothing is known, and nothing is known of all.
    if (found.length === 0) return undefined;
    for (const name of found) names.add(name);
  }
  return names;
}

function ofPackage({ project }: Pick<RuleContext, 'project'>, action: PackageAction): string[] {
  const declared = (action.signature?.inputs ?? []).map(({ name }) => name);
  const service = literal(action.featureService);
  if (service === undefined) return declared;
  const catalog = catalogOf(project.features());
  const references = catalog.services.get(service)?.[0]?.item.features ?? [];
  return [
    ...declared,
    ...references.flatMap((reference) => featuresOf(catalog, reference).map(({ feature }) => feature)),
  ];
}

function ofModel({ project }: Pick<RuleContext, 'project'>, deploy: DeployAction): string[] {
  const parsed = parseModelReference(literal(deploy.model) ?? '');
  if (!parsed.ok) return [];
  const { name, selector } = parsed.reference;
  const model = usableModel(project.models, name);
  const number = model === undefined ? undefined : versionOf(model, selector);
  const version = number === undefined ? undefined : project.models?.version(name, number);
  return (version?.signature?.inputs ?? []).map((field) => field.name);
}
