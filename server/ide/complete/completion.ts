/** Completion: what can be written at the cursor, decided by where it stands. */
import type { Dialect } from '../../definition/dialects/dialect.js';
import { DIALECTS } from '../../definition/dialects/index.js';
import type { NameTarget } from '../../definition/schema/hint.js';
import { schemaAt, type SchemaInfo } from '../../definition/schema/index.js';
import { anchorMarks } from '../../syntax/anchors.js';
import { entryOf } from '../../syntax/text.js';
import type { SyntaxTree } from '../../syntax/tree.js';
import { completeColumnKeys, completeColumnNames, completeSql } from './columns.js';
import { completeDirective } from './directive.js';
import { completeExpression, expressionSlot } from './expression.js';
import { completeFiles } from './files.js';
import { completeKeys } from './keys.js';
import { completeMonitor } from './monitor.js';
import { completeNames } from './names/names.js';
import { completePlaceholder } from './names/stages.js';
import { shortValue } from '../hover/markdown.js';
import { type Slot, slotAt } from './slot.js';
import type { Completion, CompletionList, IdeContext } from '../types.js';

const NOTHING: CompletionList = { items: [], incomplete: false };

/** Never more than one keystroke's worth of work: the tree is not walked, only the lines around the cursor. */
export function completion(context: IdeContext, offset: number): CompletionList {
  const { definition } = context;
  if (definition.kind === 'params') return NOTHING;
  const directive = completeDirective(definition.tree, offset);
  if (directive !== undefined) return { items: directive, incomplete: false };
  const anchors = completeAnchors(context, offset);
  if (anchors !== undefined) return { items: anchors, incomplete: false };
  const placeholder = completePlaceholder(context, offset);
  if (placeholder !== undefined) return { items: placeholder, incomplete: false };
  const expression = expressionSlot(context, offset);
  const sql = completeSql(context, offset);
  if (sql !== undefined) return { items: sql, incomplete: false };
  const written = expression?.bare === false ? undefined : slotAt(definition.tree, offset);
  const slot = written && withMerged(definition.tree, written, offset);
  if (expression !== undefined) {
    // An item of `check` is a condition, or becomes a map.
    const info =
      slot?.kind === 'either' && /^[\w-]*$/.test(slot.typed)
        ? schemaAt(definition.kind, slot.path)
        : undefined;
    const keys = slot === undefined || info === undefined ? [] : completeKeys(context, slot, info);
    return { items: [...keys, ...completeExpression(context, expression)], incomplete: false };
  }
  if (slot === undefined) return NOTHING;
  const info = schemaAt(definition.kind, slot.path, slot.siblings);
  if (info === undefined) return listOf(completeTarget(context, slot, targetAt(context, slot)));
  if (slot.kind === 'either' && slot.typed.endsWith(':') && info.names !== 'feature') return NOTHING;
  const items: Completion[] = [];
  if (slot.kind !== 'value') {
    items.push(...completeColumnKeys(context, slot), ...completeKeys(context, slot, info));
  }
  if (slot.kind === 'key') items.push(...itemsWithDash(context, slot, info));
  else items.push(...completeValues(context, slot, info));
  return listOf(items);
}

function listOf(items: readonly Completion[]): CompletionList {
  return { items, incomplete: items.some((item) => item.kind === 'file' || item.kind === 'folder') };
}

/** What a text in a slot names, where its kind of file says so beside the schema. */
function targetAt({ definition }: IdeContext, { path }: Slot): NameTarget | undefined {
  if (definition.kind === 'params') return undefined;
  const dialect: Dialect = DIALECTS[definition.kind];
  return dialect.target?.(path);
}

function completeTarget(context: IdeContext, slot: Slot, names: NameTarget | undefined): Completion[] {
  if (names === undefined) return [];
  if (names === 'path' || names === 'glob') return completeFiles(context, slot);
  return names === 'column' ? completeColumnNames(context, slot) : completeNames(context, slot, names);
}

/** Keys that a merge brings are there already, and `<<` itself rules nothing out. */
function withMerged(tree: SyntaxTree, slot: Slot, offset: number): Slot {
  if (!slot.siblings.includes('<<')) return slot;
  let node = tree.root;
  for (const step of slot.path) {
    if (node?.kind === 'map') node = entryOf(node, String(step))?.value ?? null;
    else node = node?.kind === 'sequence' && typeof step === 'number' ? (node.items[step] ?? null) : null;
  }
  const there = (node?.kind === 'map' ? node.entries : [])
    .filter(({ key }) => offset < key.span.start || key.span.end < offset)
    .map(({ key }) => key.text);
  return { ...slot, siblings: [...new Set([...slot.siblings.filter((name) => name !== '<<'), ...there])] };
}

/** Behind a `*` that begins a value: the anchors above. Nothing where a glob is more likely. */
function completeAnchors({ definition: { tree } }: IdeContext, offset: number): Completion[] | undefined {
  const lineStart = tree.text.lastIndexOf('\n', offset - 1) + 1;
  const typed = /(?:^\s*|[:,[-]\s+|\[)\*([\w-]*)$/.exec(
    tree.text.slice(Math.max(lineStart, offset - 400), offset),
  )?.[1];
  if (typed === undefined) return undefined;
  const names = new Set(
    anchorMarks(tree)
      .anchors.filter(({ span }) => span.end < offset)
      .map(({ name }) => name),
  );
  if (names.size === 0) return undefined;
  return [...names].map((label) => ({
    label,
    kind: 'value',
    detail: 'anchor',
    span: { start: offset - typed.length, end: offset },
    newText: label,
    snippet: false,
    sortText: `0${label}`,
  }));
}

/** On a line of its own under a key that takes a list: its items, dash included. */
function itemsWithDash(context: IdeContext, slot: Slot, info: SchemaInfo): Completion[] {
  if (!info.list || slot.flow || slot.typed !== '' || slot.siblings.length > 0) return [];
  const path = [...slot.path, 0];
  const item = schemaAt(context.definition.kind, path);
  if (item === undefined) return [];
  const values = completeValues(context, { ...slot, kind: 'value', path }, item);
  return values.map((value) => ({ ...value, newText: `- ${value.newText}`, filterText: `- ${value.label}` }));
}

function completeValues(context: IdeContext, slot: Slot, info: SchemaInfo): Completion[] {
  const items: Completion[] = [];
  const add = (label: string, detail: string, sort: string): void => {
    if (items.some((item) => item.label === label)) return;
    items.push({
      label,
      kind: 'value',
      detail,
      span: slot.word,
      newText: label,
      snippet: false,
      sortText: `${sort}${label}`,
      ...(info.description === '' ? {} : { documentation: info.description }),
    });
  };
  for (const value of info.values) add(shortValue(value), value === info.default ? 'default' : '', '1');
  if (info.values.length === 0 && isScalar(info.default)) add(String(info.default), 'default', '2');
  const names = info.names ?? targetAt(context, slot);
  if (names === 'path' || names === 'glob' || names === 'column')
    items.push(...completeTarget(context, slot, names));
  else if (names !== undefined) {
    const named = completeTarget(context, slot, names);
    const labels = new Set(named.map(({ label }) => label));
    // More is known of a name than that it is the default.
    return [...items.filter(({ label }) => !labels.has(label)), ...named, ...expressionItems(slot, info)];
  } else {
    items.push(...completeMonitor(context, slot));
    for (const example of info.examples) {
      if (
        isScalar(example) &&
        !String(example).includes(' ') &&
        info.values.length === 0 &&
        slot.typed === ''
      ) {
        add(String(example), 'example', '5');
      }
    }
  }
  return [...items, ...expressionItems(slot, info)];
}

function expressionItems(slot: Slot, info: SchemaInfo): Completion[] {
  return info.place !== undefined && !info.bare && !slot.typed.includes('${{')
    ? [expressionSnippet(slot)]
    : [];
}

function expressionSnippet(slot: Slot): Completion {
  const quoted = slot.flow && slot.quote === undefined;
  const cursor = slot.word.start + slot.typed.length;
  return {
    label: '${{ }}',
    kind: 'snippet',
    detail: 'an expression',
    documentation: 'A value that is known when the task runs: params, outputs and metrics of other tasks, …',
    span: { start: cursor, end: cursor },
    newText: quoted ? '"\\${{ $1 }}"' : '\\${{ $1 }}',
    snippet: true,
    sortText: '8',
    filterText: slot.typed === '' ? '${{' : `${slot.typed}\${{`,
    again: true,
  };
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
