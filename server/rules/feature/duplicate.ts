import type { Located } from '../../definition/definition.js';
import { featuresOf as expand, viewNamed } from '../../definition/known/feature-catalog.js';
import type { Defined, FeatureCatalog } from '../../definition/known/feature-catalog.js';
import type { FeatureReference, FeatureView } from '../../definition/features.js';
import { removalSpan } from '../shared/edits.js';
import type { Fix, Rule, RuleContext } from '../rule.js';
import { catalog, featuresOf, usesOf } from './named.js';

const ENTITY = 'entities:\n  station: { keys: [station_id] }\n';
const view = (name: string, features: string) =>
  `  ${name}:\n    entity: station\n    source: { path: data/${name}.csv, timestamp: observed_at }\n    features: ${features}\n`;

export const duplicate: Rule = {
  id: 'feature/duplicate',
  severity: 'error',
  summary: 'Two entities, views, services or columns have the same name where only one can be meant.',
  docs: `
Entities, views and services are found by their name in the whole project, so that two of a name, in different files, can't
be told apart. The same goes for columns: an entity has no two keys that differ only by case, a feature can't be called like a key of its entity, a list names a feature once,
and a training set has no two columns of one name unless \`full-names: true\` calls them \`view__feature\`.

Two equal keys in one map are reported by \`syntax/duplicate-key\`.

**How to fix it:** Rename one of the two, or remove what is there twice.
`,
  good: [
    {
      files: {
        'train.pipeline.yaml':
          'tasks:\n  join:\n    training-set:\n      labels: data/labels.csv\n      features: [weather, soil]\n      output: data/training.csv\n      full-names: true\n',
        'all.features.yaml': `${ENTITY}views:\n${view('weather', '{ temperature: double }')}${view('soil', '{ temperature: double }')}`,
      },
    },
  ],
  bad: [
    {
      files: {
        'a.features.yaml': `${ENTITY}views:\n${view('«weather»', '{ rain: double }').replace('data/«weather»', 'data/weather')}`,
        'b.features.yaml': `views:\n${view('weather', '{ wind: double }')}`,
      },
      messages: ['Another feature view is called "weather" too: b.features.yaml.'],
    },
    {
      files: {
        'weather.features.yaml': `${ENTITY}views:\n${view('weather', '{ rain: double }')}services:\n  rain-v1: [weather, «"weather:rain"»]\n`,
      },
      messages: ['The feature "weather:rain" is in this list already, with the whole view "weather".'],
      fixed: `${ENTITY}views:\n${view('weather', '{ rain: double }')}services:\n  rain-v1: [weather]\n`,
    },
    {
      files: {
        'weather.features.yaml': `${ENTITY}views:\n${view('weather', '{ Rain: double, «rain»: double }')}`,
      },
      messages: [
        '"rain" and "Rain" differ only by case, and SQL can\'t tell them apart. Give one of them another name.',
      ],
    },
    {
      files: {
        'weather.features.yaml': `${ENTITY}views:\n${view('weather', '{ «station_id»: string, rain: double }')}`,
      },
      messages: [
        '"station_id" is a key of the entity "station": it is in every row already and can\'t be a feature too.',
      ],
    },
    {
      files: {
        'weather.features.yaml': `entities:\n  station: { keys: [id, «ID»] }\nviews:\n${view('weather', '{ rain: double }')}`,
      },
      messages: [
        '"ID" and "id" differ only by case, and SQL can\'t tell them apart. Give one of them another name.',
      ],
    },
    {
      files: {
        'train.pipeline.yaml':
          'tasks:\n  join:\n    training-set:\n      labels: data/labels.csv\n      features: [weather, «Weather»]\n      output: data/training.csv\n      full-names: true\n',
        'all.features.yaml': `${ENTITY}views:\n${view('weather', '{ rain: double }')}${view('Weather', '{ rain: double }')}`,
      },
      messages: [
        '"weather:rain" and "Weather:rain" would both be the column "Weather__rain". Rename one of them.',
      ],
    },
    {
      files: {
        'train.pipeline.yaml':
          'tasks:\n  join:\n    training-set:\n      labels: data/labels.csv\n      features: [weather, «soil»]\n      output: data/training.csv\n',
        'all.features.yaml': `${ENTITY}views:\n${view('weather', '{ temperature: double }')}${view('soil', '{ temperature: double }')}`,
      },
      messages: [
        '"weather:temperature" and "soil:temperature" would both be the column "temperature". Set `full-names: true`, or rename one of them.',
      ],
    },
  ],
  check(context) {
    const own = featuresOf(context);
    const uses = usesOf(context);
    if (own === undefined && uses.length === 0) return;
    const known = catalog(context);
    if (own !== undefined) {
      const { entities, views, services } = own.features;
      for (const { name, nameSpan } of entities) others(context, 'entity', known.entities, name, nameSpan);
      for (const { name, nameSpan } of views) others(context, 'feature view', known.views, name, nameSpan);
      for (const { name, nameSpan } of services)
        others(context, 'feature service', known.services, name, nameSpan);
      featuresLikeKeys(context, known);
      for (const { keys } of entities) keysTwice(context, keys);
      for (const view of views) {
        sameButCase(context, view);
        keysOfOthers(context, known, view);
      }
      for (const service of services) twiceInList(context, service.features);
    }
    for (const use of uses) {
      twiceInList(
        context,
        use.views.map((name) => ({ span: name.span, view: name })),
      );
      twiceInList(context, use.features);
      if (use.action === 'training-set') {
        const service = use.service === undefined ? undefined : known.services.get(use.service.value)?.[0];
        const joined = (service?.item.features ?? []).map((reference) => ({ reference, at: use.service }));
        const listed = use.features.map((reference) => ({ reference, at: undefined }));
        clashing(context, known, [...joined, ...listed], use.fullNames);
      }
    }
  },
};

/** Things of the same name in other files. */
function others(
  context: RuleContext,
  word: string,
  byName: ReadonlyMap<string, readonly Defined<{ readonly nameSpan?: Located<string>['span'] }>[]>,
  name: string,
  span: Located<string>['span'],
): void {
  const { path } = context.definition;
  const rest = (byName.get(name) ?? []).filter(({ definition }) => definition.path !== path);
  if (rest.length === 0) return;
  context.report({
    span,
    message: `Another ${word} is called "${name}" too: ${rest.map(({ definition }) => definition.path).join(', ')}.`,
    related: rest.map(({ definition, item }) => ({
      path: definition.path,
      span: item.nameSpan ?? { start: 0, end: 0 },
      message: 'It has the same name.',
    })),
  });
}

function featuresLikeKeys(context: RuleContext, known: FeatureCatalog): void {
  for (const view of featuresOf(context)?.features.views ?? []) {
    for (const { value: entity } of view.entities) {
      const keys = new Set(
        known.entities.get(entity)?.[0]?.item.keys.map(({ value }) => value.toLowerCase()),
      );
      for (const feature of view.features) {
        if (!keys.has(feature.name.toLowerCase())) continue;
        context.report({
          span: feature.nameSpan,
          message: `"${feature.name}" is a key of the entity "${entity}": it is in every row already and can't be a feature too.`,
        });
      }
    }
  }
}

/** Columns of SQL know no case: of `Temp` and `temp` one would get another name. */
function sameButCase(context: RuleContext, { features }: FeatureView): void {
  const seen = new Map<string, string>();
  for (const { name, nameSpan } of features) {
    const other = seen.get(name.toLowerCase());
    if (other !== undefined && other !== name)
      context.report({
        span: nameSpan,
        message: onlyCase(name, other),
      });
    seen.set(name.toLowerCase(), other ?? name);
  }
}

/** A table has no two columns that are equal but for case. */
function keysTwice(context: RuleContext, keys: readonly Located<string>[]): void {
  const seen = new Map<string, string>();
  for (const { value, span } of keys) {
    const other = seen.get(value.toLowerCase());
    if (other === value)
      context.report({
        span,
        message: `"${value}" is a key of this entity already.`,
        unnecessary: true,
        fixes: [removal(context, value, span)],
      });
    else if (other !== undefined) context.report({ span, message: onlyCase(value, other) });
    seen.set(value.toLowerCase(), other ?? value);
  }
}

/** The same of the keys of a view that is about several entities. */
function keysOfOthers(context: RuleContext, known: FeatureCatalog, { entities }: FeatureView): void {
  const seen = new Map<string, { readonly key: string; readonly entity: string }>();
  for (const { value: entity, span } of entities) {
    for (const { value: key } of known.entities.get(entity)?.[0]?.item.keys ?? []) {
      const other = seen.get(key.toLowerCase()) ?? { key, entity };
      if (other.key !== key && other.entity !== entity)
        context.report({
          span,
          message: `${onlyCase(key, other.key)} They are keys of "${entity}" and "${other.entity}".`,
        });
      seen.set(key.toLowerCase(), other);
    }
  }
}

function onlyCase(name: string, other: string): string {
  return `"${name}" and "${other}" differ only by case, and SQL can't tell them apart. Give one of them another name.`;
}

function twiceInList(context: RuleContext, references: readonly FeatureReference[]): void {
  const wholes = new Set(
    references.filter(({ feature }) => feature === undefined).map(({ view: { value } }) => value),
  );
  const seen = new Set<string>();
  for (const { span, view, feature } of references) {
    const name = feature === undefined ? view.value : `${view.value}:${feature.value}`;
    const covered = feature !== undefined && wholes.has(view.value);
    if (covered || seen.has(name)) {
      context.report({
        span,
        message: covered
          ? `The feature "${name}" is in this list already, with the whole view "${view.value}".`
          : `"${name}" is in this list already.`,
        unnecessary: true,
        fixes: [removal(context, name, span)],
      });
    }
    seen.add(name);
  }
}

function removal(context: RuleContext, name: string, span: Located<string>['span']): Fix {
  const { path, tree } = context.definition;
  return {
    title: `Remove "${name}"`,
    edits: [{ path, span: removalSpan(tree, span), newText: '' }],
    preferred: true,
  };
}

/** Features of different views that would become one column of a training set. */
function clashing(
  context: RuleContext,
  known: FeatureCatalog,
  joined: readonly { readonly reference: FeatureReference; readonly at: Located<string> | undefined }[],
  fullNames: boolean,
): void {
  const columns = new Map<string, string>();
  const reported = new Set<number>();
  for (const { reference, at } of joined) {
    if (viewNamed(known, reference.view.value) === undefined) continue;
    for (const { view, feature } of expand(known, reference)) {
      const name = `${view}:${feature}`;
      const column = fullNames ? `${view}__${feature}` : feature;
      const other = columns.get(column.toLowerCase());
      const span = at?.span ?? reference.span;
      if (other === undefined) columns.set(column.toLowerCase(), name);
      else if (other !== name && !reported.has(span.start)) {
        reported.add(span.start);
        context.report({
          span,
          message: `"${other}" and "${name}" would both be the column "${column}". ${fullNames ? 'Rename' : 'Set `full-names: true`, or rename'} one of them.`,
        });
      }
    }
  }
}
