/** Columns of the data: for timestamps, keys and field mappings, as features, and in SQL. */
import { defined } from '../../base/defined.js';
import { endWhere } from '../../base/trim.js';
import type { FeaturesDefinition, PipelineDefinition } from '../../definition/read/analyze.js';
import type { Located } from '../../definition/definition.js';
import { featureTypeOf, mappedColumns } from '../../definition/known/feature-facts.js';
import type { KnownColumn } from '../../definition/known/feature-facts.js';
import type { FeatureView } from '../../definition/features.js';
import {
  isInSqlText,
  offsetInScalar,
  sameColumn,
  sqlName,
  sqlWords,
} from '../../definition/text/sql-words.js';
import { escapeKey } from '../../syntax/text.js';
import { code } from '../hover/markdown.js';
import type { Slot } from './slot.js';
import type { Completion, IdeContext } from '../types.js';

/** Where a name of a column is asked for as a value. */
export function completeColumnNames(context: IdeContext, slot: Slot): Completion[] {
  const { definition } = context;
  const [section, name] = slot.path;
  let columns: readonly KnownColumn[] = [];
  if (definition.kind === 'pipeline') columns = labelsOf(context, definition, name);
  else if (definition.kind === 'features' && section === 'entities')
    columns = columnsAbout(context, definition, String(name));
  else if (definition.kind === 'features')
    columns = dataOf(
      context,
      definition.features.views.find((view) => view.name === name),
    );
  // A moment makes the better timestamp, a text or a whole number the better key.
  const wanted = slot.path.includes('keys') ? /^(?:VARCHAR|U?(?:TINY|SMALL|BIG)?INT)/ : /^(?:TIMESTAMP|DATE)/;
  return columns.map((column, index) =>
    item(column, slot, index, {
      newText: slot.quote === undefined ? escapeKey(column.name) : column.name,
      first: wanted.test(column.type ?? ''),
    }),
  );
}

/** Where the name of a column is the key: under `features` and `field-mapping`. */
export function completeColumnKeys(context: IdeContext, slot: Slot): Completion[] {
  const { definition } = context;
  const [section, name, key, inner] = slot.path;
  if (definition.kind !== 'features' || section !== 'views' || slot.kind === 'value') return [];
  const view = definition.features.views.find((candidate) => candidate.name === name);
  const plain = slot.quote !== undefined || slot.colon;
  if (slot.path.length === 4 && key === 'source' && inner === 'field-mapping') {
    return dataOf(context, view)
      .filter((column) => !slot.siblings.includes(column.name))
      .map((column, index) =>
        item(column, slot, index, { newText: plain ? column.name : `${escapeKey(column.name)}: ` }),
      );
  }
  if (slot.path.length !== 3 || key !== 'features' || view === undefined) return [];
  const facts = context.project.viewFacts?.(definition.path, view);
  const columns = facts?.result ?? (facts?.data === undefined ? [] : mappedColumns(view, facts.data));
  const keys = new Set(
    view.entities.flatMap(({ value }) => {
      const found = context.project
        .features()
        .flatMap(({ features }) => features.entities)
        .find((entity) => entity.name === value);
      return found?.keys.map((column) => column.value.toLowerCase()) ?? [];
    }),
  );
  const isTime = ({ name: column }: KnownColumn): boolean =>
    [view.source?.timestamp, view.source?.created].some(
      (other) => other !== undefined && sameColumn(other.value, column),
    );
  return columns
    .filter((column) => !slot.siblings.includes(column.name))
    .filter((column) => !keys.has(column.name.toLowerCase()) && !isTime(column))
    .map((column, index) => {
      const type = featureTypeOf(column.type ?? '');
      const long = slot.flow
        ? `${escapeKey(column.name)}: ${type ?? '$1'}`
        : `${escapeKey(column.name)}: { type: ${type ?? '$2'}, description: \${1:What it means (unit).} }`;
      return item(column, slot, index, { newText: plain ? column.name : long, snippet: !plain });
    });
}

/** In a transform: the columns that its FROM may have, `source`, and what the query itself has named before. */
export function completeSql(context: IdeContext, offset: number): Completion[] | undefined {
  const { definition } = context;
  if (definition.kind !== 'features') return undefined;
  const { text } = definition.tree;
  for (const view of definition.features.views) {
    for (const [index, sql] of view.transforms.entries()) {
      const inside = offsetInScalar(sql, text, offset) ?? offsetBehind(sql, text, offset);
      if (inside === undefined) continue;
      if (isInSqlText(sql.value, inside)) return [];
      return sqlItems(context, view, index, inside, offset);
    }
  }
  return undefined;
}

/** At the end of a block that has nothing on the cursor's line yet: the block's span ends before it. */
function offsetBehind({ value, span }: Located<string>, file: string, offset: number): number | undefined {
  if (!/[|>]/.test(file.charAt(span.start)) || offset < span.end) return undefined;
  const gap = file.slice(span.end, offset);
  const line = file.slice(file.lastIndexOf('\n', span.start) + 1, span.start);
  const indent = /^ */.exec(line)?.[0].length ?? 0;
  const column = offset - (file.lastIndexOf('\n', offset - 1) + 1);
  return gap.trim() === '' && gap.includes('\n') && column > indent ? value.length : undefined;
}

const WORDS: readonly (readonly [string, string])[] = [
  ['source', 'the rows of the files, or of the query before'],
  ['select', 'keyword'],
  ['from', 'keyword'],
  ['where', 'keyword'],
  ['group by', 'keyword'],
  ['order by', 'keyword'],
  ['partition by', 'keyword'],
  ['over', 'keyword'],
  ['rows between', 'keyword'],
  ['preceding', 'keyword'],
  ['qualify', 'keyword'],
  ['case when', 'keyword'],
];

function sqlItems(
  context: IdeContext,
  view: FeatureView,
  index: number,
  inside: number,
  offset: number,
): Completion[] {
  const sql = view.transforms[index];
  if (sql === undefined) return [];
  const typed = endWhere(sql.value.slice(0, inside), (character) => /[\p{L}\p{N}_$]/u.test(character));
  const rest = /^[\p{L}\p{N}_$]*/u.exec(sql.value.slice(inside))?.[0] ?? '';
  // One word is on one line, so that the file's text is that of the query.
  const span = { start: offset - typed.length, end: offset + rest.length };
  const data = dataOf(context, view);
  const input = index === 0 ? mappedColumns(view, data) : [];
  const named = view.transforms
    .slice(0, index + 1)
    .flatMap(({ value }) => sqlWords(value).filter((word) => word.alias))
    .map((word): KnownColumn => ({ name: word.text }));
  const columns = new Map<string, KnownColumn>();
  for (const column of [...input, ...(index === 0 ? [] : data), ...named]) {
    if (!columns.has(column.name.toLowerCase())) columns.set(column.name.toLowerCase(), column);
  }
  const slot = { word: span };
  const items = [...columns.values()]
    .filter(({ name }) => name !== typed)
    .map((column, at) => item(column, slot, at, { newText: sqlName(column.name) }));
  const words = WORDS.map(([label, detail], at) => ({
    label,
    kind: 'value' as const,
    detail,
    span,
    newText: label,
    snippet: false,
    sortText: `4${String(at).padStart(3, '0')}`,
  }));
  return [...items, ...words];
}

/** Columns of the labels of a training-set task. */
function labelsOf(
  { project }: IdeContext,
  { path, pipeline }: PipelineDefinition,
  task: string | number | undefined,
): readonly KnownColumn[] {
  const action = pipeline.tasks.find(({ name }) => name === task)?.action;
  if (action?.kind !== 'training-set' || action.labels.template !== undefined) return [];
  const { labels, labelsReading: reading, timestamp } = action;
  const facts = project.labelFacts?.(path, { path: labels.text, reading, ...defined({ timestamp }) });
  return facts?.result ?? facts?.data ?? [];
}

function dataOf({ definition, project }: IdeContext, view: FeatureView | undefined): readonly KnownColumn[] {
  return view === undefined ? [] : (project.viewFacts?.(definition.path, view)?.data ?? []);
}

/** Columns of the views that are about an entity. */
function columnsAbout(context: IdeContext, definition: FeaturesDefinition, entity: string): KnownColumn[] {
  const columns = new Map<string, KnownColumn>();
  for (const view of definition.features.views) {
    if (!view.entities.some(({ value }) => value === entity)) continue;
    for (const column of mappedColumns(view, dataOf(context, view))) columns.set(column.name, column);
  }
  return [...columns.values()];
}

function item(
  column: KnownColumn,
  slot: Pick<Slot, 'word'>,
  index: number,
  how: { readonly newText: string; readonly snippet?: boolean; readonly first?: boolean },
): Completion {
  return {
    label: column.name,
    kind: 'column',
    detail: column.type ?? 'column',
    documentation: `A column of the data${column.type === undefined ? '' : `, ${code(column.type)}`}`,
    span: slot.word,
    newText: how.newText,
    snippet: how.snippet ?? false,
    sortText: `${how.first === true ? '0' : '1'}${String(index).padStart(5, '0')}`,
  };
}
