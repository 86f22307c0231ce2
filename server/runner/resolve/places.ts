/** Environments and targets by their names, and what to do when there is none. */
import { defined } from '../../base/defined.js';
import type { Environment, ProjectSettings } from '../../definition/definition.js';
import { didYouMean, similar } from '../../definition/names/names.js';

/** Where deployments may go, as `modelyard.yaml` has it. */
export type Places = Pick<ProjectSettings, 'environments' | 'targets'>;

/** What a run takes from `modelyard.yaml`. */
export type RunSettings = Places &
  Pick<ProjectSettings, 'shell' | 'python' | 'tracking' | 'secrets' | 'local' | 'executors' | 'executor'>;

/** What a run takes from `modelyard.yaml`, and no more: they are kept with each pipeline. */
export function runSettings(settings: RunSettings): RunSettings {
  const { environments, targets, shell, python, tracking, secrets } = settings;
  const { local, executors, executor } = settings;
  return {
    environments,
    targets,
    secrets,
    local,
    executors,
    ...defined({ shell, python, tracking, executor }),
  };
}

/** The environment of that name, or why there is none. */
export function findEnvironment(
  name: string,
  { environments }: Places,
):
  | { readonly ok: true; readonly environment: Environment }
  | { readonly ok: false; readonly message: string } {
  const environment = environments.find((one) => one.name === name);
  if (environment !== undefined) return { ok: true, environment };
  const names = environments.map((one) => one.name);
  const known =
    names.length === 0
      ? `name it in modelyard.yaml: environments: { ${name}: {} }`
      : `modelyard.yaml has ${names.join(', ')}.${didYouMean(similar(name, names))}`;
  return { ok: false, message: `there is no environment "${name}": ${known}` };
}

/** The platform of an environment, or of the target that is asked for. */
export function findTarget(
  name: string,
  { targets }: Places,
):
  | { readonly ok: true; readonly target: { readonly name: string; readonly type: string } }
  | { readonly ok: false; readonly message: string } {
  const target = targets.find((one) => one.name === name);
  if (target !== undefined) return { ok: true, target };
  if (name === 'local') return { ok: true, target: { name, type: 'local' } };
  const names = [...new Set(['local', ...targets.map((one) => one.name)])];
  return { ok: false, message: `there is no target "${name}"; there are: ${names.join(', ')}` };
}
