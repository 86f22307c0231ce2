/** Where a pipeline names feature views, features and feature services. */
import { memo } from '../../base/memo.js';
import { defined } from '../../base/defined.js';
import type { MapEntry, ScalarNode, Span, SyntaxNode } from '../../syntax/tree.js';
import type { PipelineDefinition } from '../read/analyze.js';
import { ACTIONS, type FeatureKeys, factsOf } from '../actions.js';
import type { ActionKind, Located } from '../definition.js';
import type { FeatureReference } from '../features.js';
import { keyOf } from '../keys.js';
import { readFeatureReference } from '../read/read-features.js';
import type { LabelsFile, LabelsReading } from '../training-set.js';
import { labelsPath, readLabelsReading } from '../read/read-training-set.js';
import { booleanOf, field, itemsOf, mapOf, scalarOf } from '../read/read.js';
import type { Maybe } from '../read/read.js';

export interface FeatureUse {
  readonly task: string;
  readonly action: ActionKind;
  /** The action's key, to point at the task as a whole. */
  readonly span: Span;
  /** Views to materialize. */
  readonly views: readonly Located<string>[];
  /** Features to join: `view:feature`, or whole views. */
  readonly features: readonly FeatureReference[];
  readonly service?: Located<string>;
  /** Of a training set: the file of its labels, and which of their columns is their time. */
  readonly labels?: Located<string>;
  readonly labelsReading?: LabelsReading;
  readonly timestamp?: Located<string>;
  /** Columns are called `view__feature`: features of the same name don't clash. */
  readonly fullNames: boolean;
  /** Something is named by an expression: which one is only known at run time. */
  readonly dynamic: boolean;
}

/** The file of its labels, as it reads it. */
export function labelsOf({ labels, labelsReading, timestamp }: FeatureUse): LabelsFile | undefined {
  return labels === undefined
    ? undefined
    : { path: labels.value, ...defined({ reading: labelsReading, timestamp: timestamp?.value }) };
}

const USERS = (Object.keys(ACTIONS) as ActionKind[]).flatMap((action) => {
  const keys = ACTIONS[action].featureKeys;
  return keys === undefined ? [] : [{ action, keys }];
});

/** What the tasks of a pipeline use, in the order of the tasks. Tasks that use nothing are left out. */
export const featureUsesOf = memo((definition: PipelineDefinition): readonly FeatureUse[] => {
  const some = definition.pipeline.tasks.some(
    ({ action }) => action !== undefined && factsOf(action).featureKeys !== undefined,
  );
  return some ? collect(definition) : [];
});

function collect({ tree, pipeline }: PipelineDefinition): FeatureUse[] {
  return pipeline.tasks.flatMap((task) =>
    USERS.flatMap(({ action, keys }) => {
      const entry = keyOf(task, action);
      const use = entry === undefined ? undefined : useOf(task.name, action, keys, entry, tree.text);
      return use === undefined ? [] : [use];
    }),
  );
}

function useOf(
  task: string,
  action: ActionKind,
  keys: FeatureKeys,
  entry: MapEntry,
  text: string,
): FeatureUse | undefined {
  const { value } = entry;
  const config = mapOf(value);
  const at = (key: string | undefined): Maybe => (key === undefined ? undefined : field(config, key));
  const listed = keys.views !== undefined && config === undefined ? value : at(keys.views);
  const joined = at(keys.features);
  const named = at(keys.service);
  const service = plain(named);
  const [labels] = keys.labels === true ? locatedOf(plain(labelsPath(config))) : [];
  const [timestamp] = keys.labels === true ? locatedOf(plain(at('timestamp'))) : [];
  const views = itemsOf(listed).flatMap((item) => locatedOf(plain(item)));
  const features = itemsOf(joined).flatMap((item) =>
    plain(item) === undefined ? [] : (readFeatureReference(item, text) ?? []),
  );
  const dynamic = [...itemsOf(listed), ...itemsOf(joined), ...itemsOf(named)].some(isDynamic);
  if (views.length + features.length === 0 && service === undefined && !dynamic) return undefined;
  return {
    task,
    action,
    span: entry.key.span,
    views,
    features,
    ...(service === undefined ? {} : { service: { value: service.text, span: service.span } }),
    ...(labels === undefined ? {} : { labels, labelsReading: readLabelsReading(config) }),
    ...defined({ timestamp }),
    fullNames: booleanOf(field(config, 'full-names')) ?? false,
    dynamic,
  };
}

/** A scalar without expressions. */
function plain(node: Maybe): ScalarNode | undefined {
  const scalar = scalarOf(node);
  return scalar === undefined || scalar.template !== undefined || scalar.text === '' ? undefined : scalar;
}

function locatedOf(scalar: ScalarNode | undefined): Located<string>[] {
  return scalar === undefined ? [] : [{ value: scalar.text, span: scalar.span }];
}

function isDynamic(node: SyntaxNode): boolean {
  return node.kind === 'scalar' && node.template !== undefined;
}
