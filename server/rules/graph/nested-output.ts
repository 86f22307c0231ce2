import type { Rule } from '../rule.js';

export const nestedOutput: Rule = {
  id: 'graph/nested-output',
  severity: 'error',
  summary: 'A task writes into a folder that is the output of another task.',
  docs: `
When a folder is the output of a task, all that is in it belongs to that task: it is emptied before the task runs and put
back as a whole from the cache. What another task has written into it is lost then, or kept as if the first one had made
it.

Nothing is said of a task that names a file in its own folder once more, say as its metrics, nor where both tasks have an
\`if\`.

**How to fix it:** Let the two write to folders side by side.
`,
  needsWholeText: true,
  good: [
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    outputs: { all: out }\n    metrics: out/metrics.json\n  report:\n    run: ./report.sh\n    inputs: [out]\n    outputs: { report: reports/train.html }\n',
    },
  ],
  bad: [
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    outputs: { all: out }\n  report:\n    run: ./report.sh\n    outputs: { report: «out/report.html» }\n',
      messages: ['"out/report.html" lies in "out", which is an output of "train".'],
    },
  ],
  check(context) {
    if (context.pipeline === undefined) return;
    const graph = context.graph();
    for (const { outer, inner } of graph.nestedOutputs) {
      const [around, within] = [graph.byId.get(outer.instance)?.task, graph.byId.get(inner.instance)?.task];
      if (around === within || (around?.if !== undefined && within?.if !== undefined)) continue;
      context.report({
        span: inner.span,
        message: `"${inner.path}" lies in "${outer.path}", which is an output of "${outer.task}".`,
        related: [
          { path: context.definition.path, span: outer.span, message: 'The folder is an output here.' },
        ],
      });
    }
  },
};
