/** Which tasks the expressions of a task name. */
import { visitExpression } from '../../syntax/expressions/expression.js';
import type { Expression, Span } from '../../syntax/tree.js';
import type { Task } from '../definition.js';

export interface TaskReference {
  readonly task: string;
  /** Of the name. */
  readonly span: Span;
  /** `outputs`, `metrics`, …; absent when only the task is named. */
  readonly member?: string;
}

const NONE: readonly TaskReference[] = [];

export function taskReferences(task: Task): readonly TaskReference[] {
  let references: TaskReference[] | undefined;
  for (const { part } of task.expressions) {
    if (namesTasks(part.expression)) (references ??= []).push(...referencesIn(part.expression));
  }
  return references ?? NONE;
}

/** Few expressions do, so that looking closer can cost more. */
function namesTasks(expression: Expression): boolean {
  switch (expression.kind) {
    case 'literal':
    case 'missing':
      return false;
    case 'name':
      return expression.name === 'tasks';
    case 'member':
    case 'filter':
    case 'at':
      return namesTasks(expression.object);
    default:
      return true;
  }
}

/** `tasks.<name>…` and `tasks['<name>']…` in an expression. */
export function referencesIn(expression: Expression): TaskReference[] {
  const found: TaskReference[] = [];
  const members = new Map<Expression, string>();
  visitExpression(expression, (node) => {
    if (node.kind === 'member') members.set(node.object, node.property);
    if (node.kind === 'index' && node.index.kind === 'literal')
      members.set(node.object, String(node.index.value));
    const name = taskNamed(node);
    if (name === undefined) return;
    const member = members.get(node);
    found.push({ ...name, ...(member === undefined || member === '' ? {} : { member }) });
  });
  return found;
}

function taskNamed(node: Expression): { task: string; span: Span } | undefined {
  if (node.kind !== 'member' && node.kind !== 'index') return undefined;
  if (node.object.kind !== 'name' || node.object.name !== 'tasks') return undefined;
  if (node.kind === 'member')
    return node.property === '' ? undefined : { task: node.property, span: node.propertySpan };
  if (node.index.kind !== 'literal' || typeof node.index.value !== 'string') return undefined;
  return { task: node.index.value, span: node.index.span };
}
