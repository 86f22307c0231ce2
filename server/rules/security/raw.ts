import { visitExpression } from '../../syntax/expressions/expression.js';
import type { Expression } from '../../syntax/tree.js';
import { isHarmless } from '../../definition/expressions/types/sites.js';
import { typeEnvironment } from '../../definition/expressions/types/types.js';
import { replacement } from '../shared/edits.js';
import type { Rule } from '../rule.js';

export const raw: Rule = {
  id: 'security/raw',
  severity: 'warning',
  summary: 'A value goes into a shell command unquoted.',
  docs: `
In a command every \`\${{ … }}\` becomes one quoted word, whatever is in it. \`raw(…)\` switches that off: the value is read by
the shell, so that a param with \`; rm -rf data\` in it is carried out.

Nothing is said where the value can't hold such a thing: a literal, a number, a boolean, or a param with \`choices\`.

**How to fix it:** Leave \`raw\` out. Several words come from a list: a param \`flags: ["--fast", "--seed=1"]\` becomes two
words. To pick one of several commands, give the param \`choices\`.
`,
  good: [
    {
      files:
        'params: { flags: [--fast, --seed=1] }\ntasks:\n  train:\n    run: ./train.sh ${{ params.flags }}\n    outputs: { model: models/rain.json }\n',
    },
    {
      files:
        'params:\n  mode: { choices: [--fast, --fast --seed=1], default: --fast }\ntasks:\n  train:\n    run: ./train.sh ${{ raw(params.mode) }}\n    outputs: { model: models/rain.json }\n',
    },
  ],
  bad: [
    {
      files:
        'params: { flags: --fast }\ntasks:\n  train:\n    run: ./train.sh ${{ «raw»(params.flags) }}\n    outputs: { model: models/rain.json }\n',
      messages: ['"raw" puts the value into the command unquoted, so the shell carries out what is in it.'],
      fixed:
        'params: { flags: --fast }\ntasks:\n  train:\n    run: ./train.sh ${{ params.flags }}\n    outputs: { model: models/rain.json }\n',
    },
  ],
  check(context) {
    const { pipeline } = context;
    for (const { site, task } of context.typing()) {
      if (site.place !== 'command' || pipeline === undefined) continue;
      visitExpression(site.part.expression, (expression: Expression) => {
        if (expression.kind !== 'call' || expression.name !== 'raw') return;
        const [argument] = expression.args;
        if (argument === undefined || isHarmless(argument, typeEnvironment(pipeline, task, site.place)))
          return;
        const { text } = context.definition.tree;
        const source = text.slice(argument.span.start, argument.span.end);
        context.report({
          span: expression.nameSpan,
          message: '"raw" puts the value into the command unquoted, so the shell carries out what is in it.',
          fixes: [replacement(context, 'Quote the value: remove "raw"', expression.span, source, false)],
        });
      });
    }
  },
};
