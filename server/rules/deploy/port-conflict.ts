import type { PipelineDefinition } from '../../definition/read/analyze.js';
import type { ServiceAction } from '../../definition/definition.js';
import { LOCAL_TARGET } from '../../definition/mentions/serving.js';
import { entryOf } from '../../syntax/text.js';
import { environmentOf, literal } from '../shared/releases.js';
import { EXAMPLE_ENVIRONMENTS } from '../examples.js';
import type { Rule, RuleContext } from '../rule.js';
import { madeServing } from '../shared/serving-names.js';
import type { Maker } from '../shared/serving-names.js';

const SERVICE = (name: string, port: string, environment = 'staging') =>
  `tasks:\n  start-${name}:\n    service: { name: ${name}, environment: ${environment}, port: ${port}, health: /health }\n`;

export const portConflict: Rule = {
  id: 'deploy/port-conflict',
  severity: 'warning',
  summary: 'Two services would listen on the same port of the same machine.',
  docs: `
A service owns its public \`port\`. A second one can't have it as long as the first one runs, also when it belongs to another
environment on the same target: \`staging\` and \`production\` on one machine need two ports.

The services of all pipelines of the project are looked at. Nothing is said where a port, a name or an environment is an
expression, and of environments on different targets.

**How to fix it:** Give one of them another port, or stop the other one first.
`,
  needsWholeText: true,
  good: [
    {
      files: {
        'a.pipeline.yaml': SERVICE('rain', '8080'),
        'b.pipeline.yaml': SERVICE('snow', '8081'),
        ...EXAMPLE_ENVIRONMENTS,
      },
    },
    {
      files: {
        'a.pipeline.yaml': SERVICE('rain', '8080'),
        'b.pipeline.yaml': SERVICE('rain', '8080'),
        ...EXAMPLE_ENVIRONMENTS,
      },
    },
  ],
  bad: [
    {
      files: {
        'a.pipeline.yaml': SERVICE('rain', '«8080»'),
        'b.pipeline.yaml': SERVICE('snow', '8080'),
        ...EXAMPLE_ENVIRONMENTS,
      },
      messages: ['Port 8080 is also that of the service "snow" in staging (b.pipeline.yaml).'],
    },
    {
      files: {
        'a.pipeline.yaml': SERVICE('rain', '«8080»'),
        'b.pipeline.yaml': SERVICE('rain', '8080', 'production'),
        ...EXAMPLE_ENVIRONMENTS,
      },
      messages: ['Port 8080 is also that of the service "rain" in production (b.pipeline.yaml).'],
    },
  ],
  check(context) {
    const { definition } = context;
    if (definition.kind !== 'pipeline') return;
    for (const task of definition.pipeline.tasks) {
      if (task.action?.kind !== 'service') continue;
      const own = placeOf(context, { definition, task, action: task.action });
      if (own === undefined || task.action.port === undefined) continue;
      const other = others(context).find((one) => clash(own, one));
      if (other === undefined) continue;
      const { path } = other.maker.definition;
      const where = path === definition.path ? '' : ` (${path})`;
      context.report({
        span: task.action.port.span,
        message: `Port ${own.port} is also that of the service "${other.name}" in ${other.environment}${where}.`,
        related: [
          {
            path,
            span: other.maker.action.port?.span ?? other.maker.task.nameSpan,
            message: 'The other service is here.',
          },
        ],
      });
    }
  },
};

interface Place {
  readonly maker: Maker<ServiceAction>;
  readonly name: string;
  readonly environment: string;
  readonly target: string;
  readonly host: string;
  readonly port: string;
}

function others(context: RuleContext): Place[] {
  const made = madeServing(context.project.definitions()).services;
  return [...made.byName.values()].flat().flatMap((maker) => placeOf(context, maker) ?? []);
}

function placeOf(context: RuleContext, maker: Maker<ServiceAction>): Place | undefined {
  const { action } = maker;
  const name = literal(action.name);
  const port = literal(action.port);
  const environment = environmentOf(maker.definition, action);
  const host = action.host === undefined ? '127.0.0.1' : literal(action.host);
  if (name === undefined || port === undefined || environment === undefined || host === undefined)
    return undefined;
  const target = targetOf(context, maker.definition, environment);
  return target === undefined ? undefined : { maker, name, port, environment, host, target };
}

/** The target of an environment; `undefined` where a `deploy` chooses one by itself. */
function targetOf(
  context: RuleContext,
  { pipeline }: PipelineDefinition,
  environment: string,
): string | undefined {
  const chosen = pipeline.tasks.some(
    ({ action }) => action?.kind === 'deploy' && action.target !== undefined,
  );
  if (chosen) return undefined;
  const defined = entryOf(context.project.settings()?.tree.root, 'environments')?.value;
  const target = entryOf(entryOf(defined, environment)?.value, 'target')?.value;
  return target?.kind === 'scalar' ? target.text : LOCAL_TARGET;
}

function clash(a: Place, b: Place): boolean {
  if (a.port !== b.port || a.target !== b.target) return false;
  if (a.name === b.name && a.environment === b.environment) return false;
  return a.host === b.host || a.host === '0.0.0.0' || b.host === '0.0.0.0';
}
