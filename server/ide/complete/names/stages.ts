/** Completion in a `dvc.yaml`: values behind `${`, and keys of files of params. */
import type { DvcDefinition } from '../../../definition/read/analyze.js';
import { folderOfStage } from '../../../definition/dialects/dvc/resolve/resolved.js';
import { treeAt, valuesAt, writtenStages } from '../../../definition/dialects/dvc/resolve/sources.js';
import { inText, isList, isMapping } from '../../../definition/dialects/dvc/resolve/values.js';
import type { Value } from '../../../definition/dialects/dvc/resolve/values.js';
import type { FileText } from '../../../definition/text/file-text.js';
import { folderOf, normalizePath } from '../../../definition/text/paths.js';
import { nodePathAt } from '../../../syntax/text.js';
import type { SyntaxNode } from '../../../syntax/tree.js';
import type { Name } from './name.js';
import { isInComment, type Slot, slotAt } from '../slot.js';
import type { Completion, IdeContext } from '../../types.js';

/** Longer lists are not read. */
const LIMIT = 1_000;

/** Behind a `${` that is still open: what DVC puts in there. `undefined`: the cursor is elsewhere. */
export function completePlaceholder(context: IdeContext, offset: number): Completion[] | undefined {
  const { definition } = context;
  if (definition.kind !== 'dvc' || isInComment(definition.tree, offset)) return undefined;
  const { text } = definition.tree;
  const start = Math.max(text.lastIndexOf('\n', offset - 1) + 1, offset - 1_000);
  const line = text.slice(start, offset);
  const at = line.lastIndexOf('${');
  if (at === -1 || line.charAt(at - 1) === '\\') return undefined;
  const typed = line.slice(at + 2);
  if (!/^[^{}'"]*$/.test(typed)) return undefined;
  const path = pathTo(context, offset);
  if (path[0] === 'vars' || path.includes('vars')) return [];
  const word = /[^.[\]\s]*$/.exec(typed)?.[0] ?? '';
  const chain = [...typed.slice(0, typed.length - word.length).matchAll(/[^.[\]\s]+/g)].map(([step]) => step);
  const tail = /^[\w-]*/.exec(text.slice(offset, offset + 200))?.[0] ?? '';
  const span = { start: offset - word.length, end: offset + tail.length };
  return membersOf(valuesIn(context, definition, path[1]), chain)
    .slice(0, LIMIT)
    .map(([label, value]) => ({
      label,
      kind: chain.length === 0 && (label === 'item' || label === 'key') ? 'axis' : 'param',
      detail: shown(value),
      span,
      newText: label,
      snippet: false,
      sortText: `1${label}`,
    }));
}

function pathTo({ definition: { tree } }: IdeContext, offset: number): readonly (string | number)[] {
  const steps = nodePathAt(tree, offset).map((step) => (step.kind === 'entry' ? step.key : step.index));
  return steps.length > 1 ? steps : (slotAt(tree, offset)?.path ?? steps);
}

function reader({ project }: IdeContext): (path: string) => FileText {
  return (path) => project.text?.(path) ?? { kind: 'unknown' };
}

function valuesIn(
  context: IdeContext,
  { tree, path }: DvcDefinition,
  name: string | number | undefined,
): Value {
  const stage = writtenStages(tree).find(({ entry }) => entry.key.text === name);
  return valuesAt(tree, path, reader(context), stage);
}

function membersOf(values: Value, chain: readonly string[]): (readonly [string, Value])[] {
  let value: Value | undefined = values;
  for (const step of chain) {
    if (isList(value)) value = value[Number(step)];
    else value = isMapping(value) ? value.get(step) : undefined;
  }
  if (isList(value)) return value.map((one, at) => [String(at), one] as const);
  return isMapping(value)
    ? [...value].flatMap(([key, one]) => (typeof key === 'string' ? [[key, one] as const] : []))
    : [];
}

function shown(value: Value): string {
  if (isList(value)) return `list of ${value.length}`;
  if (isMapping(value)) return `map of ${value.size}`;
  const text = inText(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

/** Where paths of a slot are relative to; relative to the project. */
export function baseOf(context: IdeContext, slot: Slot): string {
  const { definition } = context;
  if (definition.kind !== 'dvc') return '';
  const [section, name, key] = slot.path;
  if (section !== 'stages' || key === 'wdir') return folderOf(definition.path);
  return folderOfStage(definition, reader(context), String(name)) ?? folderOf(definition.path);
}

/** Keys of the file of params that a list in a slot is about, as chains. */
export function paramNames(context: IdeContext, slot: Slot): Name[] {
  const [item, file] = [slot.path.at(-3), slot.path.at(-2)];
  const name = typeof item === 'number' && typeof file === 'string' ? file : 'params.yaml';
  const base = baseOf(context, slot);
  const tree = treeAt(normalizePath(`${base === '' ? '.' : base}/${name}`), reader(context));
  return [...chainsIn(tree?.root ?? null, '')].slice(0, LIMIT);
}

function* chainsIn(node: SyntaxNode | null, prefix: string): Generator<Name> {
  for (const { key, value } of node?.kind === 'map' ? node.entries : []) {
    const name = `${prefix}${key.text}`;
    if (value?.kind === 'scalar') yield { name, detail: value.text.slice(0, 40) };
    else yield { name, detail: value?.kind === 'sequence' ? `list of ${value.items.length}` : 'map' };
    yield* chainsIn(value, `${name}.`);
  }
}
