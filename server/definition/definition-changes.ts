/** How two readings of a definition differ, task by task, whatever the layout of their texts. */
import type { Pipeline, Task } from './definition.js';

export interface DefinitionChanges {
  /** Names of tasks. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  /** What is said outside tasks: params, env, secrets, the name. */
  readonly others: readonly string[];
}

/** A task's definition as one text: equal exactly where two tasks are defined alike. */
export function textOfTask(task: Task): string {
  return plain(task);
}

/** What a pipeline says for all of its tasks, in the same form. */
export function textForAll({ env, envFiles, secrets, shell, python }: Pipeline): string {
  return plain([env, secrets, shell, ...[python, envFiles].filter((one) => one !== undefined)]);
}

/** `undefined`: they say the same. */
export function definitionChanges(before: Pipeline, after: Pipeline): DefinitionChanges | undefined {
  const old = new Map(before.tasks.map((task) => [task.name, textOfTask(task)]));
  const now = new Map(after.tasks.map((task) => [task.name, textOfTask(task)]));
  const parts = ['name', 'kind', 'params', 'env', 'envFiles', 'secrets', 'shell', 'python'] as const;
  const changes: DefinitionChanges = {
    added: [...now.keys()].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !now.has(name)),
    changed: [...now].flatMap(([name, text]) => ((old.get(name) ?? text) === text ? [] : [name])),
    others: parts.filter((part) => plain(before[part]) !== plain(after[part])),
  };
  return Object.values(changes).every((names: readonly string[]) => names.length === 0) ? undefined : changes;
}

/** `new: scan; changed: ship`. */
export function describeChanges({ added, removed, changed, others }: DefinitionChanges): string {
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ['new', added],
    ['removed', removed],
    ['changed', [...changed, ...others]],
  ];
  return parts
    .flatMap(([word, names]) => (names.length === 0 ? [] : [`${word}: ${names.join(', ')}`]))
    .join('; ');
}

/** Without places, and without what follows from the text anyway. */
function plain(value: unknown): string {
  return JSON.stringify(value, (key, one: unknown) => (isDerived(key, one) ? undefined : one));
}

/** By key and form: data of the author may have such keys too. */
function isDerived(key: string, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (key === 'span' || key.endsWith('Span')) return 'start' in value && 'end' in value;
  if (key === 'template') return 'parts' in value;
  // Where the value of a param stands.
  if (key === 'file') return 'nameSpan' in value;
  return key === 'expressions' && Array.isArray(value);
}
