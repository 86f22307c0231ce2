/** What the settings of a `training-set` task say. */
import type { Located, TemplateText } from './pieces.js';
import { plainTableOptions, type TableOptions } from './table-options.js';

/** What a training-set task calls the file that it makes: `tasks.<name>.outputs.dataset`. */
export const TRAINING_SET_OUTPUT = 'dataset';

export interface LabelsReading {
  readonly options: TableOptions;
  /** SQL queries, each over the result of the one before. */
  readonly transforms: readonly Located<string>[];
}

/** A file of labels, as a training set reads it. */
export interface LabelsFile {
  /** As written. */
  readonly path: string;
  readonly reading?: LabelsReading;
  /** The column that is their time, where it is named. */
  readonly timestamp?: string;
}

/** The same for the same file that is read in the same way, wherever it is written. */
export function labelsKey({ path, reading, timestamp }: LabelsFile): string {
  const transforms = reading?.transforms.map(({ value }) => value) ?? [];
  const options = reading === undefined ? undefined : plainTableOptions(reading.options);
  return JSON.stringify([path, timestamp ?? null, options ?? null, transforms]);
}

export interface TrainingSetAction {
  readonly kind: 'training-set';
  readonly labels: TemplateText;
  /** How the file of labels is written, and what is made of its rows. */
  readonly labelsReading: LabelsReading;
  /** Of the labels: when the features had to be known. */
  readonly timestamp?: string;
  readonly service?: TemplateText;
  /** Each `view:feature`, or a whole view. */
  readonly features: readonly TemplateText[];
  readonly output: TemplateText;
  readonly createdCutoff: boolean;
  readonly fullNames: boolean;
}
