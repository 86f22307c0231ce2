import type { TypeProblem } from '../../definition/expressions/types/types.js';
import { replacement } from '../shared/edits.js';
import { scalarAt } from '../shared/places.js';
import type { Fix, Rule, RuleContext } from '../rule.js';
import { reportTyped } from '../shared/typed.js';

export const unknownContext: Rule = {
  id: 'reference/unknown-context',
  severity: 'error',
  summary: 'An expression begins with a name that is not a context, or one that has no value here.',
  docs: `
An expression reads from \`params\`, \`env\`, \`matrix\`, \`tasks\`, \`run\`, \`git\`, \`models\`, \`packages\`, \`environment\` and
\`secrets\`, and some of them only have a value at some places. A string takes single quotes: without them
\`fast\` is the name of a context and not a word.

**How to fix it:** Take the name that is suggested, or put the text in single quotes.
`,
  good: [
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh ${{ git.commit }}\n    outputs: { model: models/rain.json }\n',
    },
  ],
  bad: [
    {
      files:
        'params: { mode: fast }\ntasks:\n  train:\n    if: params.mode == «fast»\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n',
      messages: [
        'Unknown context "fast". Here there are params, env, matrix, tasks, run, git, models, packages or environment.',
      ],
      fixed:
        "params: { mode: fast }\ntasks:\n  train:\n    if: params.mode == 'fast'\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n",
    },
    {
      files:
        'params: { mode: fast }\ntasks:\n  train:\n    run: ./train.sh ${{ «param».mode }}\n    outputs: { model: models/rain.json }\n',
      messages: ['Unknown context "param". Did you mean "params"?'],
      also: ['param/unused'],
      fixed:
        'params: { mode: fast }\ntasks:\n  train:\n    run: ./train.sh ${{ params.mode }}\n    outputs: { model: models/rain.json }\n',
    },
    {
      files: 'tasks:\n  use:\n    run: ./use.sh ${{ models.rain@production.«vesion» }}\n    cache: false\n',
      messages: ['A version of a model has no "vesion". Did you mean "version"?'],
      fixed: 'tasks:\n  use:\n    run: ./use.sh ${{ models.rain@production.version }}\n    cache: false\n',
    },
  ],
  check: (context) => reportTyped(context, 'unknown-context', (problem) => quoting(context, problem)),
};

/** A word that is like no context, and of which nothing is asked, is most often a text without its quotes. */
function quoting(context: RuleContext, problem: TypeProblem): Fix[] {
  const { tree } = context.definition;
  const { span, found } = problem;
  if (found === undefined || tree.text.slice(span.start, span.end) !== found) return [];
  if (/^\s*[.[@]/.test(tree.text.slice(span.end, span.end + 20))) return [];
  // In YAML's own quotes a quote is written otherwise, and a plain scalar that begins with one is a quoted one.
  const scalar = scalarAt(tree, span.start);
  const plain = scalar?.style === 'plain' && scalar.span.start < span.start;
  if (!plain && scalar?.style !== 'literal' && scalar?.style !== 'double-quoted') return [];
  return [replacement(context, `Make it a text: '${found}'`, span, `'${found}'`, false)];
}
