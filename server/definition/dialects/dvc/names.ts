/**
 * Every place where a `dvc.yaml`, and the files beside it, name something that can be gone to: stages, values that `${…}` puts
 * in, params, axes, paths. A value may have two owners, the `dvc.yaml` that puts it in and the file of params that a stage
 * depends on: where both are written at the same place, they are the same.
 */
import { sourceMapOf } from '../../../syntax/decode.js';
import { spanIn } from '../../../syntax/expressions/expression.js';
import { entryOf, visit } from '../../../syntax/text.js';
import type { ScalarNode, Span, SyntaxNode, SyntaxTree } from '../../../syntax/tree.js';
import { folderOf, foldersOf } from '../../text/paths.js';
import type { NamedText, WrittenName } from '../names.js';
import { isAddress, within } from './paths.js';
import type { ReadFile } from './load.js';
import type { Resolved, Stage, StagePath } from './resolve/resolve.js';
import { entryAt, sourcesIn, sourcesOf, treeAt, writtenStages } from './resolve/sources.js';
import type { Source, WrittenStage } from './resolve/sources.js';
import { placeholdersIn } from './resolve/template.js';

interface Own {
  readonly path: string;
  readonly tree: SyntaxTree;
}

/** Values of a stage's own `vars` are no other stage's. */
function scopeOf(path: string, stage: string | undefined): string {
  return stage === undefined ? path : `${path}#${stage}`;
}

/** What the `dvc.yaml` itself names. */
export function namesIn(own: Own, resolved: Resolved, read: ReadFile): WrittenName[] {
  return new Collector(own, resolved, read).all();
}

class Collector {
  readonly #own: Own;
  readonly #read: ReadFile;
  readonly #resolved: Resolved;
  readonly #names: WrittenName[] = [];
  readonly #top: readonly Source[];

  constructor(own: Own, resolved: Resolved, read: ReadFile) {
    this.#own = own;
    this.#resolved = resolved;
    this.#read = read;
    this.#top = sourcesOf(own.tree, own.path, read);
  }

  all(): WrittenName[] {
    const { path, tree } = this.#own;
    for (const source of this.#top)
      if (source.tree === tree) this.#names.push(...keysIn(source.node, [], path));
    const byName = new Map(writtenStages(tree).map((one) => [one.entry.key.text, one] as const));
    const resolved = stagesByName(this.#resolved.stages, byName);
    const known = new Set<string>();
    for (const [name, written] of byName) {
      const cells = resolved.get(name) ?? [];
      this.#stage(written, cells[0]);
      for (const cell of cells) this.#paths(cell, known);
    }
    for (const section of ['artifacts', 'metrics', 'params', 'plots']) {
      const node = entryOf(tree.root, section)?.value ?? null;
      this.#placeholders(node, undefined, []);
      this.#listed(section, node, known);
    }
    return once(this.#names);
  }

  #stage(written: WrittenStage, cell: Stage | undefined): void {
    const { path, tree } = this.#own;
    const { entry, body, group } = written;
    const name = entry.key.text;
    this.#add({ kind: 'task', name, file: path }, entry.key, entry.span);
    const wdir = cell?.work.folder ?? folderOf(path);
    const vars = entryOf(body, 'vars');
    const own = sourcesIn(vars?.value, this.#own, wdir, this.#read);
    for (const source of own)
      if (source.tree === tree) this.#names.push(...keysIn(source.node, [], scopeOf(path, name)));
    if (group !== undefined) this.#group(written, group);
    for (const one of entry.value?.kind === 'map' ? entry.value.entries : []) {
      const inner = one.key.text === 'do' && one.value?.kind === 'map' ? one.value.entries : [one];
      for (const { key, value } of inner) {
        if (key.text === 'vars') continue;
        this.#placeholders(value, written, own);
      }
    }
    this.#params(entryOf(body, 'params')?.value, wdir);
  }

  /** What a group goes through: axes, or the keys of what it lists. */
  #group({ entry }: WrittenStage, { kind, entry: list }: NonNullable<WrittenStage['group']>): void {
    const axis = { kind: 'axis', owner: entry.key.text, file: this.#own.path } as const;
    if (kind === 'matrix') {
      for (const { key, span } of list.value?.kind === 'map' ? list.value.entries : [])
        this.#add({ ...axis, name: key.text }, key, span);
    } else {
      this.#names.push({ ...axis, name: 'item', span: list.key.span, whole: list.span, fixed: true });
      const items: readonly (SyntaxNode | null)[] =
        list.value?.kind === 'sequence'
          ? list.value.items
          : list.value?.kind === 'map'
            ? list.value.entries.map(({ value }) => value)
            : [];
      for (const item of items)
        for (const { key, span } of item?.kind === 'map' ? item.entries : [])
          this.#add({ ...axis, name: key.text }, key, span);
    }
  }

  #placeholders(node: SyntaxNode | null, stage: WrittenStage | undefined, own: readonly Source[]): void {
    visit(node, (one) => {
      if (one.kind !== 'scalar' || !one.text.includes('${')) return;
      for (const { start, inner, path } of placeholdersIn(one.text)) {
        if (path === undefined) continue;
        const spans = stepsIn(inner, start + 2).map(([from, to]) => spanIn(this.#mapOf(one), from, to));
        if (stage?.group !== undefined && (path[0] === 'item' || path[0] === 'key'))
          this.#cell(path, spans, stage);
        else this.#value(path, spans, stage?.entry.key.text, own);
      }
    });
  }

  #mapOf(scalar: ScalarNode) {
    return sourceMapOf(scalar, this.#own.tree.text);
  }

  #cell(path: readonly string[], spans: readonly Span[], { entry, group }: WrittenStage): void {
    const axis = { kind: 'axis', owner: entry.key.text, file: this.#own.path } as const;
    const [first, second] = spans;
    if (group?.kind === 'foreach' && first !== undefined && path[0] === 'item')
      this.#names.push({ ...axis, name: 'item', span: first, fixed: true });
    const [, name] = path;
    if (name !== undefined && second !== undefined && path[0] === 'item')
      this.#names.push({ ...axis, name, span: second });
  }

  /** As far as the chain goes through maps that are known. */
  #value(
    path: readonly string[],
    spans: readonly Span[],
    stage: string | undefined,
    own: readonly Source[],
  ): void {
    for (const [at, span] of spans.entries()) {
      const chain = path.slice(0, at + 1);
      const top = this.#top.some((source) => entryAt(source, chain) !== undefined);
      if (!top && !own.some((source) => entryAt(source, chain) !== undefined)) return;
      this.#names.push({ ...valueName(chain, scopeOf(this.#own.path, top ? undefined : stage)), span });
    }
  }

  /** Keys of files of params, which are relative to where the stage runs. */
  #params(node: SyntaxNode | null | undefined, wdir: string): void {
    for (const item of node?.kind === 'sequence' ? node.items : []) {
      if (item?.kind === 'scalar') this.#param(item, within(wdir, 'params.yaml'));
      for (const { key, value } of item?.kind === 'map' ? item.entries : []) {
        const file = within(wdir, key.text);
        if (placeholdersIn(key.text).length > 0) continue;
        for (const one of value?.kind === 'sequence' ? value.items : [])
          if (one?.kind === 'scalar') this.#param(one, file);
      }
    }
  }

  #param(scalar: ScalarNode, file: string): void {
    if (placeholdersIn(scalar.text).length > 0) return;
    const chain: string[] = [];
    let start = 0;
    for (const step of scalar.text.split('.')) {
      chain.push(step);
      const span = spanIn(this.#mapOf(scalar), start, start + step.length);
      if (step !== '') this.#names.push({ ...valueName(chain, file), span });
      start += step.length + 1;
    }
  }

  #paths({ work, outs }: Stage, known: Set<string>): void {
    const base = work.folder ?? '';
    const add = ({ text, path, span }: StagePath, defines: boolean): void => {
      if (path === undefined) return;
      known.add(path);
      const bare = bareSpan(this.#own.tree.text, span, text);
      const name = { kind: 'path', name: path, base } as const;
      const whole = defines ? { whole: span } : {};
      this.#names.push(
        bare === undefined ? { ...name, span, ...whole, fixed: true } : { ...name, span: bare, ...whole },
      );
    };
    for (const one of work.deps) add(one, false);
    for (const one of outs) add(one, true);
  }

  /** What sections at the top name of what stages read and write. */
  #listed(section: string, node: SyntaxNode | null, known: ReadonlySet<string>): void {
    const base = folderOf(this.#own.path);
    const add = (scalar: SyntaxNode | null | undefined): void => {
      if (scalar?.kind !== 'scalar' || placeholdersIn(scalar.text).length > 0 || isAddress(scalar.text))
        return;
      const name = within(base, scalar.text);
      const span = known.has(name) ? bareSpan(this.#own.tree.text, scalar.span, scalar.text) : undefined;
      if (span !== undefined) this.#names.push({ kind: 'path', name, span, base });
    };
    if (section === 'artifacts')
      for (const { value } of node?.kind === 'map' ? node.entries : []) add(entryOf(value, 'path')?.value);
    for (const item of node?.kind === 'sequence' ? node.items : []) {
      add(item);
      for (const { key } of item?.kind === 'map' ? item.entries : []) add(key);
    }
  }

  #add(name: Omit<WrittenName, 'span'>, key: ScalarNode, whole: Span): void {
    const span = bareSpan(this.#own.tree.text, key.span, key.text);
    if (span !== undefined) this.#names.push({ ...name, span, whole });
  }
}

/** Files of values, `.dvc` files of what is read, and `dvc.lock`: what is named there belongs to the `dvc.yaml`. */
export function namesBeside(own: Own, resolved: Resolved, read: ReadFile): NamedText[] {
  const texts = new Map<string, { tree: SyntaxTree; names: WrittenName[] }>();
  const into = (path: string, tree: SyntaxTree): WrittenName[] => {
    const there = texts.get(path);
    if (there !== undefined) return there.names;
    const made = { tree, names: [] as WrittenName[] };
    texts.set(path, made);
    return made.names;
  };
  const add = ({ path, tree, node, keys }: Source, scope: string): void => {
    if (path !== own.path) into(path, tree).push(...keysIn(node, [], scope, keys));
  };
  for (const source of sourcesOf(own.tree, own.path, read)) add(source, own.path);
  const written = writtenStages(own.tree);
  const byName = new Map(written.map((one) => [one.entry.key.text, one] as const));
  const cells = stagesByName(resolved.stages, byName);
  for (const [name, { body }] of byName) {
    const folder = cells.get(name)?.[0]?.work.folder ?? folderOf(own.path);
    for (const source of sourcesIn(entryOf(body, 'vars')?.value, own, folder, read))
      add(source, scopeOf(own.path, name));
  }
  const files = new Set(resolved.stages.flatMap(({ work }) => work.params.map(({ file }) => file)));
  for (const file of files) {
    const tree = treeAt(file, read);
    if (tree !== undefined) into(file, tree).push(...keysIn(tree.root, [], file));
  }
  const lock = own.path.replace(/\.yaml$/, '.lock');
  const locked = treeAt(lock, read);
  if (locked !== undefined) into(lock, locked).push(...stagesIn(locked, byName, own.path));
  for (const path of trackedPaths(resolved)) {
    const file = `${path}.dvc`;
    const tree = texts.has(file) ? undefined : treeAt(file, read);
    if (tree !== undefined) into(file, tree).push(...outsIn(tree, file));
  }
  return [...texts].map(([path, { tree, names }]) => ({ path, tree, names: once(names) }));
}

/** More are not looked for: each is asked of the disk. */
const MOST_TRACKED = 500;

/** What stages read and none of them makes, and the folders around it. */
function trackedPaths({ stages }: Resolved): string[] {
  const made = new Set(stages.flatMap(({ outs }) => outs.flatMap(({ path }) => path ?? [])));
  const found = new Set<string>();
  for (const { work } of stages) {
    for (const { path } of work.deps) {
      if (path === undefined || [path, ...foldersOf(path)].some((one) => made.has(one))) continue;
      for (const one of [path, ...foldersOf(path)]) found.add(one);
      if (found.size >= MOST_TRACKED) return [...found];
    }
  }
  return [...found];
}

/** What a `.dvc` file tracks. */
function outsIn(tree: SyntaxTree, file: string): WrittenName[] {
  const wdir = entryOf(tree.root, 'wdir')?.value;
  const folder = folderOf(file);
  const base = wdir?.kind === 'scalar' ? within(folder, wdir.text) : folder;
  const outs = entryOf(tree.root, 'outs')?.value;
  return (outs?.kind === 'sequence' ? outs.items : []).flatMap((item): WrittenName[] => {
    const path = entryOf(item, 'path')?.value;
    if (path?.kind !== 'scalar') return [];
    const span = bareSpan(tree.text, path.span, path.text);
    const name = {
      kind: 'path',
      name: within(base, path.text),
      base,
      whole: item?.span ?? path.span,
    } as const;
    return [span === undefined ? { ...name, span: path.span, fixed: true } : { ...name, span }];
  });
}

/** Of `dvc.lock`: `train`, and of a group `train` in `train@us`. */
function stagesIn(tree: SyntaxTree, byName: ReadonlyMap<string, unknown>, file: string): WrittenName[] {
  const stages = entryOf(tree.root, 'stages')?.value;
  return (stages?.kind === 'map' ? stages.entries : []).flatMap(({ key }): WrittenName[] => {
    const name = groupOf(key.text, byName);
    const span = name === undefined ? undefined : bareSpan(tree.text, key.span, key.text);
    return name === undefined || span === undefined
      ? []
      : [{ kind: 'task', name, file, span: { start: span.start, end: span.start + name.length } }];
  });
}

/** What a stage is written as: `train` of `train@us`. */
function groupOf(name: string, written: ReadonlyMap<string, unknown>): string | undefined {
  if (written.has(name)) return name;
  for (let at = name.indexOf('@'); at !== -1; at = name.indexOf('@', at + 1))
    if (written.has(name.slice(0, at))) return name.slice(0, at);
  return undefined;
}

function stagesByName(
  stages: readonly Stage[],
  written: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, readonly Stage[]> {
  const found = new Map<string, Stage[]>();
  for (const stage of stages) {
    const name = groupOf(stage.name, written);
    if (name === undefined) continue;
    const list = found.get(name);
    if (list === undefined) found.set(name, [stage]);
    else list.push(stage);
  }
  return found;
}

function valueName(chain: readonly string[], file: string): Omit<WrittenName, 'span'> {
  const owner = chain.slice(0, -1).join('.');
  return { kind: 'param', name: chain.at(-1) ?? '', file, ...(owner === '' ? {} : { owner }) };
}

/** The keys of a map of values, and of the maps in it. */
function* keysIn(
  node: SyntaxNode | null,
  above: readonly string[],
  scope: string,
  keys?: readonly string[],
): Generator<WrittenName> {
  for (const { key, value, span } of node?.kind === 'map' ? node.entries : []) {
    if (keys !== undefined && !keys.includes(key.text)) continue;
    const chain = [...above, key.text];
    const quotes = key.style === 'plain' ? 0 : 1;
    const bare = { start: key.span.start + quotes, end: key.span.end - quotes };
    // Escapes in a key hide how it is spelt.
    if (bare.end - bare.start === key.text.length)
      yield { ...valueName(chain, scope), span: bare, whole: span };
    yield* keysIn(value, chain, scope);
  }
}

/** Where the steps of `a.b[0]` stand, as offsets of the text that it is in. */
function stepsIn(inner: string, start: number): (readonly [number, number])[] {
  return [...inner.matchAll(/[^.[\]]+/g)].map((match) => {
    const [step] = match;
    const from = start + match.index + (step.length - step.trimStart().length);
    return [from, from + step.trim().length] as const;
  });
}

/** A text without its quotes; `undefined` where something else stands there: an escape, a template. */
function bareSpan(file: string, span: Span, text: string): Span | undefined {
  const source = file.slice(span.start, span.end);
  const quotes = /^["']/.test(source) ? 1 : 0;
  return source.slice(quotes, source.length - quotes) === text
    ? { start: span.start + quotes, end: span.end - quotes }
    : undefined;
}

/** Each once, definitions before others. */
function once(names: readonly WrittenName[]): WrittenName[] {
  const found = new Map<string, WrittenName>();
  for (const one of names) {
    const key = JSON.stringify([one.kind, one.name, one.owner, one.file, one.span.start, one.span.end]);
    if (found.get(key)?.whole === undefined) found.set(key, one);
  }
  return [...found.values()].sort((a, b) => a.span.start - b.span.start);
}
