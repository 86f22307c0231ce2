import { modelMentions } from '../../definition/mentions/models.js';
import type { ModelMention } from '../../definition/mentions/models.js';
import { checkModelName, toModelName } from '../../definition/names/registry-names.js';
import { renames, replacement } from '../shared/edits.js';
import { deploying } from '../examples.js';
import type { Report, Rule, RuleContext } from '../rule.js';

export const modelName: Rule = {
  id: 'model/name',
  severity: 'error',
  summary: 'A name that no registered model can have, or a reference to a version that does not say which.',
  docs: `
Names of registered models are made of letters, digits, \`_\`, \`-\`, \`.\` and spaces, as in MLflow, and are also the names of
folders. They begin with a letter, a digit or \`_\` and end with no \`.\` and no space.

Where a version is meant, its alias or number follows an \`@\`: \`rain@production\`, \`rain@3\`, \`rain@latest\`. MLflow's
\`models:/rain/3\` is read as well. Where a model is meant (\`register\`, \`package\`), its name stands alone.

**How to fix it:** Take the suggested name, or say which version is meant.
`,
  good: [
    {
      disk: ['models/rain.json', 'use.sh'],
      files:
        'tasks:\n  register:\n    register: { model: seattle.rain, from: models/rain.json, aliases: [candidate] }\n  use:\n    run: ./use.sh ${{ models.rain@production.path }}\n    cache: false\n',
    },
    {
      packages: { app: 1 },
      files: deploying(
        'tasks:\n  deploy:\n    deploy: { package: app, model: "models:/rain/3", environment: staging }\n',
      ),
    },
  ],
  bad: [
    {
      disk: ['models/rain.json'],
      files: 'tasks:\n  register:\n    register: { model: «seattle/rain», from: models/rain.json }\n',
      messages: [
        '"seattle/rain" can\'t be a model\'s name: use letters from a to z, digits, "_", "-", "." and spaces, beginning with a letter, a digit or "_" and ending with none of "." and space.',
      ],
      fixed: 'tasks:\n  register:\n    register: { model: seattle-rain, from: models/rain.json }\n',
    },
    {
      disk: ['models/rain.json'],
      files: 'tasks:\n  register:\n    register: { model: «rain@candidate», from: models/rain.json }\n',
      messages: [
        '"rain@candidate" names a version, and here only the model is named. Aliases of the new version go into `aliases`.',
      ],
      fixed: 'tasks:\n  register:\n    register: { model: rain, from: models/rain.json }\n',
    },
    {
      files: 'tasks:\n  use:\n    run: ./use.sh ${{ models.«rain».path }}\n    cache: false\n',
      messages: [
        '"rain" does not say which version: write rain@production (an alias), rain@3 (a number) or rain@latest.',
      ],
    },
  ],
  check(context) {
    if (context.definition.kind !== 'pipeline') return;
    for (const mention of modelMentions(context.definition)) {
      const report = judge(context, mention);
      if (report !== undefined) context.report(report);
    }
  },
};

function judge(context: RuleContext, mention: ModelMention): Report | undefined {
  const { model, modelSpan: span, names, role } = mention;
  if (model === undefined || span === undefined) return undefined;
  if (names === 'model' && model.includes('@')) {
    const name = model.slice(0, model.lastIndexOf('@'));
    if (checkModelName(name).ok) {
      const where = role === 'makes' ? ' Aliases of the new version go into `aliases`.' : '';
      return {
        span,
        message: `"${model}" names a version, and here only the model is named.${where}`,
        fixes: [replacement(context, `Change to "${name}"`, span, name)],
      };
    }
  }
  const checked = checkModelName(model);
  if (!checked.ok) {
    const valid = toModelName(model);
    // In an expression a blank or a dot would end the name.
    const fits = valid !== undefined && (mention.members === undefined || /^[\w-]+$/.test(valid));
    return { span, message: checked.message, fixes: fits ? renames(context, span, [valid]) : [] };
  }
  if (names !== 'version' || mention.selector !== undefined || mention.open === true) return undefined;
  // A sign without a word behind it is told by the expression's own syntax.
  if (/^['"]?@/.test(context.definition.tree.text.slice(span.end, span.end + 2))) return undefined;
  return {
    span,
    message: `"${model}" does not say which version: write ${model}@production (an alias), ${model}@3 (a number) or ${model}@latest.`,
  };
}
