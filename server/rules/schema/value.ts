import { didYouMean, similar } from '../../definition/names/names.js';
import { renames } from '../shared/edits.js';
import { isRuleId, RULE_IDS } from '../ids.js';
import type { Rule } from '../rule.js';
import { reportStructural } from '../structural.js';

export const value: Rule = {
  id: 'schema/value',
  severity: 'error',
  summary: 'A value of the right type that is not one of those that are possible.',
  docs: `
The value has the right type, but it is none of the words, or lies outside of the bounds, that its key takes. The message
says what would be right.

In \`modelyard.yaml\` the same rule reports ids under \`rules:\` that no rule has, because a misspelt id would change nothing
without a word.

The cells of a matrix need names of their own that a file can have, where \`cell-name\` says how they are called.

A glob and a regular expression are refused where matching them can take for ever or is not possible: more than 256
alternatives in braces, groups such as \`@(a|b)\`, look-ahead, references back to a group.

**How to fix it:** Take one of the values that are named.
`,
  good: [
    {
      files:
        'kind: model-build\ntasks:\n  train:\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n',
    },
    { files: { 'modelyard.yaml': 'rules: { task/no-outputs: off }\n' } },
  ],
  bad: [
    {
      files: 'params: { x: 1 }\ntasks:\n  gate:\n    check: [params.x > 1]\n    inputs: «auto»\n',
      messages: ['`inputs: auto` is for tasks that run commands or a notebook: name the files.'],
    },
    {
      files:
        'tasks:\n  train:\n    matrix: { lr: [0.1, 0.2], depth: [2] }\n    cell-name: «depth-${{ matrix.depth }}»\n    run: ./train.sh ${{ matrix.lr }}\n    cache: false\n',
      messages: [
        'The cells { lr: 0.1, depth: 2 } and { lr: 0.2, depth: 2 } would both be called "depth-2". Put what tells them apart into `cell-name`.',
      ],
    },
    {
      files:
        'kind: «model-biuld»\ntasks:\n  train:\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n',
      messages: [
        '"model-biuld" is not allowed here: expected one of model-build, app-build, deployment. Did you mean "model-build"?',
      ],
      fixed:
        'kind: model-build\ntasks:\n  train:\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n',
    },
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    resources: { cpus: «0» }\n    outputs: { model: models/rain.json }\n',
      messages: ['0 is too small: more than 0.'],
    },
    {
      files:
        "tasks:\n  train:\n    run: ./train.sh\n    inputs: [«'@(raw|clean)/*.csv'»]\n    outputs: { model: models/rain.json }\n",
      messages: [
        'The glob "@(raw|clean)/*.csv" has a group such as "@(a|b)", which is not known here. Write alternatives as "{a,b}".',
      ],
    },
    {
      files:
        "params:\n  station: { type: string, pattern: «'^(?!test-)'» }\ntasks:\n  train:\n    run: ./train.sh ${{ params.station }}\n    outputs: { model: models/rain.json }\n",
      messages: [
        'The regular expression looks ahead or behind, or changes its flags, and what that takes is not bounded. Write it without.',
      ],
    },
    {
      files: { 'modelyard.yaml': 'rules: { «task/no-output»: off }\n' },
      messages: ['There is no rule "task/no-output". Did you mean "task/no-outputs"?'],
      fixed: 'rules: { task/no-outputs: off }\n',
    },
  ],
  check(context) {
    reportStructural(context, 'value');
    const { definition, pipeline } = context;
    if (pipeline?.tasks.some((task) => task.matrix !== undefined || task.cellName !== undefined) === true) {
      const mistyped = new Set(
        context
          .typing()
          .filter(
            ({ site, problems }) =>
              (site.place === 'matrix' || site.place === 'cell-name') && problems.length > 0,
          )
          .map(({ task }) => task?.name),
      );
      for (const { task, span, message } of context.graph().matrixProblems) {
        // What `expression/type` says about an axis is not said twice.
        if (!mistyped.has(task)) context.report({ span, message });
      }
    }
    if (definition.kind !== 'project') return;
    for (const { id } of definition.settings.rules) {
      if (isRuleId(id.value)) continue;
      const candidates = similar(id.value, RULE_IDS);
      context.report({
        span: id.span,
        message: `There is no rule "${id.value}".${didYouMean(candidates)}`,
        fixes: renames(context, id.span, candidates),
      });
    }
  },
};
