/** The settings of a `training-set` task. */
import type { TrainingSetAction } from '../definition.js';
import type { LabelsReading } from '../training-set.js';
import { START, booleanOf, field, given, itemsOf, mapOf, templateOf, textOf, textsOf } from './read.js';
import type { Maybe } from './read.js';
import { readTableOptions } from './read-table-options.js';

/** The path of the labels, which stands alone or in a map with how the file is written. */
export function labelsPath(node: Maybe): Maybe {
  const labels = field(node, 'labels');
  return mapOf(labels) === undefined ? labels : field(labels, 'path');
}

/** @param node the settings of the task */
export function readLabelsReading(node: Maybe): LabelsReading {
  const labels = mapOf(field(node, 'labels'));
  return { options: readTableOptions(labels), transforms: textsOf(field(labels, 'transform')) };
}

/** Half-written ones are read, too: what is missing is an empty text, and the structural check has told it. */
export function readTrainingSet(node: Maybe): TrainingSetAction {
  const missing = { text: '', span: node?.span ?? START };
  return {
    kind: 'training-set',
    labels: templateOf(labelsPath(node)) ?? missing,
    labelsReading: readLabelsReading(node),
    ...given('timestamp', textOf(field(node, 'timestamp'))),
    ...given('service', templateOf(field(node, 'service'))),
    features: itemsOf(field(node, 'features')).flatMap((item) => templateOf(item) ?? []),
    output: templateOf(field(node, 'output')) ?? missing,
    createdCutoff: booleanOf(field(node, 'created-cutoff')) ?? true,
    fullNames: booleanOf(field(node, 'full-names')) ?? false,
  };
}
