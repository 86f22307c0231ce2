import type { Task } from '../../definition/definition.js';
import { redundantNeeds as findRedundant, type EdgeReason } from '../../definition/graph/graph.js';
import { keyOf } from '../../definition/keys.js';
import type { Span } from '../../syntax/tree.js';
import { removalSpan } from '../shared/edits.js';
import type { Fix, Rule, RuleContext } from '../rule.js';

export const redundantNeeds: Rule = {
  id: 'graph/redundant-needs',
  severity: 'hint',
  summary: 'A task is named under `needs` although files or expressions already say so.',
  docs: `
A task that reads what another one writes, or that mentions it in an expression, already waits for it. Saying it again
under \`needs\` does no harm, but when the file goes, the word stays, and then it holds tasks back for no reason.

For a task with a matrix it is only reported when every cell waits for every cell without it.

**How to fix it:** Remove the name from \`needs\`.
`,
  good: [
    {
      files:
        'tasks:\n  split:\n    run: ./split.sh\n    outputs: { data: data/split.csv }\n  warm-up:\n    run: ./warm-up.sh\n    cache: false\n  train:\n    needs: [warm-up]\n    run: ./train.sh\n    inputs: [data/split.csv]\n    outputs: { model: models/rain.json }\n',
    },
  ],
  bad: [
    {
      files:
        'tasks:\n  split:\n    run: ./split.sh\n    outputs: { data: data/split.csv }\n  train:\n    needs: [«split»]\n    run: ./train.sh\n    inputs: [data/split.csv]\n    outputs: { model: models/rain.json }\n',
      messages: ['"train" already waits for "split": it reads what "split" makes.'],
      fixed:
        'tasks:\n  split:\n    run: ./split.sh\n    outputs: { data: data/split.csv }\n  train:\n    run: ./train.sh\n    inputs: [data/split.csv]\n    outputs: { model: models/rain.json }\n',
    },
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    metrics: metrics.json\n  quality:\n    needs:\n      - «train»\n    check: [tasks.train.metrics.accuracy > 0.7]\n',
      messages: ['"quality" already waits for "train": an expression mentions it.'],
      fixed:
        'tasks:\n  train:\n    run: ./train.sh\n    metrics: metrics.json\n  quality:\n    check: [tasks.train.metrics.accuracy > 0.7]\n',
    },
    {
      files:
        'tasks:\n  warm-up:\n    run: ./warm-up.sh\n    cache: false\n  train:\n    needs: [warm-up, «warm-up»]\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n',
      messages: ['"warm-up" is listed twice.'],
      fixed:
        'tasks:\n  warm-up:\n    run: ./warm-up.sh\n    cache: false\n  train:\n    needs: [warm-up]\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n',
    },
  ],
  check(context) {
    if (context.pipeline?.tasks.some((task) => task.needs.length > 0) !== true) return;
    const { path } = context.definition;
    for (const { task, name, span, because } of findRedundant(context.graph())) {
      const at = because === 'twice' ? undefined : because.kind === 'path' ? because.input : because.span;
      context.report({
        span,
        message: messageOf(task.name, name, because),
        related: at === undefined ? [] : [{ path, span: at, message: 'The order follows from this.' }],
        unnecessary: true,
        fixes: [removal(context, task, span)],
      });
    }
  },
};

function messageOf(task: string, name: string, because: EdgeReason | 'twice'): string {
  if (because === 'twice') return `"${name}" is listed twice.`;
  return `"${task}" already waits for "${name}": ${why(name, because)}.`;
}

function why(name: string, because: EdgeReason): string {
  if (because.kind === 'path') return `it reads what "${name}" makes`;
  if (because.kind !== 'name') return 'an expression mentions it';
  return because.what === 'environment'
    ? `it starts what "${name}" deploys`
    : `it uses the ${because.what} of "${name}"`;
}

function removal(context: RuleContext, task: Task, need: Span): Fix {
  const { tree, path } = context.definition;
  const entry = task.needs.length === 1 ? keyOf(task, 'needs') : undefined;
  return {
    title: 'Remove the needless "needs"',
    edits: [{ path, span: removalSpan(tree, entry?.span ?? need), newText: '' }],
    preferred: true,
  };
}
