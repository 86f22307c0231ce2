import type { Rule } from '../rule.js';
import { reportUnmade } from '../serving-names.js';

const MADE = 'tasks:\n  pack:\n    package: { name: rain-app, include: [app], entrypoint: ./app/run.sh }\n';

export const unknownPackage: Rule = {
  id: 'reference/unknown-package',
  severity: 'warning',
  summary: 'An app package is named that no `package` task of the project makes.',
  docs: `
A \`deploy\` puts an app package into place, and packages are made by \`package\` tasks, in this pipeline or in another one of
the project.

It is a warning, because a package may have been made by a pipeline that is no more. Nothing is said where the name is an
expression, and while no task of the project makes packages.

**To mend it**, take the name that is suggested, or make the package with a \`package\` task.
`,
  needsWholeText: true,
  good: [
    {
      files: {
        'use.pipeline.yaml': 'tasks:\n  deploy:\n    deploy: { package: rain-app@3, environment: staging }\n',
        'make.pipeline.yaml': MADE,
      },
    },
    { files: 'tasks:\n  deploy:\n    deploy: { package: rain-app@3, environment: staging }\n' },
  ],
  bad: [
    {
      files: {
        'use.pipeline.yaml': 'tasks:\n  deploy:\n    deploy: { package: «rain-ap», environment: staging }\n',
        'make.pipeline.yaml': MADE,
      },
      messages: ['No task of this project makes the package "rain-ap". Did you mean "rain-app"?'],
      fixed: 'tasks:\n  deploy:\n    deploy: { package: rain-app, environment: staging }\n',
    },
  ],
  check: (context) => reportUnmade(context, 'package', 'makes'),
};
