import { visitExpression } from '../../syntax/expression.js';
import { entryOf } from '../../syntax/text.js';
import type { Expression } from '../../syntax/tree.js';
import { removalSpan } from '../edits.js';
import type { Rule } from '../rule.js';

export const unused: Rule = {
  id: 'param/unused',
  severity: 'hint',
  summary: 'A param that no expression uses.',
  docs: `
Nothing in the pipeline reads this param, so changing it changes nothing, though whoever sets it will think it does.

A param counts as used when an expression names it (\`params.epochs\`, \`params['epochs']\`), and all of them do when an
expression takes them together (\`toJSON(params)\`, \`params.*\`) or picks one by a name that is only known at run time.

**To mend it**, use the param, or remove it.
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
    if (used === 'all') return;
    const single = pipeline.params.length === 1;
    for (const param of pipeline.params) {
      if (used.has(param.name)) continue;
      const whole = single ? entryOf(definition.tree.root, 'params')?.span : undefined;
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

/** The params that expressions read; `all` when one of them takes the params as a whole. */
function usedParams(expressions: readonly Expression[]): ReadonlySet<string> | 'all' {
  const used = new Set<string>();
  const wholes: Expression[] = [];
  for (const root of expressions) {
    visitExpression(root, (expression) => {
      const name = paramNamed(expression);
      if (name !== undefined) {
        used.add(name);
        return false;
      }
      if (isParams(expression)) wholes.push(expression);
      return true;
    });
  }
  return wholes.length > 0 ? 'all' : used;
}

function paramNamed(expression: Expression): string | undefined {
  if (expression.kind === 'member' && isParams(expression.object)) return expression.property;
  if (expression.kind !== 'index' || !isParams(expression.object)) return undefined;
  return expression.index.kind === 'literal' ? String(expression.index.value) : undefined;
}

function isParams(expression: Expression): boolean {
  return expression.kind === 'name' && expression.name === 'params';
}
