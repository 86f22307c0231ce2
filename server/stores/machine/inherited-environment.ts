/** What processes that we start see of the environment that we were started in. */

/** Variables that tools put into the environment of what they start, and that would change how a program behaves. */
const NOT_INHERITED =
  /^(MODELYARD_|VSCODE_|ELECTRON_|npm_)|^(NODE_OPTIONS|NODE_V8_COVERAGE|NODE_TEST_CONTEXT|NODE_CHANNEL_FD|NODE_CHANNEL_SERIALIZATION_MODE|INIT_CWD|OLDPWD|_)$/;

/** Names of variables that a run gave to its task: what runs another pipeline there must not hand them on. */
export const OWN_VARIABLES = 'MODELYARD_OWN_VARIABLES';

/** The environment without traces of the tools in between and without secrets that have to be asked for. */
export function inheritedEnvironment(
  env: NodeJS.ProcessEnv,
  secrets: ReadonlySet<string>,
): Record<string, string> {
  const clean: Record<string, string> = {};
  const own = new Set(env[OWN_VARIABLES]?.split(','));
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !NOT_INHERITED.test(name) && !secrets.has(name) && !own.has(name))
      clean[name] = value;
  }
  return clean;
}
