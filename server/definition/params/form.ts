/** How a param is written: as its default, in the long form, or as a group of params. */
import type { MapEntry, MapNode, SyntaxNode } from '../../syntax/tree.js';
import { similar } from '../names/names.js';
import { PARAM_TYPES } from './types.js';

/** What other languages call the types of params: a slip, and no value of a group's `type`. */
const FOREIGN_TYPE =
  /^(?:int|long|float|double|decimal|str|text|char|bool|array|tuple|set|dict|map|enum|choice|any|null|date|datetime|time|path|file)$/i;

/** The keys of the long form. */
const LONG_KEYS: ReadonlySet<string> = new Set([
  'type',
  'default',
  'description',
  'minimum',
  'maximum',
  'choices',
  'pattern',
]);

/** Groups lie this deep in each other at most: `params.a.b.c.d.e`. */
export const MAX_GROUPS = 4;

/**
 * A map is the long form when it has no other keys, but for slips, or has `default`, `choices` or one of the
 * types as `type`. Every other map is a group: `model: { type: cnn, lr: 0.1 }`, and `model: { type: cnn }`. A key whose
 * value the long form doesn't take is no key of it: `type: { default: number }` is a param called `type`. An empty map
 * is a default, the empty object.
 */
export function paramForm(node: SyntaxNode | null | undefined): 'short' | 'long' | 'group' {
  if (node?.kind !== 'map' || node.entries.length === 0) return 'short';
  if (declares(node)) return 'long';
  if (node.entries.some(isOtherType)) return 'group';
  const others = node.entries.filter(({ key, value }) => !isLongKey(key.text, value));
  return others.every(isSlip) ? 'long' : 'group';
}

/** `type: cnn` */
function isOtherType({ key, value }: MapEntry): boolean {
  if (key.text !== 'type' || value?.kind !== 'scalar' || value.text === '') return false;
  return !FOREIGN_TYPE.test(value.text) && similar(value.text, PARAM_TYPES).length === 0;
}

/** `deflt: 1` */
function isSlip({ key, value }: MapEntry): boolean {
  return value?.kind !== 'map' && !LONG_KEYS.has(key.text) && similar(key.text, [...LONG_KEYS]).length > 0;
}

function isLongKey(key: string, value: SyntaxNode | null): boolean {
  if (!LONG_KEYS.has(key)) return false;
  if (key === 'default') return true;
  if (key === 'choices') return value?.kind !== 'map';
  return value === null || value.kind === 'scalar';
}

/** Whether something in the map can only be meant as the long form. */
function declares({ entries }: MapNode): boolean {
  return entries.some(({ key, value }) => {
    switch (key.text) {
      case 'type':
        return value?.kind === 'scalar' && PARAM_TYPES.some((type) => type === value.text);
      case 'choices':
        return value?.kind === 'sequence';
      case 'default':
        return paramForm(value) !== 'long';
      default:
        return false;
    }
  });
}
