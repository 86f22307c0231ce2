import type { Rule } from '../rule.js';

export const duplicatePipeline: Rule = {
  id: 'reference/duplicate-pipeline',
  severity: 'warning',
  summary: 'Two pipelines of the project have the same name.',
  docs: `
Pipelines are called by their name: on the command line, from \`pipeline\` tasks, and in the list of runs, where the runs of
both would look like the history of one. A pipeline without a \`name\` has that of its file, or of its folder where the
file is just \`pipeline.yaml\`.

**How to fix it:** Give one of them another \`name\`. If one is a copy that is not in use, list it under \`exclude\` in
\`modelyard.yaml\`.
`,
  good: [
    {
      files: {
        'a/pipeline.yaml':
          'name: rain\ntasks:\n  train:\n    run: ./train.sh\n    outputs: { model: a/rain.json }\n',
        'b/pipeline.yaml':
          'name: snow\ntasks:\n  train:\n    run: ./train.sh\n    outputs: { model: b/snow.json }\n',
      },
    },
  ],
  bad: [
    {
      files: {
        'a/pipeline.yaml':
          'name: «rain»\ntasks:\n  train:\n    run: ./train.sh\n    outputs: { model: a/rain.json }\n',
        'b/pipeline.yaml':
          'name: rain\ntasks:\n  train:\n    run: ./train.sh\n    outputs: { model: b/rain.json }\n',
      },
      messages: ['Another pipeline is called "rain" too: b/pipeline.yaml.'],
    },
  ],
  check(context) {
    const { pipeline, project, definition } = context;
    if (pipeline === undefined) return;
    const others = (project.pipelinesByName.get(pipeline.name) ?? []).filter(
      (other) => other.kind === 'pipeline' && other.path !== definition.path,
    );
    if (others.length === 0) return;
    const paths = others.map((other) => other.path).sort();
    const shown =
      paths.length > 3 ? `${paths.slice(0, 3).join(', ')} and ${paths.length - 3} more` : paths.join(', ');
    context.report({
      span: pipeline.nameSpan,
      message: `Another pipeline is called "${pipeline.name}" too: ${shown}.`,
      related: others.flatMap((other) =>
        other.kind === 'pipeline'
          ? [{ path: other.path, span: other.pipeline.nameSpan, message: 'It has the same name.' }]
          : [],
      ),
    });
  },
};
