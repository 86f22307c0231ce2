import { outputIndex } from '../path/output-index.js';
import { normalizePath } from '../paths.js';
import type { Rule } from '../rule.js';

export const sharedOutput: Rule = {
  id: 'graph/shared-output',
  severity: 'warning',
  summary: 'An output that another pipeline writes, too.',
  docs: `
Two pipelines of the project write the same file or folder. Each run of one replaces what the other has made, and each finds
its own output changed afterwards, so that it is made or restored again and again.

Nothing is said about paths with expressions in them.

**To mend it**, give each pipeline a path of its own, or let one of them read what the other makes.
`,
  good: [
    {
      files: {
        'a.pipeline.yaml': 'tasks:\n  a:\n    run: ./a.sh\n    outputs: { o: out/a.json }\n',
        'b.pipeline.yaml':
          'tasks:\n  b:\n    run: ./b.sh\n    inputs: [out/a.json]\n    outputs: { o: out/b.json }\n',
      },
    },
  ],
  bad: [
    {
      files: {
        'a.pipeline.yaml': 'tasks:\n  a:\n    run: ./a.sh\n    outputs: { o: «out/o.json» }\n',
        'b.pipeline.yaml': 'tasks:\n  b:\n    run: ./b.sh\n    metrics: ./out/o.json\n',
      },
      messages: [
        'Another pipeline writes "out/o.json", too (b.pipeline.yaml): each run of one replaces what the other has made.',
      ],
    },
  ],
  check(context) {
    const { pipeline, project } = context;
    if (pipeline === undefined) return;
    for (const { outputs, metrics, plots } of pipeline.tasks) {
      for (const text of [...outputs.map(({ path }) => path), ...metrics, ...plots]) {
        const path = text.template === undefined ? normalizePath(text.text) : undefined;
        if (path === undefined || path === '') continue;
        const other = project
          .definitions()
          .find(
            (one) =>
              one.kind === 'pipeline' &&
              one.pipeline !== pipeline &&
              outputIndex(one.pipeline).paths.has(path),
          );
        if (other === undefined || other.path === context.definition.path) continue;
        context.report({
          span: text.span,
          message: `Another pipeline writes "${path}", too (${other.path}): each run of one replaces what the other has made.`,
        });
      }
    }
  },
};
