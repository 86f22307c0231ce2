import { LOCAL_TARGET, servingMentions } from '../../model/serving-mentions.js';
import { reportUnknown } from '../unknown.js';
import type { Rule } from '../rule.js';
import { definedNames } from '../serving-names.js';

const SETTINGS =
  'environments:\n  staging: { target: local }\n  production: { target: local, approval: true }\n';

export const unknownEnvironment: Rule = {
  id: 'reference/unknown-environment',
  severity: 'error',
  summary: 'An environment or a target is named that `modelyard.yaml` does not define.',
  docs: `
Where an app is deployed to is one of the \`environments\` of \`modelyard.yaml\`, and the platform behind it one of its
\`targets\`; the target \`local\` is always there.

Nothing is said where the name is an expression, and while \`modelyard.yaml\` defines no environment at all.

**To mend it**, take the name that is suggested, or define the environment in \`modelyard.yaml\`.
`,
  needsWholeText: true,
  good: [
    {
      files: {
        'deploy.pipeline.yaml':
          'tasks:\n  deploy:\n    deploy: { package: app@3, environment: staging, target: local }\n',
        'modelyard.yaml': SETTINGS,
      },
    },
    { files: 'tasks:\n  deploy:\n    deploy: { package: app@3, environment: staging }\n' },
  ],
  bad: [
    {
      files: {
        'deploy.pipeline.yaml': 'tasks:\n  deploy:\n    deploy: { package: app@3, environment: «stagign» }\n',
        'modelyard.yaml': SETTINGS,
      },
      messages: ['There is no environment "stagign" in modelyard.yaml. Did you mean "staging"?'],
      fixed: 'tasks:\n  deploy:\n    deploy: { package: app@3, environment: staging }\n',
    },
    {
      files: { 'modelyard.yaml': 'environments:\n  staging: { target: «cloud» }\n' },
      messages: ['There is no target "cloud" in modelyard.yaml. Expected one of local.'],
    },
  ],
  check(context) {
    const { definition, project } = context;
    for (const { kind, name, span, whole } of servingMentions(definition)) {
      if ((kind !== 'environment' && kind !== 'target') || whole !== undefined) continue;
      const defined = definedNames(project, kind);
      const environments = kind === 'target' ? definedNames(project, 'environment') : defined;
      if (environments === undefined) continue;
      const names = kind === 'target' ? [...new Set([LOCAL_TARGET, ...(defined ?? [])])] : (defined ?? []);
      if (names.includes(name)) continue;
      reportUnknown(context, { value: name, span }, names, {
        message: `There is no ${kind} "${name}" in modelyard.yaml.`,
      });
    }
  },
};
