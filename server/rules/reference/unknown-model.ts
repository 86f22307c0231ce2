import { knowsModels, usableModel } from '../../definition/known/models.js';
import type { KnownModels } from '../../definition/known/models.js';
import { modelMentions } from '../../definition/mentions/models.js';
import type { ModelMention } from '../../definition/mentions/models.js';
import { alternatives, didYouMean, similar } from '../../definition/names/names.js';
import { checkModelName } from '../../definition/names/registry-names.js';
import { renames } from '../shared/edits.js';
import { madeModels, mayMake } from '../shared/model-makers.js';
import { EXAMPLE_ENVIRONMENTS, deploying } from '../examples.js';
import type { Rule, RuleContext } from '../rule.js';

export const unknownModel: Rule = {
  id: 'reference/unknown-model',
  severity: 'warning',
  summary: 'A model is named that neither the registry knows nor a task of the project registers.',
  docs: `
\`models.rain@production\` and the \`model\` of a \`deploy\`, a \`package\` or an \`approval\` speak of registered models. One that
is not in the registry of the project (\`modelyard models list\`) makes the task fail.

The registry belongs to the checkout, so this is a warning, and nothing is said while it is empty. A model that a
\`register\` task of the project makes is known, too.

**How to fix it:** Take the name that is suggested, register the model, or import it with \`modelyard models import\`.
`,
  needsWholeText: true,
  good: [
    {
      files: 'tasks:\n  use:\n    run: ./use.sh ${{ models.rain@production.path }}\n    cache: false\n',
      models: { rain: { versions: 3, aliases: { production: '2' } } },
    },
    {
      files: {
        'deploy.pipeline.yaml':
          'tasks:\n  deploy:\n    deploy: { package: app, model: snow@candidate, environment: staging }\n',
        'train.pipeline.yaml':
          'tasks:\n  register:\n    register: { model: snow, from: models/snow.json, aliases: [candidate] }\n',
        ...EXAMPLE_ENVIRONMENTS,
      },
      models: { rain: { versions: 3 } },
    },
    {
      files: 'tasks:\n  use:\n    run: ./use.sh ${{ models.rain@production.path }}\n    cache: false\n',
      models: {},
    },
  ],
  bad: [
    {
      files: 'tasks:\n  use:\n    run: ./use.sh ${{ models.«rian»@production.path }}\n    cache: false\n',
      models: { rain: { versions: 3, aliases: { production: '2' } }, snow: { versions: 1 } },
      messages: ['There is no model "rian" in the registry. Did you mean "rain"?'],
      fixed: 'tasks:\n  use:\n    run: ./use.sh ${{ models.rain@production.path }}\n    cache: false\n',
    },
    {
      files: deploying(
        'tasks:\n  deploy:\n    deploy: { package: app, model: «churn»@candidate, environment: staging }\n',
      ),
      models: { rain: { versions: 3 }, snow: { versions: 1 } },
      messages: ['There is no model "churn" in the registry. Expected one of rain or snow.'],
    },
  ],
  check(context) {
    const { definition, project } = context;
    if (definition.kind !== 'pipeline' || project.models === undefined) return;
    for (const mention of modelMentions(definition)) {
      if (mention.role === 'uses') judge(context, mention, project.models);
    }
  },
};

/** Asks for what the project makes only where the registry has no answer: who asks is checked again with every edit. */
function judge(context: RuleContext, mention: ModelMention, models: KnownModels): void {
  const { model: name, modelSpan: span } = mention;
  if (name === undefined || span === undefined || !checkModelName(name).ok) return;
  const model = models.model(name);
  if (model === 'unreadable' || usableModel(models, name) !== undefined || !knowsModels(models)) return;
  const made = madeModels(context.project.definitions());
  if (mayMake(made, name)) return;
  if (model?.deleted !== undefined) {
    const { by, at } = model.deleted;
    context.report({
      span,
      message: `The model "${name}" was deleted by ${by} on ${at.slice(0, 10)}. Restore it to use it again.`,
    });
    return;
  }
  const names = models.names();
  const candidates = similar(name, [...names, ...made.byName.keys()]).filter(
    (one) => made.byName.has(one) || usableModel(models, one) !== undefined,
  );
  const few = names.length <= 12 ? names.filter((one) => usableModel(models, one) !== undefined) : [];
  const help =
    candidates.length > 0
      ? didYouMean(candidates)
      : few.length > 0
        ? ` Expected one of ${alternatives(few)}.`
        : '';
  // Behind a dot only a plain word can stand.
  const dotted = mention.members !== undefined && context.definition.tree.text[span.start - 1] !== "'";
  const fitting = dotted ? candidates.filter((one) => /^[A-Za-z_][\w-]*$/.test(one)) : candidates;
  context.report({
    span,
    message: `There is no model "${name}" in the registry.${help}`,
    fixes: renames(context, span, fitting),
  });
}
