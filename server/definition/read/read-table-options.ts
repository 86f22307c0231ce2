/** Keys that say how a data file is written, of a `source` and of `labels`. */
import type { Located } from '../pieces.js';
import { booleanOf, entriesOf, field, given, itemsOf, locatedText, textOf, textsOf, wordOf } from './read.js';
import type { Maybe } from './read.js';
import { ENCODINGS, type TableOptions } from '../table-options.js';

/** @param node a map that has the keys among others */
export function readTableOptions(node: Maybe): TableOptions {
  const at = <T>(key: string, value: T | undefined): Located<T> | undefined => {
    const found = field(node, key);
    return found === undefined || value === undefined ? undefined : { value, span: found.span };
  };
  const header = field(node, 'header');
  const names = header?.kind === 'sequence' ? textsOf(header).map(({ value }) => value) : booleanOf(header);
  const types = field(node, 'types');
  const typed = entriesOf(types).flatMap((entry): [string, string][] => {
    const type = textOf(entry.value);
    return type === undefined ? [] : [[entry.key.text, type]];
  });
  return {
    ...given('delimiter', locatedText(field(node, 'delimiter'))),
    ...given('quote', locatedText(field(node, 'quote'))),
    ...given('header', at('header', names)),
    ...given(
      'nullValues',
      at(
        'null-values',
        itemsOf(field(node, 'null-values')).flatMap((item) =>
          item.kind === 'scalar' && item.template === undefined ? [item.text] : [],
        ),
      ),
    ),
    ...given('decimal', at('decimal', wordOf(field(node, 'decimal'), [',', '.'] as const))),
    ...given('encoding', at('encoding', wordOf(field(node, 'encoding'), ENCODINGS))),
    ...given('types', at('types', types?.kind === 'map' ? new Map(typed) : undefined)),
    ...given('timestampFormat', locatedText(field(node, 'timestamp-format'))),
  };
}
