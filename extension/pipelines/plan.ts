/** A plan as text that people read. */
import { duration, estimateWords, plain, plural } from '../../server/base/format.js';
import type { PlanResult } from '../../server/protocol/index.js';

type Decision = PlanResult['tasks'][number]['decision'];

const WORDS: Readonly<Record<Decision, string>> = {
  run: 'run',
  restore: 'restore from cache',
  'up-to-date': 'up to date',
  skip: 'skip',
  unknown: 'depends',
};

const MARKS: Readonly<Record<Decision, string>> = {
  run: '▶',
  restore: '↺',
  'up-to-date': '✓',
  skip: '–',
  unknown: '?',
};

/** The plan as a table in plain text, with a summary first and why each task would run. */
export function planText(plan: PlanResult, only?: string): string {
  const tasks = only === undefined ? plan.tasks : plan.tasks.filter((task) => isCell(task.id, only));
  const count = (decision: Decision): number => tasks.filter((task) => task.decision === decision).length;
  const summary = (Object.keys(WORDS) as Decision[])
    .filter((decision) => count(decision) > 0)
    .map((decision) => `${count(decision)} ${WORDS[decision]}`)
    .join(', ');
  const estimate =
    plan.estimate === undefined || only !== undefined
      ? ''
      : ` It would take ${estimateWords(plan.estimate)}.`;
  const names = tasks.map((task) => plain(task.id, 60));
  const wide = Math.min(60, Math.max(4, ...names.map((name) => name.length)));
  const wordWide = Math.max(0, ...tasks.map((task) => WORDS[task.decision].length));
  const lines = tasks.flatMap((task, index) => {
    const head = `  ${MARKS[task.decision]} ${(names[index] ?? '').padEnd(wide)}  ${WORDS[task.decision].padEnd(wordWide)}`;
    const took = task.tookMs === undefined ? [] : [`took ${duration(task.tookMs)} before`];
    const [first, ...rest] = [...task.reasons.map((reason) => plain(reason, 300)), ...took];
    if (first === undefined) return [head.trimEnd()];
    return [`${head}  ${first}`, ...rest.map((reason) => `${' '.repeat(head.length + 2)}${reason}`)];
  });
  return [
    `Plan of ${plain(plan.pipeline)}: what a run would do now`,
    '',
    ...(plan.problem === undefined ? [] : [`It can't run: ${plain(plan.problem, 1000)}`, '']),
    tasks.length === 0 ? 'No tasks.' : `${plural(tasks.length, 'task')}: ${summary}.${estimate}`,
    '',
    ...lines,
    '',
  ].join('\n');
}

function isCell(id: string, task: string): boolean {
  return id === task || id.startsWith(`${task}@`);
}
