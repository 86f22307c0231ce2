/** The keys that say how a data file is written, of a `source`, of `labels` and of what is checked. */
import { Type } from '@sinclair/typebox';
import { ENCODINGS } from '../table-options.js';
import { oneOf, opt } from './hint.js';
import { anyKeyed, listOrOne } from './pieces.js';

/** Types that a column of a data file, or of what a model takes and gives, can be declared as. */
export const COLUMN_TYPES = [
  'string',
  'integer',
  'long',
  'float',
  'double',
  'boolean',
  'date',
  'timestamp',
] as const;

export const FEATURE_TYPES = [...COLUMN_TYPES, 'list'] as const;

export const tableOptions = {
  delimiter: opt(
    Type.String({ minLength: 1, 'x-modelyard': { expects: 'one character' } }),
    'Of CSV files: the character between fields; `tab` for a tab. Default: told by the first line.',
    [';', 'tab'],
  ),
  quote: opt(
    Type.String({ 'x-modelyard': { expects: 'one character, or ""' } }),
    'Of CSV files: the character around fields that hold a delimiter; `""`: there is none.',
    ["'"],
    { default: '"' },
  ),
  header: opt(
    Type.Union([Type.Boolean(), Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })]),
    'Of CSV files: whether the first line names the columns. Where it does not, their names; without names they are `column0`, `column1` and so on.',
    [false, ['station_id', 'observed_at', 'rain']],
    { default: true },
  ),
  'null-values': opt(
    listOrOne(Type.String()),
    'Of CSV files: words that mean "no value". An empty field always does.',
    [['NA', '-999']],
  ),
  decimal: opt(oneOf([',', '.']), 'Of CSV files: the decimal mark.', [','], { default: '.' }),
  encoding: opt(oneOf(ENCODINGS), 'Of CSV files: how characters are written.', ['latin-1'], {
    default: 'utf-8',
  }),
  types: opt(
    anyKeyed(oneOf(COLUMN_TYPES)),
    'Types of columns, by their names in the data, that are not to be found out from the values.',
    [{ postcode: 'string' }],
  ),
  'timestamp-format': opt(
    Type.String({ minLength: 1, 'x-modelyard': { expects: 'a format such as %d.%m.%Y' } }),
    'How times are written that are not ISO 8601 (`2024-12-31T23:59:59Z`), as for `strptime`: of the timestamp and created columns, and of columns that `types` says are dates or timestamps.',
    ['%m/%d/%Y', '%d.%m.%Y %H:%M:%S'],
  ),
};
