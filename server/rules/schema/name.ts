import type { Pipeline, StructuralProblem } from '../../definition/definition.js';
import { toValidName } from '../../definition/names/names.js';
import { nodePathAt } from '../../syntax/text.js';
import type { Expression, SyntaxTree } from '../../syntax/tree.js';
import { visitExpression } from '../../syntax/expressions/expression.js';
import { renames } from '../shared/edits.js';
import type { Fix, Rule, RuleContext } from '../rule.js';
import { reportStructural } from '../structural.js';

export const name: Rule = {
  id: 'schema/name',
  severity: 'error',
  summary: "A name with characters that names can't have.",
  docs: `
Names of pipelines, tasks, params and outputs are made of letters, digits, \`_\` and \`-\`, and begin with a letter or \`_\`.
Names of environment variables and secrets are made of letters, digits and \`_\`. Expressions reach things by their name
(\`tasks.train.outputs.model\`), logs and records are filed under it, and a name that is also safe as a file name and in a
shell can never surprise there.

**How to fix it:** Take the suggested name.
`,
  good: [
    { files: 'tasks:\n  train-model:\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n' },
  ],
  bad: [
    {
      files:
        'tasks:\n  «train model»:\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n  notify:\n    needs: [train model]\n    run: ./notify.sh\n    cache: false\n',
      messages: [
        '"train model" cannot be a name here. Use letters, digits, "_" and "-", beginning with a letter or "_".',
      ],
      fixed:
        'tasks:\n  train-model:\n    run: ./train.sh\n    outputs: { model: models/rain.json }\n  notify:\n    needs: [train-model]\n    run: ./notify.sh\n    cache: false\n',
    },
    {
      files:
        'tasks:\n  train:\n    run: ./train.sh\n    env: { «API-KEY»: x }\n    outputs: { model: models/rain.json }\n',
      messages: [
        '"API-KEY" cannot be a name here. Use letters, digits and "_", beginning with a letter or "_".',
      ],
      fixed:
        'tasks:\n  train:\n    run: ./train.sh\n    env: { API_KEY: x }\n    outputs: { model: models/rain.json }\n',
    },
  ],
  check: (context) => reportStructural(context, 'name', (problem) => fixesOf(context, problem)),
};

/** A rename, unless an expression may know the thing by its old name: then the editor's rename is the tool. */
function fixesOf(context: RuleContext, problem: StructuralProblem): Fix[] {
  const { found } = problem;
  const { pipeline, definition } = context;
  const valid = found === undefined ? undefined : validName(definition.tree, found, problem.span.start);
  const candidates = problem.candidates ?? (valid === undefined ? [] : [valid]);
  if (found === undefined || pipeline === undefined) return renames(context, problem.span, candidates);
  // Runs, other pipelines and CI know a pipeline by its name: it is never changed beside something else.
  if (pipeline.nameSpan.start === problem.span.start) {
    return renames(context, problem.span, candidates).map((fix) => ({ ...fix, preferred: false }));
  }
  if (isMentioned(pipeline, found)) return [];
  const needs = pipeline.tasks.flatMap((task) => task.needs).filter((need) => need.value === found);
  return renames(context, problem.span, candidates).map((fix) => ({
    ...fix,
    edits: [
      ...fix.edits,
      ...needs
        .filter((need) => need.span.start !== problem.span.start)
        .map((need) => ({
          path: context.definition.path,
          span: need.span,
          newText: fix.edits[0]?.newText ?? '',
        })),
    ],
  }));
}

/** Whether an expression holds the text: only as a text can it name what has no valid name. */
function isMentioned(pipeline: Pipeline, text: string): boolean {
  const mentions: Expression[] = [];
  for (const site of [pipeline, ...pipeline.tasks].flatMap((owner) => owner.expressions)) {
    visitExpression(site.part.expression, (expression) => {
      if (expression.kind === 'literal' && expression.value === text) mentions.push(expression);
    });
  }
  return mentions.length > 0;
}

/** The closest name that is allowed at an offset: a shell's variables know no dash. */
function validName(tree: SyntaxTree, found: string, offset: number): string | undefined {
  const valid = toValidName(found);
  const variable = nodePathAt(tree, offset).some(
    (step) => step.kind === 'entry' && (step.key === 'env' || step.key === 'secrets'),
  );
  return variable ? valid?.replaceAll('-', '_') : valid;
}
