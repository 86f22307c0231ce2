import type { Rule } from '../rule.js';
import { servingMentions } from '../../definition/mentions/serving.js';
import { EXAMPLE_ENVIRONMENTS } from '../examples.js';
import { madeServing, mayBeMade } from '../shared/serving-names.js';
import { reportUnknown } from '../shared/unknown.js';

const MADE =
  'tasks:\n  start:\n    service: { name: rain, environment: staging, port: 8080, health: /health }\n';

export const unknownService: Rule = {
  id: 'reference/unknown-service',
  severity: 'warning',
  summary: 'A service is watched that no `service` task of the project starts.',
  docs: `
A \`monitor\` watches a service, and services are started by \`service\` tasks, in this pipeline or in another one of the
project.

It is a warning, because a service may have been started by hand. Nothing is said where the name is an expression, and while
no task of the project starts services.

**How to fix it:** Take the name that is suggested, or start the service with a \`service\` task.
`,
  needsWholeText: true,
  good: [
    {
      files: {
        'use.pipeline.yaml': 'tasks:\n  watch:\n    monitor: { service: rain, rules: p95 < 200ms }\n',
        'make.pipeline.yaml': MADE,
        ...EXAMPLE_ENVIRONMENTS,
      },
    },
    { files: 'tasks:\n  watch:\n    monitor: { service: rain, rules: p95 < 200ms }\n' },
  ],
  bad: [
    {
      files: {
        'use.pipeline.yaml': 'tasks:\n  watch:\n    monitor: { service: «rian», rules: p95 < 200ms }\n',
        'make.pipeline.yaml': MADE,
        ...EXAMPLE_ENVIRONMENTS,
      },
      messages: ['No task of this project starts the service "rian". Did you mean "rain"?'],
      fixed: 'tasks:\n  watch:\n    monitor: { service: rain, rules: p95 < 200ms }\n',
    },
  ],
  check(context) {
    for (const { kind, name, span, whole } of servingMentions(context.definition)) {
      if (kind !== 'service' || whole !== undefined) continue;
      const { services } = madeServing(context.project.definitions());
      if (mayBeMade(services, name) || services.byName.size + services.prefixes.length === 0) continue;
      reportUnknown(context, { value: name, span }, [...services.byName.keys()], {
        message: `No task of this project starts the service "${name}".`,
      });
    }
  },
};
