import { usableModel, versionOf } from '../../definition/known/models.js';
import type { KnownModel, KnownModels } from '../../definition/known/models.js';
import { modelMentions } from '../../definition/mentions/models.js';
import type { ModelMention, Word } from '../../definition/mentions/models.js';
import { alternatives, didYouMean, similar } from '../../definition/names/names.js';
import { parseSelector } from '../../definition/names/registry-names.js';
import { renames } from '../shared/edits.js';
import { madeModels, maySet } from '../shared/model-makers.js';
import { EXAMPLE_ENVIRONMENTS, deploying } from '../examples.js';
import type { Report, Rule, RuleContext } from '../rule.js';

export const unknownAlias: Rule = {
  id: 'reference/unknown-alias',
  severity: 'warning',
  summary: 'A reference names an alias or a version that the registered model does not have.',
  docs: `
What stands behind the \`@\` of \`rain@production\` is an alias, the number of a version, or \`latest\`. An alias that the model
does not have, or a version that was never made or is deleted, makes the task fail.

An alias that a \`register\` task of the project gives to the model is known, too. Nothing is said of models that the
registry does not have, and of the \`compare-to\` of a \`register\` only where it looks like a slip of the pen: as long as
nothing has the alias, there is nothing to compare with, and that is no mistake.

**How to fix it:** Take the word that is suggested, or set the alias: \`modelyard models alias rain@3 production\`.
`,
  needsWholeText: true,
  good: [
    {
      files:
        'tasks:\n  use:\n    run: ./use.sh ${{ models.rain@production.path }} ${{ models.rain@1.path }} ${{ models.rain@latest.path }}\n    cache: false\n',
      models: { rain: { versions: 3, aliases: { production: '2' } } },
    },
    {
      files: {
        'deploy.pipeline.yaml':
          'tasks:\n  deploy:\n    deploy: { package: app, model: rain@candidate, environment: staging }\n',
        'train.pipeline.yaml':
          'tasks:\n  register:\n    register: { model: rain, from: models/rain.json, aliases: [candidate], compare-to: production }\n',
        ...EXAMPLE_ENVIRONMENTS,
      },
      models: { rain: { versions: 1 } },
    },
  ],
  bad: [
    {
      files: deploying(
        'tasks:\n  deploy:\n    deploy: { package: app, model: rain@«prodution», environment: production }\n',
      ),
      models: { rain: { versions: 3, aliases: { production: '2' } } },
      messages: ['The model "rain" has no alias "prodution". Did you mean "production"?'],
      fixed:
        'tasks:\n  deploy:\n    deploy: { package: app, model: rain@production, environment: production }\n',
    },
    {
      files:
        'tasks:\n  use:\n    run: ./use.sh ${{ models.rain@«7».path }} ${{ models.rain@«1».path }}\n    cache: false\n',
      models: { rain: { versions: 3, deleted: ['1'] } },
      messages: [
        'The model "rain" has no version 7; the newest is 3.',
        'Version 1 of the model "rain" was deleted.',
      ],
    },
  ],
  check(context) {
    const { definition, project } = context;
    if (definition.kind !== 'pipeline' || project.models === undefined) return;
    for (const mention of modelMentions(definition)) {
      const { model: name, selector, role } = mention;
      if (name === undefined || selector === undefined || role === 'sets') continue;
      const model = usableModel(project.models, name);
      const report = model && judge(context, mention, selector, model, project.models);
      if (report !== undefined) context.report(report);
    }
  },
};

function judge(
  context: RuleContext,
  { role }: ModelMention,
  { text, span }: Word,
  model: KnownModel,
  models: KnownModels,
): Report | undefined {
  const parsed = parseSelector(text);
  if (!parsed.ok) return undefined;
  const { selector } = parsed;
  if (selector.kind === 'version') return versionReport({ text, span }, model, models);
  if (selector.kind === 'latest' || versionOf(model, selector) !== undefined) return undefined;
  const aliases = Object.keys(model.aliases).sort();
  const candidates = similar(text, aliases);
  if (role === 'compares' && candidates.length === 0) return undefined;
  // Asked last: who asks for all definitions is checked again with every edit of any of them.
  if (maySet(madeModels(context.project.definitions()), model.name, text)) return undefined;
  const help =
    candidates.length > 0
      ? didYouMean(candidates)
      : aliases.length > 0
        ? ` Expected one of ${alternatives(aliases)}.`
        : ' It has none.';
  return {
    span,
    message: `The model "${model.name}" has no alias "${text}".${help}`,
    fixes: renames(context, span, candidates),
  };
}

function versionReport({ text, span }: Word, model: KnownModel, models: KnownModels): Report | undefined {
  const newest = model.nextVersion - 1;
  if (Number(text) > newest) {
    const has = newest === 0 ? 'it has none yet' : `the newest is ${newest}`;
    return { span, message: `The model "${model.name}" has no version ${text}; ${has}.` };
  }
  const version = model.recent.find((one) => one.version === text) ?? models.version(model.name, text);
  if (version?.deleted === undefined) return undefined;
  return { span, message: `Version ${text} of the model "${model.name}" was deleted.` };
}
