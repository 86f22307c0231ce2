/** What the settings of a `training-set` task say. */
import type { Located, TemplateText } from './pieces.js';
import type { TableOptions } from './table-options.js';

/** What a training-set task calls the file that it makes: `tasks.<name>.outputs.dataset`. */
export const TRAINING_SET_OUTPUT = 'dataset';

export interface LabelsReading {
  readonly options: TableOptions;
  /** SQL queries, each over the result of the one before. */
  readonly transforms: readonly Located<string>[];
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
