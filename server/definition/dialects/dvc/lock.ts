/** `dvc.lock`: what stages were when they last ran. One entry is put into its text, and all others stay as they are. */
import { parseYaml } from '../../../syntax/parse.js';
import { entryOf, lineAt } from '../../../syntax/text.js';
import type { MapEntry, SyntaxNode, SyntaxTree } from '../../../syntax/tree.js';
import { asMapping } from './equal.js';
import { isList, isMapping, Unsupported, valueOf } from './resolve/values.js';
import type { Mapping, Value } from './resolve/values.js';
import { blockLines, entryLines, scalarText } from './yaml-text.js';

/** A dependency or an output, as it was. */
export interface LockItem {
  readonly path: string;
  /** Hexadecimal; of a folder with `.dir` behind it. */
  readonly md5?: string;
  readonly size?: number;
  readonly nfiles?: number;
  readonly isexec?: boolean;
  /** Of DVC 2: ends of lines of text files are left out of the hash, and the object lies elsewhere. */
  readonly legacy: boolean;
}

export interface LockEntry {
  readonly cmd: Value;
  readonly deps: ReadonlyMap<string, LockItem>;
  readonly params: ReadonlyMap<string, Mapping>;
  readonly outs: ReadonlyMap<string, LockItem>;
  /** All of it, as it is written. */
  readonly value: Mapping;
}

export type LockRead =
  { readonly ok: true; readonly lock: LockFile } | { readonly ok: false; readonly problem: string };

const ITEM_KEYS = new Set(['path', 'hash', 'md5', 'size', 'nfiles', 'isexec']);
/** Of what a `.dvc` file tracks. */
const DATA_KEYS = new Set([...ITEM_KEYS, ...'cache persist desc type labels meta remote push'.split(' ')]);
const ENTRY_KEYS = new Set(['cmd', 'deps', 'params', 'outs']);
const BEGIN = "schema: '2.0'\nstages:\n";

export class LockFile {
  readonly text: string;
  readonly #entries: ReadonlyMap<string, Mapping>;
  readonly #tree: SyntaxTree;

  private constructor(tree: SyntaxTree, entries: ReadonlyMap<string, Mapping>) {
    this.text = tree.text;
    this.#tree = tree;
    this.#entries = entries;
  }

  /** @param text empty where there is none yet @param before the same file as it was, which makes reading faster */
  static read(text: string, before?: LockFile): LockRead {
    return LockFile.ofTree(parseYaml(text, before === undefined ? undefined : before.#tree, noTemplates));
  }

  static ofTree(tree: SyntaxTree): LockRead {
    const bad = (problem: string): LockRead => ({ ok: false, problem });
    if (tree.problems.length > 0) return bad('it is no YAML');
    if (tree.root === null) return { ok: true, lock: new LockFile(tree, new Map()) };
    let value: Value;
    try {
      value = valueOf(tree.root);
    } catch (error) {
      if (error instanceof Unsupported) return bad('it holds a date');
      throw error;
    }
    if (!isMapping(value)) return bad('it is no map');
    if (value.get('schema') !== '2.0') return bad("its `schema` is not '2.0'");
    const other = [...value.keys()].find((key) => key !== 'schema' && key !== 'stages' && key !== 'datasets');
    if (other !== undefined) return bad(`DVC knows no key \`${String(other)}\` in it`);
    const stages = value.get('stages') ?? null;
    if (stages !== null && !isMapping(stages)) return bad('its `stages` are no map');
    const entries = new Map<string, Mapping>();
    for (const [name, entry] of stages ?? []) {
      if (typeof name !== 'string' || !isMapping(entry))
        return bad(`its stage \`${String(name)}\` is no map`);
      const unknown = [...entry.keys()].find((key) => typeof key !== 'string' || !ENTRY_KEYS.has(key));
      if (unknown !== undefined) return bad(`DVC knows no key \`${String(unknown)}\` of a stage in it`);
      entries.set(name, entry);
    }
    return { ok: true, lock: new LockFile(tree, entries) };
  }

  /** Of one entry that was kept elsewhere. */
  static of(name: string, value: Mapping): LockFile {
    return new LockFile(parseYaml('', undefined, noTemplates), new Map([[name, value]]));
  }

  /** What a stage was; a text: why that can't be told. */
  entry(name: string): LockEntry | string | undefined {
    const value = this.#entries.get(name);
    if (value === undefined) return undefined;
    const deps = itemsOf(value.get('deps'));
    const outs = itemsOf(value.get('outs'));
    if (typeof deps === 'string') return deps;
    if (typeof outs === 'string') return outs;
    const params = value.get('params') ?? new Map();
    const files = isMapping(params) ? [...params] : [];
    return {
      cmd: value.get('cmd') ?? null,
      deps,
      outs,
      params: new Map(
        files.flatMap(([file, values]) =>
          typeof file === 'string' && isMapping(values) ? [[file, values] as const] : [],
        ),
      ),
      value,
    };
  }

  /** The text with another entry of a stage; the rest is left as it is. */
  with(name: string, entry: Mapping): string {
    const { root, text } = this.#tree;
    if (root === null) return `${BEGIN}${entryLines(scalarText(name), entry, '  ').join('\n')}\n`;
    const stages = entryOf(root, 'stages');
    if (stages === undefined)
      return `${ended(text)}stages:\n${entryLines(scalarText(name), entry, '  ').join('\n')}\n`;
    const { value } = stages;
    if (value?.kind !== 'map' || value.flow || value.entries.length === 0)
      return this.#rewritten(stages, name, entry);
    const column = (key: SyntaxNode): number => key.span.start - this.#lineStart(key.span.start);
    const first = value.entries[0];
    const indent = ' '.repeat(first === undefined ? 2 : column(first.key));
    const lines = `${entryLines(scalarText(name), entry, indent).join('\n')}\n`;
    const old = value.entries.find(({ key }) => key.text === name);
    if (old === undefined) {
      const end = this.#lineEnd(value.entries.at(-1)?.span.end ?? value.span.end);
      return `${ended(text.slice(0, end))}${lines}${text.slice(end)}`;
    }
    return `${text.slice(0, this.#lineStart(old.span.start))}${lines}${text.slice(this.#lineEnd(old.span.end))}`;
  }

  /** Of a list of stages that is not written one below the other. */
  #rewritten(stages: MapEntry, name: string, entry: Mapping): string {
    const { text } = this.#tree;
    const all = asMapping([...this.#entries, [name, entry]]);
    const end = this.#lineEnd(stages.span.end);
    return `${text.slice(0, stages.key.span.start)}stages:\n${blockLines(all, '  ').join('\n')}\n${text.slice(end)}`;
  }

  #lineStart(offset: number): number {
    const { lineStarts } = this.#tree;
    return lineStarts[lineAt(lineStarts, offset)] ?? 0;
  }

  /** Behind the line that holds the last character before an offset. */
  #lineEnd(offset: number): number {
    const { lineStarts, text } = this.#tree;
    return lineStarts[lineAt(lineStarts, Math.max(0, offset - 1)) + 1] ?? text.length;
  }
}

function noTemplates(): undefined {
  return undefined;
}

function ended(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

function itemsOf(
  list: Value | undefined,
  keys: ReadonlySet<string> = ITEM_KEYS,
): ReadonlyMap<string, LockItem> | string {
  const items = new Map<string, LockItem>();
  for (const one of list === undefined || !isList(list) ? [] : list) {
    if (!isMapping(one)) return 'it lists something that is no file';
    const unknown = [...one.keys()].find((key) => typeof key !== 'string' || !keys.has(key));
    if (unknown !== undefined) return `it holds \`${String(unknown)}\`, which Modelyard does not read`;
    const [path, md5, hash] = [one.get('path'), one.get('md5'), one.get('hash')];
    if (typeof path !== 'string') return 'it lists a file without a `path`';
    if (md5 !== undefined && typeof md5 !== 'string') return `the hash of ${path} is no text`;
    if (hash !== undefined && hash !== 'md5') return `it knows ${path} by another hash than MD5`;
    const [size, nfiles] = [one.get('size'), one.get('nfiles')];
    items.set(path, {
      path,
      ...(md5 === undefined ? {} : { md5 }),
      ...(typeof size === 'bigint' ? { size: Number(size) } : {}),
      ...(typeof nfiles === 'bigint' ? { nfiles: Number(nfiles) } : {}),
      ...(one.get('isexec') === true ? { isexec: true } : {}),
      legacy: hash === undefined,
    });
  }
  return items;
}

/** Of what a `.dvc` file tracks; a text: why that can't be told. */
export function trackedBy(text: string): readonly LockItem[] | string {
  const { root, problems } = parseYaml(text, undefined, noTemplates);
  if (problems.length > 0) return 'it is no YAML';
  try {
    const value = valueOf(root);
    if (!isMapping(value)) return 'it is no map';
    if (typeof value.get('wdir') === 'string') return 'it has a `wdir`';
    const items = itemsOf(value.get('outs'), DATA_KEYS);
    return typeof items === 'string' ? items : [...items.values()];
  } catch (error) {
    if (error instanceof Unsupported) return 'it holds a date';
    throw error;
  }
}

/**
 * The text of a `.dvc` file with other hashes and sizes of what it tracks. `undefined`: it isn't written as DVC writes it.
 *
 * @param items one for each that it tracks, in its order
 */
export function withTracked(text: string, items: readonly LockItem[]): string | undefined {
  const { root } = parseYaml(text, undefined, noTemplates);
  const outs = entryOf(root, 'outs')?.value;
  if (outs?.kind !== 'sequence' || outs.items.length !== items.length) return undefined;
  const edits: { readonly start: number; readonly end: number; readonly text: string }[] = [];
  for (const [at, { md5, size, nfiles }] of items.entries()) {
    const node = outs.items[at] ?? null;
    for (const [key, value] of [
      ['md5', md5],
      ['size', size],
      ['nfiles', nfiles],
    ] as const) {
      const entry = entryOf(node, key);
      if (entry === undefined && value === undefined) continue;
      // A file became a folder, or it was hashed as DVC 2 did.
      if (entry?.value?.kind !== 'scalar' || value === undefined) return undefined;
      edits.push({ ...entry.value.span, text: String(value) });
    }
    if (entryOf(node, 'hash') === undefined) return undefined;
  }
  return edits
    .sort((a, b) => b.start - a.start)
    .reduce((done, { start, end, text: put }) => done.slice(0, start) + put + done.slice(end), text);
}

/** An item as DVC writes it. */
export function itemValue({ path, md5, size, nfiles, isexec, legacy }: LockItem): Mapping {
  return asMapping([
    ['path', path],
    ['hash', legacy ? undefined : 'md5'],
    ['md5', md5],
    ['size', size === undefined ? undefined : BigInt(size)],
    ['nfiles', nfiles === undefined ? undefined : BigInt(nfiles)],
    ['isexec', isexec === true ? true : undefined],
  ]);
}
