import { defined } from '../../base/defined.js';
import { isNumeral } from '../../base/numeral.js';
import type { Json, StructuralProblem } from '../../definition/definition.js';
import { schemaAt } from '../../definition/schema/index.js';
import { escapeKey, nodePathAt } from '../../syntax/text.js';
import type { MapNode } from '../../syntax/tree.js';
import { insertBefore } from '../shared/edits.js';
import type { Fix, Rule, RuleContext } from '../rule.js';
import { reportStructural } from '../structural.js';

export const missingKey: Rule = {
  id: 'schema/missing-key',
  severity: 'error',
  summary: 'A key that has to be there is not.',
  docs: `
Without this key the rest can't be carried out: a pipeline has \`tasks\`, a registration says which \`model\` it makes, and
so on.

**How to fix it:** Add the key that is named. The fix adds it with an example value to be replaced.
`,
  needsWholeText: true,
  good: [
    { files: 'tasks:\n  train:\n    run: ./train.sh\n    outputs: { model: { path: models/rain.json } }\n' },
  ],
  bad: [
    {
      files: 'tasks:\n  train:\n    run: ./train.sh\n    outputs:\n      «model»: { kind: model }\n',
      messages: ['`model` needs the key `path`.'],
      fixed:
        'tasks:\n  train:\n    run: ./train.sh\n    outputs:\n      model: { path: models/rain.json, kind: model }\n',
    },
  ],
  check: (context) =>
    reportStructural(
      context,
      'missing-key',
      (problem) => fixesOf(context, problem),
      (problem) => ({
        keys: problem.candidates ?? [],
        ...defined({ within: placeOf(context, problem)?.map.span }),
      }),
    ),
};

interface Place {
  readonly map: MapNode;
  readonly path: readonly (string | number)[];
}

function fixesOf(context: RuleContext, problem: StructuralProblem): Fix[] {
  const place = placeOf(context, problem);
  const [key] = problem.candidates ?? [];
  if (place === undefined || key === undefined) return [];
  const { definition } = context;
  const example = schemaAt(definition.kind, [...place.path, key])?.examples[0];
  if (example === undefined) return [];
  const value = inFlow(example);
  const first = place.map.entries[0];
  const edit =
    first === undefined
      ? { path: definition.path, span: place.map.span, newText: `{ ${key}: ${value} }` }
      : insertBefore(context, first, place.map.flow, key, value);
  return [{ title: `Add "${key}"`, edits: [edit], preferred: false }];
}

/** The map that lacks the key: the problem points at the map, at the key that it stands under, or at the file's start. */
function placeOf(context: RuleContext, problem: StructuralProblem): Place | undefined {
  const { root } = context.definition.tree;
  if (problem.span.start === 0 && root?.kind === 'map') return { map: root, path: [] };
  const path: (string | number)[] = [];
  for (const step of nodePathAt(context.definition.tree, problem.span.start)) {
    path.push(step.kind === 'entry' ? step.key : step.index);
    const node = step.kind === 'entry' ? step.entry.value : step.node;
    const pointed = step.kind === 'entry' ? step.entry.key.span : step.node?.span;
    if (pointed?.start === problem.span.start && pointed.end === problem.span.end)
      return node?.kind === 'map' ? { map: node, path } : undefined;
  }
  return undefined;
}

/** A value in YAML's flow style. */
function inFlow(value: Json): string {
  if (typeof value === 'string') return escapeKey(value);
  if (Array.isArray(value)) return `[${value.map(inFlow).join(', ')}]`;
  if (typeof value !== 'object' || value === null || isNumeral(value)) return String(value);
  const entries = Object.entries(value as Readonly<Record<string, Json>>).map(
    ([key, item]) => `${escapeKey(key)}: ${inFlow(item)}`,
  );
  return `{ ${entries.join(', ')} }`;
}
