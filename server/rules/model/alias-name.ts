import { modelMentions } from '../../model/model-mentions.js';
import type { Word } from '../../model/model-mentions.js';
import { didYouMean } from '../../model/names.js';
import { checkAlias, isVersionNumber, parseSelector, toAlias } from '../../model/registry-names.js';
import { renames } from '../edits.js';
import type { Rule } from '../rule.js';

export const aliasName: Rule = {
  id: 'model/alias-name',
  severity: 'error',
  summary: 'A word that can be neither an alias of a model version nor the number of one.',
  docs: `
Aliases are made of letters, digits, \`_\` and \`-\`, as in MLflow. An alias that reads like a version (\`3\`, \`v3\`) is refused,
because nobody could tell which of the two \`rain@3\` means, and \`latest\` always means the newest version.

**How to fix it:** Take the suggested word. The number of a version is written without a \`v\`: \`rain@3\`.
`,
  good: [
    {
      files:
        'tasks:\n  register:\n    register: { model: rain, from: models/rain.json, aliases: [candidate], compare-to: 3 }\n  use:\n    run: ./use.sh ${{ models.rain@latest.path }}\n    cache: false\n',
    },
  ],
  bad: [
    {
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
      files: 'tasks:\n  use:\n    run: ./use.sh ${{ models.rain@«v3».path }}\n    cache: false\n',
      messages: ['"v3" can\'t be an alias: it reads like the number of a version. Did you mean "3"?'],
      fixed: 'tasks:\n  use:\n    run: ./use.sh ${{ models.rain@3.path }}\n    cache: false\n',
    },
  ],
  check(context) {
    if (context.definition.kind !== 'pipeline') return;
    for (const { selector, role } of modelMentions(context.definition)) {
      if (selector === undefined) continue;
      const checked = role === 'sets' ? checkAlias(selector.text) : parseSelector(selector.text);
      if (checked.ok) continue;
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

/** `v3` and `03` where `3` is meant. */
function numberIn({ text }: Word): string | undefined {
  const number = text.replace(/^v?0*/i, '');
  return /^v?\d+$/i.test(text) && isVersionNumber(number) ? number : undefined;
}
