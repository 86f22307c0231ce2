import { isVersionNumber } from '../../definition/names/registry-names.js';
import { servingMentions } from '../../definition/mentions/serving.js';
import type { ServingMention } from '../../definition/mentions/serving.js';
import type { Rule, RuleContext } from '../rule.js';
import { madeServing, mayBeMade } from '../shared/serving-names.js';
import { reportUnknown } from '../shared/unknown.js';

const MADE = 'tasks:\n  pack:\n    package: { name: rain-app, include: [app], entrypoint: ./app/run.sh }\n';
const USE = (name: string) => `tasks:\n  deploy:\n    deploy: { package: ${name}, environment: staging }\n`;
const SETTINGS = 'environments: { staging: {} }\n';

export const unknownPackage: Rule = {
  id: 'reference/unknown-package',
  severity: 'warning',
  summary: 'An app package is named that nobody makes, or a version of one that is not there.',
  docs: `
A \`deploy\` puts an app package into place, and packages are made by \`package\` tasks, in this pipeline or in another one of
the project. What such a task has made once is there, also when the task is no more.

It is a warning, because another clone of the project may have what this one has not. Nothing is said where the name is an
expression.

**How to fix it:** Take the name that is suggested, make the package with a \`package\` task, or leave the version out: the
newest is meant then.
`,
  needsWholeText: true,
  good: [
    {
      files: {
        'use.pipeline.yaml': USE('rain-app@3'),
        'make.pipeline.yaml': MADE,
        'modelyard.yaml': SETTINGS,
      },
      disk: ['app/run.sh'],
    },
    {
      files: { 'use.pipeline.yaml': USE('rain-app@2'), 'modelyard.yaml': SETTINGS },
      packages: { 'rain-app': 2 },
    },
  ],
  bad: [
    {
      files: {
        'use.pipeline.yaml': USE('«rain-ap»'),
        'make.pipeline.yaml': MADE,
        'modelyard.yaml': SETTINGS,
      },
      disk: ['app/run.sh'],
      messages: ['No task of this project makes the package "rain-ap". Did you mean "rain-app"?'],
      fixed: USE('rain-app'),
    },
    {
      files: {
        'use.pipeline.yaml': USE('rain-app@«9»'),
        'make.pipeline.yaml': MADE,
        'modelyard.yaml': SETTINGS,
      },
      disk: ['app/run.sh'],
      packages: { 'rain-app': 3 },
      messages: ['The package "rain-app" has no version 9; the newest is 3.'],
    },
  ],
  check(context) {
    for (const mention of servingMentions(context.definition)) {
      if (mention.kind !== 'package' || mention.whole !== undefined) continue;
      judge(context, mention);
    }
  },
};

function judge(context: RuleContext, mention: ServingMention): void {
  const { name, span, version } = mention;
  const { packages: stored } = context.project;
  const made = madeServing(context.project.definitions()).packages;
  const versions = stored?.package(name)?.versions ?? [];
  if (mayBeMade(made, name) || versions.some(({ deleted }) => deleted === undefined)) {
    if (version === undefined || !isVersionNumber(version.text) || versions.length === 0) return;
    const found = versions.find((one) => one.version === version.text);
    if (found !== undefined && found.deleted === undefined) return;
    const newest = versions.find(({ deleted }) => deleted === undefined);
    const now = newest === undefined ? 'none is left' : `the newest is ${newest.version}`;
    const what =
      found === undefined
        ? `The package "${name}" has no version ${version.text}`
        : `Version ${version.text} of the package "${name}" was deleted`;
    context.report({ span: version.span, message: `${what}; ${now}.` });
    return;
  }
  if (stored === undefined && made.byName.size + made.prefixes.length === 0) return;
  const names = [...new Set([...made.byName.keys(), ...(stored?.names() ?? [])])];
  reportUnknown(context, { value: name, span }, names, {
    message: `No task of this project makes the package "${name}".`,
  });
}
