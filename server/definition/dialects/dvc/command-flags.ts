/** A map in a command: `{lr: 0.5, verbose: true}` becomes `--lr 0.5 --verbose`. */
import { isList, isMapping, pythonText } from './resolve/values.js';
import type { Key, Mapping, Value } from './resolve/values.js';

export type Flags = { readonly text: string } | { readonly nested: string };

/** As DVC writes it where `parsing` of its settings says nothing else. `nested`: the key of a list that holds another one. */
export function flagsOf(map: Mapping): Flags {
  const words: string[] = [];
  for (const [name, value] of flat(map, '')) {
    if (isList(value)) {
      if (value.some((one) => isList(one) || isMapping(one))) return { nested: name };
      const items = value.map((one) => (typeof one === 'string' ? quoted(one) : pythonText(one as Key)));
      if (items.length > 0) words.push(`--${name}`, ...items);
    } else if (typeof value === 'boolean') {
      if (value) words.push(`--${name}`);
    } else if (isMapping(value)) words.push(`--${name}`, '{}');
    else words.push(`--${name}`, typeof value === 'string' ? quoted(value) : pythonText(value));
  }
  return { text: words.join(' ').trimEnd() };
}

function flat(map: Mapping, prefix: string): (readonly [string, Value])[] {
  return [...map].flatMap(([key, value]) => {
    const name = `${prefix}${pythonText(key)}`;
    return isMapping(value) && value.size > 0 ? flat(value, `${name}.`) : [[name, value] as const];
  });
}

/** `shlex.quote` of Python. */
function quoted(text: string): string {
  if (text === '') return "''";
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}
