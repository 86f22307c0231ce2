/** Expressions at their places: whether they give what the place needs, and what can be said of them before a run. */
import { visitExpression } from '../../../syntax/expressions/expression.js';
import type { Expression } from '../../../syntax/tree.js';
import type { Environment, ExpressionSite, Json, Pipeline, Task } from '../../definition.js';
import { evaluate } from '../evaluate.js';
import { STATUS_FUNCTIONS } from '../functions.js';
import { typeWords } from './lattice.js';
import { typeEnvironment } from './environment.js';
import type { TypeEnvironment } from './environment.js';
import { typeOfExpression } from './types.js';
import type { TypeProblem } from './types.js';

/**
 * An expression where it stands: what the place needs is checked too.
 * @param environments those of `modelyard.yaml`, where they are known
 */
export function checkSite(
  pipeline: Pipeline,
  task: Task | undefined,
  site: ExpressionSite,
  environments?: readonly Environment[],
): readonly TypeProblem[] {
  const environment = typeEnvironment(pipeline, task, site.place, environments);
  const { expression } = site.part;
  const { type, problems } = typeOfExpression(expression, environment);
  if (expression.kind === 'missing') return problems;
  if (
    (site.place === 'path' || site.place === 'working-directory') &&
    (type.kind === 'object' || (type.kind === 'list' && !takesList(task, site)))
  ) {
    const message = `A path needs a text, and this is ${typeWords(type)}.`;
    return [...problems, { code: 'type', span: expression.span, message }];
  }
  const isAxis = task?.matrix?.axes.some(
    (axis) => 'text' in axis.values && axis.values.span.start === site.span.start,
  );
  if (isAxis === true && type.kind !== 'list' && type.kind !== 'unknown') {
    const message = `An axis of a matrix needs a list, and this is ${typeWords(type)}.`;
    return [...problems, { code: 'type', span: expression.span, message }];
  }
  return problems;
}

/** An input that is one expression over what tasks put out is each path of the list that it gives. */
function takesList(task: Task | undefined, { span, whole, part: { expression } }: ExpressionSite): boolean {
  const names = new Set<string>();
  visitExpression(expression, (node) => {
    if (node.kind === 'name') names.add(node.name);
  });
  const isInput = (input: Task['inputs'][number]): boolean =>
    !input.negated && input.span.start === span.start;
  return whole && names.has('tasks') && task?.inputs.some(isInput) === true;
}

/**
 * The value of a condition that is the same in every run; `undefined` when it depends on anything. A list and an object
 * count as true, even when they are empty. `always()` and its like are no constants: they say when a task runs.
 */
export function constantValue(expression: Expression, environment: TypeEnvironment): Json | undefined {
  if (callsStatus(expression)) return undefined;
  const result = evaluate(expression, { lookup: (context) => ({ kind: 'unknown', why: context }) });
  if (result.kind === 'value') return result.value;
  const { type } = typeOfExpression(expression, environment);
  return type.kind === 'list' ? true : undefined;
}

/** Whether nobody but the author of the definition can choose a text that the expression gives. */
export function isHarmless(expression: Expression, environment: TypeEnvironment): boolean {
  const { type } = typeOfExpression(expression, environment);
  return (
    type.kind === 'number' ||
    type.kind === 'boolean' ||
    type.kind === 'null' ||
    (type.kind === 'string' && type.values !== undefined)
  );
}

function callsStatus(expression: Expression): boolean {
  const names: string[] = [];
  visitExpression(expression, (node) => {
    if (node.kind === 'call') names.push(node.name);
  });
  return names.some((name) => STATUS_FUNCTIONS.has(name));
}
