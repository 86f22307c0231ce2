/** The stages that a `foreach` or a `matrix` stands for. */
import type { MapEntry, ScalarNode, SyntaxNode } from '../../../../syntax/tree.js';
import type { Context } from './context.js';
import { isWhole } from './fill.js';
import type { Filler } from './fill.js';
import type { Tell } from '../load.js';
import { placeholdersIn } from './template.js';
import { inText, isList, isMapping, pythonText, typeOf } from './values.js';
import type { Key, Value } from './values.js';

/** More than the largest project that is known has four times; of what comes after, nothing is told. */
export const MOST_STAGES = 20_000;

/** One value that a group goes through. */
export interface Cell {
  readonly key: string;
  readonly values: Readonly<Record<string, Value>>;
}

/** An item of a list, and whether it came out of the context, which writes booleans in Python's way. */
interface Item {
  readonly value: Value;
  readonly selected: boolean;
}

export function foreachCells({ key, value }: MapEntry, context: Context, filler: Filler, tell: Tell): Cell[] {
  if (value?.kind === 'map') {
    const cells = new Map<string, Cell>();
    for (const entry of value.entries) {
      if (refuseTemplate(entry.key, tell)) continue;
      const filled = filler.fill(entry.value, context, undefined);
      const name = filler.scalar(entry.key, context, undefined);
      if (filled === undefined || name === undefined || isList(name) || isMapping(name)) continue;
      const word = inText(name);
      cells.set(word, { key: word, values: { item: filled, key: word } });
    }
    return [...cells.values()];
  }
  if (value?.kind === 'sequence') return listCells(itemsOf(value.items, context, filler));
  const filled = value === null ? undefined : filler.fill(value, context, undefined);
  if (filled === undefined) return [];
  if (isMapping(filled))
    return [...filled].map(([name, item]) => ({
      key: pythonText(name),
      values: { item, key: pythonText(name) },
    }));
  if (isList(filled)) return listCells(filled.map((one) => ({ value: one, selected: true })));
  tell(value?.span ?? key.span, `\`foreach\` needs a list or a map; this is a ${typeOf(filled)}.`);
  return [];
}

export function matrixCells({ key, value }: MapEntry, context: Context, filler: Filler, tell: Tell): Cell[] {
  if (value?.kind !== 'map') return [];
  if (value.entries.length === 0) {
    tell(key.span, 'A `matrix` needs at least one axis.');
    return [];
  }
  let cells: { readonly words: readonly string[]; readonly item: ReadonlyMap<Key, Value> }[] = [
    { words: [], item: new Map() },
  ];
  for (const axis of value.entries) {
    if (refuseTemplate(axis.key, tell)) return [];
    const items = axisItems(axis, context, filler, tell);
    if (items === undefined || cells.length * items.length > MOST_STAGES) return [];
    const name = axis.key.text;
    cells = cells.flatMap(({ words, item }) =>
      items.map((one, at) => ({
        words: [...words, isList(one.value) || isMapping(one.value) ? `${name}${at}` : wordOf(one)],
        item: new Map([...item, [name, one.value]]),
      })),
    );
  }
  const named = new Map(cells.map(({ words, item }) => [words.join('-'), item] as const));
  return [...named].map(([word, item]) => ({ key: word, values: { item, key: word } }));
}

/** DVC ends with an error of its own where a key of a group is nothing but a placeholder. */
function refuseTemplate(key: ScalarNode, tell: Tell): boolean {
  const refused = isWhole(key.text, placeholdersIn(key.text));
  if (refused) tell(key.span, 'DVC fills no `${…}` that is a key of a group: write the name itself.');
  return refused;
}

function axisItems(
  { key, value }: MapEntry,
  context: Context,
  filler: Filler,
  tell: Tell,
): readonly Item[] | undefined {
  if (value?.kind === 'sequence') return itemsOf(value.items, context, filler);
  const filled = value === null ? undefined : filler.fill(value, context, undefined);
  if (filled === undefined) return undefined;
  if (isList(filled)) return filled.map((one) => ({ value: one, selected: true }));
  if (isMapping(filled)) return [...filled.keys()].map((one) => ({ value: one, selected: false }));
  // A text goes through its letters, but not one that is a value as a whole.
  const whole = value?.kind === 'scalar' && isWhole(value.text, placeholdersIn(value.text));
  if (typeof filled === 'string' && !whole)
    return Array.from(filled, (one) => ({ value: one, selected: false }));
  tell(value?.span ?? key.span, `An axis of a \`matrix\` needs a list; this is a ${typeOf(filled)}.`);
  return undefined;
}

/** What can't be filled is told, and left out. */
function itemsOf(nodes: readonly (SyntaxNode | null)[], context: Context, filler: Filler): Item[] {
  return nodes.flatMap((node) => {
    const value = filler.fill(node, context, undefined);
    const selected = node?.kind === 'scalar' && isWhole(node.text, placeholdersIn(node.text));
    return value === undefined ? [] : [{ value, selected }];
  });
}

function wordOf({ value, selected }: Item): string {
  if (isList(value) || isMapping(value)) return '';
  return selected ? pythonText(value) : inText(value);
}

/** A list with a list or a map in it is counted through. */
function listCells(items: readonly Item[]): Cell[] {
  const counted = items.some(({ value }) => isList(value) || isMapping(value));
  const cells = new Map<string, Cell>();
  for (const [at, one] of items.entries()) {
    const key = counted ? String(at) : wordOf(one);
    cells.set(key, { key, values: { item: one.value } });
  }
  return [...cells.values()];
}
