import { deploysOf, packagesOf } from '../shared/releases.js';
import { deploying } from '../examples.js';
import type { Rule } from '../rule.js';

const PACKAGE = (health: string) =>
  `  pack:\n    package: { name: app, include: [app], entrypoint: ./app/run.sh${health} }\n`;
const DEPLOY = '  deploy:\n    deploy: { package: app, environment: staging }\n';

export const unhealthyProbe: Rule = {
  id: 'deploy/unhealthy-probe',
  severity: 'warning',
  summary: 'A service whose health nobody can ask for: neither it nor its package names a path.',
  docs: `
Traffic goes to a new release when it says that it is ready, and back to the one before when it says that it is not. Without a
path to ask, a port that can be reached has to do: an app that has started and can't load its model counts as healthy.

Nothing is said where it can't be told which package the service runs.

**How to fix it:** Name the path under \`health\` of the \`package\` (all its services then use it) or of the \`service\`.
`,
  needsWholeText: true,
  good: [
    {
      disk: ['app/run.sh'],
      files: deploying(
        `tasks:\n${PACKAGE(', health: /health')}${DEPLOY}  start:\n    service: { name: rain, environment: staging, port: 8080 }\n`,
      ),
    },
    {
      disk: ['app/run.sh'],
      files: deploying(
        `tasks:\n${PACKAGE('')}${DEPLOY}  start:\n    service: { name: rain, environment: staging, port: 8080, health: /health }\n`,
      ),
    },
  ],
  bad: [
    {
      disk: ['app/run.sh'],
      files: deploying(
        `tasks:\n${PACKAGE('')}${DEPLOY}  start:\n    service: { name: «rain», environment: staging, port: 8080 }\n`,
      ),
      messages: ['Neither the service "rain" nor the package "app" says where its health is asked for.'],
    },
  ],
  check(context) {
    const { definition } = context;
    if (definition.kind !== 'pipeline') return;
    for (const { action } of definition.pipeline.tasks) {
      if (action?.kind !== 'service' || action.health !== undefined || action.release !== undefined) continue;
      const packages = packagesOf(context, deploysOf(definition, action));
      const silent = packages?.find(
        ({ action: { health } }) => health.live === undefined && health.ready === undefined,
      );
      if (silent === undefined) continue;
      context.report({
        span: action.name.span,
        message: `Neither the service "${action.name.text}" nor the package "${silent.action.name.text}" says where its health is asked for.`,
        related: [
          {
            path: silent.definition.path,
            span: silent.action.name.span,
            message: 'The package is made here.',
          },
        ],
      });
    }
  },
};
