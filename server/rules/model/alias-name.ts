import { usableModel } from '../../definition/known/models.js';
import { modelMentions } from '../../definition/mentions/models.js';
import type { Word } from '../../definition/mentions/models.js';
import { didYouMean } from '../../definition/names/names.js';
import {
  checkAlias,
  checkNewAlias,
  isVersionNumber,
  parseSelector,
  toAlias,
} from '../../definition/names/registry-names.js';
import { renames } from '../shared/edits.js';
import type { Rule, RuleContext } from '../rule.js';

export const aliasName: Rule = {
  id: 'model/alias-name',
  severity: 'error',
  summary: 'A word that can be neither an alias of a model version nor the number of one.',
  docs: `
Aliases are made of letters, digits, \`_\` and \`-\`, as in MLflow. An alias that reads like a version (\`3\`, \`v3\`) is refused,
because nobody could tell which of the two \`rain@3\` means, and \`latest\` always means the newest version. So is one that
differs only by case from an alias that the model has.

**How to fix it:** Take the suggested word. The number of a version is written without a \`v\`: \`rain@3\`.
`,
  good: [
    {
      disk: ['models/rain.json', 'use.sh'],
      files:
        'tasks:\n  register:\n    register: { model: rain, from: models/rain.json, aliases: [candidate], compare-to: 3 }\n  use:\n    run: ./use.sh ${{ models.rain@latest.path }}\n    cache: false\n',
    },
  ],
  bad: [
    {
      disk: ['models/rain.json'],
      files:
        'tasks:\n  register:\n    register: { model: rain, from: models/rain.json, aliases: [«blue/green», «v2»] }\n',
      messages: [
        '"blue/green" can\'t be an alias: use letters from a to z, digits, "_" and "-".',
        '"v2" can\'t be an alias: it reads like the number of a version.',
      ],
      fixed:
        'tasks:\n  register:\n    register: { model: rain, from: models/rain.json, aliases: [blue-green, v2] }\n',
    },
    {
      disk: ['models/rain.json'],
      files:
        'tasks:\n  register:\n    register: { model: rain, from: models/rain.json, aliases: [«Production»] }\n',
      models: { rain: { versions: 1, aliases: { production: '1' } } },
      messages: [
        '"Production" differs only by case from "production", an alias of rain. Take that one, or another name.',
      ],
      fixed:
        'tasks:\n  register:\n    register: { model: rain, from: models/rain.json, aliases: [production] }\n',
    },
    {
      files: 'tasks:\n  use:\n    run: ./use.sh ${{ models.rain@«v3».path }}\n    cache: false\n',
      messages: ['"v3" can\'t be an alias: it reads like the number of a version. Did you mean "3"?'],
      fixed: 'tasks:\n  use:\n    run: ./use.sh ${{ models.rain@3.path }}\n    cache: false\n',
    },
  ],
  check(context) {
    if (context.definition.kind !== 'pipeline') return;
    for (const { model, selector, role } of modelMentions(context.definition)) {
      if (selector === undefined) continue;
      const checked = role === 'sets' ? checkAlias(selector.text) : parseSelector(selector.text);
      if (checked.ok) {
        if (role === 'sets') reportTwin(context, model, selector);
        continue;
      }
      const meant = role === 'sets' ? undefined : numberIn(selector);
      const candidates = [meant ?? toAlias(selector.text)].filter((word) => word !== undefined);
      context.report({
        span: selector.span,
        message: checked.message + didYouMean(meant === undefined ? [] : [meant]),
        fixes: renames(context, selector.span, candidates),
      });
    }
  },
};

/** An alias beside which the model has one that differs only by case: a registration is refused. */
function reportTwin(context: RuleContext, name: string | undefined, { text, span }: Word): void {
  const model = name === undefined ? undefined : usableModel(context.project.models, name);
  const aliases = Object.keys(model?.aliases ?? {});
  if (model === undefined || aliases.includes(text)) return;
  const checked = checkNewAlias(text, model.name, aliases);
  if (checked.ok) return;
  const folded = text.toLowerCase();
  const twins = aliases.filter((one) => one.toLowerCase() === folded);
  context.report({ span, message: checked.message, fixes: renames(context, span, twins) });
}

/** `v3` and `03` where `3` is meant. */
function numberIn({ text }: Word): string | undefined {
  const number = text.replace(/^v?0*/i, '');
  return /^v?\d+$/i.test(text) && isVersionNumber(number) ? number : undefined;
}
