import { projectOutputs, writtenTask } from '../path/output-index.js';
import { isWithin, normalizePath } from '../shared/paths.js';
import type { Rule } from '../rule.js';

export const sharedOutput: Rule = {
  id: 'graph/shared-output',
  severity: 'warning',
  summary: 'An output that another pipeline writes, too.',
  docs: `
Two pipelines of the project write the same file or folder, or one writes into a folder that is the output of the other: by
\`outputs\`, \`metrics\`, \`plots\` or the \`output\` of a training set. Each run of one replaces what the other has made, and each finds
its own output changed afterwards, so that it is made or restored again and again.

Params count with their defaults. Nothing is said about paths that only a run knows, nor about globs, nor where the other
pipeline has the very same task, word for word and without expressions: it makes the same.

**How to fix it:** Give each pipeline a path of its own, or let one of them read what the other makes.
`,
  good: [
    {
      files: {
        'a.pipeline.yaml': 'tasks:\n  a:\n    run: ./a.sh\n    outputs: { o: out/a.json }\n',
        'b.pipeline.yaml':
          'tasks:\n  b:\n    run: ./b.sh\n    inputs: [out/a.json]\n    outputs: { o: out/b.json }\n',
      },
    },
    {
      files: {
        'a.pipeline.yaml': 'tasks:\n  a:\n    run: ./a.sh\n    outputs: { o: out/a.json }\n',
        'b.pipeline.yaml': 'tasks:\n  a:\n    run: ./a.sh\n    outputs: { o: out/a.json }\n',
      },
    },
  ],
  bad: [
    {
      files: {
        'a.pipeline.yaml': 'tasks:\n  a:\n    run: ./a.sh\n    outputs: { o: «out» }\n',
        'b.pipeline.yaml':
          "params: { name: b.json }\ntasks:\n  b:\n    run: ./b.sh\n    plots: 'out/${{ params.name }}'\n",
      },
      messages: [
        'Another pipeline writes "out/b.json", which is in "out" (b.pipeline.yaml): each run of one replaces what the other has made.',
      ],
    },
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
    const definition = context.definition.path;
    for (const { task, outputs } of context.graph().instances) {
      const own = { definition, task: writtenTask(context.definition, task) };
      for (const { path: given, glob, text } of outputs) {
        const path = given === undefined || glob ? undefined : normalizePath(given);
        if (path === undefined || path === '') continue;
        const other = projectOutputs(project).otherWriter(path, own);
        if (other === undefined) continue;
        const what =
          other.path === path
            ? `writes "${path}", too`
            : `writes "${other.path}", ${isWithin(other.path, path) ? `which is in "${path}"` : `which holds "${path}"`}`;
        context.report({
          span: text.span,
          message: `Another pipeline ${what} (${other.definition}): each run of one replaces what the other has made.`,
        });
      }
    }
  },
};
