/** The `check` action: expressions, and expectations over data files. */
import { Type } from '@sinclair/typebox';
import { key, oneOf, opt } from '../hint.js';
import { anyKeyed, closed, condition, listOrOne, path, scalar, template } from '../pieces.js';
import { tableOptions } from '../table.js';

const count = Type.Integer({ minimum: 0 });

const columnExpectation = closed(
  {
    type: opt(
      oneOf(['string', 'integer', 'number', 'boolean', 'date']),
      'Every value that is there reads as this type.',
      ['number'],
    ),
    'not-null': opt(Type.Boolean(), 'No value is missing (an empty cell, `null`).', [true], {
      default: false,
    }),
    unique: opt(Type.Boolean(), 'No value occurs twice.', [true], { default: false }),
    min: opt(Type.Number(), 'No value is lower.', [0]),
    max: opt(Type.Number(), 'No value is higher.', [1]),
    'one-of': opt(Type.Array(scalar), 'Every value is one of these.', [['sun', 'rain', 'snow']]),
    pattern: opt(
      Type.String({ 'x-modelyard': { format: 'regex', expects: 'a regular expression' } }),
      'Every value matches this regular expression, anywhere in it.',
      ['^[0-9]{4}-'],
    ),
  },
  { title: 'Expectation of a column' },
);

const dataExpectation = closed(
  {
    'row-count': opt(
      closed(
        {
          min: opt(count, 'At least so many rows.', [100]),
          max: opt(count, 'At most so many rows.', [1_000_000]),
        },
        { title: 'Bounds' },
      ),
      'How many rows there are, the header not counted.',
      [{ min: 100 }],
    ),
    'exact-columns': opt(Type.Array(Type.String()), 'These columns are there and no others, in any order.', [
      ['date', 'rain_7d', 'label'],
    ]),
    columns: opt(anyKeyed(columnExpectation), 'What holds for the values of a column.', [
      { rain_7d: { 'not-null': true, min: 0 } },
    ]),
  },
  { title: 'Expectations' },
);

const expressionCheck = closed(
  {
    that: key(condition('check'), 'The condition that has to hold, with or without `${{ }}`.', [
      'tasks.train.metrics.accuracy >= 0.7',
    ]),
    message: opt(template('message'), 'What is said when it does not.', [
      'Only ${{ tasks.train.metrics.accuracy }}: worse than saying no every day.',
    ]),
  },
  { title: 'Check of a condition' },
);

const dataCheck = closed(
  {
    data: key(
      path('path'),
      'A CSV, TSV, JSON (a list of records), JSON-lines or Parquet file, told by its extension.',
      ['data/training.csv'],
    ),
    expect: key(dataExpectation, 'What has to hold for it.', [
      { 'row-count': { min: 100 }, columns: { label: { 'not-null': true } } },
    ]),
    ...tableOptions,
  },
  { title: 'Check of a data file' },
);

export const checkAction = listOrOne(Type.Union([condition('check'), expressionCheck, dataCheck]));
