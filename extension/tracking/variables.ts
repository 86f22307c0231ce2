/** Where MLflow clients in terminals and notebooks of a project log: here, unless its authors say otherwise. */
import type { ProjectSummary } from '../../server/protocol/index.js';

const URI = 'MLFLOW_TRACKING_URI';
/** Variables that runs of pipelines don't take for their author's: `server/stores/machine/inherited-environment.ts`. */
const OURS = 'MODELYARD_OWN_VARIABLES';

export type Place =
  | { readonly kind: 'here' }
  | { readonly kind: 'server'; readonly uri: string }
  | { readonly kind: 'none'; readonly why: string };

/**
 * @param given.environment of the editor
 * @param given.terminals what settings add for terminals
 * @param given.dotEnv the text of the project's `.env`, where there is one
 */
export function placeOf(
  { tracking }: Pick<ProjectSummary, 'tracking'>,
  given: {
    readonly environment: Readonly<Record<string, string | undefined>>;
    readonly terminals: Readonly<Record<string, unknown>>;
    readonly dotEnv: string;
  },
): Place {
  const none = (why: string): Place => ({ kind: 'none', why });
  if (tracking === false) return none('`tracking: false` in modelyard.yaml keeps them out');
  if ((given.environment[URI] ?? '') !== '') return none(`${URI} is set in the environment of the editor`);
  if (![undefined, null, ''].includes(given.terminals[URI] as string | null | undefined))
    return none(`the settings of terminals set ${URI}`);
  if (new RegExp(`^[ \\t]*(?:export[ \\t]+)?${URI}[ \\t]*=`, 'm').test(given.dotEnv))
    return none(`.env sets ${URI}`);
  return tracking === undefined ? { kind: 'here' } : { kind: 'server', uri: tracking.uri };
}

/** What clients need to know. @param token absent: none is needed, or the author has it */
export function variablesOf(uri: string, token?: string): Readonly<Record<string, string>> {
  // Clients print where a run could be looked at, and those pages are not here.
  const own = { MLFLOW_TRACKING_TOKEN: token ?? '', MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT: 'true' };
  const all = { [URI]: uri, MLFLOW_REGISTRY_URI: uri, ...(token === undefined ? {} : own) };
  return { ...all, [OURS]: Object.keys(all).join(',') };
}

/** As lines for a shell. */
export function exports(variables: Readonly<Record<string, string>>, platform: NodeJS.Platform): string {
  return Object.entries(variables)
    .filter(([name]) => name !== OURS)
    .map(([name, value]) => (platform === 'win32' ? `$env:${name} = "${value}"` : `export ${name}=${value}`))
    .join('\n');
}
