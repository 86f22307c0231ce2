import type { Instance, ResolvedOutput } from '../../definition/graph/graph.js';
import type { TemplateText } from '../../definition/definition.js';
import { globOf } from '../../definition/text/glob.js';
import { isGlob } from '../../definition/text/paths.js';
import { isWithin, normalizePath } from '../shared/paths.js';
import type { Rule } from '../rule.js';

export const ignoredByCache: Rule = {
  id: 'path/ignored-by-cache',
  severity: 'warning',
  summary: "An output that the cache can't keep or give back.",
  docs: `
The cache keeps a copy of what a task made and puts it back when nothing has changed. For these outputs that can't work:

- one in \`.modelyard/\`, where Modelyard keeps its own memory, or in \`.git/\`: both are left out when files are copied and
  hashed;
- one that holds an input of the same task, or lies in one: the task changes its own input by running, so that it is stale
  again as soon as it is done, and is never taken from the cache.

Nothing is said about the last one where the task has \`cache: false\`, and nothing about \`.git/\` where the task or the
output has it.

**How to fix it:** Write to a folder that holds nothing but what the task makes.
`,
  good: [
    {
      files:
        'tasks:\n  clean:\n    run: make clean\n    inputs: [data/raw]\n    outputs: { data: data/clean }\n',
      disk: ['data/raw/a.csv'],
    },
    {
      files:
        'tasks:\n  format:\n    run: ./format.sh\n    inputs: [src]\n    outputs: { code: src/made }\n    cache: false\n',
    },
  ],
  bad: [
    {
      files:
        'tasks:\n  clean:\n    run: ./clean.sh\n    inputs: [data]\n    outputs: { data: «data/clean.csv» }\n',
      messages: [
        '"data/clean.csv" lies in the input "data" of the same task, so each run changes its own input and is never taken from the cache.',
      ],
    },
    {
      files: 'tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: «.modelyard/rain.json» }\n',
      messages: ['".modelyard/rain.json" lies in ".modelyard", which the cache leaves out.'],
    },
  ],
  check(context) {
    if (context.pipeline === undefined) return;
    for (const instance of context.graph().instances) {
      const inputs = instance.outputs.length > 0 && instance.task.cache ? inputsOf(instance) : [];
      for (const output of instance.outputs) {
        const path = output.path === undefined ? undefined : normalizePath(output.path);
        if (path === undefined) continue;
        const problem = problemOf(instance, output, path, inputs);
        if (problem !== undefined) context.report({ span: output.text.span, message: problem });
      }
    }
  },
};

interface KnownInput {
  readonly text: string;
  /** How an output at the path stands to the input, if it touches it. */
  readonly relation: (path: string) => string | undefined;
}

function inputsOf(instance: Instance): KnownInput[] {
  const known: KnownInput[] = [];
  for (const input of instance.inputs) {
    if (input.path === undefined) continue;
    const text = input.path;
    if (input.glob && isGlob(text)) {
      const { matches } = globOf(text);
      known.push({ text, relation: (path) => (matches(path) ? 'matches' : undefined) });
      continue;
    }
    const own = normalizePath(text);
    if (own === undefined) continue;
    const relation = (path: string) => {
      // That the task waits for itself is said by graph/cycle, unless it goes on from its last output.
      if (path === own) return undefined;
      if (isWithin(path, own)) return 'lies in';
      return isWithin(own, path) ? 'holds' : undefined;
    };
    known.push({ text, relation });
  }
  return known;
}

function problemOf(
  instance: Instance,
  output: ResolvedOutput,
  path: string,
  inputs: readonly KnownInput[],
): string | undefined {
  const { task } = instance;
  const { text, output: declared } = output;
  if (isWithin(path, '.modelyard')) return `"${text.text}" lies in ".modelyard", which the cache leaves out.`;
  const kept = task.cache && declared?.cache !== false;
  if (!kept) return relationProblem(text, path, inputs);
  if (isWithin(path, '.git')) return `"${text.text}" lies in ".git", which the cache leaves out.`;
  return relationProblem(text, path, inputs);
}

function relationProblem(
  text: TemplateText,
  path: string,
  inputs: readonly KnownInput[],
): string | undefined {
  for (const input of inputs) {
    const relation = input.relation(path);
    if (relation !== undefined)
      return `"${text.text}" ${relation} the input "${input.text}" of the same task, so each run changes its own input and is never taken from the cache.`;
  }
  return undefined;
}
