import { parseMonitorRule } from '../../definition/text/monitor-rule.js';
import { literalWord } from '../../definition/mentions/serving.js';
import type { MonitorAction } from '../../definition/definition.js';
import type { Span } from '../../syntax/tree.js';
import { deploying } from '../examples.js';
import { reportUnknown } from '../shared/unknown.js';
import type { Rule, RuleContext } from '../rule.js';
import { knownFeatures } from './known-features.js';

const SERVED =
  '  pack:\n    package: { name: app, include: [app], entrypoint: ./app/run.sh, health: /health, signature: { inputs: { rain_7d: double, temp_max: double } } }\n  deploy:\n    deploy: { package: app, environment: staging }\n  start:\n    service: { name: rain, environment: staging, port: 8080 }\n';

export const unknownFeature: Rule = {
  id: 'monitor/unknown-feature',
  severity: 'warning',
  summary: 'The drift of a feature is watched that the requests of the service do not have.',
  docs: `
Drift compares the inputs of requests with the data that the model was trained on, feature by feature. Which features there are
follows from the \`signature\` or the \`feature-service\` of the package that the service runs, and from the signature of the
registered model.

Nothing is said where none of them is known.

**How to fix it:** Take the name that is suggested, or add the column to the signature.
`,
  needsWholeText: true,
  good: [
    {
      disk: ['app/run.sh'],
      files: deploying(
        `tasks:\n${SERVED}  watch:\n    monitor: { service: rain, rules: drift.rain_7d < 0.2, drift: { features: [temp_max] } }\n`,
      ),
    },
    { files: 'tasks:\n  watch:\n    monitor: { service: rain, rules: drift.anything < 0.2 }\n' },
  ],
  bad: [
    {
      disk: ['app/run.sh'],
      files: deploying(
        `tasks:\n${SERVED}  watch:\n    monitor: { service: rain, rules: drift.«rain_7» < 0.2, drift: { features: [«wind»] } }\n`,
      ),
      messages: [
        'The service "rain" gets no feature "rain_7". Did you mean "rain_7d"?',
        'The service "rain" gets no feature "wind". Expected one of rain_7d or temp_max.',
      ],
      fixed: `tasks:\n${SERVED}  watch:\n    monitor: { service: rain, rules: drift.rain_7d < 0.2, drift: { features: [wind] } }\n`,
    },
  ],
  check(context) {
    for (const { action } of context.pipeline?.tasks ?? []) {
      if (action?.kind !== 'monitor') continue;
      const named = featuresNamed(context, action);
      const known = named.length === 0 ? undefined : knownFeatures(context, action);
      if (known === undefined) continue;
      for (const { name, span } of named) {
        if (known.has(name)) continue;
        const names = [...known];
        reportUnknown(context, { value: name, span }, names, {
          message: `The service "${action.service.text}" gets no feature "${name}".`,
        });
      }
    }
  },
};

function featuresNamed({ definition }: RuleContext, action: MonitorAction): { name: string; span: Span }[] {
  const { tree } = definition;
  const named = (action.drift?.features ?? []).flatMap((text) => {
    const word = literalWord(tree, text);
    return word === undefined ? [] : [{ name: word.text, span: word.span }];
  });
  const watched = action.rules.flatMap(({ rule }) => {
    const written = literalWord(tree, rule);
    const parsed = written === undefined ? undefined : parseMonitorRule(written.text);
    if (written === undefined || parsed?.ok !== true || parsed.rule.feature === undefined) return [];
    const start = written.span.start + written.text.indexOf('.') + 1;
    const { feature } = parsed.rule;
    return [{ name: feature, span: { start, end: start + feature.length } }];
  });
  return [...watched, ...named];
}
