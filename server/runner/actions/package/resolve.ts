/** A `package` task with every expression replaced by its value, and the files that go in. */
import { defined } from '../../../base/defined.js';
import type { EnvEntry, PackageAction, TemplateText } from '../../../definition/definition.js';
import { checkServingName } from '../../../definition/names/package-names.js';
import { checkModelName } from '../../../definition/names/registry-names.js';
import type { PackageSource } from '../../../stores/packages/archive.js';
import type { PackageSettings } from '../../../stores/packages/types.js';
import type { FingerprintPart } from '../../../stores/runs/document.js';
import { selectFiles } from './files.js';
import type { Texts } from '../../resolve/texts.js';
import type { Workspace } from '../../resolve/workspace.js';

export interface Packaging {
  readonly settings: PackageSettings;
  readonly files: readonly PackageSource[];
}

export function resolvePackage(
  action: PackageAction,
  texts: Texts,
  parts: FingerprintPart[],
  workspace: Workspace,
): Packaging {
  const name = texts.kept(action.name).trim();
  const named = checkServingName(name, 'package');
  if (!named.ok) texts.fail(named.message, action.name.span);
  const requirements = action.requirements === undefined ? undefined : texts.kept(action.requirements).trim();
  const list = (items: readonly TemplateText[]): string[] => items.map((item) => texts.kept(item).trim());
  const selected = selectFiles(workspace, {
    include: list(action.include),
    exclude: list(action.exclude),
    always: requirements === undefined ? [] : [requirements],
    allowSecretFiles: list(action.allowSecretFiles),
  });
  if (!selected.ok) texts.fail(`package: ${selected.message}`, action.include[0]?.span ?? action.name.span);
  const settings = settingsOf(action, name, requirements, texts);
  for (const [key, value] of Object.entries(settings)) {
    parts.push({
      kind: 'package',
      name: key,
      value: typeof value === 'string' ? value : JSON.stringify(value),
    });
  }
  return { settings, files: selected.files };
}

function settingsOf(
  action: PackageAction,
  name: string,
  requirements: string | undefined,
  texts: Texts,
): PackageSettings {
  const entrypoint = action.entrypoint
    .map((line) => texts.command(line).trim())
    .filter((line) => line !== '');
  if (entrypoint.length === 0) {
    texts.fail(
      'entrypoint: say which command starts the app',
      action.entrypoint[0]?.span ?? action.name.span,
    );
  }
  const { signature, python } = action;
  const model = action.model === undefined ? undefined : texts.kept(action.model).trim();
  const checked = model === undefined ? undefined : checkModelName(model);
  if (checked?.ok === false) texts.fail(checked.message, action.model?.span ?? action.name.span);
  const optional = (text: TemplateText | undefined): string | undefined =>
    text === undefined ? undefined : texts.kept(text).trim();
  const [live, ready] = [healthPath(action.health.live, texts), healthPath(action.health.ready, texts)];
  const description = optional(action.description);
  const featureService = optional(action.featureService);
  const port = action.port === undefined ? undefined : portOf(action.port, texts);
  return {
    name,
    ...defined({ description }),
    entrypoint: entrypoint.join(' && '),
    setup: action.setup.map((line) => texts.command(line).trim()),
    ...defined({ port }),
    health: defined({ live, ready }),
    env: envOf(action.env, texts),
    secrets: [...new Set(action.secrets.map(({ value }) => value))],
    ...defined({ model, signature, featureService, python, requirements }),
  };
}

/** Variables that are written down where everybody can read them: no secrets. */
export function envOf(entries: readonly EnvEntry[], texts: Texts): Record<string, string> {
  return Object.fromEntries(entries.map(({ name, value }) => [name, texts.kept(value)]));
}

function healthPath(text: TemplateText | undefined, texts: Texts): string | undefined {
  if (text === undefined) return undefined;
  const given = texts.kept(text).trim();
  if (/^\/[^\s#]*$/.test(given)) return given;
  return texts.fail(`health: "${given}" is no path: write /health`, text.span);
}

export function portOf(text: TemplateText, texts: Texts): number {
  const given = texts.kept(text).trim();
  const port = /^\d{1,5}$/.test(given) ? Number(given) : 0;
  if (port >= 1 && port <= 65_535) return port;
  return texts.fail(`port: "${given}" is no port: a number from 1 to 65535`, text.span);
}
