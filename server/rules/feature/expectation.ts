import type { ExpectationResult } from '../../definition/known/feature-facts.js';
import type { FeatureView } from '../../definition/features.js';
import { entryOf } from '../../syntax/text.js';
import type { Span, SyntaxNode } from '../../syntax/tree.js';
import type { Rule, RuleContext } from '../rule.js';
import { featuresOf } from './named.js';

const text = (expect: string) =>
  `entities:\n  station: { keys: [station_id] }\nviews:\n  weather:\n    entity: station\n    source: { path: data/weather.csv, timestamp: observed_at }\n    features:\n      rain: { type: double, expect: { ${expect} } }\n`;
const state = (broken: readonly ExpectationResult[]) => ({
  weather: { version: '3', at: '2024-07-01T12:00:00Z', rows: 1461, broken, features: [] },
});

export const expectation: Rule = {
  id: 'feature/expectation',
  severity: 'warning',
  summary: 'An expectation did not hold when the view was materialized last.',
  docs: `
What was found is shown at the line of the expectation until the view is materialized again. An expectation with
\`severity: error\` (the default) has stopped that version from becoming the current one; one with \`severity: warning\` has not.

**How to fix it:** Look at the rows (\`Preview\` shows them), then correct the data, the query or the expectation, and
materialize the view again.
`,
  needsWholeText: true,
  good: [{ files: { 'weather.features.yaml': text('min: 0') }, states: state([]) }],
  bad: [
    {
      files: { 'weather.features.yaml': text('not-null: true, «min»: 0') },
      states: state([
        {
          feature: 'rain',
          check: 'min',
          severity: 'error',
          message: '3 of 1,461 values of "rain" are below 0.',
        },
      ]),
      messages: ['3 of 1,461 values of "rain" are below 0.'],
    },
  ],
  check(context) {
    for (const view of featuresOf(context)?.features.views ?? []) {
      for (const result of context.project.viewState?.(view.name)?.broken ?? []) {
        const span = spanOf(context, view, result);
        if (span !== undefined) context.report({ span, message: result.message });
      }
    }
  },
};

/** The key of the expectation; undefined when it was taken out since. */
function spanOf({ definition }: RuleContext, view: FeatureView, result: ExpectationResult): Span | undefined {
  let node: SyntaxNode | null | undefined = entryOf(
    entryOf(definition.tree.root, 'views')?.value,
    view.name,
  )?.value;
  if (result.feature !== undefined) node = entryOf(entryOf(node, 'features')?.value, result.feature)?.value;
  return entryOf(entryOf(node, 'expect')?.value, result.check)?.key.span;
}
