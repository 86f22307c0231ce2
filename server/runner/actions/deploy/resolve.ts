/** A `deploy` task with every expression replaced by its value. */
import { defined } from '../../../base/defined.js';
import type { DeployAction, Environment, TemplateText } from '../../../definition/definition.js';
import { parsePackageReference } from '../../../definition/names/package-names.js';
import { parseModelReference } from '../../../definition/names/registry-names.js';
import type { PackageStore } from '../../../stores/packages/store.js';
import type { PackageVersion } from '../../../stores/packages/types.js';
import type { FingerprintPart } from '../../../stores/runs/document.js';
import { type Places, findEnvironment, findTarget } from '../../resolve/places.js';
import { envOf } from '../package/resolve.js';
import type { Texts, VersionFacts } from '../../resolve/texts.js';
import type { Versions } from '../../execute/versions.js';

export interface Deployment {
  readonly package: PackageVersion;
  readonly model?: VersionFacts;
  readonly environment: Environment;
  readonly target: { readonly name: string; readonly type: string };
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly keep: number;
  readonly setupTimeoutMs: number;
}

export function resolveDeploy(
  action: DeployAction,
  texts: Texts,
  parts: FingerprintPart[],
  places: Places,
  packages: PackageStore,
  versions: Versions | undefined,
): Deployment {
  const reference = parsePackageReference(texts.kept(action.package).trim());
  if (!reference.ok) texts.fail(reference.message, action.package.span);
  const { name, version } = reference.reference;
  const found = packages.version(name, version ?? versions?.package(name));
  if (!found.ok) texts.fail(`package: ${found.error.message}`, action.package.span);
  const named = findEnvironment(texts.kept(action.environment).trim(), places);
  if (!named.ok) texts.fail(named.message, action.environment.span);
  const { environment } = named;
  const target = findTarget(
    action.target === undefined ? environment.target : texts.kept(action.target).trim(),
    places,
  );
  if (!target.ok) texts.fail(target.message, (action.target ?? action.environment).span);
  const model = action.model === undefined ? undefined : modelOf(action.model, texts);
  const deployment: Deployment = {
    package: found.version,
    ...defined({ model }),
    environment,
    target: target.target,
    env: envOf(action.env, texts),
    secrets: action.secrets.map((secret) => secret.value),
    keep: action.keep,
    setupTimeoutMs: action.setupTimeoutMs,
  };
  const part = (key: string, value: string): void => {
    parts.push({ kind: 'deploy', name: key, value });
  };
  part('package', `${found.version.name}@${found.version.version} ${found.version.hash}`);
  part('environment', environment.name);
  part('target', target.target.name);
  part('env', JSON.stringify({ ...environment.env, ...deployment.env }));
  return deployment;
}

function modelOf(text: TemplateText, texts: Texts): VersionFacts {
  const given = texts.kept(text).trim();
  const parsed = parseModelReference(given);
  if (!parsed.ok) texts.fail(`model: ${parsed.message}`, text.span);
  const version = texts.model(given);
  if (!version.ok) texts.fail(`model: ${version.message}`, text.span);
  return version.version;
}
