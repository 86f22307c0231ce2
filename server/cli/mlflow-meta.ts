/** Reads the `meta.yaml` of an MLflow store for `modelyard tracking import`, whose layer knows no YAML. */
import { parseYaml } from '../syntax/parse.js';
import type { SyntaxNode } from '../syntax/tree.js';
import type { Meta } from '../tracking/import/file-store.js';

/** Its scalars by their keys, those of maps under both keys with a blank between; what is null is left out. */
export function readMeta(text: string): Meta {
  const { root } = parseYaml(text, undefined, () => undefined);
  return Object.fromEntries(scalarsIn(root, ''));
}

function scalarsIn(node: SyntaxNode | null, prefix: string): readonly (readonly [string, string])[] {
  if (node?.kind !== 'map') return [];
  return node.entries.flatMap(({ key, value }) => {
    const name = `${prefix}${key.text}`;
    if (value?.kind === 'map') return prefix === '' ? scalarsIn(value, `${name} `) : [];
    return value?.kind !== 'scalar' || value.value === null ? [] : [[name, value.text] as const];
  });
}
