/** Texts as they are written into YAML. */
import { parseYaml } from './parse.js';

/** Words that readers of YAML 1.1, such as PyYAML, take for truth values. */
const OLD_WORDS = /^(?:y|n|yes|no|on|off)$/i;

/** A text of one line as a value or an item of a list: in quotes where YAML would read something else. */
export function writtenText(text: string): string {
  return isPlain(text) ? text : `'${text.replaceAll("'", "''")}'`;
}

function isPlain(text: string): boolean {
  if (OLD_WORDS.test(text)) return false;
  const { root, problems } = parseYaml(`[${text}]`, undefined, () => undefined);
  if (problems.length > 0 || root?.kind !== 'sequence' || root.items.length !== 1) return false;
  const [item] = root.items;
  return item?.kind === 'scalar' && item.style === 'plain' && item.value === text;
}
