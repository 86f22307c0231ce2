import { parseMonitorRule } from '../../definition/text/monitor-rule.js';
import { literalWord } from '../../definition/mentions/serving.js';
import { renames } from '../shared/edits.js';
import type { Rule } from '../rule.js';

export const unknownMetric: Rule = {
  id: 'monitor/unknown-metric',
  severity: 'error',
  summary: 'A rule of a monitor that asks for something that is not measured, or that can not be read.',
  docs: `
A rule is a measure, a comparison (\`<\`, \`<=\`, \`>\`, \`>=\`) and a bound: \`p95 < 200ms\`. It says what has to hold.

| measure | what | bound |
|---|---|---|
| \`p50\`, \`p95\`, \`p99\` | latency of requests | a duration: \`200ms\` |
| \`rate\` | requests a second | a number: \`5\` |
| \`error-rate\` | share of requests answered with 5xx or not at all | \`1%\` or \`0.01\` |
| \`availability\` | share of the time in which the service was ready | \`99.9%\` |
| \`restarts\` | how often processes were started again | a whole number |
| \`memory\` | memory of its processes | a size: \`512MiB\` |
| \`drift.<feature>\` | how far a feature is from the training data (PSI, missing values included) | a number: \`0.2\` |
| \`ks.<feature>\` | the same of numbers, by Kolmogorov–Smirnov | a number: \`0.1\` |
| \`js.<feature>\` | the same of categories, by Jensen–Shannon | a number: \`0.1\` |
| \`nulls.<feature>\` | share of requests in which a feature has no value | \`5%\` or \`0.05\` |
| \`missing.<feature>\` | share of requests in which a feature is not there at all | \`1%\` or \`0.01\` |

Nothing is said of rules that hold an expression.

**How to fix it:** Take the measure that is suggested, or write the bound as the message says.
`,
  needsWholeText: true,
  good: [
    {
      files:
        'tasks:\n  watch:\n    monitor: { service: rain, rules: [p95 < 200ms, { rule: error-rate <= 1%, over: 5m }, drift.rain_7d < 0.2, nulls.rain_7d < 5%, missing.rain_7d < 1%, ks.rain_7d < 0.1, js.sky < 0.1] }\n',
    },
  ],
  bad: [
    {
      files: 'tasks:\n  watch:\n    monitor: { service: rain, rules: «eror-rate» < 1% }\n',
      messages: ['There is no measure "eror-rate". Did you mean "error-rate"?'],
      fixed: 'tasks:\n  watch:\n    monitor: { service: rain, rules: error-rate < 1% }\n',
    },
    {
      files: 'tasks:\n  watch:\n    monitor: { service: rain, rules: [p95 < «200», «fast enough»] }\n',
      messages: [
        '"200" is not a bound for p95: write it as in p95 < 200ms.',
        'This is not a rule. Write a measure, a comparison and a bound, such as p95 < 200ms or error-rate < 1%.',
      ],
    },
  ],
  check(context) {
    for (const { action } of context.pipeline?.tasks ?? []) {
      if (action?.kind !== 'monitor') continue;
      for (const { rule } of action.rules) {
        const written = literalWord(context.definition.tree, rule);
        const parsed = written === undefined ? undefined : parseMonitorRule(written.text);
        if (written === undefined || parsed === undefined || parsed.ok) continue;
        const span = { start: written.span.start + parsed.start, end: written.span.start + parsed.end };
        context.report({
          span,
          message: parsed.message,
          fixes: renames(context, span, parsed.candidates),
        });
      }
    }
  },
};
