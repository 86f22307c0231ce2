import { heldSources } from '../../definition/graph/held-sources.js';
import { graphOf } from '../context.js';
import type { Rule } from '../rule.js';

export const outputHoldsSources: Rule = {
  id: 'path/output-holds-sources',
  severity: 'error',
  summary: 'An output that holds definitions, or what tasks and feature views read.',
  docs: `
A task's outputs are taken away before it runs, and restored as a whole. A folder in which pipelines, features files or
\`modelyard.yaml\` lie, or which holds what the task itself reads, can't be one: a run is refused before anything starts.

The same holds for what others read and no task makes: inputs, labels and working directories of other tasks, files of
packages, sources of feature views. A file in the folder is taken for one that the task makes, unless it is there and no run
is known to have made the folder.

Outputs with \`persist: true\` stay in place and may hold their own input.

**How to fix it:** Write to a folder that holds nothing but what the task makes.
`,
  good: [
    {
      files: {
        'pipelines/train.pipeline.yaml':
          'tasks:\n  train:\n    run: make train\n    inputs: [src]\n    outputs: { model: models }\n',
      },
      disk: ['src/train.py'],
    },
  ],
  bad: [
    {
      files: 'tasks:\n  build:\n    run: ./build.sh\n    outputs: { all: «.» }\n',
      messages: [
        'The output "." is the whole project. Write to a folder that holds only what the task makes.',
      ],
    },
    {
      files: {
        'clean.pipeline.yaml': 'tasks:\n  clean:\n    run: make clean\n    outputs: { d: «data» }\n',
        'train.pipeline.yaml':
          'tasks:\n  train:\n    run: make train\n    inputs: [data/raw.csv]\n    outputs: { m: model.bin }\n',
      },
      disk: ['data/raw.csv'],
      messages: [
        'The output "data" holds "data/raw.csv", which "train" of train.pipeline.yaml reads and no run has made, as far as .modelyard knows. Write to a folder that holds only what the task makes; if it makes this, too, move data away first: it is made again.',
      ],
    },
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
    const { pipeline, project } = context;
    if (pipeline === undefined) return;
    const own = { path: context.definition.path, graph: context.graph() };
    const found = heldSources(own, project.definitions(), graphOf, {
      probe: (path) => project.probe(path),
      matches: (glob) => project.matches?.(glob),
      made: (path) => project.made?.(path),
    });
    for (const { output, message } of found) {
      context.report({ span: output.text.span, message: `The output "${output.path ?? ''}" ${message}` });
    }
  },
};
