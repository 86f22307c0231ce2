import type { Rule, RuleContext } from '../rule.js';
import type { Task } from '../../definition/definition.js';
import { valueAt } from '../../definition/keys.js';
import { parseDuration } from '../../definition/text/units.js';
import type { SyntaxNode } from '../../syntax/tree.js';
import { reportStructural } from '../structural.js';

export const duration: Rule = {
  id: 'task/duration',
  severity: 'error',
  summary: "A duration that can't be read, or that can't be meant.",
  docs: `
Durations are a number and a unit, the largest unit first: \`90s\`, \`30m\`, \`1h30m\`, \`2d\`. The units are \`ms\`, \`s\`, \`m\`, \`h\`,
\`d\` and \`w\`. A bare number is refused, because \`timeout: 30\` means seconds to some and minutes to others.

Also reported: a \`timeout\` of nothing, which would end every attempt before it begins (leave the key out for no limit),
and a \`max-delay\` of \`retries\` that is shorter than its \`delay\`, so that the pause would have to be both.

**How to fix it:** Write the unit, or a duration that leaves room for the work.
`,
  good: [
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    timeout: 1h30m\n    retries: { max: 2, delay: 5s, max-delay: 1m }\n    outputs: { model: models/rain.json }\n',
    },
  ],
  bad: [
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    timeout: «30 minutes»\n    outputs: { model: models/rain.json }\n',
      messages: [
        '"30 minutes" is not a duration. Write a number and a unit (ms, s, m, h, d, w), the largest unit first: 90s, 30m, 1h30m, 2d.',
      ],
      fixed:
        'tasks:\n  train:\n    run: ./train.sh\n    timeout: 30m\n    outputs: { model: models/rain.json }\n',
    },
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    timeout: «0s»\n    outputs: { model: models/rain.json }\n',
      messages: [
        'A timeout of nothing ends the task before it begins. Give it time, or leave the key out for no limit.',
      ],
    },
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    retries: { max: 3, delay: 1m, max-delay: «30s» }\n    outputs: { model: models/rain.json }\n',
      messages: ['The longest pause between attempts is shorter than the first one (1m).'],
    },
  ],
  check(context) {
    reportStructural(context, 'duration');
    for (const task of context.pipeline?.tasks ?? []) {
      // The longest pause is read as no shorter than the first one.
      if (task.timeoutMs !== 0 && task.retries.maxDelayMs > task.retries.delayMs) continue;
      checkTask(context, task);
    }
  },
};

function checkTask(context: RuleContext, task: Task): void {
  const timeout = valueAt(task, 'timeout');
  if (timeout && milliseconds(timeout) === 0)
    context.report({
      span: timeout.span,
      message:
        'A timeout of nothing ends the task before it begins. Give it time, or leave the key out for no limit.',
    });
  const delay = valueAt(task, 'retries', 'delay');
  const longest = valueAt(task, 'retries', 'max-delay');
  if (!delay || !longest) return;
  const [first, most] = [milliseconds(delay), milliseconds(longest)];
  if (first !== undefined && most !== undefined && most < first)
    context.report({
      span: longest.span,
      message: `The longest pause between attempts is shorter than the first one (${source(context, delay)}).`,
      related: [{ path: context.definition.path, span: delay.span, message: 'The first pause.' }],
    });
}

function source(context: RuleContext, node: SyntaxNode): string {
  return context.definition.tree.text.slice(node.span.start, node.span.end);
}

/** The duration that a scalar says; `undefined` where it says none, which the structural check reports. */
function milliseconds(node: SyntaxNode): number | undefined {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return undefined;
  const result = parseDuration(node.value);
  return result.ok ? result.value : undefined;
}
