/** A feature is a column: renaming it renames the column where the view's SQL or its field mapping makes it. */
import type { Located } from '../../definition/definition.js';
import type { FeaturesDefinition } from '../../definition/read/analyze.js';
import type { FeatureView } from '../../definition/features.js';
import { sameColumn, spanInScalar, sqlName, sqlWords } from '../../definition/text/sql-words.js';
import type { SqlWord } from '../../definition/text/sql-words.js';
import { entryOf, escapeKey, lineBreakOf, visit } from '../../syntax/text.js';
import type { MapNode, Span, SyntaxNode } from '../../syntax/tree.js';
import { nameWithin, type Thing } from './occurrences.js';
import type { Edit, IdeContext } from '../types.js';

/**
 * Edits besides those of the feature's own name. Where a query names the column (`… as rain_7d`) its words are renamed;
 * where it comes from the data as it is, the view's field mapping gives it the new name.
 */
export function columnEdits(context: IdeContext, thing: Thing, newName: string): Edit[] {
  const others = context.project.features().filter(({ path }) => path !== context.definition.path);
  const files = context.definition.kind === 'features' ? [context.definition, ...others] : others;
  return files.flatMap((definition) =>
    definition.features.views
      .filter(({ name }) => name === thing.owner)
      .flatMap((view) => editsOf(definition, view, thing.name, newName)),
  );
}

function editsOf(definition: FeaturesDefinition, view: FeatureView, name: string, newName: string): Edit[] {
  const { path, tree } = definition;
  const edits: Edit[] = [];
  const edit = (span: Span, newText: string): void => void edits.push({ path, span, newText });
  const words = (sql: Located<string>, keep: (word: SqlWord) => boolean): void => {
    for (const word of sqlWords(sql.value)) {
      if (word.call || !sameColumn(word.text, name) || !keep(word)) continue;
      const newText = word.quoted ? `"${newName.replaceAll('"', '""')}"` : sqlName(newName);
      edit(spanInScalar(sql, tree.text, word.start, word.end), newText);
    }
  };
  const maker = view.transforms.findLastIndex(({ value }) =>
    sqlWords(value).some((word) => word.alias && sameColumn(word.text, name)),
  );
  const mapped = view.source?.fieldMapping.find(({ to }) => to.value === name);
  if (maker === -1 && mapped !== undefined) {
    const span = nameWithin(tree.text, mapped.to.span, name);
    if (span !== undefined) edit(span, newName);
  } else if (maker === -1) {
    edits.push(...mappingEntry(definition, view, name, newName));
  }
  // Before the query that makes it, the same word is another column.
  view.transforms.forEach((sql, index) => {
    if (index > maker) words(sql, () => true);
    else if (index === maker) words(sql, (word) => word.alias || !isInput(sql.value, name));
  });
  for (const sql of expectationsOf(definition, view)) words(sql, () => true);
  return edits;
}

/** Whether the query that makes a column reads one of the same name: `avg(rain) as rain`. */
function isInput(sql: string, name: string): boolean {
  const words = sqlWords(sql);
  const alias = words.findIndex((word) => word.alias && sameColumn(word.text, name));
  return words.slice(0, alias).some((word) => !word.call && sameColumn(word.text, name));
}

/** `sql:` predicates of the view's and its features' expectations. */
function expectationsOf({ tree }: FeaturesDefinition, view: FeatureView): Located<string>[] {
  const found: Located<string>[] = [];
  const take = (expect: SyntaxNode | null | undefined): void => {
    const sql = entryOf(expect, 'sql')?.value;
    if (sql?.kind === 'scalar') found.push({ value: sql.text, span: sql.span });
  };
  const node = viewNode(tree.root, view.name);
  take(entryOf(node, 'expect')?.value);
  const features = entryOf(node, 'features')?.value;
  if (features?.kind === 'map')
    for (const { value } of features.entries) take(entryOf(value, 'expect')?.value);
  return found;
}

function viewNode(root: SyntaxNode | null, name: string): SyntaxNode | null | undefined {
  return entryOf(entryOf(root, 'views')?.value, name)?.value;
}

/** `field-mapping: { old: new }`, in the style of what is there. */
function mappingEntry(
  { path, tree }: FeaturesDefinition,
  view: FeatureView,
  name: string,
  newName: string,
): Edit[] {
  const source = entryOf(viewNode(tree.root, view.name), 'source')?.value;
  if (source?.kind !== 'map') return [];
  const mapping = entryOf(source, 'field-mapping')?.value;
  const pair = `${escapeKey(name)}: ${escapeKey(newName)}`;
  const into: MapNode = mapping?.kind === 'map' && mapping.entries.length > 0 ? mapping : source;
  const text = into === mapping ? pair : `field-mapping: { ${pair} }`;
  const last = into.entries.at(-1);
  if (last === undefined) return [];
  const end = lastEnd(last.value) ?? last.span.end;
  const first = into.entries[0] ?? last;
  const lineStart = tree.text.lastIndexOf('\n', first.span.start - 1) + 1;
  const indent = tree.text.slice(lineStart, first.span.start).replace(/[^ ]/g, ' ');
  return [
    {
      path,
      span: { start: end, end },
      newText: into.flow ? `, ${text}` : `${lineBreakOf(tree)}${indent}${text}`,
    },
  ];
}

/** Where the deepest value ends: maps end where their last value does. */
function lastEnd(node: SyntaxNode | null): number | undefined {
  let end: number | undefined;
  visit(node, ({ span }) => {
    end = Math.max(end ?? 0, span.end);
  });
  return end;
}
