/** Where the values come from that `${…}` may name, as they are written: files, parts of files, and maps in the `dvc.yaml` itself. */
import { parseYaml } from '../../../../syntax/parse.js';
import { parseToml } from '../../../../syntax/toml.js';
import { entryOf } from '../../../../syntax/text.js';
import type { MapEntry, MapNode, SyntaxNode, SyntaxTree } from '../../../../syntax/tree.js';
import { folderOf } from '../../../text/paths.js';
import { Context } from './context.js';
import { foreachCells, matrixCells } from './groups.js';
import { Filler } from './fill.js';
import { loadDefault, loadVars } from '../load.js';
import type { ReadFile } from '../load.js';
import { within } from '../paths.js';
import type { Value } from './values.js';

export interface Source {
  /** The file that it is written in, relative to the project. */
  readonly path: string;
  readonly tree: SyntaxTree;
  /** The map of the values. */
  readonly node: SyntaxNode | null;
  /** Only these of its keys. */
  readonly keys?: readonly string[];
}

/** More files are not kept: what is asked last is what somebody works on. */
const MOST_TREES = 100;

const trees = new Map<string, SyntaxTree>();

/** A file of values, or of DVC's own, as a tree; JSON is YAML enough. `undefined`: there is no such text, or it is a program's. */
export function treeAt(path: string, read: ReadFile): SyntaxTree | undefined {
  if (/\.py$/i.test(path)) return undefined;
  const found = read(path);
  if (found.kind !== 'text') return undefined;
  const before = trees.get(path);
  if (before?.text === found.text) return before;
  const tree = /\.toml$/i.test(path) ? parseToml(found.text) : parseYaml(found.text, before, () => undefined);
  trees.delete(path);
  trees.set(path, tree);
  const [oldest] = trees.keys();
  if (trees.size > MOST_TREES && oldest !== undefined) trees.delete(oldest);
  return tree;
}

/** Of a list of `vars`. @param folder that its files are relative to */
export function sourcesIn(
  vars: SyntaxNode | null | undefined,
  own: { readonly path: string; readonly tree: SyntaxTree },
  folder: string,
  read: ReadFile,
): Source[] {
  if (vars?.kind !== 'sequence') return [];
  return vars.items.flatMap((item): Source[] => {
    if (item?.kind === 'map') return [{ ...own, node: item }];
    if (item?.kind !== 'scalar') return [];
    const colon = item.text.indexOf(':');
    const path = within(folder, colon === -1 ? item.text : item.text.slice(0, colon));
    const tree = treeAt(path, read);
    if (tree === undefined) return [];
    const keys = colon === -1 ? undefined : item.text.slice(colon + 1).split(',');
    return [{ path, tree, node: tree.root, ...(keys === undefined ? {} : { keys }) }];
  });
}

/** Of the whole file: its `params.yaml`, and its `vars`. */
export function sourcesOf(tree: SyntaxTree, path: string, read: ReadFile): Source[] {
  const folder = folderOf(path);
  const params = within(folder, 'params.yaml');
  const first = treeAt(params, read);
  return [
    ...(first === undefined ? [] : [{ path: params, tree: first, node: first.root }]),
    ...sourcesIn(entryOf(tree.root, 'vars')?.value, { path, tree }, folder, read),
  ];
}

/** The entry that a chain of names leads to, in maps alone. */
export function entryAt({ node, keys }: Source, chain: readonly string[]): MapEntry | undefined {
  if (keys !== undefined && !keys.includes(chain[0] ?? '')) return undefined;
  let entry: MapEntry | undefined;
  let at = node;
  for (const step of chain) {
    entry = entryOf(at, step);
    if (entry === undefined) return undefined;
    at = entry.value;
  }
  return entry;
}

/** A stage as it is written, or a group of them. */
export interface WrittenStage {
  readonly entry: MapEntry;
  /** The keys of the stage itself: of a `foreach` those under `do`. */
  readonly body: MapNode;
  readonly group?: { readonly kind: 'foreach' | 'matrix'; readonly entry: MapEntry };
}

export function writtenStages(tree: SyntaxTree): WrittenStage[] {
  const stages = entryOf(tree.root, 'stages')?.value;
  if (stages?.kind !== 'map') return [];
  return stages.entries.flatMap((entry): WrittenStage[] => {
    const { value } = entry;
    if (value?.kind !== 'map') return [];
    const [matrix, foreach] = [entryOf(value, 'matrix'), entryOf(value, 'foreach')];
    if (matrix !== undefined) return [{ entry, body: value, group: { kind: 'matrix', entry: matrix } }];
    if (foreach === undefined) return [{ entry, body: value }];
    const body = entryOf(value, 'do')?.value;
    return [
      {
        entry,
        body: body?.kind === 'map' ? body : { ...value, entries: [] },
        group: { kind: 'foreach', entry: foreach },
      },
    ];
  });
}

/** All that `${…}` may name in a stage, or at the top where none is given; of a group with the values of its first part. */
export function valuesAt(
  tree: SyntaxTree,
  path: string,
  read: ReadFile,
  stage?: WrittenStage,
): ReadonlyMap<string, Value> {
  const tell = (): void => undefined;
  const folder = folderOf(path);
  let context = new Context();
  loadDefault({ context, folder, read, tell }, { start: 0, end: 0 });
  loadVars({ context, folder, read, tell }, entryOf(tree.root, 'vars')?.value);
  if (stage !== undefined) {
    const filler = new Filler(tree.text, tell);
    const { group, body, entry } = stage;
    if (group !== undefined) {
      const cells = group.kind === 'matrix' ? matrixCells : foreachCells;
      const [first] = cells(group.entry, context, filler, tell);
      if (first !== undefined) context = context.with(first.values);
    }
    const wdir = entryOf(body, 'wdir')?.value;
    const where = wdir?.kind === 'scalar' ? filler.scalar(wdir, context, 'wdir') : '.';
    const vars = entryOf(body, 'vars')?.value;
    if (vars !== undefined && typeof where === 'string') {
      context = context.clone();
      loadVars({ context, folder: within(folder, where), read, tell }, vars, entry.key.text);
    }
  }
  return context.all();
}
