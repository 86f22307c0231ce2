/** The values that `${…}` may name: of `params.yaml`, of `vars`, of what a group goes through. */
import { isList, isMapping } from './values.js';
import type { Value } from './values.js';

/** Why a value can't be put in. */
export interface Clash {
  readonly path: string;
  /** Where it was first. */
  readonly before: string;
}

interface Leaf {
  readonly value: Value;
  readonly source: string;
}

type Tree = Map<string, Leaf | Tree>;

export class Context {
  readonly #tree: Tree;
  /** What a group goes through: before all others, and nothing may set it. */
  readonly #cell: Tree;
  /** Which files were read, and which of their keys where not all. */
  readonly imports: Map<string, string[] | undefined>;
  /** Something was put in that can't be read here, so that any name may be there. */
  open: boolean;

  constructor(
    tree: Tree = new Map(),
    imports: ReadonlyMap<string, string[] | undefined> = new Map(),
    cell: Tree = new Map(),
    open = false,
  ) {
    this.#tree = tree;
    this.imports = new Map(imports);
    this.#cell = cell;
    this.open = open;
  }

  /** The same values with those of a cell on top, which nothing may set any more. */
  with(values: Readonly<Record<string, Value>>): Context {
    const cell = Object.entries(values).map(([name, value]) => [name, nodeOf(value, '')] as const);
    return new Context(this.#tree, this.imports, new Map(cell), this.open);
  }

  /** A copy that can be added to. */
  clone(): Context {
    return new Context(copyOf(this.#tree), this.imports, this.#cell, this.open);
  }

  /** Adds the keys of a map, maps into maps. Keys that are no texts can't be named, and are left out. */
  merge(value: Value, source: string): Clash | { readonly reserved: string } | undefined {
    const added = nodeOf(value, source);
    if (!(added instanceof Map)) return undefined;
    const reserved = [...this.#cell.keys()].find((name) => added.has(name));
    return reserved === undefined ? merge(this.#tree, added, []) : { reserved };
  }

  /** Every value, those of a cell first. */
  all(): ReadonlyMap<string, Value> {
    return new Map([...valuesOf(this.#tree), ...valuesOf(this.#cell)]);
  }

  /** What a chain leads to. */
  select(path: readonly string[]): { readonly value: Value } | undefined {
    const [first = ''] = path;
    let node: Leaf | Tree = this.#cell.has(first) ? this.#cell : this.#tree;
    for (const [at, step] of path.entries()) {
      if (!(node instanceof Map)) return selectIn(node.value, path.slice(at));
      const next: Leaf | Tree | undefined = node.get(step);
      if (next === undefined) return undefined;
      node = next;
    }
    return { value: valueOf(node) };
  }
}

function nodeOf(value: Value, source: string): Leaf | Tree {
  if (!isMapping(value)) return { value, source };
  const tree: Tree = new Map();
  for (const [key, one] of value) if (typeof key === 'string') tree.set(key, nodeOf(one, source));
  return tree;
}

function valueOf(node: Leaf | Tree): Value {
  return node instanceof Map ? new Map(valuesOf(node)) : node.value;
}

function valuesOf(tree: Tree): [string, Value][] {
  return [...tree].map(([key, one]) => [key, valueOf(one)]);
}

function copyOf(tree: Tree): Tree {
  return new Map([...tree].map(([key, one]) => [key, one instanceof Map ? copyOf(one) : one] as const));
}

function merge(into: Tree, added: Tree, path: readonly string[]): Clash | undefined {
  for (const [key, one] of added) {
    const there = into.get(key);
    if (there instanceof Map && one instanceof Map) {
      const clash = merge(there, one, [...path, key]);
      if (clash !== undefined) return clash;
    } else if (there !== undefined) {
      return { path: [...path, key].join('.'), before: sourceOf(there) };
    } else into.set(key, one);
  }
  return undefined;
}

function sourceOf(node: Leaf | Tree): string {
  if (!(node instanceof Map)) return node.source;
  const [first] = node.values();
  return first === undefined ? '' : sourceOf(first);
}

/** In lists, and in maps in lists. An index from the end is one, too. */
function selectIn(value: Value, path: readonly string[]): { readonly value: Value } | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return { value };
  let next: Value | undefined;
  if (isList(value) && /^[-+]?\d+$/.test(step)) next = value.at(Number(step));
  else if (isMapping(value)) next = value.get(step);
  return next === undefined ? undefined : selectIn(next, rest);
}
