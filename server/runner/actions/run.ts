/** The action `run`: shell commands in order, until one fails. */
import type { ActionContext, ActionOutcome } from './action.js';

export async function runAction(context: ActionContext): Promise<ActionOutcome> {
  const { commands } = context.task;
  for (const [index, command] of commands.entries()) {
    if (context.signal.aborted) return { ok: false };
    const result = await context.command(command);
    const exit = {
      ...(result.exitCode === undefined ? {} : { exitCode: result.exitCode }),
      ...(result.signal === undefined ? {} : { signal: result.signal }),
    };
    if (result.error === undefined && result.exitCode === 0) continue;
    const which = commands.length === 1 ? '' : ` of command ${index + 1} of ${commands.length}`;
    return { ok: false, error: explain(result, which), ...exit };
  }
  return { ok: true, exitCode: 0 };
}

function explain(
  result: { readonly exitCode?: number; readonly signal?: string; readonly error?: string },
  which: string,
): string {
  if (result.error !== undefined) return `it could not be started${which}: ${result.error}`;
  if (result.signal !== undefined) {
    const hint = result.signal === 'SIGKILL' ? ' (the system does that when memory runs out)' : '';
    return `ended by ${result.signal}${which}${hint}`;
  }
  switch (result.exitCode) {
    case 126:
      return `exit code 126${which}: the command is not executable`;
    case 127:
      return `exit code 127${which}: the command was not found; is it installed, and in the PATH?`;
    default:
      return `exit code ${result.exitCode ?? 'unknown'}${which}`;
  }
}
