import type { Located } from '../../definition/definition.js';
import type { ViewFacts } from '../../definition/known/feature-facts.js';
import { spanInScalar } from '../../definition/text/sql-words.js';
import type { Span } from '../../syntax/tree.js';
import type { Rule, RuleContext } from '../rule.js';
import { labelFacts } from './label-columns.js';
import { featuresOf, usesOf } from './named.js';

const text = (query: string) =>
  `entities:\n  station: { keys: [station_id] }\nviews:\n  weather:\n    entity: station\n    source: { path: data/weather.csv, timestamp: observed_at }\n    transform: |\n      select *,\n        ${query} as wet\n      from source\n    features: { wet: boolean }\n`;

export const sql: Rule = {
  id: 'feature/sql',
  severity: 'error',
  summary: 'DuckDB does not accept a transform.',
  docs: `
A \`transform\` is one SELECT over \`source\`, the rows of the files; of several, each is over the one before. It is checked by
DuckDB itself, without being run, and what is said is what DuckDB says. SQL that would read files, write, load extensions or
ask the network is refused.

In the editor it is checked in trusted workspaces, for the files that are open; \`modelyard lint\` checks all of them.

**How to fix it:** Look at the words that are underlined.
`,
  needsWholeText: true,
  good: [{ files: { 'weather.features.yaml': text('rain > 0') }, facts: { weather: {} } }],
  bad: [
    {
      files: { 'weather.features.yaml': text('«rian» > 0') },
      facts: {
        weather: {
          problem: {
            transform: 0,
            message: 'Referenced column "rian" not found in FROM clause! Candidate bindings: "rain".',
            offset: 12,
          },
        },
      },
      messages: ['Referenced column "rian" not found in FROM clause! Candidate bindings: "rain".'],
    },
  ],
  check(context) {
    for (const view of featuresOf(context)?.features.views ?? []) {
      const facts = context.project.viewFacts?.(context.definition.path, view);
      reportProblem(context, view.transforms, facts);
    }
    for (const use of usesOf(context))
      reportProblem(context, use.labelsReading?.transforms ?? [], labelFacts(context, use));
  },
};

function reportProblem(
  context: RuleContext,
  transforms: readonly Located<string>[],
  facts: ViewFacts | undefined,
): void {
  const problem = facts?.problem;
  const query = problem === undefined ? undefined : transforms[problem.transform];
  if (problem === undefined || query === undefined) return;
  context.report({
    span: spanOf(query, context.definition.tree.text, problem.offset),
    message: problem.message,
  });
}

/** The word at the offset; the first line of the query where the engine names no place. */
function spanOf(query: Located<string>, file: string, offset: number | undefined): Span {
  if (offset === undefined) {
    const first = query.value.search(/\S/);
    const end = query.value.indexOf('\n', first);
    return spanInScalar(query, file, Math.max(0, first), end === -1 ? query.value.length : end);
  }
  // At the end of the text there is no word: what stands before it is shown.
  const start = Math.min(offset, query.value.trimEnd().length - 1);
  const word = /^(?:[\p{L}\p{N}_$]+|"[^"\n]*"|'[^'\n]*'|\S)/u.exec(query.value.slice(Math.max(0, start)));
  return spanInScalar(query, file, Math.max(0, start), Math.max(0, start) + (word?.[0].length ?? 1));
}
