/** The settings of a `training-set` task. */
import type { TrainingSetAction } from './definition.js';
import { START, booleanOf, field, given, itemsOf, jsonOf, templateOf, textOf } from './read.js';
import type { Maybe } from './read.js';

/** Half-written ones are read, too: what is missing is an empty text, and the structural check has told it. */
export function readTrainingSet(node: Maybe): TrainingSetAction {
  const missing = { text: '', span: node?.span ?? START };
  return {
    kind: 'training-set',
    labels: templateOf(field(node, 'labels')) ?? missing,
    ...given('timestamp', textOf(field(node, 'timestamp'))),
    ...given('service', templateOf(field(node, 'service'))),
    features: itemsOf(field(node, 'features')).flatMap((item) => templateOf(item) ?? []),
    output: templateOf(field(node, 'output')) ?? missing,
    createdCutoff: booleanOf(field(node, 'created-cutoff')) ?? true,
    fullNames: booleanOf(field(node, 'full-names')) ?? false,
    config: jsonOf(node),
  };
}
