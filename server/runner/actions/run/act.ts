/** The action `run`: commands in one shell, until one fails. */
import { defined } from '../../../base/defined.js';
import type { Script } from '../plans.js';
import type { Exit } from '../../../base/runs/task-outcome.js';
import type { ActionContext, ActionOutcome } from '../action.js';

export async function runAction(
  context: ActionContext,
  { then = [], ...script }: Script,
): Promise<ActionOutcome> {
  for (const text of [script.text, ...then]) {
    if (context.signal.aborted) return { ok: false };
    const result = await context.script({ ...script, text });
    if (result.error !== undefined || result.ended !== undefined || result.exitCode !== 0)
      return {
        ok: false,
        error: result.ended?.message ?? explain(result),
        ...(result.ended?.by === 'infrastructure' ? { infrastructure: true } : {}),
        ...defined({ exitCode: result.exitCode, signal: result.signal }),
      };
  }
  return { ok: true, exitCode: 0 };
}

function explain(result: Exit): string {
  if (result.error !== undefined) {
    // A command that is too long lies in a file, so that it is the environment.
    const why = result.error.includes('E2BIG')
      ? 'its environment is larger than the system takes. Hand large values over in files'
      : result.error;
    return `it could not be started: ${why}`;
  }
  if (result.signal !== undefined) {
    const hint = result.signal === 'SIGKILL' ? ' (the system does that when memory runs out)' : '';
    return `ended by ${result.signal}${hint}`;
  }
  switch (result.exitCode) {
    case 126:
      return 'exit code 126: the command is not executable';
    case 127:
      return 'exit code 127: the command was not found; is it installed, and in the PATH?';
    default:
      return `exit code ${result.exitCode ?? 'unknown'}`;
  }
}
