import type { FeaturesDefinition } from '../../definition/read/analyze.js';
import { featureUsesOf } from '../../definition/mentions/features.js';
import type { FeatureReference } from '../../definition/features.js';
import type { Span } from '../../syntax/tree.js';
import { removalSpan } from '../shared/edits.js';
import type { Rule, RuleContext } from '../rule.js';
import { featuresOf } from './named.js';

const VIEW = (features: string) =>
  `views:\n  weather:\n    entity: station\n    source: { path: data/weather.csv, timestamp: observed_at }\n    features: ${features}\n`;

export const unused: Rule = {
  id: 'feature/unused',
  severity: 'hint',
  summary: 'An entity, a view, a feature or a service that nothing of the project uses.',
  docs: `
No view is about this entity; no service, training set or \`materialize\` task names this view; nobody takes this feature of a
view whose other features are taken; or no training set and no package names this service. It costs time at every
materialization and readers at every reading.

While nothing of the project uses features at all, only entities are reported: views come before their users. Nothing is said where
an expression decides what is used. Code that reads features by itself is not looked into.

**How to fix it:** Use it, or remove it.
`,
  needsWholeText: true,
  good: [
    {
      files: {
        'weather.features.yaml': `entities:\n  station: { keys: [station_id] }\n${VIEW('{ rain: double, wind: double }')}services:\n  rain-v1: [weather]\n`,
      },
    },
  ],
  bad: [
    {
      files: {
        'weather.features.yaml': `entities:\n  station: { keys: [station_id] }\n  «city»: { keys: [city_id] }\n${VIEW('{ rain: double, «wind»: double }')}services:\n  rain-v1: ["weather:rain"]\n`,
      },
      messages: ['No view is about the entity "city".', 'Nothing uses the feature "weather:wind".'],
      fixed: `entities:\n  station: { keys: [station_id] }\n${VIEW('{ rain: double, wind: double }')}services:\n  rain-v1: ["weather:rain"]\n`,
    },
    {
      files: {
        'weather.features.yaml': `entities:\n  station: { keys: [station_id] }\n${VIEW('{ rain: double }')}services:\n  rain-v1: [weather]\n  «rain-v0»: [weather]\n`,
        'train.pipeline.yaml':
          'tasks:\n  join:\n    training-set: { labels: data/labels.csv, service: rain-v1, output: data/training.csv }\n',
      },
      messages: ['No training set and no package uses the feature service "rain-v0".'],
    },
  ],
  check(context) {
    const own = featuresOf(context);
    if (own === undefined) return;
    const used = usageOf(context);
    if (used === undefined) return;
    for (const entity of own.features.entities) {
      if (!used.entities.has(entity.name))
        report(context, `No view is about the entity "${entity.name}".`, entity.nameSpan, entity.span);
    }
    if (used.views.size > 0) unusedViews(context, own, used);
    if (used.services.size > 0) {
      for (const service of own.features.services) {
        if (used.services.has(service.name)) continue;
        report(
          context,
          `No training set and no package uses the feature service "${service.name}".`,
          service.nameSpan,
          service.span,
        );
      }
    }
  },
};

interface Usage {
  readonly entities: Set<string>;
  /** By name of the view the features that are taken; `all` where it is taken as a whole. */
  readonly views: Map<string, Set<string> | 'all'>;
  readonly services: Set<string>;
}

/** What is used anywhere; undefined where that can't be known. */
function usageOf(context: RuleContext): Usage | undefined {
  const used: Usage = { entities: new Set(), views: new Map(), services: new Set() };
  for (const definition of context.project.definitions()) {
    if (definition.tree.problems.some(({ code }) => code === 'yaml')) return undefined;
    if (definition.kind === 'features') {
      for (const view of definition.features.views)
        for (const entity of view.entities) used.entities.add(entity.value);
      for (const service of definition.features.services)
        for (const reference of service.features) take(used, reference);
    } else if (definition.kind === 'pipeline') {
      for (const use of featureUsesOf(definition)) {
        if (use.dynamic) return undefined;
        if (use.service !== undefined) used.services.add(use.service.value);
        for (const view of use.views) if (!used.views.has(view.value)) used.views.set(view.value, new Set());
        for (const reference of use.features) take(used, reference);
      }
    }
  }
  return used;
}

function take({ views }: Usage, { view, feature }: FeatureReference): void {
  const before = views.get(view.value);
  if (feature === undefined) views.set(view.value, 'all');
  else if (before === undefined) views.set(view.value, new Set([feature.value]));
  else if (before !== 'all') before.add(feature.value);
}

function unusedViews(context: RuleContext, { features }: FeaturesDefinition, used: Usage): void {
  for (const view of features.views) {
    const taken = used.views.get(view.name);
    if (taken === undefined) {
      report(context, `Nothing uses the feature view "${view.name}".`, view.nameSpan, view.span);
    } else if (taken !== 'all' && taken.size > 0) {
      for (const feature of view.features) {
        if (taken.has(feature.name)) continue;
        const message = `Nothing uses the feature "${view.name}:${feature.name}".`;
        report(context, message, feature.nameSpan, feature.span);
      }
    }
  }
}

function report(context: RuleContext, message: string, name: Span, whole: Span): void {
  const { path, tree } = context.definition;
  context.report({
    span: name,
    message,
    unnecessary: true,
    fixes: [
      {
        title: 'Remove it',
        edits: [{ path, span: removalSpan(tree, whole), newText: '' }],
        preferred: false,
      },
    ],
  });
}
