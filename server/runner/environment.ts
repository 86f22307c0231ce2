/** The environment that tasks see, and where a run happens. */
import os from 'node:os';
import { defined } from '../base/defined.js';
import type { RunHeader } from '../stores/runs/document.js';
import { ownIdentity } from '../stores/machine/liveness.js';

export { inheritedEnvironment } from '../stores/machine/inherited-environment.js';

/** Who runs it, on which machine. */
export function whereabouts(
  env: NodeJS.ProcessEnv,
): Pick<RunHeader, 'user' | 'host' | 'place' | 'machine' | 'trigger' | 'pid' | 'processStart'> {
  const own = ownIdentity();
  return {
    user: env['USER'] ?? env['USERNAME'] ?? userName(),
    host: os.hostname(),
    ...defined({ place: own.place }),
    machine: {
      os: process.platform,
      arch: process.arch,
      cpus: os.availableParallelism(),
      memoryBytes: os.totalmem(),
    },
    trigger: triggerOf(env),
    pid: process.pid,
    ...defined({ processStart: own.processStart }),
  };
}

function userName(): string {
  try {
    return os.userInfo().username;
  } catch {
    // A user id without an entry in the password file, as containers have it.
    return String(process.getuid?.() ?? 'unknown');
  }
}

/** The editor says so itself; CI systems all set `CI`. */
function triggerOf(env: NodeJS.ProcessEnv): RunHeader['trigger'] {
  if (env['MODELYARD_TRIGGER'] === 'editor') return 'editor';
  const ci = env['CI'] ?? '';
  return ci !== '' && ci !== 'false' && ci !== '0' ? 'ci' : 'terminal';
}
