/** The action `check`: gates over values and data. Every check is made, so that one run tells all that is wrong. */
import path from 'node:path';
import type { CheckOutcome } from '../../../base/runs/task-outcome.js';
import type { ResolvedCheck } from '../plans.js';
import type { ActionContext, ActionOutcome } from '../action.js';

export async function checkAction(
  context: ActionContext,
  checks: readonly ResolvedCheck[],
): Promise<ActionOutcome> {
  const outcomes: CheckOutcome[] = [];
  for (const check of checks) {
    if (isAborted(context)) return { ok: false };
    if (check.kind === 'outcome') {
      outcomes.push(check.outcome);
      continue;
    }
    try {
      const { checkData } = await import('./data.js');
      const file = path.join(context.root, check.path);
      outcomes.push(...(await checkData(file, check.path, check.check, context.signal)));
    } catch (error) {
      if (isAborted(context)) return { ok: false };
      const detail = `it can't be read: ${error instanceof Error ? error.message : String(error)}`;
      outcomes.push({ text: check.path, passed: false, detail });
    }
  }
  const failed = outcomes.filter((outcome) => !outcome.passed);
  if (failed.length === 0) return { ok: true, checks: outcomes };
  const [first] = failed;
  const detail = first?.detail === undefined ? '' : ` (${first.detail})`;
  const error =
    failed.length === 1
      ? `the check ${first?.text ?? ''} failed${detail}`
      : `${failed.length} of ${outcomes.length} checks failed`;
  return { ok: false, error, checks: outcomes };
}

/** Asked again after each await: the compiler would take the first answer for good. */
function isAborted(context: ActionContext): boolean {
  return context.signal.aborted;
}
