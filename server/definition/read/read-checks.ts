/** The checks of a `check` task. */
import type { MapNode, SyntaxNode } from '../../syntax/tree.js';
import type { Check, CheckData, ColumnExpectation } from '../definition.js';
import {
  booleanOf,
  entriesOf,
  field,
  given,
  itemsOf,
  jsonOf,
  mapOf,
  numberOf,
  numeralOf,
  templateOf,
  textOf,
  textsOf,
  wordOf,
} from './read.js';
import type { Maybe } from './read.js';
import { conditionOf } from './conditions.js';
import { readTableOptions } from './read-table-options.js';
import type { Conditions } from './conditions.js';

export function readChecks(node: Maybe, conditions: Conditions): Check[] {
  return itemsOf(node)
    .map((item) => readCheck(item, conditions))
    .filter((check) => check !== undefined);
}

function readCheck(node: SyntaxNode, conditions: Conditions): Check | undefined {
  const map = mapOf(node);
  if (map === undefined) {
    const condition = conditionOf(node, conditions);
    return condition === undefined ? undefined : { kind: 'expression', condition };
  }
  const condition = conditionOf(field(map, 'that'), conditions);
  if (condition !== undefined) {
    return { kind: 'expression', condition, ...given('message', templateOf(field(map, 'message'))) };
  }
  return readData(map);
}

function readData(map: MapNode): CheckData | undefined {
  const path = templateOf(field(map, 'data'));
  if (path === undefined) return undefined;
  const expect = field(map, 'expect');
  const rows = mapOf(field(expect, 'row-count'));
  const exact = field(expect, 'exact-columns');
  return {
    kind: 'data',
    path,
    options: readTableOptions(map),
    ...given(
      'rowCount',
      rows === undefined
        ? undefined
        : { ...given('min', numberOf(field(rows, 'min'))), ...given('max', numberOf(field(rows, 'max'))) },
    ),
    ...given('exactColumns', exact === undefined ? undefined : textsOf(exact).map((column) => column.value)),
    columns: entriesOf(field(expect, 'columns')).map((entry) => ({
      name: entry.key.text,
      span: entry.key.span,
      expect: readColumn(entry.value),
    })),
    span: map.span,
  };
}

function readColumn(node: Maybe): ColumnExpectation {
  const values = field(node, 'one-of');
  return {
    ...given(
      'type',
      wordOf(field(node, 'type'), ['string', 'integer', 'number', 'boolean', 'date'] as const),
    ),
    ...given('notNull', booleanOf(field(node, 'not-null'))),
    ...given('unique', booleanOf(field(node, 'unique'))),
    ...given('min', numeralOf(field(node, 'min'))),
    ...given('max', numeralOf(field(node, 'max'))),
    ...given('oneOf', values === undefined ? undefined : itemsOf(values).map(jsonOf)),
    ...given('pattern', textOf(field(node, 'pattern'))),
  };
}
