/** What the settings of a `training-set` task say. */
import type { Json, TemplateText } from './pieces.js';

/** What a training-set task calls the file that it makes: `tasks.<name>.outputs.dataset`. */
export const TRAINING_SET_OUTPUT = 'dataset';

export interface TrainingSetAction {
  readonly kind: 'training-set';
  readonly labels: TemplateText;
  /** Of the labels: when the features had to be known. */
  readonly timestamp?: string;
  readonly service?: TemplateText;
  /** Each `view:feature`, or a whole view. */
  readonly features: readonly TemplateText[];
  readonly output: TemplateText;
  readonly createdCutoff: boolean;
  readonly fullNames: boolean;
  /** The settings as written. */
  readonly config: Json;
}
