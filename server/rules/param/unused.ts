import { chainsIn } from '../../definition/expressions/chains.js';
import { keyOf } from '../../definition/keys.js';
import type { Expression } from '../../syntax/tree.js';
import { removalSpan } from '../shared/edits.js';
import type { Rule } from '../rule.js';

export const unused: Rule = {
  id: 'param/unused',
  severity: 'hint',
  summary: 'A param that no expression uses.',
  docs: `
Nothing in the pipeline reads this param, so changing it changes nothing, though whoever sets it will think it does.

A param counts as used when an expression names it (\`params.epochs\`, \`params['epochs']\`), and all of them do when an
expression takes them together (\`toJSON(params)\`, \`params.*\`) or picks one by a name that is only known at run time.

**How to fix it:** Use the param, or remove it.
`,
  needsWholeText: true,
  good: [
    {
      files:
        'params: { epochs: 200, seed: 1 }\ntasks:\n  train:\n    run: ./train.sh ${{ toJSON(params) }}\n    outputs: { model: models/rain.json }\n',
    },
  ],
  bad: [
    {
      files:
        'params:\n  epochs: 200\n  «seed»: 1\ntasks:\n  train:\n    run: ./train.sh ${{ params.epochs }}\n    outputs: { model: models/rain.json }\n',
      messages: ['Nothing uses the param "seed".'],
      fixed:
        'params:\n  epochs: 200\ntasks:\n  train:\n    run: ./train.sh ${{ params.epochs }}\n    outputs: { model: models/rain.json }\n',
    },
  ],
  check(context) {
    const { pipeline, definition } = context;
    if (pipeline === undefined || pipeline.params.length === 0) return;
    // What stands in an expression that can't be read may well be the param.
    if (definition.syntaxProblems.some((problem) => problem.code === 'expression')) return;
    const used = usedParams(
      [pipeline, ...pipeline.tasks].flatMap((owner) => owner.expressions.map((site) => site.part.expression)),
    );
    const single = pipeline.params.length === 1;
    for (const param of pipeline.params) {
      // What a file of params has may be for others.
      if (param.file !== undefined) continue;
      if (used.some((path) => touches(path, param.name.split('.')))) continue;
      const whole = single ? keyOf(pipeline, 'params')?.span : undefined;
      context.report({
        span: param.nameSpan,
        message: `Nothing uses the param "${param.name}".`,
        unnecessary: true,
        fixes: [
          {
            title: `Remove the param "${param.name}"`,
            edits: [
              {
                path: definition.path,
                span: removalSpan(definition.tree, whole ?? param.span),
                newText: '',
              },
            ],
            preferred: false,
          },
        ],
      });
    }
  },
};

/** What expressions take of the params: the names as far as they are known. */
function usedParams(expressions: readonly Expression[]): readonly (readonly string[])[] {
  return expressions
    .flatMap(chainsIn)
    .filter(({ context }) => context === 'params')
    .map(({ steps }) => {
      const names = steps.map(({ name }) => name);
      const unknown = names.indexOf(undefined);
      return names.slice(0, unknown === -1 ? names.length : unknown).filter((name) => name !== undefined);
    });
}

/** Whether one is, or lies in, the other. */
function touches(path: readonly string[], param: readonly string[]): boolean {
  return path.every((name, at) => at >= param.length || name === param[at]);
}
