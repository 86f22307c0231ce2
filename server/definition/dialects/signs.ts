/** What in a text speaks for one of our files, and what for another tool's. */
import { parseYaml } from '../../syntax/parse.js';
import type { SyntaxNode } from '../../syntax/tree.js';
import { similar } from '../names/names.js';
import type { Top } from '../detect/top-level.js';

/** Keys at the top of a file that tell of another tool, whatever else is there. */
const FOREIGN_KEYS = ['apiVersion', '$schema', 'jobs', 'stages', 'resources', 'on', 'Resources'] as const;

/** Text without keys is only ours while the first key is being written. */
export function againstWords({ list, words }: Top, known: readonly string[]): string | undefined {
  if (list || words === undefined) return undefined;
  const begun = words.length > 1 ? similar(words, known).length > 0 : false;
  return begun || known.some((key) => key.startsWith(words)) ? undefined : 'its text without keys';
}

/** A sure sign of another tool. */
export function foreignSign(top: Top): string | undefined {
  const key = FOREIGN_KEYS.find((one) => top.keys.has(one));
  if (key !== undefined) return `\`${key}\``;
  if (top.list) return 'its list at the top';
  return top.tag === undefined ? undefined : `its tag \`${top.tag}\``;
}

/** The first key at the top that is neither ours, nor a slip of one of ours, nor anybody's own (`x-…`). */
export function unknownKey(top: Top, known: readonly string[]): string | undefined {
  return [...top.keys.keys()].find(
    (key) => !known.includes(key) && !isExtensionKey(key) && similar(key, known).length === 0,
  );
}

function isExtensionKey(key: string): boolean {
  return key.startsWith('x-') || key === '<<';
}

/** So much of a map at the top tells whose it is. */
const ENOUGH = 8 * 1024;

/** Whether a map at the top may be ours: something in it has a key of ours, or nothing in it has keys yet. */
export function hasEntryOfOurs(text: string, top: string, known: readonly string[]): boolean {
  const { root } = parseYaml(text.length > ENOUGH ? cutFrom(text, top) : text);
  const entries = valuesOf(valuesOf(root).find(([key]) => key === top)?.[1]);
  const keys = entries.flatMap(([, entry]) => valuesOf(entry).map(([key]) => key));
  return keys.length === 0 || keys.some((key) => known.includes(key) || similar(key, known).length > 0);
}

/** The beginning of a long text, from a key at its top. */
function cutFrom(text: string, top: string): string {
  const start = text.startsWith(`${top}:`) ? 0 : text.indexOf(`\n${top}:`) + 1;
  const end = text.lastIndexOf('\n', start + ENOUGH);
  return text.slice(start, end > start ? end : start + ENOUGH);
}

function valuesOf(node: SyntaxNode | null | undefined): readonly (readonly [string, SyntaxNode | null])[] {
  return node?.kind === 'map' ? node.entries.map(({ key, value }) => [key.text, value] as const) : [];
}
