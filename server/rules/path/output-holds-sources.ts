import { isWithin, normalizePath } from '../paths.js';
import type { Rule } from '../rule.js';

export const outputHoldsSources: Rule = {
  id: 'path/output-holds-sources',
  severity: 'error',
  summary: 'An output that holds definitions, or an input of the same task.',
  docs: `
A task's outputs are taken away before it runs, and restored as a whole. A folder in which pipelines, features files or
\`modelyard.yaml\` lie, or which holds what the task itself reads, can't be one: a run is refused before anything starts.

Outputs with \`persist: true\` stay in place and may hold their own input.

**To mend it**, write to a folder that holds nothing but what the task makes.
`,
  good: [
    {
      files: {
        'pipelines/train.pipeline.yaml':
          'tasks:\n  train:\n    run: ./train.sh\n    inputs: [src]\n    outputs: { model: models }\n',
      },
    },
  ],
  bad: [
    {
      files: {
        'train.pipeline.yaml': 'tasks:\n  train:\n    run: ./train.sh\n    outputs: { all: «lib» }\n',
        'lib/weather.pipeline.yaml':
          'tasks:\n  fetch:\n    run: ./fetch.sh\n    outputs: { o: weather.csv }\n',
      },
      messages: [
        'The output "lib" holds the definition "lib/weather.pipeline.yaml". Write to a folder that holds only what the task makes.',
      ],
    },
    {
      files:
        'tasks:\n  clean:\n    run: ./clean.sh\n    inputs: [data/raw.csv]\n    outputs: { d: «data» }\n',
      messages: [
        'The output "data" holds "data/raw.csv", which the task reads. Write to a folder that holds only what the task makes.',
      ],
      also: ['path/ignored-by-cache'],
    },
  ],
  check(context) {
    if (context.pipeline === undefined) return;
    const definitions = context.project.definitions().map(({ path }) => path);
    for (const { outputs, inputs } of context.graph().instances) {
      for (const { path: given, text, output } of outputs) {
        const path = given === undefined ? undefined : normalizePath(given);
        if (path === undefined || path === '' || output?.persist === true) continue;
        const advice = 'Write to a folder that holds only what the task makes.';
        const definition = definitions.find((one) => isWithin(one, path) && one !== context.definition.path);
        if (definition !== undefined) {
          context.report({
            span: text.span,
            message: `The output "${path}" holds the definition "${definition}". ${advice}`,
          });
          continue;
        }
        const read = inputs.find(
          (input) =>
            !input.glob && input.path !== undefined && input.path !== path && isWithin(input.path, path),
        );
        if (read?.path === undefined) continue;
        context.report({
          span: text.span,
          message: `The output "${path}" holds "${read.path}", which the task reads. ${advice}`,
        });
      }
    }
  },
};
