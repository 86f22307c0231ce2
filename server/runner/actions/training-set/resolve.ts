/** A training-set task with every expression replaced by its value. */
import { defined } from '../../../base/defined.js';
import { display } from '../../../base/json.js';
import type { TrainingSetAction } from '../../../definition/definition.js';
import { plainTableOptions } from '../../../definition/table-options.js';
import type { LabelsReading } from '../../../definition/training-set.js';
import type { FingerprintPart } from '../../../stores/runs/document.js';
import type { Texts } from '../../resolve/texts.js';

export interface TrainingSetTask {
  /** Relative to the project. */
  readonly labels: string;
  readonly labelsReading: LabelsReading;
  readonly timestamp?: string;
  readonly service?: string;
  /** Each `view:feature`, or a whole view. */
  readonly features: readonly string[];
  /** Relative to the project. */
  readonly output: string;
  readonly createdCutoff: boolean;
  readonly fullNames: boolean;
}

/** Which versions the features are taken from counts, too, and is found out later: `versionParts` of `features.ts`. */
export function resolveTrainingSet(
  action: TrainingSetAction,
  texts: Texts,
  parts: FingerprintPart[],
): TrainingSetTask {
  const service = action.service === undefined ? undefined : texts.text(action.service).trim();
  const features = action.features.map((text) => texts.text(text).trim());
  const { timestamp, createdCutoff, fullNames } = action;
  const output = texts.path(texts.text(action.output), 'output', action.output.span);
  if (!/\.(csv|parquet)$/i.test(output)) {
    texts.fail(`output: "${output}": a training set is written as .csv or .parquet`, action.output.span);
  }
  const reading = plainTableOptions(action.labelsReading.options);
  const transform = action.labelsReading.transforms.map(({ value }) => value);
  if (reading !== undefined) parts.push({ kind: 'features', name: 'labels', value: JSON.stringify(reading) });
  if (transform.length > 0)
    parts.push({ kind: 'features', name: 'labels transform', value: JSON.stringify(transform) });
  const settings = { timestamp, service, features, createdCutoff, fullNames };
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined) continue;
    parts.push({ kind: 'features', name, value: display(value) });
  }
  return {
    labels: texts.path(texts.text(action.labels), 'labels', action.labels.span),
    labelsReading: action.labelsReading,
    ...defined({ timestamp, service }),
    features,
    output,
    createdCutoff,
    fullNames,
  };
}
