/** `modelyard.yaml`. */
import type { SyntaxTree } from '../syntax/tree.js';
import type { ProjectSettings } from './definition.js';
import {
  bytesOf,
  durationOf,
  entriesOf,
  field,
  given,
  jsonOf,
  numberOf,
  textOf,
  textsOf,
  wordOf,
} from './read.js';
import { SEVERITIES } from './schema/project.js';

export const NO_SETTINGS: ProjectSettings = { exclude: [], rules: [], cache: {}, runs: {}, raw: {} };

export function readSettings(tree: SyntaxTree): ProjectSettings {
  const root = tree.root;
  if (root?.kind !== 'map') return NO_SETTINGS;
  const rules: ProjectSettings['rules'][number][] = [];
  for (const entry of entriesOf(field(root, 'rules'))) {
    const severity = wordOf(entry.value, SEVERITIES);
    if (severity !== undefined) rules.push({ id: { value: entry.key.text, span: entry.key.span }, severity });
  }
  const cache = field(root, 'cache');
  const runs = field(root, 'runs');
  return {
    ...given('name', textOf(field(root, 'name'))),
    exclude: textsOf(field(root, 'exclude')).map((glob) => glob.value),
    rules,
    cache: {
      ...given('maxBytes', bytesOf(field(cache, 'max-size'))),
      ...given('maxAgeMs', durationOf(field(cache, 'max-age'))),
    },
    runs: {
      ...given('keep', numberOf(field(runs, 'keep'))),
      ...given('maxAgeMs', durationOf(field(runs, 'max-age'))),
    },
    raw: jsonOf(root),
  };
}
