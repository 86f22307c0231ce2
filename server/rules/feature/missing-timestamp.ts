import type { FeatureView } from '../../definition/features.js';
import { entryOf } from '../../syntax/text.js';
import type { MapNode } from '../../syntax/tree.js';
import { insertBefore } from '../shared/edits.js';
import type { Fix, Rule, RuleContext } from '../rule.js';
import { featuresOf } from './named.js';

const HEAD = 'entities:\n  station: { keys: [station_id] }\nviews:\n  weather:\n    entity: station\n';

export const missingTimestamp: Rule = {
  id: 'feature/missing-timestamp',
  severity: 'error',
  summary: 'A source does not say which column holds the time of its rows.',
  docs: `
A training set takes, for each label, the newest row that was true at the label's time. Without a timestamp nobody can tell
which row that is, and values of the future would leak into the past. A table of things that never change needs one as well:
the time since when they are so.

**How to fix it:** Name the column under \`timestamp\`. Where rows are loaded later than they were true, name the time of loading
under \`created\`, too.
`,
  needsWholeText: true,
  good: [
    {
      files: {
        'weather.features.yaml': `${HEAD}    source: { path: data/weather.csv, timestamp: observed_at, created: loaded_at }\n    features: { rain: double }\n`,
      },
    },
  ],
  bad: [
    {
      files: {
        'weather.features.yaml': `${HEAD}    «source»: { path: data/weather.csv }\n    features: { rain: double }\n`,
      },
      messages: [
        'The source of "weather" has no `timestamp`: it needs the column that says when a row was true.',
      ],
      fixed: `${HEAD}    source: { timestamp: observed_at, path: data/weather.csv }\n    features: { rain: double }\n`,
    },
  ],
  check(context) {
    const own = featuresOf(context);
    for (const view of own?.features.views ?? []) {
      if (view.source === undefined || view.source.timestamp !== undefined) continue;
      const entry = sourceEntry(context, view);
      // An empty `timestamp:` is reported as a value of the wrong type.
      if (entry === undefined || entryOf(entry.map, 'timestamp') !== undefined) continue;
      context.report({
        span: entry.key,
        lacks: { keys: ['timestamp'], within: entry.map.span },
        message: `The source of "${view.name}" has no \`timestamp\`: it needs the column that says when a row was true.`,
        fixes: fixes(context, entry.map),
      });
    }
  },
};

function sourceEntry(
  { definition }: RuleContext,
  view: FeatureView,
): { map: MapNode; key: { start: number; end: number } } | undefined {
  const views = entryOf(definition.tree.root, 'views')?.value;
  const entry = entryOf(entryOf(views, view.name)?.value, 'source');
  return entry?.value?.kind === 'map' ? { map: entry.value, key: entry.key.span } : undefined;
}

function fixes(context: RuleContext, map: MapNode): Fix[] {
  const [first] = map.entries;
  if (first === undefined) return [];
  return [
    {
      title: 'Add "timestamp"',
      edits: [insertBefore(context, first, map.flow, 'timestamp', 'observed_at')],
      preferred: false,
    },
  ];
}
