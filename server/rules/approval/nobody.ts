import { valueAt } from '../../definition/keys.js';
import { entryOf } from '../../syntax/text.js';
import type { Span, SyntaxNode } from '../../syntax/tree.js';
import type { Rule, RuleContext } from '../rule.js';

export const nobody: Rule = {
  id: 'approval/nobody',
  severity: 'error',
  summary: 'An approval that can never be given: more people have to approve than may.',
  docs: `
\`who\` names the people who may answer, and \`count\` says how many of them have to approve. With an empty list, or with fewer
names than approvals, the run would wait for ever. The same goes for the \`approval\` of an environment in \`modelyard.yaml\`.

Nothing is said where a name is an expression, which may stand for several people.

**How to fix it:** Name more people, lower \`count\`, or write \`who: any\`.
`,
  needsWholeText: true,
  good: [
    { files: 'tasks:\n  ask:\n    approval: { prompt: Deploy?, who: [ada, grace], count: 2 }\n' },
    { files: 'tasks:\n  ask:\n    approval: { prompt: Deploy?, count: 3 }\n' },
  ],
  bad: [
    {
      files: 'tasks:\n  ask:\n    approval: { prompt: Deploy?, who: «[]» }\n',
      messages: ['Nobody may answer: name people, or write `any`.'],
    },
    {
      files: 'tasks:\n  ask:\n    approval: { prompt: Deploy?, who: [ada, ada], count: «2» }\n',
      messages: ['2 people have to approve, and only 1 may.'],
    },
    {
      files: {
        'modelyard.yaml': 'environments:\n  production: { approval: { who: ada, count: «2» } }\n',
      },
      messages: ['2 people have to approve, and only 1 may.'],
    },
  ],
  check(context) {
    const { definition } = context;
    if (definition.kind === 'project') {
      const environments = entryOf(definition.tree.root, 'environments')?.value;
      if (environments?.kind !== 'map') return;
      for (const { value } of environments.entries) judge(context, entryOf(value, 'approval')?.value);
    }
    for (const task of context.pipeline?.tasks ?? []) {
      if (task.action?.kind === 'approval') judge(context, valueAt(task, 'approval'));
    }
  },
};

function judge(context: RuleContext, approval: SyntaxNode | null | undefined): void {
  const who = entryOf(approval, 'who')?.value;
  if (who === null || who === undefined) return;
  const items = who.kind === 'sequence' ? who.items : [who];
  const names = new Set<string>();
  for (const item of items) {
    if (item?.kind !== 'scalar' || item.template !== undefined || item.text === 'any') return;
    names.add(item.text.trim());
  }
  const report = (span: Span, message: string): void => context.report({ span, message });
  if (names.size === 0) {
    report(who.span, 'Nobody may answer: name people, or write `any`.');
    return;
  }
  const count = entryOf(approval, 'count')?.value;
  if (count?.kind !== 'scalar' || typeof count.value !== 'number' || count.value <= names.size) return;
  report(count.span, `${count.value} people have to approve, and only ${names.size} may.`);
}
