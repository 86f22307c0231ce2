import { constantValue } from '../../model/sites.js';
import { typeEnvironment } from '../../model/types.js';
import { truthy } from '../../model/values.js';
import type { ExpressionSite } from '../../model/definition.js';
import type { Rule } from '../rule.js';

export const always: Rule = {
  id: 'expression/always',
  severity: 'warning',
  summary: 'An `if` or a check that always has the same result.',
  docs: `
The condition depends on nothing that can change, so the task runs always, or never, and the check gates nothing. Often a
context was forgotten (\`0.8 > 0.7\`).

\`always()\` is no such condition: it asks for a task that also runs after a failure.

**To mend it**, compare with something that varies, or remove the condition. To switch a task off for a while, a param is
clearer: \`if: params.publish\`.
`,
  good: [
    {
      files:
        'params: { publish: false }\ntasks:\n  publish:\n    if: always() && params.publish\n    run: ./publish.sh\n    cache: false\n',
    },
  ],
  bad: [
    {
      files:
        'tasks:\n  train:\n    if: «false»\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n',
      messages: ['This condition is always false: "train" never runs.'],
    },
    {
      files: 'tasks:\n  quality:\n    check: [«0.8 > 0.7»]\n',
      messages: ['This check always passes: it gates nothing.'],
    },
  ],
  check(context) {
    const { pipeline } = context;
    if (pipeline === undefined) return;
    for (const { site, task, problems } of context.typing()) {
      if ((site.place !== 'if' && site.place !== 'check') || !site.whole) continue;
      // What is wrong with it has been said.
      if (problems.length > 0) continue;
      const constant = constantValue(site.part.expression, typeEnvironment(pipeline, task, site.place));
      if (constant === undefined) continue;
      const holds = truthy(constant);
      context.report({ span: site.part.expression.span, message: messageOf(site, task?.name, holds) });
    }
  },
};

function messageOf(site: ExpressionSite, task: string | undefined, holds: boolean): string {
  if (site.place === 'check')
    return holds ? 'This check always passes: it gates nothing.' : 'This check always fails.';
  return holds
    ? 'This condition is always true: it can be left out.'
    : `This condition is always false: ${task === undefined ? 'the task' : `"${task}"`} never runs.`;
}
