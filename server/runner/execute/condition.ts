/** Whether a task starts, given how the tasks before it ended: its `if`, and what holds where it has none. */
import type { ExpressionSite } from '../../definition/definition.js';
import { evaluateText } from '../../definition/expressions/evaluate.js';
import type { Instance } from '../../definition/graph/graph.js';
import { STATUS_FUNCTIONS } from '../../definition/expressions/functions.js';
import { truthy } from '../../definition/expressions/values.js';
import { type Facts, TaskScope } from '../resolve/scope.js';
import type { TaskResult } from '../session.js';

type Expression = ExpressionSite['part']['expression'];

export interface Circumstances {
  readonly cancelled: boolean;
  /** Some task failed, and the run is not to go on regardless. */
  readonly stopping: boolean;
  /** Tasks that it directly depends on, by id. */
  readonly before: ReadonlyMap<string, TaskResult>;
}

export type Start = (
  | { readonly start: true }
  /** `error`: the condition itself could not be evaluated, which is a failure of the task. */
  | { readonly start: false; readonly reason: string; readonly error?: boolean }
) & {
  /** What a reader of the condition would not expect, as sentences. */
  readonly notices?: readonly string[];
};

export function mayStart(instance: Instance, facts: Facts, circumstances: Circumstances): Start {
  const { task } = instance;
  const tainted = [...circumstances.before].find(([, result]) => result.tainted);
  const hindrance = hindranceOf(circumstances, tainted);
  // As in GitHub Actions: `success() &&` stands before every condition that does not ask for the status itself.
  const asks = (test: (one: Expression) => boolean): boolean =>
    task.if?.template?.parts.some((part) => part.kind === 'expression' && holdsFor(part.expression, test)) ===
    true;
  if (!asks(asksForStatus) && hindrance !== undefined) return { start: false, reason: hindrance };
  if (task.if === undefined) return { start: true };
  const status = statusOf(circumstances.cancelled, tainted !== undefined, hindrance !== undefined);
  const scope = new TaskScope(facts, instance, { status, missingMetrics: 'null' });
  const result = evaluateText(task.if, scope);
  if (result.kind !== 'value') {
    const why = result.kind === 'error' ? result.message : `${result.why} is not known`;
    return { start: false, reason: `if: ${why}`, error: true };
  }
  const notices = asks(namesNull)
    ? []
    : scope.missing.map((one) => `${instance.id}: if: ${one} It counts as null, which is 0 beside numbers.`);
  return truthy(result.value)
    ? { start: true, notices }
    : { start: false, reason: `if: ${task.if.text.trim()} is false`, notices };
}

/** Why `success()` is false; nothing when it is true. */
function hindranceOf(
  { cancelled, stopping, before }: Circumstances,
  tainted: readonly [string, TaskResult] | undefined,
): string | undefined {
  if (cancelled) return 'the run was cancelled';
  const skipped = [...before].find(
    ([, result]) => result.status === 'skipped' || result.status === 'cancelled',
  );
  const guilty = tainted ?? skipped;
  if (guilty !== undefined) return because(guilty);
  return stopping ? 'another task failed before it could start' : undefined;
}

function statusOf(cancelled: boolean, failed: boolean, hindered: boolean): NonNullable<TaskScope['status']> {
  if (cancelled) return 'cancelled';
  if (failed) return 'failure';
  return hindered ? 'skipped' : 'success';
}

function because([id, result]: readonly [string, TaskResult]): string {
  const how = result.status === 'succeeded' || result.status === 'cached' ? 'was not' : 'was';
  return result.status === 'failed' ? `${id} failed` : `${id} ${how} ${result.status}`;
}

/** Whether `success()`, `failure()`, `cancelled()` or `always()` is called. */
function asksForStatus(one: Expression): boolean {
  return one.kind === 'call' && STATUS_FUNCTIONS.has(one.name);
}

/** Whether something is held against `null`: its author knows that it may be absent. */
function namesNull(one: Expression): boolean {
  return one.kind === 'literal' && one.value === null;
}

/** Whether it holds for a part of an expression, at any depth. */
function holdsFor(expression: Expression, test: (one: Expression) => boolean): boolean {
  if (test(expression)) return true;
  const within = (one: Expression): boolean => holdsFor(one, test);
  switch (expression.kind) {
    case 'call':
      return expression.args.some(within);
    case 'member':
    case 'filter':
    case 'at':
      return within(expression.object);
    case 'index':
      return within(expression.object) || within(expression.index);
    case 'not':
      return within(expression.operand);
    case 'binary':
      return within(expression.left) || within(expression.right);
    case 'literal':
    case 'name':
    case 'missing':
      return false;
  }
}
