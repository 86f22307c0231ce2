import { alternatives, didYouMean, similar } from '../../definition/names/names.js';
import { renames } from '../shared/edits.js';
import type { Rule } from '../rule.js';
import { reportTyped } from '../shared/typed.js';

export const unknownTask: Rule = {
  id: 'reference/unknown-task',
  severity: 'error',
  summary: 'A task is named, in `needs` or in an expression, that the pipeline does not have.',
  docs: `
\`needs\` and \`tasks.<name>\` speak of tasks of the same pipeline. One that isn't there can't be waited for, so the pipeline
can't be planned.

**How to fix it:** Take the name that is suggested. A task of *another* pipeline can't be named; let its output be an input
here, or run that pipeline with a \`pipeline\` task.
`,
  needsWholeText: true,
  good: [
    {
      files:
        "tasks:\n  train:\n    run: ./train.sh\n    cache: false\n  notify:\n    if: failure()\n    run: ./notify.sh ${{ tasks['train'].status }}\n    cache: false\n",
    },
  ],
  bad: [
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n  notify:\n    needs: [«trian»]\n    run: ./notify.sh\n    cache: false\n',
      messages: ['There is no task "trian". Did you mean "train"?'],
      fixed:
        'tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n  notify:\n    needs: [train]\n    run: ./notify.sh\n    cache: false\n',
    },
  ],
  check(context) {
    reportTyped(context, 'unknown-task');
    const { pipeline } = context;
    if (pipeline === undefined) return;
    const names = pipeline.tasks.map((task) => task.name);
    const known = new Set(names);
    for (const task of pipeline.tasks) {
      for (const need of task.needs) {
        if (known.has(need.value)) continue;
        const candidates = similar(need.value, names).filter((name) => name !== task.name);
        context.report({
          span: need.span,
          message: `There is no task "${need.value}".${candidates.length > 0 ? didYouMean(candidates) : expected(names, task.name)}`,
          fixes: renames(context, need.span, candidates),
        });
      }
    }
  },
};

function expected(names: readonly string[], own: string): string {
  if (names.length > 12) return '';
  const others = names.filter((name) => name !== own);
  return others.length === 0 ? '' : ` Expected one of ${alternatives(others)}.`;
}
