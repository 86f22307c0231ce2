/** Ways to read values out of a tree, leniently: what doesn't fit is left out, as the structural check has told it. */
import { isNumber } from '../../base/numeral.js';
import type { Numeral } from '../../base/numeral.js';
import { entryOf, toPlain } from '../../syntax/text.js';
import type { MapEntry, MapNode, ScalarNode, Span, SyntaxNode } from '../../syntax/tree.js';
import type { EnvEntry, EnvFile, Json, Located, PythonSettings, TemplateText } from '../definition.js';
import { PYTHON_CODE, PYTHON_COUNTS } from '../python/counts.js';
import { parseBytes, parseDuration } from '../text/units.js';

export type Maybe = SyntaxNode | null | undefined;

export function mapOf(node: Maybe): MapNode | undefined {
  return node?.kind === 'map' ? node : undefined;
}

/** A scalar that isn't null. */
export function scalarOf(node: Maybe): ScalarNode | undefined {
  return node?.kind === 'scalar' && node.value !== null ? node : undefined;
}

/** What stands under a key. */
export function field(node: Maybe, key: string): SyntaxNode | undefined {
  return entryOf(node, key)?.value ?? undefined;
}

/** Entries of a map, the first of each key only. */
export function entriesOf(node: Maybe): readonly MapEntry[] {
  const map = mapOf(node);
  if (map === undefined) return [];
  const seen = new Set<string>();
  const unique = map.entries.filter((entry) => {
    if (seen.has(entry.key.text)) return false;
    seen.add(entry.key.text);
    return true;
  });
  return unique.length === map.entries.length ? map.entries : unique;
}

/** Items of a list, or the one value that stands without brackets. */
export function itemsOf(node: Maybe): readonly SyntaxNode[] {
  if (node === undefined || node === null) return [];
  if (node.kind !== 'sequence') return [node];
  return node.items.filter((item) => item !== null);
}

export function textOf(node: Maybe): string | undefined {
  return scalarOf(node)?.text;
}

export function locatedText(node: Maybe): Located<string> | undefined {
  const scalar = scalarOf(node);
  return scalar === undefined ? undefined : { value: scalar.text, span: scalar.span };
}

export function textsOf(node: Maybe): Located<string>[] {
  return itemsOf(node)
    .map(locatedText)
    .filter((item) => item !== undefined);
}

export function templateOf(node: Maybe): TemplateText | undefined {
  const scalar = scalarOf(node);
  if (scalar === undefined) return undefined;
  const base = { text: scalar.text, span: scalar.span };
  return scalar.template === undefined ? base : { ...base, template: scalar.template };
}

export function templatesOf(node: Maybe): TemplateText[] {
  return itemsOf(node)
    .map(templateOf)
    .filter((item) => item !== undefined);
}

export function numberOf(node: Maybe): number | undefined {
  const value = scalarOf(node)?.value;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** A number as it is written. */
export function numeralOf(node: Maybe): number | Numeral | undefined {
  const value = jsonOf(scalarOf(node));
  return isNumber(value) ? value : undefined;
}

export function booleanOf(node: Maybe): boolean | undefined {
  const value = scalarOf(node)?.value;
  return typeof value === 'boolean' ? value : undefined;
}

/** One of the words, else nothing. */
export function wordOf<T extends string>(node: Maybe, words: readonly T[]): T | undefined {
  const text = textOf(node);
  return words.find((word) => word === text);
}

/** Milliseconds. */
export function durationOf(node: Maybe): number | undefined {
  const text = textOf(node);
  const parsed = text === undefined ? undefined : parseDuration(text);
  return parsed?.ok === true ? parsed.value : undefined;
}

export function bytesOf(node: Maybe): number | undefined {
  const text = textOf(node);
  const parsed = text === undefined ? undefined : parseBytes(text);
  return parsed?.ok === true ? parsed.value : undefined;
}

export function jsonOf(node: Maybe): Json {
  return node === undefined || node === null ? null : toPlain(node);
}

export function located(node: SyntaxNode): Located<Json> {
  return { value: jsonOf(node), span: node.span };
}

export function envOf(node: Maybe): EnvEntry[] {
  const entries: EnvEntry[] = [];
  for (const entry of entriesOf(node)) {
    const base = { name: entry.key.text, nameSpan: entry.key.span };
    const value = templateOf(entry.value);
    if (value !== undefined) entries.push({ ...base, value });
    else if (booleanOf(field(entry.value, 'from-environment')) === true) {
      const fallback = templateOf(field(entry.value, 'default'));
      const external = { default: fallback !== undefined };
      entries.push({ ...base, value: fallback ?? { text: '', span: entry.key.span }, external });
    }
  }
  return entries;
}

/** A path, or a map of it; one or a list of them. */
export function envFilesOf(node: Maybe): readonly EnvFile[] | undefined {
  const files = itemsOf(node).flatMap((item): EnvFile[] => {
    const long = mapOf(item);
    const path = templateOf(long === undefined ? item : field(long, 'path'));
    const optional = booleanOf(field(long, 'optional')) ?? false;
    // Expressions mean nothing there, which is told.
    return path === undefined || path.template !== undefined ? [] : [{ path, optional }];
  });
  return files.length === 0 ? undefined : files;
}

/** The short form is an interpreter. */
export function pythonOf(node: Maybe): PythonSettings | undefined {
  if (node === undefined || node === null) return undefined;
  const map = mapOf(node);
  return {
    ...given('interpreter', locatedText(map === undefined ? node : field(map, 'interpreter'))),
    ...given('conda', locatedText(field(map, 'conda'))),
    ...given('counts', wordOf(field(map, 'counts'), PYTHON_COUNTS)),
    ...given('code', wordOf(field(map, 'code'), PYTHON_CODE)),
    ...given('noteFiles', booleanOf(field(map, 'note-files'))),
  };
}

/** Key and value only when there is a value: keeps optional properties absent. */
export function given<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>);
}

/** The first character of a file, to point at something that it doesn't say. */
export const START: Span = { start: 0, end: 0 };
