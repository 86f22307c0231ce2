/** Whether a task starts, given how the tasks before it ended: its `if`, and what holds where it has none. */
import type { ExpressionSite } from '../model/definition.js';
import { evaluateText } from '../model/evaluate.js';
import type { Instance } from '../model/graph.js';
import { STATUS_FUNCTIONS } from '../model/functions.js';
import { truthy } from '../model/values.js';
import { type Facts, TaskScope } from './scope.js';
import type { TaskResult } from './session.js';

type Expression = ExpressionSite['part']['expression'];

export interface Circumstances {
  readonly cancelled: boolean;
  /** Some task failed, and the run is not to go on regardless. */
  readonly stopping: boolean;
  /** Tasks that it directly depends on, by id. */
  readonly before: ReadonlyMap<string, TaskResult>;
}

export type Start =
  | { readonly start: true }
  /** `error`: the condition itself could not be evaluated, which is a failure of the task. */
  | { readonly start: false; readonly reason: string; readonly error?: boolean };

export function mayStart(instance: Instance, facts: Facts, circumstances: Circumstances): Start {
  const { task } = instance;
  const { cancelled, stopping, before } = circumstances;
  const tainted = [...before].find(([, result]) => result.tainted);
  const skipped = [...before].find(
    ([, result]) => result.status === 'skipped' || result.status === 'cancelled',
  );
  // As in GitHub Actions: `success() &&` stands before every condition that does not ask for the status itself.
  const own = task.if?.template?.parts.some(
    (part) => part.kind === 'expression' && asksForStatus(part.expression),
  );
  if (own !== true) {
    if (cancelled) return { start: false, reason: 'the run was cancelled' };
    if (tainted !== undefined) return { start: false, reason: because(tainted) };
    if (skipped !== undefined) return { start: false, reason: because(skipped) };
    if (stopping) return { start: false, reason: 'another task failed before it could start' };
  }
  if (task.if === undefined) return { start: true };
  const status = cancelled ? 'cancelled' : tainted === undefined ? 'success' : 'failure';
  const result = evaluateText(task.if, new TaskScope(facts, instance, { status }));
  if (result.kind === 'value') {
    return truthy(result.value)
      ? { start: true }
      : { start: false, reason: `if: ${task.if.text.trim()} is false` };
  }
  const why = result.kind === 'error' ? result.message : `${result.why} is not known`;
  return { start: false, reason: `if: ${why}`, error: true };
}

function because([id, result]: readonly [string, TaskResult]): string {
  const how = result.status === 'succeeded' || result.status === 'cached' ? 'was not' : 'was';
  return result.status === 'failed' ? `${id} failed` : `${id} ${how} ${result.status}`;
}

/** Whether `success()`, `failure()`, `cancelled()` or `always()` is called anywhere in it. */
function asksForStatus(expression: Expression): boolean {
  switch (expression.kind) {
    case 'call':
      return STATUS_FUNCTIONS.has(expression.name) || expression.args.some(asksForStatus);
    case 'member':
    case 'filter':
    case 'at':
      return asksForStatus(expression.object);
    case 'index':
      return asksForStatus(expression.object) || asksForStatus(expression.index);
    case 'not':
      return asksForStatus(expression.operand);
    case 'binary':
      return asksForStatus(expression.left) || asksForStatus(expression.right);
    case 'literal':
    case 'name':
    case 'missing':
      return false;
  }
}
