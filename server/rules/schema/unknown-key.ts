import type { StructuralProblem } from '../../definition/definition.js';
import type { Span, SyntaxTree } from '../../syntax/tree.js';
import { removal, renames } from '../shared/edits.js';
import type { Fix, Rule, RuleContext } from '../rule.js';
import { entryAt } from '../shared/places.js';
import { reportStructural } from '../structural.js';

export const unknownKey: Rule = {
  id: 'schema/unknown-key',
  severity: 'error',
  summary: 'A key that means nothing at its place.',
  docs: `
Every key has a meaning at its place. One that has none is most often misspelt, and a misspelt key would be ignored
without a word: \`ouputs:\` would run the task and keep nothing.

**How to fix it:** Take the key that is suggested, or move it to where it belongs. The
[language reference](../reference/language.md) lists the keys of each place.
`,
  needsWholeText: true,
  good: [{ files: 'tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n' }],
  bad: [
    {
      files: 'tasks:\n  train:\n    run: ./train.sh\n    «ouputs»: { model: models/rain.json }\n',
      messages: ['`ouputs` is not a key of a task. Did you mean "outputs"?'],
      fixed: 'tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n',
    },
    {
      files: 'name: rain\n«inputs»: data.csv\ntasks:\n  train:\n    run: ./train.sh\n    metrics: m.json\n',
      messages: [
        '`inputs` is not a key of a Modelyard pipeline. It belongs to one of the `tasks`: `tasks: { NAME: { inputs: … } }`.',
      ],
      fixed: 'name: rain\ntasks:\n  train:\n    run: ./train.sh\n    metrics: m.json\n',
    },
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    «cpus»: 2\n    outputs: { model: models/rain.json }\n',
      messages: ['`cpus` is not a key of a task. It is a key of `resources`.'],
    },
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    resources: { cpus: 2, «disk»: 1GiB }\n    outputs: { model: models/rain.json }\n',
      messages: ['`disk` is not a key of a resources. Known keys: memory, gpus, nodes or tasks.'],
      fixed:
        'tasks:\n  train:\n    run: ./train.sh\n    resources: { cpus: 2 }\n    outputs: { model: models/rain.json }\n',
    },
  ],
  check: (context) => reportStructural(context, 'unknown-key', (problem) => fixesOf(context, problem)),
};

function fixesOf(context: RuleContext, problem: StructuralProblem): Fix[] {
  const { tree } = context.definition;
  const entry = entryAt(tree, problem.span.start);
  const fixes = renames(context, problem.span, problem.candidates ?? []).map((fix) =>
    // What the whole file is about is never guessed.
    isTopLevel(tree, problem.span) ? { ...fix, preferred: false } : fix,
  );
  if (entry === undefined) return fixes;
  return [...fixes, removal(context, entry)];
}

function isTopLevel({ root }: SyntaxTree, { start }: Span): boolean {
  return root?.kind === 'map' && root.entries.some(({ key }) => key.span.start === start);
}
