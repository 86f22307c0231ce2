import { tableFormatOf, tableProblems } from '../../definition/table-options.js';
import type { ViewFacts } from '../../definition/known/feature-facts.js';
import type { Span } from '../../syntax/tree.js';
import type { Rule, RuleContext } from '../rule.js';
import { labelFacts } from './label-columns.js';
import { featuresOf, usesOf } from './named.js';

const text = (more: string): string =>
  `entities:\n  station: { keys: [station_id] }\nviews:\n  weather:\n    entity: station\n    source: { path: data/weather.csv, timestamp: observed_at${more} }\n    features: { rain: double }\n`;
const joined = (labels: string): string =>
  `tasks:\n  join:\n    training-set: { labels: ${labels}, service: rain-v1, output: data/training.csv }\n`;
const SERVED = `${text('')}services:\n  rain-v1: [weather]\n`;

export const timestamp: Rule = {
  id: 'feature/timestamp',
  severity: 'error',
  summary: 'Times that can’t be read as they are written, or settings of a data file that can’t be meant so.',
  docs: `
Times are read as ISO 8601: \`2024-12-31\`, \`2024-12-31T23:59:59Z\`. In \`02/05/2024\` nothing says which number is the month, and a
guess would let a label see the future. So a source, or the labels of a training set, say how their times are written with
\`timestamp-format\`, as for \`strptime\`; it holds for all files. Numbers that count from 1970 are converted in a \`transform\`.

The same page is about the other keys that say how a file is written: \`delimiter\`, \`quote\`, \`header\`, \`null-values\`, \`decimal\` and
\`encoding\` are about CSV files only.

Nothing is said of times where the data can't be read. Only the first rows are looked at; all of them when the view is
materialized. Labels without a time get no features: a warning.

**How to fix it:** Write the format, or the transform that is suggested.
`,
  needsWholeText: true,
  good: [
    { files: { 'weather.features.yaml': text(", timestamp-format: '%m/%d/%Y', delimiter: ';'") } },
    {
      files: {
        'train.pipeline.yaml': joined("{ path: data/labels.csv, timestamp-format: '%d.%m.%Y' }"),
        'weather.features.yaml': SERVED,
      },
    },
  ],
  bad: [
    {
      files: { 'weather.features.yaml': text(", timestamp-format: «'%H:%M'»") },
      messages: [
        '`timestamp-format`: It has no year (%Y, or %y of two digits). Write it as for strptime, such as "%d.%m.%Y %H:%M:%S".',
      ],
    },
    {
      files: { 'weather.features.yaml': text('').replace('observed_at }', '«observed_at» }') },
      facts: {
        weather: {
          time: 'data/weather.csv, line 2: observed_at is "01/13/2024", and not a time as 2024-12-31.',
        },
      },
      messages: [
        'The times can\'t be read as they are. data/weather.csv, line 2: observed_at is "01/13/2024", and not a time as 2024-12-31.',
      ],
    },
    {
      files: {
        'train.pipeline.yaml': joined("{ path: data/labels.jsonl, delimiter: «';'» }"),
        'weather.features.yaml': SERVED,
      },
      messages: ['`delimiter`: it is about CSV files, and these are JSON lines. Remove it.'],
    },
    {
      files: {
        'train.pipeline.yaml': joined('«data/labels.csv»'),
        'weather.features.yaml': SERVED,
      },
      labels: { 'data/labels.csv': { time: 'data/labels.csv, line 2: day is "soon".' } },
      messages: ['The times can\'t be read as they are. data/labels.csv, line 2: day is "soon".'],
    },
  ],
  check(context) {
    for (const view of featuresOf(context)?.features.views ?? []) {
      const { source } = view;
      if (source === undefined) continue;
      const format = source.format ?? tableFormatOf(source.path?.value ?? '');
      for (const problem of tableProblems(source.options, format)) context.report(problem);
      if (source.timestamp === undefined) continue;
      const facts = context.project.viewFacts?.(context.definition.path, view);
      reportTimes(context, source.timestamp.span, facts);
    }
    for (const { action } of context.pipeline?.tasks ?? []) {
      for (const check of action?.kind === 'check' ? action.checks : []) {
        if (check.kind !== 'data') continue;
        for (const problem of tableProblems(check.options, tableFormatOf(check.path.text)))
          context.report(problem);
      }
    }
    for (const use of usesOf(context)) {
      const { labels, labelsReading } = use;
      if (labels === undefined || labelsReading === undefined) continue;
      for (const problem of tableProblems(labelsReading.options, tableFormatOf(labels.value)))
        context.report(problem);
      reportTimes(context, (use.timestamp ?? labels).span, labelFacts(context, use));
    }
  },
};

function reportTimes(context: RuleContext, span: Span, { time, oddTime }: ViewFacts = {}): void {
  if (time !== undefined) context.report({ span, message: `The times can't be read as they are. ${time}` });
  // They are read all the same.
  if (oddTime !== undefined) context.report({ span, message: oddTime, severity: 'warning' });
}
