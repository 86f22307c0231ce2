/** What a model takes and gives. */
import { hinted, oneOf, opt } from './hint.js';
import { anyKeyed, closed } from './pieces.js';
import { COLUMN_TYPES } from './table.js';

const columns = anyKeyed(hinted(oneOf(COLUMN_TYPES), { expects: 'the type of a column' }));

export const signature = closed(
  {
    inputs: opt(columns, 'Columns that the model reads, name to type.', [{ rain_7d: 'double' }]),
    outputs: opt(columns, 'Columns that the model gives, name to type.', [{ rain: 'boolean' }]),
  },
  { title: 'Signature' },
);
