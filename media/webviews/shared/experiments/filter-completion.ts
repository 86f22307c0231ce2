/** What may come next in a filter of runs, at the place of the cursor. Pure. */
import { writtenName } from '../../../../server/base/runs/filter.js';

/** What there is to name. */
export interface FilterWords {
  /** Names of columns, those that are wanted most first, and what is said of each. */
  readonly names: readonly { readonly name: string; readonly detail: string }[];
  /** Values that a column can have, where they are known. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

export interface FilterCompletion {
  /** What is replaced: from, and up to, these places in the text. */
  readonly from: number;
  readonly to: number;
  readonly items: readonly { readonly text: string; readonly detail: string }[];
}

const MOST_ITEMS = 50;

const TOKEN =
  /\s+|&&|\|\||[<>=!]=|!~|[<>=~!(),]|"[^"]*(?:"|$)|'[^']*(?:'|$)|`[^`]*(?:`|$)|[^\s=<>~!(),&|'"`]+|[&|]/y;

const OPERATORS = [
  ['=', 'equal'],
  ['!=', 'not equal'],
  ['>', 'more than'],
  ['>=', 'at least'],
  ['<', 'less than'],
  ['<=', 'at most'],
  ['~', 'contains'],
  ['!~', 'does not contain'],
  ['in (', 'one of several'],
] as const;

const JOINTS = [
  ['and', 'both hold'],
  ['or', 'one of them holds'],
] as const;

/** What is expected, and of which column. */
type Place =
  | { readonly expects: 'name' | 'after' }
  | { readonly expects: 'operator' | 'value' | 'values' | 'list'; readonly name: string };

function next(place: Place, token: string): Place {
  const word = token.toLowerCase();
  const isJoint = ['and', 'or', '&&', '||'].includes(word);
  switch (place.expects) {
    case 'name':
      if (token === '(' || word === 'not' || token === '!') return place;
      return { expects: 'operator', name: token.replaceAll('`', '') };
    case 'operator':
      if (isJoint) return { expects: 'name' };
      if (token === ')') return { expects: 'after' };
      return { expects: word === 'in' ? 'list' : 'value', name: place.name };
    case 'list':
      return { expects: 'values', name: place.name };
    case 'values':
      return token === ')' ? { expects: 'after' } : place;
    case 'value':
      return { expects: 'after' };
    case 'after':
      return isJoint ? { expects: 'name' } : place;
  }
}

/** Completes the word that ends at the cursor, or begins there. */
export function completeFilter(text: string, cursor: number, words: FilterWords): FilterCompletion {
  let place: Place = { expects: 'name' };
  let from = cursor;
  for (let at = 0; at < cursor;) {
    TOKEN.lastIndex = at;
    const [token = text.charAt(at)] = TOKEN.exec(text) ?? [];
    const end = at + token.length;
    const isWord = !/^[\s=<>~!(),&|]/.test(token);
    // The cursor is in it, or behind it with nothing between.
    if (isWord && end >= cursor) {
      from = at;
      break;
    }
    if (token.trim() !== '') place = next(place, token);
    at = end;
  }
  const typed = text
    .slice(from, cursor)
    .replace(/^["'`]/, '')
    .toLowerCase();
  const items = candidates(place, words).filter(({ text: one }) => one.toLowerCase().includes(typed));
  const starts = ({ text: one }: { readonly text: string }): number =>
    Number(
      !one
        .toLowerCase()
        .replace(/^["'`]/, '')
        .startsWith(typed),
    );
  return { from, to: cursor, items: items.toSorted((a, b) => starts(a) - starts(b)).slice(0, MOST_ITEMS) };
}

function candidates(place: Place, { names, values }: FilterWords): FilterCompletion['items'] {
  switch (place.expects) {
    case 'name':
      return names.map(({ name, detail }) => ({ text: writtenName(name), detail }));
    case 'operator':
      return [...OPERATORS, ...JOINTS].map(([text, detail]) => ({ text, detail }));
    case 'list':
      return [{ text: '(', detail: '' }];
    case 'after':
      return JOINTS.map(([text, detail]) => ({ text, detail }));
    case 'value':
    case 'values':
      return (values.get(place.name) ?? []).flatMap((value) => {
        const written = writtenValue(value);
        return written === undefined ? [] : [{ text: written, detail: place.name }];
      });
  }
}

/** A value as the grammar takes it: in quotes where it is no word; `undefined` where it has both kinds of quotes. */
export function writtenValue(value: string): string | undefined {
  if (/^[^\s=<>~!(),&|'"`]+$/.test(value)) return value;
  if (!value.includes('"')) return `"${value}"`;
  return value.includes("'") ? undefined : `'${value}'`;
}
