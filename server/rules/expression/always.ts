import { visitExpression } from '../../syntax/expressions/expression.js';
import type { Expression } from '../../syntax/tree.js';
import { constantValue } from '../../definition/expressions/types/sites.js';
import { typeEnvironment } from '../../definition/expressions/types/types.js';
import { truthy } from '../../definition/expressions/values.js';
import type { ExpressionSite } from '../../definition/definition.js';
import type { Rule, RuleContext } from '../rule.js';

export const always: Rule = {
  id: 'expression/always',
  severity: 'warning',
  summary: 'An `if` or a check that always has the same result.',
  docs: `
The condition depends on nothing that can change, so the task runs always, or never, and the check gates nothing. Often a
context was forgotten (\`0.8 > 0.7\`).

\`always()\` is no such condition: it asks for a task that also runs after a failure.

The same is said where the status of a task is compared with \`cached\`: a result from the cache is \`succeeded\`, so that a
definition means the same whether a task ran or not. Whether it ran is \`tasks.train.cached\`.

**How to fix it:** Compare with something that varies, or remove the condition. To switch a task off for a while, a param is
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
    {
      files:
        "tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: m.json }\n  tell:\n    if: «tasks.train.status != 'cached'»\n    run: ./tell.sh\n    cache: false\n",
      messages: [
        'A result from the cache has the status `succeeded`, so this is always true. Whether it ran is `tasks.train.cached`.',
      ],
      fixed:
        'tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: m.json }\n  tell:\n    if: tasks.train.cached == false\n    run: ./tell.sh\n    cache: false\n',
    },
  ],
  check(context) {
    const { pipeline } = context;
    if (pipeline === undefined) return;
    for (const { site, task, problems } of context.typing()) {
      visitExpression(site.part.expression, (node) => reportCached(context, node));
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

/** `tasks.x.status == 'cached'` */
function reportCached(context: RuleContext, node: Expression): void {
  if (node.kind !== 'binary' || (node.operator !== '==' && node.operator !== '!=')) return;
  const sides = [node.left, node.right];
  const member = sides.find((one) => one.kind === 'member' && one.property === 'status');
  if (!sides.some((one) => one.kind === 'literal' && one.value === 'cached')) return;
  if (member?.kind !== 'member' || member.object.kind !== 'member') return;
  const { object, property: name } = member.object;
  if (object.kind !== 'name' || object.name !== 'tasks') return;
  const equal = node.operator === '==';
  const newText = `tasks.${name}.cached${equal ? '' : ' == false'}`;
  context.report({
    span: node.span,
    message: `A result from the cache has the status \`succeeded\`, so this is always ${String(!equal)}. Whether it ran is \`tasks.${name}.cached\`.`,
    fixes: [
      {
        title: `Ask for \`tasks.${name}.cached\``,
        edits: [{ path: context.definition.path, span: node.span, newText }],
        preferred: true,
      },
    ],
  });
}

function messageOf(site: ExpressionSite, task: string | undefined, holds: boolean): string {
  if (site.place === 'check')
    return holds ? 'This check always passes: it gates nothing.' : 'This check always fails.';
  return holds
    ? 'This condition is always true: it can be left out.'
    : `This condition is always false: ${task === undefined ? 'the task' : `"${task}"`} never runs.`;
}
